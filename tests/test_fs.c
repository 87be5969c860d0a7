/* SPDX-License-Identifier: MIT */
/* Files. The pool has one thread here, so that a request can be held in its
 * queue, or be done and not yet told. */
#include "support/fault.h"
#include "support/fixture.h"
#include "support/plug.h"
#include "support/tmp.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* A file without a name that holds text. */
static int file_with(const char *text) {
  int fd = tmp_fd();
  if (write(fd, text, strlen(text)) < 0)
    return -1;
  lseek(fd, 0, SEEK_SET);
  return fd;
}

/* What vt_loop_walk shows of the only operation. */
struct shown {
  int count;
  char kind[32];
  char subject[256];
};

static void show(void *arg, const vt_loop_entry_t *entry) {
  struct shown *shown = arg;
  shown->count++;
  snprintf(shown->kind, sizeof shown->kind, "%s", entry->kind);
  snprintf(shown->subject, sizeof shown->subject, "%s", entry->subject);
}

static void assert_shown(struct fixture *f, const char *kind,
                         const char *subject) {
  struct shown shown = {0};
  vt_loop_walk(f->vt, show, &shown);
  assert_int_equal(shown.count, 1);
  assert_string_equal(shown.kind, kind);
  assert_string_equal(shown.subject, subject);
}

/* For cases about requests in the pool. */
static void use_pool(struct fixture *f) { vt_fs_set_hot(f->vt, false); }

/* Cancels a request that the pool has not begun: nothing of it is done. */
static void cancel_queued(struct fixture *f, vt_t (*begin)(int fd), int fd) {
  struct seen seen = {0};
  struct plug plug;
  plug_in(&plug, &f->uv);
  vt_t v = begin(fd);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
}

static char buffer[64];
static uv_stat_t status_block;

static vt_t begin_open(int fd) {
  (void)fd;
  return vt_fs_open("/dev/null", O_RDONLY, 0);
}

static vt_t begin_read(int fd) {
  return vt_fs_read(fd, buffer, sizeof buffer, 0);
}

static vt_t begin_write(int fd) { return vt_fs_write(fd, "xxxx", 4, 0); }

static vt_t begin_fstat(int fd) { return vt_fs_fstat(fd, &status_block); }

static vt_t begin_fsync(int fd) { return vt_fs_fsync(fd); }

/* ---- it works ---- */

static void what_is_written_is_read(void **state) {
  struct fixture *f = *state;
  char path[TMP_PATH], back[16] = "";
  uv_stat_t st;
  tmp_file(path);
  vt_result_t r = run(f, vt_fs_open(path, O_RDWR, 0));
  assert_status(r.status, 0);
  int fd = (int)r.value.i;
  assert_int_equal(run(f, vt_fs_write(fd, "value task", 10, 0)).value.u, 10);
  assert_status(run(f, vt_fs_fsync(fd)).status, 0);
  assert_status(run(f, vt_fs_fstat(fd, &st)).status, 0);
  assert_int_equal(st.st_size, 10);
  assert_int_equal(run(f, vt_fs_read(fd, back, 16, 6)).value.u, 4);
  assert_string_equal(back, "task");
  assert_status(run(f, vt_fs_close(fd)).status, 0);
  assert_int_equal(fcntl(fd, F_GETFD), -1);
  unlink(path);
}

static void open_copies_its_path(void **state) {
  struct fixture *f = *state;
  char path[] = "/dev/null";
  vt_t v = vt_fs_open(path, O_RDONLY, 0);
  memset(path, 'x', sizeof path - 1);
  vt_result_t r = run(f, v);
  assert_status(r.status, 0);
  close((int)r.value.i);
}

