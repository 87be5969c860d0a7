/* SPDX-License-Identifier: MIT */
/* The buffered writer over a stream in memory: when bytes are handed on, who
 * waits, what is copied, and the ends of it. */
#include "support/output.h"
#include "support/sink.h"

#include <stdio.h>
#include <string.h>

/* ---- helpers ---- */

/* The sink has the first size bytes, each once. */
static void assert_came(const struct flow *flow, size_t size) {
  assert_int_equal(flow->sink.count, size);
  for (size_t i = 0; i < size; i++)
    assert_int_equal(flow->sink.bytes[i], output_byte(i));
}

static void put(struct flow *flow, size_t from, size_t to) {
  for (size_t i = from; i < to; i++)
    assert_true(
        vt_is_succeeded(vt_writer_write_async(&flow->w, output_byte(i))));
}

/* ---- when bytes are handed on ---- */

static void corked_the_writes_of_a_turn_are_one_call(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.flags = VT_WRITER_CORK};
  struct flow *flow = flow_open(&options);
  for (size_t turn = 0; turn < 5; turn++) {
    put(flow, turn * 100, turn * 100 + 100);
    assert_int_equal(flow->sink.writes, turn);
    assert_true(fixture_run(f));
    assert_int_equal(flow->sink.writes, turn + 1);
    assert_came(flow, turn * 100 + 100);
  }
  flow_close(f, flow);
}

static void without_delay_each_write_is_a_call(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.flags = VT_WRITER_NODELAY};
  struct flow *flow = flow_open(&options);
  put(flow, 0, 10);
  assert_int_equal(flow->sink.writes, 10);
  assert_came(flow, 10);
  flow->sink.later = true; /* and those while one is under way are the next */
  put(flow, 10, 20);
  assert_true(fixture_run(f));
  assert_int_equal(flow->sink.writes, 12);
  assert_came(flow, 20);
  flow_close(f, flow);
}

static void unasked_only_a_full_buffer_goes(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 8};
  struct flow *flow = flow_open(&options);
  put(flow, 0, 8);
  assert_true(fixture_run(f));
  assert_int_equal(flow->sink.writes, 0);
  put(flow, 8, 9);
  assert_came(flow, 8);
  flow_close(f, flow);
}

/* ---- marks ---- */

static void above_high_a_write_waits_until_low(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 16, .high = 20, .low = 4};
  struct flow *flow = flow_open(&options);
  struct seen seen = {0};
  flow->sink.later = true;
  flow->sink.most = 3;
  put(flow, 0, 20);
  vt_await(vt_writer_write_async(&flow->w, output_byte(20)), seen_k, &seen);
  size_t held = 20;
  for (int i = 0; i < 40 && seen.count == 0; i++) {
    uv_buf_t rest[2];
    fixture_turn(f);
    if (seen.count == 0)
      held = vt_writer_unwritten(&flow->w, rest);
  }
  assert_seen_status(&seen, 0);
  assert_in_range(held, 0, 7); /* low, and the piece before it */
  assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
  assert_came(flow, 21);
  flow_close(f, flow);
}

static void what_is_larger_than_high_is_let_in_alone(void **state) {
  struct fixture *f = *state;
  uint8_t data[200];
  output_fill(data, sizeof data);
  for (size_t size = 9; size <= 200; size++) {
    vt_writer_options_t options = {.size = 16, .high = 10};
    struct flow *flow = flow_open(&options);
    flow->sink.later = size % 2;
    flow->sink.most = size % 7;
    put(flow, 0, 3);
    vt_t v = vt_writer_write_all_async(&flow->w, data + 3, size - 3);
    assert_int_equal(flow_run(f, v), 0);
    assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
    assert_came(flow, size);
    flow_close(f, flow);
  }
}

/* ---- what is copied ---- */

static void a_large_block_is_not_copied(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 16};
  struct flow *flow = flow_open(&options);
  uint8_t data[500];
  output_fill(data, sizeof data);
  assert_int_equal(flow_run(f, vt_writer_write_all_async(&flow->w, data, 100)),
                   0);
  assert_int_equal(flow->sink.writes, 1);
  assert_ptr_equal(flow->sink.from, data);
  put(flow, 100, 110);
  vt_t v = vt_writer_write_all_async(&flow->w, data + 110, 390);
  assert_int_equal(flow_run(f, v), 0);
  assert_int_equal(flow->sink.writes, 2); /* with what was buffered before it */
  assert_int_equal(flow->sink.blocks, 2);
  assert_ptr_equal(flow->sink.from, data + 110);
  assert_came(flow, 500);
  flow_close(f, flow);
}

