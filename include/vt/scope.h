/* SPDX-License-Identifier: MIT */
/* Scopes: a group of operations with one cancel, one deadline and one join.
 * C#'s CancellationToken without a parameter on every function.
 *
 * What is begun while a scope is current belongs to it: operations, async
 * functions that wait, and scopes made then, its children. An async function is
 * resumed in the scope in which it first waited, a plain continuation in that
 * of the operation that it awaited. Tasks belong to no scope.
 *
 *     vt_scope_t *scope;
 *     int rc = vt_scope_new(NULL, &scope);
 *     if (rc != 0) return vt_failed(rc);
 *     vt_scope_t *before = vt_scope_enter(scope);
 *     vt_await(serve(client), on_served, client);
 *     vt_scope_leave(before);
 *     return vt_scope_join(scope);
 *
 * In a cancelled scope nothing is begun any more: an operation is refused with
 * UV_ECANCELED and never reaches libuv, and an async function that waits for
 * anything is told UV_ECANCELED as soon as that can be let go. Its clean-up
 * (VT_FINALLY) is not: what is begun there is joined, and not cancelled before
 * cleanup_ms have passed.
 *
 * All calls on the scope's own thread; another one gets VT_ETHREAD. */
#ifndef VT_SCOPE_H
#define VT_SCOPE_H

#include "vt/async.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a scope behaves; zeroed: nothing special. A child is cancelled with its
 * parent, so that of nested ones the nearest deadline counts. */
typedef struct vt_scope_options {
  /* The scope is cancelled with UV_ETIMEDOUT after so many milliseconds, or at
   * a moment of uv_hrtime's clock in milliseconds (vt_deadline_in); the nearer
   * one where both are given, and at once where it has passed. 0: never. */
  uint64_t timeout_ms;
  uint64_t deadline_ms;

  /* How long clean-ups may go on once the scope is cancelled; then what they
   * begin is cancelled too. 0: as long as they like. */
  uint64_t cleanup_ms;

  /* VT_SCOPE_FAIL_FAST. */
  unsigned flags;

  /* How many functions of vt_scope_start run at once. 0: all. */
  size_t limit;
} vt_scope_options_t;

/* The first failure of a function of vt_scope_start cancels the scope, for that
 * reason. Without it the others go on. */
#define VT_SCOPE_FAIL_FAST 1u

/* Gives a scope, a child of the current one or of none; give it back by
 * vt_scope_join. Copies options, which may be NULL. VT_ENOLOOP, UV_ENOMEM, and
 * UV_ECANCELED in a cancelled scope. */
VT_API int vt_scope_new(const vt_scope_options_t *options, vt_scope_t **out);

/* The current scope of this thread's loop, or NULL. Borrowed: it is there until
 * it was joined and nothing of it is left. */
VT_API vt_scope_t *vt_scope_current(void);

/* Makes a scope current (NULL: none) until vt_scope_leave is called with what
 * this gives, in the same callback; in an async function with no await in
 * between. */
VT_API vt_scope_t *vt_scope_enter(vt_scope_t *scope);
VT_API void vt_scope_leave(vt_scope_t *before);

/* Starts an async function in the scope, which keeps its outcome: the first
 * failure becomes the join's status. Copies the frame, size bytes of it, into a
 * pooled box, as vt_start_boxed. Beyond the limit the function waits, not
 * begun, until another one has ended; they begin in the order of the calls, and
 * a cancel drops those that wait. UV_ENOMEM, UV_EINVAL, and UV_ECANCELED in a
 * cancelled scope. */
VT_API int vt_scope_start(vt_scope_t *scope, const void *frame, size_t size,
                          vt_body_fn *body);

/* Cancels: the children first, then all else, each the last begun first. No
 * continuation runs inside. reason, a negative status (UV_ECANCELED, mostly),
 * is what the join completes with; the members are cancelled by UV_ECANCELED.
 * Once and for ever: UV_EALREADY when it was cancelled before. What cannot be
 * stopped completes as vt_cancel tells it. UV_EINVAL for another reason. */
VT_API int vt_scope_cancel(vt_scope_t *scope, int64_t reason);

/* 0, or the reason for which the scope was cancelled. */
VT_API int64_t vt_scope_status(const vt_scope_t *scope);

/* Takes the scope, once: completes when nothing of it is left, also no child
 * and no continuation that runs in it, with the reason for which it was
 * cancelled, else the first failure of a function of vt_scope_start, else 0. A
 * result that waits to be taken is not waited for, but reported when all else
 * is over (VT_REPORT_NEVER_AWAITED; a cancellation is not), and may be taken
 * still: await or forget what is begun in a scope before that.
 * Cancelling the value task cancels the scope with UV_ECANCELED. A scope that
 * was never joined is reported when the loop is detached. */
VT_API VT_MUST_USE vt_t vt_scope_join(vt_scope_t *scope);

#ifdef __cplusplus
}
#endif
#endif
