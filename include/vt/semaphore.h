/* SPDX-License-Identifier: MIT */
/* A counting semaphore for async functions and callbacks of one loop. C#'s
 * SemaphoreSlim with WaitAsync.
 *
 * Fair: permits go to those who wait in their order; who comes later does not
 * overtake, even where enough is free for it. A permit that was handed over is
 * never lost: a waiter cancelled after that has it, and what nobody takes
 * (forgotten, withdrawn, never awaited) goes to the next one. Release runs no
 * continuation: those are run by the loop. A wait keeps uv_run going, as every
 * operation does. */
#ifndef VT_SEMAPHORE_H
#define VT_SEMAPHORE_H

#include "vt/wait_list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the caller's memory, which must not move while anybody waits. Private.
 * That somebody waits and that it is closed are folded into free and limit, so
 * that a hit is one compare. */
typedef struct vt_semaphore {
  uint64_t free;  /* permits to be had at once */
  uint64_t limit; /* free may grow to it and nothing else is to be done */
  uint64_t kept;  /* permits, while somebody waits or when it is closed */
  uint64_t most;  /* permits that there may be */
  int64_t status; /* of the close; 0 while open */
  vt_wait_list_t waiters;
} vt_semaphore_t;

/* Opens it with so many permits, 0 or more. UV_EINVAL for NULL. No loop, no
 * allocation. */
VT_API int vt_semaphore_init(vt_semaphore_t *s, uint64_t permits);

VT_API VT_MUST_USE vt_t vt__semaphore_wait(vt_semaphore_t *s, uint64_t n);

/* Takes n permits: in hand when they are free and nobody waits, else in turn.
 * UV_ECANCELED has taken none; the status of the close when it is closed.
 * UV_EINVAL for 0, UV_ENOMEM, VT_ENOLOOP; VT_ETHREAD where others wait on
 * another loop, and under VT_DEBUG on any thread but that of its first use with
 * a loop. */
static inline VT_MUST_USE vt_t vt_semaphore_acquire_async(vt_semaphore_t *s,
                                                          uint64_t n) {
  if (!VT_LIKELY(n - 1 < s->free && VT__IS_HERE(&s->waiters)))
    return vt__semaphore_wait(s, n);
  s->free -= n;
  return vt_done();
}

/* Takes n permits at once: true, or false where that would wait, where it is
 * closed, and for 0. */
static inline bool vt_semaphore_try_acquire(vt_semaphore_t *s, uint64_t n) {
  if (n - 1 >= s->free || !VT__IS_HERE(&s->waiters))
    return false;
  s->free -= n;
  return true;
}

VT_API int vt__semaphore_release(vt_semaphore_t *s, uint64_t n);

/* Puts n permits back, or new ones in; whoever can go on does so from the ready
 * queue, never inside this call. UV_EINVAL for 0, UV_EOVERFLOW when there would
 * be more than 64 bits count, VT_ETHREAD: nothing has changed. Needs no memory.
 * Allowed after close. */
static inline int vt_semaphore_release(vt_semaphore_t *s, uint64_t n) {
  if (!VT_LIKELY(n - 1 < s->limit - s->free && VT__IS_HERE(&s->waiters)))
    return vt__semaphore_release(s, n);
  s->free += n;
  return 0;
}

/* Permits that are not taken. */
static inline uint64_t vt_semaphore_available(const vt_semaphore_t *s) {
  return s->free + s->kept;
}

/* Ends it: all that wait complete with the status (0: UV_ECANCELED; a positive
 * one counts as VT_ESTATUS), and so does every acquire from now on. What was
 * handed over before stays taken. The memory may go, or serve again after an
 * init. Again: the first status stays. VT_ETHREAD: nothing has changed. */
VT_API int vt_semaphore_close(vt_semaphore_t *s, int64_t status);

#ifdef __cplusplus
}
#endif
#endif
