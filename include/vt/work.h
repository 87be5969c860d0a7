/* SPDX-License-Identifier: MIT */
/* Work on libuv's thread pool. C#'s Task.Run.
 *
 * Common mistake: a value task handed to fn. On the pool's thread every use of
 * a pending one is VT_ETHREAD, and what needs a loop (an operation, an await of
 * a task) VT_ENOLOOP; nothing changes. Await it on the loop first and hand fn
 * the value, or hand fn a completed task (vt_task_result, any thread) or a
 * promise. An I/O operation needs no vt_work: it does not block. */
#ifndef VT_WORK_H
#define VT_WORK_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs on a thread of the pool; what it returns is the result on the loop. A
 * positive status becomes VT_ESTATUS. It must not use the loop's value tasks;
 * promises may be completed from it. */
typedef vt_result_t vt_work_fn(void *arg);

/* Runs fn(arg) on libuv's pool and completes on this thread's loop with what it
 * returned. Borrows arg until completion. Cancelled before it began:
 * UV_ECANCELED, fn never runs; once it runs cancel answers UV_EBUSY and the
 * result comes. UV_EINVAL for NULL, VT_ENOLOOP, UV_ENOMEM. The pool has four
 * threads for files, names and work together: long work starves them. */
VT_API VT_MUST_USE vt_t vt_work(vt_work_fn *fn, void *arg);

/* Asked in a vt_work_fn: whether its operation was cancelled, by vt_cancel or
 * with its scope, so that long work may end early; what it returns counts all
 * the same. False on a thread that runs none. */
VT_API bool vt_work_is_cancelled(void);

#ifdef __cplusplus
}
#endif
#endif
