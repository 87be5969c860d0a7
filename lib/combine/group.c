/* SPDX-License-Identifier: MIT */
/* Groups: one continuation a member, one completion.
 *
 * Happy path: the block is taken, each operand that waits gets on_member with
 * its member as the state, and the last one to complete completes the group.
 * Operands that are complete at the call are over at once, in their order, so
 * that the lowest wins.
 *
 * What can go wrong: no memory (the operands are ended, as nobody else can); an
 * operand that refuses (its status is its result); one that completes while the
 * members are gone over, because a user's source resumes inside its cancel: the
 * group is busy then, and completes when that is done. */
#include "combine/group.h"

#include "core/value_task.h"
#include "vt/all.h"

/* ---- what members own ---- */

/* The state of its continuation tells whose it is. */
static bool is_of(const vt_op_t *op, const vt__group_t *g, size_t i) {
  return op->state == &g->members[i];
}

/* Busy, as a discard of the user's may cancel the group. */
static void settle(vt__group_t *g, bool taken) {
  g->busy++;
  while (g->kept.head)
    vt__kept_settle(vt__queue_pop(&g->kept), taken);
  g->busy--;
}

void vt__group_drop_kept(vt__group_t *g) { settle(g, false); }

void vt__group_give(vt__group_t *g, size_t i) {
  if (g->kept.head && is_of(g->kept.head, g, i))
    vt__kept_settle(vt__queue_pop(&g->kept), true);
}

/* Drops what nobody will see: the group completes with result. */
static void drop_unseen(vt__group_t *g, vt_result_t result) {
  vt__queue_t seen = {NULL, NULL};
  g->busy++;
  while (g->kept.head) {
    vt_op_t *op = vt__queue_pop(&g->kept);
    bool given =
        g->rule->gives_first ? is_of(op, g, g->first) : result.status == 0;
    if (g->shows || given)
      vt__queue_push(&seen, op);
    else
      vt__kept_settle(op, false);
  }
  g->kept = seen;
  g->busy--;
}

/* ---- members ---- */

static void keep_own(vt__group_t *g, vt__member_t *m) {
  const vt_source_t *source = (const vt_source_t *)m->v.source;
  if (m->keeps && vt__op_is_kept_by(source, m))
    vt__queue_push(&g->kept, (vt_op_t *)m->v.source);
}

static void note(vt__group_t *g, size_t i, vt_result_t result) {
  keep_own(g, &g->members[i]);
  g->members[i].state = VT__MEMBER_OVER;
  g->members[i].result = result;
  g->pending--;
  if (g->out)
    g->out[i] = result;
  if (g->first == g->count)
    g->first = i;
}

static void apply_rule(vt__group_t *g, size_t i) {
  g->busy++;
  g->rule->on_over(g, i);
  g->busy--;
}

static bool is_complete(const vt__group_t *g) {
  return g->pending == 0 && g->busy == 0;
}

static vt_result_t outcome(vt__group_t *g) {
  vt_result_t result = g->rule->outcome(g);
  if (g->kept.head)
    drop_unseen(g, result);
  return result;
}

static void finish(vt__group_t *g) { vt__owner_finish(&g->op, outcome(g)); }

static void on_member(void *state, vt_result_t result) {
  vt__member_t *m = state;
  vt__group_t *g = m->group;
  note(g, (size_t)(m - g->members), result);
  apply_rule(g, (size_t)(m - g->members));
  if (is_complete(g))
    finish(g);
}

void vt__group_leave(vt__group_t *g, size_t i) {
  vt__member_t *m = &g->members[i];
  vt_result_t left = {UV_ECANCELED, {0}};
  if (m->state != VT__MEMBER_PENDING || !vt_await_stop(m->v, on_member, m))
    return;
  m->state = VT__MEMBER_LEFT;
  m->result = left;
  if (g->out && !(g->flags & VT_KEEP))
    g->out[i] = left;
  g->pending--;
}

/* An operation may be using the caller's memory; a task or a user's source can
 * go on alone. */
static bool is_operation(vt_t v) {
  const vt_source_t *source = (const vt_source_t *)v.source;
  return source->ops->on_completed == vt__op_on_completed;
}

int vt__group_end(vt__group_t *g, size_t i) {
  vt__member_t *m = &g->members[i];
  if (m->state != VT__MEMBER_PENDING)
    return UV_EALREADY;
  int rc = vt__cancel(m->v);
  if (rc == 0 || rc == UV_EBUSY || rc == UV_EALREADY)
    return rc;
  if (is_operation(m->v))
    return UV_EBUSY;
  vt__group_leave(g, i);
  return 0;
}

void vt__group_lose(vt__group_t *g, size_t i) {
  const vt__member_t *m = &g->members[i];
  if (m->state != VT__MEMBER_PENDING)
    return;
  const vt_op_t *op = (const vt_op_t *)m->v.source;
  const struct vt__own_ops *own = op->source.ops->own;
  if (own && own->may_leave && own->may_leave(op))
    vt__group_leave(g, i);
  else
    vt__group_end(g, i);
}

void vt__group_end_all(vt__group_t *g) {
  for (size_t i = g->count; i-- > 0;)
    vt__group_end(g, i);
}

