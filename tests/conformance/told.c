/* SPDX-License-Identifier: MIT */
#include "told.h"

struct told_op {
  vt_op_t op;
  struct told *t;
};

static int cancel(vt_op_t *op) {
  struct told *t = ((struct told_op *)op)->t;
  t->times++;
  if (t->log->count < TOLD_MOST)
    t->log->order[t->log->count++] = t;
  if (t->inside)
    t->inside(t);
  if (t->answer != 0)
    return (int)t->answer;
  t->op = NULL;
  vt_op_complete((struct told_op *)op, result_failed(UV_ECANCELED));
  return 0;
}

static const vt_op_kind_t kind = {
    .ops = VT_OP_OPS("told"), .size = sizeof(struct told_op), .cancel = cancel};

vt_t told_begin(struct told *t) {
  struct told_op *op;
  int rc = vt_op_begin(&kind, &op);
  if (rc != 0)
    return t->v = vt_failed(rc);
  op->t = t;
  t->op = op;
  t->v = vt_op_started(op, 0);
  return t->v;
}

void told_await_in(vt_scope_t *scope, struct told *t) {
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(told_begin(t), seen_k, &t->seen);
  vt_scope_leave(before);
}

void told_complete(struct told *t) {
  struct told_op *op = t->op;
  t->op = NULL;
  vt_op_complete(op, result_int(0));
}

vt_scope_t *told_scope(vt_scope_t *parent, const vt_scope_options_t *options) {
  vt_scope_t *scope = NULL, *before = vt_scope_enter(parent);
  assert_status(vt_scope_new(options, &scope), 0);
  vt_scope_leave(before);
  return scope;
}

int64_t told_join(struct fixture *f, vt_scope_t *scope) {
  struct seen joined = {0};
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_true(joined.count == 1 || fixture_run_until(f, &joined.count, 1));
  return joined.result.status;
}
