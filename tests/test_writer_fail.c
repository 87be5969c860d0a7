/* SPDX-License-Identifier: MIT */
/* The buffered writer over a file that fails, and without memory: what was
 * accepted is in the file or in the buffer, in order, and nothing twice. */
#include "support/fault.h"
#include "support/output.h"
#include "support/plug.h"
#include "support/shim/cut.h"
#include "support/tmp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* ---- it fails ---- */

static void bad_arguments_are_einval(void **state) {
  struct output o;
  (void)state;
  output_open(&o, -1);
  assert_int_equal(vt_writer_init(NULL, 1, 0, o.buffer, 1), UV_EINVAL);
  assert_int_equal(vt_writer_init(&o.w, 1, 0, NULL, 1), UV_EINVAL);
  assert_int_equal(vt_writer_init(&o.w, 1, 0, o.buffer, 0), UV_EINVAL);
  assert_int_equal(vt_writer_init(&o.w, 1, -2, o.buffer, 1), UV_EINVAL);
  vt_t v = vt_writer_write_all_async(&o.w, NULL, 1);
  assert_status(vt_get_result(v).status, UV_EINVAL);
  assert_status(vt_get_result(vt_writer_write_all_async(&o.w, NULL, 0)).status,
                0);
  close(o.fd);
}

static void an_error_is_sticky_and_keeps_the_bytes(void **state) {
  struct fixture *f = *state;
  struct output o;
  const uint8_t *rest;
  int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_int_equal(vt_writer_init(&o.w, full, -1, o.buffer, 16), 0);
  output_fill_buffer(&o, 0);
  vt_t v = vt_writer_write_async(&o.w, 99);
  assert_status(run(f, v).status, UV_ENOSPC);
  assert_int_equal(o.w.error, UV_ENOSPC);
  output_assert_refuses(&o, UV_ENOSPC);
  assert_int_equal(vt_writer_unwritten(&o.w, &rest), 16);
  for (size_t i = 0; i < 16; i++)
    assert_int_equal(rest[i], output_byte(i));
  assert_int_equal(vt_writer_resume(&o.w), 0);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, UV_ENOSPC);
  v = vt_writer_close_async(&o.w);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_ENOSPC);
  assert_int_equal(vt_writer_unwritten(&o.w, &rest), 16);
  output_assert_refuses(&o, UV_EBADF);
  close(full);
}

static void close_gives_the_first_error(void **state) {
  struct fixture *f = *state;
  struct output o;
  const uint8_t *rest;
  int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_int_equal(vt_writer_init(&o.w, full, -1, o.buffer, 16), 0);
  output_fill_buffer(&o, 0);
  assert_status(run(f, vt_writer_close_async(&o.w)).status, UV_ENOSPC);
  assert_int_equal(vt_writer_unwritten(&o.w, &rest), 16);
  output_assert_refuses(&o, UV_EBADF);
  close(full);
}

static void discarded_the_writer_begins_anew(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, 0);
  output_fill_buffer(&o, 100);
  cut_begin(o.fd, 0, 0, ENOSPC);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, UV_ENOSPC);
  cut_end();
  assert_int_equal(vt_writer_discard(&o.w), 0);
  output_fill_buffer(&o, 0);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, 16);
  output_close(f, &o);
}

static void a_file_that_takes_nothing_is_eio(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, 0);
  output_fill_buffer(&o, 0);
  cut_begin(o.fd, 0, 5, 0);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, UV_EIO);
  cut_end();
  output_assert_kept(&o, 16);
  output_close(f, &o);
}

/* The size limit of files: a part is taken, the next call fails. */
static void past_the_size_limit_the_rest_is_kept(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct rlimit before, low;
  uint8_t data[100];
  output_open(&o, -1);
  output_fill(data, sizeof data);
  getrlimit(RLIMIT_FSIZE, &before);
  low = before;
  low.rlim_cur = 53;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &low);
  vt_result_t r = run(f, vt_writer_write_all_async(&o.w, data, 100));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_DFL);
  assert_status(r.status, UV_EFBIG);
  size_t taken = vt_writer_taken(&o.w);
  assert_int_equal(taken, 53);
  output_assert_kept(&o, taken);
  assert_int_equal(vt_writer_resume(&o.w), 0);
  r = run(f, vt_writer_write_all_async(&o.w, data + taken, 100 - taken));
  assert_status(r.status, 0);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, 100);
  output_close(f, &o);
}

