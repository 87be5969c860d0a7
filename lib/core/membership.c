/* SPDX-License-Identifier: MIT */
/* Membership of scopes.
 *
 * Happy path: linked in front when begun, so that the last begun is the first
 * told to end; unlinked when complete (one whose result nobody has taken is
 * noted beside them, to be told of at the end); the last one queues the scope's
 * own block, which looks again when its turn comes. Without a current scope
 * none of this is called. */
#include "core/membership.h"

#include "core/oneshot.h"
#include "core/report.h"
#include "vt/async.h"

/* Where a member stands in its list. */
typedef struct place {
  vt_op_t *next;
  vt_op_t **self;
} place_t;

static place_t *place_of(vt_op_t *op) {
  return (place_t *)(void *)((char *)op + vt__slab_of(op)->class->stride) - 1;
}

static void link_in(vt_op_t *op, vt_op_t **list) {
  place_t *place = place_of(op);
  place->next = *list;
  place->self = list;
  if (place->next)
    place_of(place->next)->self = &place->next;
  *list = op;
}

static void unlink_from(vt_op_t *op) {
  place_t *place = place_of(op);
  *place->self = place->next;
  if (place->next)
    place_of(place->next)->self = place->self;
}

size_t vt__scope_room(void) { return sizeof(place_t); }

void vt__scope_move(vt_op_t *op, vt_op_t **list) {
  unlink_from(op);
  link_in(op, list);
}

void vt__scope_link(vt_scope_t *scope, vt_op_t *op) {
  op->flags |= VT__SCOPED;
  op->source.scope = scope;
  link_in(op, scope->reason ? &scope->ended : &scope->members);
  vt__scope_hold(scope);
}

void vt__scope_leave(vt_op_t *op) {
  vt_scope_t *scope = op->source.scope;
  if (!(op->flags & VT__SCOPED))
    return;
  unlink_from(op);
  op->flags &= (uint8_t)~VT__SCOPED;
  op->source.scope = NULL;
  if (scope) /* it had a result to be taken if not */
    vt__scope_release(scope);
}

void vt__scope_keep(vt_op_t *op) {
  vt_scope_t *scope = op->source.scope;
  if (!(op->flags & VT__SCOPED))
    return;
  vt__scope_move(op, &scope->block->untaken);
  op->source.scope = NULL;
  vt__scope_release(scope);
}

void vt__scope_report(vt__scope_block_t *block) {
  while (block->untaken) {
    vt_op_t *op = block->untaken;
    vt__scope_leave(op);
    if (op->phase == VT__DONE)
      vt__report_untaken(vt__slab_of(block)->loop, op);
  }
}

void vt__scope_hold(vt_scope_t *scope) {
  scope->block->count++;
  scope->block->used = true;
}

void vt__scope_release(vt_scope_t *scope) {
  vt__scope_block_t *block = scope->block;
  if (--block->count != 0 || !block->joined || block->queued)
    return;
  block->queued = true;
  vt__ready_push(vt__slab_of(block)->loop, &block->op);
}

int vt__op_new_scoped(vt_loop_t *loop, const vt_source_ops_t *ops, size_t size,
                      vt_op_t **out) {
  vt_scope_t *scope = loop->scope;
  if (scope->reason != 0)
    return UV_ECANCELED;
  if (size > SIZE_MAX / 2)
    return UV_ENOMEM;
  loop->scope = NULL;
  int rc = vt__op_new(ops, size + vt__scope_room(), out);
  loop->scope = scope;
  if (rc == 0)
    vt__scope_link(scope, *out);
  return rc;
}

/* ---- the shield ---- */

vt_scope_t *vt__shield(void) {
  vt_loop_t *loop = vt__current;
  vt_scope_t *scope = loop ? loop->scope : NULL;
  if (!scope || scope == &scope->block->shield)
    return NULL;
  loop->scope = &scope->block->shield;
  return scope;
}

/* A box that was made in the clean-up is its function's, not the clean-up's:
 * who awaits it runs in the scope. It may stay in the shield's list, as a
 * cancel of the scope passes over a function in its clean-up. */
void vt__unshield(vt_scope_t *before, vt_t v) {
  vt__current->scope = before;
  if (!vt__is_pending(v))
    return;
  vt_op_t *box = (vt_op_t *)v.source;
  if (box->source.scope == &before->block->shield)
    box->source.scope = before;
}
