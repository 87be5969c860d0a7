/* SPDX-License-Identifier: MIT */
/* The cache inside: entries, which are values with their keys, and loads, which
 * are keys without. All on the loop's thread.
 *
 * Invariant: a key is at most once among the entries and at most once among the
 * loads. An entry is counted: once by the table or, when it has left that, by
 * its retirement, and by each vt_cache_retain. The cache is counted by entries
 * and loads, and by itself while it is open. */
#ifndef VT_CACHE_CACHE_H
#define VT_CACHE_CACHE_H

#include "cache/evict.h"
#include "cache/hash.h"
#include "core/retire.h"
#include "sync/wait_list.h"
#include "vt/cache.h"

/* Behind it the value's bytes, if it has any, then the key's. */
typedef struct vt__cache_entry {
  vt_cache_value_t value; /* first: what is given */
  vt__hash_node_t node;
  union {
    vt__evict_node_t evict; /* while it is in the table */
    vt__retired_t retired;  /* when it has left that */
  } in;
  vt_cache_t *cache;
  uint64_t due;     /* until then, a get has nothing to do but to give it */
  uint64_t refresh; /* from then on a load in the background is wanted */
  uint64_t fresh;   /* before that it is not stale */
  uint64_t end;     /* before that it may be given */
  uint64_t used;    /* last */
  int64_t status;   /* of a failure that is kept; 0: it is a value */
  uint32_t refs;
  uint8_t reason; /* why it left */
  bool told;      /* of it, when it has left; or it is no value of the table */
} vt__cache_entry_t;

struct vt_cache_load {
  vt__hash_node_t node; /* the key is behind it */
  vt_cache_t *cache;
  vt__cache_entry_t *entry;      /* put, and seen by nobody yet */
  struct vt__cache_batch *batch; /* of vt_cache_get_many; else NULL */
  vt_t run;                      /* what the loader returned, when it has */
  vt_wait_list_t waiters;        /* who is told what this load gives */
  vt_wait_list_t later; /* who asked when it was not to be kept any more */
  vt_cache_load_t *next_lost;
  uint64_t began_ns;
  uint64_t ttl_ms;
  int64_t status;  /* its own failure */
  bool passing;    /* its value is told, and not kept */
  bool background; /* begun for an entry */
  bool unwanted;   /* invalidated, put, closed: it is not kept */
  bool cancelled;
};

struct vt_cache {
  vt__hash_t entries;
  vt__evict_t evict;
  vt_loop_t *loop;
  vt_cache_options_t options;
  vt_cache_stats_t stats;
  vt__hash_t loads;
  vt_wait_list_t closers;
  size_t refs;
  size_t untold;         /* entries that have left, which nobody was told of */
  vt_cache_load_t *lost; /* loads that nobody could wait for */
  uint64_t random;       /* state of the jitter */
  bool closed;
};

static inline vt__cache_entry_t *
vt__cache_entry_of(const vt__hash_node_t *node) {
  return (vt__cache_entry_t *)(void *)((char *)(uintptr_t)node -
                                       offsetof(vt__cache_entry_t, node));
}

static inline vt_cache_load_t *vt__cache_load_of(vt__hash_node_t *node) {
  return (vt_cache_load_t *)(void *)((char *)node -
                                     offsetof(vt_cache_load_t, node));
}

/* A key, hashed. */
typedef struct vt__cache_key {
  const void *bytes;
  size_t size;
  uint64_t hash;
} vt__cache_key_t;

static inline vt__cache_key_t vt__cache_key(const vt_cache_t *cache,
                                            const void *bytes, size_t size) {
  vt__cache_key_t key = {bytes, size,
                         vt__hash_of(&cache->entries, bytes, size)};
  return key;
}

static inline vt__cache_entry_t *vt__cache_find(const vt_cache_t *cache,
                                                const vt__cache_key_t *key) {
  vt__hash_node_t *node =
      vt__hash_find_hashed(&cache->entries, key->hash, key->bytes, key->size);
  return node ? vt__cache_entry_of(node) : NULL;
}

static inline vt_cache_load_t *vt__cache_find_load(const vt_cache_t *cache,
                                                   const vt__cache_key_t *key) {
  vt__hash_node_t *node =
      vt__hash_find_hashed(&cache->loads, key->hash, key->bytes, key->size);
  return node ? vt__cache_load_of(node) : NULL;
}

