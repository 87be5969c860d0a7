/* SPDX-License-Identifier: MIT */
/* delay_million: a million pending delays, awaited, spread over a second: their
 * memory by the allocator's counters, and their CPU time. */
#include "delay_million.h"

#include "benches.h"
#include "uv_loop.h"

static struct delays delays;
static double bytes; /* of a pending delay, in the last round */

static void on_delay(void *i, vt_result_t r) {
  if (r.status == 0)
    delays_note(&delays, (uint64_t)(uintptr_t)i);
}

static int delays_run(struct bench_uv *l, uint64_t n) {
  vt_alloc_stats_t before, pending;
  vt_alloc_stats(&before);
  delays = (struct delays){0};
  for (uint64_t i = 0; i < n; i++)
    vt_await(vt_delay(delay_ms(i)), on_delay, (void *)(uintptr_t)i);
  vt_alloc_stats(&pending);
  bytes = (double)(pending.bytes - before.bytes) / (double)n;
  uv_run(&l->uv, UV_RUN_DEFAULT);
  return delays.ended == n && !delays.disordered ? 0 : -1;
}

static int round_ours(uint64_t n, double *out_ns) {
  struct bench_uv l;
  uint64_t start = bench_cpu_ns();
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  rc = delays_run(&l, n);
  int closed = bench_uv_close(&l);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  return rc != 0 ? rc : closed;
}

void bench_delay_million(struct bench *b) {
  struct bench_pair pair = {
      .ours = round_ours,
      .baseline = delay_million_baseline,
      .n = MILLION,
      .rounds = b->quick ? 2 : 9,
  };
  struct bench_line cpu = {
      .bench = "delay_million",
      .metric = "cpu",
      .baseline = "a uv_timer_t each",
      .limit = 0.25,
  };
  struct bench_line memory = {
      .bench = "delay_million",
      .metric = "bytes",
      .baseline = "a uv_timer_t each",
      .baseline_value = sizeof(uv_timer_t),
      .limit = 68,
  };
  bench_compare(b, &pair, cpu);
  memory.value = bytes;
  bench_print(b, &memory);
}
