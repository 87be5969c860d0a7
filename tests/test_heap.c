/* SPDX-License-Identifier: MIT */
/* The timer heap by itself: order against a sorted model, and what takes a loop
 * years to reach: the numbers by which equal times keep their order run out. */
#include "support/fixture.h"

#include <stdlib.h>

#include "core/heap.h"

#define COUNT 3000

/* ---- fixture ---- */

struct heap {
  vt__heap_t heap;
  vt_op_t *ops;
  uint64_t dues[COUNT];
};

static int heap_setup(void **state) {
  struct heap *h = calloc(1, sizeof *h);
  h->ops = aligned_alloc(16, COUNT * ((sizeof(vt_op_t) + 15) / 16 * 16));
  *state = h;
  return 0;
}

static int heap_teardown(void **state) {
  struct heap *h = *state;
  vt__heap_close(&h->heap);
  free(h->ops);
  free(h);
  return 0;
}

#define heap_test(name)                                                        \
  cmocka_unit_test_setup_teardown(name, heap_setup, heap_teardown)

/* ---- helpers ---- */

static vt_op_t *op_at(struct heap *h, size_t i) {
  size_t stride = (sizeof(vt_op_t) + 15) / 16 * 16;
  return (vt_op_t *)(void *)((char *)h->ops + i * stride);
}

static size_t number_of(struct heap *h, const vt_op_t *op) {
  size_t stride = (sizeof(vt_op_t) + 15) / 16 * 16;
  return (size_t)((const char *)op - (const char *)h->ops) / stride;
}

static void push(struct heap *h, size_t i, uint64_t due) {
  h->dues[i] = due;
  assert_int_equal(vt__heap_push(&h->heap, op_at(h, i), due), 0);
}

/* Pops all: a stable sort by due time of what was pushed in order of number. */
static void check_order(struct heap *h, size_t count) {
  size_t last = 0;
  for (size_t n = 0; n < count; n++) {
    size_t i = number_of(h, vt__heap_pop(&h->heap));
    if (n > 0 && (h->dues[i] < h->dues[last] ||
                  (h->dues[i] == h->dues[last] && i < last)))
      fail_msg("entry %zu came after %zu", i, last);
    last = i;
  }
  assert_int_equal(h->heap.count, 0);
}

/* ---- it works ---- */

static void entries_leave_in_order(void **state) {
  struct heap *h = *state;
  uint32_t seed = 3;
  for (size_t i = 0; i < COUNT; i++) {
    seed = seed * 1664525u + 1013904223u;
    push(h, i, 1000 + (seed >> 8) % 50);
  }
  check_order(h, COUNT);
}

static void a_hurried_entry_is_first(void **state) {
  struct heap *h = *state;
  for (size_t i = 0; i < 100; i++)
    push(h, i, 1000 + i);
  assert_false(vt__heap_is_due(&h->heap, 999));
  assert_true(vt__heap_is_due(&h->heap, 1000));
  vt__heap_hurry(&h->heap, op_at(h, 70));
  vt__heap_hurry(&h->heap, op_at(h, 30));
  assert_true(vt__heap_is_due(&h->heap, 0));
  h->dues[70] = h->dues[30] = 0;
  check_order(h, 100);
}

static void removed_entries_leave_the_order_as_it_is(void **state) {
  struct heap *h = *state;
  uint32_t seed = 5;
  for (size_t i = 0; i < COUNT; i++) {
    seed = seed * 1664525u + 1013904223u;
    push(h, i, 1000 + (seed >> 8) % 500);
  }
  for (size_t i = 0; i < COUNT; i += 2)
    vt__heap_remove(&h->heap, op_at(h, i));
  assert_int_equal(h->heap.count, COUNT / 2);
  check_order(h, COUNT / 2);
}

static void the_order_survives_the_last_number(void **state) {
  struct heap *h = *state;
  for (size_t i = 0; i < COUNT; i++) {
    if (i == COUNT / 2) /* a trillion delays later */
      h->heap.order = ((uint64_t)1 << 40) - 10;
    push(h, i, i % 7 == 0 ? 5 : 1000);
  }
  assert_true(h->heap.order < 2 * COUNT);
  check_order(h, COUNT);
}

/* ---- it fails ---- */

static void times_saturate(void **state) {
  struct heap *h = *state;
  push(h, 0, UINT64_MAX);
  push(h, 1, (uint64_t)1 << 60);
  push(h, 2, 7);
  assert_ptr_equal(vt__heap_pop(&h->heap), op_at(h, 2));
  assert_false(vt__heap_is_due(&h->heap, (uint64_t)1 << 43));
  assert_ptr_equal(vt__heap_pop(&h->heap), op_at(h, 0)); /* both at the end */
  assert_ptr_equal(vt__heap_pop(&h->heap), op_at(h, 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      heap_test(entries_leave_in_order),
      heap_test(a_hurried_entry_is_first),
      heap_test(removed_entries_leave_the_order_as_it_is),
      heap_test(the_order_survives_the_last_number),
      heap_test(times_saturate),
  };
  return fixture_main("heap", tests);
}
