/* SPDX-License-Identifier: MIT */
/* Async functions: boxes, suspending, resuming.
 *
 * Happy path: a body that must wait asks vt__suspend for a box and copies its
 * frame into it; the box is registered with the operation it awaits as the
 * state of vt__box_resume. When that completes, vt__box_resume stores the
 * result before the frame and calls the body, which suspends again or returns a
 * result in hand; then the box completes as a one-shot of its own. Where its
 * awaiter is another box, the loop in box_return goes on with that one instead
 * of calling: a chain of any length runs in constant stack, VT__BUDGET links at
 * a time.
 *
 * In a scope a box is a member, and its body is resumed with the scope current,
 * in its clean-up with the shield. What it awaits in a cancelled scope is ended
 * at once, as the scope's cancel would have ended it. This costs nothing
 * outside of scopes: from its first resume on a box in a scope has
 * body_in_scope in place of its body, which stands at the end of the block.
 *
 * What can go wrong: no memory for the box (the reserve of the class first;
 * then the operation is cancelled and forgotten, and the await gives
 * UV_ENOMEM); an operation that refuses (its status is the await's result); a
 * cancel: core/frame_cancel.c. */
#include "core/frame.h"

#include "core/box.h"
#include "core/owned.h"
#include "core/report.h"
#include "core/value_task.h"
#include "vt/async.h"

static vt__box_t *box_of(void *frame) { return (vt__box_t *)frame - 1; }

/* ---- resuming ---- */

static vt_t call_due(vt__box_t *box, vt_result_t result);
static void end_if_cancelled(vt__box_t *box);
static void enter_scope(vt__box_t *box);

/* What a function keeps that another returned is that one's now: a chain of
 * them is settled without recursion. */
static void inherit(vt__box_t *box) {
  vt__box_t *inner = vt__awaited_box(box);
  if (!inner)
    return;
  box->awaited = inner->awaited;
  inner->awaited = NULL;
  vt__kept_settle(&inner->op, true);
}

/* The box completes with what its awaited operation completes with: a body that
 * was resumed has returned a pending value task. What the result owns stays in
 * that operation's block until the box's is taken. */
void vt__box_pass_on(void *state, vt_result_t result) {
  vt__box_t *box = state;
  if (!box->awaited || !vt__op_is_kept_by(box->awaited, box))
    box->awaited = NULL;
  else
    inherit(box);
  vt__owner_finish(&box->op, result);
}

static bool box_owns(const vt_op_t *op) {
  return ((const vt__box_t *)(const void *)op)->awaited != NULL;
}

static void box_settle(vt_op_t *op, bool taken) {
  vt__box_t *box = (vt__box_t *)(void *)op;
  vt_op_t *kept = (vt_op_t *)(void *)box->awaited;
  box->awaited = NULL;
  if (kept)
    vt__kept_settle(kept, taken);
}

/* Calls the body with the result of its await, in hand. */
static inline vt_t call_body(vt_loop_t *loop, vt__box_t *box,
                             vt_result_t result) {
  struct vt__box_tail *tail = vt__tail(vt__frame_of(box));
  loop->scope = box->op.source.scope;
  tail->result.source = result.status ? (uintptr_t)result.status << 1 | 1 : 0;
  tail->result.value.u = result.value.u;
  box->awaited = NULL;
  return vt__frame_of(box)->body(vt__frame_of(box));
}

/* The block of this loop that a box waits for: the operation itself, or the
 * waiter for a task or a user's source, which may be gone before it. */
static vt_source_t *registered(vt_t v, vt_continuation_fn *k, vt__box_t *box) {
  vt__waiter_t *w = vt__waiter_find(vt__current, v, k, box);
  return w ? &w->op.source : (vt_source_t *)v.source;
}

/* What an await of v gives that was refused with rc: v's result where it is
 * complete, else rc; without memory v is ended and its result dropped. */
