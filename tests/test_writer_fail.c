/* SPDX-License-Identifier: MIT */
/* The buffered writer over a file that fails: what was accepted is in the file
 * or in the buffers, in order, and nothing twice. */
#include "support/output.h"
#include "support/plug.h"
#include "support/shim/cut.h"
#include "support/sink.h"
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

/* The writer over a device that is always full. */
static void open_full(struct output *o) {
  output_open_file(o, open("/dev/full", O_WRONLY | O_CLOEXEC), -1);
}

static void assert_holds(const vt_writer_t *w, size_t size) {
  uv_buf_t rest[2];
  assert_int_equal(vt_writer_unwritten(w, rest), size);
  size_t at = 0;
  for (int i = 0; i < 2; i++) {
    for (size_t n = 0; n < rest[i].len; n++)
      assert_int_equal((uint8_t)rest[i].base[n], output_byte(at++));
  }
  assert_int_equal(at, size);
}

/* ---- it fails ---- */

static void bad_arguments_are_einval(void **state) {
  struct output o;
  vt_writer_options_t low = {.size = 8, .low = 17};
  vt_byte_stream_t none = {NULL};
  (void)state;
  output_open(&o, -1);
  assert_int_equal(vt_writer_init(NULL, &o.file.base, NULL), UV_EINVAL);
  assert_int_equal(vt_writer_init(&o.w, NULL, NULL), UV_EINVAL);
  assert_int_equal(vt_writer_init(&o.w, &none, NULL), UV_EINVAL);
  assert_int_equal(vt_writer_init(&o.w, &o.file.base, &low), UV_EINVAL);
  assert_int_equal(vt_byte_file_init(&o.file, o.fd, -2), UV_EINVAL);
  assert_int_equal(vt_byte_file_init(NULL, o.fd, 0), UV_EINVAL);
  assert_int_equal(vt_byte_socket_init(NULL, NULL), UV_EINVAL);
  vt_t all[] = {vt_writer_write_all_async(&o.w, NULL, 1),
                vt_writer_write_copy_async(&o.w, NULL, 1),
                vt_writer_writev_async(&o.w, NULL, 1),
                vt_writer_printf_async(&o.w, NULL),
                vt_writer_flush_async(NULL),
                vt_writer_sync_async(NULL),
                vt_writer_close_async(NULL)};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    assert_status(vt_get_result(all[i]).status, UV_EINVAL);
  assert_int_equal(vt_writer_resume(NULL), UV_EINVAL);
  assert_int_equal(vt_writer_discard(NULL), UV_EINVAL);
  assert_status(vt_get_result(vt_writer_write_all_async(&o.w, NULL, 0)).status,
                0);
  close(o.fd);
}

static void what_a_stream_has_not_is_enotsup(void **state) {
  static const vt_byte_stream_ops_t nothing = {.write = NULL};
  struct fixture *f = *state;
  vt_byte_stream_t s = {&nothing};
  vt_writer_t w;
  assert_int_equal(vt_writer_init(&w, &s, NULL), 0);
  assert_status(run(f, vt_writer_sync_async(&w)).status, 0);
  vt_forget(vt_writer_write_async(&w, 1));
  assert_status(run(f, vt_writer_flush_async(&w)).status, UV_ENOTSUP);
  assert_status(run(f, vt_writer_close_async(&w)).status, UV_ENOTSUP);
  assert_int_equal(vt_writer_discard(&w), 0);
}

static void an_error_is_sticky_and_keeps_the_bytes(void **state) {
  struct fixture *f = *state;
  struct output o;
  open_full(&o);
  output_fill_buffer(&o, 0);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, UV_ENOSPC);
  assert_int_equal(o.w.error, UV_ENOSPC);
  output_assert_refuses(&o, UV_ENOSPC);
  assert_holds(&o.w, 16);
  assert_int_equal(vt_writer_resume(&o.w), 0);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, UV_ENOSPC);
  assert_status(run(f, vt_writer_close_async(&o.w)).status, UV_ENOSPC);
  assert_holds(&o.w, 16);
  output_assert_refuses(&o, UV_EBADF);
  assert_int_equal(vt_writer_discard(&o.w), 0);
  assert_holds(&o.w, 0);
  close(o.fd);
}

/* All that waits is told, each once, and what they brought is known. */
static void an_error_is_told_to_all_that_wait(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen[5] = {0};
  struct plug plug;
  uint8_t data[48];
  output_open(&o, 0);
  output_fill(data, sizeof data);
  cut_begin(o.fd, 0, 0, ENOSPC);
  plug_in(&plug, &f->uv);
  vt_await(vt_writer_write_all_async(&o.w, data, 12), seen_k, &seen[0]);
  vt_await(vt_writer_flush_async(&o.w), seen_k, &seen[1]);
  vt_await(vt_writer_write_all_async(&o.w, data + 12, 36), seen_k, &seen[2]);
  vt_await(vt_writer_sync_async(&o.w), seen_k, &seen[3]);
  vt_await(vt_writer_write_all_async(&o.w, data, 3), seen_k, &seen[4]);
  plug_out(&plug);
  assert_true(fixture_run(f));
  cut_end();
  assert_seen_int(&seen[0], 12);
  assert_seen_status(&seen[1], UV_ENOSPC);
  assert_int_equal(seen[2].result.status, UV_ENOSPC);
  assert_seen_status(&seen[3], UV_ENOSPC);
  assert_int_equal(seen[4].result.status, UV_ENOSPC);
  assert_int_equal(seen[4].result.value.u, 0);
  output_assert_kept(&o, 12 + (size_t)seen[2].result.value.u);
  output_close(f, &o);
}

