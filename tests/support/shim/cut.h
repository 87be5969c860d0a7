/* SPDX-License-Identifier: MIT */
/* A file that takes less than it is given: write, pwrite and their forms of
 * several blocks as libuv calls them, cut or refused for one descriptor. Linked
 * into the test program, where they stand before the C library's. libuv 1.44
 * makes the system call of pwritev itself: that one is not cut. */
#ifndef VT_TEST_CUT_H
#define VT_TEST_CUT_H

#include <stddef.h>

/* From now on fd takes at most piece bytes a call (0: any number), and after
 * space bytes in all it fails with error, a positive errno (0: it answers that
 * it took nothing). fd -1: nothing is cut. While nothing is written. */
void cut_begin(int fd, size_t piece, size_t space, int error);

/* Nothing is cut any more. While nothing is written. */
void cut_end(void);

/* Calls seen for the descriptor. */
int cut_calls(void);

#endif
