/* SPDX-License-Identifier: MIT */
/* The baseline of country_hit: the same look-up as a call into another unit. */
#include "country_hit.h"
#include "loops.h"

int64_t loop_country_call(const struct country_bench *c, uint64_t n);

BENCH_NOINLINE int64_t loop_country_call(const struct country_bench *c,
                                         uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++) {
    const country_t *country = country_call(c->dict, c->codes[i % CODES]);
    if (country)
      sum += country->numeric;
  }
  return sum;
}

static int run(uint64_t n) {
  const struct country_bench *c = country_bench_open();
  if (!c)
    return -1;
  return loop_country_call(c, n) == country_bench_sum(c, n) ? 0 : -1;
}

const struct bench_loop country_call_loop = {"loop_country_call", run};
