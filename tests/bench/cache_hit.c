/* SPDX-License-Identifier: MIT */
/* cache_hit: vt_cache_get of what is there, awaited. */
#include "cache_hit.h"

#include <vt.h>

#include "benches.h"
#include "loops.h"
#include "uv_loop.h"

uint64_t loop_cache_hit(vt_cache_t *cache, const struct cache_hit_key *keys,
                        uint64_t n);

static void add(void *sum, vt_result_t r) {
  const vt_cache_value_t *value = vt_cache_value(r);
  if (value)
    *(uint64_t *)sum += *(const uint64_t *)value->data;
}

BENCH_NOINLINE uint64_t loop_cache_hit(vt_cache_t *cache,
                                       const struct cache_hit_key *keys,
                                       uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n; i++) {
    const struct cache_hit_key *key = &keys[i % CACHE_KEYS];
    vt_await(vt_cache_get(cache, key->text, key->size), add, &sum);
  }
  return sum;
}

static vt_cache_t *opened;

static int fill(void) {
  const struct cache_hit_key *keys = cache_hit_keys();
  int rc = 0;
  for (uint64_t i = 0; i < CACHE_KEYS && rc == 0; i++) {
    uint64_t value = i + 1;
    rc = vt_cache_put(opened, keys[i].text, keys[i].size, &value, sizeof value);
  }
  return rc;
}

/* Bounded and with times, as caches are; made by the first call. */
static vt_cache_t *open_cache(void) {
  vt_cache_options_t options = {
      .max_entries = (uint64_t)CACHE_KEYS * 2,
      .max_bytes = 1 << 20,
      .ttl_ms = 3600000,
      .idle_ms = 3600000,
  };
  if (opened || !bench_uv_shared())
    return opened;
  if (vt_cache_new(&options, &opened) != 0 || fill() != 0)
    return NULL;
  return opened;
}

static int run(uint64_t n) {
  const struct cache_hit_key *keys = cache_hit_keys();
  vt_cache_t *cache = open_cache();
  if (!cache)
    return -1;
  return loop_cache_hit(cache, keys, n) == cache_hit_sum(n) ? 0 : -1;
}

const struct bench_loop cache_hit_loop = {"loop_cache_hit", run};

void bench_cache_hit(struct bench *b) {
  static const struct bench_hit hit = {
      .bench = "cache_hit",
      .ours = &cache_hit_loop,
      .baseline = &cache_table_loop,
      .what = "the table without the cache",
      .instructions = BENCH_SHOWN,
      .ns = 1.5,
      .allocations = 0,
  };
  if (!open_cache())
    bench_fail(b, hit.bench, "no cache");
  else
    bench_hit(b, &hit);
  vt_forget(vt_cache_close_async(opened));
  opened = NULL;
  bench_uv_shared_close();
}
