/* SPDX-License-Identifier: MIT */
/* Loads: what is under way for a key, and those who wait for it.
 *
 * Happy path: begun by the first get, in no scope; those who get meanwhile
 * join. The loader puts the value into an entry that nobody sees; when it
 * completes, the entry goes into the table, the load out of the loads, and then
 * all who wait are queued with the result.
 *
 * What can go wrong: what is invalidated or put meanwhile makes the load
 * unwanted: it answers those who waited by then, and is not kept. So is a load
 * cancelled, because the last who waited has gone. Who joins such a load waits
 * in a list of his own, and is answered by it if it is kept after all; else the
 * loader is called again for those, so that never two loads of a key run. */
#include "base/alloc.h"
#include "cache/cache.h"
#include "vt/scope.h"

/* Between a load in the background that failed and the next one, where no time
 * is given: each hit of a stale value would call the loader. */
enum { PAUSE_MS = 1000 };

/* ---- waiting ---- */

static void on_left(vt_wait_list_t *list);
static void on_left_later(vt_wait_list_t *list);

static const vt__wait_rule_t wait_rule = {.ops = VT__WAIT_OPS("cache"),
                                          .left = on_left};
static const vt__wait_rule_t later_rule = {.ops = VT__WAIT_OPS("cache"),
                                           .left = on_left_later};

static void cancel(vt_cache_load_t *load) {
  load->cancelled = true;
  if (load->batch)
    vt__cache_batch_leave(load->batch);
  else
    vt_cancel(load->run);
}

/* Somebody has gone: the load goes on for those who wait for what it gives, or
 * for nobody. */
static void left(vt_cache_load_t *load) {
  bool wanted = !vt__wait_list_is_empty(&load->waiters) ||
                (!load->unwanted && !vt__wait_list_is_empty(&load->later));
  if (load->cache->options.flags & VT_CACHE_CANCEL && !wanted &&
      !load->background && !load->cancelled)
    cancel(load);
}

static void on_left(vt_wait_list_t *list) {
  left(VT__WAIT_OWNER(list, vt_cache_load_t, waiters));
}

static void on_left_later(vt_wait_list_t *list) {
  left(VT__WAIT_OWNER(list, vt_cache_load_t, later));
}

static vt_t join(vt_cache_load_t *load) {
  const vt_cache_options_t *options = &load->cache->options;
  uint64_t waiting = load->waiters.count + load->later.count;
  vt_value_t none = {0};
  if (options->max_waiters != 0 && waiting >= options->max_waiters)
    return vt_failed(UV_EBUSY);
  if (load->unwanted || load->cancelled)
    return vt__wait_enlist(&load->later, &later_rule, none);
  return vt__wait_enlist(&load->waiters, &wait_rule, none);
}

uint64_t vt__cache_waiting(const vt_cache_t *cache) {
  vt__hash_t *loads = (vt__hash_t *)(uintptr_t)&cache->loads;
  vt__hash_walk_t walk;
  vt__hash_node_t *node;
  uint64_t waiting = 0;
  vt__hash_walk_begin(loads, &walk);
  while ((node = vt__hash_walk_next(loads, &walk))) {
    const vt_cache_load_t *load = vt__cache_load_of(node);
    waiting += load->waiters.count + load->later.count;
  }
  vt__hash_walk_end(loads, &walk);
  return waiting;
}

/* ---- a load's life ---- */

/* Among the loads, and not begun. */
static vt_cache_load_t *load_new(vt_cache_t *cache,
                                 const vt__cache_key_t *key) {
  vt_cache_load_t fresh = {.cache = cache, .ttl_ms = cache->options.ttl_ms};
  if (key->size > SIZE_MAX / 2)
    return NULL;
  vt_cache_load_t *load = vt__malloc(sizeof *load + key->size);
  if (!load)
    return NULL;
  *load = fresh;
  if (key->size != 0)
    memcpy(load + 1, key->bytes, key->size);
  load->node.key = load + 1;
  load->node.size = key->size;
  vt__wait_list_init(&load->waiters);
  vt__wait_list_init(&load->later);
  vt__hash_insert(&cache->loads, &load->node, key->hash);
  vt__cache_hold(cache);
  return load;
}

static void take_out(vt_cache_load_t *load) {
  vt__hash_remove(&load->cache->loads, &load->node);
}

/* The load is out of the loads, and nobody waits for it. */
static void load_free(vt_cache_load_t *load) {
  vt_cache_t *cache = load->cache;
  vt__free(load);
  vt__cache_release(cache);
}

