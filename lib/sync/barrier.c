/* SPDX-License-Identifier: MIT */
/* Barriers. Invariant: all that have arrived wait, and arrived is below
 * count. */
#include "vt/barrier.h"

#include "sync/wait_list.h"

/* Only a cancel takes one out: the forgotten ones stay. */
static void left(vt_wait_list_t *list) {
  vt_barrier_t *b = VT__WAIT_OWNER(list, vt_barrier_t, waiters);
  b->arrived--;
}

static const vt__wait_rule_t rule = {
    .ops = VT__WAIT_OPS("barrier"), .left = left, .stays = true};

int vt_barrier_init(vt_barrier_t *b, uint64_t count) {
  if (!b || count == 0)
    return UV_EINVAL;
  b->count = count;
  b->arrived = 0;
  b->status = 0;
  vt__wait_list_init(&b->waiters);
  return 0;
}

static vt_t enlist(vt_barrier_t *b) {
  vt_value_t none = {0};
  vt_t v = vt__wait_enlist(&b->waiters, &rule, none);
  if (!vt_in_hand(v))
    b->arrived++;
  return v;
}

vt_t vt_barrier_arrive_async(vt_barrier_t *b) {
  int rc = vt__wait_list_check(&b->waiters);
  if (rc != 0 || b->status != 0)
    return vt_failed(rc != 0 ? rc : b->status);
  if (b->arrived + 1 < b->count)
    return enlist(b);
  b->arrived = 0;
  vt__wait_list_end(&b->waiters, vt__wait_status(0));
  return vt_from_uint(1);
}

int vt_barrier_close(vt_barrier_t *b, int64_t status) {
  return vt__wait_list_shut(&b->waiters, &b->status, status);
}
