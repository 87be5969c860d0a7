/* SPDX-License-Identifier: MIT */
/* Waits, in a ring that any of them can leave in O(1). Handing something over
 * moves the first one on, and links nothing.
 *
 * Happy path: enlisted, awaited, handed something by the primitive; the result
 * is in the block, the continuation in the ready queue. When its turn comes the
 * block goes back to the pool and the continuation runs.
 *
 * What can go wrong: cancelled or forgotten while it waits, a wait leaves the
 * ring, and whoever is first now may be served. Once something was handed over
 * a cancel comes too late; a result that nobody takes (withdrawn, forgotten,
 * never awaited) is given back to the primitive, unless that is gone. */
#include "sync/wait_list.h"

#include "core/report.h"
#include "sync/link.h"

static vt__wait_t *wait_of_op(vt_op_t *op) { return (vt__wait_t *)(void *)op; }

static const vt__wait_rule_t *rule_of(const vt_op_t *op) {
  return (const vt__wait_rule_t *)(const void *)op->source.ops;
}

/* ---- the ring ---- */

static void leave(vt__wait_t *w) {
  if (w->list->first == &w->link)
    w->list->first = w->link.next;
  vt__link_leave(&w->link);
  vt__link_init(&w->link);
  w->list->count--;
}

/* ---- the list ---- */

void vt__wait_list_init(vt_wait_list_t *list) {
  vt__link_init(&list->ring);
  list->first = &list->ring;
  list->loop = NULL;
  list->count = 0;
  list->thread = NULL;
}

/* Its address tells the thread. */
static const void *this_thread(void) { return &vt__current; }

bool vt__wait_list_is_here(vt_wait_list_t *list) {
  if (!list->thread && vt__current)
    list->thread = this_thread();
  return !list->thread || list->thread == this_thread();
}

int vt__wait_list_check(const vt_wait_list_t *list) {
  bool others = list->count != 0 && list->loop != vt__current;
  if (!others && (!list->thread || list->thread == this_thread()))
    return 0;
  return (int)vt__misuse(VT_ETHREAD);
}

int64_t vt__wait_list_reason(int64_t status, int64_t normal) {
  return status == 0 ? normal : vt_status_in_hand(vt_failed(status));
}

vt_t vt__wait_enlist_block(vt_wait_list_t *list, const vt__wait_rule_t *rule,
                           size_t size, vt_value_t about) {
  vt_op_t *op = NULL;
  int rc = vt__wait_list_check(list);
  if (rc == 0)
    rc = vt__op_new(&rule->ops, size, &op);
  if (rc != 0)
    return vt_failed(rc);
  list->loop = vt__current;
  op->aux = (uint32_t)vt__loop_now(list->loop);
  wait_of_op(op)->about = about;
  wait_of_op(op)->status = 0;
  vt__wait_join(wait_of_op(op), list);
  vt__loop_hold(list->loop);
  return vt__op_task(op);
}

vt_t vt__wait_enlist(vt_wait_list_t *list, const vt__wait_rule_t *rule,
                     vt_value_t about) {
  return vt__wait_enlist_block(list, rule, sizeof(vt__wait_t), about);
}

void vt__wait_move(vt__wait_t *w, vt_wait_list_t *list,
                   const vt__wait_rule_t *rule) {
  leave(w);
  w->op.source.ops = &rule->ops;
  list->loop = vt__slab_of(w)->loop;
  vt__wait_join(w, list);
}

void vt__wait_end_bare(vt__wait_t *w, vt_result_t result) {
  vt__op_finish(&w->op, result);
  vt__loop_release(vt__slab_of(w)->loop);
}

void vt__wait_end(vt__wait_t *w, vt_result_t result) {
  leave(w);
  vt__wait_complete(w, result);
}

void vt__wait_list_end(vt_wait_list_t *list, vt_result_t result) {
  vt__wait_t *w;
  while ((w = vt__wait_first(list)))
    vt__wait_end(w, result);
}

void vt__wait_list_close(vt_wait_list_t *list) {
  while (list->count != 0)
    leave(vt__wait_of(list->ring.next));
}

int vt__wait_list_shut(vt_wait_list_t *list, int64_t *closed, int64_t status) {
  int rc = vt__wait_list_check(list);
  if (rc != 0 || *closed != 0)
    return rc;
  *closed = vt__wait_list_reason(status, UV_ECANCELED);
  vt__wait_list_end(list, vt__wait_status(*closed));
  vt__wait_list_close(list);
  return 0;
}