static void a_copy_is_taken_before_the_call_returns(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 4};
  struct seen seen[30] = {0};
  struct flow *flow = flow_open(&options);
  size_t at = 0;
  flow->sink.later = true;
  for (size_t i = 0; i < 30; i++) {
    uint8_t data[40];
    for (size_t n = 0; n <= i; n++)
      data[n] = output_byte(at + n);
    vt_await(vt_writer_write_copy_async(&flow->w, data, i + 1), seen_k,
             &seen[i]);
    memset(data, 0, sizeof data);
    at += i + 1;
  }
  assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
  assert_true(fixture_run(f));
  for (int i = 0; i < 30; i++)
    assert_seen_int(&seen[i], i + 1);
  assert_came(flow, at);
  flow_close(f, flow);
}

static void text_is_printed_on_hit_and_on_miss(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 20};
  struct flow *flow = flow_open(&options);
  char all[2000] = "";
  size_t at = 0;
  for (int i = 0; i < 60; i++) {
    char word[40];
    flow->sink.later = i % 3 == 0;
    memset(word, 'a' + i % 26, sizeof word);
    at += (size_t)snprintf(all + at, sizeof all - at, "%d=%.*s;", i, i % 40,
                           word);
    vt_t v = vt_writer_printf_async(&flow->w, "%d=%.*s;", i, i % 40, word);
    memset(word, 0, sizeof word);
    assert_int_equal(flow_run(f, v), 0);
  }
  assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
  assert_int_equal(flow->sink.count, at);
  assert_memory_equal(flow->sink.bytes, all, at);
  assert_status(vt_status(vt_writer_printf_async(&flow->w, "%s", "")), 0);
  flow_close(f, flow);
}

static void blocks_keep_their_order(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 8};
  uint8_t data[60];
  output_fill(data, sizeof data);
  for (size_t cut = 0; cut <= 60; cut++) {
    for (size_t piece = 0; piece < 5; piece++) {
      struct flow *flow = flow_open(&options);
      uv_buf_t blocks[4] = {
          {.base = (char *)data, .len = cut / 2},
          {.base = NULL, .len = 0},
          {.base = (char *)data + cut / 2, .len = cut - cut / 2},
          {.base = (char *)data + cut, .len = 60 - cut}};
      flow->sink.later = piece % 2;
      flow->sink.most = piece;
      vt_t v = vt_writer_writev_async(&flow->w, blocks, 4);
      assert_int_equal(flow_run(f, v), 0);
      assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
      assert_came(flow, 60);
      flow_close(f, flow);
    }
  }
}

/* More blocks than a stream is given at once. */
static void many_blocks_go_in_several_calls(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 8};
  struct flow *flow = flow_open(&options);
  uint8_t data[100];
  uv_buf_t blocks[100];
  output_fill(data, sizeof data);
  for (size_t i = 0; i < 100; i++)
    blocks[i] = (uv_buf_t){.base = (char *)data + i, .len = 1};
  assert_int_equal(flow_run(f, vt_writer_writev_async(&flow->w, blocks, 100)),
                   0);
  assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
  assert_came(flow, 100);
  assert_in_range(flow->sink.writes, 7, 8);
  flow_close(f, flow);
}

/* ---- sync ---- */

static void a_sync_is_in_hand_when_all_is_there(void **state) {
  struct fixture *f = *state;
  struct flow *flow = flow_open(NULL);
  assert_true(vt_equal(vt_writer_sync_async(&flow->w), vt_done()));
  put(flow, 0, 3);
  flow->sink.later = true;
  vt_t v = vt_writer_sync_async(&flow->w);
  assert_false(vt_in_hand(v));
  assert_int_equal(flow_run(f, v), 0);
  assert_int_equal(flow->sink.synced, 3);
  assert_true(vt_equal(vt_writer_sync_async(&flow->w), vt_done()));
  assert_int_equal(flow->sink.syncs, 1);
  flow_close(f, flow);
}

