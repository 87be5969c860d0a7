/* SPDX-License-Identifier: MIT */
/* Waiters: registration, resuming from any thread, withdrawing.
 *
 * Happy path: a waiter is taken at registration, named by the vt_continuation_t
 * that the source keeps, and resumed: on its own loop at once or through the
 * ready queue, from another thread through the inbox, and with VT_ANYWHERE on
 * the thread that resumes, after which the block goes home by the inbox.
 *
 * What can go wrong: a second resume finds the claim moved on (VT_EDONE); a
 * withdrawn waiter is only forgotten (k NULL, which the loop's thread alone
 * reads) unless another thread may read k, where the claim decides who won. */
#include "core/waiter.h"

#include "base/alloc.h"
#include "core/loop.h"
#include "core/own.h"
#include "core/report.h"
#include "core/status.h"

/* What is awaited, while it must be there. */
static vt_source_t *awaited(const vt__waiter_t *w) {
  uint64_t claim = atomic_load_explicit(&((vt__waiter_t *)(uintptr_t)w)->claim,
                                        memory_order_relaxed);
  bool gone = (claim & 3) != 0 || (uintptr_t)w->awaited & 1 ||
              w->op.phase != VT__AWAITED;
  return gone ? NULL : w->awaited;
}

static const vt_source_t *about(const vt_op_t *op) {
  return awaited((const vt__waiter_t *)(const void *)op);
}

int vt__waiter_cancel(vt__waiter_t *w) {
  vt_source_t *source = awaited(w);
  if (!source)
    return UV_EALREADY;
  return source->ops->cancel ? source->ops->cancel(source, w->awaited_token)
                             : UV_ENOSYS;
}

/* A resumed waiter, or a spent one, comes home. */
static void arrive(vt_loop_t *loop, vt_op_t *op) {
  vt__waiter_t *w = (vt__waiter_t *)(void *)op;
  w->op.phase = VT__QUEUED;
  if (w->spent)
    vt__waiter_free(w);
  else
    vt__ready_push(loop, op);
}

static const struct vt__own_ops waiter_own = {
    .ready = vt__waiter_ready, .arrive = arrive, .about = about};

const vt_source_ops_t vt__waiter_ops = {.kind = "await", .own = &waiter_own};

static vt_loop_t *loop_of(const vt__waiter_t *w) {
  return vt__slab_of(w)->loop;
}

/* ---- the loop's table ---- */

