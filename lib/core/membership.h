/* SPDX-License-Identifier: MIT */
/* Scopes inside: who belongs to one, and how many they are.
 *
 * An operation or a box begun while a scope is current is a member: it has the
 * flag VT__SCOPED, its source.scope is the scope, and its place in the scope's
 * lists is the last 16 bytes of its block (not its result: a box keeps there
 * what its body is resumed with). It is a member until its block is given back
 * or its result waits to be taken; from then on its source.scope is NULL, and
 * until it is taken or the scope is over it stands in the list of those that
 * nobody has taken.
 *
 * A scope has two parts: what is begun in a clean-up belongs to the shield,
 * which the scope's cancel does not reach. Both count as one.
 *
 * Invariant: a scope's block is given back only in a turn of its own in the
 * ready queue, with no member left: so a continuation that was the last member
 * still runs in a scope that is there, and may begin others in it. */
#ifndef VT_CORE_MEMBERSHIP_H
#define VT_CORE_MEMBERSHIP_H

#include "core/loop.h"

typedef struct vt__scope_block vt__scope_block_t;

struct vt_scope {
  vt_op_t *children; /* scopes not told to end, the last begun first */
  vt_op_t *members;  /* the same of all else */
  vt_op_t *ended;    /* told to end */
  int64_t reason;    /* why it was cancelled; 0: it was not */
  vt__scope_block_t *block;
};

/* The operation that a scope is: its join. */
struct vt__scope_block {
  vt_op_t op;
  vt_scope_t main;
  vt_scope_t shield;
  vt_op_t *untaken; /* members no more: their results wait to be taken */
  size_t count; /* members of both */
  bool used;    /* there was one */
  bool joined;
  bool queued; /* its turn to look whether it is over comes */
};

/* vt__op_new while a scope is current; UV_ECANCELED when it is cancelled. */
int vt__op_new_scoped(vt_loop_t *loop, const vt_source_ops_t *ops, size_t size,
                      vt_op_t **out);

/* Bytes that a block needs more in a scope. */
size_t vt__scope_room(void);

/* Makes a new block with that room a member; as if told to end in a cancelled
 * scope. */
void vt__scope_link(vt_scope_t *scope, vt_op_t *op);

/* The same into one of the scope's lists, out of the one it was in. */
void vt__scope_move(vt_op_t *op, vt_op_t **list);

/* Ends a membership, if there is one. */
void vt__scope_leave(vt_op_t *op);

/* The same for one whose result waits to be taken. */
void vt__scope_keep(vt_op_t *op);

/* The scope is over: reports the results that nobody has taken. They may be
 * taken still. */
void vt__scope_report(vt__scope_block_t *block);

/* Keeps a scope from being over, and no longer. */
void vt__scope_hold(vt_scope_t *scope);
void vt__scope_release(vt_scope_t *scope);

#endif
