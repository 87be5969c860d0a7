/* SPDX-License-Identifier: MIT */
/* The baseline of delay_million: one uv_timer_t a delay, all in one block; what
 * closing them costs is not counted. */
#include "delay_million.h"

#include <stdlib.h>
#include <uv.h>

#include "bench.h"

static struct delays delays;
static uv_timer_t *timers;

static void on_timer(uv_timer_t *timer) {
  delays_note(&delays, (uint64_t)(timer - timers));
}

int delay_million_baseline(uint64_t n, double *out_ns) {
  uv_loop_t loop;
  int rc = uv_loop_init(&loop);
  if (rc != 0)
    return rc;
  delays = (struct delays){0};
  uint64_t start = bench_cpu_ns();
  timers = malloc(n * sizeof *timers);
  if (!timers)
    return -1;
  for (uint64_t i = 0; i < n; i++) {
    uv_timer_init(&loop, &timers[i]);
    uv_timer_start(&timers[i], on_timer, delay_ms(i), 0);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  for (uint64_t i = 0; i < n; i++)
    uv_close((uv_handle_t *)&timers[i], NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  rc = uv_loop_close(&loop);
  free(timers);
  return delays.ended == n && !delays.disordered ? rc : -1;
}
