/* SPDX-License-Identifier: MIT */
/* What a channel's sends and receives look at first. Here only so that what is
 * in hand is inline: private. */
#ifndef VT_CHANNEL_RING_H
#define VT_CHANNEL_RING_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_channel vt_channel_t;

/* A ring of slots, count of which are used, from head on. */
typedef struct vt__ring {
  vt_value_t *items;
  size_t head; /* counts on */
  size_t mask; /* slots - 1; their number is a power of 2. It stands between, as
                  a pair stored as one vector stalls the next load of either */
  size_t count;
} vt__ring_t;

/* What a hit looks at. Full, closed, and that somebody waits are folded
 * into limit and floor, so that a hit is one compare. */
typedef struct vt__channel_head {
  vt__ring_t ring;
  size_t limit; /* below it an item goes in and nothing else is to be done */
  size_t floor; /* above it one comes out and nothing else is to be done */
} vt__channel_head_t;

static inline void vt__ring_push(vt__ring_t *ring, vt_value_t item) {
  ring->items[(ring->head + ring->count++) & ring->mask] = item;
}

static inline vt_value_t vt__ring_pop(vt__ring_t *ring) {
  ring->count--;
  return ring->items[ring->head++ & ring->mask];
}

#ifdef VT_DEBUG
#define VT__CHANNEL_IS_HERE(c) vt__channel_is_here(c)
#else
#define VT__CHANNEL_IS_HERE(c) true
#endif

/* Whether it is of this thread's loop. */
VT_API bool vt__channel_is_here(const vt_channel_t *c);

static inline bool vt__channel_put(vt_channel_t *c, vt_value_t item) {
  vt__channel_head_t *h = (vt__channel_head_t *)(void *)c;
  if (!VT_LIKELY(h && h->ring.count < h->limit && VT__CHANNEL_IS_HERE(c)))
    return false;
  vt__ring_push(&h->ring, item);
  return true;
}

static inline bool vt__channel_take(vt_channel_t *c, vt_value_t *out) {
  vt__channel_head_t *h = (vt__channel_head_t *)(void *)c;
  if (!VT_LIKELY(h && h->ring.count > h->floor && VT__CHANNEL_IS_HERE(c)))
    return false;
  *out = vt__ring_pop(&h->ring);
  return true;
}

#ifdef __cplusplus
}
#endif
#endif
