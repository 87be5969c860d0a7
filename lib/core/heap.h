/* SPDX-License-Identifier: MIT */
/* The timer heap: all delays of a loop, the earliest first, equal times in the
 * order they were begun. */
#ifndef VT_CORE_HEAP_H
#define VT_CORE_HEAP_H

#include "vt/bridge.h"

/* 128 bits that sort as one number: due time in milliseconds (44 bits), order
 * of beginning (40), and the block, which is aligned to 16 (44). */
typedef struct vt__heap_slot {
  uint64_t high;
  uint64_t low;
} vt__heap_slot_t;

typedef struct vt__heap {
  vt__heap_slot_t *slots;
  uint32_t count;
  uint32_t capacity;
  uint64_t order; /* of the next entry */
} vt__heap_t;

/* Due times saturate here. */
#define VT__HEAP_LATEST (((uint64_t)1 << 44) - 1)

/* UV_ENOMEM when it cannot grow. */
int vt__heap_push(vt__heap_t *heap, vt_op_t *op, uint64_t due);

/* Removes the earliest; the heap is not empty. */
vt_op_t *vt__heap_pop(vt__heap_t *heap);

/* Removes an entry. */
void vt__heap_remove(vt__heap_t *heap, const vt_op_t *op);

/* Makes an entry the earliest: due at 0. Needs no memory. */
void vt__heap_hurry(vt__heap_t *heap, vt_op_t *op);

void vt__heap_close(vt__heap_t *heap);

/* When an entry is due. */
static inline uint64_t vt__heap_due(const vt__heap_t *heap, const vt_op_t *op) {
  return heap->slots[op->aux].high >> 20;
}

/* When the earliest is due; the heap is not empty. */
static inline uint64_t vt__heap_first(const vt__heap_t *heap) {
  return heap->slots[0].high >> 20;
}

static inline bool vt__heap_is_due(const vt__heap_t *heap, uint64_t now) {
  return heap->count != 0 && vt__heap_first(heap) <= now;
}

#endif
