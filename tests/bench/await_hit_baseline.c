/* SPDX-License-Identifier: MIT */
/* The baselines of await_hit: plain calls across a unit, their result used. */
#include "call.h"
#include "loops.h"

int64_t loop_int_call(const struct numbers *t, uint64_t n);
int64_t loop_struct_call(const struct numbers *t, uint64_t n);

BENCH_NOINLINE int64_t loop_int_call(const struct numbers *t, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    sum += number_int(t, i);
  return sum;
}

BENCH_NOINLINE int64_t loop_struct_call(const struct numbers *t, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++) {
    struct outcome r = number_struct(t, i);
    if (r.status != 0)
      return r.status;
    sum += r.value;
  }
  return sum;
}

static int run_int(uint64_t n) {
  return loop_int_call(numbers_table(), n) == numbers_sum(n) ? 0 : -1;
}

static int run_struct(uint64_t n) {
  return loop_struct_call(numbers_table(), n) == numbers_sum(n) ? 0 : -1;
}

const struct bench_loop int_call_loop = {"loop_int_call", run_int};
const struct bench_loop struct_call_loop = {"loop_struct_call", run_struct};