static vt_t refused(vt_t v, int rc) {
  if (rc == VT_COMPLETED)
    return vt_from_result(vt_get_result(v));
  if (rc == UV_ENOMEM && vt_status(v) == VT_PENDING) {
    vt_cancel(v);
    vt_forget(v);
  }
  return vt_failed(rc);
}

/* The box awaits v for its own result, which goes to *out when it is there;
 * false when it is not, or is told already. */
static VT_NOINLINE bool pass_on(vt__box_t *box, vt_t v, vt_result_t *out) {
  unsigned keep = vt__keep_flag(v);
  int rc = vt__register(v, keep, vt__box_pass_on, box);
  if (rc == 0) {
    box->awaited = registered(v, vt__box_pass_on, box);
    end_if_cancelled(box);
    return false;
  }
  if (rc == VT_COMPLETED && keep != 0) {
    box->awaited = (vt_source_t *)v.source;
    vt__box_pass_on(box, vt__op_keep(v, box));
    return false;
  }
  *out = vt_get_result(refused(v, rc));
  return true;
}

/* A resumed body has returned v: its result in *out, or false when the box does
 * not complete with one here. */
static bool take_return(vt__box_t *box, vt_t v, vt_result_t *out) {
  if (v.source == (uintptr_t)box)
    return false;
  if (!vt_in_hand(v))
    return pass_on(box, v, out);
  out->status = vt_status_in_hand(v);
  out->value = v.value;
  return true;
}

/* take_return for a box that was due: what it awaits now is ended, where it is
 * the same box still. */
static VT_COLD bool take_return_due(vt__box_t *box, vt_t v, vt_result_t *out) {
  uint64_t token = box->op.source.token;
  if (take_return(box, v, out))
    return true;
  if (box->op.source.token == token)
    vt__box_deliver(box);
  return false;
}

/* A resumed body has returned v. The awaiter runs in place of the body, no
 * deeper; while it is a box too, goes on with that one. */
static VT_NOINLINE void box_return(vt__box_t *box, vt_t v, bool due) {
  vt_loop_t *loop = vt__slab_of(box)->loop;
  vt_result_t result = {0, {0}};
  for (int links = 0;
       due ? take_return_due(box, v, &result) : take_return(box, v, &result);
       links++) {
    vt_continuation_fn *k = box->op.k;
    void *state = box->op.state;
    if (!VT_LIKELY(box->op.phase == VT__AWAITED && k &&
                   !(box->op.flags & (VT_LATER | VT__SCOPED)) &&
                   links < VT__BUDGET)) {
      vt__op_finish(&box->op, result);
      return;
    }
    loop->scope = NULL;
    vt__pool_put(&loop->pool, &box->op);
    loop->ran++;
    due = k == vt__box_resume_due;
    if (k != vt__box_resume && !due) {
      k(state, result);
      return;
    }
    box = state;
    v = due ? call_due(box, result) : call_body(loop, box, result);
  }
}

/* Calls the body of a box that is due, which is registered so whether it is in
 * a scope or not. */
static VT_COLD vt_t call_due(vt__box_t *box, vt_result_t result) {
  if (box->op.flags & VT__SCOPED)
    enter_scope(box);
  return call_body(vt__slab_of(box)->loop, box, result);
}

void vt__box_resume_due(void *state, vt_result_t result) {
  box_return(state, call_due(state, result), true);
}

void vt__box_resume(void *state, vt_result_t result) {
  vt__box_t *box = state;
  vt_t v = call_body(vt__slab_of(box)->loop, box, result);
  if (v.source != (uintptr_t)box)
    box_return(box, v, false);
}

/* ---- as a source ---- */

/* A box has just suspended: what it awaits is ended in a cancelled scope. */
static void end_if_cancelled(vt__box_t *box) {
  const vt_scope_t *scope = box->op.source.scope;
  if (VT_LIKELY(!scope) || scope->reason == 0)
    return;
  vt__box_end(box);
}

