/* SPDX-License-Identifier: MIT */
/* tick_drift: how late ticks of 10 ms come at the end of 100 seconds, with 2 ms
 * of work after each, against a uv_timer_t that repeats. Of the last tenth the
 * most punctual one counts, so that what the machine does beside is not seen as
 * drift. */
#include "tick_drift.h"

#include "benches.h"
#include "uv_loop.h"

void drift_begin(struct drift *drift, uint64_t ticks) {
  struct drift begun = {uv_hrtime(), ticks, 0, UINT64_MAX};
  *drift = begun;
}

static void work(void) {
  uint64_t end = uv_hrtime() + TICK_WORK_US * 1000;
  while (uv_hrtime() < end)
    ;
}

void drift_tick(struct drift *drift, uint64_t count) {
  drift->taken += count;
  uint64_t due = drift->start_ns + drift->taken * TICK_MS * 1000000;
  uint64_t now = uv_hrtime();
  uint64_t late = now > due ? now - due : 0;
  if (drift->taken > drift->ticks * 9 / 10 && late < drift->least_ns)
    drift->least_ns = late;
  work();
}

struct ticks_frame {
  vt_frame_t vt;
  struct drift *drift;
  vt_tick_t tick;
};

static vt_t ticks_body(void *frame) {
  struct ticks_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (f->drift->taken < f->drift->ticks) {
    VT_AWAIT(f, r, vt_tick_async(&f->tick));
    if (r.status != 0)
      VT_RETURN(f, vt_from_result(r));
    drift_tick(f->drift, r.value.u);
  }
  VT_END(f);
}

static int run_ours(uint64_t n, double *out_ms) {
  struct bench_uv l;
  struct drift drift;
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  struct ticks_frame f = {.drift = &drift};
  drift_begin(&drift, n);
  vt_tick_init(&f.tick, TICK_MS);
  vt_result_t r = vt_loop_run(l.vt, vt_start_boxed(&f, sizeof f, ticks_body));
  *out_ms = (double)drift.least_ns / 1e6;
  rc = bench_uv_close(&l);
  return r.status != 0 ? (int)r.status : rc;
}

void bench_tick_drift(struct bench *b) {
  uint64_t n = b->quick ? 100 : 10000;
  struct bench_line line = {
      .bench = "tick_drift",
      .metric = "ms",
      .baseline = "a uv_timer_t that repeats",
      .limit = 1,
  };
  if (run_ours(n, &line.value) != 0 ||
      tick_drift_baseline(n, &line.baseline_value) != 0)
    bench_fail(b, line.bench, "a run ended early");
  else
    bench_print(b, &line);
}
