/* SPDX-License-Identifier: MIT */
/* Boxed frames, for the debug form. */
#ifndef VT_CORE_FRAME_H
#define VT_CORE_FRAME_H

#include <stdbool.h>

/* Whether a frame in a box was there from the start, and so must not move. */
bool vt__frame_is_pinned(const void *boxed);

#endif
