/* SPDX-License-Identifier: MIT */
/* The value task: 16 bytes that are either the answer or the name of a pending
 * operation. The idea is C#'s ValueTask<T>; the layout keeps it in two
 * registers on the System V and AArch64 ABIs, so that an answer in memory
 * costs what a plain function call costs.
 *
 * A value task is awaited once. Copies share one consumption: it is recorded
 * in the source, never in the 16 bytes. To await several times, or to store,
 * make it a task (vt_as_task, <vt/task.h>).
 *
 * Common mistakes, and what the caller gets (nothing changes):
 *   awaited twice      one-shot: VT_EAWAITED while the first await waits, then
 *                      VT_ESTALE; a task and a result in hand: the result again
 *   result taken early VT_EPENDING; the operation goes on
 *   stored             one await later is legal; to cache a pending one gives
 *                      the second caller VT_ESTALE: store a task
 *   converted twice    vt_as_task: a static task failed with VT_ESTALE
 *   dropped            the compiler warns; reported at detach: vt_forget it
 * Under -DVT_DEBUG each of these is reported (<vt/report.h>) with its line,
 * that of the first await and that which made the value task; and the profile
 * of vt_loop_report_sites names the lines where nothing is ever in hand: return
 * a task there. */
#ifndef VT_VALUE_TASK_H
#define VT_VALUE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "vt/error.h"
#include "vt/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One word of result; which member counts is between the two sides. */
typedef union vt_value {
  int64_t i;
  uint64_t u;
  double d;
  void *p;
} vt_value_t;

/* A status (0 or negative) and, when it is 0, a value. Counts and files are in
 * the value, never in the status. */
typedef struct vt_result {
  int64_t status;
  vt_value_t value;
} vt_result_t;

/* source 0: succeeded, the result is value, so (vt_t){0} is "done". source odd:
 * failed, the status is source as a signed number shifted right by one. Else
 * source points to a vt_source_t, and value.u is the token current when the
 * value task was made: 64 bits, which do not wrap. Fixed for ever. */
typedef struct vt {
  uintptr_t source;
  vt_value_t value;
} vt_t;

typedef struct vt_task vt_task_t;

/* What runs when an awaited value task completes. Runs once, on the loop that
 * awaited (VT_ANYWHERE: see below), and may call anything of the library.
 * Pointers in the result are borrowed until it returns, unless the function
 * that made the value task says otherwise. */
typedef void vt_continuation_fn(void *state, vt_result_t result);

/* The status of a value task that has not completed. */
#define VT_PENDING 1
/* What vt_on_completed answers when there is nothing to wait for. */
#define VT_COMPLETED 1

/* Flags of an await; they belong to the await, never to the value task.
 * Unknown bits are ignored. */

/* Never run the continuation before the await returns. */
#define VT_LATER 1u
/* Run it on the thread that completes, without a hop to the loop: C#'s
 * ConfigureAwait(false). With VT_LATER it runs on the loop that awaited all the
 * same. */
#define VT_ANYWHERE 2u

/* ---- made in hand: no loop, no allocation, any thread ---- */

/* Succeeded, value 0; C#'s ValueTask.CompletedTask. */
static inline VT_MUST_USE vt_t vt_done(void) {
  vt_t v = {0, {0}};
  return v;
}

/* Succeeded with a value; C#'s ValueTask.FromResult. */
static inline VT_MUST_USE vt_t vt_from_value(vt_value_t value) {
  vt_t v = {0, {0}};
  v.value = value;
  return v;
}

static inline VT_MUST_USE vt_t vt_from_int(int64_t i) {
  vt_t v = {0, {0}};
  v.value.i = i;
  return v;
}

static inline VT_MUST_USE vt_t vt_from_uint(uint64_t u) {
  vt_t v = {0, {0}};
  v.value.u = u;
  return v;
}

