/* SPDX-License-Identifier: MIT */
/* Events. Invariant: nobody waits while one is set, and a closed one is not. */
#include "vt/event.h"

#include "sync/wait_list.h"

/* Lets the first go on, or keeps the signal for who comes next. */
static void signal_one(vt_event_t *e) {
  vt__wait_t *w = vt__wait_first(&e->waiters);
  if (w)
    vt__wait_hand(w, vt__wait_status(0));
  else
    e->set = e->status == 0;
}

static void give_back(vt_wait_list_t *list, vt__wait_t *w) {
  (void)w;
  signal_one(VT__WAIT_OWNER(list, vt_event_t, waiters));
}

static const vt__wait_rule_t manual_rule = {.ops = VT__WAIT_OPS("event")};
static const vt__wait_rule_t auto_rule = {.ops = VT__WAIT_OPS("event"),
                                          .give_back = give_back};

int vt_event_init(vt_event_t *e, unsigned flags) {
  if (!e)
    return UV_EINVAL;
  e->set = flags & VT_EVENT_SET;
  e->auto_reset = flags & VT_EVENT_AUTO_RESET;
  e->status = 0;
  vt__wait_list_init(&e->waiters);
  return 0;
}

vt_t vt__event_wait(vt_event_t *e) {
  vt_value_t none = {0};
  if (e->status != 0)
    return vt_failed(e->status);
  return vt__wait_enlist(&e->waiters, e->auto_reset ? &auto_rule : &manual_rule,
                         none);
}

int vt_event_set(vt_event_t *e) {
  int rc = vt__wait_list_check(&e->waiters);
  if (rc != 0 || e->status != 0)
    return rc;
  if (e->auto_reset) {
    signal_one(e);
    return 0;
  }
  e->set = true;
  vt__wait_list_end(&e->waiters, vt__wait_status(0));
  return 0;
}

int vt_event_close(vt_event_t *e, int64_t status) {
  int rc = vt__wait_list_shut(&e->waiters, &e->status, status);
  if (rc == 0)
    e->set = false;
  return rc;
}
