/* SPDX-License-Identifier: MIT */
/* Entries: values with their keys and times, one block each.
 *
 * Whatever leaves the table is retired, never freed there and then: a callback
 * may have borrowed it, and so may continuations that are queued. Whoever wants
 * to be told of it is told when it is let go, outside all calls of the
 * cache. */
#include <assert.h>
#include <stdalign.h>

#include "base/alloc.h"
#include "cache/cache.h"

enum {
  VALUE_AT = (sizeof(vt__cache_entry_t) + alignof(max_align_t) - 1) &
             ~(alignof(max_align_t) - 1)
};

/* Its block, a place in the table's chains, and two ghosts. */
static_assert(VALUE_AT + 48 <= VT_CACHE_ENTRY_BYTES, "entries are larger");

static vt__cache_entry_t *entry_of(void *in) {
  return (vt__cache_entry_t *)(void *)((char *)in -
                                       offsetof(vt__cache_entry_t, in));
}

static void copy(void *to, const void *from, size_t size) {
  if (size != 0)
    memcpy(to, from, size);
}

vt__cache_entry_t *vt__cache_entry_new(vt_cache_t *cache,
                                       const vt__cache_key_t *key,
                                       const vt_cache_value_t *value) {
  size_t copied = cache->options.drop ? 0 : value->size;
  if (copied > SIZE_MAX / 4 || key->size > SIZE_MAX / 4)
    return NULL;
  char *block = vt__malloc(VALUE_AT + copied + 1 + key->size);
  if (!block)
    return NULL;
  char *bytes = block + VALUE_AT;
  vt__cache_entry_t *entry = (vt__cache_entry_t *)(void *)block;
  vt__cache_entry_t fresh = {.value = *value, .cache = cache, .refs = 1};
  *entry = fresh;
  if (!cache->options.drop) {
    copy(bytes, value->data, copied);
    entry->value.data = bytes;
  }
  bytes[copied] = 0;
  copy(bytes + copied + 1, key->bytes, key->size);
  entry->node.key = bytes + copied + 1;
  entry->node.size = key->size;
  vt__cache_hold(cache);
  return entry;
}

void vt__cache_drop_data(const vt_cache_t *cache, const void *data) {
  if (cache->options.drop)
    cache->options.drop(cache->options.arg, (void *)(uintptr_t)data);
}

void vt__cache_entry_unref(vt__cache_entry_t *entry) {
  vt_cache_t *cache = entry->cache;
  if (--entry->refs != 0)
    return;
  if (entry->status == 0)
    vt__cache_drop_data(cache, entry->value.data);
  vt__free(entry);
  vt__cache_release(cache);
}

const vt_cache_value_t *vt_cache_retain(const vt_cache_value_t *value) {
  if (value)
    ((vt__cache_entry_t *)(uintptr_t)value)->refs++;
  return value;
}

void vt_cache_release(const vt_cache_value_t *value) {
  if (value)
    vt__cache_entry_unref((vt__cache_entry_t *)(uintptr_t)value);
}

/* ---- leaving ---- */

static void on_retired(vt__retired_t *retired) {
  vt__cache_entry_t *entry = entry_of(retired);
  vt_cache_t *cache = entry->cache;
  const vt_cache_options_t *options = &cache->options;
  vt__cache_hold(cache);
  if (!entry->told) {
    options->left(options->arg, entry->node.key, entry->node.size,
                  &entry->value, (vt_cache_reason_t)entry->reason);
    cache->untold--;
  }
  vt__cache_entry_unref(entry);
  vt__cache_release(cache);
}

void vt__cache_retire(vt__cache_entry_t *entry) {
  vt__retire(entry->cache->loop, &entry->in.retired, on_retired);
}

/* Of an entry that is of no queue any more. */
static void leave(vt_cache_t *cache, vt__cache_entry_t *entry,
                  vt_cache_reason_t reason) {
  cache->stats.evictions += reason == VT_CACHE_EVICTED;
  cache->stats.expired += reason == VT_CACHE_EXPIRED;
  vt__hash_remove(&cache->entries, &entry->node);
  entry->reason = (uint8_t)reason;
  entry->told = !cache->options.left || entry->status != 0;
  cache->untold += !entry->told;
  vt__cache_retire(entry);
}

void vt__cache_drop(vt_cache_t *cache, vt__cache_entry_t *entry,
                    vt_cache_reason_t reason) {
  vt__evict_remove(&cache->evict, &entry->in.evict);
  leave(cache, entry, reason);
}

