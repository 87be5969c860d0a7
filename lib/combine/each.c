/* SPDX-License-Identifier: MIT */
/* vt_each: a group that never completes as a whole. It is busy from its making
 * to vt_each_free; behind its members stands the order in which they were over.
 *
 * Happy path: vt_each_next takes the next index in hand, or is a one-shot
 * operation that completes with the member that is over next. An index counts
 * as given when it is taken, so a wait that is withdrawn, forgotten or
 * cancelled has lost none; there is one wait at a time.
 *
 * What can go wrong: a continuation of the wait frees it all while the members
 * are gone over; the block then goes back when that is done. Nobody frees it:
 * it keeps the loop from being detached, but no scope, once all are over. */
#include "vt/each.h"

#include "combine/group.h"
#include "core/report.h"
#include "core/value_task.h"

typedef struct next next_t;

/* Behind the group's members. */
struct vt_each {
  vt__group_t *group;
  next_t *next; /* the wait whose result was not taken; NULL: none */
  size_t over;  /* of order */
  size_t given; /* of those */
  size_t order[];
};

/* A wait for the next one. */
struct next {
  vt_op_t op;
  vt_each_t *each; /* NULL: it has nothing to do with it any more */
};

static next_t *next_of(vt_op_t *op) { return (next_t *)(void *)op; }

/* 0 where it may be touched. */
static int check(const vt_each_t *e) {
  if (!e)
    return UV_EINVAL;
  return vt__slab_of(e->group)->loop == vt__current
             ? 0
             : (int)vt__misuse(VT_ETHREAD);
}

/* ---- the wait ---- */

static void part(next_t *n) {
  if (n->each)
    n->each->next = NULL;
  n->each = NULL;
}

/* The next index is given: what its result owns is the caller's. */
static size_t give(vt_each_t *e) {
  size_t index = e->order[e->given++];
  vt__group_give(e->group, index);
  return index;
}

static bool next_owns(const vt_op_t *op) {
  return ((const next_t *)(const void *)op)->each != NULL;
}

static void next_settle(vt_op_t *op, bool taken) {
  next_t *n = next_of(op);
  if (taken && n->each)
    give(n->each);
  part(n);
}

static void end(next_t *n) {
  vt_result_t cancelled = {UV_ECANCELED, {0}};
  part(n);
  n->op.flags |= VT_LATER;
  vt__op_finish(&n->op, cancelled);
}

/* Completes the wait with the index that is to be given. */
static void hand(vt_each_t *e) {
  vt_result_t result = {0, {0}};
  result.value.u = e->order[e->given];
  vt__owner_finish(&e->next->op, result);
}

static int next_cancel(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_check_cancel(op, token);
  if (rc != 0)
    return rc;
  end(next_of(op));
  return 0;
}

static void next_describe(const vt_source_t *source, char *text, size_t size) {
  const next_t *n = (const next_t *)(const void *)source;
  if (n->each)
    vt__group_describe(&n->each->group->op.source, text, size);
}

/* Nobody takes the index: the wait is over at once, or when its turn comes. */
static void abandon(vt_op_t *op) {
  part(next_of(op));
  if (op->phase == VT__AWAITED)
    vt__op_undo(op);
}

static bool next_stop(vt_source_t *source, uint64_t token,
                      vt_continuation_fn *k, void *state) {
  bool stopped = vt__op_stop(source, token, k, state);
  if (stopped)
    abandon((vt_op_t *)(void *)source);
  return stopped;
}

static void next_forget(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_attach(source, token, VT__CONSUME, NULL, NULL);
  if (rc == 0)
    abandon(op);
  else if (rc == VT_COMPLETED)
    vt__owner_drop(op);
}

static const struct vt__own_ops next_own = {
    .attach = vt__op_attach,
    .stop = next_stop,
    .forget = next_forget,
    .drop = vt__owner_drop,
    .ready = vt__owner_ready,
    .owns = next_owns,
    .settle = next_settle,
};

static const vt_source_ops_t next_ops = {
    .kind = "each_next",
    .status = vt__op_status,
    .result = vt__owner_result,
    .on_completed = vt__op_on_completed,
    .cancel = next_cancel,
    .describe = next_describe,
    .own = &next_own,
};

static vt_t wait_for(vt_each_t *e) {
  vt_op_t *op;
  int rc = vt__op_new(&next_ops, sizeof(next_t), &op);
  if (rc != 0)
    return vt_failed(rc);
  op->aux = (uint32_t)vt__loop_now(vt__slab_of(op)->loop);
  next_of(op)->each = e;
  e->next = next_of(op);
  return vt__op_task(op);
}

