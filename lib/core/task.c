/* SPDX-License-Identifier: MIT */
/* Tasks: results that many await.
 *
 * Happy path: awaiters link their waiters into the task's list under its lock,
 * each holding a reference; the completer stores the result, takes the list,
 * and resumes every waiter outside the lock: the first one of its own loop at
 * once, the others through their loop's ready queue, in the order added.
 * Removal of a withdrawn waiter is O(1).
 *
 * What can go wrong: a second completion is refused with the first result
 * untouched; a failure that nobody awaited or looked at is reported at the last
 * release. */
#include "core/task.h"

#include "core/loop.h"
#include "core/own.h"
#include "core/report.h"
#include "core/site.h"
#include "core/status.h"
#include "core/value_task.h"

vt_task_t *vt_task_ref(vt_task_t *task) {
  if (task && !(task->flags & VT__STATIC))
    atomic_fetch_add_explicit(&task->refs, 1, memory_order_relaxed);
  return task;
}

static bool is_pending(const vt_task_t *task) {
  return atomic_load_explicit(&((vt_task_t *)(uintptr_t)task)->pending,
                              memory_order_acquire);
}

static void observe(vt_task_t *task) {
  if (!(task->flags & VT__STATIC))
    atomic_store_explicit(&task->observed, true, memory_order_relaxed);
}

void vt__task_report(const vt_task_t *task, vt_report_kind_t kind,
                     int64_t status, const char *what) {
  vt_report_t report = {.kind = kind,
                        .status = status,
                        .what = what,
                        .subject = "",
                        .file = task->file,
                        .line = task->line};
  vt__report(&report);
}

static void report_unobserved(const vt_task_t *task) {
  int64_t status = task->result.status;
  if (!is_pending(task) && status < 0 && status != UV_ECANCELED &&
      !atomic_load_explicit(&((vt_task_t *)(uintptr_t)task)->observed,
                            memory_order_relaxed))
    vt__task_report(task, VT_REPORT_UNOBSERVED, status, "task");
}

/* Drops count references; the last one frees. */
static void unref(vt_task_t *task, uint32_t count) {
  if (task->flags & VT__STATIC ||
      atomic_fetch_sub_explicit(&task->refs, count, memory_order_acq_rel) !=
          count)
    return;
  report_unobserved(task);
  task->source.token++;
  vt__task_put(task);
}

void vt_task_unref(vt_task_t *task) {
  if (task)
    unref(task, 1);
}

vt_task_t *vt__task_new(uint8_t flags) {
  vt_result_t none = {0, {0}};
  vt_task_t *task = vt__task_take();
  if (!task)
    return NULL;
  task->source.ops = &vt__task_ops;
  task->source.scope = NULL;
  atomic_store_explicit(&task->refs, 1, memory_order_relaxed);
  atomic_store_explicit(&task->pending, true, memory_order_relaxed);
  atomic_store_explicit(&task->observed, false, memory_order_relaxed);
  task->flags = flags;
  task->result = none;
  task->head = task->tail = NULL;
  vt__site_take(&task->file, &task->line);
  return task;
}

/* ---- completing ---- */

/* Stores the result and takes the waiters; false when it had completed. */
static bool settle(vt_task_t *task, vt_result_t result,
                   vt__waiter_t **out_waiters) {
  vt__spin_lock(&task->locked);
  bool first = is_pending(task);
  if (first) {
    task->result = result;
    *out_waiters = task->head;
    task->head = task->tail = NULL;
    for (vt__waiter_t *w = *out_waiters; w; w = w->task_next)
      w->listed = false;
    atomic_store_explicit(&task->pending, false, memory_order_release);
  }
  vt__spin_unlock(&task->locked);
  return first;
}

int vt__task_complete(vt_task_t *task, vt_result_t result) {
  vt__waiter_t *w = NULL;
  uint32_t count = 0;
  bool later = task->flags & VT_COMPLETE_LATER;
  result.status = vt__status_checked(result.status);
  if (!settle(task, result, &w))
    return (int)vt__misuse(VT_EDONE);
  if (w)
    observe(task);
  for (vt__waiter_t *next; w; w = next, count++) {
    next = w->task_next;
    bool ours = vt__slab_of(w)->loop == vt__current;
    vt_continuation_t c = {w, atomic_load(&w->claim) & ~UINT64_C(3)};
    if (later)
      vt_resume_later(&c, result);
    else
      vt_resume(&c, result);
    later = later || ours;
  }
  if (count != 0)
    unref(task, count);
  return 0;
}