static void offset_minus_one_moves_the_position(void **state) {
  struct fixture *f = *state;
  char back[4] = "";
  int fd = file_with("abcdef");
  assert_int_equal(run(f, vt_fs_read(fd, back, 2, -1)).value.u, 2);
  assert_int_equal(run(f, vt_fs_read(fd, back, 2, -1)).value.u, 2);
  assert_string_equal(back, "cd");
  assert_int_equal(run(f, vt_fs_write(fd, "XY", 2, -1)).value.u, 2);
  assert_int_equal(run(f, vt_fs_read(fd, back, 3, 3)).value.u, 3);
  assert_string_equal(back, "dXY");
  close(fd);
}

static void the_end_of_the_file_is_zero(void **state) {
  struct fixture *f = *state;
  char back[8];
  int fd = file_with("abc");
  vt_result_t r = run(f, vt_fs_read(fd, back, 8, 3));
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 0);
  close(fd);
}

static void sizes_over_a_gib_are_a_gib(void **state) {
  struct fixture *f = *state;
  size_t size = (size_t)3 << 30;
  void *data = mmap(NULL, size, PROT_READ,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  assert_ptr_not_equal(data, MAP_FAILED);
  vt_result_t r = run(f, vt_fs_write(fd, data, size, -1));
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, (size_t)1 << 30);
  munmap(data, size);
  close(fd);
}

static void allocates_nothing_after_warm_up(void **state) {
  struct fixture *f = *state;
  int fd = file_with("abc");
  struct seen seen = {0};
  uint64_t before = 0;
  for (int round = 0; round < 3; round++) {
    if (round == 1)
      before = fixture_allocations();
    for (int i = 0; i < 32; i++)
      vt_await(vt_fs_read(fd, buffer, 3, 0), seen_k, &seen);
    assert_true(fixture_run(f));
  }
  assert_int_equal(seen.count, 3 * 32);
  assert_int_equal(fixture_allocations(), before);
  close(fd);
}

static void the_walk_tells_what_it_is_about(void **state) {
  struct fixture *f = *state;
  char text[32], path[300];
  int fd = file_with("abc");
  use_pool(f);
  vt_t v = vt_fs_open("/dev/null", O_RDONLY, 0);
  assert_shown(f, "fs_open", "/dev/null");
  close((int)run(f, v).value.i);
  snprintf(text, sizeof text, "file %d", fd);
  v = vt_fs_read(fd, buffer, 1, 0);
  assert_shown(f, "fs_read", text);
  run(f, v);
  memset(path, '/', sizeof path);
  strcpy(path + sizeof path - 10, "dev/null");
  v = vt_fs_open(path, O_RDONLY, 0);
  memset(path, '.', 3);
  strcpy(path + 3, path + sizeof path - 94);
  assert_shown(f, "fs_open", path);
  close((int)run(f, v).value.i);
  close(fd);
}

/* ---- cancelled, forgotten ---- */

static void cancelled_in_the_queue_nothing_is_done(void **state) {
  struct fixture *f = *state;
  int fd = file_with("abc"), fds = tmp_count_fds();
  use_pool(f);
  memset(buffer, 'b', sizeof buffer);
  cancel_queued(f, begin_open, fd);
  cancel_queued(f, begin_read, fd);
  cancel_queued(f, begin_write, fd);
  cancel_queued(f, begin_fstat, fd);
  cancel_queued(f, begin_fsync, fd);
  assert_int_equal(buffer[0], 'b');
  assert_int_equal(tmp_read(fd, buffer, 3), 3);
  assert_memory_equal(buffer, "abc", 3);
  assert_int_equal(tmp_count_fds(), fds);
  close(fd);
}

static void a_close_is_never_cancelled(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  int fd = file_with("");
  plug_in(&plug, &f->uv);
  vt_t v = vt_fs_close(fd);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), UV_ENOSYS);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
  assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void a_late_read_is_waited_for(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  int fd = file_with("abc");
  use_pool(f);
  vt_t v = vt_fs_read(fd, buffer, 3, 0);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), UV_EBUSY);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 3);
  close(fd);
}

