/* SPDX-License-Identifier: MIT */
/* Many value tasks of one kind, so many at a time. */
#ifndef VT_MAP_H
#define VT_MAP_H

#include <stddef.h>

#include "vt/all.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Begins number index; what it returns is consumed. Runs on the loop's thread,
 * in the order of the numbers, inside vt_map_limit or a later continuation. */
typedef vt_t vt_map_fn(void *arg, size_t index);

/* What to do. All of it is the caller's; copied. */
typedef struct vt_map {
  vt_map_fn *fn;
  void *arg;      /* borrowed until completion */
  size_t limit;   /* under way at once; 0: as many as there are */
  unsigned flags; /* VT_FAIL_FAST: a failure cancels those under way, and no
                     more are begun */
} vt_map_t;

/* Calls fn(arg, 0) to fn(arg, count - 1), at most limit of them under way at
 * once, and completes when all are over, as vt_all does: with the first failure
 * by index (a real one before a cancellation), else with count in value.u.
 * Results in hand do not wait for one another, but let I/O in now and then.
 * out: NULL, or room for count results, borrowed until completion. Cancelling
 * cancels those under way and begins no more; what was never begun has
 * UV_ECANCELED. What the results own is given or dropped as vt_all's; until
 * then their blocks stay. UV_EINVAL without fn; UV_ENOMEM, VT_ENOLOOP before
 * anything is begun. */
VT_API VT_MUST_USE vt_t vt_map_limit(const vt_map_t *what, size_t count,
                                     vt_result_t out[]);

#ifdef __cplusplus
}
#endif
#endif