/* ---- as a source ---- */

static int64_t task_status(const vt_source_t *source, uint64_t token) {
  const vt_task_t *task = (const vt_task_t *)(const void *)source;
  if (source->token != token)
    return VT_ESTALE;
  return vt_task_status(task);
}

static vt_result_t task_result(vt_source_t *source, uint64_t token) {
  vt_result_t stale = {VT_ESTALE, {0}};
  if (source->token == token)
    return vt_task_result((vt_task_t *)(void *)source);
  vt__misuse(VT_ESTALE);
  return stale;
}

static int task_on_completed(vt_source_t *source, uint64_t token,
                             const vt_continuation_t *c) {
  vt_task_t *task = (vt_task_t *)(void *)source;
  vt__waiter_t *w = c->waiter;
  if (source->token != token)
    return VT_ESTALE;
  vt__spin_lock(&task->locked);
  bool waits = is_pending(task);
  if (waits) {
    w->task_next = NULL;
    w->task_prev = task->tail;
    if (task->tail)
      task->tail->task_next = w;
    else
      task->head = w;
    task->tail = w;
    w->listed = true;
    vt_task_ref(task);
  }
  vt__spin_unlock(&task->locked);
  return waits ? 0 : VT_COMPLETED;
}

/* A completed task needs no waiter. */
static int task_attach(vt_source_t *source, uint64_t token, unsigned flags,
                       vt_continuation_fn *k, void *state) {
  vt_t v = {(uintptr_t)source, {0}};
  v.value.u = token;
  if (source->token != token)
    return (int)vt__misuse(VT_ESTALE);
  if (!is_pending((vt_task_t *)(void *)source))
    return VT_COMPLETED;
  return vt__register_waiter(v, flags, k, state);
}

/* Out of the task's list; false when the completer has it. */
static bool unlist(vt_task_t *task, vt__waiter_t *w) {
  vt__spin_lock(&task->locked);
  bool listed = w->listed;
  if (listed) {
    *(w->task_prev ? &w->task_prev->task_next : &task->head) = w->task_next;
    *(w->task_next ? &w->task_next->task_prev : &task->tail) = w->task_prev;
    w->listed = false;
  }
  vt__spin_unlock(&task->locked);
  return listed;
}

static bool task_stop(vt_source_t *source, uint64_t token,
                      vt_continuation_fn *k, void *state) {
  vt_task_t *task = (vt_task_t *)(void *)source;
  vt_t v = {(uintptr_t)source, {0}};
  v.value.u = token;
  vt__waiter_t *w = vt__waiter_find(vt__current, v, k, state);
  if (!w)
    return false;
  if (!unlist(task, w))
    return vt__waiter_withdraw(w);
  vt__waiter_free(w);
  unref(task, 1);
  return true;
}

static void task_forget(vt_source_t *source, uint64_t token) {
  (void)source;
  (void)token;
}

static vt_task_t *task_as_task(vt_source_t *source, uint64_t token) {
  if (source->token != token)
    return NULL;
  return vt_task_ref((vt_task_t *)(void *)source);
}

static const struct vt__own_ops task_own = {
    .attach = task_attach,
    .stop = task_stop,
    .forget = task_forget,
    .as_task = task_as_task,
};

const vt_source_ops_t vt__task_ops = {
    .kind = "task",
    .status = task_status,
    .result = task_result,
    .on_completed = task_on_completed,
    .own = &task_own,
};

vt_t vt_from_task(vt_task_t *task) {
  if (!task)
    return vt_failed(UV_EINVAL);
  vt_t v = {(uintptr_t)task, {0}};
  v.value.u = task->source.token;
  return v;
}

int64_t vt_task_status(const vt_task_t *task) {
  if (!task)
    return UV_EINVAL;
  return is_pending(task) ? VT_PENDING : task->result.status;
}

vt_result_t vt_task_result(vt_task_t *task) {
  vt_result_t refused = {task ? VT_EPENDING : UV_EINVAL, {0}};
  if (!task || is_pending(task)) {
    vt__misuse(refused.status);
    return refused;
  }
  observe(task);
  return task->result;
}
