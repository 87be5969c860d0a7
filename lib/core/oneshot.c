/* SPDX-License-Identifier: MIT */
/* One-shot operations and the bridge.
 *
 * Happy path: begun (VT__PENDING), awaited (VT__AWAITED), completed by libuv's
 * callback: the block goes back to its pool, and then the continuation runs
 * with the result in registers. Too deep or later by request: VT__QUEUED, with
 * the result in the block. Completed before anybody awaits: VT__DONE until
 * taken.
 *
 * What can go wrong: each call checks loop, token and phase before it touches
 * anything, so a stale one changes nothing. Cancelled while libuv cannot stop
 * it, an operation that holds none of the caller's memory is answered at once
 * and stays VT__ORPHAN until libuv is done; the others complete when libuv
 * does. */
#include "core/oneshot.h"

#include <string.h>

#include "core/report.h"
#include "core/status.h"
#include "vt/async.h"

static const vt_op_kind_t *kind_of(const vt_op_t *op) {
  return (const vt_op_kind_t *)(const void *)op->source.ops;
}

void vt__op_hold(vt_op_t *op) {
  op->source.token++;
  op->phase = VT__DONE;
  op->flags |= VT__KEPT;
}

void vt__op_undo(vt_op_t *op) { vt__op_release(vt__slab_of(op)->loop, op); }

/* Whether the continuation that runs now leaves the result in the block. */
static bool is_kept_for_it(const vt_op_t *op) {
  const struct vt__own_ops *own = op->source.ops->own;
  bool runs = op->phase == VT__AWAITED || op->phase == VT__QUEUED;
  return op->flags & VT__KEPT && runs && op->k && own->owns && own->owns(op);
}

void vt__op_release_slowly(vt_loop_t *loop, vt_op_t *op) {
  vt__scope_leave(op);
  if (is_kept_for_it(op)) {
    loop->untaken++;
    vt__op_hold(op);
    return;
  }
  if (!(op->flags & VT__HELD)) {
    vt__pool_put(&loop->pool, op);
    return;
  }
  op->source.token++;
  op->phase = VT__ORPHAN;
}

/* The result waits to be taken; the operation is of no scope any more. */
static void keep(vt_loop_t *loop, vt_op_t *op) {
  vt__scope_keep(op);
  op->phase = VT__DONE;
  loop->untaken++;
}

/* ---- completing ---- */

/* Gives back a block whose result nobody takes. */
static void drop(vt_loop_t *loop, vt_op_t *op, vt_result_t result) {
  if (op->source.ops->own->discard && result.status == 0)
    op->source.ops->own->discard(op, result);
  vt__op_release(loop, op);
}

/* Completion of what was forgotten. */
static VT_COLD void finish_bare(vt_loop_t *loop, vt_op_t *op,
                                vt_result_t result) {
  vt__report_forgotten(loop, op, result.status);
  drop(loop, op, result);
}

/* Completion that found no awaiter, or no room for it on the stack, or whose
 * result stays in the block. */
static VT_COLD void finish_later(vt_loop_t *loop, vt_op_t *op,
                                 vt_result_t result) {
  bool held = op->flags & VT__HELD;
  op->flags &= (uint8_t)~VT__HELD;
  if (held) { /* answered before; libuv lets go of the block only now */
    if (result.status == 0 && op->source.ops->own->discard)
      op->source.ops->own->discard(op, result);
    if (op->phase == VT__ORPHAN)
      vt__pool_put(&loop->pool, op);
    return;
  }
  op->result = result;
  if (op->phase != VT__AWAITED) {
    keep(loop, op);
  } else if (op->flags & VT__KEPT && !(op->flags & VT_LATER) &&
             vt__may_nest(loop)) {
    vt__op_run(loop, op, result);
  } else {
    op->phase = VT__QUEUED;
    vt__ready_push(loop, op);
  }
}

void vt__op_finish(vt_op_t *op, vt_result_t result) {
  vt_loop_t *loop = vt__slab_of(op)->loop;
  if (!VT_LIKELY(op->phase == VT__AWAITED))
    finish_later(loop, op, result);
  else if (!VT_LIKELY(op->k != NULL))
    finish_bare(loop, op, result);
  else if (VT_LIKELY(!(op->flags & (VT_LATER | VT__KEPT)) &&
                     vt__may_nest(loop)))
    vt__op_run(loop, op, result);
  else
    finish_later(loop, op, result);
}

void vt__op_ready(vt_loop_t *loop, vt_op_t *op) {
  if (VT_LIKELY(op->k != NULL))
    vt__op_run_ready(loop, op, op->result);
  else
    finish_bare(loop, op, op->result);
}