static inline VT_MUST_USE vt_t vt_from_double(double d) {
  vt_t v = {0, {0}};
  v.value.d = d;
  return v;
}

/* Borrows p: what it points to must live as long as the receiver needs it. */
static inline VT_MUST_USE vt_t vt_from_ptr(const void *p) {
  vt_t v = {0, {0}};
  v.value.p = (void *)(uintptr_t)p;
  return v;
}

/* Failed in hand, without an allocation. A status that is not negative would
 * read as success, one of the lowest half does not fit: they become
 * VT_ESTATUS. */
static inline VT_MUST_USE vt_t vt_failed(int64_t status) {
  vt_t v = {0, {0}};
  if (status >= 0 || status < INTPTR_MIN / 2)
    status = VT_ESTATUS;
  v.source = (uintptr_t)status << 1 | 1;
  return v;
}

/* In hand from a result: succeeded when its status is 0, else failed. */
static inline VT_MUST_USE vt_t vt_from_result(vt_result_t result) {
  if (result.status == 0)
    return vt_from_value(result.value);
  return vt_failed(result.status);
}

/* Task-backed: may be awaited any number of times. Borrows the task: the
 * caller's reference must last until the await is registered, which takes its
 * own. NULL gives a failed value task (UV_EINVAL). Any thread. */
VT_API VT_MUST_USE vt_t vt_from_task(vt_task_t *task);

/* ---- asked: nothing is consumed ---- */

/* True when the result is in the 16 bytes themselves. */
static inline bool vt_in_hand(vt_t v) { return v.source == 0 || v.source & 1; }

/* The status of a failure in hand, 0 for a success in hand. Undefined for
 * others: ask vt_in_hand first, or call vt_status. */
static inline int64_t vt_status_in_hand(vt_t v) {
  return (int64_t)((intptr_t)v.source >> 1);
}

VT_API int64_t vt__status(vt_t v);

/* VT_PENDING, 0 or the negative status. A stale value task counts as completed
 * and failed (VT_ESTALE); one of another thread's loop answers VT_ETHREAD.
 * C#'s GetStatus. */
static inline int64_t vt_status(vt_t v) {
  return VT_LIKELY(vt_in_hand(v)) ? vt_status_in_hand(v) : vt__status(v);
}

/* Any outcome, good or bad. */
static inline bool vt_is_completed(vt_t v) {
  return v.source == 0 || vt_status(v) != VT_PENDING;
}

/* The three outcomes exclude each other; all are false while pending. */
static inline bool vt_is_succeeded(vt_t v) {
  return v.source == 0 || vt_status(v) == 0;
}

static inline bool vt_is_cancelled(vt_t v) {
  return vt_status(v) == UV_ECANCELED;
}

static inline bool vt_is_failed(vt_t v) {
  return vt_status(v) < 0 && !vt_is_cancelled(v);
}

/* Same 16 bytes: the same source and token, or the same value in hand. Values
 * are compared as bits (so NaN equals itself, and -0.0 differs from 0.0). */
static inline bool vt_equal(vt_t a, vt_t b) {
  return a.source == b.source && a.value.u == b.value.u;
}

/* ---- consumed: once, but for results in hand and tasks ---- */

VT_API vt_result_t vt__get_result(vt_t v);

/* Takes the result, never waits. A one-shot operation is ended by it, on
 * failure too; a second taking is VT_ESTALE. VT_EPENDING before completion,
 * VT_EAWAITED when a continuation is registered, VT_ETHREAD on another thread:
 * nothing changes then. C#'s GetResult. */
static inline vt_result_t vt_get_result(vt_t v) {
  vt_result_t r = {0, {0}};
  if (v.source != 0)
    return vt__get_result(v);
  r.value = v.value;
  return r;
}

VT_API void vt__await(vt_t v, unsigned flags, vt_continuation_fn *k,
                      void *state);