static void a_late_open_closes_its_file(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  int fds = tmp_count_fds();
  vt_t v = vt_fs_open("/dev/null", O_RDONLY, 0);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(tmp_count_fds(), fds + 1);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(tmp_count_fds(), fds);
  assert_int_equal(fixture_pending(f), 0);
}

static void a_late_fstat_writes_nothing(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  uv_stat_t st = {.st_size = 77};
  int fd = file_with("abc");
  use_pool(f);
  vt_t v = vt_fs_fstat(fd, &st);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(st.st_size, 77);
  close(fd);
}

static void a_forgotten_open_closes_its_file(void **state) {
  struct fixture *f = *state;
  int fds = tmp_count_fds();
  vt_forget(vt_fs_open("/dev/null", O_RDONLY, 0));
  assert_true(fixture_run(f));
  assert_int_equal(tmp_count_fds(), fds);
  vt_t v = vt_fs_open("/dev/null", O_RDONLY, 0);
  assert_true(fixture_run(f));
  assert_true(vt_is_completed(v));
  assert_int_equal(tmp_count_fds(), fds + 1);
  vt_forget(v);
  assert_true(fixture_run(f));
  assert_int_equal(tmp_count_fds(), fds);
}

static void an_open_never_taken_is_closed_at_detach(void **state) {
  struct fixture *f = *state;
  int fds = tmp_count_fds();
  vt_t v = vt_fs_open("/dev/null", O_RDONLY, 0);
  assert_true(fixture_run(f));
  assert_false(vt_in_hand(v));
  assert_int_equal(tmp_count_fds(), fds + 1);
  assert_int_equal(fixture_detach(f), 0);
  const struct fixture_report *r =
      fixture_take_report(f, VT_REPORT_NEVER_AWAITED);
  assert_non_null(r);
  assert_string_equal(r->what, "fs_open");
  assert_string_equal(r->subject, "/dev/null");
  assert_true(tmp_count_fds() <= fds);
}

static void detach_waits_for_a_late_open(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  vt_t v = vt_fs_open("/dev/null", O_RDONLY, 0);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
}

static void detach_waits_for_one_that_nobody_took(void **state) {
  struct fixture *f = *state;
  struct plug plug;
  vt_t v = vt_fs_open("/dev/null", O_RDONLY, 0);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), 0);
  assert_true(vt_is_cancelled(v));
  assert_int_equal(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  vt_forget(v);
  assert_true(fixture_run(f));
}

/* ---- it fails ---- */

static void a_missing_file_is_enoent(void **state) {
  struct fixture *f = *state;
  vt_result_t r = run(f, vt_fs_open("/no/such/file", O_RDONLY, 0));
  assert_status(r.status, UV_ENOENT);
}

static void a_file_that_is_not_open_is_ebadf(void **state) {
  struct fixture *f = *state;
  uv_stat_t st;
  int fd = 9999;
  assert_status(run(f, vt_fs_read(fd, buffer, 1, 0)).status, UV_EBADF);
  assert_status(run(f, vt_fs_write(fd, buffer, 1, 0)).status, UV_EBADF);
  assert_status(run(f, vt_fs_fstat(fd, &st)).status, UV_EBADF);
  assert_status(run(f, vt_fs_fsync(fd)).status, UV_EBADF);
  assert_status(run(f, vt_fs_close(fd)).status, UV_EBADF);
}

static void bad_arguments_are_einval(void **state) {
  (void)state;
  assert_status(vt_get_result(vt_fs_open(NULL, 0, 0)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_fs_fstat(0, NULL)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_fs_read(0, buffer, 1, -2)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_fs_write(0, buffer, 1, INT64_MIN)).status,
                UV_EINVAL);
}

static void a_full_device_is_enospc(void **state) {
  struct fixture *f = *state;
  int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_status(run(f, vt_fs_write(fd, "abc", 3, -1)).status, UV_ENOSPC);
  close(fd);
}