/* Where a box in a scope keeps its body. */
static vt_body_fn **own_body(vt__box_t *box) {
  char *end = (char *)box + vt__slab_of(box)->class->stride;
  size_t room = vt__scope_room();
  return (vt_body_fn **)(void *)(end - room) - 1;
}

/* The body of a box in a scope. */
static vt_t body_in_scope(void *frame) {
  vt__box_t *box = box_of(frame);
  if (vt__frame_of(box)->state & VT__CLEANUP)
    vt__slab_of(box)->loop->scope = &box->op.source.scope->block->shield;
  vt_t v = (*own_body(box))(frame);
  if (v.source == (uintptr_t)box)
    end_if_cancelled(box);
  return v;
}

/* A box in a scope is resumed for the first time, or again. */
static void enter_scope(vt__box_t *box) {
  vt_frame_t *f = vt__frame_of(box);
  if (f->body == body_in_scope)
    return;
  *own_body(box) = f->body;
  f->body = body_in_scope;
}

static void box_resume_in_scope(void *state, vt_result_t result) {
  enter_scope(state);
  vt__box_resume(state, result);
}

/* What is registered for a box on the slow way. */
vt_continuation_fn *vt__box_resume_of(const vt__box_t *box) {
  return box->op.flags & VT__SCOPED ? box_resume_in_scope : vt__box_resume;
}

/* The box's turn: its awaiter is to run, or it was let go. */
static void box_ready(vt_loop_t *loop, vt_op_t *op) {
  vt_result_t cancelled = {UV_ECANCELED, {0}};
  bool passing = op->flags & VT__PASSING;
  if (op->phase == VT__QUEUED) {
    vt__owner_ready(loop, op);
    return;
  }
  op->flags &= (uint8_t) ~(VT__CANCELLED | VT__PASSING);
  if (passing)
    vt__box_pass_on(op, cancelled);
  else
    vt__box_resume_of((vt__box_t *)(void *)op)(op, cancelled);
}

static void box_describe(const vt_source_t *source, char *text, size_t size) {
  const vt__box_t *box = (const vt__box_t *)(const void *)source;
  while (box && vt__awaited_box(box))
    box = vt__awaited_box(box);
  const vt_source_t *awaited =
      box->awaited ? vt__report_about((const vt_op_t *)(void *)box->awaited)
                   : NULL;
  if (awaited && awaited->ops->describe)
    awaited->ops->describe(awaited, text, size);
}

static const struct vt__own_ops box_own = {
    .attach = vt__op_attach,
    .stop = vt__op_stop,
    .forget = vt__op_forget,
    .drop = vt__owner_drop,
    .ready = box_ready,
    .owns = box_owns,
    .settle = box_settle,
};

const vt_source_ops_t vt__box_ops = {
    .kind = "async function",
    .status = vt__op_status,
    .result = vt__owner_result,
    .on_completed = vt__op_on_completed,
    .cancel = vt__box_cancel,
    .describe = box_describe,
    .own = &box_own,
};

static vt_t pending(vt__box_t *box) {
  vt_t v = {(uintptr_t)box, {0}};
  v.value.u = box->op.source.token;
  return v;
}

/* ---- suspending ---- */

static vt__box_t *box_new(vt_loop_t *loop, size_t size) {
  size_t whole = sizeof(vt__box_t) + size;
  if (loop->scope)
    whole += sizeof(vt_body_fn *) + vt__scope_room();
  vt__class_t *class =
      size <= SIZE_MAX / 2 ? vt__pool_class(&loop->pool, whole) : NULL;
  vt__box_t *box =
      class ? (vt__box_t *)(void *)vt__pool_get_box(&loop->pool, class) : NULL;
  if (!box)
    return NULL;
  box->op.source.ops = &vt__box_ops;
  box->op.source.scope = NULL;
  box->op.phase = VT__PENDING;
  box->op.flags = 0;
  box->op.aux = (uint32_t)vt__loop_now(loop);
  box->awaited = NULL;
  if (loop->scope)
    vt__scope_link(loop->scope, &box->op);
  return box;
}

