/* SPDX-License-Identifier: MIT */
/* all_hit: vt_all over eight value tasks in hand, from another unit, against
 * awaiting the eight one by one. */
#include "benches.h"
#include "call.h"
#include "loops.h"

enum { WIDTH = 8 };

int64_t loop_all_hit(const struct numbers *t, uint64_t n);

static void add(void *sum, vt_result_t r) {
  if (r.status == 0)
    *(int64_t *)sum += (int64_t)r.value.u;
}

/* n counts the awaits: a WIDTH-th of it are rounds. */
BENCH_NOINLINE int64_t loop_all_hit(const struct numbers *t, uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i += WIDTH) {
    vt_t whole = VT_ALL(0, NULL, number_vt(t, i), number_vt(t, i + 1),
                        number_vt(t, i + 2), number_vt(t, i + 3),
                        number_vt(t, i + 4), number_vt(t, i + 5),
                        number_vt(t, i + 6), number_vt(t, i + 7));
    vt_await(whole, add, &sum);
  }
  return sum;
}

static int run(uint64_t n) {
  return loop_all_hit(numbers_table(), n) == (int64_t)n ? 0 : -1;
}

const struct bench_loop all_hit_loop = {"loop_all_hit", run};

void bench_all_hit(struct bench *b) {
  static const struct bench_hit hit = {
      .bench = "all_hit",
      .ours = &all_hit_loop,
      .baseline = &await_hit_loop,
      .what = "await_hit, one by one",
      .instructions = 14 + 40.0 / WIDTH,
      .ns = BENCH_SHOWN,
      .allocations = 0,
  };
  bench_hit(b, &hit);
}
