/* SPDX-License-Identifier: MIT */
/* cache_hit: the keys that are asked for, which the cache and its table alone
 * both have. */
#ifndef BENCH_CACHE_HIT_H
#define BENCH_CACHE_HIT_H

#include <stddef.h>
#include <stdint.h>

enum { CACHE_KEYS = 256 };

struct cache_hit_key {
  char text[16];
  size_t size;
};

/* CACHE_KEYS of them, like "country:276"; the value of number i is i + 1. They
 * are asked for one after the other. */
const struct cache_hit_key *cache_hit_keys(void);

/* What the values of n look-ups add up to. */
uint64_t cache_hit_sum(uint64_t n);

#endif
