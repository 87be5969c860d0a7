/* SPDX-License-Identifier: MIT */
/* vt/hot.h: opens and stats, against libuv's own. INTERNAL for vt__hot_stat. */
#define _GNU_SOURCE /* F_SETLEASE, O_NOATIME */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "op/hot.h"
#include "support/cached.h"
#include "support/fixture.h"
#include "support/tmp.h"

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* One file of each kind. */
struct tree {
  char file[TMP_PATH];
  char folder[TMP_PATH + 8];
  char link[TMP_PATH + 8];
  char dangling[TMP_PATH + 8];
  char fifo[TMP_PATH + 8];
  char inside[TMP_PATH + 8]; /* no such: the file is no folder */
};

static void tree_make(struct tree *t) {
  tmp_file(t->file);
  snprintf(t->folder, sizeof t->folder, "%s.d", t->file);
  snprintf(t->link, sizeof t->link, "%s.l", t->file);
  snprintf(t->dangling, sizeof t->dangling, "%s.n", t->file);
  snprintf(t->fifo, sizeof t->fifo, "%s.p", t->file);
  snprintf(t->inside, sizeof t->inside, "%s/x", t->file);
  assert_int_equal(mkdir(t->folder, 0700), 0);
  assert_int_equal(symlink(t->file, t->link), 0);
  assert_int_equal(symlink("/no/such/file", t->dangling), 0);
  assert_int_equal(mkfifo(t->fifo, 0600), 0);
}

static void tree_remove(struct tree *t) {
  unlink(t->file);
  rmdir(t->folder);
  unlink(t->link);
  unlink(t->dangling);
  unlink(t->fifo);
}

/* What libuv's own open gives: a negative status, or the flags of the file,
 * which is closed again. */
static int flags_of(int64_t file) {
  if (file < 0)
    return (int)file;
  int flags = fcntl((int)file, F_GETFL) | fcntl((int)file, F_GETFD) << 30;
  close((int)file);
  return flags;
}

static int uv_opens(const char *path, int flags) {
  uv_fs_t req;
  int rc = uv_fs_open(NULL, &req, path, flags, 0600, NULL);
  uv_fs_req_cleanup(&req);
  return flags_of(rc);
}

static void assert_opens_as_uv(struct fixture *f, const char *path, int flags) {
  int uv = uv_opens(path, flags);
  for (int i = 0; i < 2; i++) {
    vt_result_t r = run(f, vt_fs_open(path, flags, 0600));
    assert_int_equal(flags_of(r.status ? r.status : r.value.i), uv);
  }
}

/* A stat by memory, where it can be, has libuv's every field. */
static void assert_stats_as_uv(const char *path, bool follow) {
  uv_fs_t req;
  uv_stat_t st = {.st_size = 77};
  int rc = follow ? uv_fs_stat(NULL, &req, path, NULL)
                  : uv_fs_lstat(NULL, &req, path, NULL);
  bool hit = vt__hot_stat(path, follow, &st);
  if (hit) {
    assert_int_equal(rc, 0);
    assert_memory_equal(&st, &req.statbuf, sizeof st);
  } else {
    assert_int_equal(st.st_size, 77);
  }
  uv_fs_req_cleanup(&req);
}

/* ---- it works ---- */

static void an_open_by_memory_is_complete(void **state) {
  struct fixture *f = *state;
  struct tree t;
  char data[4];
  tree_make(&t);
  cached_need_path(t.file);
  uint64_t before = 0;
  int next = dup(0);
  close(next);
  for (int i = 0; i < 20; i++) {
    if (i == 10)
      before = fixture_allocations();
    vt_t v = vt_fs_open(t.file, O_RDONLY, 0);
    assert_true(vt_is_succeeded(v));
    int fd = (int)vt_get_result(v).value.i;
    assert_true(fd <= next); /* the lowest that is free */
    assert_int_equal(run(f, vt_fs_read(fd, data, 4, 0)).value.u, 0);
    close(fd);
  }
  assert_int_equal(fixture_allocations(), before);
  vt_fs_set_hot(f->vt, false);
  vt_t v = vt_fs_open(t.file, O_RDONLY, 0);
  assert_false(vt_is_completed(v));
  close((int)run(f, v).value.i);
  tree_remove(&t);
}

