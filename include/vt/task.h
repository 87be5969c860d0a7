/* SPDX-License-Identifier: MIT */
/* Tasks and promises: a result that is awaited any number of times, by any
 * number of awaiters, on any loop. C#'s Task and TaskCompletionSource.
 *
 * Take a task for several awaiters, for storing and sharing; take a value task
 * (<vt/value_task.h>) where the answer is mostly in memory and awaited once.
 *
 * Tasks are counted. A task-backed value task borrows; a registered await holds
 * a reference of its own. A failure that nobody observed (awaited, or looked at
 * with vt_task_result) is reported at the last release.
 *
 * Common mistakes: a result looked at early is VT_EPENDING and never blocks; a
 * task-backed value task that outlives the last reference is VT_ESTALE; a task
 * completed twice keeps the first result and tells the second completer
 * VT_EDONE. */
#ifndef VT_TASK_H
#define VT_TASK_H

#include "vt/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_promise vt_promise_t;

/* Adds a reference and returns the task; NULL gives NULL. Any thread. */
VT_API vt_task_t *vt_task_ref(vt_task_t *task);

/* Drops a reference; the last one frees. NULL is accepted; static tasks are not
 * counted. Any thread. */
VT_API void vt_task_unref(vt_task_t *task);

/* VT_PENDING, 0 or the negative status. Any thread; does not observe. */
VT_API int64_t vt_task_status(const vt_task_t *task);

/* The result, as often as wanted; VT_EPENDING before completion. Observes a
 * failure. Any thread. */
VT_API vt_result_t vt_task_result(vt_task_t *task);

/* The static task of "done": value 0. Valid on every thread, always; never
 * counted. C#'s Task.CompletedTask. */
VT_API vt_task_t *vt_task_completed(void);

/* The static task of true or false: the same as of 1 or 0. */
VT_API vt_task_t *vt_task_from_bool(bool value);

/* A completed task. -1..8 are static (NULL, false and done are 0, true is 1);
 * another number makes a new one and gives its reference. Never NULL: without
 * memory a static failed task (UV_ENOMEM). C#'s Task.FromResult. */
VT_API VT_MUST_USE vt_task_t *vt_task_from_int(int64_t value);

/* A new completed task, never a static one; gives a reference. Without memory a
 * static failed task (UV_ENOMEM). A positive status becomes VT_ESTATUS. */
VT_API VT_MUST_USE vt_task_t *vt_task_from_result(vt_result_t result);

/* ---- promises ---- */

/* Makes a promise and its pending task. Gives *out (vt_promise_free); flags:
 * VT_COMPLETE_LATER or 0. UV_ENOMEM. Any thread, with or without a loop. */
VT_API int vt_promise_new(unsigned flags, vt_promise_t **out);

/* The task of the promise. Borrows: use vt_task_ref to keep it beyond
 * vt_promise_free. Any thread. */
VT_API vt_task_t *vt_promise_task(vt_promise_t *promise);

/* Completes the task with a value. VT_EDONE when it has completed: the first
 * result stays, and is visible to the loser. Awaiters on this thread's loop may
 * run before it returns (the first one, to a bounded depth; never with
 * VT_COMPLETE_LATER), those of other loops are posted. Needs no memory. Any
 * thread; callers must not hold locks that a continuation may want. */
VT_API int vt_promise_set(vt_promise_t *promise, vt_value_t value);

/* Completes the task with a negative status; one that is not negative becomes
 * VT_ESTATUS. Else as vt_promise_set. */
VT_API int vt_promise_fail(vt_promise_t *promise, int64_t status);

/* Frees the promise; NULL is accepted. A promise that was not completed
 * completes its task with VT_EDROPPED, which is reported. Any thread. */
VT_API void vt_promise_free(vt_promise_t *promise);

#ifdef __cplusplus
}
#endif
#endif
