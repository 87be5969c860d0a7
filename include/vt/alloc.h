/* SPDX-License-Identifier: MIT */
/* The one door to memory. Everything that the library allocates passes these
 * four functions; libuv's own allocations pass uv_replace_allocator. */
#ifndef VT_ALLOC_H
#define VT_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#include "vt/export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void *vt_malloc_fn(size_t size);
typedef void *vt_realloc_fn(void *ptr, size_t size);
typedef void *vt_calloc_fn(size_t count, size_t size);
typedef void vt_free_fn(void *ptr);

/* Replaces the four functions for the whole process, in the manner of
 * uv_replace_allocator. They must be callable from any thread and may return
 * NULL. UV_EINVAL when one is NULL, UV_EBUSY while anything is allocated
 * through the old ones (a loop attached, a task alive); nothing changes then.
 * Call it before the first loop is attached, from one thread. */
VT_API int vt_replace_allocator(vt_malloc_fn *malloc_fn,
                                vt_realloc_fn *realloc_fn,
                                vt_calloc_fn *calloc_fn, vt_free_fn *free_fn);

/* What the door has seen since the process began. */
typedef struct {
  uint64_t calls;  /* allocations and growths asked for */
  uint64_t failed; /* of these, refused */
  uint64_t blocks; /* alive now */
  uint64_t bytes;  /* asked for by the blocks alive now */
} vt_alloc_stats_t;

/* Reads the counters into out. Any thread; while other threads allocate, the
 * four numbers are each right, but not of one moment. */
VT_API void vt_alloc_stats(vt_alloc_stats_t *out);

#ifdef __cplusplus
}
#endif
#endif