static void both_buffers_are_filled_during_a_sync(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 8};
  struct flow *flow = flow_open(&options);
  struct seen seen = {0};
  put(flow, 0, 3);
  flow->sink.later = true;
  vt_await(vt_writer_sync_async(&flow->w), seen_k, &seen);
  assert_int_equal(flow_run(f, vt_yield()), 0);
  while (flow->sink.syncs == 0)
    fixture_turn(f);
  put(flow, 3, 19);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
  assert_int_equal(flow->sink.synced, 3);
  assert_int_equal(flow_run(f, vt_writer_sync_async(&flow->w)), 0);
  assert_int_equal(flow->sink.synced, 19);
  assert_came(flow, 19);
  flow_close(f, flow);
}

/* ---- cancel ---- */

/* Flush, sync and writes that wait, cancelled after any number of turns: what
 * was taken of a write is there, once, and what comes after it. */
static void cancelled_at_any_point_no_byte_is_lost(void **state) {
  struct fixture *f = *state;
  uint8_t data[60];
  output_fill(data, sizeof data);
  for (int turns = 0; turns < 24; turns++) {
    for (int which = 0; which < 4; which++) {
      vt_writer_options_t options = {.size = 8};
      struct flow *flow = flow_open(&options);
      struct seen seen = {0}, flushed = {0};
      flow->sink.later = true;
      flow->sink.most = 3;
      put(flow, 0, 12);
      vt_t v = which == 0   ? vt_writer_flush_async(&flow->w)
               : which == 1 ? vt_writer_sync_async(&flow->w)
               : which == 2
                   ? vt_writer_write_all_async(&flow->w, data + 12, 7)
                   : vt_writer_write_all_async(&flow->w, data + 12, 40);
      vt_await(v, seen_k, &seen);
      vt_await(vt_writer_flush_async(&flow->w), seen_k, &flushed);
      for (int i = 0; i < turns; i++)
        fixture_turn(f);
      if (seen.count == 0)
        assert_int_equal(vt_cancel(v), 0);
      assert_true(fixture_run(f));
      assert_int_equal(seen.count, 1);
      assert_seen_status(&flushed, 0);
      size_t at = 12;
      if (which >= 2)
        at += (size_t)seen.result.value.u;
      assert_came(flow, at);
      put(flow, at, at + 5);
      assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
      assert_came(flow, at + 5);
      flow_close(f, flow);
    }
  }
}

/* ---- the statuses of streams ---- */

static void any_status_at_any_call_is_told_and_resumed(void **state) {
  static const int64_t all[] = {UV_ENOSPC,     -122 /* EDQUOT */, UV_EFBIG,
                                UV_EIO,        UV_EINTR,          UV_EPIPE,
                                UV_ECONNRESET, UV_EAGAIN};
  struct fixture *f = *state;
  uint8_t data[64];
  output_fill(data, sizeof data);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    for (int at = 1; at <= 24; at++) {
      vt_writer_options_t options = {.size = 8};
      struct flow *flow = flow_open(&options);
      size_t done = 0;
      int failures = 0;
      flow->sink.later = at % 2;
      flow->sink.most = 3;
      flow->sink.fails = all[i];
      flow->sink.fail_at = at;
      while (done < sizeof data) {
        size_t size = 1 + done % 13;
        if (size > sizeof data - done)
          size = sizeof data - done;
        vt_t v = vt_writer_write_all_async(&flow->w, data + done, size);
        vt_result_t r = vt_loop_run(f->vt, v);
        done += (size_t)r.value.u;
        if (r.status == 0)
          continue;
        failures++;
        assert_status(r.status, all[i]);
        assert_int_equal(vt_writer_resume(&flow->w), 0);
      }
      int64_t status = flow_run(f, vt_writer_flush_async(&flow->w));
      if (status != 0) {
        failures++;
        assert_status(status, all[i]);
        assert_int_equal(vt_writer_resume(&flow->w), 0);
        assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
      }
      assert_int_equal(failures, flow->sink.writes >= at);
      assert_came(flow, sizeof data);
      assert_int_equal(flow_run(f, vt_writer_close_async(&flow->w)), 0);
      test_free(flow);
    }
  }
}

