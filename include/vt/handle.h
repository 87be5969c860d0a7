/* SPDX-License-Identifier: MIT */
/* The end of a uv handle, awaited. libuv's uv_close tells of it by a callback
 * only, and must not be called twice. */
#ifndef VT_HANDLE_H
#define VT_HANDLE_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Closes a handle of yours, or that of an object of the library's (which is
 * freed then, as by its own close), and completes when libuv is done with it:
 * its memory may go. Again, while it closes: completes with the first; after
 * that, and for one that you gave to uv_close, which has told you or will: 0
 * in hand. Borrows handle until completion; its data stays yours. Cannot be
 * cancelled, and begins in a cancelled scope too. UV_EINVAL for NULL,
 * VT_ENOLOOP, VT_ETHREAD for a handle of another loop. UV_ENOMEM: a handle of
 * yours is still open, an object's is closed all the same. */
VT_API VT_MUST_USE vt_t vt_close(uv_handle_t *handle);

#ifdef __cplusplus
}
#endif
#endif