/* The common case of box_new: NULL when there is more to do than to take a free
 * block. */
static inline vt__box_t *box_new_fast(vt_loop_t *loop, size_t size) {
  size_t whole = sizeof(vt__box_t) + size;
  if (size > 512 || vt__pool_class(&loop->pool, whole)->reserved != VT__RESERVE)
    return NULL;
  vt__box_t *box =
      (vt__box_t *)(void *)vt__op_new_fast(loop, &vt__box_ops, whole);
  if (VT_LIKELY(box != NULL))
    box->op.aux = (uint32_t)vt__loop_now(loop);
  return box;
}

/* A source without a short cut, or nothing to wait for. */
static VT_NOINLINE vt_t suspend_slowly(void *boxed, size_t size, vt_t v) {
  vt_loop_t *loop = vt__current;
  if (vt_in_hand(v))
    return v;
  if (!VT_LIKELY(loop != NULL))
    return vt_failed(vt__misuse(VT_ENOLOOP));
  vt__box_t *box = boxed ? box_of(boxed) : box_new(loop, size);
  if (!VT_LIKELY(box != NULL))
    return refused(v, vt_status(v) == VT_PENDING ? UV_ENOMEM : VT_COMPLETED);
  int rc = vt__register(v, 0, vt__box_resume_of(box), box);
  if (rc == 0) {
    box->awaited = registered(v, vt__box_resume_of(box), box);
    if (loop->scope && loop->scope->reason != 0)
      vt__box_end(box);
    return pending(box);
  }
  if (!boxed)
    vt__op_undo(&box->op);
  return refused(v, rc);
}

vt_t vt__suspend(void *boxed, size_t size, vt_t v) {
  if (!VT_LIKELY(!(v.source & 1) && vt__is_plain(v)))
    return suspend_slowly(boxed, size, v);
  vt__box_t *box = boxed ? box_of(boxed) : box_new_fast(vt__current, size);
  if (!VT_LIKELY(box != NULL))
    return suspend_slowly(boxed, size, v);
  vt__register_plain(v, vt__box_resume, box);
  box->awaited = (vt_source_t *)v.source;
  return pending(box);
}

bool vt__frame_is_pinned(const void *boxed) {
  return ((const vt__box_t *)boxed - 1)->op.flags & VT__PINNED;
}

int vt__box_prepare(const void *frame, size_t size, vt_body_fn *body,
                    vt_op_t **out) {
  vt_loop_t *loop = vt__current;
  if (!loop)
    return (int)vt__misuse(VT_ENOLOOP);
  if (!frame || !body || size < sizeof(vt_frame_t))
    return UV_EINVAL;
  bool whole = (loop->pool.unusual & ~VT__ANNOUNCED) == 0;
  vt__box_t *box = whole ? box_new(loop, size) : NULL;
  if (!box)
    return UV_ENOMEM;
  box->op.flags |= VT__PINNED;
  vt_frame_t *f = memcpy(box + 1, frame, size);
  f->body = body;
  f->state = VT__BEGIN_BOXED;
  *out = &box->op;
  return 0;
}

vt_t vt__box_run(vt_op_t *op) {
  vt__box_t *box = (vt__box_t *)(void *)op;
  vt_result_t result;
  vt_t v = vt__frame_of(box)->body(vt__frame_of(box));
  if (v.source == (uintptr_t)box)
    end_if_cancelled(box);
  if (!take_return(box, v, &result))
    return pending(box);
  vt__op_undo(op);
  return vt_from_result(result);
}

vt_t vt_start_boxed(const void *frame, size_t size, vt_body_fn *body) {
  vt_op_t *box;
  int rc = vt__box_prepare(frame, size, body, &box);
  return rc == 0 ? vt__box_run(box) : vt_failed(rc);
}
