/* SPDX-License-Identifier: MIT */
/* Reader-writer locks. Invariant: the first that waits cannot be served; a
 * writer has it alone; limit is 0 while a writer has it or somebody waits, and
 * once it is closed, else all ones. So what misses a hit waits. */
#include "vt/rwlock.h"

#include "sync/wait_list.h"

static bool is_free_for(const vt_rwlock_t *l, uint64_t how) {
  return !l->writer && (how == VT__READ || l->readers == 0);
}

static void take(vt_rwlock_t *l, uint64_t how) {
  if (how == VT__WRITE)
    l->writer = true;
  else
    l->readers++;
}

static void serve(vt_rwlock_t *l) {
  vt__wait_t *w;
  while ((w = vt__wait_first(&l->waiters)) && is_free_for(l, w->about.u)) {
    take(l, w->about.u);
    vt__wait_hand(w, vt__wait_status(0));
  }
  l->limit = w || l->writer || l->status != 0 ? 0 : UINT64_MAX;
}

static void put(vt_rwlock_t *l, uint64_t how) {
  if (how == VT__WRITE)
    l->writer = false;
  else
    l->readers--;
  serve(l);
}

static vt_rwlock_t *rwlock_of(vt_wait_list_t *list) {
  return VT__WAIT_OWNER(list, vt_rwlock_t, waiters);
}

static void left(vt_wait_list_t *list) { serve(rwlock_of(list)); }

static void give_back(vt_wait_list_t *list, vt__wait_t *w) {
  put(rwlock_of(list), w->about.u);
}

static const vt__wait_rule_t rules[] = {
    [VT__READ] = {.ops = VT__WAIT_OPS("rwlock read"),
                  .left = left,
                  .give_back = give_back},
    [VT__WRITE] = {.ops = VT__WAIT_OPS("rwlock write"),
                   .left = left,
                   .give_back = give_back},
};

vt_t vt__rwlock_wait(vt_rwlock_t *l, uint64_t how) {
  if (l->status != 0)
    return vt_failed(l->status);
  vt_t v = vt__wait_enlist(&l->waiters, &rules[how], (vt_value_t){.u = how});
  if (!vt_in_hand(v))
    l->limit = 0;
  return v;
}

int vt__rwlock_unlock(vt_rwlock_t *l, uint64_t how) {
  int rc = vt__wait_list_check(&l->waiters);
  if (rc != 0)
    return rc;
  if (how == VT__WRITE ? !l->writer : l->readers == 0)
    return UV_EPERM;
  put(l, how);
  return 0;
}

int vt_rwlock_init(vt_rwlock_t *l) {
  if (!l)
    return UV_EINVAL;
  l->readers = 0;
  l->limit = UINT64_MAX;
  l->writer = false;
  l->status = 0;
  vt__wait_list_init(&l->waiters);
  return 0;
}

int vt_rwlock_close(vt_rwlock_t *l, int64_t status) {
  int rc = vt__wait_list_shut(&l->waiters, &l->status, status);
  if (rc == 0)
    l->limit = 0;
  return rc;
}
