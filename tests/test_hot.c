/* SPDX-License-Identifier: MIT */
/* vt/hot.h: reads. Run with memory asked and without (VT_TEST_COLD): what comes
 * out is the same, and only where it comes from is not. */
#define _GNU_SOURCE /* O_DIRECT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/cached.h"
#include "support/fault.h"
#include "support/fixture.h"
#include "support/pair.h"
#include "support/plug.h"
#include "support/tmp.h"

enum { KIB = 1024, LONG_FILE = MIB + 13 };

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* A file of size bytes by their number, all cached. */
static int file_of(size_t size) {
  int fd = tmp_fd();
  char *data = malloc(size);
  pair_fill(data, size, 0);
  if (write(fd, data, size) != (ssize_t)size)
    fd = -1;
  free(data);
  lseek(fd, 0, SEEK_SET);
  return fd;
}

/* Reads size bytes at offset; they are count, the right ones. */
static void assert_reads(struct fixture *f, int fd, size_t size, int64_t offset,
                         size_t count) {
  char *data = calloc(1, size);
  size_t from = offset < 0 ? (size_t)lseek(fd, 0, SEEK_CUR) : (size_t)offset;
  vt_result_t r = run(f, vt_fs_read(fd, data, size, offset));
  size_t wrong = pair_count_wrong(data, count, from);
  free(data);
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, count);
  assert_int_equal(wrong, 0);
  if (offset < 0)
    assert_int_equal(lseek(fd, 0, SEEK_CUR), from + count);
}

/* The status or count of uv_fs_read. */
static int64_t uv_reads(int fd, void *data, size_t size, int64_t offset) {
  uv_fs_t req;
  uv_buf_t buf = {.base = data, .len = size};
  int rc = uv_fs_read(NULL, &req, fd, &buf, 1, offset, NULL);
  uv_fs_req_cleanup(&req);
  return rc;
}

/* Ours and libuv's outcome are the same. */
static void assert_as_uv(struct fixture *f, int fd, void *data, size_t size,
                         int64_t offset) {
  int64_t uv = uv_reads(fd, data, size, offset);
  for (int i = 0; i < 3; i++) {
    vt_result_t r = run(f, vt_fs_read(fd, data, size, offset));
    assert_status(r.status, uv < 0 ? uv : 0);
    if (uv >= 0)
      assert_int_equal(r.value.u, uv);
  }
}

/* Drops the pages of a file from offset on. */
static void drop(int fd, off_t offset) {
  fsync(fd);
  posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
  posix_fadvise(fd, offset, 0, POSIX_FADV_DONTNEED);
}

/* ---- it works ---- */

static void what_is_cached_is_in_hand(void **state) {
  char data[4 * KIB];
  (void)state;
  int fd = file_of(sizeof data);
  cached_need(fd);
  uint64_t before = fixture_allocations();
  for (int i = 0; i < 600; i++) {
    vt_t v = vt_fs_read(fd, data, sizeof data, 0);
    assert_true(vt_in_hand(v));
    assert_int_equal(vt_get_result(v).value.u, sizeof data);
  }
  assert_int_equal(pair_count_wrong(data, sizeof data, 0), 0);
  assert_int_equal(fixture_allocations(), before);
  close(fd);
}

static void the_end_is_in_hand(void **state) {
  char data[8 * KIB];
  int fd = file_of(5000);
  (void)state;
  cached_need(fd);
  vt_t v = vt_fs_read(fd, data, sizeof data, -1);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 5000);
  v = vt_fs_read(fd, data, sizeof data, -1);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 0);
  close(fd);
}

static void switched_off_it_is_the_pools(void **state) {
  struct fixture *f = *state;
  char data[KIB];
  int fd = file_of(sizeof data);
  vt_fs_set_hot(NULL, false);
  vt_fs_set_hot(f->vt, false);
  vt_t v = vt_fs_read(fd, data, sizeof data, 0);
  assert_false(vt_in_hand(v));
  assert_int_equal(run(f, v).value.u, sizeof data);
  vt_fs_set_hot(f->vt, true);
  cached_need(fd);
  assert_true(vt_in_hand(vt_fs_read(fd, data, sizeof data, 0)));
  close(fd);
}

static void a_short_count_is_the_end(void **state) {
  struct fixture *f = *state;
  int fd = file_of(5000);
  assert_reads(f, fd, 5000, 0, 5000);
  assert_reads(f, fd, 8192, 0, 5000);
  assert_reads(f, fd, 8192, 4096, 904);
  assert_reads(f, fd, 8192, 5000, 0);
  assert_reads(f, fd, 8192, 9000, 0);
  assert_reads(f, fd, 3000, -1, 3000);
  assert_reads(f, fd, 3000, -1, 2000);
  assert_reads(f, fd, 3000, -1, 0);
  close(fd);
}

