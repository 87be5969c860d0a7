/* SPDX-License-Identifier: MIT */
/* Promises: the side of a task that completes it. A promise is its task seen
 * from the other end, and holds one reference to it. Any thread. */
#include "core/task.h"

static vt_task_t *task_of(vt_promise_t *promise) {
  return (vt_task_t *)(void *)promise;
}

int vt_promise_new(unsigned flags, vt_promise_t **out) {
  if (!out)
    return UV_EINVAL;
  vt_task_t *task = vt__task_new(flags & VT_COMPLETE_LATER);
  if (!task)
    return UV_ENOMEM;
  *out = (vt_promise_t *)(void *)task;
  return 0;
}

vt_task_t *vt_promise_task(vt_promise_t *promise) { return task_of(promise); }

int vt_promise_set(vt_promise_t *promise, vt_value_t value) {
  vt_result_t result = {0, value};
  if (!promise)
    return UV_EINVAL;
  return vt__task_complete(task_of(promise), result);
}

int vt_promise_fail(vt_promise_t *promise, int64_t status) {
  vt_result_t result = {status < 0 ? status : VT_ESTATUS, {0}};
  if (!promise)
    return UV_EINVAL;
  return vt__task_complete(task_of(promise), result);
}

void vt_promise_free(vt_promise_t *promise) {
  vt_task_t *task = task_of(promise);
  if (!task)
    return;
  if (vt_task_status(task) == VT_PENDING &&
      vt_promise_fail(promise, VT_EDROPPED) == 0) {
    vt__task_report(task, VT_REPORT_DROPPED, VT_EDROPPED, "promise");
    atomic_store(&task->observed, true);
  }
  vt_task_unref(task);
}
