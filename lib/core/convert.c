/* SPDX-License-Identifier: MIT */
/* Tasks that are completed when they are made, and tasks made of value tasks.
 *
 * Happy path: small numbers are static tasks, valid on every thread and never
 * counted; a pending value task is registered with a new task as its
 * continuation, which adds no hop. What can go wrong is told by static failed
 * tasks, so that no memory is needed to tell it. */
#include "core/loop.h"
#include "core/own.h"
#include "core/status.h"
#include "core/task.h"
#include "core/value_task.h"

/* ---- completed tasks ---- */

#define STATIC_TASK(status_, value_)                                           \
  {                                                                            \
    .source = {&vt__task_ops, 0, NULL}, .refs = 1, .observed = true,           \
    .flags = VT__STATIC, .result = {                                           \
      (status_),                                                               \
      {(value_)}                                                               \
    }                                                                          \
  }

enum { SMALLEST = -1, LARGEST = 8 };

static vt_task_t small[] = {
    STATIC_TASK(0, -1), STATIC_TASK(0, 0), STATIC_TASK(0, 1), STATIC_TASK(0, 2),
    STATIC_TASK(0, 3),  STATIC_TASK(0, 4), STATIC_TASK(0, 5), STATIC_TASK(0, 6),
    STATIC_TASK(0, 7),  STATIC_TASK(0, 8),
};

static vt_task_t refusals[] = {STATIC_TASK(UV_ENOMEM, 0),
                               STATIC_TASK(UV_EINVAL, 0),
#define XX(name, number, text) STATIC_TASK(name, 0),
                               VT_ERRNO_MAP(XX)
#undef XX
};

/* A failed task, for the library's own reasons without memory. */
static vt_task_t *refusal(int64_t status) {
  vt_result_t result = {status, {0}};
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    if (refusals[i].result.status == status)
      return &refusals[i];
  return vt_task_from_result(result);
}

vt_task_t *vt_task_completed(void) { return &small[0 - SMALLEST]; }

vt_task_t *vt_task_from_bool(bool value) {
  return &small[(value ? 1 : 0) - SMALLEST];
}

static bool is_small(int64_t value) {
  return value >= SMALLEST && value <= LARGEST;
}

vt_task_t *vt_task_from_result(vt_result_t result) {
  result.status = vt__status_checked(result.status);
  vt_task_t *task = vt__task_new(0);
  if (!task)
    return refusal(UV_ENOMEM);
  task->result = result;
  atomic_store_explicit(&task->pending, false, memory_order_release);
  return task;
}

vt_task_t *vt_task_from_int(int64_t value) {
  vt_result_t result = {0, {0}};
  result.value.i = value;
  if (is_small(value))
    return &small[value - SMALLEST];
  return vt_task_from_result(result);
}

/* ---- conversion ---- */

static void on_result(void *state, vt_result_t result) {
  vt__task_complete(state, result);
  vt_task_unref(state);
}

/* The static task of a result, or NULL. */
static vt_task_t *static_task(vt_result_t result) {
  bool has_one = result.status == 0 && is_small(result.value.i);
  return has_one ? &small[result.value.i - SMALLEST] : NULL;
}

/* A task that v's result, now or later, completes; the static one of a result
 * that is there. v is taken only with the memory for a new one. */
static vt_task_t *convert(vt_t v) {
  vt_task_t *task = vt__task_new(0);
  if (!task)
    return refusal(UV_ENOMEM);
  vt_task_ref(task);
  int rc = vt__register(v, VT__CONSUME, on_result, task);
  if (rc == 0)
    return task;
  vt_result_t result = {rc, {0}};
  if (rc == VT_COMPLETED)
    result = vt_get_result(v);
  vt_task_t *fixed = rc == VT_COMPLETED ? static_task(result) : refusal(rc);
  if (!fixed) {
    on_result(task, result);
    return task;
  }
  vt_task_unref(task);
  vt_task_unref(task);
  return fixed;
}

vt_task_t *vt_as_task(vt_t v) {
  if (v.source == 0)
    return vt_task_from_int(v.value.i);
  if (v.source & 1)
    return vt_task_from_result(vt_get_result(v));
  vt_source_t *source = (vt_source_t *)v.source;
  const struct vt__own_ops *own = source->ops->own;
  if (!own || !own->as_task)
    return convert(v);
  vt_task_t *task = own->as_task(source, v.value.u);
  return task ? task : refusal(vt__misuse(VT_ESTALE));
}
