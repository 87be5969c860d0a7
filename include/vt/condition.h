/* SPDX-License-Identifier: MIT */
/* A condition variable over a vt_mutex_t, for async functions of one loop:
 *
 *     VT_TRY(f, vt_mutex_lock_async(&q->m));
 *     while (q->count == 0)
 *       VT_TRY(f, vt_condition_wait_async(&q->filled, &q->m));
 *
 * Code that does not await needs no mutex, and an event or a channel will
 * mostly do. C#'s Monitor.Wait and Pulse, for awaits. */
#ifndef VT_CONDITION_H
#define VT_CONDITION_H

#include "vt/mutex.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the caller's memory, which must not move while anybody waits. Private. */
typedef struct vt_condition {
  int64_t status; /* of the close; 0 while open */
  vt_wait_list_t waiters;
} vt_condition_t;

/* Opens it. UV_EINVAL for NULL. */
VT_API int vt_condition_init(vt_condition_t *c);

/* Unlocks m and waits for a signal, then for m. Whatever it completes with
 * later, the caller has m again: 0, UV_ECANCELED, the status of the condition's
 * close; but not when m was closed, whose status it is then. Refused in hand,
 * it has not unlocked m: UV_EPERM when m is not locked, the status of the
 * close, UV_ENOMEM, VT_ENOLOOP, VT_ETHREAD. Cancelled, it still waits for m;
 * after the signal vt_cancel answers UV_EBUSY. Forgotten, it does not lock m.
 * Borrows m until completion. */
VT_API VT_MUST_USE vt_t vt_condition_wait_async(vt_condition_t *c,
                                                vt_mutex_t *m);

/* Sends the first that waits, or all, to wait for their mutex; nobody runs
 * inside. With or without the mutex. Nobody waits: nothing. VT_ETHREAD. */
VT_API int vt_condition_signal(vt_condition_t *c);
VT_API int vt_condition_broadcast(vt_condition_t *c);

/* Ends it: as a broadcast whose waits complete with the status (0:
 * UV_ECANCELED; a positive one counts as VT_ESTATUS). Its memory may go. Again:
 * the first status stays. VT_ETHREAD: nothing has changed. */
VT_API int vt_condition_close(vt_condition_t *c, int64_t status);

#ifdef __cplusplus
}
#endif
#endif
