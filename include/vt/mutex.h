/* SPDX-License-Identifier: MIT */
/* A lock across awaits, for async functions and callbacks of one loop: C#'s
 * SemaphoreSlim of one, as everybody uses it. Code that does not await needs
 * none, as nothing runs beside it. Fair, as <vt/semaphore.h> tells. */
#ifndef VT_MUTEX_H
#define VT_MUTEX_H

#include "vt/semaphore.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the caller's memory, which must not move while anybody waits. Private. */
typedef struct vt_mutex {
  vt_semaphore_t permit;
} vt_mutex_t;

/* Opens it, not locked. UV_EINVAL for NULL. */
VT_API int vt_mutex_init(vt_mutex_t *m);

VT_API VT_MUST_USE vt_t vt__mutex_wait(vt_mutex_t *m);

/* Has the lock when it completes with 0: in hand when it is free and nobody
 * waits, else in turn. Who has it unlocks it. Not recursive: a holder that
 * locks again waits for itself. UV_ECANCELED has not got it; the status of the
 * close when it is closed; UV_ENOMEM, VT_ENOLOOP, VT_ETHREAD. A lock that was
 * handed over and that nobody takes goes to the next one. */
static inline VT_MUST_USE vt_t vt_mutex_lock_async(vt_mutex_t *m) {
  if (!VT_LIKELY(m->permit.free != 0 && VT__IS_HERE(&m->permit.waiters)))
    return vt__mutex_wait(m);
  m->permit.free = 0;
  return vt_done();
}

/* Takes the lock at once: true, or false where that would wait and where it is
 * closed. */
static inline bool vt_mutex_try_lock(vt_mutex_t *m) {
  return vt_semaphore_try_acquire(&m->permit, 1);
}

VT_API int vt__mutex_unlock(vt_mutex_t *m);

/* By the holder: hands the lock to the first that waits, whose continuation
 * runs later, or frees it. UV_EPERM when it is not locked, VT_ETHREAD: nothing
 * has changed. Which caller holds it cannot be told. Allowed after close. */
static inline int vt_mutex_unlock(vt_mutex_t *m) {
  if (!VT_LIKELY(m->permit.free != m->permit.limit &&
                 VT__IS_HERE(&m->permit.waiters)))
    return vt__mutex_unlock(m);
  m->permit.free = 1;
  return 0;
}

/* Whether somebody has it, or has been handed it. */
static inline bool vt_mutex_is_locked(const vt_mutex_t *m) {
  return vt_semaphore_available(&m->permit) == 0;
}

/* Ends it, as vt_semaphore_close. */
VT_API int vt_mutex_close(vt_mutex_t *m, int64_t status);

#ifdef __cplusplus
}
#endif
#endif
