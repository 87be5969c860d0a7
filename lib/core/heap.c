/* SPDX-License-Identifier: MIT */
/* The timer heap: four children a node, so that a node's children share a cache
 * line. A binary heap of pointers, as libuv's, touches each timer's own line at
 * every comparison; here the due times stand in the heap, and an operation is
 * touched only when it moves (its slot number, for cancel) and on equal times
 * (its token, which grows in the order of beginning). */
#include "core/heap.h"

#include "base/alloc.h"
#include <uv.h>

static bool before(const vt__heap_slot_t *a, const vt__heap_slot_t *b) {
  if (a->due != b->due)
    return a->due < b->due;
  return a->op->source.token < b->op->source.token;
}

static void place(vt__heap_t *heap, uint32_t at, vt__heap_slot_t slot) {
  heap->slots[at] = slot;
  slot.op->aux = at;
}

/* Puts slot at the hole at, or above it. */
static void sift_up(vt__heap_t *heap, uint32_t at, vt__heap_slot_t slot) {
  while (at != 0) {
    uint32_t parent = (at - 1) / 4;
    if (!before(&slot, &heap->slots[parent]))
      break;
    place(heap, at, heap->slots[parent]);
    at = parent;
  }
  place(heap, at, slot);
}

/* The first of the children of a node; count when it has none. */
static uint32_t first_child(const vt__heap_t *heap, uint32_t at) {
  uint64_t child = (uint64_t)at * 4 + 1;
  if (child >= heap->count)
    return heap->count;
  uint64_t end = child + 4 < heap->count ? child + 4 : heap->count;
  uint64_t best = child;
  for (child++; child < end; child++)
    if (before(&heap->slots[child], &heap->slots[best]))
      best = child;
  return (uint32_t)best;
}

/* Puts slot at the hole at, or below it. */
static void sift_down(vt__heap_t *heap, uint32_t at, vt__heap_slot_t slot) {
  for (;;) {
    uint32_t child = first_child(heap, at);
    if (child == heap->count || !before(&heap->slots[child], &slot))
      break;
    place(heap, at, heap->slots[child]);
    at = child;
  }
  place(heap, at, slot);
}

static int grow(vt__heap_t *heap) {
  if (heap->capacity > UINT32_MAX / 2)
    return UV_ENOMEM;
  uint32_t capacity = heap->capacity ? heap->capacity * 2 : 64;
  vt__heap_slot_t *slots =
      vt__realloc(heap->slots, capacity * sizeof *heap->slots);
  if (!slots)
    return UV_ENOMEM;
  heap->slots = slots;
  heap->capacity = capacity;
  return 0;
}

int vt__heap_push(vt__heap_t *heap, vt_op_t *op, uint64_t due) {
  if (heap->count == heap->capacity && grow(heap) != 0)
    return UV_ENOMEM;
  vt__heap_slot_t slot = {due, op};
  sift_up(heap, heap->count++, slot);
  return 0;
}

vt_op_t *vt__heap_pop(vt__heap_t *heap) {
  vt_op_t *op = heap->slots[0].op;
  vt__heap_slot_t last = heap->slots[--heap->count];
  if (heap->count != 0)
    sift_down(heap, 0, last);
  return op;
}

void vt__heap_hurry(vt__heap_t *heap, vt_op_t *op) {
  vt__heap_slot_t slot = {0, op};
  sift_up(heap, op->aux, slot);
}

void vt__heap_close(vt__heap_t *heap) {
  vt__free(heap->slots);
  heap->slots = NULL;
}
