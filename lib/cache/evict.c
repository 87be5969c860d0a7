/* SPDX-License-Identifier: MIT */
/* Which entry leaves a full cache: S3-FIFO.
 *
 * Why not another (hit ratios with room for a tenth of the keys, 3,000,000
 * requests; vt_bench hit_ratio prints those of today):
 *   trace                          LRU   SIEVE  S3-FIFO  this
 *   Zipf 0.7                       .329  .448   .427     .439
 *   Zipf 0.9                       .556  .651   .636     .648
 *   Zipf 1.1                       .780  .832   .825     .832
 *   0.9, half are one-time keys    .213  .318   .321     .321
 *   those asked for twice in a row .475  .470   .547     .546
 *   a loop of 1.1 times the room   0     0      .818     .863
 *   of twice the room              0     0      0        .475
 *   1.1 times, after Zipf 0.9      .167  .193   .191     .797
 *   twice, after Zipf 0.9          .167  .193   .191     .525
 *   Zipf 0.9 that drifts           .522  .410   .490     .477
 * SIEVE is as good on Zipf, but a FIFO on loops, and takes what is asked for
 * twice in a row for popular. S3-FIFO as published remembers too little for a
 * loop that is long or begins late, and lets all in that come back, whatever
 * they drive out. LRU stays better where popularity changes as fast as the
 * cache is filled anew. */
#include "cache/evict.h"

#include <string.h>

#include "base/alloc.h"

enum {
  SMALL_SHARE = 20, /* the small queue has one part in so many */
  SMALL_HITS = 2,   /* that take an entry from there to main */
  LOOKS = 64,       /* at entries, for one victim */
  GHOST_WAYS = 8,   /* ghosts of a set: a line of the processor's cache */
  GHOST_SETS_LEAST = 4
};

/* ---- queues ---- */

static void queue_init(vt__evict_queue_t *queue) {
  queue->ends.next = queue->ends.prev = &queue->ends;
  queue->count = queue->weight = 0;
}

static void push(vt__evict_queue_t *queue, vt__evict_node_t *node) {
  node->next = &queue->ends;
  node->prev = queue->ends.prev;
  node->prev->next = node;
  queue->ends.prev = node;
  queue->count++;
  queue->weight += node->weight;
}

static void unlink_node(vt__evict_queue_t *queue, vt__evict_node_t *node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
  queue->count--;
  queue->weight -= node->weight;
}

static vt__evict_node_t *take_oldest(vt__evict_queue_t *queue) {
  vt__evict_node_t *node = queue->ends.next;
  unlink_node(queue, node);
  return node;
}

static vt__evict_queue_t *queue_of(vt__evict_t *evict,
                                   const vt__evict_node_t *node) {
  return node->in_main ? &evict->main : &evict->small;
}

void vt__evict_init(vt__evict_t *evict, size_t max_count, size_t max_weight) {
  memset(evict, 0, sizeof *evict);
  evict->max_count = max_count;
  evict->max_weight = max_weight;
  queue_init(&evict->small);
  queue_init(&evict->main);
}

void vt__evict_close(vt__evict_t *evict) {
  vt__free(evict->ghosts);
  evict->ghosts = NULL;
}

/* ---- those that left ---- */

static vt__evict_ghost_t *ghost_set(const vt__evict_t *evict, uint32_t print) {
  return evict->ghosts + (print & evict->ghost_mask) * GHOST_WAYS;
}

/* Room for as many as are remembered; without memory it stays as it is. What it
 * had is forgotten: the number of entries grows while the cache fills, when
 * nothing has left yet. */
static void widen_ghosts(vt__evict_t *evict) {
  size_t sets = GHOST_SETS_LEAST;
  if (evict->ghosts && (evict->ghost_mask + 1) * GHOST_WAYS >= evict->reach)
    return;
  while (sets * GHOST_WAYS < evict->reach)
    sets *= 2;
  vt__evict_ghost_t *ghosts =
      vt__calloc(sets * GHOST_WAYS, sizeof *evict->ghosts);
  if (!ghosts)
    return;
  vt__free(evict->ghosts);
  evict->ghosts = ghosts;
  evict->ghost_mask = sets - 1;
}

static void remember(vt__evict_t *evict, uint32_t print) {
  widen_ghosts(evict);
  if (!evict->ghosts)
    return;
  vt__evict_ghost_t *set = ghost_set(evict, print);
  vt__evict_ghost_t *oldest = set;
  evict->stamp++;
  for (int i = 0; i < GHOST_WAYS; i++) {
    if (evict->stamp - set[i].stamp > evict->stamp - oldest->stamp)
      oldest = &set[i];
  }
  oldest->print = print;
  oldest->stamp = evict->stamp;
}

