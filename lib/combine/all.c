/* SPDX-License-Identifier: MIT */
/* vt_all, vt_any, vt_race: what is in hand needs no group. A real failure goes
 * before a cancellation, whatever their places, as the one may be the cause of
 * the other. */
#include "vt/all.h"

#include "combine/group.h"

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

static const vt__group_rule_t all_rule = {all_on_over, all_outcome,
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
      vt__group_end(g, at);
}

/* first is count when the whole was cancelled and no member told it. */
static vt_result_t race_outcome(const vt__group_t *g) {
  vt_result_t cancelled = {UV_ECANCELED, {0}};
  return g->first < g->count ? g->members[g->first].result : cancelled;
}

static vt_result_t any_outcome(const vt__group_t *g) {
  return g->cancelled ? race_outcome(g) : all_of(0, g->first);
}

static const vt__group_rule_t any_rule = {any_on_over, any_outcome,
                                          VT__GROUP_OPS("any")};
static const vt__group_rule_t race_rule = {any_on_over, race_outcome,
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
