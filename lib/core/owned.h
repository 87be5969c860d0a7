/* SPDX-License-Identifier: MIT */
/* Results that own something (an open file, a connection, a permit), awaited by
 * an operation in the name of its own awaiter: a combinator, or an async
 * function that returned what it awaits. Until that operation's result is taken
 * nobody has got them.
 *
 * Registered with VT__KEEP, a block that owns something when it completes stays
 * in phase VT__DONE with VT__KEPT while the continuation is told of the result;
 * its value task is stale. Whoever registered takes or drops the block later,
 * by own->settle, as its own result is. */
#ifndef VT_CORE_OWNED_H
#define VT_CORE_OWNED_H

#include "core/oneshot.h"

/* The flag to register v with, which is not in hand: VT__KEEP where its result
 * may own something. */
static inline unsigned vt__keep_flag(vt_t v) {
  const vt_source_t *source = (const vt_source_t *)v.source;
  return source->ops->own && source->ops->own->owns ? VT__KEEP : 0;
}

/* Whether what was registered with VT__KEEP and this state keeps its result in
 * source, for which its continuation is told now. */
static inline bool vt__op_is_kept_by(const vt_source_t *source,
                                     const void *state) {
  const vt_op_t *op = (const vt_op_t *)(const void *)source;
  return op->phase == VT__DONE && op->flags & VT__KEPT && op->state == state;
}

/* For what completed before it could be registered with VT__KEEP: its result,
 * which is kept as if state were the continuation's, or taken where it owns
 * nothing. */
vt_result_t vt__op_keep(vt_t v, void *state);

/* Ends the keeping of a block: it was given with what it owns, or is dropped by
 * its type. */
void vt__kept_settle(vt_op_t *op, bool taken);

/* The moves of an operation that has settle: its completion, the result in the
 * public table, drop and ready in own.h. */
void vt__owner_finish(vt_op_t *op, vt_result_t result);
vt_result_t vt__owner_result(vt_source_t *source, uint64_t token);
void vt__owner_drop(vt_op_t *op);
void vt__owner_ready(vt_loop_t *loop, vt_op_t *op);

#endif
