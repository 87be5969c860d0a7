/* SPDX-License-Identifier: MIT */
/* The cache: a hit, and the life of the whole.
 *
 * Happy path: the key is hashed and found, and the entry is not due: it is
 * given as it is. Else its times are looked at: it may be stale, and still be
 * given; it may be over, and be dropped. A key that is not there is loaded
 * (cache_load.c).
 *
 * What can go wrong: a loader runs inside a get, and may call anything, also
 * close the cache. So nothing of it is touched after that. */
#include "cache/cache.h"

#include "base/alloc.h"
#include "core/membership.h"
#include "op/random.h"
#include "vt/async.h"

static const vt__wait_rule_t close_rule = {.ops = VT__WAIT_OPS("cache close")};

/* ---- the whole ---- */

static int check_options(const vt_cache_options_t *options) {
  bool known = options->jitter <= 100 && !(options->flags & ~VT_CACHE_CANCEL);
  return known ? 0 : UV_EINVAL;
}

/* A bound that no memory can reach is none where size_t is narrower. */
static size_t bound(uint64_t most) {
  return most < SIZE_MAX ? (size_t)most : SIZE_MAX;
}

static int init(vt_cache_t *cache, const vt_cache_options_t *options) {
  struct {
    vt__sip_key_t key;
    uint64_t seed;
  } secret;
  int rc = vt__random_now(&secret, sizeof secret);
  if (rc != 0)
    return rc;
  cache->options = *options;
  cache->loop = vt__current;
  cache->refs = 1;
  cache->random = options->seed != 0 ? options->seed : secret.seed;
  vt__hash_init(&cache->entries, &secret.key);
  vt__hash_init(&cache->loads, &secret.key);
  vt__evict_init(&cache->evict, bound(options->max_entries),
                 bound(options->max_bytes));
  vt__wait_list_init(&cache->closers);
  return 0;
}

int vt_cache_new(const vt_cache_options_t *options, vt_cache_t **out) {
  static const vt_cache_options_t none = {0};
  options = options ? options : &none;
  int rc = out ? check_options(options) : UV_EINVAL;
  if (rc != 0)
    return rc;
  if (!vt__current)
    return (int)vt__misuse(VT_ENOLOOP);
  vt_cache_t *cache = vt__calloc(1, sizeof *cache);
  if (!cache)
    return UV_ENOMEM;
  rc = init(cache, options);
  if (rc != 0) {
    vt__free(cache);
    return rc;
  }
  *out = cache;
  return 0;
}

int vt__cache_check(const vt_cache_t *cache) {
  return cache ? vt__loop_check(cache->loop) : UV_EINVAL;
}

void vt__cache_hold(vt_cache_t *cache) { cache->refs++; }

/* Those who wait for the end of a closed cache are told when no load is under
 * way and all that has left was told of. Its memory goes with the last
 * value. */
void vt__cache_release(vt_cache_t *cache) {
  cache->refs--;
  if (!cache->closed)
    return;
  if (cache->loads.count == 0 && cache->untold == 0)
    vt__wait_list_end(&cache->closers, vt__wait_status(0));
  if (cache->refs != 0)
    return;
  vt__cache_loads_forget(cache);
  vt__hash_close(&cache->entries);
  vt__hash_close(&cache->loads);
  vt__evict_close(&cache->evict);
  vt__free(cache);
}

static bool is_any(const vt_cache_t *cache, const vt__hash_node_t *node,
                   const void *arg) {
  (void)cache, (void)node, (void)arg;
  return true;
}

/* A close belongs to a clean-up, also where its scope is cancelled. */
static vt_t enlist_close(vt_cache_t *cache) {
  vt_value_t none = {0};
  vt_scope_t *before = vt__shield();
  vt_t v = vt__wait_enlist(&cache->closers, &close_rule, none);
  if (before)
    vt__unshield(before, v);
  return v;
}

