/* SPDX-License-Identifier: MIT */
/* country_hit: get_country by numeric code, awaited, once loaded. */
#include "country_hit.h"

#include "benches.h"
#include "loops.h"

int64_t loop_country_hit(const struct country_bench *c, uint64_t n);

static void add(void *sum, vt_result_t r) {
  const country_t *country = country_value(r);
  if (r.status == 0 && country)
    *(int64_t *)sum += country->numeric;
}

BENCH_NOINLINE int64_t loop_country_hit(const struct country_bench *c,
                                        uint64_t n) {
  int64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    vt_await(get_country(c->countries, c->codes[i % CODES]), add, &sum);
  return sum;
}

static int run(uint64_t n) {
  const struct country_bench *c = country_bench_open();
  if (!c)
    return -1;
  return loop_country_hit(c, n) == country_bench_sum(c, n) ? 0 : -1;
}

const struct bench_loop country_hit_loop = {"loop_country_hit", run};

void bench_country_hit(struct bench *b) {
  static const struct bench_hit hit = {
      .bench = "country_hit",
      .ours = &country_hit_loop,
      .baseline = &country_call_loop,
      .what = "the look-up as a call",
      .instructions = BENCH_SHOWN,
      .ns = 1.3,
      .allocations = 0,
  };
  if (!country_bench_open())
    bench_fail(b, hit.bench, "the countries did not load");
  else
    bench_hit(b, &hit);
  country_bench_close();
}
