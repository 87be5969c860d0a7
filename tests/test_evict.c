/* SPDX-License-Identifier: MIT */
/* The policy of eviction by itself: its bounds against a plain count in random
 * steps, pins, and its hit ratio against LRU's on traces from fixed seeds. */
#include "cache/evict.h"

#include <stdlib.h>
#include <string.h>

#include "support/fault.h"
#include "support/fixture.h"
#include "support/trace.h"

#define ENTRIES 500

/* ---- helpers ---- */

struct entry {
  vt__evict_node_t node; /* first */
  size_t weight;
  unsigned pins;
  bool here;
};

/* A policy, and what should be in it. */
struct model {
  vt__evict_t evict;
  struct entry entries[ENTRIES];
  size_t count;
  size_t weight;
  size_t pinned;
  uint64_t seed;
};

static size_t draw(struct model *m, size_t below) {
  m->seed = m->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (size_t)(m->seed >> 33) % below;
}

static void model_open(struct model *m, size_t max_count, size_t max_weight) {
  memset(m, 0, sizeof *m);
  m->seed = 7;
  vt__evict_init(&m->evict, max_count, max_weight);
}

static uint64_t hash_of(const struct model *m, const struct entry *entry) {
  return (uint64_t)(entry - m->entries + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void count_out(struct model *m, struct entry *entry) {
  assert_true(entry->here);
  m->count--;
  m->weight -= entry->weight;
  entry->here = false;
  memset(&entry->node, 0xff, sizeof entry->node);
}

static void insert(struct model *m, struct entry *entry, size_t weight) {
  entry->here = true;
  entry->weight = weight;
  m->count++;
  m->weight += weight;
  vt__evict_insert(&m->evict, &entry->node, hash_of(m, entry), weight);
}

static void drop_victims(struct model *m) {
  struct entry *victim = (struct entry *)vt__evict_victim(&m->evict);
  while (victim) {
    assert_int_equal(victim->pins, 0);
    count_out(m, victim);
    victim = (struct entry *)vt__evict_victim(&m->evict);
  }
}

static void put(struct model *m, struct entry *entry, size_t weight) {
  insert(m, entry, weight);
  drop_victims(m);
}

static void toggle_pin(struct model *m, struct entry *entry) {
  if (entry->pins == 2 || (entry->pins == 1 && draw(m, 2) == 0)) {
    vt__evict_unpin(&m->evict, &entry->node);
    m->pinned -= --entry->pins == 0;
  } else {
    vt__evict_pin(&m->evict, &entry->node);
    m->pinned += entry->pins++ == 0;
  }
  assert_int_equal(vt__evict_is_pinned(&entry->node), entry->pins != 0);
}

static void reweigh(struct model *m, struct entry *entry, size_t weight) {
  m->weight += weight - entry->weight;
  entry->weight = weight;
  vt__evict_reweigh(&m->evict, &entry->node, weight);
  drop_victims(m);
}

/* Another entry in its place, as when a newer value comes. */
static void replace(struct model *m, struct entry *older) {
  struct entry *entry = &m->entries[draw(m, ENTRIES)];
  size_t weight = draw(m, 40);
  if (entry->here)
    return;
  entry->here = true;
  entry->pins = older->pins;
  entry->weight = weight;
  vt__evict_replace(&m->evict, &older->node, &entry->node, weight);
  m->count++;
  m->weight += weight;
  older->pins = 0;
  count_out(m, older);
  drop_victims(m);
}

static void step(struct model *m) {
  struct entry *entry = &m->entries[draw(m, ENTRIES)];
  size_t what = draw(m, 16);
  if (!entry->here)
    put(m, entry, draw(m, 40));
  else if (what == 0 && entry->pins == 0) {
    vt__evict_remove(&m->evict, &entry->node);
    count_out(m, entry);
  } else if (what == 1)
    reweigh(m, entry, draw(m, 40));
  else if (what == 2 && (entry->pins != 0 || m->pinned < 20))
    toggle_pin(m, entry);
  else if (what == 3)
    replace(m, entry);
  else
    vt__evict_hit(&entry->node);
  assert_int_equal(m->evict.count, m->count);
  assert_int_equal(m->evict.weight, m->weight);
}

/* What no pin holds is in the queues. */
static void check_queues(const struct model *m) {
  const vt__evict_queue_t *small = &m->evict.small, *main = &m->evict.main;
  size_t held = 0;
  for (size_t i = 0; i < ENTRIES; i++)
    held += m->entries[i].here && m->entries[i].pins ? m->entries[i].weight : 0;
  assert_int_equal(small->count + main->count, m->count - m->pinned);
  assert_int_equal(small->weight + main->weight, m->weight - held);
}

/* Asserts that we are better than LRU on it, at 1, 10 and 50 % of the keys; on
 * loops by a tenth of the requests. */
static void better_weighted(enum trace_kind kind, double number,
                            uint32_t heaviest) {
  static const size_t shares[] = {100, 10, 2};
  bool slow = getenv("VT_VALGRIND") != NULL;
  for (size_t i = 0; i < (slow ? 1 : 3); i++) {
    size_t capacity = TRACE_KEYS / shares[i];
    bool loops = kind == TRACE_LOOP || kind == TRACE_LATE_LOOP;
    struct trace trace;
    if (!trace_make(&trace, kind, loops ? number * (double)capacity : number,
                    slow ? 30000 : 150000))
      fail_msg("no memory");
    trace.heaviest = heaviest;
    double ours = trace_ours(&trace, capacity);
    double lru = trace_lru(&trace, capacity);
    trace_close(&trace);
    if (ours <= lru + (loops ? 0.1 : 0))
      fail_msg("at 1/%zu: %.4f, and LRU %.4f", shares[i], ours, lru);
  }
}

static void better(enum trace_kind kind, double number) {
  better_weighted(kind, number, 1);
}

/* ---- it works ---- */

static void unbounded_it_has_no_victim(void **state) {
  static struct model m;
  (void)state;
  model_open(&m, 0, 0);
  for (size_t i = 0; i < ENTRIES; i++)
    insert(&m, &m.entries[i], SIZE_MAX / ENTRIES);
  assert_null(vt__evict_victim(&m.evict));
  assert_true(vt__evict_fits(&m.evict, SIZE_MAX));
  vt__evict_close(&m.evict);
}

static void stays_within_its_bounds(void **state) {
  static const size_t bounds[][2] = {{1, 0},   {7, 0},    {100, 0},   {0, 1},
                                     {0, 500}, {0, 4000}, {120, 2000}};
  static struct model m;
  (void)state;
  for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
    model_open(&m, bounds[b][0], bounds[b][1]);
    for (int i = 0; i < 10000; i++) {
      step(&m);
      check_queues(&m);
      if (m.pinned == 0)
        assert_false(vt__evict_is_over(&m.evict));
      else if (vt__evict_is_over(&m.evict)) /* only pinned ones are left */
        assert_int_equal(m.count, m.pinned);
    }
    vt__evict_close(&m.evict);
  }
}

static void one_that_is_too_heavy_alone_goes(void **state) {
  static struct model m;
  (void)state;
  model_open(&m, 0, 100);
  assert_true(vt__evict_fits(&m.evict, 100));
  assert_false(vt__evict_fits(&m.evict, 101));
  put(&m, &m.entries[0], 101);
  assert_int_equal(m.count, 0);
  put(&m, &m.entries[1], 100);
  assert_true(m.entries[1].here);
  vt__evict_close(&m.evict);
}

static void all_pinned_there_is_no_victim(void **state) {
  static struct model m;
  (void)state;
  model_open(&m, 10, 0);
  for (size_t i = 0; i < 30; i++) {
    insert(&m, &m.entries[i], 1);
    vt__evict_pin(&m.evict, &m.entries[i].node);
  }
  assert_true(vt__evict_is_over(&m.evict));
  assert_null(vt__evict_victim(&m.evict));
  for (size_t i = 0; i < 30; i++)
    vt__evict_unpin(&m.evict, &m.entries[i].node);
  drop_victims(&m);
  assert_int_equal(m.count, 10);
  vt__evict_close(&m.evict);
}

/* Twenty that are asked for all the time against a scan of the others. */
static void what_is_asked_for_outlives_a_scan(void **state) {
  static struct model m;
  (void)state;
  model_open(&m, 100, 0);
  for (size_t i = 0; i < 100; i++)
    put(&m, &m.entries[i], 1);
  for (size_t i = 100; i < ENTRIES; i++) {
    put(&m, &m.entries[i], 1);
    vt__evict_hit(&m.entries[i % 20].node);
  }
  for (size_t i = 0; i < 20; i++)
    assert_true(m.entries[i].here);
  vt__evict_close(&m.evict);
}

/* Who comes back is in main at once, and a scan does not push it out. */
static void one_that_comes_back_is_remembered(void **state) {
  static struct model m;
  (void)state;
  model_open(&m, 100, 0);
  for (size_t i = 0; i <= 102; i++)
    put(&m, &m.entries[i], 1);
  assert_false(m.entries[96].here);
  put(&m, &m.entries[96], 1);
  assert_true(m.entries[96].node.in_main);
  for (size_t i = 103; i < ENTRIES; i++)
    put(&m, &m.entries[i], 1);
  assert_true(m.entries[96].here);
  vt__evict_close(&m.evict);
}

/* Main is full of what is asked for: it has a hit, and the next takes it. */
static void one_that_comes_back_waits_for_a_place(void **state) {
  static struct model m;
  (void)state;
  model_open(&m, 100, 0);
  for (size_t i = 0; i <= 102; i++)
    put(&m, &m.entries[i], 1);
  for (size_t i = 0; i <= 90; i++)
    vt__evict_hit(&m.entries[i].node);
  put(&m, &m.entries[96], 1);
  assert_false(m.entries[96].node.in_main);
  vt__evict_hit(&m.entries[96].node);
  for (size_t i = 103; i < 110; i++)
    put(&m, &m.entries[i], 1);
  assert_true(m.entries[96].node.in_main);
  vt__evict_close(&m.evict);
}

/* A newer value of a popular key is popular, and so is one that was taken out
 * of a full cache and comes back. */
static void popularity_is_of_the_key(void **state) {
  static struct model m;
  (void)state;
  model_open(&m, 100, 0);
  for (size_t i = 0; i < 102; i++)
    put(&m, &m.entries[i], 1);
  assert_true(m.entries[0].node.in_main);
  vt__evict_hit(&m.entries[0].node);
  vt__evict_replace(&m.evict, &m.entries[0].node, &m.entries[200].node, 3);
  assert_true(m.entries[200].node.in_main);
  assert_int_equal(m.entries[200].node.hits, 1);
  assert_int_equal(m.evict.weight, 102);
  assert_int_equal(m.evict.count, 100);
  vt__evict_remove(&m.evict, &m.entries[101].node);
  insert(&m, &m.entries[101], 1);
  assert_false(m.entries[101].node.in_main);
  for (size_t i = 1; i < 102; i++) {
    if (m.entries[i].here)
      vt__evict_remove(&m.evict, &m.entries[i].node);
  }
  vt__evict_remove(&m.evict, &m.entries[200].node);
  assert_int_equal(m.evict.count, 0);
  insert(&m, &m.entries[1], 1);
  assert_true(m.entries[1].node.in_main);
  vt__evict_close(&m.evict);
}

/* Nothing is counted up for ever: a thousand hits are worth two. */
static void one_that_was_popular_leaves(void **state) {
  static struct model m;
  size_t at = 0;
  (void)state;
  model_open(&m, 50, 0);
  put(&m, &m.entries[ENTRIES - 1], 1);
  for (int i = 0; i < 1000; i++)
    vt__evict_hit(&m.entries[ENTRIES - 1].node);
  for (int i = 0; i < 20000 && m.entries[ENTRIES - 1].here; i++) {
    struct entry *entry = &m.entries[at++ % 80];
    if (entry->here)
      vt__evict_hit(&entry->node);
    else
      put(&m, entry, 1);
  }
  assert_false(m.entries[ENTRIES - 1].here);
  vt__evict_close(&m.evict);
}

/* However many were hit: 64 looks, then one goes. */
static void a_victim_is_found_soon(void **state) {
  static struct model m;
  size_t rounds = 0;
  (void)state;
  model_open(&m, ENTRIES - 1, 0);
  for (size_t i = 0; i < ENTRIES; i++)
    insert(&m, &m.entries[i], 1);
  for (size_t i = 0; i < ENTRIES; i++) {
    vt__evict_hit(&m.entries[i].node);
    vt__evict_hit(&m.entries[i].node);
  }
  assert_non_null(vt__evict_victim(&m.evict));
  for (size_t i = 0; i < ENTRIES; i++)
    rounds += m.entries[i].node.in_main && m.entries[i].node.hits == 0;
  assert_in_range(rounds, 1, 64);
  vt__evict_close(&m.evict);
}

/* ---- its hit ratio ---- */

static void is_better_than_lru_on_zipf(void **state) {
  (void)state;
  for (int tenths = 7; tenths <= 11; tenths++)
    better(TRACE_ZIPF, tenths / 10.0);
}

static void is_better_than_lru_on_scans(void **state) {
  (void)state;
  for (int tenths = 7; tenths <= 11; tenths += 2) {
    better(TRACE_SCAN, tenths / 10.0);
    better(TRACE_SCAN_TWICE, tenths / 10.0);
  }
}

static void is_better_than_lru_on_loops(void **state) {
  (void)state;
  better(TRACE_LOOP, 1.1);
  better(TRACE_LOOP, 2);
  better(TRACE_LOOP, 5);
}

static void is_better_than_lru_on_late_loops(void **state) {
  (void)state;
  better(TRACE_LATE_LOOP, 1.1);
  better(TRACE_LATE_LOOP, 2);
}

static void is_better_than_lru_by_weight(void **state) {
  (void)state;
  better_weighted(TRACE_ZIPF, 0.9, 100);
  better_weighted(TRACE_SCAN, 0.9, 100);
  better_weighted(TRACE_LOOP, 2, 100);
  better_weighted(TRACE_LATE_LOOP, 2, 100);
}

/* ---- it fails ---- */

static const char *churn(uint64_t n, enum fault_mode mode) {
  static struct model m;
  const char *problem = NULL;
  model_open(&m, 100, 0);
  fault_arm(n, mode);
  for (int i = 0; i < 5000; i++)
    step(&m);
  fault_disarm();
  if (m.pinned == 0 && vt__evict_is_over(&m.evict))
    problem = "it is over its bound";
  vt__evict_close(&m.evict);
  return problem;
}

/* Without memory nothing is remembered, and all else is as ever. */
static void any_allocation_may_fail(void **state) {
  const char *problem = fault_walk(churn);
  (void)state;
  if (problem)
    fail_msg("%s", problem);
}

static void nothing_is_allocated_once_it_is_full(void **state) {
  static struct model m;
  uint64_t blocks = fault_alive();
  (void)state;
  model_open(&m, 100, 0);
  for (size_t i = 0; i < ENTRIES; i++)
    put(&m, &m.entries[i], 1);
  fault_arm(0, FAULT_ONCE);
  for (int i = 0; i < 20000; i++)
    step(&m);
  assert_int_equal(fault_calls(), 0);
  assert_int_equal(fault_alive(), blocks + 1);
  vt__evict_close(&m.evict);
  assert_int_equal(fault_alive(), blocks);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unbounded_it_has_no_victim),
      cmocka_unit_test(stays_within_its_bounds),
      cmocka_unit_test(one_that_is_too_heavy_alone_goes),
      cmocka_unit_test(all_pinned_there_is_no_victim),
      cmocka_unit_test(what_is_asked_for_outlives_a_scan),
      cmocka_unit_test(one_that_comes_back_is_remembered),
      cmocka_unit_test(one_that_comes_back_waits_for_a_place),
      cmocka_unit_test(popularity_is_of_the_key),
      cmocka_unit_test(one_that_was_popular_leaves),
      cmocka_unit_test(a_victim_is_found_soon),
      cmocka_unit_test(is_better_than_lru_on_zipf),
      cmocka_unit_test(is_better_than_lru_on_scans),
      cmocka_unit_test(is_better_than_lru_on_loops),
      cmocka_unit_test(is_better_than_lru_on_late_loops),
      cmocka_unit_test(is_better_than_lru_by_weight),
      cmocka_unit_test(any_allocation_may_fail),
      cmocka_unit_test(nothing_is_allocated_once_it_is_full),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("evict", tests);
}
