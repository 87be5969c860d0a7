/* SPDX-License-Identifier: MIT */
/* Conditions. A wait stands in the condition's list with its mutex as what it
 * is about; signalled, cancelled or ended it moves to the mutex's list, and
 * completes there with what it moved with. */
#include "vt/condition.h"

#include "sync/semaphore.h"

/* It would be told UV_ECANCELED and nobody could say whether it has the
 * mutex. */
static int relock_cancel(vt__wait_t *w) {
  (void)w;
  return UV_EBUSY;
}

static const vt__wait_rule_t relock_rule = {.ops = VT__WAIT_OPS("condition"),
                                            .left = vt__semaphore_left,
                                            .give_back =
                                                vt__semaphore_give_back,
                                            .cancel = relock_cancel};

/* To the mutex; VT_ETHREAD where others wait for that on another loop. */
static int relock(vt__wait_t *w, int64_t status) {
  vt_mutex_t *m = w->about.p;
  int rc = vt__wait_list_check(&m->permit.waiters);
  if (rc != 0)
    return rc;
  w->about.u = 1;
  w->status = status;
  vt__semaphore_move(&m->permit, w, &relock_rule);
  return 0;
}

static int cancel(vt__wait_t *w) { return relock(w, UV_ECANCELED); }

static const vt__wait_rule_t wait_rule = {.ops = VT__WAIT_OPS("condition"),
                                          .cancel = cancel};

int vt_condition_init(vt_condition_t *c) {
  if (!c)
    return UV_EINVAL;
  c->status = 0;
  vt__wait_list_init(&c->waiters);
  return 0;
}

vt_t vt_condition_wait_async(vt_condition_t *c, vt_mutex_t *m) {
  vt_value_t about = {.p = m};
  int rc = vt__wait_list_check(&m->permit.waiters);
  if (rc == 0 && !vt_mutex_is_locked(m))
    rc = UV_EPERM;
  if (rc != 0 || c->status != 0)
    return vt_failed(rc != 0 ? rc : c->status);
  vt_t v = vt__wait_enlist(&c->waiters, &wait_rule, about);
  if (!vt_in_hand(v))
    vt_mutex_unlock(m);
  return v;
}

int vt_condition_signal(vt_condition_t *c) {
  vt__wait_t *w = vt__wait_first(&c->waiters);
  int rc = vt__wait_list_check(&c->waiters);
  return rc == 0 && w ? relock(w, 0) : rc;
}

int vt_condition_broadcast(vt_condition_t *c) {
  int rc = 0;
  while (rc == 0 && !vt__wait_list_is_empty(&c->waiters))
    rc = vt_condition_signal(c);
  return rc;
}

int vt_condition_close(vt_condition_t *c, int64_t status) {
  vt__wait_t *w;
  int rc = vt__wait_list_check(&c->waiters);
  if (rc != 0 || c->status != 0)
    return rc;
  c->status = vt__wait_list_reason(status, UV_ECANCELED);
  while ((w = vt__wait_first(&c->waiters)))
    if (relock(w, c->status) != 0)
      vt__wait_end(w, vt__wait_status(c->status));
  return 0;
}
