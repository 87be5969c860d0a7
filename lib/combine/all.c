/* SPDX-License-Identifier: MIT */
/* vt_all, vt_any, vt_race, vt_select: what is in hand needs no group. A real
 * failure goes before a cancellation, whatever their places, as the one may be
 * the cause of the other. */
#include "vt/all.h"

#include "combine/group.h"
#include "vt/select.h"

/* The failure that the whole has, of two in their order. */
static int64_t worse(int64_t before, int64_t status) {
  if (before == 0 || (before == UV_ECANCELED && status != 0))
    return status;
  return before;
}

static vt_result_t all_of(int64_t status, size_t count) {
  vt_result_t r = {status, {0}};
  if (status == 0)
    r.value.u = count;
  return r;
}

/* ---- all ---- */

static void all_on_over(vt__group_t *g, size_t i) {
  if (g->flags & VT_FAIL_FAST && g->members[i].result.status != 0)
    vt__group_end_all(g);
}

static vt_result_t all_outcome(const vt__group_t *g) {
  int64_t status = 0;
  for (size_t i = 0; i < g->count; i++)
    status = worse(status, g->members[i].result.status);
  return all_of(status, g->count);
}

static const vt__group_rule_t all_rule = {all_on_over, all_outcome, false,
                                          VT__GROUP_OPS("all")};

/* Those in hand from i on; how many there are in front of what waits. */
static size_t take(const vt_t v[], size_t count, int64_t *status,
                   vt_result_t out[]) {
  size_t i = 0;
  for (; i < count && vt_in_hand(v[i]); i++) {
    vt_result_t r = vt_get_result(v[i]);
    if (out)
      out[i] = r;
    *status = worse(*status, r.status);
  }
  return i;
}

vt_t vt__all(const vt_t v[], size_t count, unsigned flags, vt_result_t out[]) {
  int64_t status = 0;
  if (!v && count > 0)
    return vt_failed(UV_EINVAL);
  if (take(v, count, &status, out) == count)
    return vt_from_result(all_of(status, count));
  return vt__group_start(&all_rule, v, count, flags, out);
}

/* ---- any, race ---- */

static void any_on_over(vt__group_t *g, size_t i) {
  if (i != g->first)
    return;
  for (size_t at = g->count; at-- > 0;)
    if (g->flags & VT_KEEP)
      vt__group_leave(g, at);
    else
      vt__group_lose(g, at);
}

/* first is count when the whole was cancelled and no member told it. */
static vt_result_t race_outcome(const vt__group_t *g) {
  vt_result_t cancelled = {UV_ECANCELED, {0}};
  return g->first < g->count ? g->members[g->first].result : cancelled;
}

static vt_result_t any_outcome(const vt__group_t *g) {
  vt_result_t first = race_outcome(g);
  return g->cancelled && first.status != 0 ? first : all_of(0, g->first);
}

static const vt__group_rule_t any_rule = {any_on_over, any_outcome, true,
                                          VT__GROUP_OPS("any")};
static const vt__group_rule_t race_rule = {any_on_over, race_outcome, true,
                                           VT__GROUP_OPS("race")};

vt_t vt_any(const vt_t v[], size_t count, unsigned flags, vt_result_t out[]) {
  int64_t status = 0;
  if (!v || count == 0)
    return vt_failed(UV_EINVAL);
  if (take(v, count, &status, out) == count)
    return vt_from_uint(0);
  return vt__group_start(&any_rule, v, count, flags, out);
}

vt_t vt_race(const vt_t v[], size_t count, unsigned flags) {
  int64_t status = 0;
  if (!v || count == 0)
    return vt_failed(UV_EINVAL);
  if (take(v, count, &status, NULL) == count)
    return v[0];
  return vt__group_start(&race_rule, v, count, flags, NULL);
}

/* ---- select ---- */

/* Nobody wants what the cases bring any more. */
static void drop_cases(vt__group_t *g) {
  vt_loop_t *loop = vt__slab_of(g)->loop;
  g->out = NULL;
  g->busy++;
  loop->depth += VT__DEPTH; /* nothing runs inside */
  for (size_t i = g->count; i-- > 0;)
    vt__group_lose(g, i);
  loop->depth -= VT__DEPTH;
  g->busy--;
  vt__group_cancel(&g->op.source, g->op.source.token);
}

static void select_forget(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  if (vt__op_check(op, token) == 0 && op->phase == VT__PENDING)
    drop_cases((vt__group_t *)(void *)op);
  vt__op_forget(source, token);
}

static bool select_stop(vt_source_t *source, uint64_t token,
                        vt_continuation_fn *k, void *state) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  if (!vt__op_stop(source, token, k, state))
    return false;
  if (op->phase == VT__AWAITED)
    drop_cases((vt__group_t *)(void *)op);
  return true;
}

static const struct vt__own_ops select_own = {
    .attach = vt__op_attach,
    .stop = select_stop,
    .forget = select_forget,
    .drop = vt__owner_drop,
    .ready = vt__owner_ready,
    .owns = vt__group_owns,
    .settle = vt__group_settle,
};

static const vt__group_rule_t select_rule = {
    any_on_over, any_outcome, true, VT__GROUP_OPS_OF("select", select_own)};

vt_t vt_select(const vt_case_t cases[], size_t count, vt_result_t out[]) {
  vt__group_t *g;
  if (!cases || count == 0)
    return vt_failed(UV_EINVAL);
  vt_t v = cases[0].fn(cases[0].arg);
  if (vt_in_hand(v)) {
    if (out)
      out[0] = vt_get_result(v);
    return vt_from_uint(0);
  }
  int rc = vt__group_new(&select_rule, count, 0, &g);
  if (rc != 0)
    return vt__group_refused(&v, 1, rc);
  g->out = out;
  g->shows = out != NULL;
  vt__group_join(g, 0, v);
  for (size_t i = 1; i < count && g->first == count; i++)
    vt__group_join(g, i, cases[i].fn(cases[i].arg));
  return vt__group_begun(g);
}
