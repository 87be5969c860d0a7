/* SPDX-License-Identifier: MIT */
/* Async functions: boxes, suspending, resuming.
 *
 * Happy path: a body that must wait asks vt__suspend for a box and copies its
 * frame into it; the box is registered with the operation it awaits as the
 * state of box_resume. When that completes, box_resume stores the result before
 * the frame and calls the body, which suspends again or returns a result in
 * hand; then the box completes as a one-shot of its own. Where its awaiter is
 * another box, the loop in box_resume goes on with that one instead of calling:
 * a chain of any length runs in constant stack, VT__BUDGET links at a time.
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
 * cancel of what cannot be cancelled: the box is withdrawn from a task or a
 * user's source, and resumed with UV_ECANCELED from the ready queue. */
#include "core/frame.h"

#include "core/owned.h"
#include "core/report.h"
#include "core/value_task.h"
#include "vt/async.h"

typedef struct box {
  vt_op_t op;
  vt_source_t *awaited; /* NULL while the body runs; complete: what is kept */
  vt_t outcome;         /* the macros' */
} box_t;

_Static_assert(sizeof(box_t) == VT__BOX_SIZE,
               "the macros find their words right before the frame");

static vt_frame_t *frame_of(box_t *box) {
  return (vt_frame_t *)(void *)(box + 1);
}

static box_t *box_of(void *frame) { return (box_t *)frame - 1; }

/* ---- resuming ---- */

static void box_resume(void *state, vt_result_t result);
static void end_if_cancelled(box_t *box);

static box_t *awaited_box(const box_t *box);

/* What a function keeps that another returned is that one's now: a chain of
 * them is settled without recursion. */
static void inherit(box_t *box) {
  box_t *inner = awaited_box(box);
  if (!inner)
    return;
  box->awaited = inner->awaited;
  inner->awaited = NULL;
  vt__kept_settle(&inner->op, true);
}

/* The box completes with what its awaited operation completes with: a body that
 * was resumed has returned a pending value task. What the result owns stays in
 * that operation's block until the box's is taken. */
static void box_pass_on(void *state, vt_result_t result) {
  box_t *box = state;
  if (!box->awaited || !vt__op_is_kept_by(box->awaited, box))
    box->awaited = NULL;
  else
    inherit(box);
  vt__owner_finish(&box->op, result);
}

static bool box_owns(const vt_op_t *op) {
  return ((const box_t *)(const void *)op)->awaited != NULL;
}

static void box_settle(vt_op_t *op, bool taken) {
  box_t *box = (box_t *)(void *)op;
  vt_op_t *kept = (vt_op_t *)(void *)box->awaited;
  box->awaited = NULL;
  if (kept)
    vt__kept_settle(kept, taken);
}

/* Calls the body with the result of its await, in hand. */
static inline vt_t call_body(vt_loop_t *loop, box_t *box, vt_result_t result) {
  struct vt__box_tail *tail = vt__tail(frame_of(box));
  loop->scope = box->op.source.scope;
  tail->result.source = result.status ? (uintptr_t)result.status << 1 | 1 : 0;
  tail->result.value.u = result.value.u;
  box->awaited = NULL;
  return frame_of(box)->body(frame_of(box));
}

/* The block of this loop that a box waits for: the operation itself, or the
 * waiter for a task or a user's source, which may be gone before it. */
