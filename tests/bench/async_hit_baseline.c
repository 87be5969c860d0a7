/* SPDX-License-Identifier: MIT */
/* The baseline of async_hit across files: a function that calls one. */
#include "async_hit.h"
#include "loops.h"

int64_t loop_async_hit_hand(const struct numbers *t, uint64_t n);

BENCH_NOINLINE int64_t loop_async_hit_hand(const struct numbers *t,
                                           uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++) {
    struct outcome r = number_hand(t, i);
    if (r.status != 0)
      return r.status;
    sum += r.value;
  }
  return sum;
}

static int run(uint64_t n) {
  return loop_async_hit_hand(numbers_table(), n) == numbers_sum(n) ? 0 : -1;
}

const struct bench_loop async_hit_hand_loop = {"loop_async_hit_hand", run};
