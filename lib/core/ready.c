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
 * would lose wake-ups, and an exchange-push would leave half-linked nodes. */
#include "core/loop.h"
#include "core/own.h"

void vt__ready_push(vt_loop_t *loop, vt_op_t *block) {
  vt__queue_push(&loop->ready, block);
  if (!loop->turning)
    vt__loop_wake(loop);
}

/* What the last turn left for after I/O becomes ready. */
static void splice(vt__queue_t *ready, vt__queue_t *soon) {
  if (!soon->head)
    return;
  if (ready->head)
    ready->tail->link = soon->head;
  else
    ready->head = soon->head;
  ready->tail = soon->tail;
  soon->head = NULL;
}

void vt__inbox_take(vt_loop_t *loop) {
  if (!atomic_load_explicit(&loop->inbox, memory_order_relaxed))
    return;
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
    vt__waiter_arrive((vt__waiter_t *)(void *)block);
  }
}

/* Runs due delays for half of the budget, then the ready queue for the rest:
 * neither starves the other. */
static void spend(vt_loop_t *loop) {
  uint64_t now = vt__loop_now(loop);
  uint64_t end = loop->ran + VT__BUDGET;
  uint64_t half = loop->ran + VT__BUDGET / 2;
  while (loop->ran < half && vt__heap_is_due(&loop->heap, now)) {
    vt_op_t *op = vt__heap_pop(&loop->heap);
    loop->ran++;
    op->source.ops->own->ready(loop, op);
  }
  while (loop->ran < end && loop->ready.head) {
    vt_op_t *op = vt__queue_pop(&loop->ready);
    loop->ran++;
    op->source.ops->own->ready(loop, op);
  }
}

/* Continuations of the queue run at depth 1, as if nested in the turn. */
static void spend_nested(vt_loop_t *loop) {
  vt_scope_t *scope = loop->scope;
  vt__may_nest(loop);
  loop->depth++;
  spend(loop);
  loop->depth--;
  loop->scope = scope;
}

void vt__loop_turn(vt_loop_t *loop, bool after_io) {
  bool outermost = !loop->turning;
  loop->turning = true;
  if (after_io)
    splice(&loop->ready, &loop->soon);
  vt__inbox_take(loop);
  spend_nested(loop);
  if (after_io) {
    loop->soon = loop->next;
    loop->next.head = NULL;
  }
  loop->turning = !outermost;
}

bool vt__loop_is_ready(const vt_loop_t *loop) {
  return loop->ready.head || loop->next.head || loop->soon.head ||
         vt__heap_is_due(&loop->heap, vt__loop_now(loop));
}

void vt__inbox_post(vt_loop_t *loop, vt__waiter_t *w) {
  atomic_fetch_add_explicit(&loop->senders, 1, memory_order_seq_cst);
  vt_op_t *head = atomic_load_explicit(&loop->inbox, memory_order_relaxed);
  do
    w->op.link = head;
  while (!atomic_compare_exchange_weak_explicit(
      &loop->inbox, &head, &w->op, memory_order_seq_cst, memory_order_relaxed));
  vt__loop_send(loop);
  atomic_fetch_sub_explicit(&loop->senders, 1, memory_order_release);
}
