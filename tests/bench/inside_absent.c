/* SPDX-License-Identifier: MIT */
/* The benches of the library's inside, where that cannot be linked: in a shared
 * library its functions are hidden. */
#include "benches.h"
#include "loops.h"

const struct bench_loop cache_hit_loop = {"", NULL};
const struct bench_loop cache_table_loop = {"", NULL};

void bench_cache_hit(struct bench *b) {
  bench_skip(b, "cache_hit", "the library is a shared one");
}

void bench_hit_ratio(struct bench *b) {
  bench_skip(b, "hit_ratio", "the library is a shared one");
}
