/* SPDX-License-Identifier: MIT */
/* The buffered writer over a stream in memory: pieces of every size, and more
 * than 32 bits count. */
#include "support/output.h"
#include "support/sink.h"

/* ---- the cases ---- */

static void a_message_is_whole_however_it_is_cut(void **state) {
  struct fixture *f = *state;
  uint8_t *data = test_malloc(SINK_ROOM);
  output_fill(data, SINK_ROOM);
  for (size_t piece = 1; piece <= 4096; piece++) {
    vt_writer_options_t options = {.size = 1 + piece * 7 % 5000};
    struct flow *flow = flow_open(&options);
    flow->sink.most = piece;
    for (size_t at = 0; at < SINK_ROOM; at += SINK_ROOM / 8) {
      vt_t v = vt_writer_write_all_async(&flow->w, data + at, SINK_ROOM / 8);
      assert_int_equal(flow_run(f, v), 0);
    }
    assert_int_equal(flow_run(f, vt_writer_flush_async(&flow->w)), 0);
    assert_int_equal(flow->sink.count, SINK_ROOM);
    assert_memory_equal(flow->sink.bytes, data, SINK_ROOM);
    flow_close(f, flow);
  }
  test_free(data);
}

/* 5 GiB, past every 32-bit count, from 16 MiB again and again. */
static void more_than_four_gib_are_counted(void **state) {
  enum { BLOCK = 16 << 20, BLOCKS = 320 };
  struct fixture *f = *state;
  struct flow *flow = flow_open(NULL);
  uint8_t *data = test_calloc(1, BLOCK);
  flow->sink.discards = true;
  for (int i = 0; i < BLOCKS; i++) {
    flow->sink.later = i % 2;
    assert_int_equal(flow_run(f, vt_writer_write_async(&flow->w, 0)), 0);
    vt_result_t r = vt_loop_run(
        f->vt, vt_writer_write_all_async(&flow->w, data, BLOCK - 1));
    assert_status(r.status, 0);
    assert_int_equal(r.value.u, BLOCK - 1);
  }
  assert_int_equal(flow_run(f, vt_writer_sync_async(&flow->w)), 0);
  assert_true(flow->sink.total == (uint64_t)BLOCK * BLOCKS);
  assert_true(flow->w.written == (uint64_t)BLOCK * BLOCKS);
  test_free(data);
  flow_close(f, flow);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_message_is_whole_however_it_is_cut),
      fixture_test(more_than_four_gib_are_counted),
  };
  return fixture_main("writer_size", tests);
}