/* Runs k(state, result) once: before vt_await returns when the result is in
 * hand or its source has completed (so continuations that await such hits again
 * use stack as calls do: VT_LATER and async functions do not), else later on
 * this thread's loop. May be called in any libuv callback.
 * Borrows state until k has run. What cannot be awaited (stale, awaited before,
 * another thread's, no loop on this thread, no memory to register) is told to k
 * at once, as its result; the first continuation is untouched. k NULL means
 * vt_forget. C#'s await, and its OnCompleted. */
static inline void vt_await(vt_t v, vt_continuation_fn *k, void *state) {
  if (VT_LIKELY(v.source == 0) && k) {
    vt_result_t r = {0, {0}};
    r.value = v.value;
    k(state, r);
    return;
  }
  vt__await(v, 0, k, state);
}

/* vt_await with flags. VT_LATER: k runs from the loop, never before the call
 * returns, result in hand or not. VT_ANYWHERE: k runs where the completion
 * comes from; no effect on a hit. Without memory for VT_LATER's queue entry k
 * is told UV_ENOMEM at once. */
static inline void vt_await_with(vt_t v, unsigned flags, vt_continuation_fn *k,
                                 void *state) {
  vt__await(v, flags, k, state);
}

/* Registers k and never calls it. 0: registered, k runs later, once.
 * VT_COMPLETED: there is nothing to wait for, k will never run; go on with
 * vt_get_result (with VT_LATER it is registered all the same). Negative:
 * refused, as vt_await tells it. For those who write awaiters of their own;
 * C#'s OnCompleted of IValueTaskSource. */
VT_API int vt_on_completed(vt_t v, unsigned flags, vt_continuation_fn *k,
                           void *state);

/* Withdraws a continuation registered with the same k and state: true, and it
 * will never run; the operation goes on as forgotten. False: it has run, runs
 * now, or was never registered. O(1). For a client that goes away while its
 * answer is pending. On the thread that awaited. */
VT_API bool vt_await_stop(vt_t v, vt_continuation_fn *k, void *state);

/* Drops the result in a way that frees it: at once when complete, on completion
 * when pending. It does not observe: a failure is still reported to the loop's
 * report function. */
VT_API void vt_forget(vt_t v);

/* Requests that the operation end early. 0: asked for; it still completes,
 * once, with UV_ECANCELED or, if that came first, its result. UV_EALREADY when
 * it has completed, UV_ENOSYS when its source cannot be cancelled, UV_EBUSY
 * when libuv can no longer stop it, VT_ESTALE, VT_ETHREAD. Does not consume,
 * and runs no continuation of this loop before it returns. An async function
 * passes it on to what it awaits; from a task, or a source of yours without
 * cancel, it is let go: its await gives UV_ECANCELED, and the other goes on.
 * Where what it awaits can no longer be stopped the answer says so, and the
 * next await that waits is ended in its place, once (asyncio's rule): a loop of
 * awaits ends. In its clean-up it answers UV_EBUSY. */
VT_API int vt_cancel(vt_t v);

/* A task for the value task: awaited by many, stored, shared. Gives a reference
 * (vt_task_unref). Task-backed: that task. In hand, or on a source that has
 * completed: a static task for done, NULL, true, false and -1..8, else a new
 * one each time. One-shot: consumes v, once. Never NULL: misuse and no memory
 * give a static failed task; without memory v is untouched. Code that makes a
 * task of every result pays one each time but for the static ones: return tasks
 * there. C#'s AsTask. */
VT_API VT_MUST_USE vt_task_t *vt_as_task(vt_t v);

/* A value task that may be awaited any number of times: v itself and *out_task
 * NULL when in hand, else one backed by vt_as_task(v), whose reference is given
 * in *out_task (vt_task_unref after the last use). C#'s Preserve. */
VT_API VT_MUST_USE vt_t vt_preserve(vt_t v, vt_task_t **out_task);

#ifdef __cplusplus
}
#endif
#endif