static void close_gives_the_first_error(void **state) {
  struct fixture *f = *state;
  struct output o;
  open_full(&o);
  output_fill_buffer(&o, 0);
  assert_status(run(f, vt_writer_close_async(&o.w)).status, UV_ENOSPC);
  assert_holds(&o.w, 16);
  output_assert_refuses(&o, UV_EBADF);
  assert_int_equal(vt_writer_discard(&o.w), 0);
  close(o.fd);
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

static void bytes_under_way_are_not_discarded(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct plug plug;
  output_open(&o, 0);
  plug_in(&plug, &f->uv);
  output_fill_buffer(&o, 0);
  vt_forget(vt_writer_flush_async(&o.w));
  assert_int_equal(vt_writer_discard(&o.w), UV_EBUSY);
  plug_out(&plug);
  assert_true(fixture_run(f));
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
  assert_int_equal(vt_writer_resume(&o.w), 0);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, 16);
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
  size_t taken = (size_t)r.value.u;
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
        at += (size_t)r.value.u;
        fixture_run(f);
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

/* ---- sync ---- */

static void a_failed_sync_poisons_for_good(void **state) {
  struct fixture *f = *state;
  struct sink *s = test_malloc(sizeof *s);
  vt_writer_t w;
  vt_writer_options_t options = {.flags = VT_WRITER_OWNS};
  for (int later = 0; later < 2; later++) {
    sink_init(s);
    s->later = later;
    s->sync_fails = UV_EIO;
    assert_int_equal(vt_writer_init(&w, &s->base, &options), 0);
    vt_forget(vt_writer_write_async(&w, 1));
    assert_status(run(f, vt_writer_sync_async(&w)).status, UV_EIO);
    s->sync_fails = 0; /* the kernel's success, the next time */
    assert_int_equal(vt_writer_resume(&w), UV_EIO);
    assert_int_equal(vt_writer_discard(&w), UV_EIO);
    assert_status(run(f, vt_writer_sync_async(&w)).status, UV_EIO);
    assert_status(run(f, vt_writer_write_async(&w, 2)).status, UV_EIO);
    assert_int_equal(s->syncs, 1);
    assert_status(run(f, vt_writer_close_async(&w)).status, UV_EIO);
    assert_int_equal(s->closes, 1);
  }
  test_free(s);
}

/* Without memory nothing was asked of the device. */
static void a_sync_without_memory_poisons_nothing(void **state) {
  struct fixture *f = *state;
  struct sink *s = test_malloc(sizeof *s);
  vt_writer_t w;
  sink_init(s);
  s->sync_fails = UV_ENOMEM;
  assert_int_equal(vt_writer_init(&w, &s->base, NULL), 0);
  vt_forget(vt_writer_write_async(&w, 1));
  assert_status(run(f, vt_writer_sync_async(&w)).status, UV_ENOMEM);
  s->sync_fails = 0;
  assert_status(run(f, vt_writer_sync_async(&w)).status, 0);
  assert_int_equal(s->synced, 1);
  assert_status(run(f, vt_writer_close_async(&w)).status, 0);
  test_free(s);
}

/* ---- without a loop ---- */

static void without_a_loop_a_flush_is_enoloop(void **state) {
  struct output o;
  (void)state;
  output_open(&o, 0);
  vt_forget(vt_writer_write_async(&o.w, output_byte(0)));
  assert_status(vt_get_result(vt_writer_flush_async(&o.w)).status, VT_ENOLOOP);
  assert_status(vt_get_result(vt_writer_sync_async(&o.w)).status, VT_ENOLOOP);
  for (size_t i = 1; i < 2 * OUTPUT_BUFFER; i++)
    assert_true(vt_is_succeeded(vt_writer_write_async(&o.w, output_byte(i))));
  vt_t v = vt_writer_write_async(&o.w, output_byte(32));
  assert_status(vt_get_result(v).status, VT_ENOLOOP);
  assert_int_equal(o.w.error, 0);
  output_assert_kept(&o, 32);
  assert_status(vt_get_result(vt_writer_close_async(&o.w)).status, VT_ENOLOOP);
  assert_int_equal(o.w.error, 0);
  struct fixture f;
  assert_null(fixture_open(&f));
  assert_status(run(&f, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, 32);
  output_close(&f, &o);
  fixture_close(&f); /* the buffers were there before its count */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(bad_arguments_are_einval),
      fixture_test(what_a_stream_has_not_is_enotsup),
      fixture_test(an_error_is_sticky_and_keeps_the_bytes),
      fixture_test(an_error_is_told_to_all_that_wait),
      fixture_test(close_gives_the_first_error),
      fixture_test(discarded_the_writer_begins_anew),
      fixture_test(bytes_under_way_are_not_discarded),
      fixture_test(a_file_that_takes_nothing_is_eio),
      fixture_test(past_the_size_limit_the_rest_is_kept),
      fixture_test(resumed_at_each_byte_it_goes_on_there),
      fixture_test(a_failed_sync_poisons_for_good),
      fixture_test(a_sync_without_memory_poisons_nothing),
      cmocka_unit_test(without_a_loop_a_flush_is_enoloop),
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