vt_t vt_each_next(vt_each_t *e) {
  int rc = check(e);
  if (rc == 0 && e->next)
    rc = UV_EALREADY;
  else if (rc == 0 && e->given == e->group->count)
    rc = UV_EOF;
  if (rc != 0)
    return vt_failed(rc);
  return e->given < e->over ? vt_from_uint(give(e)) : wait_for(e);
}

/* ---- the members ---- */

static void fail_fast(vt__group_t *g, size_t i) {
  if (g->flags & VT_FAIL_FAST && g->members[i].result.status != 0)
    vt__group_end_all(g);
}

static void append(vt__group_t *g, size_t i) {
  vt_each_t *e = vt__group_extra(g);
  e->order[e->over++] = i;
}

static void leave_if_all_are_over(vt__group_t *g) {
  if (g->pending == 0)
    vt__scope_leave(&g->op);
}

static void on_over(vt__group_t *g, size_t i) {
  vt_each_t *e = vt__group_extra(g);
  append(g, i);
  fail_fast(g, i);
  leave_if_all_are_over(g);
  if (e->next && vt__op_is_waiting(&e->next->op))
    hand(e);
}

/* What a freed one completes with, to nobody. */
static vt_result_t outcome(const vt__group_t *g) {
  vt_result_t none = {0, {0}};
  (void)g;
  return none;
}

static const vt__group_rule_t rule = {on_over, outcome, false,
                                      VT__GROUP_OPS("each")};

int vt_each_new(const vt_t v[], size_t count, unsigned flags, vt_each_t **out) {
  vt__group_t *g;
  if (!out || (!v && count > 0))
    return UV_EINVAL;
  int rc = vt__group_new(&rule, count,
                         sizeof(vt_each_t) + count * sizeof(size_t), &g);
  if (rc != 0)
    return (int)vt_status_in_hand(vt__group_refused(v, count, rc));
  vt_each_t *e = vt__group_extra(g);
  e->group = g;
  e->next = NULL;
  e->over = e->given = 0;
  g->flags = flags;
  for (size_t i = 0; i < count; i++)
    vt__group_join(g, i, v[i]);
  for (size_t i = 0; i < count; i++)
    if (g->members[i].state == VT__MEMBER_OVER)
      append(g, i);
  for (size_t i = 0, complete = e->over; i < complete; i++)
    fail_fast(g, e->order[i]);
  leave_if_all_are_over(g);
  *out = e;
  return 0;
}

vt_result_t vt_each_result(const vt_each_t *e, size_t index) {
  vt_result_t refused = {check(e), {0}};
  if (refused.status == 0 && index >= e->group->count)
    refused.status = UV_EINVAL;
  if (refused.status != 0)
    return refused;
  const vt__member_t *m = &e->group->members[index];
  if (m->state == VT__MEMBER_OVER)
    return m->result;
  refused.status = vt__misuse(VT_EPENDING);
  return refused;
}

size_t vt_each_left(const vt_each_t *e) {
  return e ? e->group->count - e->given : 0;
}

int vt_each_cancel(vt_each_t *e) {
  int rc = check(e);
  if (rc != 0)
    return rc;
  vt_source_t *source = &e->group->op.source;
  return e->group->pending ? vt__group_cancel(source, source->token)
                           : UV_EALREADY;
}

/* ---- the end ---- */

static void report_not_given(const vt_each_t *e) {
  vt__group_t *g = e->group;
  for (size_t i = e->given; i < e->over; i++)
    vt__report_forgotten(vt__slab_of(g)->loop, &g->op,
                         g->members[e->order[i]].result.status);
}

/* The last one first; none is waited for. */
static void let_go(vt__group_t *g) {
  vt_loop_t *loop = vt__slab_of(g)->loop;
  loop->depth += VT__DEPTH;
  for (size_t i = g->count; i-- > 0;) {
    if (g->members[i].state == VT__MEMBER_PENDING && !(g->flags & VT_KEEP))
      vt__cancel(g->members[i].v);
    vt__group_leave(g, i);
  }
  loop->depth -= VT__DEPTH;
}

void vt_each_free(vt_each_t *e) {
  if (check(e) != 0)
    return;
  vt__group_t *g = e->group;
  if (e->next && vt__op_is_waiting(&e->next->op))
    end(e->next);
  else if (e->next)
    part(e->next);
  report_not_given(e);
  vt__group_drop_kept(g);
  let_go(g);
  if (--g->busy == 0 && g->pending == 0) {
    vt__op_undo(&g->op);
    return;
  }
  g->op.phase = VT__AWAITED; /* forgotten */
  g->op.k = NULL;
}
