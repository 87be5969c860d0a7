/* SPDX-License-Identifier: MIT */
/* vt_with_timeout: a group of the operand and a delay. Whichever is over first
 * ends the other; the operand's result counts even when it comes late, but for
 * the cancellation that the delay has caused. */
#include "vt/timeout.h"

#include "combine/group.h"
#include "core/value_task.h"
#include "vt/delay.h"

enum { OPERAND, DELAY };

/* Nobody waits for the delay any more, so that its cancel leaves nothing. */
static void on_over(vt__group_t *g, size_t i) {
  if (i == DELAY) {
    vt__group_end(g, OPERAND);
  } else if (g->members[DELAY].state == VT__MEMBER_PENDING) {
    vt__group_leave(g, DELAY);
    vt__cancel(g->members[DELAY].v);
  }
}

static vt_result_t outcome(const vt__group_t *g) {
  vt_result_t r = g->members[OPERAND].result;
  const vt__member_t *delay = &g->members[DELAY];
  bool fired = delay->state == VT__MEMBER_OVER && delay->result.status == 0;
  if (r.status == UV_ECANCELED && fired)
    r.status = UV_ETIMEDOUT;
  return r;
}

static const vt__group_rule_t rule = {on_over, outcome, false,
                                      VT__GROUP_OPS("timeout")};

vt_t vt_with_timeout(vt_t v, uint64_t ms) {
  vt__group_t *g;
  if (vt_in_hand(v))
    return v;
  int rc = vt__group_new(&rule, 2, 0, &g);
  if (rc != 0)
    return vt__group_refused(&v, 1, rc);
  vt_t delay = vt_delay(ms);
  if (vt_is_failed(delay)) {
    vt__op_undo(&g->op);
    return vt__group_refused(&v, 1, (int)vt_status(delay));
  }
  g->shows = true;
  vt__group_join(g, OPERAND, v);
  vt__group_join(g, DELAY, delay);
  return vt__group_begun(g);
}

uint64_t vt_deadline_in(uint64_t ms) {
  uint64_t now = vt__loop_fresh_now();
  return ms < UINT64_MAX - now ? now + ms : UINT64_MAX;
}

vt_t vt_with_deadline(vt_t v, uint64_t at_ms) {
  uint64_t now = vt__loop_fresh_now();
  return vt_with_timeout(v, at_ms > now ? at_ms - now : 0);
}
