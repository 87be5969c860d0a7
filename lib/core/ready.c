/* SPDX-License-Identifier: MIT */
/* The ready queue and the turn.
 *
 * Happy path: what may not run on top of the running continuation (too deep, or
 * later by request) is queued, an idle handle makes libuv come round without
 * sleeping, and a turn runs the queue in order. A turn ends when it has run
 * VT__BUDGET continuations; the rest waits until I/O had its turn. What yields
 * waits in next, and what is in next when a turn of the idle handle ends is run
 * by the following one: a poll for I/O always lies between.
 *
 * Other threads push onto the inbox: a compare-exchange loop on the head, taken
 * whole by one exchange. A plain store of the head followed by uv_async_send
 * would lose wake-ups, and an exchange-push would leave half-linked nodes. So
 * would a look at the head before the exchange: it may miss a block whose
 * sender saw the async pending still and so did not send again. */
#include "core/loop.h"
#include "core/membership.h"
#include "core/own.h"

void vt__inbox_take(vt_loop_t *loop) {
  vt_op_t *posted =
      atomic_exchange_explicit(&loop->inbox, NULL, memory_order_acq_rel);
  vt_op_t *ordered = NULL;
  while (posted) {
    vt_op_t *following = (vt_op_t *)posted->link;
    posted->link = ordered;
    ordered = posted;
    posted = following;
  }
  while (ordered) {
    vt_op_t *block = ordered;
    ordered = (vt_op_t *)block->link;
    block->source.ops->own->arrive(loop, block);
  }
}

static void spend_ready(vt_loop_t *loop, uint64_t end) {
  while (loop->ran < end && loop->ready.head) {
    vt_op_t *op = vt__queue_pop(&loop->ready);
    loop->ran++;
    op->source.ops->own->ready(loop, op);
  }
}

/* Completes what yielded, with 0. The common case calls nothing but the
 * continuation. */
static void spend_soon(vt_loop_t *loop, uint64_t end) {
  vt_result_t done = {0, {0}};
  while (loop->ran < end && loop->soon.head) {
    vt_op_t *op = vt__queue_pop(&loop->soon);
    vt_continuation_fn *k = op->k;
    void *state = op->state;
    vt_scope_t *scope = op->source.scope;
    loop->ran++;
    if (!VT_LIKELY(op->phase == VT__AWAITED && op->flags == 0 && k &&
                   loop->pool.unusual == 0)) {
      op->source.ops->own->ready(loop, op);
      continue;
    }
    vt__pool_put_plain(op);
    vt__run_ready(loop, k, state, scope, done);
  }
}

/* Runs due delays for half of the budget, the ready queue for a quarter, then
 * what yielded, and the ready queue again for what is left: none starves
 * another. */
static void spend(vt_loop_t *loop, bool after_io) {
  uint64_t now = vt__loop_now(loop);
  uint64_t begin = loop->ran;
  while (loop->ran < begin + VT__BUDGET / 2 &&
         vt__heap_is_due(&loop->heap, now)) {
    vt_op_t *op = vt__heap_pop(&loop->heap);
    loop->ran++;
    op->source.ops->own->ready(loop, op);
  }
  spend_ready(loop, begin + VT__BUDGET * 3 / 4);
  if (after_io)
    spend_soon(loop, begin + VT__BUDGET);
  spend_ready(loop, begin + VT__BUDGET);
}

/* Continuations of the queue run at depth 1, as if nested in the turn. */
static void spend_nested(vt_loop_t *loop, bool after_io) {
  vt_scope_t *scope = loop->scope; /* not NULL in a nested uv_run only */
  if (scope)
    vt__scope_hold(scope);
  vt__may_nest(loop);
  loop->depth++;
  spend(loop, after_io);
  loop->depth--;
  loop->scope = scope;
  if (scope)
    vt__scope_release(scope);
}

/* What yielded in this turn waits behind what is left of the last. */
static void after(vt__queue_t *soon, vt__queue_t *next) {
  if (!next->head)
    return;
  if (soon->head)
    soon->tail->link = next->head;
  else
    soon->head = next->head;
  soon->tail = next->tail;
  next->head = NULL;
}

void vt__loop_turn(vt_loop_t *loop, bool after_io) {
  bool outermost = !loop->turning;
  loop->turning = true;
  vt__inbox_take(loop);
  spend_nested(loop, after_io);
  if (after_io)
    after(&loop->soon, &loop->next);
  loop->turning = !outermost;
}

bool vt__loop_is_ready(const vt_loop_t *loop) {
  return loop->ready.head || loop->next.head || loop->soon.head ||
         vt__heap_is_due(&loop->heap, vt__loop_now(loop));
}

void vt__inbox_post(vt_loop_t *loop, vt_op_t *block) {
  atomic_fetch_add_explicit(&loop->senders, 1, memory_order_seq_cst);
  vt_op_t *head = atomic_load_explicit(&loop->inbox, memory_order_relaxed);
  do
    block->link = head;
  while (!atomic_compare_exchange_weak_explicit(
      &loop->inbox, &head, block, memory_order_seq_cst, memory_order_relaxed));
  vt__loop_send(loop);
  atomic_fetch_sub_explicit(&loop->senders, 1, memory_order_release);
}