/* ---- the public table ---- */

int64_t vt__op_status(const vt_source_t *source, uint64_t token) {
  const vt_op_t *op = (const vt_op_t *)(const void *)source;
  int rc = vt__op_check(op, token);
  if (rc != 0)
    return rc;
  return op->phase >= VT__QUEUED ? op->result.status : VT_PENDING;
}

static vt_result_t refused(int64_t status) {
  vt_result_t r = {vt__misuse(status), {0}};
  return r;
}

vt_result_t vt__op_result(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_check(op, token);
  if (rc != 0)
    return refused(rc);
  if (op->phase == VT__PENDING)
    return refused(VT_EPENDING);
  if (op->phase != VT__DONE)
    return refused(VT_EAWAITED);
  vt_loop_t *loop = vt__slab_of(op)->loop;
  vt_result_t result = op->result;
  loop->untaken--;
  vt__op_release(loop, op);
  return result;
}

/* Holds the continuation of a source that awaits an operation in the name of
 * its own awaiter. No value task names it, but a stale one may find it where
 * its operation was: it answers that as they do. */
static const struct vt__own_ops holder_own = {
    .attach = vt__op_attach,
    .stop = vt__op_stop,
    .forget = vt__op_forget,
    .ready = vt__op_ready,
};
static const vt_source_ops_t holder_ops = {
    .kind = "await",
    .status = vt__op_status,
    .result = vt__op_result,
    .on_completed = vt__op_on_completed,
    .own = &holder_own,
};

static void resume_held(void *state, vt_result_t result) {
  vt_op_t *holder = state;
  vt_continuation_t c = {holder->state, holder->result.value.u};
  vt__op_undo(holder);
  vt_resume(&c, result);
}

int vt__op_on_completed(vt_source_t *source, uint64_t token,
                        const vt_continuation_t *c) {
  vt_op_t *holder = NULL;
  if (!c || !c->waiter)
    return UV_EINVAL;
  int rc = vt__op_new(&holder_ops, sizeof *holder, &holder);
  if (rc != 0)
    return rc;
  holder->state = c->waiter;
  holder->result.value.u = c->token;
  holder->aux = (uint32_t)vt__loop_now(vt__slab_of(holder)->loop);
  rc = source->ops->own->attach(source, token, 0, resume_held, holder);
  if (rc != 0)
    vt__op_undo(holder);
  return rc;
}

int vt__op_attach(vt_source_t *source, uint64_t token, unsigned flags,
                  vt_continuation_fn *k, void *state) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_check(op, token);
  if (!VT_LIKELY(rc == 0))
    return (int)vt__misuse(rc);
  if (!VT_LIKELY(op->phase == VT__PENDING)) {
    if (op->phase != VT__DONE)
      return (int)vt__misuse(VT_EAWAITED);
    if (!(flags & VT_LATER))
      return VT_COMPLETED;
    vt_loop_t *loop = vt__slab_of(op)->loop;
    loop->untaken--;
    op->phase = VT__QUEUED;
    vt__ready_push(loop, op);
  } else {
    op->phase = VT__AWAITED;
  }
  op->k = k;
  op->state = state;
  op->flags |= (uint8_t)(flags & VT_LATER);
  if (!VT_LIKELY(!(flags & (VT__KEEP | VT__CONSUME)))) {
    op->flags |= flags & VT__KEEP ? VT__KEPT : 0;
    op->source.token += flags & VT__CONSUME ? 1 : 0;
  }
  return 0;
}

bool vt__op_stop(vt_source_t *source, uint64_t token, vt_continuation_fn *k,
                 void *state) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  if (vt__op_check(op, token) != 0)
    return false;
  if (op->phase != VT__AWAITED && op->phase != VT__QUEUED)
    return false;
  if (op->k != k || op->state != state)
    return false;
  op->k = NULL;
  return true;
}

void vt__op_forget(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_attach(source, token, VT__CONSUME, NULL, NULL);
  if (rc != VT_COMPLETED)
    return;
  vt__report_forgotten(vt__slab_of(op)->loop, op, op->result.status);
  source->ops->own->drop(op);
}

void vt__op_drop(vt_op_t *op) {
  vt_loop_t *loop = vt__slab_of(op)->loop;
  loop->untaken--;
  drop(loop, op, op->result);
}

/* Answers an operation that libuv still holds: as completed, its block kept
 * until libuv is done. Never runs the continuation inside the cancel. */
