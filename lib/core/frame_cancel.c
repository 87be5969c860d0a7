/* SPDX-License-Identifier: MIT */
/* Cancelling an async function.
 *
 * Happy path: the cancel goes down the awaited functions to the operation
 * underneath and ends it; its status, UV_ECANCELED, comes back up as the result
 * of the await. From a task, or a user's source without cancel, the box is
 * withdrawn, and resumed with UV_ECANCELED from the ready queue.
 *
 * What can go wrong: what is awaited cannot be ended, or is complete already
 * and about to resume its box. The cancel is remembered then: the box is due,
 * and what it awaits next is ended in its place. What knows of it is the
 * continuation of what is awaited now, vt__box_resume_due in place of
 * vt__box_resume, so that nothing has to be asked where nobody was cancelled.
 * All boxes on the way down are due, as any of them may be the next to await;
 * the first one that is ended lets the others off. A box whose body runs now
 * has no such place: it is cancelled again from the ready queue. */
#include "core/box.h"

#include "core/membership.h"
#include "core/oneshot.h"
#include "core/value_task.h"

/* In its clean-up; cancel does not reach it, until that has had its time. */
static bool is_cleaning(const vt__box_t *box) {
  const vt_scope_t *scope = box->op.source.scope;
  return vt__frame_of((vt__box_t *)(uintptr_t)box)->state & VT__CLEANUP &&
         !(scope && scope->block->shield.reason != 0);
}

/* ---- what is awaited ---- */

/* Takes a box off what cannot be cancelled: it is resumed in its turn. */
static int let_go(vt__box_t *box, const vt__waiter_t *w) {
  vt_t v = {(uintptr_t)w->awaited, {0}};
  vt_continuation_fn *k = w->op.k;
  v.value.u = w->awaited_token;
  if (!vt_await_stop(v, k, box))
    return UV_EBUSY;
  box->awaited = NULL;
  box->op.flags |= VT__CANCELLED | (k == vt__box_pass_on ? VT__PASSING : 0);
  vt__ready_push(vt__slab_of(box)->loop, &box->op);
  return 0;
}

/* Ends what a box awaits: goes down the awaited sources in a loop, to the
 * operation underneath; what a function in its clean-up awaits is not ended. */
static int end_awaited(vt__box_t *box) {
  for (vt__box_t *inner; (inner = vt__awaited_box(box)) != NULL;) {
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

/* The same where nothing may run inside. */
static int end_quietly(vt__box_t *box) {
  vt_loop_t *loop = vt__slab_of(box)->loop;
  loop->depth += VT__DEPTH;
  int rc = end_awaited(box);
  loop->depth -= VT__DEPTH;
  return rc;
}

void vt__box_end(vt__box_t *box) {
  if (box->awaited && !is_cleaning(box))
    end_quietly(box);
}

/* ---- a cancel that came too late for what is awaited ---- */

/* The block that will resume a box; NULL where that has begun, as another may
 * have the block by then. */
static vt_op_t *resumer(const vt__box_t *box) {
  vt_op_t *op = (vt_op_t *)(void *)box->awaited;
  return op && op->state == box ? op : NULL;
}

/* Whether the next result of an await in box or below is UV_ECANCELED. */
static bool is_ending(const vt__box_t *box) {
  const vt_op_t *op = NULL;
  for (; box; box = vt__awaited_box(box)) {
    if (box->op.flags & VT__CANCELLED)
      return true;
    op = resumer(box);
  }
  return op && op->phase >= VT__QUEUED && op->result.status == UV_ECANCELED;
}

/* From box down, each is due, but for what one in its clean-up awaits. */
static void remember(vt__box_t *box) {
  for (; box && vt__op_is_waiting(&box->op); box = vt__awaited_box(box)) {
    vt_op_t *op = resumer(box);
    if (!op || is_cleaning(box))
      return;
    if (op->k == vt__box_resume || op->k == vt__box_resume_of(box))
      op->k = vt__box_resume_due;
  }
}

/* One of them was cancelled: those that await it are not due any more. */
static void forgive(vt__box_t *box) {
  while (box->op.phase == VT__AWAITED && box->op.k == vt__box_resume_due) {
    vt__box_t *awaiter = box->op.state;
    box->op.k = vt__box_resume_of(awaiter);
    box = awaiter;
  }
}

/* Its scope may have ended what it awaits, or it has its result already. */
void vt__box_deliver(vt__box_t *box) {
  if (is_cleaning(box))
    return;
  if (is_ending(box) || (box->awaited && end_quietly(box) == 0))
    forgive(box);
  else if (!is_ending(box))
    remember(box);
}

/* ---- a body that runs ---- */

struct later {
  vt_op_t op;
  vt_t v; /* to be cancelled */
};

static void later_ready(vt_loop_t *loop, vt_op_t *op) {
  vt_t v = ((struct later *)(void *)op)->v;
  const vt_op_t *box = (const vt_op_t *)v.source;
  (void)loop;
  vt__op_undo(op);
  if (vt__op_check(box, v.value.u) == 0 && vt__op_is_waiting(box))
    vt__box_cancel((vt_source_t *)v.source, v.value.u);
}

static const struct vt__own_ops later_own = {.ready = later_ready};
static const vt_source_ops_t later_ops = {.kind = "cancel", .own = &later_own};

/* Of no scope. Without memory there is none, as the answer says. */
static void cancel_later(const vt__box_t *box) {
  vt_loop_t *loop = vt__slab_of(box)->loop;
  vt_scope_t *scope = loop->scope;
  vt_op_t *op;
  loop->scope = NULL;
  if (vt__op_new(&later_ops, sizeof(struct later), &op) == 0) {
    ((struct later *)(void *)op)->v = vt__op_task(&box->op);
    op->phase = VT__QUEUED;
    vt__ready_push(loop, op);
  }
  loop->scope = scope;
}

int vt__box_cancel(vt_source_t *source, uint64_t token) {
  vt__box_t *box = (vt__box_t *)(void *)source;
  int rc = vt__op_check_cancel(&box->op, token);
  if (rc != 0)
    return rc;
  if (box->op.flags & VT__CANCELLED)
    return UV_EALREADY;
  if (!box->awaited)
    cancel_later(box);
  rc = box->awaited && !is_cleaning(box) ? end_awaited(box) : UV_EBUSY;
  /* A user's source may have resumed it inside; it is gone then, or another. */
  if (rc != 0 && vt__op_check(&box->op, token) == 0 && !is_ending(box))
    remember(box);
  return rc;
}
