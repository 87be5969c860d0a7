/* SPDX-License-Identifier: MIT */
/* The baseline of snapshot_hit: a pointer that somebody keeps, read by a call
 * into another unit. */
#include "loops.h"
#include "snapshot_hit.h"

uint64_t loop_snapshot_call(uint64_t n);

BENCH_NOINLINE uint64_t loop_snapshot_call(uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    sum += *snapshot_call();
  return sum;
}

static int run(uint64_t n) {
  return loop_snapshot_call(n) == n * SNAPSHOT_VALUE ? 0 : -1;
}

const struct bench_loop snapshot_call_loop = {"loop_snapshot_call", run};
