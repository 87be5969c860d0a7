/* SPDX-License-Identifier: MIT */
/* Semaphores.
 *
 * Invariant: while somebody waits, or once it is closed, free and limit are 0
 * and all permits are in kept; else kept is 0 and limit is most. So a hit is
 * one compare, and cannot overtake. */
#include "vt/semaphore.h"

#include "sync/semaphore.h"

static vt_semaphore_t *semaphore_of(vt_wait_list_t *list) {
  return VT__WAIT_OWNER(list, vt_semaphore_t, waiters);
}

/* No hits from here on. */
static void keep(vt_semaphore_t *s, uint64_t n) {
  s->kept += s->free + n;
  s->free = s->limit = 0;
}

/* Serves those who can be, in their order. */
static void serve(vt_semaphore_t *s) {
  vt__wait_t *w;
  while ((w = vt__wait_first(&s->waiters)) && w->about.u <= s->kept) {
    s->kept -= w->about.u;
    vt__wait_hand(w, vt__wait_status(w->status));
  }
  if (w || s->status != 0)
    return;
  s->free = s->kept;
  s->kept = 0;
  s->limit = s->most;
}

static void put(vt_semaphore_t *s, uint64_t n) {
  keep(s, n);
  serve(s);
}

void vt__semaphore_left(vt_wait_list_t *list) { put(semaphore_of(list), 0); }

void vt__semaphore_give_back(vt_wait_list_t *list, vt__wait_t *w) {
  put(semaphore_of(list), w->about.u);
}

static const vt__wait_rule_t acquire_rule = {.ops = VT__WAIT_OPS("semaphore"),
                                             .left = vt__semaphore_left,
                                             .give_back =
                                                 vt__semaphore_give_back};

vt_t vt__semaphore_enlist(vt_semaphore_t *s, uint64_t n,
                          const vt__wait_rule_t *rule) {
  if (s->status != 0)
    return vt_failed(s->status);
  vt_t v = vt__wait_enlist(&s->waiters, rule, (vt_value_t){.u = n});
  if (!vt_in_hand(v))
    keep(s, 0);
  return v;
}

void vt__semaphore_move(vt_semaphore_t *s, vt__wait_t *w,
                        const vt__wait_rule_t *rule) {
  vt__wait_move(w, &s->waiters, rule);
  if (s->status != 0)
    vt__wait_end(w, vt__wait_status(s->status));
  else
    put(s, 0);
}

void vt__semaphore_open(vt_semaphore_t *s, uint64_t permits, uint64_t most) {
  s->free = permits;
  s->limit = s->most = most;
  s->kept = 0;
  s->status = 0;
  vt__wait_list_init(&s->waiters);
}

int vt_semaphore_init(vt_semaphore_t *s, uint64_t permits) {
  if (!s)
    return UV_EINVAL;
  vt__semaphore_open(s, permits, UINT64_MAX);
  return 0;
}

vt_t vt__semaphore_wait(vt_semaphore_t *s, uint64_t n) {
  if (n == 0)
    return vt_failed(UV_EINVAL);
  return vt__semaphore_enlist(s, n, &acquire_rule);
}

int vt__semaphore_release(vt_semaphore_t *s, uint64_t n) {
  if (n == 0)
    return UV_EINVAL;
  int rc = vt__wait_list_check(&s->waiters);
  if (rc == 0 && n > s->most - vt_semaphore_available(s))
    rc = UV_EOVERFLOW;
  if (rc == 0)
    put(s, n);
  return rc;
}

int vt_semaphore_close(vt_semaphore_t *s, int64_t status) {
  int rc = vt__wait_list_shut(&s->waiters, &s->status, status);
  if (rc == 0)
    keep(s, 0);
  return rc;
}
