/* SPDX-License-Identifier: MIT */
/* A file system that copies holes as holes: copy_file_range and sendfile as
 * libuv calls them, which make the target longer and write nothing, so that
 * copies of gigabytes cost no disk. Linked into the test program, where they
 * stand before the C library's. */
#ifndef VT_TEST_HOLE_H
#define VT_TEST_HOLE_H

#include <stdbool.h>
#include <stdint.h>

/* From now on, or no more. While nothing is copied. */
void hole_begin(void);
void hole_end(void);

/* Bytes copied since hole_begin. */
uint64_t hole_copied(void);

#endif
