/* SPDX-License-Identifier: MIT */
/* The one door to memory inside the library. Any thread. */
#ifndef VT_BASE_ALLOC_H
#define VT_BASE_ALLOC_H

#include <stddef.h>

/* As the C library's, through the replaceable functions, counted. A size of 0
 * counts as 1; free accepts NULL. */
void *vt__malloc(size_t size);
void *vt__calloc(size_t count, size_t size);
void *vt__realloc(void *ptr, size_t size);
void vt__free(void *ptr);

#endif
