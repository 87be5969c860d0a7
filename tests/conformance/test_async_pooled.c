/* SPDX-License-Identifier: MIT */
/* C#'s PoolingAsyncValueTaskMethodBuilderTests: the methods of its other
 * builder once more, with frames that start on the stack and with frames in
 * boxes from the start. When the pools are warm not one allocation is made, and
 * every box comes back. Built three times: plain, with VT_DEBUG (where frames
 * move to fresh blocks, which must come back too), with VT_LABELS. */
#include "conformance/async_cases.h"

#include <stdlib.h>

enum { WARM = 2, COUNTED = 3 };

/* ---- helpers: counts ---- */

struct counts {
  uint64_t calls;  /* to the allocator */
  uint64_t blocks; /* alive in it */
  vt_loop_stats_t loop;
};

static struct counts take_counts(struct fixture *f) {
  struct counts c;
  vt_alloc_stats_t alloc;
  vt_alloc_stats(&alloc);
  c.calls = alloc.calls;
  c.blocks = alloc.blocks;
  vt_loop_stats(f->vt, &c.loop);
  return c;
}

static void assert_steady(struct fixture *f, const struct counts *warm) {
  struct counts now = take_counts(f);
  assert_int_equal(now.loop.pending, 0);
  assert_int_equal(now.loop.untaken, 0);
  assert_int_equal(now.loop.pooled, warm->loop.pooled);
  assert_int_equal(now.loop.allocated, warm->loop.allocated);
  assert_int_equal(now.blocks, warm->blocks);
#ifndef VT_DEBUG
  assert_int_equal(now.calls, warm->calls);
#endif
}

static void check_pooled(struct fixture *f,
                         void (*method)(const struct method *m)) {
  static start_fn *const starts[] = {start_on_stack, start_in_box};
  for (int i = 0; i < 2; i++) {
    struct method m = {.f = f, .start = starts[i]};
    struct counts warm;
    for (int n = 0; n < WARM; n++) {
      m.counted = n != 0;
      method(&m);
    }
    warm = take_counts(f);
    for (int n = 0; n < COUNTED; n++) {
      method(&m);
      assert_steady(f, &warm);
    }
  }
}

/* ---- helpers: recursion ---- */

/* The boxes that were used, by address. */
struct boxes {
  start_fn *start;
  int uses;
  uintptr_t used[1000];
};

static vt_t note(struct boxes *b, vt_t v) {
  if (!vt_in_hand(v))
    b->used[b->uses++ % 1000] = v.source;
  return v;
}

static int compare(const void *a, const void *b) {
  uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
  return (x > y) - (x < y);
}

static int distinct(struct boxes *b) {
  int count = b->uses > 0;
  qsort(b->used, (size_t)b->uses, sizeof b->used[0], compare);
  for (int i = 1; i < b->uses; i++)
    count += b->used[i] != b->used[i - 1];
  return count;
}

struct depth_frame {
  vt_frame_t vt;
  struct boxes *boxes;
  int depth;
};

static vt_t depth_body(void *frame);

static vt_t descend(struct boxes *b, int depth) {
  struct depth_frame frame = {.boxes = b, .depth = depth};
  return note(b, b->start(&frame, sizeof frame, depth_body));
}

static vt_t depth_body(void *frame) {
  struct depth_frame *f = frame;
  VT_BEGIN(f);
  if (f->depth == 0)
    VT_RETURN(f, vt_done());
  VT_TRY(f, vt_delay(1));
  VT_TRY(f, descend(f->boxes, f->depth - 1));
  VT_END(f);
}

struct compute_frame {
  vt_frame_t vt;
  struct boxes *boxes;
  int input;
};

static vt_t compute_body(void *frame) {
  struct compute_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, descend(f->boxes, 3));
  VT_RETURN(f, vt_from_int(2 * f->input));
  VT_END(f);
}

/* Count at once with the inputs 1, 2, 3, ...; the sum. */
static int64_t compute(struct fixture *f, struct boxes *b, int count) {
  struct seen seen[40] = {{0}};
  int64_t sum = 0;
  for (int i = 0; i < count; i++) {
    struct compute_frame frame = {.boxes = b, .input = i + 1};
    vt_await(note(b, b->start(&frame, sizeof frame, compute_body)), seen_k,
             &seen[i]);
  }
  assert_true(fixture_run(f));
  for (int i = 0; i < count; i++) {
    assert_int_equal(seen[i].count, 1);
    assert_status(seen[i].result.status, 0);
    sum += seen[i].result.value.i;
  }
  return sum;
}

static void check_recursion(struct fixture *f, start_fn *start) {
  struct boxes warming = {.start = start}, boxes = {.start = start};
  struct counts warm;
  int64_t total = 0;
  /* At the start of 40 there are as many boxes and delays as 10 can ever
   * have, however their delays fall together. */
  assert_int_equal(compute(f, &warming, 40), 40 * 41);
  warm = take_counts(f);
  for (int round = 0; round < 3; round++)
    total += compute(f, &boxes, 10);
  assert_int_equal(total, 330);
  assert_steady(f, &warm);
  assert_int_equal(boxes.uses, 3 * 10 * 4);
  assert_in_range(distinct(&boxes), 1, boxes.uses - 1);
}

/* ---- the cases ---- */

#define XX(name)                                                               \
  static void name(void **state) { check_pooled(*state, method_##name); }
ASYNC_METHODS(XX)
#undef XX

static void pooling_async_value_tasks_builder_objects_pooled(void **state) {
  check_recursion(*state, start_on_stack);
  check_recursion(*state, start_in_box);
}

int main(void) {
#define XX(name) fixture_test(name),
  const struct CMUnitTest tests[] = {
      ASYNC_METHODS(XX)
          fixture_test(pooling_async_value_tasks_builder_objects_pooled),
  };
#undef XX
  return fixture_main("conformance/async_pooled", tests);
}
