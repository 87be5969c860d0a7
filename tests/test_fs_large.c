/* SPDX-License-Identifier: MIT */
/* Sizes over 2 GiB and offsets over 4 GiB are exact. The files are holes, and
 * what is written goes to /dev/null. */
#include "support/fs_call.h"
#include "support/plug.h"
#include "support/shim/hole.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- helpers ---- */

static const int64_t gib = (int64_t)1 << 30;

/* Around what fits into 31 and 32 bits, and above. */
static const int64_t places[] = {INT32_MAX - 1,
                                 INT32_MAX,
                                 (int64_t)INT32_MAX + 1,
                                 (int64_t)UINT32_MAX - 1,
                                 UINT32_MAX,
                                 (int64_t)UINT32_MAX + 1,
                                 ((int64_t)5 << 30) + 7,
                                 ((int64_t)1 << 40) + 3};

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static int hole(int64_t size) {
  int fd = tmp_fd();
  assert_int_equal(ftruncate(fd, size), 0);
  return fd;
}

static int null(void) { return open("/dev/null", O_WRONLY | O_CLOEXEC); }

static int64_t size_of(struct fixture *f, int fd) {
  uv_stat_t st;
  assert_status(run(f, vt_fs_fstat(fd, &st)).status, 0);
  return (int64_t)st.st_size;
}

/* ---- offsets ---- */

static void bytes_stand_where_they_were_written(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    char back[4] = "";
    int fd = tmp_fd();
    assert_int_equal(run(f, vt_fs_write(fd, "abc", 3, places[i])).value.u, 3);
    assert_int_equal(size_of(f, fd), places[i] + 3);
    assert_int_equal(run(f, vt_fs_read(fd, back, 4, places[i])).value.u, 3);
    assert_string_equal(back, "abc");
    assert_int_equal(pread(fd, back, 1, (off_t)places[i] + 1), 1);
    assert_int_equal(back[0], 'b');
    close(fd);
  }
}

static void ftruncate_makes_the_exact_size(void **state) {
  struct fixture *f = *state;
  int fd = tmp_fd();
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    assert_status(run(f, vt_fs_ftruncate(fd, places[i])).status, 0);
    assert_int_equal(size_of(f, fd), places[i]);
  }
  close(fd);
}

/* ---- sizes ---- */

static void writev_counts_over_2_gib(void **state) {
  struct fixture *f = *state;
  size_t size = (size_t)gib;
  void *data = mmap(NULL, size, PROT_READ,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  int fd = null();
  uv_buf_t bufs[5];
  assert_ptr_not_equal(data, MAP_FAILED);
  for (int i = 0; i < 5; i++) {
    bufs[i].base = data;
    bufs[i].len = size;
  }
  vt_result_t r = run(f, vt_fs_writev(fd, bufs, 5, -1));
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 5 * size);
  munmap(data, size);
  close(fd);
}

static void sendfile_counts_over_2_gib(void **state) {
  struct fixture *f = *state;
  int in = hole(5 * gib), out = tmp_fd();
  hole_begin();
  vt_result_t r = run(f, vt_fs_sendfile(out, in, 3 * gib, (size_t)(2 * gib)));
  hole_end();
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, hole_copied()); /* what the kernel takes */
  assert_true(r.value.u > 0x7fff0000);
  assert_int_equal(size_of(f, out), r.value.i);
  r = run(f, vt_fs_sendfile(out, in, 5 * gib - 3, 10));
  assert_int_equal(r.value.u, 3);
  close(in);
  close(out);
}

/* Where the kernel cannot copy, libuv reads and writes until all is sent. */
static void sendfile_to_a_device_counts_over_2_gib(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  const struct fs_call call = {0};
  int64_t size = 2 * gib + 5;
  fs_place_open_in(&p, f, &call, tmp_memory());
  int out = null();
  assert_int_equal(ftruncate(p.fd, size + 1), 0);
  vt_result_t r = run(f, vt_fs_sendfile(out, p.fd, 1, (size_t)size));
  assert_status(r.status, 0);
  assert_int_equal(r.value.i, size);
  close(out);
  fs_place_close(&p);
}

static void copyfile_copies_5_gib(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  struct stat st;
  const struct fs_call call = {0};
  int64_t size = 5 * gib + 1;
  fs_place_open(&p, f, &call);
  assert_int_equal(ftruncate(p.fd, size), 0);
  hole_begin();
  vt_result_t r = run(f, vt_fs_copyfile(p.file, p.made, 0));
  hole_end();
  assert_status(r.status, 0);
  assert_int_equal(hole_copied(), size);
  assert_int_equal(stat(p.made, &st), 0);
  assert_int_equal(st.st_size, size);
  fs_place_close(&p);
}

static void stat_knows_the_exact_size(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  const struct fs_call call = {0};
  fs_place_open(&p, f, &call);
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    uv_stat_t st;
    assert_int_equal(ftruncate(p.fd, (off_t)places[i]), 0);
    assert_status(run(f, vt_fs_stat(p.file, &st)).status, 0);
    assert_int_equal(st.st_size, places[i]);
    assert_status(run(f, vt_fs_lstat(p.file, &st)).status, 0);
    assert_int_equal(st.st_size, places[i]);
  }
  fs_place_close(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(bytes_stand_where_they_were_written),
      fixture_test(ftruncate_makes_the_exact_size),
      fixture_test(writev_counts_over_2_gib),
      fixture_test(sendfile_counts_over_2_gib),
      fixture_test(sendfile_to_a_device_counts_over_2_gib),
      fixture_test(copyfile_copies_5_gib),
      fixture_test(stat_knows_the_exact_size),
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
