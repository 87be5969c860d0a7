/* SPDX-License-Identifier: MIT */
/* The ring of slots that channels keep their items in: what a hit does not
 * need. */
#ifndef VT_SYNC_RING_H
#define VT_SYNC_RING_H

#include "base/alloc.h"
#include "vt/channel_ring.h"

enum { VT__RING_SPARE = 8 }; /* slots that every ring has */

/* The slots of a ring for so many items, and receivers whose item may come
 * back; 0 when that is too many. */
static inline size_t vt__ring_slots(size_t items, size_t receivers) {
  const size_t most = SIZE_MAX / 8 / sizeof(vt_value_t);
  size_t slots = VT__RING_SPARE;
  if (items > most || receivers > most)
    return 0;
  while (slots < items + receivers)
    slots *= 2;
  return slots;
}

/* Moves the items to memory with so many slots, and gives the old one. */
static inline vt_value_t *vt__ring_move(vt__ring_t *ring, vt_value_t *items,
                                        size_t slots) {
  vt_value_t *before = ring->items;
  for (size_t i = 0; i < ring->count; i++)
    items[i] = before[(ring->head + i) & ring->mask];
  ring->items = items;
  ring->mask = slots - 1;
  ring->head = 0;
  return before;
}

static inline void vt__ring_push_front(vt__ring_t *ring, vt_value_t item) {
  ring->items[--ring->head & ring->mask] = item;
  ring->count++;
}

#endif
