/* SPDX-License-Identifier: MIT */
/* Ten million awaits of async functions in a stack of 64 KiB, built with the
 * library at -O0 too. methods.md has the table. */
#include "narrow.h"
#include "support/functions.h"
#include "support/gate.h"

/* ---- helpers ---- */

/* One way for functions to await each other. */
struct shape {
  vt_t (*link)(vt_t v);
  int64_t adds; /* of each link to the value */
};

static const struct shape awaits = {functions_link, 1};
static const struct shape tails = {functions_tail, 0};
static const struct shape late_tails = {functions_late_tail, 0};
static const struct shape boxes = {functions_boxed, 1};
static const struct shape cleans = {functions_clean, 1};

struct end {
  struct narrow *n;
  uint64_t links;
};

/* The last one of a chain completes: its value counts the links. */
static void end_k(void *state, vt_result_t r) {
  struct end *end = state;
  const struct shape *shape = end->n->kind;
  int64_t wanted = 5 + shape->adds * (int64_t)end->links;
  end->n->wrong += r.status != 0 || r.value.i != wanted;
  end->n->done += end->links;
}

static void open_k(void *state, vt_result_t r) {
  (void)r;
  gate_open(state, result_int(5));
}

/* The first operation completes when all functions wait: what yields does so
 * in order. */
static void run_pending(struct narrow *n) {
  const struct shape *shape = n->kind;
  struct end end = {.n = n};
  while ((end.links = narrow_round(n, n->done)) > 0) {
    struct gate gate = {0};
    vt_await(functions_chain(shape->link, gate_begin(&gate), end.links), end_k,
             &end);
    vt_await(vt_yield(), open_k, &gate);
    fixture_run(n->f);
    narrow_round_end(n);
  }
}

/* The chain has completed when its last one is awaited. */
static void run_completed(struct narrow *n) {
  const struct shape *shape = n->kind;
  struct end end = {.n = n};
  while ((end.links = narrow_round(n, n->done)) > 0) {
    struct gate gate = {0};
    vt_t v = functions_chain(shape->link, gate_begin(&gate), end.links);
    gate_open(&gate, result_int(5));
    fixture_run(n->f);
    n->wrong += vt_status(v) != 0;
    vt_await(v, end_k, &end);
    narrow_round_end(n);
  }
}

/* Nothing waits: each function returns its result in hand to the next. */
static void run_in_hand(struct narrow *n) {
  const struct shape *shape = n->kind;
  struct end end = {.n = n, .links = n->links};
  vt_t v = functions_chain(shape->link, vt_from_int(5), n->links);
  n->wrong += !vt_in_hand(v);
  vt_await(v, end_k, &end);
  n->wrong += fixture_pending(n->f) != 0;
}

/* One function that awaits others, ready one after another, in a loop. */
struct loop_frame {
  vt_frame_t vt;
  struct narrow *n;
  uint64_t i;
  uint64_t rounds;
};

static vt_t ready_body(void *frame) {
  struct loop_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  for (f->i = 0; f->i < f->n->links; f->i++) {
    VT_TRY_VALUE(f, value, functions_link(vt_from_int((int64_t)f->i)));
    f->n->wrong += value.i != (int64_t)f->i + 1;
    f->n->done++;
  }
  VT_END(f);
}

static void run_loop(struct narrow *n) {
  struct loop_frame frame = {.n = n};
  vt_t v = vt_start(&frame, ready_body);
  n->wrong += !vt_in_hand(v) || vt_status(v) != 0;
}

/* Functions that wait again and again, each in its one box. */
#define YIELDERS 1000

static vt_t yield_body(void *frame) {
  struct loop_frame *f = frame;
  VT_BEGIN(f);
  for (f->i = 0; f->i < f->rounds; f->i++) {
    VT_TRY(f, vt_yield());
    f->n->done++;
  }
  VT_END(f);
}

static void run_yields(struct narrow *n) {
  struct seen seen = {0};
  struct loop_frame frame = {.n = n, .rounds = n->links / YIELDERS};
  for (int i = 0; i < YIELDERS; i++)
    vt_await(vt_start(&frame, yield_body), seen_k, &seen);
  fixture_run(n->f);
  n->wrong += seen.count != YIELDERS;
}

/* ---- it works ---- */

static void functions_that_await_each_other(void **state) {
  (void)state;
  narrow_assert_keeps(run_pending, &awaits, NARROW_LINKS);
}

static void functions_that_return_each_other(void **state) {
  (void)state;
  narrow_assert_keeps(run_pending, &tails, NARROW_LINKS);
}

static void functions_that_wait_and_return_each_other(void **state) {
  (void)state;
  narrow_assert_keeps(run_pending, &late_tails, NARROW_LINKS);
}

static void functions_that_are_boxed_from_the_start(void **state) {
  (void)state;
  narrow_assert_keeps(run_pending, &boxes, NARROW_LINKS);
}

static void functions_that_clean_up_after_each_other(void **state) {
  (void)state;
  narrow_assert_keeps(run_pending, &cleans, NARROW_LINKS);
}

static void functions_that_completed_before_they_are_awaited(void **state) {
  (void)state;
  narrow_assert_keeps(run_completed, &awaits, NARROW_LINKS);
}

static void functions_with_their_results_in_hand(void **state) {
  (void)state;
  narrow_assert_keeps(run_in_hand, &awaits, NARROW_LINKS);
  narrow_assert_keeps(run_in_hand, &tails, NARROW_LINKS);
}

static void functions_ready_one_after_another_in_a_loop(void **state) {
  (void)state;
  narrow_assert_keeps(run_loop, NULL, NARROW_LINKS);
}

static void functions_that_wait_again_and_again(void **state) {
  (void)state;
  narrow_assert_keeps(run_yields, NULL, NARROW_LINKS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(functions_that_await_each_other),
      cmocka_unit_test(functions_that_return_each_other),
      cmocka_unit_test(functions_that_wait_and_return_each_other),
      cmocka_unit_test(functions_that_are_boxed_from_the_start),
      cmocka_unit_test(functions_that_clean_up_after_each_other),
      cmocka_unit_test(functions_that_completed_before_they_are_awaited),
      cmocka_unit_test(functions_with_their_results_in_hand),
      cmocka_unit_test(functions_ready_one_after_another_in_a_loop),
      cmocka_unit_test(functions_that_wait_again_and_again),
  };
  return fixture_main("stack", tests);
}