static void large_reads_are_whole(void **state) {
  struct fixture *f = *state;
  int fd = file_of(LONG_FILE);
  assert_reads(f, fd, LONG_FILE, 0, LONG_FILE);
  assert_reads(f, fd, 2 * MIB, 1, LONG_FILE - 1);
  assert_reads(f, fd, 256 * KIB, -1, 256 * KIB);
  assert_reads(f, fd, 2 * MIB, -1, LONG_FILE - 256 * KIB);
  assert_reads(f, fd, 2 * MIB, -1, 0);
  close(fd);
}

static void what_is_not_cached_is_read(void **state) {
  struct fixture *f = *state;
  int fd = file_of(LONG_FILE);
  drop(fd, 0);
  assert_reads(f, fd, LONG_FILE, 0, LONG_FILE);
  for (int i = 0; i < 300; i++) {
    drop(fd, 64 * KIB);
    assert_reads(f, fd, 128 * KIB, i % 2 ? 0 : 4000, 128 * KIB);
  }
  drop(fd, 64 * KIB);
  assert_reads(f, fd, 128 * KIB, -1, 128 * KIB);
  close(fd);
}

static void a_file_that_was_cut_is_short(void **state) {
  struct fixture *f = *state;
  int fd = file_of(64 * KIB);
  assert_reads(f, fd, 64 * KIB, 0, 64 * KIB);
  assert_int_equal(ftruncate(fd, 5), 0);
  assert_reads(f, fd, 64 * KIB, 0, 5);
  assert_reads(f, fd, 64 * KIB, 5, 0);
  close(fd);
}

static void a_file_as_long_as_the_bound_ends_there(void **state) {
  struct fixture *f = *state;
  int fd = file_of(300 * KIB);
  assert_int_equal(ftruncate(fd, 256 * KIB), 0);
  char *data = malloc(MIB);
  vt_t v = vt_fs_read(fd, data, MIB, 0);
  vt_result_t r = run(f, v);
  free(data);
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 256 * KIB);
  close(fd);
}

/* ---- what is no regular file ---- */

static void a_pipe_gives_what_it_has(void **state) {
  struct fixture *f = *state;
  char data[8];
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  vt_t v = vt_fs_read(fds[0], data, 8, -1);
  assert_false(vt_in_hand(v));
  assert_int_equal(write(fds[1], "abc", 3), 3);
  assert_int_equal(run(f, v).value.u, 3);
  assert_int_equal(write(fds[1], "abc", 3), 3);
  assert_int_equal(run(f, vt_fs_read(fds[0], data, 8, -1)).value.u, 3);
  assert_int_equal(write(fds[1], "abcdefgh", 8), 8);
  v = vt_fs_read(fds[0], data, 8, -1);
  assert_false(vt_in_hand(v)); /* its turn is after those in the queue */
  assert_int_equal(run(f, v).value.u, 8);
  assert_status(run(f, vt_fs_read(fds[0], data, 8, 0)).status, UV_ESPIPE);
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  assert_status(run(f, vt_fs_read(fds[0], data, 8, -1)).status, UV_EAGAIN);
  close(fds[1]);
  assert_as_uv(f, fds[0], data, 8, -1);
  close(fds[0]);
}

static void a_number_used_again_is_another_file(void **state) {
  struct fixture *f = *state;
  char data[8];
  int fds[2], fd = file_of(8);
  assert_reads(f, fd, 8, 0, 8);
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(dup2(fds[0], fd), fd);
  assert_int_equal(write(fds[1], "abc", 3), 3);
  assert_int_equal(run(f, vt_fs_read(fd, data, 8, -1)).value.u, 3);
  close(fds[0]);
  close(fds[1]);
  assert_status(run(f, vt_fs_close(fd)).status, 0);
  assert_int_equal(file_of(64 * KIB), fd < fds[0] ? fd : fds[0]);
  assert_reads(f, fd, 100 * KIB, 0, 64 * KIB);
  close(fd);
}

static void all_else_is_as_libuv_says(void **state) {
  static const char *const paths[] = {
      "/dev/zero",         "/dev/null",      "/",           "/proc",
      "/proc/self/status", "/proc/self/mem", "/sys/kernel", "/tmp"};
  struct fixture *f = *state;
  char data[KIB];
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      continue;
    assert_as_uv(f, fd, data, sizeof data, 0);
    assert_as_uv(f, fd, data, 0, -1);
    assert_as_uv(f, fd, data, sizeof data, INT64_MAX - 10);
    close(fd);
  }
  for (int fd = 9998; fd < 10000; fd++)
    assert_as_uv(f, fd, data, sizeof data, 0);
  assert_as_uv(f, -1, data, sizeof data, 0);
}