/* ---- close ---- */

static void close_ends_all_and_is_not_cancelled(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 8,
                                 .flags = VT_WRITER_OWNS | VT_WRITER_SYNC};
  struct flow *flow = flow_open(&options);
  struct seen seen[3] = {0};
  uint8_t data[40];
  output_fill(data, sizeof data);
  flow->sink.later = true;
  vt_await(vt_writer_write_all_async(&flow->w, data, 40), seen_k, &seen[0]);
  vt_t v = vt_writer_close_async(&flow->w);
  assert_int_equal(vt_cancel(v), UV_ENOSYS);
  vt_await(v, seen_k, &seen[1]);
  vt_await(vt_writer_close_async(&flow->w), seen_k, &seen[2]);
  assert_int_equal(vt_writer_resume(&flow->w), UV_EBADF);
  assert_true(fixture_run(f));
  assert_seen_int(&seen[0], 40);
  assert_seen_status(&seen[1], 0);
  assert_seen_status(&seen[2], 0);
  assert_int_equal(flow->sink.closes, 1);
  assert_int_equal(flow->sink.synced, 40);
  assert_came(flow, 40);
  test_free(flow);
}

static void in_a_cancelled_scope_a_close_still_closes(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 8, .flags = VT_WRITER_OWNS};
  struct flow *flow = flow_open(&options);
  struct seen joined = {0}, flushed = {0}, closed = {0};
  vt_scope_t *scope = NULL;
  flow->sink.later = true;
  put(flow, 0, 5);
  assert_int_equal(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_scope_cancel(scope, UV_ECANCELED);
  vt_await(vt_writer_flush_async(&flow->w), seen_k, &flushed);
  vt_await(vt_writer_close_async(&flow->w), seen_k, &closed);
  vt_scope_leave(before);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_true(fixture_run(f));
  assert_seen_status(&flushed, UV_ECANCELED);
  assert_seen_status(&closed, 0);
  assert_seen_status(&joined, UV_ECANCELED);
  assert_int_equal(flow->sink.closes, 1);
  assert_came(flow, 5);
  test_free(flow);
}

static void closed_with_an_error_the_rest_is_read_out(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 8, .flags = VT_WRITER_OWNS};
  for (int later = 0; later < 2; later++) {
    struct flow *flow = flow_open(&options);
    uv_buf_t rest[2];
    put(flow, 0, 12);
    assert_came(flow, 8);
    flow->sink.later = later;
    flow->sink.fails = UV_ENOSPC;
    assert_status(flow_run(f, vt_writer_close_async(&flow->w)), UV_ENOSPC);
    assert_int_equal(flow->sink.closes, 1);
    assert_int_equal(vt_writer_unwritten(&flow->w, rest), 4);
    for (size_t i = 0; i < 4; i++)
      assert_int_equal((uint8_t)rest[0].base[i], output_byte(8 + i));
    assert_int_equal(vt_writer_discard(&flow->w), 0);
    assert_int_equal(vt_writer_unwritten(&flow->w, rest), 0);
    test_free(flow);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(corked_the_writes_of_a_turn_are_one_call),
      fixture_test(without_delay_each_write_is_a_call),
      fixture_test(unasked_only_a_full_buffer_goes),
      fixture_test(above_high_a_write_waits_until_low),
      fixture_test(what_is_larger_than_high_is_let_in_alone),
      fixture_test(a_large_block_is_not_copied),
      fixture_test(a_copy_is_taken_before_the_call_returns),
      fixture_test(text_is_printed_on_hit_and_on_miss),
      fixture_test(blocks_keep_their_order),
      fixture_test(many_blocks_go_in_several_calls),
      fixture_test(a_sync_is_in_hand_when_all_is_there),
      fixture_test(both_buffers_are_filled_during_a_sync),
      fixture_test(cancelled_at_any_point_no_byte_is_lost),
      fixture_test(any_status_at_any_call_is_told_and_resumed),
      fixture_test(close_ends_all_and_is_not_cancelled),
      fixture_test(in_a_cancelled_scope_a_close_still_closes),
      fixture_test(closed_with_an_error_the_rest_is_read_out),
  };
  return fixture_main("writer_flow", tests);
}
