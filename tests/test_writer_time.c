/* SPDX-License-Identifier: MIT */
/* The writer's interval, in virtual time. */
#include "support/sink.h"

#include <vt_sim.h>

/* ---- helpers ---- */

struct timed {
  vt_writer_t w;
  struct sink sink;
  uint64_t at[4]; /* when each byte came, in milliseconds */
};

static struct timed timed;

static vt_t timed_write(vt_byte_stream_t *s, const uv_buf_t blocks[],
                        unsigned count) {
  (void)s;
  for (unsigned i = 0; i < count; i++)
    for (size_t n = 0; n < blocks[i].len; n++)
      timed.at[timed.sink.count++] = uv_now(vt_loop_uv(vt_loop_current()));
  return vt_from_uint(blocks[0].len);
}

struct time_frame {
  vt_frame_t vt;
  uint64_t start;
};

/* A byte at 0, 40 and 150 ms; they are handed on 100 ms after the first that
 * waits. */
static vt_t three_bytes_body(void *frame) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  f->start = uv_now(vt_loop_uv(vt_loop_current()));
  VT_TRY(f, vt_writer_write_async(&timed.w, 1));
  VT_TRY(f, vt_delay(40));
  VT_TRY(f, vt_writer_write_async(&timed.w, 2));
  VT_TRY(f, vt_delay(110));
  VT_TRY(f, vt_writer_write_async(&timed.w, 3));
  VT_TRY(f, vt_delay(500));
  for (int i = 0; i < 3; i++)
    timed.at[i] -= f->start;
  VT_TRY(f, vt_writer_close_async(&timed.w));
  VT_END(f);
}

static vt_t three_bytes(void *arg) {
  static const vt_byte_stream_ops_t ops = {.write = timed_write};
  vt_writer_options_t options = {.interval_ms = 100};
  struct time_frame f = {.start = 0};
  (void)arg;
  sink_init(&timed.sink);
  timed.sink.base.ops = &ops;
  vt_writer_init(&timed.w, &timed.sink.base, &options);
  return vt_start(&f, three_bytes_body);
}

/* ---- the cases ---- */

static void bytes_wait_for_the_interval_and_no_longer(void **state) {
  (void)state;
  assert_status(vt_sim_run(NULL, three_bytes, NULL, NULL), 0);
  assert_in_range(timed.at[0], 100, 101);
  assert_in_range(timed.at[1], 100, 101);
  assert_in_range(timed.at[2], 250, 252);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_wait_for_the_interval_and_no_longer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
