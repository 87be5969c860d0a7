/* SPDX-License-Identifier: MIT */
/* Changing a cache by hand. Nothing here calls anything of the user's. */
#include "cache/cache.h"

/* ---- putting ---- */

static int put(vt_cache_t *cache, const vt__cache_key_t *key,
               const vt_cache_value_t *value, uint64_t ttl_ms) {
  vt_cache_load_t *load = vt__cache_find_load(cache, key);
  vt__cache_entry_t *entry = vt__cache_entry_new(cache, key, value);
  if (!entry) {
    vt__cache_drop_data(cache, value->data);
    return UV_ENOMEM;
  }
  if (load)
    vt__cache_load_disown(load);
  return vt__cache_store(cache, entry, key, ttl_ms);
}

int vt_cache_put_for(vt_cache_t *cache, const void *bytes, size_t size,
                     const vt_cache_value_t *value, uint64_t ttl_ms) {
  int rc = value ? vt__cache_check(cache) : UV_EINVAL;
  if (rc != 0)
    return rc;
  vt__cache_key_t key = vt__cache_key(cache, bytes, size);
  return put(cache, &key, value, ttl_ms != 0 ? ttl_ms : cache->options.ttl_ms);
}

int vt_cache_put(vt_cache_t *cache, const void *key, size_t key_size,
                 const void *data, size_t size) {
  vt_cache_value_t value = {data, size};
  return vt_cache_put_for(cache, key, key_size, &value, 0);
}

/* ---- dropping ---- */

/* What is under way for a key is not kept. */
static void disown(vt_cache_t *cache, const vt__cache_key_t *key) {
  vt_cache_load_t *load = vt__cache_find_load(cache, key);
  if (load)
    vt__cache_load_disown(load);
}

uint64_t vt_cache_invalidate(vt_cache_t *cache, const void *bytes,
                             size_t size) {
  if (vt__cache_check(cache) != 0)
    return 0;
  vt__cache_key_t key = vt__cache_key(cache, bytes, size);
  vt__cache_entry_t *entry = vt__cache_find(cache, &key);
  disown(cache, &key);
  if (!entry)
    return 0;
  vt__cache_drop(cache, entry, VT_CACHE_INVALIDATED);
  return 1;
}

const vt_cache_value_t *vt_cache_take(vt_cache_t *cache, const void *bytes,
                                      size_t size) {
  const vt_cache_value_t *value =
      vt_cache_retain(vt_cache_peek(cache, bytes, size));
  vt_cache_invalidate(cache, bytes, size);
  return value;
}

struct prefix {
  const void *bytes;
  size_t size;
};

static bool begins_with(const vt_cache_t *cache, const vt__hash_node_t *node,
                        const void *arg) {
  const struct prefix *prefix = arg;
  (void)cache;
  return node->size >= prefix->size &&
         (prefix->size == 0 ||
          memcmp(node->key, prefix->bytes, prefix->size) == 0);
}

uint64_t vt_cache_invalidate_prefix(vt_cache_t *cache, const void *bytes,
                                    size_t size) {
  struct prefix prefix = {bytes, size};
  vt__hash_walk_t walk;
  vt__hash_node_t *node;
  if (vt__cache_check(cache) != 0)
    return 0;
  vt__hash_walk_begin(&cache->loads, &walk);
  while ((node = vt__hash_walk_next(&cache->loads, &walk))) {
    if (begins_with(cache, node, &prefix))
      vt__cache_load_disown(vt__cache_load_of(node));
  }
  vt__hash_walk_end(&cache->loads, &walk);
  return vt__cache_drop_where(cache, VT_CACHE_INVALIDATED, begins_with,
                              &prefix);
}

uint64_t vt_cache_invalidate_all(vt_cache_t *cache) {
  return vt_cache_invalidate_prefix(cache, NULL, 0);
}

static bool is_over(const vt_cache_t *cache, const vt__hash_node_t *node,
                    const void *arg) {
  (void)arg;
  return vt__cache_is_over(cache, vt__cache_entry_of(node));
}

uint64_t vt_cache_sweep(vt_cache_t *cache) {
  if (vt__cache_check(cache) != 0)
    return 0;
  return vt__cache_drop_where(cache, VT_CACHE_EXPIRED, is_over, NULL);
}

/* ---- pins ---- */

static vt__cache_entry_t *find(vt_cache_t *cache, const void *bytes,
                               size_t size) {
  vt__cache_key_t key = vt__cache_key(cache, bytes, size);
  return vt__cache_find(cache, &key);
}

int vt_cache_pin(vt_cache_t *cache, const void *key, size_t key_size) {
  int rc = vt__cache_check(cache);
  if (rc != 0)
    return rc;
  const vt_cache_value_t *value = vt_cache_peek(cache, key, key_size);
  vt__cache_entry_t *entry = (vt__cache_entry_t *)(uintptr_t)value;
  if (!entry)
    return UV_ENOENT;
  if (entry->in.evict.pins == UINT16_MAX)
    return UV_EOVERFLOW;
  vt__evict_pin(&cache->evict, &entry->in.evict);
  return 0;
}

int vt_cache_unpin(vt_cache_t *cache, const void *key, size_t key_size) {
  int rc = vt__cache_check(cache);
  if (rc != 0)
    return rc;
  vt__cache_entry_t *entry = find(cache, key, key_size);
  if (!entry || !vt__evict_is_pinned(&entry->in.evict))
    return UV_ENOENT;
  vt__evict_unpin(&cache->evict, &entry->in.evict);
  vt__cache_evict(cache);
  return 0;
}
