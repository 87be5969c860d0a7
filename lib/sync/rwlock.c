/* SPDX-License-Identifier: MIT */
/* Reader-writer locks. Invariant: the first that waits cannot be served; a
 * writer has it alone. */
#include "vt/rwlock.h"

#include "sync/wait_list.h"

enum { READ, WRITE };

static bool is_free_for(const vt_rwlock_t *l, uint64_t how) {
  return !l->writer && (how == READ || l->readers == 0);
}

static void take(vt_rwlock_t *l, uint64_t how) {
  if (how == WRITE)
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
}

static void put(vt_rwlock_t *l, uint64_t how) {
  if (how == WRITE)
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
    [READ] = {.ops = VT__WAIT_OPS("rwlock read"),
              .left = left,
              .give_back = give_back},
    [WRITE] = {.ops = VT__WAIT_OPS("rwlock write"),
               .left = left,
               .give_back = give_back},
};

static bool try_lock(vt_rwlock_t *l, uint64_t how) {
  if (!is_free_for(l, how) || l->status != 0 ||
      !vt__wait_list_is_empty(&l->waiters))
    return false;
  take(l, how);
  return true;
}

static vt_t lock(vt_rwlock_t *l, uint64_t how) {
  if (VT_LIKELY(try_lock(l, how)))
    return vt_done();
  if (l->status != 0)
    return vt_failed(l->status);
  return vt__wait_enlist(&l->waiters, &rules[how], (vt_value_t){.u = how});
}

static int unlock(vt_rwlock_t *l, uint64_t how) {
  int rc = vt__wait_list_check(&l->waiters);
  if (rc != 0)
    return rc;
  if (how == WRITE ? !l->writer : l->readers == 0)
    return UV_EPERM;
  put(l, how);
  return 0;
}

int vt_rwlock_init(vt_rwlock_t *l) {
  if (!l)
    return UV_EINVAL;
  l->readers = 0;
  l->writer = false;
  l->status = 0;
  vt__wait_list_init(&l->waiters);
  return 0;
}

vt_t vt_rwlock_read_lock_async(vt_rwlock_t *l) { return lock(l, READ); }

vt_t vt_rwlock_write_lock_async(vt_rwlock_t *l) { return lock(l, WRITE); }

bool vt_rwlock_try_read_lock(vt_rwlock_t *l) { return try_lock(l, READ); }

bool vt_rwlock_try_write_lock(vt_rwlock_t *l) { return try_lock(l, WRITE); }

int vt_rwlock_read_unlock(vt_rwlock_t *l) { return unlock(l, READ); }

int vt_rwlock_write_unlock(vt_rwlock_t *l) { return unlock(l, WRITE); }

int vt_rwlock_close(vt_rwlock_t *l, int64_t status) {
  return vt__wait_list_shut(&l->waiters, &l->status, status);
}
