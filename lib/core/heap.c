/* SPDX-License-Identifier: MIT */
/* The timer heap: four children a node, so that a node's children share a cache
 * line. A binary heap of pointers, as libuv's, touches each timer's own line at
 * every comparison; here all that is compared stands in the slots, and an
 * operation is touched only when it moves (its slot number, for cancel). The
 * order began in the operations' tokens and lost: with many equal times each
 * comparison missed the cache twice. */
#include "core/heap.h"

#include <stdlib.h>

#include "base/alloc.h"
#include <uv.h>

#define ORDERS ((uint64_t)1 << 40)

static bool before(const vt__heap_slot_t *a, const vt__heap_slot_t *b) {
  return (a->high < b->high) | ((a->high == b->high) & (a->low < b->low));
}

static vt__heap_slot_t slot_of(uint64_t due, uint64_t order,
                               const vt_op_t *op) {
  vt__heap_slot_t slot = {due << 20 | order >> 20,
                          order << 44 | (uint64_t)(uintptr_t)op >> 4};
  return slot;
}

static vt_op_t *op_of(const vt__heap_slot_t *slot) {
  return (vt_op_t *)(uintptr_t)(slot->low << 20 >> 16);
}

static void place(vt__heap_t *heap, uint32_t at, vt__heap_slot_t slot) {
  heap->slots[at] = slot;
  op_of(&slot)->aux = at;
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

static int compare(const void *a, const void *b) {
  return before(a, b) ? -1 : 1;
}

/* The orders are used up: sorted, the entries take the first ones. A sorted
 * array is a heap. */
static void renumber(vt__heap_t *heap) {
  qsort(heap->slots, heap->count, sizeof *heap->slots, compare);
  for (heap->order = 0; heap->order < heap->count; heap->order++) {
    uint32_t at = (uint32_t)heap->order;
    vt__heap_slot_t slot = heap->slots[at];
    place(heap, at, slot_of(slot.high >> 20, heap->order, op_of(&slot)));
  }
}

int vt__heap_push(vt__heap_t *heap, vt_op_t *op, uint64_t due) {
  if (heap->count == heap->capacity && grow(heap) != 0)
    return UV_ENOMEM;
  if (heap->count == 0)
    heap->order = 0;
  else if (heap->order == ORDERS)
    renumber(heap);
  if (due > VT__HEAP_LATEST)
    due = VT__HEAP_LATEST;
  sift_up(heap, heap->count++, slot_of(due, heap->order++, op));
  return 0;
}

vt_op_t *vt__heap_pop(vt__heap_t *heap) {
  vt_op_t *op = op_of(&heap->slots[0]);
  vt__heap_slot_t last = heap->slots[--heap->count];
  if (heap->count != 0)
    sift_down(heap, 0, last);
  return op;
}

void vt__heap_remove(vt__heap_t *heap, const vt_op_t *op) {
  uint32_t at = op->aux;
  vt__heap_slot_t last = heap->slots[--heap->count];
  if (at == heap->count)
    return;
  if (at != 0 && before(&last, &heap->slots[(at - 1) / 4]))
    sift_up(heap, at, last);
  else
    sift_down(heap, at, last);
}

void vt__heap_hurry(vt__heap_t *heap, vt_op_t *op) {
  vt__heap_slot_t slot = heap->slots[op->aux];
  slot.high &= 0xfffff;
  sift_up(heap, op->aux, slot);
}

void vt__heap_close(vt__heap_t *heap) {
  vt__free(heap->slots);
  heap->slots = NULL;
}
