/* SPDX-License-Identifier: MIT */
/* Random bytes of the system, fit for keys. */
#ifndef VT_RANDOM_H
#define VT_RANDOM_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills size bytes of buffer on a thread of libuv's pool; borrows it until
 * completion, and its content is undefined after a failure. Cancelled in
 * libuv's queue: UV_ECANCELED; after that cancel answers UV_EBUSY and the
 * result comes, as a thread writes to the buffer. flags is 0, for later use.
 * UV_EINVAL for NULL and other flags, UV_E2BIG over 2 GiB - 1, VT_ENOLOOP,
 * UV_ENOMEM. */
VT_API VT_MUST_USE vt_t vt_random(void *buffer, size_t size, unsigned flags);

#ifdef __cplusplus
}
#endif
#endif
