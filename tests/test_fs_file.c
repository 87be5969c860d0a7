/* SPDX-License-Identifier: MIT */
/* Open files: each function completes, fails and is cancelled. */
#include "support/fs_call.h"
#include "support/plug.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- helpers ---- */

static void close_file(vt_value_t file) { close((int)file.i); }

static struct stat stat_of(const struct fs_place *p) {
  struct stat st;
  assert_int_equal(fstat(p->fd, &st), 0);
  return st;
}

static bool holds(const struct fs_place *p, const char *text) {
  char back[32] = "";
  return tmp_read(p->fd, back, sizeof back - 1) == strlen(text) &&
         strcmp(back, text) == 0;
}

/* Nothing shows it from outside. */
static bool succeeded(struct fs_place *p, vt_result_t r) {
  (void)p;
  return r.status == 0 && r.value.i == 0;
}

/* ---- open, close ---- */

static vt_t open_it(struct fs_place *p) {
  return vt_fs_open(p->file, O_RDONLY, 0);
}

static vt_t open_none(struct fs_place *p) {
  return vt_fs_open(p->none, O_RDONLY, 0);
}

static bool is_open(struct fs_place *p, vt_result_t r) {
  (void)p;
  return r.status == 0 && fcntl((int)r.value.i, F_GETFD) == FD_CLOEXEC;
}

static const struct fs_call open_call = {.kind = "fs_open",
                                         .subject = "%/file",
                                         .begin = open_it,
                                         .begin_bad = open_none,
                                         .error = UV_ENOENT,
                                         .is_done = is_open,
                                         .release = close_file};

static vt_t close_it(struct fs_place *p) { return vt_fs_close(p->fd); }
static vt_t close_bad(struct fs_place *p) {
  (void)p;
  return vt_fs_close(9999);
}

static bool is_closed(struct fs_place *p, vt_result_t r) {
  (void)r;
  return fcntl(p->fd, F_GETFD) < 0;
}

static const struct fs_call close_call = {.kind = "fs_close",
                                          .subject = "file #",
                                          .begin = close_it,
                                          .begin_bad = close_bad,
                                          .error = UV_EBADF,
                                          .is_done = is_closed,
                                          .cancel = FS_NEVER};

/* ---- read, write ---- */

static vt_t read_it(struct fs_place *p) {
  return vt_fs_read(p->fd, p->filled.text, 5, 0);
}

static vt_t read_bad(struct fs_place *p) {
  return vt_fs_read(9999, p->filled.text, 5, 0);
}

static bool is_read(struct fs_place *p, vt_result_t r) {
  return r.value.u == 5 && memcmp(p->filled.text, "value", 5) == 0;
}

static const struct fs_call read_call = {.kind = "fs_read",
                                         .subject = "file #",
                                         .begin = read_it,
                                         .begin_bad = read_bad,
                                         .error = UV_EBADF,
                                         .is_done = is_read,
                                         .cancel = FS_WAITED};

static vt_t write_it(struct fs_place *p) {
  return vt_fs_write(p->fd, "VALUE", 5, 0);
}

static vt_t write_bad(struct fs_place *p) {
  (void)p;
  return vt_fs_write(9999, "VALUE", 5, 0);
}

static bool is_written(struct fs_place *p, vt_result_t r) {
  return r.value.u == 5 && holds(p, "VALUE task");
}

static const struct fs_call write_call = {.kind = "fs_write",
                                          .subject = "file #",
                                          .begin = write_it,
                                          .begin_bad = write_bad,
                                          .error = UV_EBADF,
                                          .is_done = is_written,
                                          .cancel = FS_WAITED};

/* Five buffers, more than libuv has room for in a request. The array may go
 * when the call has returned. */
static vt_t vector(struct fs_place *p, bool writes) {
  static char text[] = "VALUE";
  uv_buf_t bufs[5];
  for (int i = 0; i < 5; i++)
    bufs[i] = uv_buf_init((writes ? text : p->filled.text) + i, 1);
  vt_t v =
      writes ? vt_fs_writev(p->fd, bufs, 5, 0) : vt_fs_readv(p->fd, bufs, 5, 0);
  memset(bufs, 0, sizeof bufs);
  return v;
}

