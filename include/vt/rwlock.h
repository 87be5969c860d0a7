/* SPDX-License-Identifier: MIT */
/* A lock across awaits that readers share and a writer has alone, for async
 * functions and callbacks of one loop. C#'s ReaderWriterLockSlim, for awaits.
 *
 * Fair: first come, first served. A reader waits behind a writer that waits, so
 * that neither side starves; readers that stand in line one after another go in
 * together. */
#ifndef VT_RWLOCK_H
#define VT_RWLOCK_H

#include "vt/wait_list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the caller's memory, which must not move while anybody waits. Private.
 * That a writer has it, that somebody waits and that it is closed are folded
 * into limit. */
typedef struct vt_rwlock {
  uint64_t readers; /* that have it */
  uint64_t limit;   /* of readers; 0 when there is more to do than to count */
  bool writer;      /* one has it */
  int64_t status;   /* of the close; 0 while open */
  vt_wait_list_t waiters;
} vt_rwlock_t;

/* Opens it, not locked. UV_EINVAL for NULL. */
VT_API int vt_rwlock_init(vt_rwlock_t *l);

VT_API VT_MUST_USE vt_t vt__rwlock_wait(vt_rwlock_t *l, uint64_t how);
VT_API int vt__rwlock_unlock(vt_rwlock_t *l, uint64_t how);
enum { VT__READ, VT__WRITE };

/* Takes the lock at once, shared or alone: true, or false where that would wait
 * and where it is closed. */
static inline bool vt_rwlock_try_read_lock(vt_rwlock_t *l) {
  if (l->readers >= l->limit || !VT__IS_HERE(&l->waiters))
    return false;
  l->readers++;
  return true;
}

static inline bool vt_rwlock_try_write_lock(vt_rwlock_t *l) {
  if (l->limit == 0 || l->readers != 0 || !VT__IS_HERE(&l->waiters))
    return false;
  l->writer = true;
  l->limit = 0;
  return true;
}

/* Has the lock, shared or alone, when it completes with 0: in hand when it can
 * be had and nobody waits, else in turn. Not recursive: a reader that comes
 * again behind a writer waits for itself. UV_ECANCELED has not got it; the
 * status of the close when it is closed; UV_ENOMEM, VT_ENOLOOP; VT_ETHREAD
 * where others wait on another loop. A lock that was handed over and that
 * nobody takes goes to the next one. */
static inline VT_MUST_USE vt_t vt_rwlock_read_lock_async(vt_rwlock_t *l) {
  if (!VT_LIKELY(vt_rwlock_try_read_lock(l)))
    return vt__rwlock_wait(l, VT__READ);
  return vt_done();
}

static inline VT_MUST_USE vt_t vt_rwlock_write_lock_async(vt_rwlock_t *l) {
  if (!VT_LIKELY(vt_rwlock_try_write_lock(l)))
    return vt__rwlock_wait(l, VT__WRITE);
  return vt_done();
}

/* By a holder: gives its share back, or the whole; who can go on does so later,
 * never inside. UV_EPERM when nobody has it so, VT_ETHREAD: nothing has
 * changed. Allowed after close. */
static inline int vt_rwlock_read_unlock(vt_rwlock_t *l) {
  if (!VT_LIKELY(l->readers - 1 < l->limit && VT__IS_HERE(&l->waiters)))
    return vt__rwlock_unlock(l, VT__READ);
  l->readers--;
  return 0;
}

static inline int vt_rwlock_write_unlock(vt_rwlock_t *l) {
  return vt__rwlock_unlock(l, VT__WRITE);
}

/* Ends it, as vt_semaphore_close. */
VT_API int vt_rwlock_close(vt_rwlock_t *l, int64_t status);

#ifdef __cplusplus
}
#endif
#endif
