/* SPDX-License-Identifier: MIT */
/* A cache of one loop: what is in memory is in hand, what is not is loaded
 * once, whoever asks. C#'s IMemoryCache and HybridCache.
 *
 *     vt_cache_options_t options = {.load = load_user, .arg = db,
 *                                   .max_bytes = 64 << 20, .ttl_ms = 60000};
 *     int rc = vt_cache_new(&options, &users);
 *
 *     static void on_user(void *client, vt_result_t r)
 *     {
 *       const vt_cache_value_t *user = vt_cache_value(r);
 *       reply(client, r.status, user);           (NULL when it has failed)
 *     }
 *
 *     vt_await(vt_cache_get(users, name, size), on_user, client);
 *
 * A hit allocates nothing and takes no lock. Its value is borrowed until the
 * callback that got it returns (in an async function: until its next await that
 * waits), whoever replaces, invalidates or evicts it meanwhile;
 * vt_cache_retain keeps it longer. Await a get in the callback that asked. A
 * combinator that waits for others too (vt_all and vt_any; vt_with_timeout does
 * not) may give what is gone: take vt_cache_get_many, or functions that retain.
 *
 * A miss calls the loader, once for each key, whatever the number of callers:
 * never are two loads of one key under way. The load is the cache's: it runs in
 * no scope, and a caller's cancel or deadline ends that caller's wait, nobody
 * else's. Those who ask after an invalidate do not get what was under way: they
 * wait until it is over, and for another load.
 *
 * What has left is let go when the loop's callback and all that is queued have
 * run: many puts in one callback hold all that they replace.
 *
 * When it is full, what was got seldom goes first (S3-FIFO), so that a scan of
 * what nobody wants does not drive out what all want. Keys are hashed with a
 * secret of the cache, so that nobody can make them collide.
 *
 * One thread, that of the loop: VT_ETHREAD elsewhere (a NULL or a 0 where there
 * is no status). Close the cache before the loop is detached. Common mistakes:
 * a value used after its callback (retain it); a loader that gets its own key
 * (it waits for itself). */
#ifndef VT_CACHE_H
#define VT_CACHE_H

#include "vt/cache_load.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_cache vt_cache_t;

/* Makes a cache of this thread's loop. Copies options, which may be NULL. Gives
 * *out (vt_cache_close_async). UV_EINVAL (jitter over 100, flags unknown),
 * UV_ENOMEM, VT_ENOLOOP. */
VT_API int vt_cache_new(const vt_cache_options_t *options, vt_cache_t **out);

/* Takes the cache, which must not be touched afterwards, and ends it: who waits
 * gets UV_ECANCELED, all loads are cancelled. Completes with 0 when the last of
 * them is over and the left function has been told of all; in hand when nothing
 * is to be waited for. What is borrowed or retained stays. Begins in a
 * cancelled scope too. NULL is accepted. UV_ENOMEM: closed all the same, but
 * nobody is told of the end. VT_ETHREAD: nothing has changed. */
VT_API VT_MUST_USE vt_t vt_cache_close_async(vt_cache_t *cache);

/* ---- getting ---- */

/* The value of a key, in the result as vt_cache_value: in hand when it is
 * there, else when it is loaded. Copies the key where it must wait. A failed
 * load's status, to all who waited; UV_ENOENT without a loader; UV_EBUSY beyond
 * max_waiters; UV_ECANCELED: cancelled, or the cache was closed; UV_ENOMEM. A
 * value put meanwhile does not answer those who wait. */
VT_API VT_MUST_USE vt_t vt_cache_get(vt_cache_t *cache, const void *key,
                                     size_t key_size);

/* What a continuation of vt_cache_get received; NULL after a failure. */
static inline const vt_cache_value_t *vt_cache_value(vt_result_t r) {
  return r.status == 0 ? (const vt_cache_value_t *)r.value.p : NULL;
}

/* The value if it is there, fresh or stale, else NULL; borrowed as a hit. Loads
 * nothing, counts nothing, and is no use that keeps it. */
VT_API const vt_cache_value_t *vt_cache_peek(vt_cache_t *cache, const void *key,
                                             size_t key_size);

