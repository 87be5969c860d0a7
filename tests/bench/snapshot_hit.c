/* SPDX-License-Identifier: MIT */
/* snapshot_hit: vt_snapshot_get of what is there, awaited. */
#include <vt.h>

#include "benches.h"
#include "loops.h"
#include "snapshot_hit.h"
#include "uv_loop.h"

uint64_t loop_snapshot_hit(vt_snapshot_t *s, uint64_t n);

static void add(void *sum, vt_result_t r) {
  if (r.status == 0)
    *(uint64_t *)sum += *(const uint64_t *)r.value.p;
}

BENCH_NOINLINE uint64_t loop_snapshot_hit(vt_snapshot_t *s, uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    vt_await(vt_snapshot_get(s), add, &sum);
  return sum;
}

static vt_snapshot_t *opened;

static vt_snapshot_t *open_snapshot(void) {
  static uint64_t value = SNAPSHOT_VALUE;
  vt_snapshot_options_t options = {.ttl_ms = 3600000};
  if (opened || !bench_uv_shared())
    return opened;
  if (vt_snapshot_new(&options, &opened) != 0 ||
      vt_snapshot_put(opened, &value) != 0)
    return NULL;
  return opened;
}

static int run(uint64_t n) {
  vt_snapshot_t *s = open_snapshot();
  return s && loop_snapshot_hit(s, n) == n * SNAPSHOT_VALUE ? 0 : -1;
}

const struct bench_loop snapshot_hit_loop = {"loop_snapshot_hit", run};

void bench_snapshot_hit(struct bench *b) {
  static const struct bench_hit hit = {
      .bench = "snapshot_hit",
      .ours = &snapshot_hit_loop,
      .baseline = &snapshot_call_loop,
      .what = "a pointer read by a call",
      .instructions = BENCH_SHOWN,
      .ns = 1.5,
      .allocations = 0,
  };
  if (!open_snapshot())
    bench_fail(b, hit.bench, "no snapshot");
  else
    bench_hit(b, &hit);
  vt_forget(vt_snapshot_close_async(opened));
  opened = NULL;
  bench_uv_shared_close();
}