/* The last one begun is the first one ended. Its continuation runs later: never
 * inside the cancel. */
int vt__group_cancel(vt_source_t *source, uint64_t token) {
  vt__group_t *g = (vt__group_t *)(void *)source;
  vt_loop_t *loop = vt__slab_of(g)->loop;
  int answer = UV_EBUSY;
  int rc = vt__op_check_cancel(&g->op, token);
  if (rc != 0)
    return rc;
  g->cancelled = g->cancelled || g->first == g->count;
  g->ended = true;
  g->busy++;
  loop->depth += VT__DEPTH;
  for (size_t i = g->count; i-- > 0;)
    if (vt__group_end(g, i) == 0)
      answer = 0;
  g->busy--;
  if (is_complete(g))
    finish(g);
  loop->depth -= VT__DEPTH;
  return answer;
}

void vt__group_describe(const vt_source_t *source, char *text, size_t size) {
  const vt__group_t *g = (const vt__group_t *)(const void *)source;
  for (size_t i = 0; i < g->count; i++) {
    const vt__member_t *m = &g->members[i];
    const vt_source_t *about = (const vt_source_t *)m->v.source;
    if (m->state != VT__MEMBER_PENDING || !about->ops->describe)
      continue;
    about->ops->describe(about, text, size);
    return;
  }
}

/* ---- as a source ---- */

bool vt__group_owns(const vt_op_t *op) {
  return ((const vt__group_t *)(const void *)op)->kept.head != NULL;
}

void vt__group_settle(vt_op_t *op, bool taken) {
  settle((vt__group_t *)(void *)op, taken);
}

const struct vt__own_ops vt__group_own = {
    .attach = vt__op_attach,
    .stop = vt__op_stop,
    .forget = vt__op_forget,
    .drop = vt__owner_drop,
    .ready = vt__owner_ready,
    .owns = vt__group_owns,
    .settle = vt__group_settle,
};

/* ---- starting ---- */

vt_t vt__group_refused(const vt_t v[], size_t count, int rc) {
  for (size_t i = 0; i < count && rc != VT_ENOLOOP; i++) {
    if (vt_status(v[i]) == VT_PENDING)
      vt__cancel(v[i]);
    vt_forget(v[i]);
  }
  return vt_failed(rc);
}

int vt__group_new(const vt__group_rule_t *rule, size_t count, size_t extra,
                  vt__group_t **out) {
  vt_op_t *op;
  size_t room = SIZE_MAX / 2 - sizeof(vt__group_t);
  if (extra > room || count > (room - extra) / sizeof(vt__member_t))
    return UV_ENOMEM;
  size_t size = sizeof(vt__group_t) + count * sizeof(vt__member_t) + extra;
  int rc = vt__op_new(&rule->ops, size, &op);
  if (rc != 0)
    return rc;
  op->aux = (uint32_t)vt__loop_now(vt__slab_of(op)->loop);
  vt__group_t *g = (vt__group_t *)(void *)op;
  g->rule = rule;
  g->out = NULL;
  g->kept.head = NULL;
  g->count = g->first = count;
  g->pending = 0;
  g->flags = 0;
  g->shows = g->cancelled = g->ended = false;
  g->busy = 1;
  for (size_t i = 0; i < count; i++) {
    g->members[i].group = g;
    g->members[i].state = VT__MEMBER_NONE;
  }
  *out = g;
  return 0;
}

void vt__group_join(vt__group_t *g, size_t i, vt_t v) {
  vt__member_t *m = &g->members[i];
  m->v = v;
  m->state = VT__MEMBER_PENDING;
  unsigned keep = vt_in_hand(v) ? 0 : vt__keep_flag(v);
  m->keeps = keep != 0;
  g->pending++;
  int rc = vt__register(v, keep, on_member, m);
  if (rc == VT_COMPLETED)
    note(g, i, m->keeps ? vt__op_keep(v, m) : vt_get_result(v));
  else if (rc != 0)
    note(g, i, vt_get_result(vt_failed(rc)));
}

vt_t vt__group_begun(vt__group_t *g) {
  for (size_t i = 0; i < g->count; i++)
    if (g->members[i].state == VT__MEMBER_OVER)
      apply_rule(g, i);
  g->busy = 0;
  if (!is_complete(g))
    return vt__op_task(&g->op);
  vt_result_t result = outcome(g);
  if (g->kept.head) {
    vt__op_finish(&g->op, result); /* may be dropped still */
    return vt__op_task(&g->op);
  }
  vt__op_undo(&g->op);
  return vt_from_result(result);
}

vt_t vt__group_start(const vt__group_rule_t *rule, const vt_t v[], size_t count,
                     unsigned flags, vt_result_t *out) {
  vt__group_t *g;
  int rc = vt__group_new(rule, count, 0, &g);
  if (rc != 0)
    return vt__group_refused(v, count, rc);
  g->out = out;
  g->shows = out != NULL;
  g->flags = flags;
  for (size_t i = 0; i < count; i++)
    vt__group_join(g, i, v[i]);
  return vt__group_begun(g);
}