static vt_source_t *registered(vt_t v, vt_continuation_fn *k, box_t *box) {
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
static VT_NOINLINE bool pass_on(box_t *box, vt_t v, vt_result_t *out) {
  unsigned keep = vt__keep_flag(v);
  int rc = vt__register(v, keep, box_pass_on, box);
  if (rc == 0) {
    box->awaited = registered(v, box_pass_on, box);
    end_if_cancelled(box);
    return false;
  }
  if (rc == VT_COMPLETED && keep != 0) {
    box->awaited = (vt_source_t *)v.source;
    box_pass_on(box, vt__op_keep(v, box));
    return false;
  }
  *out = vt_get_result(refused(v, rc));
  return true;
}

/* A resumed body has returned v: its result in *out, or false when the box does
 * not complete with one here. */
static bool take_return(box_t *box, vt_t v, vt_result_t *out) {
  if (v.source == (uintptr_t)box)
    return false;
  if (!vt_in_hand(v))
    return pass_on(box, v, out);
  out->status = vt_status_in_hand(v);
  out->value = v.value;
  return true;
}

/* A resumed body has returned v. The awaiter runs in place of the body, no
 * deeper; while it is a box too, goes on with that one. */
static VT_NOINLINE void box_return(box_t *box, vt_t v) {
  vt_loop_t *loop = vt__slab_of(box)->loop;
  vt_result_t result = {0, {0}};
  for (int links = 0; take_return(box, v, &result); links++) {
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
    if (k != box_resume) {
      k(state, result);
      return;
    }
    box = state;
    v = call_body(loop, box, result);
  }
}

static void box_resume(void *state, vt_result_t result) {
  box_t *box = state;
  vt_t v = call_body(vt__slab_of(box)->loop, box, result);
  if (v.source != (uintptr_t)box)
    box_return(box, v);
}

/* ---- as a source ---- */

/* In its clean-up; cancel does not reach it, until that has had its time. */
static bool is_cleaning(const box_t *box) {
  const vt_scope_t *scope = box->op.source.scope;
  return frame_of((box_t *)(uintptr_t)box)->state & VT__CLEANUP &&
         !(scope && scope->block->shield.reason != 0);
}

/* Takes a box off what cannot be cancelled: it is resumed in its turn. */
static int let_go(box_t *box, const vt__waiter_t *w) {
  vt_t v = {(uintptr_t)w->awaited, {0}};
  vt_continuation_fn *k = w->op.k;
  v.value.u = w->awaited_token;
  if (!vt_await_stop(v, k, box))
    return UV_EBUSY;
  box->awaited = NULL;
  box->op.flags |= VT__CANCELLED | (k == box_pass_on ? VT__PASSING : 0);
  vt__ready_push(vt__slab_of(box)->loop, &box->op);
  return 0;
}

/* Ends what a box awaits: goes down the awaited sources in a loop, to the
 * operation underneath; what a function in its clean-up awaits is not ended. */
static int end_awaited(box_t *box) {
  for (box_t *inner; (inner = awaited_box(box)) != NULL;) {
    box = inner;
    if (box->op.flags & VT__CANCELLED)
      return UV_EALREADY;
    if (!box->awaited || box->op.phase >= VT__QUEUED || is_cleaning(box))
      return UV_EBUSY;
  }
  vt_source_t *source = box->awaited;
  if (source->ops != &vt__waiter_ops)
    return source->ops->cancel ? source->ops->cancel(source, source->token)
                               : UV_ENOSYS;
  vt__waiter_t *w = (vt__waiter_t *)(void *)source;
  int rc = vt__waiter_cancel(w);
  return rc == UV_ENOSYS ? let_go(box, w) : rc;
}

static int box_cancel(vt_source_t *source, uint64_t token) {
  box_t *box = (box_t *)(void *)source;
  int rc = vt__op_check_cancel(&box->op, token);
  if (rc != 0)
    return rc;
  if (box->op.flags & VT__CANCELLED)
    return UV_EALREADY;
  return box->awaited && !is_cleaning(box) ? end_awaited(box) : UV_EBUSY;
}

/* The same where nothing may run inside. */
static void end_quietly(vt_loop_t *loop, box_t *box) {
  loop->depth += VT__DEPTH;
  end_awaited(box);
  loop->depth -= VT__DEPTH;
}

/* A box has just suspended: what it awaits is ended in a cancelled scope. */
static void end_if_cancelled(box_t *box) {
  const vt_scope_t *scope = box->op.source.scope;
  if (VT_LIKELY(!scope) || scope->reason == 0)
    return;
  if (box->awaited && !is_cleaning(box))
    end_quietly(vt__slab_of(box)->loop, box);
}

/* Where a box in a scope keeps its body. */
static vt_body_fn **own_body(box_t *box) {
  char *end = (char *)box + vt__slab_of(box)->class->stride;
  size_t room = vt__scope_room();
  return (vt_body_fn **)(void *)(end - room) - 1;
}

/* The body of a box in a scope. */
static vt_t body_in_scope(void *frame) {
  box_t *box = box_of(frame);
  if (frame_of(box)->state & VT__CLEANUP)
    vt__slab_of(box)->loop->scope = &box->op.source.scope->block->shield;
  vt_t v = (*own_body(box))(frame);
  if (v.source == (uintptr_t)box)
    end_if_cancelled(box);
  return v;
}

/* box_resume for the first time in a scope, or again. */
static void box_resume_in_scope(void *state, vt_result_t result) {
  vt_frame_t *f = frame_of(state);
  if (f->body != body_in_scope) {
    *own_body(state) = f->body;
    f->body = body_in_scope;
  }
  box_resume(state, result);
}

/* What is registered for a box on the slow way. */
static vt_continuation_fn *resume_of(const box_t *box) {
  return box->op.flags & VT__SCOPED ? box_resume_in_scope : box_resume;
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
    box_pass_on(op, cancelled);
  else
    resume_of((box_t *)(void *)op)(op, cancelled);
}

static void box_describe(const vt_source_t *source, char *text, size_t size) {
  const box_t *box = (const box_t *)(const void *)source;
  while (box && awaited_box(box))
    box = awaited_box(box);
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

static const vt_source_ops_t box_ops = {
    .kind = "async function",
    .status = vt__op_status,
    .result = vt__owner_result,
    .on_completed = vt__op_on_completed,
    .cancel = box_cancel,
    .describe = box_describe,
    .own = &box_own,
};

/* The box that a box awaits, if it awaits one. */
static box_t *awaited_box(const box_t *box) {
  vt_source_t *awaited = box->awaited;
  return awaited && awaited->ops == &box_ops ? (box_t *)(void *)awaited : NULL;
}

static vt_t pending(box_t *box) {
  vt_t v = {(uintptr_t)box, {0}};
  v.value.u = box->op.source.token;
  return v;
}

/* ---- suspending ---- */

static box_t *box_new(vt_loop_t *loop, size_t size) {
  size_t whole = sizeof(box_t) + size;
  if (loop->scope)
    whole += sizeof(vt_body_fn *) + vt__scope_room();
  vt__class_t *class =
      size <= SIZE_MAX / 2 ? vt__pool_class(&loop->pool, whole) : NULL;
  box_t *box =
      class ? (box_t *)(void *)vt__pool_get_box(&loop->pool, class) : NULL;
  if (!box)
    return NULL;
  box->op.source.ops = &box_ops;
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
static inline box_t *box_new_fast(vt_loop_t *loop, size_t size) {
  size_t whole = sizeof(box_t) + size;
  if (size > 512 || vt__pool_class(&loop->pool, whole)->reserved != VT__RESERVE)
    return NULL;
  box_t *box = (box_t *)(void *)vt__op_new_fast(loop, &box_ops, whole);
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
  box_t *box = boxed ? box_of(boxed) : box_new(loop, size);
  if (!VT_LIKELY(box != NULL))
    return refused(v, vt_status(v) == VT_PENDING ? UV_ENOMEM : VT_COMPLETED);
  int rc = vt__register(v, 0, resume_of(box), box);
  if (rc == 0) {
    box->awaited = registered(v, resume_of(box), box);
    if (loop->scope && loop->scope->reason != 0)
      end_quietly(loop, box);
    return pending(box);
  }
  if (!boxed)
    vt__op_undo(&box->op);
  return refused(v, rc);
}

vt_t vt__suspend(void *boxed, size_t size, vt_t v) {
  if (!VT_LIKELY(!(v.source & 1) && vt__is_plain(v)))
    return suspend_slowly(boxed, size, v);
  box_t *box = boxed ? box_of(boxed) : box_new_fast(vt__current, size);
  if (!VT_LIKELY(box != NULL))
    return suspend_slowly(boxed, size, v);
  vt__register_plain(v, box_resume, box);
  box->awaited = (vt_source_t *)v.source;
  return pending(box);
}

bool vt__frame_is_pinned(const void *boxed) {
  return ((const box_t *)boxed - 1)->op.flags & VT__PINNED;
}

int vt__box_prepare(const void *frame, size_t size, vt_body_fn *body,
                    vt_op_t **out) {
  vt_loop_t *loop = vt__current;
  if (!loop)
    return (int)vt__misuse(VT_ENOLOOP);
  if (!frame || !body || size < sizeof(vt_frame_t))
    return UV_EINVAL;
  bool whole = (loop->pool.unusual & ~VT__ANNOUNCED) == 0;
  box_t *box = whole ? box_new(loop, size) : NULL;
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
  box_t *box = (box_t *)(void *)op;
  vt_result_t result;
  vt_t v = frame_of(box)->body(frame_of(box));
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