vt_t vt_cache_close_async(vt_cache_t *cache) {
  if (!cache)
    return vt_done();
  int rc = vt__cache_check(cache);
  if (rc != 0)
    return vt_failed(rc);
  cache->closed = true;
  vt__cache_drop_where(cache, VT_CACHE_CLOSED, is_any, NULL);
  vt__cache_loads_close(cache);
  vt_t v = vt_done();
  if (cache->loads.count != 0 || cache->untold != 0)
    v = enlist_close(cache);
  vt__cache_release(cache);
  return v;
}

/* ---- getting ---- */

static vt_result_t result_of(const vt__cache_entry_t *entry) {
  vt_result_t r = {entry->status, {0}};
  if (r.status == 0)
    r.value.p = (void *)(uintptr_t)&entry->value;
  return r;
}

static inline void count_hit(vt_cache_t *cache, vt__cache_entry_t *entry,
                             uint64_t now) {
  cache->stats.hits++;
  entry->used = now;
  vt__evict_hit(&entry->in.evict);
}

/* A get of an entry that is due; the entry may have left when this returns. */
static VT_COLD bool look(vt_cache_t *cache, vt__cache_entry_t *entry) {
  uint64_t now = vt__cache_now(cache);
  if (vt__cache_is_over(cache, entry)) {
    vt__cache_drop(cache, entry, VT_CACHE_EXPIRED);
    return false;
  }
  count_hit(cache, entry, now);
  cache->stats.stale += now >= entry->fresh && entry->status == 0;
  vt__cache_set_due(cache, entry);
  if (now >= entry->refresh)
    vt__cache_refresh(cache, entry);
  return true;
}

static inline bool hit(vt_cache_t *cache, vt__cache_entry_t *entry) {
  uint64_t now = vt__cache_now(cache);
  if (!VT_LIKELY(now < entry->due))
    return look(cache, entry);
  count_hit(cache, entry, now);
  return true;
}

bool vt__cache_hit(vt_cache_t *cache, vt__cache_entry_t *entry,
                   vt_result_t *out) {
  *out = result_of(entry);
  return hit(cache, entry);
}

static VT_COLD vt_t miss(vt_cache_t *cache, const vt__cache_key_t *key) {
  vt_cache_load_t *load = NULL;
  vt_t v = vt__cache_wait(cache, key, &load);
  if (!load)
    return v;
  vt__cache_load_run(load);
  return vt_is_completed(v) ? vt_from_result(vt_get_result(v)) : v;
}

vt_t vt_cache_get(vt_cache_t *cache, const void *bytes, size_t size) {
  int rc = vt__cache_check(cache);
  if (!VT_LIKELY(rc == 0))
    return vt_failed(rc);
  vt__cache_key_t key = vt__cache_key(cache, bytes, size);
  vt__cache_entry_t *entry = vt__cache_find(cache, &key);
  if (!VT_LIKELY(entry != NULL))
    return miss(cache, &key);
  vt_result_t r = result_of(entry);
  return VT_LIKELY(hit(cache, entry)) ? vt_from_result(r) : miss(cache, &key);
}

const vt_cache_value_t *vt_cache_peek(vt_cache_t *cache, const void *bytes,
                                      size_t size) {
  if (vt__cache_check(cache) != 0)
    return NULL;
  vt__cache_key_t key = vt__cache_key(cache, bytes, size);
  const vt__cache_entry_t *entry = vt__cache_find(cache, &key);
  bool there = entry && entry->status == 0 && !vt__cache_is_over(cache, entry);
  return there ? &entry->value : NULL;
}

void vt_cache_stats(const vt_cache_t *cache, vt_cache_stats_t *out) {
  vt_cache_stats_t none = {0};
  *out = none;
  if (vt__cache_check(cache) != 0)
    return;
  *out = cache->stats;
  out->loading = cache->loads.count;
  out->waiting = vt__cache_waiting(cache);
  out->entries = cache->evict.count;
  out->bytes = cache->evict.weight;
}
