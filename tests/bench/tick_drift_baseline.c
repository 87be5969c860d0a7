/* SPDX-License-Identifier: MIT */
/* The baseline of tick_drift: uv_timer_start with a repeat. */
#include <uv.h>

#include "bench.h"
#include "tick_drift.h"

static void on_timer(uv_timer_t *timer) {
  struct drift *drift = timer->data;
  drift_tick(drift, 1);
  if (drift->taken == drift->ticks)
    uv_close((uv_handle_t *)timer, NULL);
}

int tick_drift_baseline(uint64_t n, double *out_ms) {
  uv_loop_t loop;
  uv_timer_t timer;
  struct drift drift;
  int rc = uv_loop_init(&loop);
  if (rc != 0)
    return rc;
  drift_begin(&drift, n);
  uv_timer_init(&loop, &timer);
  timer.data = &drift;
  uv_timer_start(&timer, on_timer, TICK_MS, TICK_MS);
  uv_run(&loop, UV_RUN_DEFAULT);
  *out_ms = (double)drift.least_ns / 1e6;
  return uv_loop_close(&loop);
}
