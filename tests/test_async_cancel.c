/* SPDX-License-Identifier: MIT */
/* A cancel of an async function that comes while what it awaits cannot be
 * ended, or has ended already: it is not lost, but ends the next await that
 * waits. Built three times: plain, with VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/functions.h"
#include "support/gate.h"

#define LINKS 100000

/* ---- helpers ---- */

/* Awaits first, which is begun, then the gates in their order; notes how, and
 * goes on whatever they say. */
struct walk_frame {
  vt_frame_t vt;
  vt_t first;
  struct gate *gates;
  int count, at;
  int64_t *got;   /* one more */
  bool cleans_up; /* awaits the gates in its clean-up */
};

static vt_t walk_body(void *frame) {
  struct walk_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, f->first);
  f->got[0] = r.status;
  for (; !f->cleans_up && f->at < f->count; f->at++) {
    VT_AWAIT(f, r, gate_begin(&f->gates[f->at]));
    f->got[f->at + 1] = r.status;
  }
  VT_RETURN(f, vt_from_int(7));
  VT_FINALLY(f);
  for (; f->at < f->count; f->at++) {
    VT_AWAIT(f, r, gate_begin(&f->gates[f->at]));
    f->got[f->at + 1] = r.status;
  }
  VT_END(f);
}

static vt_t walk_async(vt_t first, struct gate *gates, int count,
                       int64_t *got) {
  struct walk_frame f = {
      .first = first, .gates = gates, .count = count, .got = got};
  return vt_start(&f, walk_body);
}

static vt_t clean_async(vt_t first, struct gate *gates, int count,
                        int64_t *got) {
  struct walk_frame f = {.first = first,
                         .gates = gates,
                         .count = count,
                         .got = got,
                         .cleans_up = true};
  return vt_start(&f, walk_body);
}

static const struct gate stubborn = {.cancel_rc = UV_EBUSY};

/* Awaits v, which cannot be ended while first is closed, and cancels it. */
static void cancel_in_vain(vt_t v, const struct gate *first,
                           struct seen *seen) {
  vt_await(v, seen_k, seen);
  assert_status(vt_cancel(v), UV_EBUSY);
  assert_int_equal(first->cancels, 1);
  assert_int_equal(seen->count, 0);
}

/* ---- it works ---- */

static void the_next_await_is_ended(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, gates[2] = {{0}, {0}};
  int64_t got[3] = {1, 1, 1};
  struct seen seen = {0};
  vt_t v = walk_async(gate_begin(&first), gates, 2, got);
  cancel_in_vain(v, &first, &seen);
  gate_open(&first, result_int(1));
  fixture_turn(f);
  assert_int_equal(seen.count, 0);
  assert_status(got[0], 0);
  assert_status(got[1], UV_ECANCELED);
  assert_int_equal(gates[1].cancels, 0); /* once is enough */
  gate_open(&gates[1], result_int(1));
  assert_true(fixture_run(f));
  assert_status(got[2], 0);
  assert_seen_int(&seen, 7);
}

static void one_that_cannot_be_ended_either_is_passed_over(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, gates[2] = {stubborn, {0}};
  int64_t got[3] = {1, 1, 1};
  struct seen seen = {0};
  vt_t v = walk_async(gate_begin(&first), gates, 2, got);
  cancel_in_vain(v, &first, &seen);
  gate_open(&first, result_int(1));
  gate_open(&gates[0], result_int(1));
  assert_true(fixture_run(f));
  assert_status(got[1], 0);
  assert_status(got[2], UV_ECANCELED);
  assert_seen_int(&seen, 7);
}

