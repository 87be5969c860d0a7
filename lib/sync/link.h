/* SPDX-License-Identifier: MIT */
/* Links of rings that any of them can leave in O(1). */
#ifndef VT_SYNC_LINK_H
#define VT_SYNC_LINK_H

#include "vt/wait_list.h"

/* An empty ring, or a link in none. */
static inline void vt__link_init(vt_wait_link_t *link) {
  link->next = link->prev = link;
}

static inline bool vt__link_is_alone(const vt_wait_link_t *link) {
  return link->next == link;
}

static inline void vt__link_append(vt_wait_link_t *ring, vt_wait_link_t *link) {
  link->next = ring;
  link->prev = ring->prev;
  ring->prev->next = link;
  ring->prev = link;
}

/* The link itself stays as it is. */
static inline void vt__link_leave(const vt_wait_link_t *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
}

#endif
