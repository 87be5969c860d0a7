/* SPDX-License-Identifier: MIT */
/* await_hit: vt_await of a value task in hand, from another unit. */
#include "benches.h"
#include "call.h"
#include "loops.h"

int64_t loop_await_hit(const struct numbers *t, uint64_t n);

static void add(void *sum, vt_result_t r) {
  if (r.status == 0)
    *(int64_t *)sum += r.value.i;
}

BENCH_NOINLINE int64_t loop_await_hit(const struct numbers *t, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    vt_await(number_vt(t, i), add, &sum);
  return sum;
}

static int run(uint64_t n) {
  return loop_await_hit(numbers_table(), n) == numbers_sum(n) ? 0 : -1;
}

const struct bench_loop await_hit_loop = {"loop_await_hit", run};

void bench_await_hit(struct bench *b) {
  static const struct bench_hit hit = {
      .bench = "await_hit",
      .ours = &await_hit_loop,
      .baseline = &struct_call_loop,
      .what = "a call returning a 16-byte struct",
      .instructions = 14,
      .ns = BENCH_SHOWN,
      .allocations = 0,
  };
  bench_expect(b, "struct_call", &struct_call_loop, 13);
  bench_expect(b, "int_call", &int_call_loop, 10);
  bench_hit(b, &hit);
}