static void what_has_completed_already_is_passed_over(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  int64_t got[2] = {1, 1};
  struct seen seen = {0};
  vt_semaphore_t s;
  vt_semaphore_init(&s, 0);
  vt_t v = walk_async(vt_semaphore_acquire_async(&s, 1), &gate, 1, got);
  vt_await(v, seen_k, &seen);
  assert_status(vt_semaphore_release(&s, 1), 0);
  assert_status(vt_cancel(v), UV_EALREADY);
  assert_true(fixture_run(f));
  assert_status(got[0], 0);
  assert_status(got[1], UV_ECANCELED);
  assert_seen_int(&seen, 7);
}

static void two_cancels_of_one_await_are_one(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  int64_t got[2] = {1, 1};
  struct seen seen = {0};
  vt_semaphore_t s;
  vt_semaphore_init(&s, 0);
  vt_t v = walk_async(vt_semaphore_acquire_async(&s, 1), &gate, 1, got);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_status(vt_cancel(v), UV_EALREADY);
  fixture_turn(f);
  assert_status(got[0], UV_ECANCELED);
  assert_int_equal(gate.cancels, 0);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
}

static void a_clean_up_is_left_alone(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, gates[2] = {{0}, {0}};
  int64_t got[3] = {1, 1, 1};
  struct seen seen = {0};
  vt_t v = clean_async(gate_begin(&first), gates, 2, got);
  cancel_in_vain(v, &first, &seen);
  gate_open(&first, result_int(1));
  gate_open(&gates[0], result_int(1));
  gate_open(&gates[1], result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(gates[0].cancels + gates[1].cancels, 0);
  assert_seen_int(&seen, 7);
}

/* Returns a gate, or a task, that waits. */
struct tail_frame {
  vt_frame_t vt;
  vt_t first;
  struct gate *gate; /* NULL: the task */
  vt_task_t *task;
};

static vt_t tail_body(void *frame) {
  struct tail_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->first);
  VT_RETURN(f, f->gate ? gate_begin(f->gate) : vt_from_task(f->task));
  VT_END(f);
}

