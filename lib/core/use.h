/* SPDX-License-Identifier: MIT */
/* Under VT_DEBUG: where value tasks were made and first awaited, and the
 * reports of their misuse. On the loop's thread. */
#ifndef VT_CORE_USE_H
#define VT_CORE_USE_H

#include "core/loop.h"

/* The block's current token begins at the site; what was noted of the token
 * before is kept, the older one forgotten. */
void vt__use_begin(vt_op_t *block, uint32_t made);

/* Before an await or a conversion of v at the site, and before a taking of its
 * result: notes it as the first one, or reports what the call will refuse. */
void vt__use_await(vt_loop_t *loop, vt_t v, uint32_t site);
void vt__use_take(vt_loop_t *loop, vt_t v, uint32_t site);

#endif