vt_t vt__cache_wait(vt_cache_t *cache, const vt__cache_key_t *key,
                    vt_cache_load_t **out_new) {
  vt_cache_load_t *load = vt__cache_find_load(cache, key);
  cache->stats.misses++;
  if (cache->closed) /* by the loader of another key, of many */
    return vt_failed(UV_ECANCELED);
  if (load)
    return join(load);
  if (!cache->options.load && !cache->options.load_many)
    return vt_failed(UV_ENOENT);
  load = load_new(cache, key);
  if (!load)
    return vt_failed(UV_ENOMEM);
  vt_t v = join(load);
  if (vt_in_hand(v)) { /* it could not */
    take_out(load);
    load_free(load);
    return v;
  }
  *out_new = load;
  return v;
}

void vt__cache_load_disown(vt_cache_load_t *load) { load->unwanted = true; }

void vt__cache_refresh(vt_cache_t *cache, vt__cache_entry_t *entry) {
  vt__cache_key_t key = {entry->node.key, entry->node.size, entry->node.hash};
  if (vt__cache_find_load(cache, &key))
    return;
  vt_cache_load_t *load = load_new(cache, &key);
  if (!load)
    return;
  load->background = true;
  entry->refresh = UINT64_MAX;
  vt__cache_set_due(cache, entry);
  vt__cache_load_run(load);
}

/* ---- the loader's side ---- */

const void *vt_cache_load_key(const vt_cache_load_t *load, size_t *out_size) {
  if (out_size)
    *out_size = load->node.size;
  return load->node.key;
}

static void drop_put(vt_cache_load_t *load) {
  vt__cache_entry_t *entry = load->entry;
  load->entry = NULL;
  if (entry)
    vt__cache_entry_unref(entry);
}

vt_t vt_cache_load_put(vt_cache_load_t *load, const void *data, size_t size) {
  vt_cache_value_t value = {data, size};
  int rc = load ? vt__cache_check(load->cache) : UV_EINVAL;
  if (rc != 0)
    return vt_failed(rc);
  vt__cache_key_t key = {load->node.key, load->node.size, load->node.hash};
  vt__cache_entry_t *entry = vt__cache_entry_new(load->cache, &key, &value);
  if (!entry) {
    vt__cache_drop_data(load->cache, data);
    return vt_failed(UV_ENOMEM);
  }
  drop_put(load);
  load->entry = entry;
  return vt_done();
}

void vt_cache_load_set_ttl(vt_cache_load_t *load, uint64_t ttl_ms) {
  load->passing = ttl_ms == 0;
  load->ttl_ms = ttl_ms;
}

void vt_cache_load_fail(vt_cache_load_t *load, int64_t status) {
  load->status = vt_status_in_hand(vt_failed(status));
}

/* ---- the end of a load ---- */

/* Where many are loaded, each key has its own outcome, if it has one. */
static int64_t outcome(const vt_cache_load_t *load, int64_t status) {
  bool many = load->batch || !load->cache->options.load;
  if (load->status != 0)
    return load->status;
  if (load->entry && (status == 0 || many))
    return 0;
  return status != 0 ? status : UV_ENOENT;
}

/* A failure that is not kept, or cannot be, leaves what there is. */
static void keep_failure(vt_cache_load_t *load, const vt__cache_key_t *key,
                         int64_t status) {
  static const vt_cache_value_t none = {NULL, 0};
  vt_cache_t *cache = load->cache;
  uint64_t fail_ms = cache->options.fail_ms;
  vt__cache_entry_t *entry = vt__cache_find(cache, key);
  if (entry && entry->status == 0) { /* the next one in the background */
    entry->refresh = vt__cache_moment(cache, fail_ms ? fail_ms : PAUSE_MS);
    vt__cache_set_due(cache, entry);
    return;
  }
  if (fail_ms == 0 || status == UV_ECANCELED || status == UV_ENOMEM)
    return;
  entry = vt__cache_entry_new(cache, key, &none);
  if (!entry)
    return;
  entry->status = status;
  (void)vt__cache_store(cache, entry, key, fail_ms);
}

static void keep_value(vt_cache_load_t *load, const vt__cache_key_t *key) {
  vt_cache_t *cache = load->cache;
  if (!load->passing) {
    (void)vt__cache_store(cache, load->entry, key, load->ttl_ms);
    return;
  }
  vt__cache_entry_t *older = vt__cache_find(cache, key);
  if (older)
    vt__cache_drop(cache, older, VT_CACHE_REPLACED);
  load->entry->told = true;
  vt__cache_retire(load->entry);
}