static uint32_t hash(const vt_source_t *source, vt_continuation_fn *k,
                     const void *state) {
  uint64_t h = (uint64_t)(uintptr_t)source ^ (uint64_t)(uintptr_t)k;
  h = (h ^ (h >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
  h = (h ^ (uint64_t)(uintptr_t)state) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)(h >> 32);
}

static void table_link(vt__waiters_t *table, vt__waiter_t *w) {
  vt__waiter_t **bucket =
      &table->buckets[hash(w->awaited, w->op.k, w->op.state) &
                      (table->size - 1)];
  w->next = *bucket;
  if (w->next)
    w->next->self = &w->next;
  w->self = bucket;
  *bucket = w;
}

/* Doubles the table; without memory the old one serves on, more slowly. */
static int table_grow(vt__waiters_t *table) {
  uint32_t size = table->size ? table->size * 2 : 64;
  vt__waiter_t **buckets = vt__calloc(size, sizeof(vt__waiter_t *));
  if (!buckets)
    return table->size ? 0 : UV_ENOMEM;
  vt__waiters_t old = *table;
  table->buckets = buckets;
  table->size = size;
  for (uint32_t i = 0; i < old.size; i++)
    for (vt__waiter_t *w = old.buckets[i], *next; w; w = next) {
      next = w->next;
      table_link(table, w);
    }
  vt__free(old.buckets);
  return 0;
}

static void table_unlink(vt__waiters_t *table, vt__waiter_t *w) {
  if (!w->self)
    return;
  *w->self = w->next;
  if (w->next)
    w->next->self = w->self;
  w->self = NULL;
  table->count--;
}

vt__waiter_t *vt__waiter_find(vt_loop_t *loop, vt_t v, vt_continuation_fn *k,
                              void *state) {
  vt_source_t *source = (vt_source_t *)v.source;
  vt__waiters_t *table = &loop->waiters;
  if (table->size == 0)
    return NULL;
  vt__waiter_t *w = table->buckets[hash(source, k, state) & (table->size - 1)];
  while (w && !(w->awaited == source && w->awaited_token == v.value.u &&
                w->op.k == k && w->op.state == state))
    w = w->next;
  return w;
}

void vt__waiters_close(vt__waiters_t *table) { vt__free(table->buckets); }

/* ---- life ---- */

vt__waiter_t *vt__waiter_new(vt_loop_t *loop, vt_t v, unsigned flags,
                             vt_continuation_fn *k, void *state) {
  vt__waiters_t *table = &loop->waiters;
  if (table->count >= table->size && table_grow(table) != 0)
    return NULL;
  vt__class_t *class = &loop->pool.classes[VT__CLASS_WAITER];
  vt__waiter_t *w = (vt__waiter_t *)(void *)vt__pool_get(&loop->pool, class);
  if (!w)
    return NULL;
  vt_source_t *source = (vt_source_t *)v.source;
  w->op.source.ops = &vt__waiter_ops;
  w->op.source.scope = vt_in_hand(v) ? loop->scope : source->scope;
  w->op.k = k;
  w->op.state = state;
  w->op.flags = (uint8_t)(flags & (flags & VT_LATER ? VT_LATER : VT_ANYWHERE));
  w->listed = false;
  w->spent = false;
  w->op.phase = VT__AWAITED;
  w->op.aux = (uint32_t)vt__loop_now(loop);
  w->awaited = source;
  w->awaited_token = v.value.u;
  table_link(table, w);
  table->count++;
  vt__loop_hold(loop);
  return w;
}

vt_op_t *vt__waiter_reserve(vt_loop_t *loop) {
  if (loop->waiters.size == 0 && table_grow(&loop->waiters) != 0)
    return NULL;
  return vt__pool_get(&loop->pool, &loop->pool.classes[VT__CLASS_WAITER]);
}

void vt__waiter_unreserve(vt_loop_t *loop, vt_op_t *reserved) {
  vt__pool_put(&loop->pool, reserved);
}

void vt__waiter_free(vt__waiter_t *w) {
  vt_loop_t *loop = loop_of(w);
  table_unlink(&loop->waiters, w);
  vt__loop_release(loop);
  uint64_t claim = atomic_load_explicit(&w->claim, memory_order_relaxed);
  atomic_store_explicit(&w->claim, (claim | 3) + 1, memory_order_relaxed);
  vt__pool_put(&loop->pool, &w->op);
}

vt_continuation_t vt__waiter_continuation(vt__waiter_t *w) {
  vt_continuation_t c = {w,
                         atomic_load_explicit(&w->claim, memory_order_relaxed)};
  return c;
}

/* ---- resuming ---- */

/* Gives the waiter back and runs its continuation: nested, or from the ready
 * queue. */
static void run(vt_loop_t *loop, vt__waiter_t *w, vt_result_t result,
                bool ready) {
  vt_continuation_fn *k = w->op.k;
  void *state = w->op.state;
  vt_scope_t *scope = w->op.source.scope;
  if (!k)
    vt__report_forgotten(loop, &w->op, result.status);
  vt__waiter_free(w);
  if (k && ready)
    vt__run_ready(loop, k, state, scope, result);
  else if (k)
    vt__run(loop, k, state, scope, result);
}

void vt__waiter_deliver(vt__waiter_t *w, vt_result_t result, bool later) {
  vt_loop_t *loop = loop_of(w);
  if (!later && !(w->op.flags & VT_LATER) && vt__may_nest(loop)) {
    run(loop, w, result, false);
    return;
  }
  w->op.result = result;
  w->op.phase = VT__QUEUED;
  vt__ready_push(loop, &w->op);
}

/* What a thread without a loop has to run once its outermost continuation has
 * returned. */
static VT_TLS _Thread_local struct {
  vt__queue_t queue;
  bool running;
} loopless;

/* Sends the block home, and runs its continuation. */
static void run_foreign(vt_loop_t *here, vt__waiter_t *w) {
  vt_continuation_fn *k = w->op.k;
  void *state = w->op.state;
  vt_result_t result = w->op.result;
  w->spent = true;
  vt__inbox_post(loop_of(w), &w->op);
  if (here)
    vt__run(here, k, state, NULL, result);
  else
    k(state, result);
}

/* VT_ANYWHERE on a thread without a loop, in constant stack. */
static void run_loopless(vt__waiter_t *w) {
  vt__queue_push(&loopless.queue, &w->op);
  if (loopless.running)
    return;
  loopless.running = true;
  while (loopless.queue.head) {
    vt_op_t *op = vt__queue_pop(&loopless.queue);
    run_foreign(NULL, (vt__waiter_t *)(void *)op);
  }
  loopless.running = false;
}

/* VT_ANYWHERE on the thread that completes, which may have a loop of its own.
 * Later: from the queue of that loop; without one here it goes home, where the
 * nearest queue is. */
static void run_here(vt__waiter_t *w, vt_result_t result, bool later) {
  vt_loop_t *here = vt__current;
  w->op.result = result;
  if (!here && later)
    vt__inbox_post(loop_of(w), &w->op);
  else if (!here)
    run_loopless(w);
  else if (!later && vt__may_nest(here))
    run_foreign(here, w);
  else
    vt__ready_push(here, &w->op);
}

void vt__waiter_ready(vt_loop_t *loop, vt_op_t *op) {
  vt__waiter_t *w = (vt__waiter_t *)(void *)op;
  if (loop != loop_of(w))
    run_here(w, op->result, false);
  else
    run(loop, w, op->result, true);
}

/* The claim found moved on: a withdrawn waiter, whose k is NULL, is brought
 * home by its resumer. */
static int resume_late(vt__waiter_t *w, uint64_t token, uint64_t found,
                       vt_result_t result) {
  vt_loop_t *loop = loop_of(w);
  uint64_t stopped = token + 2;
  if (found != stopped || !atomic_compare_exchange_strong_explicit(
                              &w->claim, &stopped, token + 1,
                              memory_order_acq_rel, memory_order_relaxed))
    return (int)vt__misuse(VT_EDONE);
  if (loop == vt__current) {
    run(loop, w, result, false);
  } else {
    w->op.result = result;
    vt__inbox_post(loop, &w->op);
  }
  return 0;
}

static int resume(const vt_continuation_t *c, vt_result_t result, bool later) {
  vt__waiter_t *w = c ? c->waiter : NULL;
  if (!w)
    return (int)vt__misuse(VT_EDONE);
  vt_loop_t *loop = loop_of(w);
  bool ours = loop == vt__current;
  uint64_t token = c->token;
  uint64_t found = token;
  uint64_t taken = token + (later && !vt__current ? 3 : 1);
  result.status = vt__status_checked(result.status);
  if (!atomic_compare_exchange_strong_explicit(
          &w->claim, &found, taken, memory_order_acq_rel, memory_order_acquire))
    return resume_late(w, token, found, result);
  if (ours) {
    vt__waiter_deliver(w, result, later);
  } else if (w->op.flags & VT_ANYWHERE) {
    run_here(w, result, later);
  } else {
    w->op.result = result;
    vt__inbox_post(loop, &w->op);
  }
  return 0;
}

int vt_resume(const vt_continuation_t *c, vt_result_t result) {
  return resume(c, result, false);
}

int vt_resume_later(const vt_continuation_t *c, vt_result_t result) {
  return resume(c, result, true);
}

/* Whether no other thread may run it, or come to. */
static bool is_private(const vt__waiter_t *w) {
  return !(w->op.flags & VT_ANYWHERE) || w->op.phase == VT__QUEUED;
}

bool vt__waiter_withdraw(vt__waiter_t *w) {
  uint64_t token =
      atomic_load_explicit(&w->claim, memory_order_relaxed) & ~UINT64_C(3);
  uint64_t found = token;
  if (!is_private(w) &&
      !atomic_compare_exchange_strong_explicit(&w->claim, &found, token + 2,
                                               memory_order_acq_rel,
                                               memory_order_relaxed) &&
      found != token + 3)
    return false;
  w->op.k = NULL;
  table_unlink(&loop_of(w)->waiters, w);
  return true;
}