static vt_t readv_it(struct fs_place *p) { return vector(p, false); }
static vt_t writev_it(struct fs_place *p) { return vector(p, true); }

static const struct fs_call readv_call = {.kind = "fs_read",
                                          .subject = "file #",
                                          .begin = readv_it,
                                          .begin_bad = read_bad,
                                          .error = UV_EBADF,
                                          .is_done = is_read,
                                          .cancel = FS_WAITED};
static const struct fs_call writev_call = {.kind = "fs_write",
                                           .subject = "file #",
                                           .begin = writev_it,
                                           .begin_bad = write_bad,
                                           .error = UV_EBADF,
                                           .is_done = is_written,
                                           .cancel = FS_WAITED};

/* From the file's sixth byte to its beginning, where its position is. */
static vt_t sendfile_it(struct fs_place *p) {
  return vt_fs_sendfile(p->fd, p->fd, 6, 3);
}

static vt_t sendfile_bad(struct fs_place *p) {
  return vt_fs_sendfile(9999, p->fd, 0, 1);
}

static bool is_sent(struct fs_place *p, vt_result_t r) {
  return r.value.u == 3 && holds(p, "tasue task");
}

static const struct fs_call sendfile_call = {.kind = "fs_sendfile",
                                             .subject = "file # to file #",
                                             .begin = sendfile_it,
                                             .begin_bad = sendfile_bad,
                                             .error = UV_EBADF,
                                             .is_done = is_sent,
                                             .cancel = FS_WAITED};

/* ---- the device, the size ---- */

static vt_t fsync_it(struct fs_place *p) { return vt_fs_fsync(p->fd); }
static vt_t fsync_bad(struct fs_place *p) {
  (void)p;
  return vt_fs_fsync(9999);
}

static const struct fs_call fsync_call = {.kind = "fs_fsync",
                                          .subject = "file #",
                                          .begin = fsync_it,
                                          .begin_bad = fsync_bad,
                                          .error = UV_EBADF,
                                          .is_done = succeeded,
                                          .cancel = FS_WAITED};

static vt_t fdatasync_it(struct fs_place *p) { return vt_fs_fdatasync(p->fd); }
static vt_t fdatasync_bad(struct fs_place *p) {
  (void)p;
  return vt_fs_fdatasync(9999);
}

static const struct fs_call fdatasync_call = {.kind = "fs_fdatasync",
                                              .subject = "file #",
                                              .begin = fdatasync_it,
                                              .begin_bad = fdatasync_bad,
                                              .error = UV_EBADF,
                                              .is_done = succeeded,
                                              .cancel = FS_WAITED};

static vt_t ftruncate_it(struct fs_place *p) {
  return vt_fs_ftruncate(p->fd, 5);
}

static vt_t ftruncate_bad(struct fs_place *p) {
  return vt_fs_ftruncate(p->fd, -1);
}

static bool is_cut(struct fs_place *p, vt_result_t r) {
  (void)r;
  return holds(p, "value");
}

static const struct fs_call ftruncate_call = {.kind = "fs_ftruncate",
                                              .subject = "file #",
                                              .begin = ftruncate_it,
                                              .begin_bad = ftruncate_bad,
                                              .error = UV_EINVAL,
                                              .is_done = is_cut,
                                              .cancel = FS_WAITED};

/* ---- mode, owner, times ---- */

static vt_t fchmod_it(struct fs_place *p) { return vt_fs_fchmod(p->fd, 0640); }
static vt_t fchmod_bad(struct fs_place *p) {
  (void)p;
  return vt_fs_fchmod(9999, 0640);
}

static bool has_mode(struct fs_place *p, vt_result_t r) {
  (void)r;
  return (stat_of(p).st_mode & 0777) == 0640;
}

static const struct fs_call fchmod_call = {.kind = "fs_fchmod",
                                           .subject = "file #",
                                           .begin = fchmod_it,
                                           .begin_bad = fchmod_bad,
                                           .error = UV_EBADF,
                                           .is_done = has_mode,
                                           .cancel = FS_WAITED};

