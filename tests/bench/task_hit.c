/* SPDX-License-Identifier: MIT */
/* task_hit: a function that returns a completed task, against one that returns
 * a value task in hand. */
#include "benches.h"
#include "call.h"
#include "loops.h"
#include "uv_loop.h"

int64_t loop_task_static(const struct numbers *t, uint64_t n);
int64_t loop_task_fresh(const struct numbers *t, uint64_t n);

static void add(void *sum, vt_result_t r) {
  if (r.status == 0)
    *(int64_t *)sum += r.value.i;
}

BENCH_NOINLINE int64_t loop_task_static(const struct numbers *t, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++) {
    vt_task_t *task = number_static_task(t, i);
    vt_await(vt_from_task(task), add, &sum);
    vt_task_unref(task);
  }
  return sum;
}

BENCH_NOINLINE int64_t loop_task_fresh(const struct numbers *t, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++) {
    vt_task_t *task = number_fresh_task(t, i);
    vt_await(vt_from_task(task), add, &sum);
    vt_task_unref(task);
  }
  return sum;
}

static int run_static(uint64_t n) {
  if (!bench_uv_shared())
    return -1;
  return loop_task_static(numbers_table(), n) > 0 ? 0 : -1;
}

static int run_fresh(uint64_t n) {
  if (!bench_uv_shared())
    return -1;
  return loop_task_fresh(numbers_table(), n) == numbers_sum(n) ? 0 : -1;
}

const struct bench_loop task_static_loop = {"loop_task_static", run_static};
const struct bench_loop task_fresh_loop = {"loop_task_fresh", run_fresh};

void bench_task_hit(struct bench *b) {
  static const struct bench_hit static_hit = {
      .bench = "task_hit_static",
      .ours = &task_static_loop,
      .baseline = &await_hit_loop,
      .what = "await_hit",
      .instructions = BENCH_SHOWN,
      .ns = BENCH_SHOWN,
      .allocations = 0,
  };
  static const struct bench_hit fresh_hit = {
      .bench = "task_hit",
      .ours = &task_fresh_loop,
      .baseline = &await_hit_loop,
      .what = "await_hit",
      .instructions = BENCH_SHOWN,
      .ns = BENCH_SHOWN,
      .allocations = BENCH_SHOWN,
  };
  bench_hit(b, &fresh_hit);
  bench_hit(b, &static_hit);
  if (bench_uv_shared_close() != 0)
    bench_fail(b, "task_hit", "the loop was not free at the end");
}
