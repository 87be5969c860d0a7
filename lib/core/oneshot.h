/* SPDX-License-Identifier: MIT */
/* One-shot operations: the state machine that the bridge, delays, yields and
 * async functions share. All on the loop's thread. */
#ifndef VT_CORE_ONESHOT_H
#define VT_CORE_ONESHOT_H

#include "core/loop.h"
#include "core/membership.h"
#include "core/own.h"

/* A pending block of the class for size bytes, its ops set, a member of the
 * current scope; VT_ENOLOOP, UV_ENOMEM (also while a reserve is not whole), or
 * UV_ECANCELED in a cancelled scope. */
static inline int vt__op_new(const vt_source_ops_t *ops, size_t size,
                             vt_op_t **out) {
  vt_loop_t *loop = vt__current;
  if (!VT_LIKELY(loop != NULL))
    return (int)vt__misuse(VT_ENOLOOP);
  if (!VT_LIKELY(loop->scope == NULL))
    return vt__op_new_scoped(loop, ops, size, out);
  vt__class_t *class = vt__pool_class(&loop->pool, size);
  if (!VT_LIKELY(class && (loop->pool.unusual & ~VT__ANNOUNCED) == 0))
    return UV_ENOMEM;
  vt_op_t *op = vt__pool_get(&loop->pool, class);
  if (!VT_LIKELY(op != NULL))
    return UV_ENOMEM;
  op->source.ops = ops;
  op->source.scope = NULL;
  op->phase = VT__PENDING;
  op->flags = 0;
  *out = op;
  return 0;
}

/* The common case of vt__op_new, for small operations: NULL when there is more
 * to do than to take a free block. */
static inline vt_op_t *
vt__op_new_fast(vt_loop_t *loop, const vt_source_ops_t *ops, size_t size) {
  vt__class_t *class = &loop->pool.classes[(size + 15) / 16];
  vt_op_t *op = class->free;
  if (!VT_LIKELY(op && loop->pool.unusual == 0 && loop->scope == NULL))
    return NULL;
  class->free = (vt_op_t *)op->state;
  vt__unpoison(op, class->stride);
  op->source.ops = ops;
  op->source.scope = NULL;
  op->phase = VT__PENDING;
  op->flags = 0;
  return op;
}

/* vt_op_begin for blocks of a kind that are not all of one size. */
int vt__op_begin_sized(const vt_op_kind_t *kind, size_t size, vt_op_t **out);

/* The value task of a pending block. */
static inline vt_t vt__op_task(const vt_op_t *op) {
  vt_t v = {(uintptr_t)op, {0}};
  v.value.u = op->source.token;
  return v;
}

/* vt_op_begin for what gives something back, such as a close: it begins in a
 * cancelled scope too, and no cancel of a scope reaches it. */
int vt__op_begin_shielded(const vt_op_kind_t *kind, void *out);

/* Gives back a pending block that nobody knows. */
void vt__op_undo(vt_op_t *op);

/* Whether v may be touched here and is not stale: 0, VT_ETHREAD, VT_ESTALE. */
static inline int vt__op_check(const vt_op_t *op, uint64_t token) {
  if (!VT_LIKELY(vt__slab_of(op)->loop == vt__current))
    return VT_ETHREAD;
  return VT_LIKELY(op->source.token == token) ? 0 : VT_ESTALE;
}

/* The moves of own.h for operations with a result (vt_op_t whole). */
/* Whether it has not completed. */
static inline bool vt__op_is_waiting(const vt_op_t *op) {
  return op->phase == VT__PENDING || op->phase == VT__AWAITED;
}

/* Whether it can be cancelled: 0, UV_EALREADY once it has completed, or the
 * misuse. */
static inline int vt__op_check_cancel(const vt_op_t *op, uint64_t token) {
  int rc = vt__op_check(op, token);
  if (rc != 0)
    return (int)vt__misuse(rc);
  return vt__op_is_waiting(op) ? 0 : UV_EALREADY;
}

int vt__op_attach(vt_source_t *source, uint64_t token, unsigned flags,
                  vt_continuation_fn *k, void *state);
bool vt__op_stop(vt_source_t *source, uint64_t token, vt_continuation_fn *k,
                 void *state);
void vt__op_forget(vt_source_t *source, uint64_t token);
void vt__op_drop(vt_op_t *op);
void vt__op_ready(vt_loop_t *loop, vt_op_t *op);

/* The common case of an await: v, not in hand, names an operation of this loop
 * that is pending. */
static inline bool vt__is_plain(vt_t v) {
  const vt_op_t *op = (const vt_op_t *)v.source;
  return VT_LIKELY(op->source.ops->on_completed == vt__op_on_completed) &&
         vt__op_check(op, v.value.u) == 0 && op->phase == VT__PENDING;
}

/* Registers with an operation that vt__is_plain found so. */
static inline void vt__register_plain(vt_t v, vt_continuation_fn *k,
                                      void *state) {
  vt_op_t *op = (vt_op_t *)v.source;
  op->phase = VT__AWAITED;
  op->k = k;
  op->state = state;
}

/* The rest of vt__op_release: out of its scope first. One whose continuation is
 * to be told what the block keeps has its result there. */
void vt__op_release_slowly(vt_loop_t *loop, vt_op_t *op);

/* Gives the block back, or leaves it to libuv, which still holds it, or to who
 * registered with VT__KEEP. */
static inline void vt__op_release(vt_loop_t *loop, vt_op_t *op) {
  if (VT_LIKELY(!(op->flags & (VT__HELD | VT__SCOPED | VT__KEPT))))
    vt__pool_put(&loop->pool, op);
  else
    vt__op_release_slowly(loop, op);
}

/* Gives the block back, then runs its continuation. */
static inline void vt__op_run(vt_loop_t *loop, vt_op_t *op,
                              vt_result_t result) {
  vt_continuation_fn *k = op->k;
  void *state = op->state;
  vt_scope_t *scope = op->source.scope;
  vt__op_release(loop, op);
  vt__run(loop, k, state, scope, result);
}

/* The same from the ready queue. */
static inline void vt__op_run_ready(vt_loop_t *loop, vt_op_t *op,
                                    vt_result_t result) {
  vt_continuation_fn *k = op->k;
  void *state = op->state;
  vt_scope_t *scope = op->source.scope;
  vt__op_release(loop, op);
  vt__run_ready(loop, k, state, scope, result);
}

/* The result stays in a block that completes: only who registered with VT__KEEP
 * may touch it from here on. */
void vt__op_hold(vt_op_t *op);

/* Completes: runs or queues the continuation, or keeps the result. */
void vt__op_finish(vt_op_t *op, vt_result_t result);

#endif
