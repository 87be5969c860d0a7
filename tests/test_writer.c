/* SPDX-License-Identifier: MIT */
/* The buffered writer over a file that takes what it is given, at once or in
 * pieces. The pool has one thread here, so that a flush can be held in its
 * queue. */
#include "support/output.h"
#include "support/plug.h"
#include "support/shim/cut.h"
#include "support/tmp.h"

#include <string.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* Writes count bytes one after the other. */
struct bytes_frame {
  vt_frame_t vt;
  vt_writer_t *w;
  size_t next, count;
};

static vt_t bytes_body(void *frame) {
  struct bytes_frame *f = frame;
  VT_BEGIN(f);
  for (; f->next < f->count; f->next++)
    VT_TRY(f, vt_writer_write_async(f->w, output_byte(f->next)));
  VT_RETURN(f, vt_writer_flush_async(f->w));
  VT_END(f);
}

/* ---- it works ---- */

static void bytes_keep_their_order(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, -1);
  struct bytes_frame frame = {.w = &o.w, .count = 3000};
  assert_status(run(f, vt_start(&frame, bytes_body)).status, 0);
  output_assert_file(&o, 3000);
  output_close(f, &o);
}

static void an_exact_fit_is_in_hand(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, -1);
  output_fill_buffer(&o, 0);
  assert_int_equal(o.w.count, OUTPUT_BUFFER);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, 16);
  output_close(f, &o);
}

static void writing_goes_on_while_a_buffer_is_flushed(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen = {0};
  struct plug plug;
  output_open(&o, -1);
  plug_in(&plug, &f->uv);
  output_fill_buffer(&o, 0);
  output_fill_buffer(&o, OUTPUT_BUFFER);
  vt_t v = vt_writer_write_async(&o.w, output_byte(2 * OUTPUT_BUFFER));
  assert_false(vt_in_hand(v));
  vt_await(v, seen_k, &seen);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
  output_assert_kept(&o, 2 * OUTPUT_BUFFER + 1);
  output_close(f, &o);
}

static void a_block_that_fits_is_copied(void **state) {
  struct fixture *f = *state;
  struct output o;
  uint8_t data[16];
  output_open(&o, -1);
  output_fill(data, 16);
  vt_t v = vt_writer_write_all_async(&o.w, data, 16);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 16);
  memset(data, 0, 16);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, 16);
  output_close(f, &o);
}

static void blocks_of_all_sizes_keep_their_order(void **state) {
  struct fixture *f = *state;
  struct output o;
  uint8_t data[4096];
  size_t at = 0;
  output_open(&o, 0);
  output_fill(data, sizeof data);
  for (size_t size = 0; at + size <= sizeof data;
       at += size, size = size * 5 % 71 + 1) {
    vt_result_t r = run(f, vt_writer_write_all_async(&o.w, data + at, size));
    assert_status(r.status, 0);
    assert_int_equal(r.value.u, size);
  }
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, 0);
  output_assert_file(&o, at);
  output_close(f, &o);
}

static void a_large_block_passes_the_buffer_by(void **state) {
  struct fixture *f = *state;
  struct output o;
  uint8_t data[1000];
  output_open(&o, 0);
  output_fill(data, sizeof data);
  cut_begin(o.fd, 0, SIZE_MAX, 0);
  vt_result_t r = run(f, vt_writer_write_all_async(&o.w, data, sizeof data));
  int calls = cut_calls();
  cut_end();
  assert_int_equal(r.value.u, sizeof data);
  assert_int_equal(calls, 1);
  output_assert_file(&o, sizeof data);
  output_close(f, &o);
}

static void short_writes_are_continued(void **state) {
  struct fixture *f = *state;
  uint8_t data[100];
  output_fill(data, sizeof data);
  for (size_t piece = 1; piece <= 20; piece++) {
    for (int64_t offset = -1; offset <= 0; offset++) {
      struct output o;
      output_open(&o, offset);
      cut_begin(o.fd, piece, SIZE_MAX, 0);
      vt_result_t r = run(f, vt_writer_write_all_async(&o.w, data, 7));
      assert_status(r.status, 0);
      r = run(f, vt_writer_write_all_async(&o.w, data + 7, 93));
      assert_status(r.status, 0);
      assert_status(run(f, vt_writer_flush_async(&o.w)).status, 0);
      cut_end();
      output_assert_file(&o, 100);
      output_close(f, &o);
    }
  }
}

static void an_offset_is_kept(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, 5);
  output_fill_buffer(&o, 5);
  assert_status(run(f, vt_writer_flush_async(&o.w)).status, 0);
  assert_int_equal(o.file.offset, 21);
  assert_int_equal(lseek(o.fd, 0, SEEK_CUR), 0);
  for (size_t i = 0; i < 5; i++) {
    uint8_t byte = output_byte(i);
    assert_int_equal(pwrite(o.fd, &byte, 1, (off_t)i), 1);
  }
  output_assert_file(&o, 21);
  output_close(f, &o);
}

static void a_flush_of_nothing_is_in_hand(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, -1);
  assert_true(vt_equal(vt_writer_flush_async(&o.w), vt_done()));
  output_close(f, &o);
}

static void bytes_that_fit_allocate_nothing(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, -1);
  struct bytes_frame warm = {.w = &o.w, .count = 100};
  run(f, vt_start(&warm, bytes_body));
  uint64_t before = fixture_allocations();
  struct bytes_frame frame = {.w = &o.w, .next = 100, .count = 400};
  run(f, vt_start(&frame, bytes_body));
  assert_int_equal(fixture_allocations(), before);
  output_assert_file(&o, 400);
  output_close(f, &o);
}