static void answer_early(vt_op_t *op) {
  vt_loop_t *loop = vt__slab_of(op)->loop;
  vt_result_t cancelled = {UV_ECANCELED, {0}};
  if (op->phase == VT__AWAITED && !op->k)
    return; /* nobody waits */
  op->result = cancelled;
  op->flags |= VT__HELD;
  if (op->phase == VT__AWAITED) {
    op->phase = VT__QUEUED;
    vt__ready_push(loop, op);
  } else {
    keep(loop, op);
  }
}

int vt__op_cancel(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_check_cancel(op, token);
  if (rc != 0)
    return rc;
  rc = kind_of(op)->cancel ? kind_of(op)->cancel(op) : UV_ENOSYS;
  if (rc == 0 || !kind_of(op)->detachable)
    return rc;
  answer_early(op);
  return 0;
}

void vt__op_describe(const vt_source_t *source, char *text, size_t size) {
  const vt_op_t *op = (const vt_op_t *)(const void *)source;
  if (kind_of(op)->describe)
    kind_of(op)->describe(op, text, size);
}

static bool owns(const vt_op_t *op) {
  return kind_of(op)->discard && op->result.status == 0;
}

static void discard(vt_op_t *op, vt_result_t late) {
  if (kind_of(op)->discard)
    kind_of(op)->discard(op, late);
}

/* ---- the bridge ---- */

vt_op_t *vt__op_begin(const vt_op_kind_t *kind, size_t steps) {
  vt_loop_t *loop = vt__current;
  if (!VT_LIKELY(loop && loop->holds != 0))
    return NULL;
  vt_op_t *op = vt__op_new_fast(loop, &kind->ops, steps * 16);
  if (!VT_LIKELY(op != NULL))
    return NULL;
  op->aux = (uint32_t)vt__loop_now(loop);
  loop->holds++;
  return op;
}

int vt__op_begin_sized(const vt_op_kind_t *kind, size_t size, vt_op_t **out) {
  int rc = vt__op_new(&kind->ops, size, out);
  if (!VT_LIKELY(rc == 0))
    return rc;
  vt_loop_t *loop = vt__slab_of(*out)->loop;
  (*out)->aux = (uint32_t)vt__loop_now(loop);
  vt__loop_hold(loop);
  return 0;
}

int vt__op_begin_slowly(const vt_op_kind_t *kind, void *out) {
  vt_op_t *op = NULL;
  if (!kind || !out || kind->size < sizeof *op)
    return UV_EINVAL;
  int rc = vt__op_begin_sized(kind, kind->size, &op);
  if (rc == 0)
    memcpy(out, &op, sizeof op);
  return rc;
}

int vt__op_begin_shielded(const vt_op_kind_t *kind, void *out) {
  vt_op_t *op = NULL;
  vt_scope_t *before = vt__shield();
  int rc = vt_op_begin(kind, &op);
  if (before)
    vt__unshield(before, rc == 0 ? vt__op_task(op) : vt_failed(rc));
  if (rc == 0)
    memcpy(out, &op, sizeof op);
  return rc;
}

vt_t vt__op_refused(void *op, int rc) {
  vt__loop_release(vt__slab_of(op)->loop);
  vt__op_undo(op);
  return vt_failed(rc);
}

/* When there is more to do than to run the continuation here and now. */
static VT_COLD void complete_slowly(vt_op_t *op, vt_result_t result) {
  vt_loop_t *loop = vt__slab_of(op)->loop;
  result.status = vt__status_checked(result.status);
  vt__op_finish(op, result);
  vt__loop_release(loop);
}

/* The hold is given up after the continuation, which mostly begins the next
 * operation: the handle is not unreferenced and referenced again each time. */
void vt_op_complete(void *block, vt_result_t result) {
  vt_op_t *op = block;
  vt_loop_t *loop = vt__slab_of(op)->loop;
  vt_continuation_fn *k = op->k;
  void *state = op->state;
  if (!VT_LIKELY(op->phase == VT__AWAITED && op->flags == 0 && k &&
                 result.status == 0 && loop->depth == 0 &&
                 loop->pool.unusual == 0)) {
    complete_slowly(op, result);
    return;
  }
  vt_scope_t *scope = op->source.scope;
  vt__may_nest(loop);
  vt__pool_put_plain(op);
  vt__run(loop, k, state, scope, result);
  vt__loop_release(loop);
}

uv_loop_t *vt_op_uv(const void *op) { return vt__slab_of(op)->loop->uv; }

const struct vt__own_ops vt__op_own = {
    .attach = vt__op_attach,
    .stop = vt__op_stop,
    .forget = vt__op_forget,
    .drop = vt__op_drop,
    .ready = vt__op_ready,
    .owns = owns,
    .discard = discard,
};
