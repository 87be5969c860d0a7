/* SPDX-License-Identifier: MIT */
/* Resettable sources: one operation after another in the caller's memory.
 *
 * Happy path: task, await (a waiter of the awaiting loop keeps the
 * continuation), set, resume, reset. The result stays until the reset and may
 * be read any number of times. What can go wrong is answered before anything is
 * stored: another token, another thread, a second continuation, a second
 * result, a reset while a continuation has not run. */
#include "core/loop.h"
#include "core/own.h"
#include "core/status.h"
#include "core/value_task.h"
#include "core/waiter.h"

enum { PENDING, DONE };

static vt_reset_source_t *reset_of(const vt_source_t *source) {
  return (vt_reset_source_t *)(void *)(uintptr_t)source;
}

static int check(const vt_reset_source_t *s, uint64_t token) {
  if (s->loop != vt__current)
    return VT_ETHREAD;
  return s->source.token == token ? 0 : VT_ESTALE;
}

static int64_t status(const vt_source_t *source, uint64_t token) {
  const vt_reset_source_t *s = reset_of(source);
  int rc = check(s, token);
  if (rc != 0)
    return rc;
  return s->state == DONE ? s->result.status : VT_PENDING;
}

static vt_result_t result(vt_source_t *source, uint64_t token) {
  const vt_reset_source_t *s = reset_of(source);
  vt_result_t refused = {check(s, token), {0}};
  if (refused.status == 0 && s->state != DONE)
    refused.status = VT_EPENDING;
  if (refused.status == 0)
    return s->result;
  vt__misuse(refused.status);
  return refused;
}

/* Whether the continuation registered last has not run. A waiter that was
 * resumed and is not queued has been given back, with another claim. */
static bool is_awaited(const vt_reset_source_t *s) {
  const vt__waiter_t *w = s->continuation.waiter;
  return w && (atomic_load(&((vt__waiter_t *)(uintptr_t)w)->claim) >> 2) ==
                  s->continuation.token >> 2;
}

static int on_completed(vt_source_t *source, uint64_t token,
                        const vt_continuation_t *c) {
  vt_reset_source_t *s = reset_of(source);
  int rc = check(s, token);
  if (rc != 0)
    return rc;
  if (s->state != PENDING && !is_awaited(s))
    return VT_COMPLETED;
  if (s->state != PENDING || is_awaited(s))
    return VT_EAWAITED;
  s->continuation = *c;
  return 0;
}

/* A result that is there needs no waiter. */
static int attach(vt_source_t *source, uint64_t token, unsigned flags,
                  vt_continuation_fn *k, void *state) {
  const vt_reset_source_t *s = reset_of(source);
  vt_t v = {(uintptr_t)source, {0}};
  v.value.u = token;
  int rc = check(s, token);
  if (rc == 0 && is_awaited(s))
    rc = VT_EAWAITED;
  if (rc != 0)
    return (int)vt__misuse(rc);
  if (s->state == DONE)
    return VT_COMPLETED;
  return vt__register_waiter(v, flags, k, state);
}

/* Withdrawn before the result came, the operation may be awaited anew. */
static bool stop(vt_source_t *source, uint64_t token, vt_continuation_fn *k,
                 void *state) {
  vt_t v = {(uintptr_t)source, {0}};
  v.value.u = token;
  vt__waiter_t *w = vt__waiter_find(vt__current, v, k, state);
  if (!w)
    return false;
  if (w->op.phase == VT__QUEUED)
    return vt__waiter_withdraw(w);
  vt__waiter_free(w);
  return true;
}

static bool source_is_awaited(const vt_source_t *source) {
  return is_awaited(reset_of(source));
}

static const struct vt__own_ops reset_own = {
    .attach = attach, .stop = stop, .is_awaited = source_is_awaited};

static const vt_source_ops_t reset_ops = {
    .kind = "reset source",
    .status = status,
    .result = result,
    .on_completed = on_completed,
    .own = &reset_own,
};

void vt_reset_source_init(vt_reset_source_t *s, unsigned flags) {
  vt_reset_source_t fresh = {.source = {&reset_ops, 0, NULL},
                             .loop = vt__current,
                             .flags = flags & VT_COMPLETE_LATER};
  if (s)
    *s = fresh;
}

vt_t vt_reset_source_task(vt_reset_source_t *s) {
  return vt_from_source(s ? &s->source : NULL);
}

int vt_reset_source_set(vt_reset_source_t *s, vt_result_t value) {
  if (!s)
    return UV_EINVAL;
  if (s->loop != vt__current)
    return (int)vt__misuse(VT_ETHREAD);
  if (s->state == DONE)
    return (int)vt__misuse(VT_EDONE);
  value.status = vt__status_checked(value.status);
  s->result = value;
  s->state = DONE;
  if (!is_awaited(s))
    return 0;
  vt_continuation_t c = s->continuation;
  return s->flags & VT_COMPLETE_LATER ? vt_resume_later(&c, value)
                                      : vt_resume(&c, value);
}

int vt_reset_source_reset(vt_reset_source_t *s) {
  if (!s)
    return UV_EINVAL;
  if (s->loop != vt__current)
    return (int)vt__misuse(VT_ETHREAD);
  if (is_awaited(s))
    return (int)vt__misuse(VT_EAWAITED);
  vt_continuation_t none = {NULL, 0};
  vt_result_t empty = {0, {0}};
  s->source.token++;
  s->continuation = none;
  s->result = empty;
  s->state = PENDING;
  return 0;
}
