/* SPDX-License-Identifier: MIT */
/* Results that own something, kept and settled.
 *
 * Happy path: an owner completes and its continuation runs: what it keeps is
 * settled as taken right before. One that is queued or lies untaken settles
 * when its turn comes; one that was forgotten or withdrawn drops.
 *
 * What can go wrong: the owner is itself kept by another one. It settles
 * nothing then, until that one does. */
#include "core/owned.h"

vt_result_t vt__op_keep(vt_t v, void *state) {
  vt_op_t *op = (vt_op_t *)v.source;
  const struct vt__own_ops *own = op->source.ops->own;
  if (vt__op_check(op, v.value.u) != 0 || op->phase != VT__DONE ||
      !own->owns(op))
    return vt_get_result(v);
  vt__scope_leave(op);
  vt__op_hold(op);
  op->state = state;
  return op->result;
}

void vt__kept_settle(vt_op_t *op, bool taken) {
  if (taken)
    op->source.ops->result(&op->source, op->source.token);
  else
    op->source.ops->own->drop(op);
}

static void settle(vt_op_t *op, bool taken) {
  op->source.ops->own->settle(op, taken);
}

void vt__owner_finish(vt_op_t *op, vt_result_t result) {
  vt_loop_t *loop = vt__slab_of(op)->loop;
  bool awaited = op->phase == VT__AWAITED;
  if (awaited && !op->k)
    settle(op, false);
  if (!op->source.ops->own->owns(op)) {
    op->flags &= (uint8_t)~VT__KEPT;
    vt__op_finish(op, result);
  } else if (awaited && !(op->flags & (VT_LATER | VT__KEPT)) &&
             vt__may_nest(loop)) {
    settle(op, true);
    vt__op_run(loop, op, result);
  } else {
    if (!(op->flags & VT__KEPT))
      op->flags |= VT_LATER;
    vt__op_finish(op, result);
  }
}

vt_result_t vt__owner_result(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  if (vt__op_check(op, token) == 0 && op->phase == VT__DONE)
    settle(op, true);
  return vt__op_result(source, token);
}

void vt__owner_drop(vt_op_t *op) {
  settle(op, false);
  vt__op_drop(op);
}

void vt__owner_ready(vt_loop_t *loop, vt_op_t *op) {
  if (!op->k)
    settle(op, false);
  else if (!(op->flags & VT__KEPT))
    settle(op, true);
  vt__op_ready(loop, op);
}
