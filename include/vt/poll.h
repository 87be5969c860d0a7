/* SPDX-License-Identifier: MIT */
/* Readiness of a descriptor: for libraries that do their own reading and
 * writing. Streams and files have operations of their own. */
#ifndef VT_POLL_H
#define VT_POLL_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_poll vt_poll_t;

/* An object for a descriptor that can be polled, which libuv makes
 * non-blocking; gives it, end it by vt_poll_close. Borrows fd until
 * vt_poll_close was called: close the descriptor after that, not before.
 * UV_EPERM for a plain file, UV_EEXIST when the loop watches fd already,
 * UV_EBADF, VT_ENOLOOP, UV_ENOMEM. */
VT_API int vt_poll_new(int fd, vt_poll_t **out);

/* The same with a handle of yours that is initialised and not started (UV_EBUSY
 * otherwise). Borrows handle until vt_poll_unwrap or the end of vt_poll_close.
 * UV_EEXIST when it has an object, UV_EBADF while it closes. */
VT_API int vt_poll_wrap(uv_poll_t *handle, vt_poll_t **out);

/* Gives a wrapped handle back, open and stopped, and frees the object.
 * UV_EBUSY while somebody waits, UV_EINVAL for an object with a handle of its
 * own. */
VT_API int vt_poll_unwrap(vt_poll_t *poll);

/* Completes when one of events is so (UV_READABLE, UV_WRITABLE, UV_DISCONNECT,
 * UV_PRIORITIZED), with those of them that are in value.u. Any number may wait,
 * each for events of its own, and what comes is told to all whom it concerns.
 * The descriptor is polled only while somebody waits. UV_EBADF when the kernel
 * tells an error of the descriptor (which a read or write then names) and after
 * the close, UV_ECANCELED when it is closed meanwhile, UV_EINVAL for events
 * that there are not. */
VT_API VT_MUST_USE vt_t vt_poll_wait(vt_poll_t *poll, int events);

/* Takes the object; as vt_close otherwise. The descriptor may be closed as soon
 * as this has returned. */
VT_API VT_MUST_USE vt_t vt_poll_close(vt_poll_t *poll);

/* The handle; borrowed until the close. */
VT_API uv_poll_t *vt_poll_uv(vt_poll_t *poll);

#ifdef __cplusplus
}
#endif
#endif