static void a_forgotten_one_is_closed(void **state) {
  struct fixture *f = *state;
  struct tree t;
  tree_make(&t);
  int fds = tmp_count_fds();
  vt_forget(vt_fs_open(t.file, O_RDONLY, 0));
  assert_true(fixture_run(f));
  assert_int_equal(tmp_count_fds(), fds);
  tree_remove(&t);
}

static void each_open_is_as_libuv_says(void **state) {
  static const int flags[] = {O_RDONLY,
                              O_RDONLY | O_NONBLOCK,
                              O_RDONLY | O_NOFOLLOW,
                              O_RDONLY | O_DIRECTORY,
                              O_RDONLY | O_CLOEXEC | O_NOCTTY,
                              O_RDONLY | O_NOATIME,
                              O_RDONLY | O_SYNC,
                              O_RDONLY | O_APPEND,
                              O_RDONLY | O_TRUNC,
                              O_RDONLY | O_CREAT | O_EXCL,
                              O_RDWR | O_NONBLOCK,
                              O_WRONLY | O_NONBLOCK,
                              O_WRONLY | O_APPEND | O_NONBLOCK,
                              O_PATH};
  struct fixture *f = *state;
  struct tree t;
  tree_make(&t);
  const char *const paths[] = {
      t.file,      t.folder,          t.link,       t.dangling, t.inside,
      "/dev/null", "/proc/self/maps", "/proc/self", "/no/such", "",
      "/dev/tty"};
  int fds = tmp_count_fds();
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
      assert_opens_as_uv(f, paths[i], flags[k]);
  assert_int_equal(tmp_count_fds(), fds);
  tree_remove(&t);
}

static void a_fifo_waits_in_the_pool(void **state) {
  struct fixture *f = *state;
  struct tree t;
  struct inotify_event event;
  int events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  tree_make(&t);
  assert_true(inotify_add_watch(events, t.fifo, IN_OPEN) >= 0);
  vt_t v = vt_fs_open(t.fifo, O_RDONLY, 0);
  assert_false(vt_is_completed(v));
  assert_int_equal(read(events, &event, sizeof event), -1); /* no open yet */
  close(events);
  int writer = open(t.fifo, O_WRONLY | O_CLOEXEC);
  vt_result_t r = run(f, v);
  assert_status(r.status, 0);
  assert_int_equal(flags_of(r.value.i) & O_NONBLOCK, 0);
  close(writer);
  tree_remove(&t);
}

static void a_lease_waits_in_the_pool(void **state) {
  struct fixture *f = *state;
  struct tree t;
  tree_make(&t);
  signal(SIGIO, SIG_IGN);
  int holder = open(t.file, O_RDWR | O_CLOEXEC);
  bool leased = fcntl(holder, F_SETLEASE, F_WRLCK) == 0;
  vt_t v = vt_fs_open(t.file, O_RDONLY, 0);
  bool waits = !vt_is_completed(v);
  fcntl(holder, F_SETLEASE, F_UNLCK);
  close(holder);
  vt_result_t r = run(f, v);
  assert_status(r.status, 0);
  assert_int_equal(flags_of(r.value.i) & O_NONBLOCK, 0);
  assert_true(waits || !leased);
  tree_remove(&t);
}

/* Whether another process finds the file locked. */
static bool is_locked(const char *path) {
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    struct flock lock = {.l_type = F_WRLCK};
    int fd = open(path, O_RDWR);
    _exit(fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK);
  }
  waitpid(child, &status, 0);
  return status == 0;
}

