/* SPDX-License-Identifier: MIT */
/* Invalidations for the caches of several loops: what one thread has changed,
 * all forget. Several loops, which to take:
 *
 *   a cache for each loop, and a bus (this)
 * many values by keys. A hit costs what it costs with one loop, a miss loads
 * once for each loop that asks, and each loop has what it uses in memory. a
 * shared snapshot (<vt/shared_snapshot.h>) one value that is read much more
 * often than it changes. One load and one copy for all; a get costs what it
 * costs with one loop. a snapshot for each loop, and a bus where the value may
 * not be read from several threads. one cache on a loop of its own, asked by
 * vt_invoke_on (<vt/invoke.h>) where the loader must not be called twice for a
 * key, or memory allows one copy only: a hit is a message there and back.
 *
 *     rc = vt_cache_bus_join_cache(bus, users, &member);    each loop
 *     ...
 *     vt_cache_bus_invalidate(bus, name, size);             any thread
 *
 * An invalidate is over for the loop of the thread that calls it when it
 * returns. The others have it by their next turn, in the order of each caller:
 * a load that is under way there is not kept, but until then hits have the old
 * value. A message from one thread to another that follows it (a promise, a
 * shared channel, vt_invoke_on) is not overtaken by it: who gets the message
 * does not get the old value.
 *
 * What a loop has not come to read is bounded: beyond a mebibyte it forgets all
 * in its place.
 *
 * Calls are for any thread, but for join and leave: those are for the loop of
 * the cache. A loop with a member does not detach (UV_EBUSY), and is not kept
 * going. */
#ifndef VT_CACHE_BUS_H
#define VT_CACHE_BUS_H

#include "vt/cache.h"
#include "vt/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_cache_bus vt_cache_bus_t;
typedef struct vt_cache_member vt_cache_member_t;

/* Makes a bus without members. Gives *out (vt_cache_bus_unref). UV_ENOMEM,
 * UV_EINVAL for NULL. */
VT_API int vt_cache_bus_new(vt_cache_bus_t **out);

/* Adds a reference and returns the bus; NULL gives NULL. */
VT_API vt_cache_bus_t *vt_cache_bus_ref(vt_cache_bus_t *bus);

/* Drops a reference; NULL is accepted. The members have references too. */
VT_API void vt_cache_bus_unref(vt_cache_bus_t *bus);

/* Makes the cache a member: it is told of what comes from now on. Borrows it
 * until it leaves. Gives *out (vt_cache_bus_leave). UV_ENOMEM, UV_EINVAL for
 * NULL; VT_ETHREAD, VT_ENOLOOP where it is not this thread's. */
VT_API int vt_cache_bus_join_cache(vt_cache_bus_t *bus, vt_cache_t *cache,
                                   vt_cache_member_t **out);

/* The same for a snapshot, which counts as the value of this key. Copies the
 * key. */
VT_API int vt_cache_bus_join_snapshot(vt_cache_bus_t *bus, vt_snapshot_t *s,
                                      const void *key, size_t key_size,
                                      vt_cache_member_t **out);

/* Takes the member, and ends its membership: before its cache is closed. NULL
 * is accepted. VT_ETHREAD, VT_ENOLOOP: nothing has changed. */
VT_API int vt_cache_bus_leave(vt_cache_member_t *member);

/* Makes all members forget a key, those that begin with a prefix, or all, as
 * vt_cache_invalidate and its kin. Copies the key. UV_ENOMEM: there was no
 * memory to tell of the key, and all was invalidated in its place. UV_EINVAL
 * for a bus that is NULL. */
VT_API int vt_cache_bus_invalidate(vt_cache_bus_t *bus, const void *key,
                                   size_t key_size);
VT_API int vt_cache_bus_invalidate_prefix(vt_cache_bus_t *bus,
                                          const void *prefix, size_t size);
VT_API int vt_cache_bus_invalidate_all(vt_cache_bus_t *bus);

#ifdef __cplusplus
}
#endif
#endif