static void without_a_loop_is_enoloop(void **state) {
  uv_stat_t st;
  int fd = file_with("");
  (void)state;
  assert_status(vt_get_result(begin_open(0)).status, VT_ENOLOOP);
  assert_status(vt_get_result(begin_read(fd)).status, VT_ENOLOOP);
  assert_status(vt_get_result(begin_write(fd)).status, VT_ENOLOOP);
  assert_status(vt_get_result(vt_fs_fstat(fd, &st)).status, VT_ENOLOOP);
  assert_status(vt_get_result(vt_fs_fsync(fd)).status, VT_ENOLOOP);
  assert_status(vt_get_result(vt_fs_close(fd)).status, VT_ENOLOOP);
  assert_int_equal(close(fd), 0);
}

/* Begins each in turn; without memory it is refused, and nothing is lost. */
static const char *each_scenario(uint64_t n, enum fault_mode mode) {
  static vt_t (*const begin[])(int) = {begin_open, begin_read, begin_write,
                                       begin_fstat, begin_fsync};
  struct fixture f;
  int fds = tmp_count_fds(), fd = tmp_fd(), wrong = 0;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  use_pool(&f);
  fault_arm(n, mode);
  for (int i = 0; i < 5; i++) {
    vt_t v = begin[i](fd);
    bool refused = vt_in_hand(v);
    vt_result_t r = run(&f, v);
    if (r.status != (refused ? UV_ENOMEM : 0))
      wrong++;
    if (r.status == 0 && i == 0)
      close((int)r.value.i);
  }
  fault_disarm();
  if (run(&f, vt_fs_close(fd)).status != 0 || wrong != 0)
    return "neither refused nor done";
  problem = fixture_close(&f);
  return problem || tmp_count_fds() == fds ? problem : "a file is left open";
}

static void without_memory_each_is_refused(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(each_scenario);
  if (problem)
    fail_msg("%s", problem);
}

static void without_memory_a_forgotten_open_closes_its_file(void **state) {
  struct fixture f;
  struct seen seen = {0};
  int fds = tmp_count_fds();
  (void)state;
  assert_int_equal(fault_install(), 0);
  assert_null(fixture_open(&f));
  int open_fds = tmp_count_fds();
  vt_forget(vt_fs_open("/dev/null", O_RDONLY, 0));
  fault_arm(1, FAULT_FROM);
  do /* until the pool has no such block left */
    vt_await(vt_fs_fsync(-1), seen_k, &seen);
  while (seen.count == 0);
  assert_seen_status(&seen, UV_ENOMEM);
  assert_true(fixture_run(&f));
  fault_disarm();
  assert_int_equal(tmp_count_fds(), open_fds);
  assert_null(fixture_close(&f));
  assert_int_equal(tmp_count_fds(), fds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_is_written_is_read),
      fixture_test(open_copies_its_path),
      fixture_test(offset_minus_one_moves_the_position),
      fixture_test(the_end_of_the_file_is_zero),
      fixture_test(sizes_over_a_gib_are_a_gib),
      fixture_test(allocates_nothing_after_warm_up),
      fixture_test(the_walk_tells_what_it_is_about),
      fixture_test(cancelled_in_the_queue_nothing_is_done),
      fixture_test(a_close_is_never_cancelled),
      fixture_test(a_late_read_is_waited_for),
      fixture_test(a_late_open_closes_its_file),
      fixture_test(a_late_fstat_writes_nothing),
      fixture_test(a_forgotten_open_closes_its_file),
      fixture_test(an_open_never_taken_is_closed_at_detach),
      fixture_test(detach_waits_for_a_late_open),
      fixture_test(detach_waits_for_one_that_nobody_took),
      fixture_test(a_missing_file_is_enoent),
      fixture_test(a_file_that_is_not_open_is_ebadf),
      fixture_test(bad_arguments_are_einval),
      fixture_test(a_full_device_is_enospc),
      cmocka_unit_test(without_a_loop_is_enoloop),
      cmocka_unit_test(without_memory_each_is_refused),
      cmocka_unit_test(without_memory_a_forgotten_open_closes_its_file),
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
