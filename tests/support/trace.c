/* SPDX-License-Identifier: MIT */
/* Traces of requests, and the hit ratio of two policies on them. */
#include "support/trace.h"

#include <math.h>
#include <stdlib.h>

#include "cache/evict.h"

/* ---- traces ---- */

/* SplitMix64. */
static uint64_t draw(uint64_t *seed) {
  uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* How probable the first i + 1 keys are together. */
static void weigh(double *below, double exponent) {
  double sum = 0;
  for (int i = 0; i < TRACE_KEYS; i++)
    below[i] = sum += pow(i + 1, -exponent);
  for (int i = 0; i < TRACE_KEYS; i++)
    below[i] /= sum;
}

static uint32_t draw_zipf(const double *below, uint64_t *seed) {
  double x = (double)(draw(seed) >> 11) * 0x1p-53;
  uint32_t low = 0, high = TRACE_KEYS - 1;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (below[middle] < x)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void add(struct trace *trace, size_t key) {
  trace->keys[trace->count++] = (uint32_t)key;
  if (key >= trace->top)
    trace->top = (uint32_t)key + 1;
}

static void fill_zipf(struct trace *trace, double exponent, size_t count,
                      size_t pace) {
  static double below[TRACE_KEYS];
  uint64_t seed = 1;
  weigh(below, exponent);
  for (size_t i = 0; i < count; i++)
    add(trace, draw_zipf(below, &seed) + (pace ? i / pace : 0));
}

static void fill_scan(struct trace *trace, double exponent, size_t count,
                      int times) {
  static double below[TRACE_KEYS];
  uint64_t seed = 1;
  size_t next = TRACE_KEYS;
  weigh(below, exponent);
  while (trace->count + (size_t)times < count) {
    add(trace, draw_zipf(below, &seed));
    for (int i = 0; i < times; i++)
      add(trace, next);
    next++;
  }
}

static void fill_loop(struct trace *trace, size_t keys, size_t count) {
  size_t base = trace->top;
  for (size_t i = 0; i < count; i++)
    add(trace, base + i % keys);
}

bool trace_make(struct trace *trace, enum trace_kind kind, double number,
                size_t count) {
  struct trace empty = {malloc(count * sizeof *empty.keys), 0, 0, 1};
  size_t before = kind == TRACE_LATE_LOOP ? count / 10 * 3 : 0;
  *trace = empty;
  if (!trace->keys)
    return false;
  if (kind == TRACE_ZIPF || kind == TRACE_DRIFT)
    fill_zipf(trace, number, count, kind == TRACE_DRIFT ? 20 : 0);
  else if (kind == TRACE_SCAN || kind == TRACE_SCAN_TWICE)
    fill_scan(trace, number, count, kind == TRACE_SCAN ? 1 : 2);
  else {
    fill_zipf(trace, 0.9, before, 0);
    fill_loop(trace, (size_t)number, count - before);
  }
  return true;
}

void trace_close(struct trace *trace) { free(trace->keys); }

static double share(size_t hits, const struct trace *trace) {
  return (double)hits / (double)trace->count;
}

static size_t weight_of(const struct trace *trace, uint32_t key) {
  uint64_t seed = key;
  return 1 + draw(&seed) % trace->heaviest;
}

static size_t room(const struct trace *trace, size_t capacity) {
  return capacity * (trace->heaviest + 1) / 2;
}

/* ---- ours ---- */

struct entry {
  vt__evict_node_t evict; /* first: the victim is its entry */
  bool here;
};

static bool ask(vt__evict_t *evict, struct entry *entry, uint64_t hash,
                size_t weight) {
  if (entry->here) {
    vt__evict_hit(&entry->evict);
    return true;
  }
  entry->here = true;
  vt__evict_insert(evict, &entry->evict, hash, weight);
  for (;;) {
    struct entry *victim = (struct entry *)vt__evict_victim(evict);
    if (!victim)
      return false;
    victim->here = false;
  }
}

double trace_ours(const struct trace *trace, size_t capacity) {
  struct entry *entries = calloc(trace->top, sizeof *entries);
  size_t hits = 0;
  vt__evict_t evict;
  if (!entries)
    return -1;
  bool counted = trace->heaviest == 1;
  vt__evict_init(&evict, counted ? capacity : 0,
                 counted ? 0 : room(trace, capacity));
  for (size_t i = 0; i < trace->count; i++) {
    uint32_t key = trace->keys[i];
    uint64_t seed = ~(uint64_t)key;
    hits += ask(&evict, &entries[key], draw(&seed), weight_of(trace, key));
  }
  vt__evict_close(&evict);
  free(entries);
  return share(hits, trace);
}

/* ---- LRU ---- */

/* Keys in the order they were asked for: a ring, whose number 0 is no key. */
struct order {
  struct {
    uint32_t newer, older;
    bool here;
  } * at;
  const struct trace *trace;
  size_t weight;
};

static void leave(struct order *order, uint32_t n) {
  order->at[order->at[n].older].newer = order->at[n].newer;
  order->at[order->at[n].newer].older = order->at[n].older;
  order->at[n].here = false;
  order->weight -= weight_of(order->trace, n - 1);
}

static void come(struct order *order, uint32_t n) {
  uint32_t newest = order->at[0].older;
  order->at[n].older = newest;
  order->at[n].newer = 0;
  order->at[n].here = true;
  order->at[newest].newer = n;
  order->at[0].older = n;
  order->weight += weight_of(order->trace, n - 1);
}

double trace_lru(const struct trace *trace, size_t capacity) {
  struct order order = {calloc((size_t)trace->top + 1, sizeof *order.at), trace,
                        0};
  size_t hits = 0;
  if (!order.at)
    return -1;
  for (size_t i = 0; i < trace->count; i++) {
    uint32_t n = trace->keys[i] + 1;
    if (order.at[n].here) {
      hits++;
      leave(&order, n);
    }
    come(&order, n);
    while (order.weight > room(trace, capacity))
      leave(&order, order.at[0].newer);
  }
  free(order.at);
  return share(hits, trace);
}
