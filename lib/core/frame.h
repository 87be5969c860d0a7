/* SPDX-License-Identifier: MIT */
/* Boxed frames: for the debug form, and for functions that begin later. */
#ifndef VT_CORE_FRAME_H
#define VT_CORE_FRAME_H

#include <stdbool.h>

#include "vt/async.h"

/* Whether a frame in a box was there from the start, and so must not move. */
bool vt__frame_is_pinned(const void *boxed);

/* vt_start_boxed in two steps: a pending box of the current scope with the
 * frame copied into it; VT_ENOLOOP, UV_EINVAL, UV_ENOMEM. Dropped by
 * vt__op_undo, or run, once, in the same scope. */
int vt__box_prepare(const void *frame, size_t size, vt_body_fn *body,
                    vt_op_t **out);
vt_t vt__box_run(vt_op_t *box);

#endif
