/* SPDX-License-Identifier: MIT */
/* What a cache (<vt/cache.h>) holds, and how it gets what it does not: values,
 * loaders, options.
 *
 *     static vt_t load_user(void *db, vt_cache_load_t *load)
 *     {
 *       struct load_frame f = {.db = db, .load = load};
 *       return vt_start(&f, load_body);
 *     }
 *
 * whose body awaits the database and ends by
 *
 *     VT_RETURN(f, vt_cache_load_put(f->load, row.bytes, row.size)); */
#ifndef VT_CACHE_LOAD_H
#define VT_CACHE_LOAD_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A value in a cache: read only. Bytes are the cache's copy, aligned for any
 * type and followed by a zero byte; a pointer is the owner's. */
typedef struct {
  const void *data;
  size_t size; /* of the bytes; of a pointer, the weight it was put with */
} vt_cache_value_t;

/* Why a value left the cache. */
typedef enum vt_cache_reason {
  VT_CACHE_EVICTED,     /* for want of room */
  VT_CACHE_EXPIRED,     /* its time was over */
  VT_CACHE_REPLACED,    /* by a newer one */
  VT_CACHE_INVALIDATED, /* vt_cache_invalidate and its kin, vt_cache_take */
  VT_CACHE_CLOSED
} vt_cache_reason_t;

/* Told of each value that has left, once, from a later turn of the loop and
 * never inside a call of the cache. Borrows all. May call anything of the cache
 * while it is open. */
typedef void vt_cache_left_fn(void *arg, const void *key, size_t key_size,
                              const vt_cache_value_t *value,
                              vt_cache_reason_t reason);

/* Frees what a pointer points to, when nobody has it any more. */
typedef void vt_cache_drop_fn(void *arg, void *data);

/* One key that is being loaded; there until the load completes. */
typedef struct vt_cache_load vt_cache_load_t;

/* Loads one key: puts its value (vt_cache_load_put) and completes with 0. Its
 * failure is told to all who wait. One that has put nothing counts as
 * UV_ENOENT. Runs in no scope: nobody's cancel ends it but the cache's own. It
 * must not wait for its own key. */
typedef vt_t vt_cache_load_fn(void *arg, vt_cache_load_t *load);

/* Loads many at once, in any order; completes when all is said. A failure is
 * that of each key that has no value and no status of its own. Borrows the
 * array until it returns, the loads until it completes. */
typedef vt_t vt_cache_load_many_fn(void *arg, vt_cache_load_t *const loads[],
                                   size_t count);

/* The key, borrowed until the load completes. */
VT_API const void *vt_cache_load_key(const vt_cache_load_t *load,
                                     size_t *out_size);

/* Puts the value of the key, as vt_cache_put, but nobody sees it before the
 * load has completed with 0; the last one counts. In hand: done, UV_ENOMEM, or
 * VT_ETHREAD. */
VT_API VT_MUST_USE vt_t vt_cache_load_put(vt_cache_load_t *load,
                                          const void *data, size_t size);

/* This value's time to live in place of the cache's; 0: it is not kept, but
 * told to those who wait. */
VT_API void vt_cache_load_set_ttl(vt_cache_load_t *load, uint64_t ttl_ms);

/* The key's own failure: a negative status, UV_ENOENT mostly. For
 * vt_cache_load_many_fn. */
VT_API void vt_cache_load_fail(vt_cache_load_t *load, int64_t status);

/* What an entry takes besides its key and its value. */
#define VT_CACHE_ENTRY_BYTES 224u

/* How a cache behaves; zeroed: bytes put by hand, for ever and without bound.
 * Times are in milliseconds of the loop's clock as of its turn (uv_now). */
typedef struct vt_cache_options {
  vt_cache_load_fn *load;           /* NULL: a miss is UV_ENOENT */
  vt_cache_load_many_fn *load_many; /* NULL: load, for each */
  vt_cache_drop_fn *drop; /* values are pointers, which the cache takes; NULL:
                             they are bytes, which it copies */
  vt_cache_left_fn *left; /* optional */
  void *arg; /* of all four; borrowed until the close completes, by drop until
                the last value is released */

  uint64_t max_entries; /* 0: no bound */
  uint64_t max_bytes;   /* of memory: keys, values, and VT_CACHE_ENTRY_BYTES
                           for each entry; 0: no bound */
  uint64_t max_waiters; /* of one key's load; UV_EBUSY beyond; 0: no bound */

  uint64_t ttl_ms;     /* a value is fresh so long; 0: for ever */
  uint64_t idle_ms;    /* and goes when nobody has got it so long; 0: stays */
  uint64_t refresh_ms; /* older than this, the next get has it and begins one
                          load in the background; 0: never */
  uint64_t stale_ms;   /* so long past ttl_ms a get has the old value still,
                          and begins one load; 0: it is a miss at once */
  uint64_t fail_ms;    /* a failure is kept so long and told in hand; after a
                          failed load in the background the next one waits so
                          long. 0: not kept, and the next one waits a second;
                          UV_ECANCELED and UV_ENOMEM are never kept */
  unsigned jitter;     /* per cent, to 100, by which each of ttl_ms, refresh_ms
                          and fail_ms is cut at random, so that what came
                          together does not go together */
  uint64_t seed;       /* of that, so that a run repeats; 0: random */

  unsigned flags; /* VT_CACHE_CANCEL */
} vt_cache_options_t;

/* A load for which nobody waits any more is cancelled. Without it it goes on,
 * and its value is kept. Those in the background are not concerned. */
#define VT_CACHE_CANCEL 1u

#ifdef __cplusplus
}
#endif
#endif
