/* SPDX-License-Identifier: MIT */
/* Signals of the process as value tasks. All on one loop's thread; several
 * loops and several objects may watch the same signal, and each is told. */
#ifndef VT_SIGNAL_H
#define VT_SIGNAL_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_signal vt_signal_t;

/* Watches a signal from now on, also between two waits; gives the object, end
 * it by vt_signal_close. UV_EINVAL for a number that cannot be watched,
 * VT_ENOLOOP, UV_ENOMEM and libuv's own. */
VT_API int vt_signal_new(int signum, vt_signal_t **out);

/* The same with a handle of yours that is initialised and not started (UV_EBUSY
 * otherwise). Borrows handle until vt_signal_unwrap or the end of
 * vt_signal_close. UV_EEXIST when it has an object, UV_EBADF while it
 * closes. */
VT_API int vt_signal_wrap(uv_signal_t *handle, int signum, vt_signal_t **out);

/* Gives a wrapped handle back, open and stopped, and frees the object.
 * UV_EBUSY while somebody waits, UV_EINVAL for an object with a handle of its
 * own. */
VT_API int vt_signal_unwrap(vt_signal_t *signal);

/* Completes when the signal has come, in hand when it has come since the last
 * wait, with the number of times in value.u: the kernel merges what comes
 * faster than it is looked at. Waits are served one by one, in their order.
 * UV_ECANCELED when it is closed meanwhile, UV_EBADF after that. */
VT_API VT_MUST_USE vt_t vt_signal_wait(vt_signal_t *signal);

/* Takes the object; as vt_close otherwise. The signal does again what it did
 * before, unless others watch it. */
VT_API VT_MUST_USE vt_t vt_signal_close(vt_signal_t *signal);

/* The handle; borrowed until the close. */
VT_API uv_signal_t *vt_signal_uv(vt_signal_t *signal);

/* Completes when the signal comes, once, with nothing to close. UV_EINVAL as
 * above. */
VT_API VT_MUST_USE vt_t vt_signal_once(int signum);

#ifdef __cplusplus
}
#endif
#endif
