/* SPDX-License-Identifier: MIT */
/* The one door to memory: replaceable functions and counters. Each block has a
 * head that remembers its size, so that bytes alive are counted whatever the
 * allocator. The library allocates slabs and tables, never single operations,
 * so the counters cost nothing that could be measured. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "vt/alloc.h"
#include <uv.h>

/* Keeps what malloc promises: blocks aligned for any type. */
typedef union block_head {
  size_t size;
  max_align_t align;
} block_head_t;

static struct {
  vt_malloc_fn *malloc_fn;
  vt_realloc_fn *realloc_fn;
  vt_calloc_fn *calloc_fn;
  vt_free_fn *free_fn;
} door = {malloc, realloc, calloc, free};

static struct {
  _Atomic uint64_t calls;
  _Atomic uint64_t failed;
  _Atomic uint64_t blocks;
  _Atomic uint64_t bytes;
} counters;

int vt_replace_allocator(vt_malloc_fn *malloc_fn, vt_realloc_fn *realloc_fn,
                         vt_calloc_fn *calloc_fn, vt_free_fn *free_fn) {
  if (!malloc_fn || !realloc_fn || !calloc_fn || !free_fn)
    return UV_EINVAL;
  if (atomic_load(&counters.blocks) != 0)
    return UV_EBUSY;
  door.malloc_fn = malloc_fn;
  door.realloc_fn = realloc_fn;
  door.calloc_fn = calloc_fn;
  door.free_fn = free_fn;
  return 0;
}

void vt_alloc_stats(vt_alloc_stats_t *out) {
  if (!out)
    return;
  out->calls = atomic_load(&counters.calls);
  out->failed = atomic_load(&counters.failed);
  out->blocks = atomic_load(&counters.blocks);
  out->bytes = atomic_load(&counters.bytes);
}

/* Whole size of a block with its head; 0 when it does not fit. */
static size_t whole_size(size_t size) {
  if (size > SIZE_MAX / 2)
    return 0;
  return sizeof(block_head_t) + (size ? size : 1);
}

static void *opened(block_head_t *head, size_t size) {
  atomic_fetch_add(&counters.calls, 1);
  if (!head) {
    atomic_fetch_add(&counters.failed, 1);
    return NULL;
  }
  head->size = size;
  atomic_fetch_add(&counters.blocks, 1);
  atomic_fetch_add(&counters.bytes, size);
  return head + 1;
}

void *vt__malloc(size_t size) {
  size_t whole = whole_size(size);
  return opened(whole ? door.malloc_fn(whole) : NULL, size);
}

void *vt__calloc(size_t count, size_t size) {
  size_t whole =
      size && count > SIZE_MAX / 2 / size ? 0 : whole_size(count * size);
  return opened(whole ? door.calloc_fn(1, whole) : NULL, count * size);
}

void *vt__realloc(void *ptr, size_t size) {
  if (!ptr)
    return vt__malloc(size);
  size_t whole = whole_size(size);
  block_head_t *head = (block_head_t *)ptr - 1;
  size_t before = head->size;
  atomic_fetch_add(&counters.calls, 1);
  head = whole ? door.realloc_fn(head, whole) : NULL;
  if (!head) {
    atomic_fetch_add(&counters.failed, 1);
    return NULL;
  }
  head->size = size;
  atomic_fetch_add(&counters.bytes, size - before);
  return head + 1;
}

void vt__free(void *ptr) {
  if (!ptr)
    return;
  block_head_t *head = (block_head_t *)ptr - 1;
  atomic_fetch_sub(&counters.blocks, 1);
  atomic_fetch_sub(&counters.bytes, head->size);
  door.free_fn(head);
}