/* ---- a wait as a source ---- */

/* Out of the list, where it is in one. */
static inline bool take(vt__wait_t *w) {
  if (vt__link_is_alone(&w->link))
    return false;
  vt__link_leave(&w->link);
  w->list->count--;
  return true;
}

static void taken(vt__wait_t *w) {
  if (take(w) && rule_of(&w->op)->taken)
    rule_of(&w->op)->taken(w->list, w);
}

vt_result_t vt__wait_result(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  if (vt__op_check(op, token) == 0 && op->phase == VT__DONE)
    taken(wait_of_op(op));
  return vt__op_result(source, token);
}

/* Nobody takes the result: what was handed over goes back, then the block. */
static void drop(vt_op_t *op) {
  vt__wait_t *w = wait_of_op(op);
  if (!vt__link_is_alone(&w->link)) {
    leave(w);
    rule_of(op)->give_back(w->list, w);
  }
  vt__op_undo(op);
}

static void drop_untaken(vt_op_t *op) {
  vt__slab_of(op)->loop->untaken--;
  drop(op);
}

static bool owns(const vt_op_t *op) {
  return !vt__link_is_alone(&((const vt__wait_t *)(const void *)op)->link);
}

static VT_COLD void on_ready_slowly(vt_loop_t *loop, vt_op_t *op) {
  if (op->k) {
    if (!(op->flags & VT__KEPT))
      taken(wait_of_op(op));
    vt__op_run_ready(loop, op, op->result);
    return;
  }
  vt__report_forgotten(loop, op, op->result.status);
  drop(op);
}

/* The common case of those whose rule has no taken. */
static void on_ready(vt_loop_t *loop, vt_op_t *op) {
  if (!VT_LIKELY(op->k && op->flags == 0 && loop->pool.unusual == 0)) {
    on_ready_slowly(loop, op);
    return;
  }
  take(wait_of_op(op));
  vt_continuation_fn *k = op->k;
  void *state = op->state;
  vt_result_t result = op->result;
  vt_scope_t *scope = op->source.scope;
  vt__pool_put_plain(op);
  vt__run_ready(loop, k, state, scope, result);
}

/* A forgotten wait is out of the list at once. */
static void abandon(vt_op_t *op) {
  vt__wait_t *w = wait_of_op(op);
  const vt__wait_rule_t *rule = rule_of(op);
  vt_wait_list_t *list = w->list;
  if (rule->stays)
    return;
  leave(w);
  vt__loop_release(vt__slab_of(op)->loop);
  vt__op_undo(op);
  if (rule->left)
    rule->left(list);
}

static void forget(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_attach(source, token, VT__CONSUME, NULL, NULL);
  if (rc == 0) {
    abandon(op);
  } else if (rc == VT_COMPLETED) {
    vt__report_forgotten(vt__slab_of(op)->loop, op, op->result.status);
    drop_untaken(op);
  }
}

static bool stop(vt_source_t *source, uint64_t token, vt_continuation_fn *k,
                 void *state) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  if (!vt__op_stop(source, token, k, state))
    return false;
  if (op->phase == VT__AWAITED)
    abandon(op);
  return true;
}

int vt__wait_cancel(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_check_cancel(op, token);
  if (rc != 0)
    return rc;
  const vt__wait_rule_t *rule = rule_of(op);
  vt_wait_list_t *list = wait_of_op(op)->list;
  if (rule->cancel)
    return rule->cancel(wait_of_op(op));
  vt__wait_end(wait_of_op(op), vt__wait_status(UV_ECANCELED));
  if (rule->left)
    rule->left(list);
  return 0;
}

/* What keeps its place, or has a cancel of its own, is not over by leaving;
 * what was ended is out of the list. */
static bool may_leave(const vt_op_t *op) {
  const vt__wait_t *w = (const vt__wait_t *)(const void *)op;
  const vt__wait_rule_t *rule = rule_of(op);
  return !rule->stays && !rule->cancel && !vt__link_is_alone(&w->link);
}

#define OWN_OPS(on_turn)                                                       \
  {                                                                            \
    .attach = vt__op_attach, .stop = stop, .forget = forget,                   \
    .drop = drop_untaken, .ready = (on_turn), .may_leave = may_leave,          \
    .owns = owns                                                               \
  }

const struct vt__own_ops vt__wait_own = OWN_OPS(on_ready);
const struct vt__own_ops vt__wait_own_taken = OWN_OPS(on_ready_slowly);
