/* SPDX-License-Identifier: MIT */
/* Delays and yields.
 *
 * A delay is the first 48 bytes of an operation: it has no result (its status
 * is 0 or UV_ECANCELED) and no link (its place is the heap, until it
 * completes). A cancelled one is made due at once and completes from the heap
 * in the next turn; one that nobody waits for either is over there and then, so
 * that a deadline that was called off keeps no loop from its detach. A yield is
 * an ordinary operation in the queue that runs after I/O. */
#include "vt/delay.h"

#include <stdio.h>

#include "core/oneshot.h"

enum { DELAY_SIZE = offsetof(vt_op_t, result) };

static vt_op_t *op_of(const vt_source_t *source) {
  return (vt_op_t *)(void *)(uintptr_t)source;
}

static vt_result_t outcome(const vt_op_t *op) {
  vt_result_t r = {op->flags & VT__CANCELLED ? UV_ECANCELED : 0, {0}};
  return r;
}

/* ---- span: the length in 16 bits, to one part in 2048 ---- */

static uint16_t span_of(uint64_t ms) {
  unsigned shift = 0;
  while (ms >> shift > 2047 && shift < 31)
    shift++;
  ms >>= shift;
  return (uint16_t)((shift << 11) | (unsigned)(ms > 2047 ? 2047 : ms));
}

static uint64_t span_ms(uint16_t span) {
  return (uint64_t)(span & 2047) << (span >> 11);
}

static uint64_t age_ms(const vt_op_t *op) {
  vt_loop_t *loop = vt__slab_of(op)->loop;
  uint64_t now = vt__loop_now(loop);
  if (op->phase >= VT__QUEUED)
    return span_ms(op->span);
  uint64_t due = vt__heap_due(&loop->heap, op);
  uint64_t rest = due > now ? due - now : 0;
  return span_ms(op->span) > rest ? span_ms(op->span) - rest : 0;
}

/* ---- as a source ---- */

static int64_t delay_status(const vt_source_t *source, uint64_t token) {
  const vt_op_t *op = op_of(source);
  int rc = vt__op_check(op, token);
  if (rc != 0)
    return rc;
  return op->phase == VT__DONE ? outcome(op).status : VT_PENDING;
}

static vt_result_t delay_result(vt_source_t *source, uint64_t token) {
  vt_op_t *op = op_of(source);
  vt_result_t r = {vt__op_check(op, token), {0}};
  if (r.status == 0 && op->phase != VT__DONE)
    r.status = op->phase == VT__PENDING ? VT_EPENDING : VT_EAWAITED;
  if (r.status != 0) {
    vt__misuse(r.status);
    return r;
  }
  r = outcome(op);
  vt__slab_of(op)->loop->untaken--;
  vt__op_undo(op);
  return r;
}

/* A due delay: as vt__op_finish, without a place for the result. */
static void delay_due(vt_loop_t *loop, vt_op_t *op) {
  vt_result_t result = outcome(op);
  if (op->phase == VT__PENDING) {
    vt__scope_keep(op);
    op->phase = VT__DONE;
    loop->untaken++;
    return;
  }
  vt_continuation_fn *k = op->k;
  void *state = op->state;
  vt_scope_t *scope = op->source.scope;
  vt__op_release(loop, op);
  if (k)
    vt__run_ready(loop, k, state, scope, result);
}

/* Nobody waits for what was to end at once. */
static void leave_heap(vt_op_t *op) {
  vt_loop_t *loop = vt__slab_of(op)->loop;
  bool first = op->aux == 0;
  vt__heap_remove(&loop->heap, op);
  vt__op_undo(op);
  if (first)
    vt__loop_arm(loop);
}

static bool is_alone(const vt_op_t *op) {
  return op->phase == VT__AWAITED && !op->k;
}

static int delay_cancel(vt_source_t *source, uint64_t token) {
  vt_op_t *op = op_of(source);
  vt_loop_t *loop = vt__slab_of(op)->loop;
  int rc = vt__op_check(op, token);
  if (rc != 0)
    return (int)vt__misuse(rc);
  if (op->phase == VT__DONE || op->flags & VT__CANCELLED)
    return UV_EALREADY;
  if (is_alone(op)) {
    leave_heap(op);
    return 0;
  }
  op->flags |= VT__CANCELLED;
  vt__heap_hurry(&loop->heap, op);
  vt__loop_arm(loop);
  return 0;
}

