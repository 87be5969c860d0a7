/* SPDX-License-Identifier: MIT */
/* What the library's own sources answer besides the public table: short cuts
 * that need no waiter. Nothing else asks what kind a source is. */
#ifndef VT_CORE_OWN_H
#define VT_CORE_OWN_H

#include "vt/source.h"
#include "vt/task.h"

struct vt_op;

/* A flag of attach: the registration consumes the value task, which is stale
 * from then on. */
#define VT__CONSUME 0x100u

/* Another: k is told of a result that owns something, and the block keeps it
 * (core/owned.h). */
#define VT__KEEP 0x200u

struct vt__own_ops {
  /* Registers k: as on_completed, with the flags of the await; takes VT_LATER
   * upon itself, or answers VT_COMPLETED. NULL: by a waiter, always. */
  int (*attach)(vt_source_t *source, uint64_t token, unsigned flags,
                vt_continuation_fn *k, void *state);

  /* Withdraws what attach registered, or unlinks a waiter. */
  bool (*stop)(vt_source_t *source, uint64_t token, vt_continuation_fn *k,
               void *state);

  /* Drops the result, now or on completion; a failure is reported. */
  void (*forget)(vt_source_t *source, uint64_t token);

  /* Drops the result of a block in phase VT__DONE, in silence. */
  void (*drop)(struct vt_op *op);

  /* The task itself where the source is one, with a reference; else NULL. */
  vt_task_t *(*as_task)(vt_source_t *source, uint64_t token);

  /* The block's turn in the ready queue, and at its due time in the heap. */
  void (*ready)(vt_loop_t *loop, struct vt_op *op);

  /* The block has come through the inbox of this loop. Only for what travels:
   * waiters, and letters of vt_invoke_on. */
  void (*arrive)(vt_loop_t *loop, struct vt_op *op);

  /* Optional. Milliseconds since the block began; else its aux tells. */
  uint64_t (*age_ms)(const struct vt_op *op);

  /* Optional. The source that the block is about, for reports. */
  const vt_source_t *(*about)(const struct vt_op *op);

  /* Optional, for what is no block. Whether a continuation waits that has not
   * run. */
  bool (*is_awaited)(const vt_source_t *source);

  /* Optional. Whether nothing is lost by withdrawing from the block: it ends at
   * once, and what it has got goes back where it came from. */
  bool (*may_leave)(const struct vt_op *op);

  /* Optional. Whether the result of a block that is complete owns something,
   * which drop gives back. */
  bool (*owns)(const struct vt_op *op);

  /* Of what keeps the results of others (core/owned.h): they were given with
   * its own, or are dropped. Nothing is kept after it. */
  void (*settle)(struct vt_op *op, bool taken);

  /* Optional. Frees a success that nobody will take. */
  void (*discard)(struct vt_op *op, vt_result_t late);
};

#endif