/* A change of owner, to the same one too, takes the set-user-ID bit away. */
static vt_t fchown_it(struct fs_place *p) {
  assert_int_equal(fchmod(p->fd, 04755), 0);
  return vt_fs_fchown(p->fd, getuid(), getgid());
}

static vt_t fchown_bad(struct fs_place *p) {
  (void)p;
  return vt_fs_fchown(9999, getuid(), getgid());
}

static bool has_owner(struct fs_place *p, vt_result_t r) {
  (void)r;
  return (stat_of(p).st_mode & 04000) == 0;
}

static const struct fs_call fchown_call = {.kind = "fs_fchown",
                                           .subject = "file #",
                                           .begin = fchown_it,
                                           .begin_bad = fchown_bad,
                                           .error = UV_EBADF,
                                           .is_done = has_owner,
                                           .cancel = FS_WAITED};

static vt_t futime_it(struct fs_place *p) {
  return vt_fs_futime(p->fd, 1000.5, 2000.25);
}

static vt_t futime_bad(struct fs_place *p) {
  (void)p;
  return vt_fs_futime(9999, 0, 0);
}

static bool has_times(struct fs_place *p, vt_result_t r) {
  struct stat st = stat_of(p);
  (void)r;
  return st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000 &&
         st.st_mtim.tv_nsec == 250000000;
}

static const struct fs_call futime_call = {.kind = "fs_futime",
                                           .subject = "file #",
                                           .begin = futime_it,
                                           .begin_bad = futime_bad,
                                           .error = UV_EBADF,
                                           .is_done = has_times,
                                           .cancel = FS_WAITED};

FS_CASES(open)
FS_CLOSE_CASES(close)
FS_CASES(read)
FS_CASES(write)
FS_CASES(sendfile)
FS_CASES(fsync)
FS_CASES(fdatasync)
FS_CASES(ftruncate)
FS_CASES(fchmod)
FS_CASES(fchown)
FS_CASES(futime)

static void vectors_read_and_write(void **state) {
  fs_call_completes(*state, &readv_call);
  fs_call_completes(*state, &writev_call);
  fs_call_is_cancelled(*state, &readv_call);
  fs_call_is_cancelled(*state, &writev_call);
}

/* ---- while a thread waits in the system call ---- */

static void a_running_open_is_answered_at_once(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  struct seen seen = {0};
  fs_place_open(&p, f, &open_call);
  assert_int_equal(mkfifo(p.made, 0600), 0);
  vt_t v = vt_fs_open(p.made, O_WRONLY, 0);
  vt_await(v, seen_k, &seen);
  int fd = open(p.made, O_RDONLY | O_CLOEXEC); /* waits for the other end */
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(read(fd, &(char){0}, 1), 0); /* it was closed again */
  close(fd);
  fs_place_close(&p);
}