static bool delay_stop(vt_source_t *source, uint64_t token,
                       vt_continuation_fn *k, void *state) {
  vt_op_t *op = op_of(source);
  if (!vt__op_stop(source, token, k, state))
    return false;
  if (op->flags & VT__CANCELLED)
    leave_heap(op);
  return true;
}

static void delay_describe(const vt_source_t *source, char *text, size_t size) {
  snprintf(text, size, "%llu ms",
           (unsigned long long)span_ms(op_of(source)->span));
}

/* The queue has no link for it: what is due and asked for later goes through a
 * waiter. */
static int delay_attach(vt_source_t *source, uint64_t token, unsigned flags,
                        vt_continuation_fn *k, void *state) {
  return vt__op_attach(source, token, flags & ~VT_LATER, k, state);
}

static void delay_drop(vt_op_t *op) {
  vt__slab_of(op)->loop->untaken--;
  vt__op_undo(op);
}

static void delay_forget(vt_source_t *source, uint64_t token) {
  vt_op_t *op = op_of(source);
  int rc = vt__op_attach(source, token, VT__CONSUME, NULL, NULL);
  if (rc == VT_COMPLETED)
    delay_drop(op);
  else if (rc == 0 && op->flags & VT__CANCELLED)
    leave_heap(op);
}

static const struct vt__own_ops delay_own = {
    .attach = delay_attach,
    .stop = delay_stop,
    .forget = delay_forget,
    .drop = delay_drop,
    .ready = delay_due,
    .age_ms = age_ms,
};

static const vt_source_ops_t delay_ops = {
    .kind = "delay",
    .status = delay_status,
    .result = delay_result,
    .on_completed = vt__op_on_completed,
    .cancel = delay_cancel,
    .describe = delay_describe,
    .own = &delay_own,
};

vt_t vt_delay(uint64_t ms) {
  vt_op_t *op = NULL;
  if (ms == 0)
    return vt_done();
  int rc = vt__op_new(&delay_ops, DELAY_SIZE, &op);
  if (rc != 0)
    return vt_failed(rc);
  vt_loop_t *loop = vt__slab_of(op)->loop;
  uint64_t now = vt__loop_fresh_now();
  uint64_t due = ms < UINT64_MAX - now ? now + ms : UINT64_MAX;
  op->span = span_of(ms);
  if (vt__heap_push(&loop->heap, op, due) != 0) {
    vt__op_undo(op);
    return vt_failed(UV_ENOMEM);
  }
  if (op->aux == 0)
    vt__loop_arm(loop);
  return vt__op_task(op);
}

/* ---- yield ---- */

/* The turn has come, or a queued continuation has. */
static void yield_ready(vt_loop_t *loop, vt_op_t *op) {
  if (op->phase == VT__QUEUED)
    vt__op_ready(loop, op);
  else
    vt__op_finish(op, outcome(op));
}

/* It ends before a clock could tell. */
static uint64_t yield_age_ms(const vt_op_t *op) {
  (void)op;
  return 0;
}

static int yield_cancel(vt_source_t *source, uint64_t token) {
  vt_op_t *op = op_of(source);
  int rc = vt__op_check_cancel(op, token);
  if (rc != 0)
    return rc;
  op->flags |= VT__CANCELLED;
  return 0;
}

static const struct vt__own_ops yield_own = {
    .attach = vt__op_attach,
    .stop = vt__op_stop,
    .forget = vt__op_forget,
    .drop = vt__op_drop,
    .ready = yield_ready,
    .age_ms = yield_age_ms,
};

static const vt_source_ops_t yield_ops = {
    .kind = "yield",
    .status = vt__op_status,
    .result = vt__op_result,
    .on_completed = vt__op_on_completed,
    .cancel = yield_cancel,
    .own = &yield_own,
};

static VT_COLD vt_t yield_slowly(void) {
  vt_op_t *op = NULL;
  int rc = vt__op_new(&yield_ops, sizeof *op, &op);
  if (rc != 0)
    return vt_failed(rc);
  vt__ready_push_next(vt__slab_of(op)->loop, op);
  return vt__op_task(op);
}

/* The common case without a call: a free block, and a queue that is awake. */
vt_t vt_yield(void) {
  vt_loop_t *loop = vt__current;
  if (!VT_LIKELY(loop && loop->next.head))
    return yield_slowly();
  vt_op_t *op = vt__op_new_fast(loop, &yield_ops, sizeof *op);
  if (!VT_LIKELY(op != NULL))
    return yield_slowly();
  vt__queue_push(&loop->next, op);
  return vt__op_task(op);
}
