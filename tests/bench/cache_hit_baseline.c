/* SPDX-License-Identifier: MIT */
/* The baseline of cache_hit: the same keys in the same table, without the
 * cache. */
#include "cache_hit.h"

#include <stdio.h>

#include "cache/hash.h"
#include "loops.h"

struct entry {
  vt__hash_node_t node; /* first */
  uint64_t value;
};

uint64_t loop_cache_table(const vt__hash_t *table,
                          const struct cache_hit_key *keys, uint64_t n);

const struct cache_hit_key *cache_hit_keys(void) {
  static struct cache_hit_key keys[CACHE_KEYS];
  for (size_t i = 0; i < CACHE_KEYS && keys[i].size == 0; i++)
    keys[i].size = (size_t)snprintf(keys[i].text, sizeof keys[i].text,
                                    "country:%03zu", i * 7 % 1000);
  return keys;
}

uint64_t cache_hit_sum(uint64_t n) {
  uint64_t rest = n % CACHE_KEYS;
  return n / CACHE_KEYS * (CACHE_KEYS * (CACHE_KEYS + 1) / 2) +
         rest * (rest + 1) / 2;
}

BENCH_NOINLINE uint64_t loop_cache_table(const vt__hash_t *table,
                                         const struct cache_hit_key *keys,
                                         uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n; i++) {
    const struct cache_hit_key *key = &keys[i % CACHE_KEYS];
    const vt__hash_node_t *node = vt__hash_find(table, key->text, key->size);
    if (node)
      sum += ((const struct entry *)node)->value;
  }
  return sum;
}

static int run(uint64_t n) {
  static const vt__sip_key_t secret = {UINT64_C(0x243f6a8885a308d3),
                                       UINT64_C(0x13198a2e03707344)};
  static struct entry entries[CACHE_KEYS];
  const struct cache_hit_key *keys = cache_hit_keys();
  vt__hash_t table;
  vt__hash_init(&table, &secret);
  for (size_t i = 0; i < CACHE_KEYS; i++) {
    entries[i].node.key = keys[i].text;
    entries[i].node.size = keys[i].size;
    entries[i].value = i + 1;
    vt__hash_insert(&table, &entries[i].node,
                    vt__hash_of(&table, keys[i].text, keys[i].size));
  }
  uint64_t sum = loop_cache_table(&table, keys, n);
  vt__hash_close(&table);
  return sum == cache_hit_sum(n) ? 0 : -1;
}

const struct bench_loop cache_table_loop = {"loop_cache_table", run};
