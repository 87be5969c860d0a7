/* SPDX-License-Identifier: MIT */
/* How often: ticks, a limit of so many a second, debounce, throttle. Each is a
 * small struct of the caller's with nothing to close; all on one loop's
 * thread, on its clock of milliseconds. */
#ifndef VT_PACE_H
#define VT_PACE_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- ticks ---- */

/* Private. */
typedef struct vt_tick {
  uint64_t period_ms;
  uint64_t next_ms; /* when the next tick is due */
} vt_tick_t;

/* The first tick is period_ms from now, the others at multiples of it: one that
 * is taken late does not shift those after it. 0 counts as 1. */
VT_API void vt_tick_init(vt_tick_t *tick, uint64_t period_ms);

/* Completes when a tick is due, in hand when it is already, with the number of
 * ticks since the last one taken in value.u (1, or more when some were missed).
 * Borrows tick until completion. As vt_delay otherwise. (The repeat of
 * uv_timer_start counts from when the last one came, and so drifts.) */
VT_API VT_MUST_USE vt_t vt_tick_async(vt_tick_t *tick);

/* ---- so many a second ---- */

/* Private. */
typedef struct vt_rate {
  uint64_t cost_ns;  /* of one */
  uint64_t burst_ns; /* of the burst */
  uint64_t free_ns;  /* when all that was granted has been paid for */
} vt_rate_t;

/* per_second on the long run (1 to 10^9, else the nearest), and up to burst at
 * once after a pause (0 counts as 1). */
VT_API void vt_rate_init(vt_rate_t *rate, uint64_t per_second, uint64_t burst);

/* Grants count, in the order asked: in hand while there are that many, else
 * after a delay to the millisecond. What was granted is not given back when the
 * wait is cancelled; a call that fails has granted nothing. UV_EINVAL for a
 * count beyond all time, UV_ENOMEM, VT_ENOLOOP. Borrows rate until the call
 * returns. */
VT_API VT_MUST_USE vt_t vt_rate_async(vt_rate_t *rate, uint64_t count);

/* ---- debounce ---- */

/* Private; {0} begins one. */
typedef struct vt_debounce {
  vt_t last;
} vt_debounce_t;

/* Completes ms milliseconds from now, unless it is asked again before: then
 * the earlier one is cancelled (UV_ECANCELED). So of many calls in a row the
 * last one alone goes on; a call that fails has cancelled none. Borrows
 * debounce until the call returns. */
VT_API VT_MUST_USE vt_t vt_debounce_async(vt_debounce_t *debounce, uint64_t ms);

/* ---- throttle ---- */

/* Private; {0} begins one. */
typedef struct vt_throttle {
  uint64_t next_ms;
} vt_throttle_t;

/* True at most once in ms milliseconds. */
VT_API bool vt_throttle_try(vt_throttle_t *throttle, uint64_t ms);

#ifdef __cplusplus
}
#endif
#endif
