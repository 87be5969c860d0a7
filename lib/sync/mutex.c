/* SPDX-License-Identifier: MIT */
/* Mutexes: a semaphore of one permit. */
#include "vt/mutex.h"

#include "sync/semaphore.h"

static const vt__wait_rule_t lock_rule = {.ops = VT__WAIT_OPS("mutex"),
                                          .left = vt__semaphore_left,
                                          .give_back = vt__semaphore_give_back};

int vt_mutex_init(vt_mutex_t *m) {
  if (!m)
    return UV_EINVAL;
  vt__semaphore_open(&m->permit, 1, 1);
  return 0;
}

vt_t vt__mutex_wait(vt_mutex_t *m) {
  return vt__semaphore_enlist(&m->permit, 1, &lock_rule);
}

int vt__mutex_unlock(vt_mutex_t *m) {
  int rc = vt__semaphore_release(&m->permit, 1);
  return rc == UV_EOVERFLOW ? UV_EPERM : rc;
}

int vt_mutex_close(vt_mutex_t *m, int64_t status) {
  return vt_semaphore_close(&m->permit, status);
}