/* The device is full after each number of bytes in turn, and has room again. */
static void resumed_at_each_byte_it_goes_on_there(void **state) {
  enum { SIZE = 90 };
  struct fixture *f = *state;
  uint8_t data[SIZE];
  output_fill(data, SIZE);
  for (size_t space = 0; space <= SIZE; space++) {
    for (size_t block = 1; block <= 41; block += 8) {
      struct output o;
      size_t at = 0;
      output_open(&o, space % 2 == 0 ? 0 : -1);
      cut_begin(o.fd, 1 + space % 7, space, ENOSPC);
      while (at < SIZE) {
        size_t size = SIZE - at < block ? SIZE - at : block;
        vt_t v = vt_writer_write_all_async(&o.w, data + at, size);
        vt_result_t r = run(f, v);
        at += vt_writer_taken(&o.w);
        output_assert_kept(&o, at);
        if (r.status == 0)
          continue;
        assert_status(r.status, UV_ENOSPC);
        cut_end();
        assert_int_equal(vt_writer_resume(&o.w), 0);
      }
      cut_end();
      vt_writer_resume(&o.w);
      assert_status(run(f, vt_writer_close_async(&o.w)).status, 0);
      output_assert_file(&o, SIZE);
      close(o.fd);
    }
  }
}

static void without_a_loop_a_full_one_is_enoloop(void **state) {
  struct output o;
  (void)state;
  output_open(&o, 0);
  output_fill_buffer(&o, 0); /* needs none */
  vt_t v = vt_writer_write_async(&o.w, output_byte(16));
  assert_status(vt_get_result(v).status, VT_ENOLOOP);
  assert_status(vt_get_result(vt_writer_flush_async(&o.w)).status, VT_ENOLOOP);
  assert_int_equal(o.w.error, 0);
  output_assert_kept(&o, 16);
  close(o.fd);
}

/* ---- without memory ---- */

/* Writes data with memory that runs out, and then the rest of it with memory
 * that is there again. NULL, or what went wrong. */
static const char *write_twice(struct fixture *f, struct output *o,
                               const uint8_t *data, size_t size) {
  size_t at = 0;
  for (int tries = 0; at < size; tries++) {
    size_t part = size - at < 30 ? size - at : 30;
    vt_result_t r = run(f, vt_writer_write_all_async(&o->w, data + at, part));
    at += vt_writer_taken(&o->w);
    if (r.status == 0)
      continue;
    if (r.status != UV_ENOMEM || tries > 100)
      return "an error that is not ENOMEM";
    fault_disarm();
    fixture_run(f);
  }
  int64_t status = run(f, vt_writer_flush_async(&o->w)).status;
  if (status == UV_ENOMEM) {
    fault_disarm();
    fixture_run(f);
    status = run(f, vt_writer_flush_async(&o->w)).status;
  }
  return status == 0 ? NULL : "not flushed";
}

static const char *writer_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  struct output o;
  uint8_t data[200], back[300];
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  output_fill(data, sizeof data);
  o.fd = tmp_fd();
  vt_writer_init(&o.w, o.fd, 0, o.buffer, sizeof o.buffer);
  fault_arm(n, mode);
  problem = write_twice(&f, &o, data, sizeof data);
  fault_disarm();
  size_t size = tmp_read(o.fd, back, sizeof back);
  if (!problem && (size != sizeof data || memcmp(back, data, size) != 0))
    problem = "not the bytes that were written";
  run(&f, vt_writer_close_async(&o.w));
  close(o.fd);
  const char *left = fixture_close(&f);
  return problem ? problem : left;
}

static void without_memory_no_byte_is_lost_or_doubled(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(writer_scenario);
  if (problem)
    fail_msg("%s", problem);
}

static const char *close_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  struct output o;
  const uint8_t *rest;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  o.fd = tmp_fd();
  vt_writer_init(&o.w, o.fd, 0, o.buffer, sizeof o.buffer);
  vt_forget(vt_writer_write_async(&o.w, 1));
  fault_arm(n, mode);
  int64_t status = run(&f, vt_writer_close_async(&o.w)).status;
  fault_disarm();
  size_t left = vt_writer_unwritten(&o.w, &rest);
  close(o.fd);
  if (status != (left == 1 ? UV_ENOMEM : 0))
    return "neither written nor kept";
  if (vt_status(vt_writer_close_async(&o.w)) != UV_EBADF)
    return "not closed";
  return fixture_close(&f);
}

static void without_memory_a_close_keeps_the_bytes(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(close_scenario);
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(bad_arguments_are_einval),
      fixture_test(an_error_is_sticky_and_keeps_the_bytes),
      fixture_test(close_gives_the_first_error),
      fixture_test(discarded_the_writer_begins_anew),
      fixture_test(a_file_that_takes_nothing_is_eio),
      fixture_test(past_the_size_limit_the_rest_is_kept),
      fixture_test(resumed_at_each_byte_it_goes_on_there),
      cmocka_unit_test(without_a_loop_a_full_one_is_enoloop),
      cmocka_unit_test(without_memory_no_byte_is_lost_or_doubled),
      cmocka_unit_test(without_memory_a_close_keeps_the_bytes),
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