static void looking_leaves_locks_alone(void **state) {
  struct fixture *f = *state;
  struct tree t;
  uv_stat_t st;
  struct flock lock = {.l_type = F_WRLCK};
  tree_make(&t);
  int holder = open(t.file, O_RDWR | O_CLOEXEC);
  assert_int_equal(fcntl(holder, F_SETLK, &lock), 0);
  vt_result_t r = run(f, vt_fs_open(t.file, O_RDONLY, 0));
  vt__hot_stat(t.file, true, &st);
  assert_status(run(f, vt_fs_fstat(holder, &st)).status, 0);
  assert_true(is_locked(t.file));
  close((int)r.value.i);
  close(holder);
  tree_remove(&t);
}

/* ---- stat ---- */

static void each_stat_is_as_libuv_says(void **state) {
  struct tree t;
  (void)state;
  tree_make(&t);
  chmod(t.file, 04751);
  const char *const paths[] = {
      t.file, t.folder,    t.link,     t.dangling,   t.inside,
      t.fifo, "/dev/null", "/dev/shm", "/proc/self", "/proc/self/exe",
      "/sys", "/",         "/no/such", "",           "/tmp/."};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    assert_stats_as_uv(paths[i], true);
    assert_stats_as_uv(paths[i], false);
  }
  tree_remove(&t);
}

static void a_stat_by_memory_hits(void **state) {
  struct fixture *f = *state;
  struct tree t;
  uv_stat_t st;
  tree_make(&t);
  cached_need_path(t.file);
  int fds = tmp_count_fds();
  assert_true(vt__hot_stat(t.file, true, &st));
  assert_true(vt__hot_stat(t.link, false, &st));
  assert_true(S_ISLNK(st.st_mode));
  assert_true(vt__hot_stat(t.fifo, true, &st));
  assert_true(S_ISFIFO(st.st_mode));
  assert_false(vt__hot_stat("/proc/self/maps", true, &st));
  assert_false(vt__hot_stat("/sys/kernel", true, &st));
  assert_int_equal(tmp_count_fds(), fds);
  vt_fs_set_hot(f->vt, false);
  assert_false(vt__hot_stat(t.file, true, &st));
  tree_remove(&t);
}

static void each_fstat_is_as_libuv_says(void **state) {
  struct fixture *f = *state;
  struct tree t;
  int pipes[2];
  tree_make(&t);
  assert_int_equal(pipe(pipes), 0);
  int fds[] = {pipes[0],
               pipes[1],
               open(t.file, O_RDONLY | O_CLOEXEC),
               open(t.link, O_PATH | O_NOFOLLOW | O_CLOEXEC),
               open(t.folder, O_RDONLY | O_CLOEXEC),
               open("/dev/null", O_RDONLY | O_CLOEXEC),
               open("/proc/self/maps", O_RDONLY | O_CLOEXEC),
               socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
               -1,
               9999};
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
    uv_fs_t req;
    uv_stat_t st;
    memset(&st, 0, sizeof st);
    int rc = uv_fs_fstat(NULL, &req, fds[i], NULL);
    assert_status(run(f, vt_fs_fstat(fds[i], &st)).status, rc);
    if (rc == 0)
      assert_memory_equal(&st, &req.statbuf, sizeof st);
    uv_fs_req_cleanup(&req);
    close(fds[i]);
  }
  tree_remove(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(an_open_by_memory_is_complete),
      fixture_test(a_forgotten_one_is_closed),
      fixture_test(each_open_is_as_libuv_says),
      fixture_test(a_fifo_waits_in_the_pool),
      fixture_test(a_lease_waits_in_the_pool),
      fixture_test(looking_leaves_locks_alone),
      fixture_test(each_stat_is_as_libuv_says),
      fixture_test(a_stat_by_memory_hits),
      fixture_test(each_fstat_is_as_libuv_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