static void what_it_returns_is_ended(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, gate = {0};
  struct seen seen = {0};
  struct tail_frame frame = {.first = gate_begin(&first), .gate = &gate};
  cancel_in_vain(vt_start(&frame, tail_body), &first, &seen);
  gate_open(&first, result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(gate.cancels, 1);
  assert_seen_status(&seen, UV_ECANCELED);
}

static void a_task_that_it_returns_lets_it_go(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn;
  struct seen seen = {0};
  vt_promise_t *promise;
  assert_status(vt_promise_new(0, &promise), 0);
  struct tail_frame frame = {.first = gate_begin(&first),
                             .task = vt_promise_task(promise)};
  cancel_in_vain(vt_start(&frame, tail_body), &first, &seen);
  gate_open(&first, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_promise_set(promise, (vt_value_t){.i = 1}), 0);
  vt_promise_free(promise);
}

/* ---- functions that await functions ---- */

static void one_that_awaits_next_is_ended_in_its_place(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, gate = {0};
  int64_t got[2] = {1, 1};
  struct seen seen = {0};
  vt_t inner = functions_chain(functions_link, gate_begin(&first), 3);
  vt_t v = walk_async(inner, &gate, 1, got);
  cancel_in_vain(v, &first, &seen);
  gate_open(&first, result_int(1));
  assert_true(fixture_run(f));
  assert_status(got[0], 0);
  assert_status(got[1], UV_ECANCELED);
  assert_seen_int(&seen, 7);
}

static void those_above_it_go_on(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, below = {0}, above = {0};
  int64_t got_below[2] = {1, 1}, got_above[2] = {1, 1};
  struct seen seen = {0};
  vt_t inner = walk_async(gate_begin(&first), &below, 1, got_below);
  vt_t v = walk_async(inner, &above, 1, got_above);
  cancel_in_vain(v, &first, &seen);
  gate_open(&first, result_int(1));
  fixture_turn(f);
  assert_status(got_below[1], UV_ECANCELED);
  assert_status(got_above[0], 0);
  assert_int_equal(above.cancels, 0);
  gate_open(&above, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
}

/* The one above was not asked to end. */
static void only_what_was_cancelled_is_due(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, above = {0};
  int64_t got_below[1] = {1}, got_above[2] = {1, 1};
  struct seen seen = {0};
  vt_t inner = walk_async(gate_begin(&first), NULL, 0, got_below);
  vt_t v = walk_async(inner, &above, 1, got_above);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(inner), UV_EBUSY);
  gate_open(&first, result_int(1));
  assert_int_equal(above.cancels, 0);
  gate_open(&above, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
}

static void a_clean_up_below_keeps_it_for_those_above(void **state) {
  struct fixture *f = *state;
  struct gate first = {0}, below[2] = {{0}, {0}}, above = {0};
  int64_t got_below[3] = {1, 1, 1}, got_above[2] = {1, 1};
  struct seen seen = {0};
  vt_t inner = clean_async(gate_begin(&first), below, 2, got_below);
  vt_t v = walk_async(inner, &above, 1, got_above);
  vt_await(v, seen_k, &seen);
  gate_open(&first, result_int(1)); /* it cleans up from here on */
  assert_status(vt_cancel(v), UV_EBUSY);
  gate_open(&below[0], result_int(1));
  gate_open(&below[1], result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(below[0].cancels + below[1].cancels, 0);
  assert_status(got_above[0], 0);
  assert_status(got_above[1], UV_ECANCELED);
  assert_seen_int(&seen, 7);
}

/* It is in the block of one that was due when it completed, and had an
 * awaiter. */
static void nobody_awaits_it(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, again = stubborn, other = {0}, gate = {0};
  int64_t got[2] = {1, 1}, got_above[1] = {1}, got_other[1] = {1};
  struct seen seen = {0}, seen_other = {0};
  vt_t inner = walk_async(gate_begin(&first), NULL, 0, got);
  vt_t above = walk_async(inner, NULL, 0, got_above);
  cancel_in_vain(above, &first, &seen);
  gate_open(&first, result_int(1));
  assert_seen_int(&seen, 7);
  vt_await(walk_async(gate_begin(&other), NULL, 0, got_other), seen_k,
           &seen_other);
  vt_t v = walk_async(gate_begin(&again), &gate, 1, got);
  assert_true(v.source == inner.source); /* else it shows nothing */
  assert_status(vt_cancel(v), UV_EBUSY);
  gate_open(&again, result_int(1));
  fixture_turn(f);
  assert_status(got[1], UV_ECANCELED);
  gate_open(&other, result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(vt_get_result(v).value.i, 7);
}

static void run_long_chain(void *arg) {
  struct seen *seen = arg;
  static struct fixture f;
  struct gate first = stubborn, gate = {0};
  int64_t got[2] = {1, 1};
  if (fixture_open(&f))
    return;
  vt_t chain = functions_chain(functions_link, gate_begin(&first), LINKS);
  vt_t v = walk_async(chain, &gate, 1, got);
  vt_await(v, seen_k, seen);
  vt_cancel(v);
  gate_open(&first, result_int(1));
  fixture_run(&f);
  if (fixture_close(&f) || got[0] != 0 || got[1] != UV_ECANCELED)
    seen->count = 0;
}

static void a_long_chain_needs_no_stack(void **state) {
  struct seen seen = {0};
  (void)state;
  fixture_on_thread(run_long_chain, &seen, 512 * 1024);
  assert_seen_int(&seen, 7);
}

/* ---- one that runs ---- */

struct self_frame {
  vt_frame_t vt;
  vt_t *self;
  struct gate *gate;
};

static vt_t self_body(void *frame) {
  struct self_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  if (vt_cancel(*f->self) != UV_EBUSY)
    VT_RETURN(f, vt_failed(UV_EINVAL));
  VT_TRY(f, gate_begin(f->gate));
  VT_END(f);
}

static void it_may_cancel_itself(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  vt_t self;
  struct self_frame frame = {.self = &self, .gate = &gate};
  self = vt_start(&frame, self_body);
  vt_await(self, seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
}

/* ---- those who cancel ---- */

static void a_race_ends_a_loser_that_was_busy(void **state) {
  struct fixture *f = *state;
  struct gate winner = {0}, first = stubborn, gate = {0};
  int64_t got[2] = {1, 1};
  struct seen seen = {0};
  vt_t loser = walk_async(gate_begin(&first), &gate, 1, got);
  vt_await(VT_RACE(0, gate_begin(&winner), loser), seen_k, &seen);
  gate_open(&winner, result_int(5));
  gate_open(&first, result_int(1));
  assert_true(fixture_run(f));
  assert_status(got[1], UV_ECANCELED);
  assert_seen_int(&seen, 5);
}

static void a_timeout_ends_what_was_busy(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, gate = {0};
  int64_t got[2] = {1, 1};
  struct seen seen = {0};
  vt_t v = walk_async(gate_begin(&first), &gate, 1, got);
  vt_await(vt_with_timeout(v, 0), seen_k, &seen);
  fixture_turn(f);
  assert_int_equal(first.cancels, 1);
  gate_open(&first, result_int(1));
  assert_true(fixture_run(f));
  assert_status(got[1], UV_ECANCELED);
  assert_int_equal(seen.count, 1);
}

static void in_a_scope_it_is_the_same(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn, gates[2] = {{0}, {0}};
  int64_t got[3] = {1, 1, 1};
  struct seen seen = {0};
  vt_scope_t *scope;
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t inner = functions_chain(functions_link, gate_begin(&first), 2);
  vt_t v = walk_async(inner, gates, 2, got);
  vt_scope_leave(before);
  cancel_in_vain(v, &first, &seen);
  gate_open(&first, result_int(1));
  fixture_turn(f);
  assert_status(got[1], UV_ECANCELED);
  assert_int_equal(gates[1].cancels, 0);
  gate_open(&gates[1], result_int(1));
  vt_await(vt_scope_join(scope), NULL, NULL);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
}

static void its_scope_may_end_it_first(void **state) {
  struct fixture *f = *state;
  struct gate first = stubborn;
  struct seen seen = {0};
  vt_promise_t *promise;
  vt_scope_t *scope;
  assert_status(vt_promise_new(0, &promise), 0);
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  struct tail_frame frame = {.first = gate_begin(&first),
                             .task = vt_promise_task(promise)};
  vt_t v = vt_start(&frame, tail_body);
  vt_scope_leave(before);
  cancel_in_vain(v, &first, &seen);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  gate_open(&first, result_int(1));
  vt_await(vt_scope_join(scope), NULL, NULL);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_promise_set(promise, (vt_value_t){.i = 1}), 0);
  vt_promise_free(promise);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(the_next_await_is_ended),
      fixture_test(one_that_cannot_be_ended_either_is_passed_over),
      fixture_test(what_has_completed_already_is_passed_over),
      fixture_test(two_cancels_of_one_await_are_one),
      fixture_test(a_clean_up_is_left_alone),
      fixture_test(what_it_returns_is_ended),
      fixture_test(a_task_that_it_returns_lets_it_go),
      fixture_test(one_that_awaits_next_is_ended_in_its_place),
      fixture_test(those_above_it_go_on),
      fixture_test(only_what_was_cancelled_is_due),
      fixture_test(a_clean_up_below_keeps_it_for_those_above),
      fixture_test(nobody_awaits_it),
      cmocka_unit_test(a_long_chain_needs_no_stack),
      fixture_test(it_may_cancel_itself),
      fixture_test(a_race_ends_a_loser_that_was_busy),
      fixture_test(a_timeout_ends_what_was_busy),
      fixture_test(in_a_scope_it_is_the_same),
      fixture_test(its_scope_may_end_it_first),
  };
  return fixture_main("async_cancel", tests);
}
