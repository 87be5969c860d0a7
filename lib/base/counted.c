/* SPDX-License-Identifier: MIT */
/* Counted memory: a head before the block. */
#include "vt/counted.h"

#include <stdatomic.h>
#include <stdint.h>
#include <uv.h>

#include "base/alloc.h"

struct head {
  _Alignas(max_align_t) atomic_size_t owners;
  vt_counted_close_fn *close;
};

static struct head *head_of(const void *block) {
  return (struct head *)(uintptr_t)block - 1;
}

int vt_counted_new(size_t size, vt_counted_close_fn *close, void **out) {
  if (!out || size > SIZE_MAX - sizeof(struct head))
    return UV_EINVAL;
  struct head *head = vt__calloc(1, sizeof *head + size);
  if (!head)
    return UV_ENOMEM;
  atomic_init(&head->owners, 1);
  head->close = close;
  *out = head + 1;
  return 0;
}

void *vt_counted_retain(const void *block) {
  if (block)
    atomic_fetch_add_explicit(&head_of(block)->owners, 1, memory_order_relaxed);
  return (void *)(uintptr_t)block;
}

void vt_counted_release(const void *block) {
  if (!block || atomic_fetch_sub_explicit(&head_of(block)->owners, 1,
                                          memory_order_acq_rel) != 1)
    return;
  struct head *head = head_of(block);
  if (head->close)
    head->close(head + 1);
  vt__free(head);
}

void vt_counted_drop(void *arg, void *block) {
  (void)arg;
  vt_counted_release(block);
}