/* One key of vt_cache_get_many, and what became of it. */
typedef struct vt_cache_item {
  const void *key;
  size_t key_size;
  vt_result_t result; /* as of vt_cache_get */
} vt_cache_item_t;

/* Gets many: those neither there nor under way by one call of load_many.
 * Completes when each has its result, with the number of successes in value.u;
 * in hand when all are there. All values are borrowed as one hit. Borrows items
 * and keys until completion. Cancelled: UV_ECANCELED, and all values with it.
 * UV_ENOMEM, VT_ENOLOOP: nothing was begun. */
VT_API VT_MUST_USE vt_t vt_cache_get_many(vt_cache_t *cache,
                                          vt_cache_item_t items[],
                                          size_t count);

/* Keeps a value beyond the callback, and beyond the cache; returns it. NULL
 * gives NULL. */
VT_API const vt_cache_value_t *vt_cache_retain(const vt_cache_value_t *value);

/* Ends what vt_cache_retain or vt_cache_take began; the last one frees. NULL is
 * accepted. */
VT_API void vt_cache_release(const vt_cache_value_t *value);

/* ---- changing ---- */

/* Puts a value in, in place of an older one. Copies the key, and size bytes of
 * data; with a drop function takes data, also on failure, and size is its
 * weight. A load of the key under way answers those who wait for it and is not
 * kept. UV_ENOMEM: nothing has changed. UV_E2BIG: heavier than all that may be
 * kept; the older one is gone. VT_ETHREAD: data is the caller's still. */
VT_API int vt_cache_put(vt_cache_t *cache, const void *key, size_t key_size,
                        const void *data, size_t size);

/* As vt_cache_put, with a time to live of its own; 0: the cache's. */
VT_API int vt_cache_put_for(vt_cache_t *cache, const void *key, size_t key_size,
                            const vt_cache_value_t *value, uint64_t ttl_ms);

/* Takes a value out and gives it (vt_cache_release); NULL when there is none.
 * Else as vt_cache_invalidate. */
VT_API const vt_cache_value_t *vt_cache_take(vt_cache_t *cache, const void *key,
                                             size_t key_size);

/* Drops a key, those that begin with a prefix, or all: the next get loads. A
 * load under way answers those who wait for it, and is not kept. The number
 * dropped; a prefix looks at all keys. Pinned ones go too. Needs no memory. */
VT_API uint64_t vt_cache_invalidate(vt_cache_t *cache, const void *key,
                                    size_t key_size);
VT_API uint64_t vt_cache_invalidate_prefix(vt_cache_t *cache,
                                           const void *prefix, size_t size);
VT_API uint64_t vt_cache_invalidate_all(vt_cache_t *cache);

/* Drops what is past its time, which else happens when it is asked for or
 * evicted; the number. Looks at all. */
VT_API uint64_t vt_cache_sweep(vt_cache_t *cache);

/* Keeps the value that is there under the key from being evicted, or no longer:
 * as often unpinned as pinned. It still expires and may be invalidated; a newer
 * value of the key inherits its pins. UV_ENOENT: there is none, or no pin;
 * UV_EOVERFLOW beyond 65535 of them. */
VT_API int vt_cache_pin(vt_cache_t *cache, const void *key, size_t key_size);
VT_API int vt_cache_unpin(vt_cache_t *cache, const void *key, size_t key_size);

/* ---- looking ---- */

/* What a cache has done and has. */
typedef struct {
  uint64_t hits;      /* gets in hand, failures kept among them */
  uint64_t stale;     /* of these, past their time to live */
  uint64_t misses;    /* the others */
  uint64_t loads;     /* begun */
  uint64_t failures;  /* of these, failed or cancelled */
  uint64_t load_ns;   /* all that are over took, together */
  uint64_t evictions; /* for want of room */
  uint64_t expired;   /* that their time ended */
  uint64_t loading;   /* under way now */
  uint64_t waiting;   /* who wait for them now */
  uint64_t entries;   /* now, failures kept among them */
  uint64_t bytes;     /* now, as max_bytes counts them */
} vt_cache_stats_t;

/* Reads the counters into out. Looks at the loads under way. */
VT_API void vt_cache_stats(const vt_cache_t *cache, vt_cache_stats_t *out);

#ifdef __cplusplus
}
#endif
#endif
