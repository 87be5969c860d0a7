/* SPDX-License-Identifier: MIT */
/* async_hit: an async function that awaits a hit; in one file, and across
 * files with nothing inlined (async_hit_far.c). */
#include "async_hit.h"

#include "benches.h"
#include "loops.h"

int64_t loop_async_hit(const struct numbers *t, uint64_t n);
int64_t loop_async_hit_far(const struct numbers *t, uint64_t n);

static void add(void *sum, vt_result_t r) {
  if (r.status == 0)
    *(int64_t *)sum += r.value.i;
}

static vt_t near_body(void *frame) {
  struct number_frame *f = frame;
  vt_value_t number;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, number, number_vt(f->table, f->index));
  VT_RETURN(f, vt_from_value(number));
  VT_END(f);
}

static vt_t number_near(const struct numbers *t, uint64_t index) {
  struct number_frame f = {.table = t, .index = index};
  return vt_start(&f, near_body);
}

BENCH_NOINLINE int64_t loop_async_hit(const struct numbers *t, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    vt_await(number_near(t, i), add, &sum);
  return sum;
}

BENCH_NOINLINE int64_t loop_async_hit_far(const struct numbers *t, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    vt_await(number_far(t, i), add, &sum);
  return sum;
}

static int run_near(uint64_t n) {
  return loop_async_hit(numbers_table(), n) == numbers_sum(n) ? 0 : -1;
}

static int run_far(uint64_t n) {
  return loop_async_hit_far(numbers_table(), n) == numbers_sum(n) ? 0 : -1;
}

const struct bench_loop async_hit_loop = {"loop_async_hit", run_near};
const struct bench_loop async_hit_far_loop = {"loop_async_hit_far", run_far};

void bench_async_hit(struct bench *b) {
  static const struct bench_hit near = {
      .bench = "async_hit",
      .ours = &async_hit_loop,
      .baseline = &struct_call_loop,
      .what = "a call returning a 16-byte struct",
      .instructions = 16,
      .ns = BENCH_SHOWN,
      .allocations = 0,
  };
  static const struct bench_hit far = {
      .bench = "async_hit_far",
      .ours = &async_hit_far_loop,
      .baseline = &async_hit_hand_loop,
      .what = "two calls by hand",
      .instructions = 45,
      .ns = BENCH_SHOWN,
      .allocations = 0,
  };
  bench_hit(b, &near);
  bench_hit(b, &far);
}