/* Whether the print left not long ago; it is forgotten. */
static bool recall(vt__evict_t *evict, uint32_t print) {
  if (!evict->ghosts)
    return false;
  vt__evict_ghost_t *set = ghost_set(evict, print);
  for (int i = 0; i < GHOST_WAYS; i++) {
    if (set[i].print == print && set[i].stamp != 0 &&
        evict->stamp - set[i].stamp < evict->reach) {
      set[i].stamp = 0;
      return true;
    }
  }
  return false;
}

/* ---- entries ---- */

/* More than its share, and more than the one that came last. */
static bool small_is_over(const vt__evict_t *evict) {
  const vt__evict_queue_t *small = &evict->small;
  return small->count > 1 &&
         ((evict->max_count != 0 &&
           small->count > evict->max_count / SMALL_SHARE) ||
          (evict->max_weight != 0 &&
           small->weight > evict->max_weight / SMALL_SHARE));
}

static void move_to_main(vt__evict_t *evict, vt__evict_node_t *node) {
  node->hits = 0;
  node->in_main = true;
  push(&evict->main, node);
}

/* The oldest of main has another round, for which it must be asked again. */
static void renew_oldest(vt__evict_t *evict) {
  move_to_main(evict, take_oldest(&evict->main));
}

/* Whether main has a place for one that came back: its oldest was not asked for
 * since it had a round. Only every second one that comes back costs that a
 * round: else a loop through twice what there is room for would age all of main
 * faster than it asks for it. */
static bool main_yields(vt__evict_t *evict) {
  if (evict->main.count == 0 || evict->main.ends.next->hits == 0)
    return true;
  evict->second = !evict->second;
  if (evict->second)
    renew_oldest(evict);
  return false;
}

void vt__evict_insert(vt__evict_t *evict, vt__evict_node_t *node, uint64_t hash,
                      size_t weight) {
  memset(node, 0, sizeof *node);
  node->weight = weight;
  node->print = (uint32_t)(hash >> 32);
  if (recall(evict, node->print)) {
    node->in_main = main_yields(evict);
    node->hits = !node->in_main;
  }
  push(queue_of(evict, node), node);
  evict->count++;
  evict->weight += weight;
  while (!vt__evict_is_over(evict) && small_is_over(evict))
    move_to_main(evict, take_oldest(&evict->small));
}

static void forget(vt__evict_t *evict, const vt__evict_node_t *node) {
  evict->count--;
  evict->weight -= node->weight;
}

void vt__evict_remove(vt__evict_t *evict, vt__evict_node_t *node) {
  if (node->pins == 0)
    unlink_node(queue_of(evict, node), node);
  forget(evict, node);
  if (node->in_main && evict->reach != 0)
    remember(evict, node->print);
}

void vt__evict_replace(vt__evict_t *evict, const vt__evict_node_t *older,
                       vt__evict_node_t *node, size_t weight) {
  *node = *older;
  if (node->pins == 0) {
    node->prev->next = node;
    node->next->prev = node;
  }
  vt__evict_reweigh(evict, node, weight);
}

void vt__evict_reweigh(vt__evict_t *evict, vt__evict_node_t *node,
                       size_t weight) {
  if (node->pins == 0)
    queue_of(evict, node)->weight += weight - node->weight;
  evict->weight += weight - node->weight;
  node->weight = weight;
}

void vt__evict_pin(vt__evict_t *evict, vt__evict_node_t *node) {
  if (node->pins++ == 0)
    unlink_node(queue_of(evict, node), node);
}

void vt__evict_unpin(vt__evict_t *evict, vt__evict_node_t *node) {
  if (--node->pins == 0)
    push(queue_of(evict, node), node);
}

/* ---- victims ---- */

/* The oldest of the small queue leaves, or moves on. */
static vt__evict_node_t *leave_small(vt__evict_t *evict) {
  vt__evict_node_t *node = take_oldest(&evict->small);
  if (node->hits < SMALL_HITS) {
    remember(evict, node->print);
    return node;
  }
  move_to_main(evict, node);
  return NULL;
}

/* The oldest of the main queue leaves, or has another round. */
static vt__evict_node_t *leave_main(vt__evict_t *evict, bool must) {
  if (evict->main.ends.next->hits == 0 || must)
    return take_oldest(&evict->main);
  renew_oldest(evict);
  return NULL;
}

vt__evict_node_t *vt__evict_victim(vt__evict_t *evict) {
  vt__evict_node_t *node = NULL;
  if (!vt__evict_is_over(evict))
    return NULL;
  /* A loop through twice as many is within it. */
  evict->reach = evict->count * 2 + evict->count / 8;
  for (int look = 1; !node && evict->small.count + evict->main.count != 0;
       look++) {
    if (evict->main.count == 0 || small_is_over(evict))
      node = leave_small(evict);
    else
      node = leave_main(evict, look >= LOOKS);
  }
  if (node)
    forget(evict, node);
  return node;
}
