/* SPDX-License-Identifier: MIT */
/* The phases of a turn of libuv's loop: idle, prepare (before it sleeps for
 * I/O) and check (after it). For who only wants to go on a turn later there is
 * vt_yield. All on one loop's thread. */
#ifndef VT_PHASE_H
#define VT_PHASE_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_phase vt_phase_t;

/* An object for UV_IDLE, UV_PREPARE or UV_CHECK (UV_EINVAL for others); gives
 * it, end it by vt_phase_close. VT_ENOLOOP, UV_ENOMEM. */
VT_API int vt_phase_new(uv_handle_type phase, vt_phase_t **out);

/* The same with a handle of yours, of one of these types, that is initialised
 * and not started (UV_EBUSY otherwise). Borrows handle until vt_phase_unwrap or
 * the end of vt_phase_close. UV_EEXIST when it has an object, UV_EBADF while it
 * closes. */
VT_API int vt_phase_wrap(uv_handle_t *handle, vt_phase_t **out);

/* Gives a wrapped handle back, open and stopped, and frees the object. UV_EBUSY
 * while somebody waits, UV_EINVAL for an object with a handle of its own. */
VT_API int vt_phase_unwrap(vt_phase_t *phase);

/* Completes in the next such phase, with all others that wait; a wait that is
 * begun there is for the one after it. While one waits for idle the loop does
 * not sleep. UV_ECANCELED when it is closed meanwhile, UV_EBADF after that. */
VT_API VT_MUST_USE vt_t vt_phase_wait(vt_phase_t *phase);

/* Takes the object; as vt_close otherwise. */
VT_API VT_MUST_USE vt_t vt_phase_close(vt_phase_t *phase);

/* The handle; borrowed until the close. */
VT_API uv_handle_t *vt_phase_uv(vt_phase_t *phase);

#ifdef __cplusplus
}
#endif
#endif
