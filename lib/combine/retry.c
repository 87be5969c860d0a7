/* SPDX-License-Identifier: MIT */
/* vt_retry: a group with one member, which is an attempt or the pause before
 * the next. What a successful attempt owns is dropped with the group when
 * nobody takes it. */
#include "vt/retry.h"

#include "combine/group.h"
#include "core/value_task.h"
#include "vt/delay.h"
#include "vt/scope.h"

enum { FIRST_MS = 100, MOST_MS = 30000 };

/* Behind the group's member. */
struct retry {
  vt_retry_t what;
  uint64_t random; /* the state of the jitter */
  uint64_t pause_ms;
  unsigned attempt;
  bool pauses; /* the member is a pause */
};

/* Numbers for the jitter, which nobody needs to be secret (splitmix64). */
static uint64_t next_random(uint64_t *state) {
  uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

static bool is_worth_it(const struct retry *r, int64_t status) {
  if (r->what.attempts != 0 && r->attempt >= r->what.attempts)
    return false;
  return r->what.again ? r->what.again(r->what.arg, status)
                       : status != UV_ECANCELED;
}

static uint64_t next_pause(struct retry *r) {
  uint64_t whole =
      r->pause_ms < r->what.most_ms ? r->pause_ms : r->what.most_ms;
  r->pause_ms = 2 * whole;
  return whole - next_random(&r->random) % (whole / 2 + 1);
}

/* What follows a member that ended with status; false when nothing does. */
static bool go_on(vt__group_t *g, int64_t status) {
  struct retry *r = vt__group_extra(g);
  bool fails = status != 0;
  if (r->pauses ? fails : !fails || !is_worth_it(r, status))
    return false;
  if (g->ended) {
    g->members->result.status = UV_ECANCELED;
    return false;
  }
  vt__group_drop_kept(g); /* of a failure that showed more */
  r->pauses = !r->pauses;
  vt__group_join(g, 0,
                 r->pauses ? vt_delay(next_pause(r))
                           : r->what.fn(r->what.arg, r->attempt++));
  return true;
}

/* The next attempt is begun in the scope of the first. */
static void on_over(vt__group_t *g, size_t i) {
  vt_scope_t *before = vt_scope_enter(g->op.source.scope);
  while (g->members[i].state == VT__MEMBER_OVER &&
         go_on(g, g->members[i].result.status)) {
  }
  vt_scope_leave(before);
}

static vt_result_t outcome(const vt__group_t *g) { return g->members->result; }

static const vt__group_rule_t rule = {on_over, outcome, false,
                                      VT__GROUP_OPS("retry")};

static struct retry init(const vt_retry_t *what) {
  struct retry r = {.what = *what, .random = what->seed, .attempt = 1};
  if (r.what.first_ms == 0)
    r.what.first_ms = FIRST_MS;
  if (r.what.most_ms == 0)
    r.what.most_ms = MOST_MS;
  if (r.random == 0)
    r.random = vt__loop_fresh_now() ^ (uint64_t)(uintptr_t)what;
  r.pause_ms = r.what.first_ms;
  return r;
}

vt_t vt_retry(const vt_retry_t *what) {
  vt__group_t *g;
  if (!what || !what->fn)
    return vt_failed(UV_EINVAL);
  struct retry r = init(what);
  vt_t v = what->fn(what->arg, 0);
  r.pauses = vt_in_hand(v);
  if (r.pauses && (v.source == 0 || !is_worth_it(&r, vt_status_in_hand(v))))
    return v;
  int rc = vt__group_new(&rule, 1, sizeof r, &g);
  if (rc != 0)
    return r.pauses ? vt_failed(rc) : vt__group_refused(&v, 1, rc);
  struct retry *own = vt__group_extra(g);
  *own = r;
  g->shows = true;
  vt__group_join(g, 0, r.pauses ? vt_delay(next_pause(own)) : v);
  return vt__group_begun(g);
}