/* Keeps what the load gave, or lets it go after those who wait have had it. */
static vt_result_t settle(vt_cache_load_t *load, int64_t status) {
  vt__cache_key_t key = {load->node.key, load->node.size, load->node.hash};
  vt_result_t r = {status, {0}};
  if (status != 0) {
    drop_put(load);
    if (!load->unwanted)
      keep_failure(load, &key, status);
    return r;
  }
  r.value.p = &load->entry->value;
  if (load->unwanted) {
    load->entry->told = true;
    vt__cache_retire(load->entry);
  } else {
    keep_value(load, &key);
  }
  load->entry = NULL;
  return r;
}

static void move_later(vt_cache_load_t *load) {
  vt__wait_t *wait;
  while ((wait = vt__wait_first(&load->later)))
    vt__wait_move(wait, &load->waiters, &wait_rule);
  load->unwanted = load->cancelled = load->background = false;
  load->passing = false;
  load->status = 0;
  load->ttl_ms = load->cache->options.ttl_ms;
  load->batch = NULL;
}

bool vt__cache_load_end(vt_cache_load_t *load, vt_result_t result) {
  vt_cache_t *cache = load->cache;
  int64_t status = outcome(load, result.status);
  cache->stats.load_ns += vt__loop_fresh_ns() - load->began_ns;
  cache->stats.failures += status != 0;
  bool again = load->unwanted || (load->cancelled && status != 0);
  vt_result_t r = settle(load, status);
  if (again && !vt__wait_list_is_empty(&load->later)) {
    vt__wait_list_end(&load->waiters, r);
    move_later(load);
    return true;
  }
  take_out(load);
  vt__wait_list_end(&load->waiters, r);
  vt__wait_list_end(&load->later, r);
  load_free(load);
  return false;
}

/* ---- running ---- */

static vt_t call(vt_cache_load_t *load) {
  const vt_cache_options_t *o = &load->cache->options;
  vt_cache_load_t *const one[] = {load};
  load->cache->stats.loads++;
  load->began_ns = vt__loop_fresh_ns();
  load->run = vt_done();
  vt_scope_t *before = vt_scope_enter(NULL);
  vt_t v = o->load ? o->load(o->arg, load) : o->load_many(o->arg, one, 1);
  vt_scope_leave(before);
  load->run = v;
  return v;
}

static void on_loaded(void *state, vt_result_t result) {
  if (vt__cache_load_end(state, result))
    vt__cache_load_run(state);
}

void vt__cache_load_lose(vt_cache_load_t *load, vt_t v) {
  vt__cache_key_t key = {load->node.key, load->node.size, load->node.hash};
  vt_cache_t *cache = load->cache;
  vt_cancel(v);
  vt_forget(v);
  drop_put(load);
  if (!load->unwanted)
    keep_failure(load, &key, UV_ENOMEM);
  take_out(load);
  vt__wait_list_end(&load->waiters, vt__wait_status(UV_ENOMEM));
  vt__wait_list_end(&load->later, vt__wait_status(UV_ENOMEM));
  cache->stats.failures++;
  load->unwanted = true;
  load->next_lost = cache->lost;
  cache->lost = load;
  vt__cache_release(cache);
}

void vt__cache_loads_forget(vt_cache_t *cache) {
  while (cache->lost) {
    vt_cache_load_t *load = cache->lost;
    cache->lost = load->next_lost;
    vt__free(load);
  }
}

/* A load that was cancelled by its own loader, before there was anything to
 * cancel. */
static void cancel_again(vt_cache_load_t *load) {
  if (load->cancelled)
    vt_cancel(load->run);
}

void vt__cache_load_run(vt_cache_load_t *load) {
  for (;;) {
    vt_t v = call(load);
    int rc =
        vt_in_hand(v) ? VT_COMPLETED : vt_on_completed(v, 0, on_loaded, load);
    if (rc == 0) {
      cancel_again(load);
      return;
    }
    if (rc == UV_ENOMEM) {
      vt__cache_load_lose(load, v);
      return;
    }
    if (!vt__cache_load_end(load, rc == VT_COMPLETED ? vt_get_result(v)
                                                     : vt__wait_status(rc)))
      return;
  }
}

/* ---- the cache's close ---- */

void vt__cache_loads_close(vt_cache_t *cache) {
  vt__hash_walk_t walk;
  vt__hash_node_t *node;
  vt_result_t r = vt__wait_status(UV_ECANCELED);
  vt__hash_walk_begin(&cache->loads, &walk);
  while ((node = vt__hash_walk_next(&cache->loads, &walk))) {
    vt_cache_load_t *load = vt__cache_load_of(node);
    vt__wait_list_end(&load->waiters, r);
    vt__wait_list_end(&load->later, r);
    load->unwanted = true;
    if (!load->cancelled)
      cancel(load);
  }
  vt__hash_walk_end(&cache->loads, &walk);
}
