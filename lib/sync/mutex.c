/* SPDX-License-Identifier: MIT */
/* Mutexes: a semaphore of one permit. */
#include "vt/mutex.h"

#include "sync/semaphore.h"

static const vt__wait_rule_t lock_rule = {.ops = VT__WAIT_OPS("mutex"),
                                          .left = vt__semaphore_left,
                                          .give_back = vt__semaphore_give_back};

int vt_mutex_init(vt_mutex_t *m) {
  return m ? vt_semaphore_init(&m->permit, 1) : UV_EINVAL;
}

vt_t vt__mutex_wait(vt_mutex_t *m) {
  return vt__semaphore_enlist(&m->permit, 1, &lock_rule);
}

int vt_mutex_unlock(vt_mutex_t *m) {
  return vt_mutex_is_locked(m) ? vt_semaphore_release(&m->permit, 1) : UV_EPERM;
}

int vt_mutex_close(vt_mutex_t *m, int64_t status) {
  return vt_semaphore_close(&m->permit, status);
}