static void a_blocked_open_is_answered_at_once(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  struct seen seen = {0}, next = {0};
  fs_place_open(&p, f, &open_call);
  assert_int_equal(mkfifo(p.made, 0600), 0);
  vt_t v = vt_fs_open(p.made, O_WRONLY, 0);
  vt_await(v, seen_k, &seen);
  while (vt_status(v) == VT_PENDING && vt_cancel(v) == 0 && seen.count == 0)
    fixture_turn(f);
  assert_seen_status(&seen, UV_ECANCELED);
  int fd = open(p.made, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* lets it go */
  vt_await(vt_fs_fsync(p.fd), seen_k, &next);
  assert_true(fixture_run(f));
  assert_seen_int(&next, 0);
  close(fd);
  fs_place_close(&p);
}

static void a_blocked_read_is_waited_for(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  char back[4] = "";
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  vt_t v = vt_fs_read(ends[0], back, 3, -1);
  vt_await(v, seen_k, &seen);
  struct seen queued = {0};
  vt_t behind = vt_fs_fsync(ends[0]);
  vt_await(behind, seen_k, &queued);
  assert_status(vt_cancel(behind), 0); /* the thread is taken */
  while (vt_cancel(v) == 0 && seen.count == 0)
    fixture_turn(f);
  assert_int_equal(write(ends[1], "abc", 3), 3);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
  assert_seen_status(&queued, UV_ECANCELED);
  close(ends[0]);
  close(ends[1]);
}

/* ---- bad arguments ---- */

static void bad_arguments_are_einval(void **state) {
  char byte = 0;
  uv_buf_t buf = uv_buf_init(&byte, 1);
  (void)state;
  const vt_t bad[] = {
      vt_fs_open(NULL, O_RDONLY, 0), vt_fs_read(0, &byte, 1, -2),
      vt_fs_readv(0, NULL, 1, 0),    vt_fs_readv(0, &buf, 0, 0),
      vt_fs_readv(0, &buf, 1025, 0), vt_fs_writev(0, NULL, 1, 0),
      vt_fs_writev(0, &buf, 0, 0),   vt_fs_writev(0, &buf, 1, -2),
      vt_fs_sendfile(0, 0, -1, 1)};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_status(vt_get_result(bad[i]).status, UV_EINVAL);
}

static void bad_paths_are_the_systems(void **state) {
  struct fixture *f = *state;
  static char path[8192];
  memset(path, 'x', sizeof path - 1);
  assert_status(vt_loop_run(f->vt, vt_fs_open("", O_RDONLY, 0)).status,
                UV_ENOENT);
  assert_status(vt_loop_run(f->vt, vt_fs_open(path, O_RDONLY, 0)).status,
                UV_ENAMETOOLONG);
  assert_status(vt_loop_run(f->vt, vt_fs_open("/tmp", O_WRONLY, 0)).status,
                UV_EISDIR);
}

/* ---- all of them ---- */

static const struct fs_call *const rows[] = {
    &open_call,     &close_call,  &read_call,      &write_call,
    &sendfile_call, &fsync_call,  &fdatasync_call, &ftruncate_call,
    &fchmod_call,   &fchown_call, &futime_call,    &readv_call,
    &writev_call,   NULL};

FS_GROUP_CASES(rows)

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_fs_open_completes),
      fixture_test(uv_fs_open_fails),
      fixture_test(uv_fs_open_is_cancelled),
      fixture_test(uv_fs_close_completes),
      fixture_test(uv_fs_close_fails),
      fixture_test(uv_fs_close_cannot_be_cancelled),
      fixture_test(uv_fs_read_completes),
      fixture_test(uv_fs_read_fails),
      fixture_test(uv_fs_read_is_cancelled),
      fixture_test(uv_fs_write_completes),
      fixture_test(uv_fs_write_fails),
      fixture_test(uv_fs_write_is_cancelled),
      fixture_test(uv_fs_sendfile_completes),
      fixture_test(uv_fs_sendfile_fails),
      fixture_test(uv_fs_sendfile_is_cancelled),
      fixture_test(uv_fs_fsync_completes),
      fixture_test(uv_fs_fsync_fails),
      fixture_test(uv_fs_fsync_is_cancelled),
      fixture_test(uv_fs_fdatasync_completes),
      fixture_test(uv_fs_fdatasync_fails),
      fixture_test(uv_fs_fdatasync_is_cancelled),
      fixture_test(uv_fs_ftruncate_completes),
      fixture_test(uv_fs_ftruncate_fails),
      fixture_test(uv_fs_ftruncate_is_cancelled),
      fixture_test(uv_fs_fchmod_completes),
      fixture_test(uv_fs_fchmod_fails),
      fixture_test(uv_fs_fchmod_is_cancelled),
      fixture_test(uv_fs_fchown_completes),
      fixture_test(uv_fs_fchown_fails),
      fixture_test(uv_fs_fchown_is_cancelled),
      fixture_test(uv_fs_futime_completes),
      fixture_test(uv_fs_futime_fails),
      fixture_test(uv_fs_futime_is_cancelled),
      fixture_test(vectors_read_and_write),
      fixture_test(a_running_open_is_answered_at_once),
      fixture_test(a_blocked_open_is_answered_at_once),
      fixture_test(a_blocked_read_is_waited_for),
      cmocka_unit_test(bad_arguments_are_einval),
      fixture_test(bad_paths_are_the_systems),
      FS_GROUP_TESTS,
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