static inline uint64_t vt__cache_now(const vt_cache_t *cache) {
  return vt__loop_now(cache->loop);
}

/* ---- cache.c ---- */

/* 0, VT_ETHREAD, VT_ENOLOOP, UV_EINVAL for NULL. */
int vt__cache_check(const vt_cache_t *cache);

void vt__cache_hold(vt_cache_t *cache);

/* Frees a closed cache of which nothing is left; before that tells who waits
 * for its end. */
void vt__cache_release(vt_cache_t *cache);

/* A get of a key that is there: counts it, begins a load in the background when
 * one is wanted. True, and the result; false when its time is over, and it has
 * been dropped. */
bool vt__cache_hit(vt_cache_t *cache, vt__cache_entry_t *entry,
                   vt_result_t *out);

/* ---- cache_entry.c ---- */

/* An entry outside the table, with one reference; copies the key, and value's
 * bytes without a drop function. NULL without memory: value's pointer is the
 * caller's still. */
vt__cache_entry_t *vt__cache_entry_new(vt_cache_t *cache,
                                       const vt__cache_key_t *key,
                                       const vt_cache_value_t *value);

void vt__cache_entry_unref(vt__cache_entry_t *entry);

/* Lets go of an entry that is in no table: the reference ends later. */
void vt__cache_retire(vt__cache_entry_t *entry);

/* Takes an entry out of the table and lets it go. */
void vt__cache_drop(vt_cache_t *cache, vt__cache_entry_t *entry,
                    vt_cache_reason_t reason);

typedef bool vt__cache_test_fn(const vt_cache_t *cache,
                               const vt__hash_node_t *node, const void *arg);

/* All that pass the test; how many they were. */
uint64_t vt__cache_drop_where(vt_cache_t *cache, vt_cache_reason_t reason,
                              vt__cache_test_fn *test, const void *arg);

/* Drops what is over the bounds. */
void vt__cache_evict(vt_cache_t *cache);

/* Puts a new entry into the table, in place of an older one, for so long (0:
 * for ever), and drops what is over the bounds. 0, or UV_E2BIG: the entry is
 * let go. */
int vt__cache_store(vt_cache_t *cache, vt__cache_entry_t *entry,
                    const vt__cache_key_t *key, uint64_t ttl_ms);

/* Sets due from the other times. */
void vt__cache_set_due(const vt_cache_t *cache, vt__cache_entry_t *entry);

/* Whether its time is over. */
bool vt__cache_is_over(const vt_cache_t *cache, const vt__cache_entry_t *entry);

/* So many milliseconds from now, less what the jitter cuts. */
uint64_t vt__cache_moment(vt_cache_t *cache, uint64_t ms);

/* Drops a value that nobody but the caller has. */
void vt__cache_drop_data(const vt_cache_t *cache, const void *data);

/* ---- cache_load.c ---- */

/* A get of a key that is not there: waits for its load, or the next one. Where
 * there is none yet, *out_new is a new one, which is to be run. */
vt_t vt__cache_wait(vt_cache_t *cache, const vt__cache_key_t *key,
                    vt_cache_load_t **out_new);

/* Calls the loader; the load may be over when this returns. */
void vt__cache_load_run(vt_cache_load_t *load);

/* The loader has completed: true when it is to be called again, else the load
 * is over. */
bool vt__cache_load_end(vt_cache_load_t *load, vt_result_t result);

/* Nobody could be registered for what the loader returned: it goes on without
 * the cache, and what it was given stays. */
void vt__cache_load_lose(vt_cache_load_t *load, vt_t v);

/* Begins a load of an entry's key, if none is under way. */
void vt__cache_refresh(vt_cache_t *cache, vt__cache_entry_t *entry);

/* What is under way is not kept. */
void vt__cache_load_disown(vt_cache_load_t *load);

/* How many wait. */
uint64_t vt__cache_waiting(const vt_cache_t *cache);

/* Ends all waits, and asks all loads to end. */
void vt__cache_loads_close(vt_cache_t *cache);

/* Frees the lost ones. */
void vt__cache_loads_forget(vt_cache_t *cache);

/* ---- cache_many.c ---- */

/* One load of a batch is wanted no more: when none is, all are cancelled. */
void vt__cache_batch_leave(struct vt__cache_batch *batch);

#endif
