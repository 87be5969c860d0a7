/* SPDX-License-Identifier: MIT */
/* Which entry leaves a full cache: S3-FIFO with a longer memory and a main
 * queue that is harder to enter. Intrusive: an entry embeds a vt__evict_node_t.
 *
 * New entries wait in a small queue, a twentieth of the cache. Those asked for
 * twice meanwhile move on to the main queue, the others leave, and are
 * remembered by 32 bits until twice as many as there are entries have left. Who
 * comes back by then goes to main, if main's oldest was not asked for since its
 * last round, else to the small queue with a hit. Main gives an entry that was
 * asked for another round. Hits are counted up to 2, and that is all that a hit
 * costs: one store, no list. Until the cache is full nothing has to earn its
 * place.
 *
 * LRU, SIEVE and S3-FIFO as published were measured beside it: evict.c. */
#ifndef VT_CACHE_EVICT_H
#define VT_CACHE_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VT__EVICT_HITS = 2 }; /* that are counted */

typedef struct vt__evict_node {
  struct vt__evict_node *next; /* newer; nothing while it is pinned */
  struct vt__evict_node *prev; /* older */
  size_t weight;
  uint32_t print; /* of the key's hash, which outlives the entry */
  uint8_t hits;
  bool in_main;
  uint16_t pins;
} vt__evict_node_t;

/* Entries that may leave, the oldest first. */
typedef struct vt__evict_queue {
  vt__evict_node_t ends; /* next: the oldest, prev: the newest */
  size_t count;
  size_t weight;
} vt__evict_queue_t;

/* An entry that left: its print, and the how manieth it was. */
typedef struct vt__evict_ghost {
  uint32_t print;
  uint32_t stamp; /* 0: none */
} vt__evict_ghost_t;

typedef struct vt__evict {
  size_t max_count; /* 0: no bound */
  size_t max_weight;
  size_t count; /* of all nodes, pinned or not */
  size_t weight;
  vt__evict_queue_t small;
  vt__evict_queue_t main;
  vt__evict_ghost_t *ghosts;
  size_t ghost_mask; /* sets of ghosts, a power of two - 1 */
  size_t reach;      /* so many that left are remembered; 0: none left yet */
  uint32_t stamp;    /* of the last that left */
  bool second;       /* of those that came back and found main full */
} vt__evict_t;

/* Bounds of 0 are none. Allocates nothing. */
void vt__evict_init(vt__evict_t *evict, size_t max_count, size_t max_weight);

/* Frees what is remembered of those that left. The entries are untouched. */
void vt__evict_close(vt__evict_t *evict);

/* The entry was asked for. */
static inline void vt__evict_hit(vt__evict_node_t *node) {
  if (node->hits < VT__EVICT_HITS)
    node->hits++;
}

/* Whether one entry of that weight is within the bounds. */
static inline bool vt__evict_fits(const vt__evict_t *evict, size_t weight) {
  return evict->max_weight == 0 || weight <= evict->max_weight;
}

static inline bool vt__evict_is_over(const vt__evict_t *evict) {
  return (evict->max_count != 0 && evict->count > evict->max_count) ||
         (evict->max_weight != 0 && evict->weight > evict->max_weight);
}

/* Adds an entry: borrows node, whose content does not matter, until it is
 * removed or the victim. hash is that of its key (vt__hash_of). What is over
 * the bounds then is the caller's to drop:
 *   while ((node = vt__evict_victim(evict))) drop(node); */
void vt__evict_insert(vt__evict_t *evict, vt__evict_node_t *node, uint64_t hash,
                      size_t weight);

/* Takes out an entry that goes for another reason. One from main is remembered:
 * when its key is loaded again it is as popular as before. */
void vt__evict_remove(vt__evict_t *evict, vt__evict_node_t *node);

/* Puts node in the place of older, which is out then: with its turn, its hits
 * and its pins. Nothing is dropped, and what is over the bounds is the caller's
 * to drop as after vt__evict_insert. */
void vt__evict_replace(vt__evict_t *evict, const vt__evict_node_t *older,
                       vt__evict_node_t *node, size_t weight);

/* The entry that must go, taken out and remembered; NULL while nothing is over
 * its bound, or all that is left is pinned. It may be the one just inserted:
 * pin that meanwhile to keep it. Of main it looks at 64 entries at most, then
 * takes the next whatever its hits, so that a long queue makes no pause. */
vt__evict_node_t *vt__evict_victim(vt__evict_t *evict);

/* The entry has another weight now. */
void vt__evict_reweigh(vt__evict_t *evict, vt__evict_node_t *node,
                       size_t weight);

/* Pinned entries are no victims; they stand in no queue, and count. Pins are
 * counted, up to 65535. */
void vt__evict_pin(vt__evict_t *evict, vt__evict_node_t *node);
void vt__evict_unpin(vt__evict_t *evict, vt__evict_node_t *node);

static inline bool vt__evict_is_pinned(const vt__evict_node_t *node) {
  return node->pins != 0;
}

#endif
