/* SPDX-License-Identifier: MIT */
/* Waking a loop from any thread: uv_async_t as value tasks. What has a result
 * to hand over is a promise (<vt/task.h>); what has an order, vt_invoke_on. */
#ifndef VT_ASYNC_HANDLE_H
#define VT_ASYNC_HANDLE_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_async vt_async_t;

/* Gives an object of this thread's loop, end it by vt_async_close. VT_ENOLOOP,
 * UV_ENOMEM, UV_EINVAL for NULL and libuv's own. (A uv_async_t of yours cannot
 * be wrapped: its callback is fixed by uv_async_init.) */
VT_API int vt_async_new(vt_async_t **out);

/* From any thread, and from a signal handler: completes a wait. What was
 * written before the send can be read after the wait. 0; UV_EBADF once the
 * close has begun. The object is gone when the close completes: threads that
 * still send must be told to stop before that. Never blocks. */
VT_API int vt_async_send(vt_async_t *async);

/* Completes when there was a send, in hand when there was one since the last
 * wait, with the number of them in value.u: none is lost, merged or counted
 * twice. Waits are served one by one, in their order. Sends that came before a
 * close still go to the wait that there is; else UV_ECANCELED, and UV_EBADF
 * after it. On the loop's thread. */
VT_API VT_MUST_USE vt_t vt_async_wait(vt_async_t *async);

/* Takes the object; as vt_close otherwise. Waits for threads that are inside of
 * vt_async_send, which is a matter of a few instructions. */
VT_API VT_MUST_USE vt_t vt_async_close(vt_async_t *async);

/* The handle; borrowed until the close. */
VT_API uv_async_t *vt_async_uv(vt_async_t *async);

#ifdef __cplusplus
}
#endif
#endif