static void a_file_for_writing_is_ebadf(void **state) {
  struct fixture *f = *state;
  char path[TMP_PATH], data[8];
  tmp_file(path);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  int place = open(path, O_PATH | O_CLOEXEC);
  assert_as_uv(f, fd, data, 8, 0);
  assert_as_uv(f, place, data, 8, 0);
  close(fd);
  close(place);
  unlink(path);
}

static void a_bad_buffer_is_as_libuv_says(void **state) {
  struct fixture *f = *state;
  int fd = file_of(8 * KIB);
  char *pages = mmap(NULL, 8 * KIB, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_int_equal(mprotect(pages + 4 * KIB, 4 * KIB, PROT_NONE), 0);
  assert_as_uv(f, fd, pages + 4 * KIB, 4 * KIB, 0);
  assert_as_uv(f, fd, pages, 8 * KIB, 0);
  munmap(pages, 8 * KIB);
  close(fd);
}

static void a_direct_file_is_the_pools(void **state) {
  struct fixture *f = *state;
  char path[TMP_PATH];
  void *page = NULL;
  tmp_file(path);
  int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
  unlink(path);
  if (fd < 0)
    skip();
  assert_int_equal(posix_memalign(&page, 4 * KIB, 4 * KIB), 0);
  memset(page, 'd', 4 * KIB);
  assert_int_equal(write(fd, page, 4 * KIB), 4 * KIB);
  vt_t v = vt_fs_read(fd, page, 4 * KIB, 0);
  assert_false(vt_in_hand(v));
  assert_int_equal(run(f, v).value.u, 4 * KIB);
  assert_as_uv(f, fd, page, 4 * KIB, 4 * KIB);
  free(page);
  close(fd);
}

/* ---- it fails ---- */

static void a_part_read_is_never_lost(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  int fd = file_of(LONG_FILE);
  cached_need(fd);
  char *data = malloc(LONG_FILE);
  plug_in(&plug, &f->uv);
  vt_t v = vt_fs_read(fd, data, LONG_FILE, -1);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  size_t wrong = pair_count_wrong(data, 256 * KIB, 0);
  free(data);
  assert_seen_int(&seen, 256 * KIB);
  assert_int_equal(wrong, 0);
  assert_int_equal(lseek(fd, 0, SEEK_CUR), 256 * KIB);
  close(fd);
}

static void without_memory_a_part_is_the_result(void **state) {
  struct fixture f;
  int fd = file_of(LONG_FILE);
  (void)state;
  cached_need(fd);
  char *data = malloc(LONG_FILE);
  assert_int_equal(fault_install(), 0);
  assert_null(fixture_open(&f));
  fault_arm(1, FAULT_FROM);
  vt_t v = vt_fs_read(fd, data, LONG_FILE, -1);
  fault_disarm();
  bool in_hand = vt_in_hand(v);
  vt_result_t r = run(&f, v);
  free(data);
  close(fd);
  assert_null(fixture_close(&f));
  assert_true(in_hand);
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 256 * KIB);
}

static void a_cancelled_scope_refuses(void **state) {
  struct fixture *f = *state;
  char data[8];
  uv_stat_t st;
  int fd = file_of(8);
  vt_scope_t *scope = NULL;
  assert_int_equal(vt_scope_new(NULL, &scope), 0);
  assert_int_equal(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t reading = vt_fs_read(fd, data, 8, 0), asking = vt_fs_fstat(fd, &st);
  vt_scope_leave(before);
  assert_status(vt_get_result(reading).status, UV_ECANCELED);
  assert_status(vt_get_result(asking).status, UV_ECANCELED);
  assert_status(run(f, vt_scope_join(scope)).status, UV_ECANCELED);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_is_cached_is_in_hand),
      fixture_test(the_end_is_in_hand),
      fixture_test(switched_off_it_is_the_pools),
      fixture_test(a_short_count_is_the_end),
      fixture_test(large_reads_are_whole),
      fixture_test(what_is_not_cached_is_read),
      fixture_test(a_file_that_was_cut_is_short),
      fixture_test(a_file_as_long_as_the_bound_ends_there),
      fixture_test(a_pipe_gives_what_it_has),
      fixture_test(a_number_used_again_is_another_file),
      fixture_test(all_else_is_as_libuv_says),
      fixture_test(a_file_for_writing_is_ebadf),
      fixture_test(a_bad_buffer_is_as_libuv_says),
      fixture_test(a_direct_file_is_the_pools),
      fixture_test(a_part_read_is_never_lost),
      cmocka_unit_test(without_memory_a_part_is_the_result),
      fixture_test(a_cancelled_scope_refuses),
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
