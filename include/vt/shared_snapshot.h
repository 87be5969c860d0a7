/* SPDX-License-Identifier: MIT */
/* One snapshot for several loops: loaded once for all, one copy in memory, read
 * everywhere as <vt/snapshot.h> tells it.
 *
 *     rc = vt_shared_snapshot_new(&options, &countries);       once
 *     rc = vt_shared_snapshot_open(countries, &here);          each loop
 *     vt_await(vt_snapshot_get(here), on_countries, client);
 *
 * Each loop has a front of its own, a vt_snapshot_t, which holds a counted
 * reference to the current value: a get in hand is what it is there, one
 * compare and no lock, nothing atomic, nothing that another processor writes.
 * When the value changes each front is told by a message and swaps on its own
 * thread; the old value is dropped when the last loop has let go of it. A load
 * is called on the loop of the front that asked first; the others wait for it,
 * whatever becomes of their own callers; nobody's cancel ends it but that of
 * the last.
 *
 * vt_snapshot_put, vt_snapshot_invalidate and vt_snapshot_refresh_async of any
 * front are for all. They are over for this thread's fronts when they return;
 * the others have it by their next turn, before any message that this thread
 * sends to them afterwards.
 *
 * Which to take for several loops is told in <vt/cache_bus.h>. A loop with a
 * front does not detach (UV_EBUSY), and is not kept going. */
#ifndef VT_SHARED_SNAPSHOT_H
#define VT_SHARED_SNAPSHOT_H

#include "vt/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_shared_snapshot vt_shared_snapshot_t;

/* Makes one; loads nothing yet. Copies options: drop may be called on any
 * thread, load on any loop that has a front, one at a time; max_waiters is of
 * each front; arg is borrowed until the last value is dropped. Gives *out
 * (vt_shared_snapshot_unref). UV_EINVAL, UV_ENOMEM. Any thread. */
VT_API int vt_shared_snapshot_new(const vt_snapshot_options_t *options,
                                  vt_shared_snapshot_t **out);

/* Adds a reference and returns it; NULL gives NULL. Any thread. */
VT_API vt_shared_snapshot_t *vt_shared_snapshot_ref(vt_shared_snapshot_t *s);

/* Drops a reference; NULL is accepted. Fronts have references of their own. Any
 * thread. */
VT_API void vt_shared_snapshot_unref(vt_shared_snapshot_t *s);

/* Makes a front on this thread's loop. Gives *out (vt_snapshot_close_async).
 * UV_ENOMEM, VT_ENOLOOP, UV_EINVAL. */
VT_API int vt_shared_snapshot_open(vt_shared_snapshot_t *s,
                                   vt_snapshot_t **out);

/* vt_snapshot_put and vt_snapshot_invalidate from any thread, with a loop or
 * without one. */
VT_API int vt_shared_snapshot_put(vt_shared_snapshot_t *s, void *value);
VT_API int vt_shared_snapshot_invalidate(vt_shared_snapshot_t *s);

/* Reads the counters of the loads and of the invalidations of all into out, the
 * others are 0: a front counts its own gets, and its loads are what it asked of
 * this. Any thread. */
VT_API void vt_shared_snapshot_stats(vt_shared_snapshot_t *s,
                                     vt_snapshot_stats_t *out);

#ifdef __cplusplus
}
#endif
#endif
