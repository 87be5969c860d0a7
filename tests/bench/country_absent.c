/* SPDX-License-Identifier: MIT */
/* country_hit where the samples are not built. */
#include "benches.h"
#include "loops.h"

const struct bench_loop country_hit_loop = {"", NULL};
const struct bench_loop country_call_loop = {"", NULL};

void bench_country_hit(struct bench *b) {
  bench_skip(b, "country_hit", "samples not built");
}