uint64_t vt__cache_drop_where(vt_cache_t *cache, vt_cache_reason_t reason,
                              vt__cache_test_fn *test, const void *arg) {
  vt__hash_walk_t walk;
  vt__hash_node_t *node;
  uint64_t dropped = 0;
  vt__hash_walk_begin(&cache->entries, &walk);
  while ((node = vt__hash_walk_next(&cache->entries, &walk))) {
    if (!test(cache, node, arg))
      continue;
    vt__cache_drop(cache, vt__cache_entry_of(node), reason);
    dropped++;
  }
  vt__hash_walk_end(&cache->entries, &walk);
  return dropped;
}

/* ---- times ---- */

static uint64_t after(uint64_t moment, uint64_t ms) {
  return ms < UINT64_MAX - moment ? moment + ms : UINT64_MAX;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* splitmix64 */
static uint64_t random_next(vt_cache_t *cache) {
  uint64_t x = cache->random += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

uint64_t vt__cache_moment(vt_cache_t *cache, uint64_t ms) {
  uint64_t now = vt__cache_now(cache);
  if (cache->options.jitter != 0) {
    uint64_t share = (random_next(cache) >> 48) * cache->options.jitter / 100;
    ms -= ms / 65536 * share + ms % 65536 * share / 65536;
  }
  return after(now, ms);
}

static uint64_t idle_end(const vt_cache_t *cache,
                         const vt__cache_entry_t *entry) {
  return cache->options.idle_ms == 0
             ? UINT64_MAX
             : after(entry->used, cache->options.idle_ms);
}

void vt__cache_set_due(const vt_cache_t *cache, vt__cache_entry_t *entry) {
  uint64_t due = least(entry->refresh, entry->fresh);
  entry->due = entry->status != 0 ? 0 : least(due, idle_end(cache, entry));
}

bool vt__cache_is_over(const vt_cache_t *cache,
                       const vt__cache_entry_t *entry) {
  uint64_t now = vt__cache_now(cache);
  return now >= entry->end || now >= idle_end(cache, entry);
}

static void set_times(vt_cache_t *cache, vt__cache_entry_t *entry,
                      uint64_t ttl_ms) {
  const vt_cache_options_t *o = &cache->options;
  bool loads = entry->status == 0 && (o->load || o->load_many);
  entry->used = vt__cache_now(cache);
  entry->fresh = ttl_ms == 0 ? UINT64_MAX : vt__cache_moment(cache, ttl_ms);
  entry->end =
      entry->status == 0 ? after(entry->fresh, o->stale_ms) : entry->fresh;
  entry->refresh = UINT64_MAX;
  if (loads && o->refresh_ms != 0)
    entry->refresh = vt__cache_moment(cache, o->refresh_ms);
  if (loads && o->stale_ms != 0)
    entry->refresh = least(entry->refresh, entry->fresh);
  vt__cache_set_due(cache, entry);
}

/* ---- the table ---- */

void vt__cache_evict(vt_cache_t *cache) {
  vt__evict_node_t *node;
  while ((node = vt__evict_victim(&cache->evict)))
    leave(cache, entry_of(node), VT_CACHE_EVICTED);
}

/* What is too heavy drives out nothing but the older value of its key. */
static VT_COLD int refuse(vt_cache_t *cache, vt__cache_entry_t *entry,
                          vt__cache_entry_t *older) {
  if (older)
    vt__cache_drop(cache, older, VT_CACHE_REPLACED);
  entry->told = true;
  vt__cache_retire(entry);
  return UV_E2BIG;
}

int vt__cache_store(vt_cache_t *cache, vt__cache_entry_t *entry,
                    const vt__cache_key_t *key, uint64_t ttl_ms) {
  uint64_t hash = key->hash; /* key may be the older one's */
  vt__cache_entry_t *older = vt__cache_find(cache, key);
  size_t weight = VT_CACHE_ENTRY_BYTES + entry->node.size + entry->value.size;
  if (weight < entry->value.size || !vt__evict_fits(&cache->evict, weight))
    return refuse(cache, entry, older);
  if (older) {
    vt__evict_replace(&cache->evict, &older->in.evict, &entry->in.evict,
                      weight);
    leave(cache, older, VT_CACHE_REPLACED);
  } else {
    vt__evict_insert(&cache->evict, &entry->in.evict, hash, weight);
  }
  vt__hash_insert(&cache->entries, &entry->node, hash);
  set_times(cache, entry, ttl_ms);
  vt__cache_evict(cache);
  return 0;
}
