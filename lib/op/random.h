/* SPDX-License-Identifier: MIT */
/* Random bytes without a loop. */
#ifndef VT_OP_RANDOM_H
#define VT_OP_RANDOM_H

#include <stddef.h>

/* Fills buffer from the system, at once; 0 or uv_random's status. Any
 * thread. */
int vt__random_now(void *buffer, size_t size);

#endif
