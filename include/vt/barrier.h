/* SPDX-License-Identifier: MIT */
/* A meeting point for a number of async functions of one loop: who arrives
 * waits until all have. Serves again and again. C#'s Barrier. */
#ifndef VT_BARRIER_H
#define VT_BARRIER_H

#include "vt/wait_list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the caller's memory, which must not move while anybody waits. Private. */
typedef struct vt_barrier {
  uint64_t count;
  uint64_t arrived; /* of count */
  int64_t status;   /* of the close; 0 while open */
  vt_wait_list_t waiters;
} vt_barrier_t;

/* Opens it for so many. UV_EINVAL for NULL and for 0. */
VT_API int vt_barrier_init(vt_barrier_t *b, uint64_t count);

/* Arrives, and completes when count have: with value.u 1 for the last one, in
 * hand, and 0 for the others, later and in their order. Cancelled
 * (UV_ECANCELED), it has not arrived; forgotten, it has. The status of the
 * close when it is closed; UV_ENOMEM, VT_ENOLOOP: not arrived; VT_ETHREAD where
 * others wait on another loop. */
VT_API VT_MUST_USE vt_t vt_barrier_arrive_async(vt_barrier_t *b);

/* Ends it, as vt_semaphore_close. */
VT_API int vt_barrier_close(vt_barrier_t *b, int64_t status);

#ifdef __cplusplus
}
#endif
#endif
