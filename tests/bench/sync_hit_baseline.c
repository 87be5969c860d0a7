/* SPDX-License-Identifier: MIT */
/* The baselines of sync_hit: a counter, a flag and a ring by hand. */
#include <stdbool.h>

#include "loops.h"
#include "sync.h"

struct ring {
  uint64_t items[RING_SLOTS];
  uint64_t head;
  uint64_t count;
};

int loop_counter_hand(uint64_t *permits, uint64_t n);
int loop_flag_hand(bool *locked, uint64_t n);
int loop_ring_hand(struct ring *r, uint64_t n, uint64_t *sum);

BENCH_NOINLINE int loop_counter_hand(uint64_t *permits, uint64_t n) {
  for (; n > 0; n--) {
    if (*permits == 0)
      return -1;
    --*permits;
    between();
    ++*permits;
    between();
  }
  return 0;
}

BENCH_NOINLINE int loop_flag_hand(bool *locked, uint64_t n) {
  for (; n > 0; n--) {
    if (*locked)
      return -1;
    *locked = true;
    between();
    *locked = false;
    between();
  }
  return 0;
}

static inline bool ring_put(struct ring *r, uint64_t item) {
  if (r->count == RING_SLOTS)
    return false;
  r->items[(r->head + r->count++) % RING_SLOTS] = item;
  return true;
}

static inline bool ring_take(struct ring *r, uint64_t *out) {
  if (r->count == 0)
    return false;
  r->count--;
  *out = r->items[r->head++ % RING_SLOTS];
  return true;
}

BENCH_NOINLINE int loop_ring_hand(struct ring *r, uint64_t n, uint64_t *sum) {
  uint64_t item;
  for (; n > 0; n--) {
    if (!ring_put(r, n))
      return -1;
    between();
    if (!ring_take(r, &item))
      return -1;
    *sum += item;
    between();
  }
  return 0;
}

static int run_counter(uint64_t n) {
  uint64_t permits = 1;
  return loop_counter_hand(&permits, n);
}

static int run_flag(uint64_t n) {
  bool locked = false;
  return loop_flag_hand(&locked, n);
}

static int run_ring(uint64_t n) {
  struct ring r = {.head = 0};
  uint64_t sum = 0;
  int rc = loop_ring_hand(&r, n, &sum);
  return sum == n * (n + 1) / 2 ? rc : -1;
}

const struct bench_loop counter_hand_loop = {"loop_counter_hand", run_counter};
const struct bench_loop flag_hand_loop = {"loop_flag_hand", run_flag};
const struct bench_loop ring_hand_loop = {"loop_ring_hand", run_ring};
