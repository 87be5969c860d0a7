/* SPDX-License-Identifier: MIT */
/* A function on another loop's thread. C#'s StartNew on a scheduler, with
 * Unwrap. */
#ifndef VT_INVOKE_H
#define VT_INVOKE_H

#include "vt/loop.h"
#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs on the thread of the loop that it was handed to, from that loop's ready
 * queue, and returns a value task of that loop: it may await, start operations
 * and use whatever belongs there. */
typedef vt_t vt_invoke_fn(void *arg);

/* Runs fn(arg) on loop, never inside this call, and completes on this thread's
 * loop with the result of the value task that fn returned, awaited over there.
 * Calls of one thread run in their order. Borrows arg until completion: what it
 * points to is handed over to fn and back, without locks. A pointer in the
 * result must outlive the other loop's continuation.
 *
 * loop may be this thread's own. It must be attached until this call returns;
 * from then on it refuses to detach until fn's value task is complete. This
 * call keeps uv_run of this thread's loop going, not that of the other one: a
 * loop that nothing keeps going does not run fn.
 *
 * Cancelled before fn began: UV_ECANCELED once the other loop comes to it, and
 * fn never runs; afterwards vt_cancel answers UV_EBUSY and the result comes.
 * UV_EINVAL for NULL, VT_ENOLOOP, UV_ENOMEM (also when the other loop has no
 * memory to await). */
VT_API VT_MUST_USE vt_t vt_invoke_on(vt_loop_t *loop, vt_invoke_fn *fn,
                                     void *arg);

#ifdef __cplusplus
}
#endif
#endif
