/* SPDX-License-Identifier: MIT */
/* Tasks inside. A task is PENDING until one completer, under the task's lock,
 * stores the result and takes the list of waiters; so a refused completer finds
 * the first result visible. Any thread. */
#ifndef VT_CORE_TASK_H
#define VT_CORE_TASK_H

#include <stdatomic.h>

#include "core/waiter.h"
#include "vt/loop.h"
#include "vt/task.h"

struct vt_task {
  vt_source_t source; /* token: which task of this memory */
  _Atomic uint32_t refs;
  _Atomic bool locked;
  _Atomic bool pending;
  _Atomic bool observed;
  uint8_t flags;
  vt_result_t result;
  vt__waiter_t *head; /* by the lock; free tasks are linked by it */
  vt__waiter_t *tail;
  const char *file; /* where it was made, under VT_DEBUG */
  unsigned line;
};

/* vt_task.flags besides VT_COMPLETE_LATER. */
enum { VT__STATIC = 2u };

extern const vt_source_ops_t vt__task_ops;

/* A pending task with one reference; NULL without memory. */
vt_task_t *vt__task_new(uint8_t flags);

/* Completes a task; VT_EDONE when it has completed. The caller's reference must
 * outlast the call. */
int vt__task_complete(vt_task_t *task, vt_result_t result);

/* A report on a task or its promise, with the line that made it. */
void vt__task_report(const vt_task_t *task, vt_report_kind_t kind,
                     int64_t status, const char *what);

/* ---- task_pool.c: type-stable memory for the whole process ---- */

vt_task_t *vt__task_take(void);
void vt__task_put(vt_task_t *task);

/* A loop was attached; is about to be detached, and gives its tasks back. */
void vt__tasks_enter(void);
void vt__tasks_leave(vt_loop_t *loop);

/* A lock for a few instructions; no user's code runs under it. */
void vt__spin_lock(_Atomic bool *lock);
void vt__spin_unlock(_Atomic bool *lock);

#endif
