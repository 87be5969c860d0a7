/* SPDX-License-Identifier: MIT */
/* A snapshot: one value that is loaded as a whole (a dictionary, a table, a
 * configuration), immutable, and in hand from then on.
 *
 *     vt_snapshot_options_t options = {
 *         .load = load_countries, .drop = drop_countries, .arg = db};
 *     int rc = vt_snapshot_new(&options, &countries);
 *
 *     vt_await(vt_snapshot_get(countries), on_countries, client);
 *
 * A get in hand is one compare: no allocation, no lock. What it gives is
 * borrowed until the callback that received it returns (in an async function:
 * until its next await that waits), whoever swaps or invalidates meanwhile: the
 * old readers keep the old value, and it is dropped when no callback can have
 * it any more. To keep it longer, let the value count its owners:
 * vt_counted_new (<vt/counted.h>), or a count of its own in which drop gives
 * one back. Await a get in the callback that asked.
 *
 * The load is the snapshot's, one at a time whatever the number of callers: it
 * runs in no scope, and a caller's cancel or deadline ends that caller's wait,
 * nobody else's. Its failure is told to all who waited and is not kept, but by
 * fail_ms. Those who ask after an invalidate do not get what was under way:
 * they wait until it is over, and for another load. Who waits is completed from
 * the ready queue, when the new value is there for all.
 *
 * Take a snapshot for what is read as one; a cache (<vt/cache.h>) for many
 * values by their keys. One thread, that of the loop: VT_ETHREAD elsewhere.
 * Close it before the loop is detached. Common mistakes: a value used after its
 * callback; a loader that gets its own snapshot (it waits for itself). */
#ifndef VT_SNAPSHOT_H
#define VT_SNAPSHOT_H

#include "vt/counted.h"
#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_snapshot vt_snapshot_t;

/* Loads: an async function, or any that returns a value task. Completes with
 * the value in value.p, which the snapshot takes; NULL is a value. */
typedef vt_t vt_snapshot_load_fn(void *arg);

/* Gives back a value that the snapshot has given up: from the loop, between
 * callbacks, on its thread, once for each value; at the latest when the loop is
 * detached. Must not begin anything. */
typedef void vt_snapshot_drop_fn(void *arg, void *value);

/* How a snapshot behaves; zeroed: values put by hand, for ever. Times are in
 * milliseconds of the loop's clock as of its turn (uv_now). */
typedef struct vt_snapshot_options {
  vt_snapshot_load_fn *load; /* NULL: a get that finds nothing is UV_ENOENT */
  vt_snapshot_drop_fn *drop; /* NULL: the values stay the caller's */
  void *arg; /* of both; borrowed until the last value is dropped */

  uint64_t ttl_ms;   /* a value is fresh so long; 0: for ever */
  uint64_t stale_ms; /* so long past ttl_ms a get has the old value still, and
                        begins a load in the background; 0: it waits */
  uint64_t fail_ms;  /* a failure is kept so long and told in hand; after a
                        failed refresh the next one waits so long. 0: not kept;
                        UV_ECANCELED and UV_ENOMEM never */
  uint64_t max_waiters; /* of one load; UV_EBUSY beyond; 0: no bound */

  unsigned flags; /* VT_SNAPSHOT_... */
} vt_snapshot_options_t;

/* A load for which nobody waits any more is cancelled. Without it it goes on,
 * and its value is kept. Those in the background are not concerned. */
#define VT_SNAPSHOT_CANCEL 1u

/* Closing lets the load under way go on, and who waits for it has its result.
 * */
#define VT_SNAPSHOT_DRAIN 2u

/* Makes a snapshot of this thread's loop; loads nothing yet. Copies options.
 * Gives *out (vt_snapshot_close_async). UV_EINVAL (NULL, flags unknown),
 * UV_ENOMEM, VT_ENOLOOP. */
VT_API int vt_snapshot_new(const vt_snapshot_options_t *options,
                           vt_snapshot_t **out);

/* Takes the snapshot, which must not be touched afterwards, and ends it: who
 * waits gets UV_ECANCELED, the load is cancelled (but for VT_SNAPSHOT_DRAIN).
 * Completes with 0 when the load is over; in hand when there is none. What
 * others have borrowed stays. NULL is accepted. UV_ENOMEM: closed all the same,
 * but nobody is told of the end. VT_ETHREAD: nothing has changed. */
VT_API VT_MUST_USE vt_t vt_snapshot_close_async(vt_snapshot_t *s);

/* The value, in value.p: in hand when it is there, else when it is loaded. The
 * status of the failed load; UV_ENOENT without a loader; UV_EBUSY beyond
 * max_waiters; UV_ECANCELED: cancelled, or the snapshot was closed; UV_ENOMEM.
 * A value put meanwhile does not answer those who wait for a load. */
static inline VT_MUST_USE vt_t vt_snapshot_get(vt_snapshot_t *s);

/* The value that a get has in hand, fresh or stale, or NULL; borrowed as that.
 * Loads nothing, counts nothing. */
VT_API const void *vt_snapshot_peek(const vt_snapshot_t *s);

/* Loads a new value, or joins the load under way, and completes as a get that
 * waits. Meanwhile gets have the old one in hand, and keep it when the refresh
 * fails: only who asked for it is told. */
VT_API VT_MUST_USE vt_t vt_snapshot_refresh_async(vt_snapshot_t *s);

/* Swaps: value, which it takes, is what gets give from now on. A load under way
 * answers those who wait for it and is not kept. UV_ENOMEM: nothing else has
 * changed, value is dropped. VT_ETHREAD: value is the caller's still. */
VT_API int vt_snapshot_put(vt_snapshot_t *s, void *value);

/* Gives up the value, and a failure that is kept: the next get loads. A load
 * under way answers those who wait for it and is not kept. Needs no memory.
 * VT_ETHREAD. */
VT_API int vt_snapshot_invalidate(vt_snapshot_t *s);

/* What a snapshot has done. */
typedef struct {
  uint64_t hits;          /* gets in hand, failures kept among them */
  uint64_t misses;        /* the others */
  uint64_t loads;         /* begun */
  uint64_t failures;      /* of these, failed or cancelled */
  uint64_t load_ns;       /* all that are over took, together */
  uint64_t load_ns_last;  /* and the last of them */
  uint64_t invalidations; /* vt_snapshot_invalidate */
  uint64_t waiting;       /* who wait for loads now */
} vt_snapshot_stats_t;

/* Reads the counters into out. */
VT_API void vt_snapshot_stats(const vt_snapshot_t *s, vt_snapshot_stats_t *out);

/* ---- what the inline function needs; private ---- */

/* The beginning of a snapshot. */
struct vt_snapshot {
  const uint64_t *clock;
  uint64_t until; /* gets are in hand until then; 0: there is more to do */
  void *value;
  uint64_t hits;
};

VT_API VT_MUST_USE vt_t vt__snapshot_get(vt_snapshot_t *s);
VT_API bool vt__snapshot_is_here(const vt_snapshot_t *s);

static inline VT_MUST_USE vt_t vt_snapshot_get(vt_snapshot_t *s) {
#ifdef VT_DEBUG
  if (!vt__snapshot_is_here(s))
    return vt__snapshot_get(s);
#endif
  if (!VT_LIKELY(*s->clock < s->until))
    return vt__snapshot_get(s);
  s->hits++;
  return vt_from_ptr(s->value);
}

#ifdef __cplusplus
}
#endif
#endif
