/* SPDX-License-Identifier: MIT */
/* The slow halves of value tasks: whatever is not a success in hand. Each finds
 * its way through the source's table; nothing here knows what a source is. */
#include "core/value_task.h"

#include "core/oneshot.h"
#include "core/report.h"

static vt_source_t *source_of(vt_t v) { return (vt_source_t *)v.source; }

static vt_result_t failure(int64_t status) {
  vt_result_t r = {status, {0}};
  return r;
}

vt_t vt_from_source(vt_source_t *source) {
  if (!source || !source->ops || !source->ops->status || !source->ops->result ||
      !source->ops->on_completed)
    return vt_failed(UV_EINVAL);
  vt_t v = {(uintptr_t)source, {0}};
  v.value.u = source->token;
  return v;
}

int64_t vt__status(vt_t v) {
  return source_of(v)->ops->status(source_of(v), v.value.u);
}

vt_result_t vt__get_result(vt_t v) {
  if (v.source & 1)
    return failure(vt_status_in_hand(v));
  return source_of(v)->ops->result(source_of(v), v.value.u);
}

int vt__cancel(vt_t v) {
  int64_t status = vt_status(v);
  if (status == VT_ESTALE || status == VT_ETHREAD)
    return (int)vt__misuse(status);
  if (status != VT_PENDING)
    return UV_EALREADY;
  const vt_source_ops_t *ops = source_of(v)->ops;
  return ops->cancel ? ops->cancel(source_of(v), v.value.u) : UV_ENOSYS;
}

int vt_cancel(vt_t v) {
  vt_loop_t *loop = vt__current;
  if (!loop)
    return vt__cancel(v);
  loop->depth += VT__DEPTH; /* what completes inside only queues */
  int rc = vt__cancel(v);
  loop->depth -= VT__DEPTH;
  return rc;
}

/* Queues k with a result that is there, and taken only with the memory to
 * queue it. */
static int queue_taken(vt_t v, unsigned flags, vt_continuation_fn *k,
                       void *state) {
  vt_loop_t *loop = vt__current;
  if (!loop)
    return (int)vt__misuse(VT_ENOLOOP);
  vt__waiter_t *w = vt__waiter_new(loop, v, flags, k, state);
  if (!w)
    return UV_ENOMEM;
  vt__waiter_deliver(w, vt_get_result(v), true);
  return 0;
}

int vt__register_waiter(vt_t v, unsigned flags, vt_continuation_fn *k,
                        void *state) {
  vt_loop_t *loop = vt__current;
  vt_source_t *source = source_of(v);
  if (!loop)
    return VT_ENOLOOP;
  int64_t status = source->ops->status(source, v.value.u);
  if (status == VT_ESTALE || status == VT_ETHREAD)
    return (int)vt__misuse(status);
  if (status != VT_PENDING && !(flags & VT_LATER))
    return VT_COMPLETED; /* what is there needs no memory */
  vt__waiter_t *w = vt__waiter_new(loop, v, flags, k, state);
  if (!w)
    return UV_ENOMEM;
  vt_continuation_t c = vt__waiter_continuation(w);
  loop->depth += VT__DEPTH; /* a source that resumes at once only queues */
  int rc = source->ops->on_completed(source, v.value.u, &c);
  loop->depth -= VT__DEPTH;
  if (rc == 0 || atomic_load(&w->claim) != c.token)
    return 0;
  if (rc == VT_COMPLETED && flags & VT_LATER) {
    vt_resume_later(&c, source->ops->result(source, v.value.u));
    return 0; /* claimed: a source that kept c as well has nobody to resume */
  }
  vt__waiter_free(w);
  return rc < 0 ? (int)vt__misuse(rc) : VT_COMPLETED;
}

int vt__register(vt_t v, unsigned flags, vt_continuation_fn *k, void *state) {
  if (vt_in_hand(v) && !(flags & VT_LATER))
    return VT_COMPLETED;
  if (vt_in_hand(v))
    return queue_taken(v, flags, k, state);
  const struct vt__own_ops *own = source_of(v)->ops->own;
  if (!own || !own->attach)
    return vt__register_waiter(v, flags, k, state);
  int rc = own->attach(source_of(v), v.value.u, flags, k, state);
  if (rc == VT_COMPLETED && flags & VT_LATER)
    return queue_taken(v, flags, k, state);
  return rc;
}

int vt_on_completed(vt_t v, unsigned flags, vt_continuation_fn *k,
                    void *state) {
  if (!k)
    return UV_EINVAL;
  return vt__register(v, flags & (VT_LATER | VT_ANYWHERE), k, state);
}

static VT_NOINLINE void await_slowly(vt_t v, unsigned flags,
                                     vt_continuation_fn *k, void *state) {
  if (!k) {
    vt_forget(v);
    return;
  }
  int rc = vt_on_completed(v, flags, k, state);
  if (rc == VT_COMPLETED)
    k(state, vt_get_result(v));
  else if (rc < 0)
    k(state, failure(rc));
}

void vt__await(vt_t v, unsigned flags, vt_continuation_fn *k, void *state) {
  if (VT_LIKELY(k && flags == 0 && !vt_in_hand(v)) && vt__is_plain(v))
    vt__register_plain(v, k, state);
  else
    await_slowly(v, flags, k, state);
}

bool vt_await_stop(vt_t v, vt_continuation_fn *k, void *state) {
  vt_loop_t *loop = vt__current;
  if (!loop || !k)
    return false;
  if (!vt_in_hand(v)) {
    const struct vt__own_ops *own = source_of(v)->ops->own;
    if (own && own->stop && own->stop(source_of(v), v.value.u, k, state))
      return true;
  }
  /* What was taken, to be told later, is its source's no more. */
  vt__waiter_t *w = vt__waiter_find(loop, v, k, state);
  return w && vt__waiter_withdraw(w);
}

/* A failure in hand that is forgotten has no block to name. */
static void forget_in_hand(int64_t status) {
  vt_report_t report = {.kind = VT_REPORT_FORGOTTEN,
                        .status = status,
                        .what = "in hand",
                        .subject = ""};
  if (status < 0 && status != UV_ECANCELED)
    vt__report(&report);
}

static void on_forgotten(void *state, vt_result_t result) {
  (void)state;
  forget_in_hand(result.status);
}

void vt_forget(vt_t v) {
  if (vt_in_hand(v)) {
    forget_in_hand(vt_status_in_hand(v));
    return;
  }
  const struct vt__own_ops *own = source_of(v)->ops->own;
  if (own && own->forget)
    own->forget(source_of(v), v.value.u);
  else if (vt_on_completed(v, 0, on_forgotten, NULL) == VT_COMPLETED)
    forget_in_hand(vt_get_result(v).status);
}

vt_t vt_preserve(vt_t v, vt_task_t **out_task) {
  if (!out_task)
    return vt_failed(UV_EINVAL);
  *out_task = NULL;
  if (vt_in_hand(v))
    return v;
  *out_task = vt_as_task(v);
  return vt_from_task(*out_task);
}
