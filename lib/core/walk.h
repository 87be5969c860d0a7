/* SPDX-License-Identifier: MIT */
/* Looking at what a loop still has. */
#ifndef VT_CORE_WALK_H
#define VT_CORE_WALK_H

#include <stdbool.h>

#include "vt/loop.h"

/* Reports each block that keeps the loop from being detached; false when there
 * is none. */
bool vt__walk_left(vt_loop_t *loop);

/* Reports each result that nobody took and that was not reported, and drops all
 * of them. */
void vt__walk_untaken(vt_loop_t *loop);

#endif
