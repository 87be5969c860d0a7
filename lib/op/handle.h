/* SPDX-License-Identifier: MIT */
/* What all objects that stand for a uv handle share: how they are made around a
 * handle of their own or one of the user's, found again in libuv's callbacks,
 * and closed.
 *
 *     struct vt_signal {
 *       vt__handle_t head;
 *       uv_signal_t own;   right behind head; not used for a wrapped one
 *       ...
 *     };
 *
 * uv_handle_t.data stays the user's: an object is found by its handle's
 * address. The library's handles are unreferenced, as it is the pending
 * operations that hold the loop; whether the user's are is left to them. */
#ifndef VT_OP_HANDLE_H
#define VT_OP_HANDLE_H

#include "core/handles.h"
#include "core/loop.h"
#include "vt/handle.h"

/* The offset of an owned uv handle in its object, which must be where the
 * compiler puts it. */
#define VT__HANDLE_OWN (sizeof(vt__handle_t))

/* An object of size bytes, zeroed but for its head, whose own handle is known
 * to the loop and still to be made (uv_..._init on head.uv): VT_ENOLOOP,
 * UV_ENOMEM. out points to a pointer to it. */
int vt__handle_new(const vt__handle_kind_t *kind, size_t size, void *out);

/* The own handle was made: a pending operation holds the loop, not this. */
void vt__handle_made(vt__handle_t *handle);

/* An object around a handle of the user's, which is open: UV_EINVAL for NULL or
 * another type, VT_ENOLOOP, VT_ETHREAD for another loop's, UV_EBADF while it
 * closes, UV_EEXIST when there is an object already, UV_ENOMEM. */
int vt__handle_wrap(const vt__handle_kind_t *kind, size_t size, void *uv,
                    uv_handle_type type, void *out);

/* Frees an object whose own handle was never made, or gives the user's handle
 * back. Nothing of it is pending. */
void vt__handle_drop(vt__handle_t *handle);

/* Why vt__handle_check says no. */
int vt__handle_check_slowly(const vt__handle_t *handle);

/* 0 where an operation may begin; UV_EINVAL for NULL, VT_ENOLOOP, VT_ETHREAD,
 * UV_EBADF once it closes. */
static inline int vt__handle_check(const vt__handle_t *handle) {
  if (VT_LIKELY(handle && handle->loop == vt__current && !handle->closing))
    return 0;
  return vt__handle_check_slowly(handle);
}

/* Closes, and completes when libuv is done, as all closes of it do. Without
 * memory for the wait an object is closed all the same. */
vt_t vt__handle_close(vt__handle_t *handle);

/* The same by another function than uv_close, whose refusal leaves all as it
 * is. */
typedef int vt__close_fn(uv_handle_t *uv, uv_close_cb on_closed);
vt_t vt__handle_close_by(vt__handle_t *handle, vt__close_fn *close);

/* Closes an object of the library's own that nobody knows: out of the loop's
 * table at once, so that no detach has to wait. Needs no memory. */
void vt__handle_abandon(vt__handle_t *handle);

/* Closes the one handle, for a kind with a close of its own. */
void vt__handle_close_now(vt__handle_t *handle);

/* libuv is done with all handles of an object that closes: ends it. */
void vt__handle_closed(vt__handle_t *handle);

/* The object of an own uv handle. */
static inline vt__handle_t *vt__handle_owner(const void *uv) {
  return (vt__handle_t *)(void *)((char *)(uintptr_t)uv - VT__HANDLE_OWN);
}

vt__handle_t *vt__handle_find(const void *uv);

/* The object of a handle in one of its callbacks. */
static inline vt__handle_t *vt__handle_of(const void *uv) {
  if (VT_LIKELY(vt__current->borrowed == 0))
    return vt__handle_owner(uv);
  return vt__handle_find(uv);
}

#endif
