/* SPDX-License-Identifier: MIT */
/* The timer heap: all delays of a loop, the earliest first, equal times in the
 * order they were begun. */
#ifndef VT_CORE_HEAP_H
#define VT_CORE_HEAP_H

#include "vt/bridge.h"

/* 16 bytes; the tie is broken by the block's token, which grows. */
typedef struct vt__heap_slot {
  uint64_t due;
  vt_op_t *op; /* its aux is the slot's number */
} vt__heap_slot_t;

typedef struct vt__heap {
  vt__heap_slot_t *slots;
  uint32_t count;
  uint32_t capacity;
} vt__heap_t;

/* UV_ENOMEM when it cannot grow. */
int vt__heap_push(vt__heap_t *heap, vt_op_t *op, uint64_t due);

/* Removes the earliest; the heap is not empty. */
vt_op_t *vt__heap_pop(vt__heap_t *heap);

/* Makes an entry the earliest: due at 0. Needs no memory. */
void vt__heap_hurry(vt__heap_t *heap, vt_op_t *op);

void vt__heap_close(vt__heap_t *heap);

static inline bool vt__heap_is_due(const vt__heap_t *heap, uint64_t now) {
  return heap->count != 0 && heap->slots[0].due <= now;
}

#endif