static void close_flushes_and_ends(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, -1);
  output_fill_buffer(&o, 0);
  assert_status(run(f, vt_writer_close_async(&o.w)).status, 0);
  output_assert_file(&o, 16);
  output_assert_refuses(&o, UV_EBADF);
  assert_status(vt_get_result(vt_writer_close_async(&o.w)).status, UV_EBADF);
  assert_int_equal(vt_writer_resume(&o.w), UV_EBADF);
  assert_int_equal(vt_writer_discard(&o.w), 0);
  close(o.fd);
}

/* ---- several, cancelled, forgotten ---- */

static void waiting_writes_keep_their_order(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen[10] = {0};
  uint8_t data[400];
  output_open(&o, 0);
  output_fill(data, sizeof data);
  for (size_t i = 0; i < 10; i++)
    vt_await(vt_writer_write_all_async(&o.w, data + i * 40, 40), seen_k,
             &seen[i]);
  assert_true(fixture_run(f));
  for (size_t i = 0; i < 10; i++)
    assert_seen_int(&seen[i], 40);
  output_assert_kept(&o, 400);
  output_close(f, &o);
}

static void a_hit_never_overtakes(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen[2] = {0};
  uint8_t data[50];
  output_open(&o, 0);
  output_fill(data, sizeof data);
  vt_await(vt_writer_write_all_async(&o.w, data, 49), seen_k, &seen[0]);
  assert_int_equal(seen[0].count, 0);
  vt_await(vt_writer_write_async(&o.w, data[49]), seen_k, &seen[1]);
  assert_int_equal(seen[1].count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen[0], 49);
  assert_seen_status(&seen[1], 0);
  output_assert_kept(&o, 50);
  output_close(f, &o);
}

static void all_flushes_and_closes_complete(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen[4] = {0};
  output_open(&o, -1);
  output_fill_buffer(&o, 0);
  for (size_t i = 0; i < 4; i++)
    vt_await(i < 2 ? vt_writer_flush_async(&o.w) : vt_writer_close_async(&o.w),
             seen_k, &seen[i]);
  output_assert_refuses(&o, UV_EBADF);
  assert_true(fixture_run(f));
  for (size_t i = 0; i < 4; i++)
    assert_seen_status(&seen[i], 0);
  output_assert_file(&o, 16);
  close(o.fd);
}

/* The flush goes on: only the wait for it ends. */
static void a_cancelled_flush_stops_waiting(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen = {0};
  struct plug plug;
  output_open(&o, -1);
  plug_in(&plug, &f->uv);
  output_fill_buffer(&o, 0);
  vt_t v = vt_writer_flush_async(&o.w);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  fixture_turn(f);
  assert_seen_status(&seen, UV_ECANCELED);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_int_equal(o.w.error, 0);
  output_assert_file(&o, 16);
  output_close(f, &o);
}

static void a_cancelled_byte_is_not_taken(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen = {0};
  struct plug plug;
  output_open(&o, 0);
  plug_in(&plug, &f->uv);
  output_fill_buffer(&o, 0);
  output_fill_buffer(&o, 16);
  vt_t v = vt_writer_write_async(&o.w, 99);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(run(f, vt_writer_write_async(&o.w, output_byte(32))).status, 0);
  output_assert_kept(&o, 33);
  output_close(f, &o);
}

static void a_cancelled_block_says_what_it_took(void **state) {
  struct fixture *f = *state;
  struct output o;
  struct seen seen = {0};
  struct plug plug;
  uint8_t data[100];
  output_open(&o, 0);
  output_fill(data, sizeof data);
  run(f, vt_writer_write_all_async(&o.w, data, 10));
  plug_in(&plug, &f->uv);
  vt_t v = vt_writer_write_all_async(&o.w, data + 10, 90);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_int_equal(seen.result.status, UV_ECANCELED);
  size_t taken = (size_t)seen.result.value.u;
  output_assert_kept(&o, 10 + taken);
  run(f, vt_writer_write_all_async(&o.w, data + 10 + taken, 90 - taken));
  output_assert_kept(&o, 100);
  output_close(f, &o);
}

static void a_forgotten_flush_goes_on(void **state) {
  struct fixture *f = *state;
  struct output o;
  output_open(&o, -1);
  output_fill_buffer(&o, 0);
  vt_forget(vt_writer_flush_async(&o.w));
  assert_true(fixture_run(f));
  output_assert_file(&o, 16);
  assert_true(vt_in_hand(vt_writer_write_async(&o.w, output_byte(16))));
  output_close(f, &o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(bytes_keep_their_order),
      fixture_test(an_exact_fit_is_in_hand),
      fixture_test(writing_goes_on_while_a_buffer_is_flushed),
      fixture_test(a_block_that_fits_is_copied),
      fixture_test(blocks_of_all_sizes_keep_their_order),
      fixture_test(a_large_block_passes_the_buffer_by),
      fixture_test(short_writes_are_continued),
      fixture_test(an_offset_is_kept),
      fixture_test(a_flush_of_nothing_is_in_hand),
      fixture_test(bytes_that_fit_allocate_nothing),
      fixture_test(close_flushes_and_ends),
      fixture_test(waiting_writes_keep_their_order),
      fixture_test(a_hit_never_overtakes),
      fixture_test(all_flushes_and_closes_complete),
      fixture_test(a_cancelled_flush_stops_waiting),
      fixture_test(a_cancelled_byte_is_not_taken),
      fixture_test(a_cancelled_block_says_what_it_took),
      fixture_test(a_forgotten_flush_goes_on),
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
