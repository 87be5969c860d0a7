/* SPDX-License-Identifier: MIT */
/* vt_each: the order in which they come, that none is lost, and misuse. */
#include "support/own_source.h"
#include "support/trio.h"

#include <string.h>

/* ---- it works ---- */

static void they_come_in_the_order_of_completion(void **state) {
  struct trio t;
  trio_begin(&t, 0);
  trio_next(&t);
  assert_int_equal(t.seen.count, 0);
  trio_open(&t, 1, 20);
  assert_seen_int(&t.seen, 1);
  assert_int_equal(vt_each_left(t.each), 2);
  trio_open(&t, 2, 30);
  trio_fail(&t, 0, UV_EIO);
  assert_next(&t, 2);
  assert_next(&t, 0);
  assert_result(&t, 0, UV_EIO, 0);
  assert_result(&t, 1, 0, 20);
  assert_result(&t, 2, 0, 30);
  assert_int_equal(vt_each_left(t.each), 0);
  assert_end(&t);
  trio_end(*state, &t);
}

static void what_is_complete_comes_in_hand_by_index(void **state) {
  struct gate gate = {0};
  vt_each_t *each;
  vt_t v[] = {gate_begin(&gate), vt_from_int(1), vt_failed(UV_EIO),
              vt_from_task(vt_task_completed())};
  (void)state;
  assert_status(vt_each_new(v, 4, 0, &each), 0);
  for (uint64_t i = 1; i < 4; i++) {
    vt_t next = vt_each_next(each);
    assert_true(vt_in_hand(next));
    assert_int_equal(vt_get_result(next).value.u, i);
  }
  assert_status(vt_each_result(each, 2).status, UV_EIO);
  gate_open(&gate, result_int(7));
  assert_int_equal(vt_get_result(vt_each_next(each)).value.u, 0);
  vt_each_free(each);
}

static void of_none_there_is_only_the_end(void **state) {
  vt_each_t *each;
  (void)state;
  assert_status(vt_each_new(NULL, 0, 0, &each), 0);
  assert_int_equal(vt_each_left(each), 0);
  assert_status(vt_status(vt_each_next(each)), UV_EOF);
  vt_each_free(each);
  vt_each_free(NULL);
}

static void it_reads_as_a_loop(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_promise_t *promise = fixture_promise(0);
  vt_each_t *each;
  vt_t v[] = {gate_begin(&gate), vt_yield(), vt_from_int(5),
              vt_from_task(vt_promise_task(promise))};
  struct seen seen = {0};
  assert_status(vt_each_new(v, 4, 0, &each), 0);
  vt_await(each_sum(each), seen_k, &seen);
  for (int i = 0; i < 3; i++)
    fixture_turn(f);
  vt_promise_set(promise, (vt_value_t){.i = 20});
  gate_open(&gate, result_int(30));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 213055);
  vt_promise_free(promise);
}

static void many_are_one_operation(void **state) {
  enum { MANY = 1000 };
  struct fixture *f = *state;
  vt_t v[MANY];
  vt_each_t *each;
  struct seen seen = {0};
  for (int i = 0; i < MANY; i++)
    v[i] = i % 3 ? vt_yield() : vt_delay(1);
  assert_status(vt_each_new(v, MANY, 0, &each), 0);
  vt_await(each_sum(each), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
  assert_status(seen.result.status, 0);
}

static void up_to_eight_allocate_nothing_again_and_again(void **state) {
  struct fixture *f = *state;
  uint64_t before = 0;
  for (int round = 0; round < 100; round++) {
    vt_t v[8];
    vt_each_t *each;
    if (round == 10)
      before = fixture_allocations();
    for (int i = 0; i < 8; i++)
      v[i] = vt_yield();
    assert_status(vt_each_new(v, 8, 0, &each), 0);
    vt_forget(each_sum(each));
    assert_true(fixture_run(f));
  }
  assert_int_equal(fixture_allocations(), before);
}

/* ---- nothing is lost ---- */

static void a_cancelled_wait_loses_nothing(void **state) {
  struct trio t;
  struct seen cancelled = {0};
  trio_begin(&t, 0);
  vt_t next = vt_each_next(t.each);
  vt_await(next, seen_k, &cancelled);
  assert_status(vt_cancel(next), 0);
  assert_int_equal(cancelled.count, 0);
  trio_open(&t, 2, 30);
  fixture_turn(*state);
  assert_seen_status(&cancelled, UV_ECANCELED);
  assert_int_equal(t.gates[0].cancels + t.gates[1].cancels, 0);
  assert_next(&t, 2);
  trio_end(*state, &t);
}

static void a_wait_with_a_timeout_loses_nothing(void **state) {
  struct trio t;
  struct seen seen = {0};
  trio_begin(&t, 0);
  vt_await(vt_with_timeout(vt_each_next(t.each), 1), seen_k, &seen);
  assert_true(fixture_run_until(*state, &seen.count, 1));
  assert_seen_status(&seen, UV_ETIMEDOUT);
  trio_open(&t, 0, 1);
  assert_next(&t, 0);
  trio_end(*state, &t);
}

/* A wait that is withdrawn or forgotten before and after it has completed. */
static void what_nobody_takes_comes_again(void **state) {
  struct trio t;
  struct seen seen = {0};
  trio_begin(&t, 0);
  vt_t next = vt_each_next(t.each);
  vt_await(next, seen_k, &seen);
  assert_true(vt_await_stop(next, seen_k, &seen));
  vt_forget(vt_each_next(t.each));
  next = vt_each_next(t.each);
  vt_await_with(next, VT_LATER, seen_k, &seen);
  trio_open(&t, 1, 20);
  assert_true(vt_await_stop(next, seen_k, &seen));
  assert_next(&t, 1);
  next = vt_each_next(t.each);
  trio_open(&t, 0, 10);
  vt_forget(next);
  fixture_turn(*state);
  assert_int_equal(seen.count, 0);
  assert_next(&t, 0);
  trio_end(*state, &t);
}

static void a_wait_may_be_taken_late(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t, 0);
  vt_t next = vt_each_next(t.each);
  trio_open(&t, 2, 1);
  trio_open(&t, 1, 1);
  assert_int_equal(vt_each_left(t.each), TRIO);
  assert_int_equal(vt_get_result(next).value.u, 2);
  assert_next(&t, 1);
  next = vt_each_next(t.each);
  trio_open(&t, 0, 1);
  t.seen.count = 0;
  vt_await_with(next, VT_LATER, seen_k, &t.seen);
  assert_status(vt_status(vt_each_next(t.each)), UV_EALREADY);
  fixture_turn(f);
  assert_seen_int(&t.seen, 0);
  assert_end(&t);
  trio_end(*state, &t);
}

static void fail_fast_cancels_the_rest_and_gives_it(void **state) {
  struct trio t;
  struct fixture *f = *state;
  trio_begin(&t, VT_FAIL_FAST);
  t.gates[2].cancel_rc = UV_EBUSY;
  trio_next(&t);
  trio_fail(&t, 1, UV_EIO);
  assert_seen_int(&t.seen, 1);
  assert_next(&t, 0);
  assert_result(&t, 0, UV_ECANCELED, 0);
  trio_next(&t);
  fixture_turn(f);
  assert_int_equal(t.seen.count, 0);
  trio_open(&t, 2, 30);
  assert_seen_int(&t.seen, 2);
  assert_result(&t, 2, 0, 30);
  assert_end(&t);
  trio_end(*state, &t);
}

static void one_that_completes_inside_its_cancel_comes_once(void **state) {
  struct own_source own;
  vt_each_t *each;
  own_source_init(&own);
  vt_t v[] = {vt_failed(UV_EIO), own_source_task(&own), vt_failed(UV_EACCES)};
  (void)state;
  assert_status(vt_each_new(v, 3, VT_FAIL_FAST, &each), 0);
  for (int i = 0; i < 3; i++)
    assert_int_equal(vt_get_result(vt_each_next(each)).value.u, i * 2 % 3);
  assert_status(vt_each_result(each, 1).status, UV_ECANCELED);
  assert_status(vt_status(vt_each_next(each)), UV_EOF);
  vt_each_free(each);
}

static void cancelled_ones_are_given(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t, 0);
  t.gates[1].cancel_rc = UV_EBUSY;
  trio_next(&t);
  assert_status(vt_each_cancel(t.each), 0);
  assert_int_equal(t.seen.count, 0);
  fixture_turn(f);
  assert_seen_int(&t.seen, 2); /* the last begun is the first ended */
  assert_next(&t, 0);
  assert_result(&t, 2, UV_ECANCELED, 0);
  trio_next(&t);
  trio_open(&t, 1, 20);
  assert_seen_int(&t.seen, 1);
  assert_status(vt_each_cancel(t.each), UV_EALREADY);
  assert_end(&t);
  trio_end(*state, &t);
}

/* ---- it fails ---- */

static void one_waits_at_a_time(void **state) {
  struct trio t;
  trio_begin(&t, 0);
  trio_next(&t);
  assert_status(vt_status(vt_each_next(t.each)), UV_EALREADY);
  trio_open(&t, 0, 1);
  assert_seen_int(&t.seen, 0);
  trio_end(*state, &t);
}

static void misuse_is_answered(void **state) {
  struct trio t;
  vt_each_t *each = NULL;
  vt_t v = vt_done();
  assert_status(vt_each_new(NULL, 1, 0, &each), UV_EINVAL);
  assert_status(vt_each_new(&v, 1, 0, NULL), UV_EINVAL);
  assert_status(vt_status(vt_each_next(NULL)), UV_EINVAL);
  assert_status(vt_each_cancel(NULL), UV_EINVAL);
  assert_status(vt_each_result(NULL, 0).status, UV_EINVAL);
  assert_int_equal(vt_each_left(NULL), 0);
  trio_begin(&t, 0);
  assert_status(vt_each_result(t.each, 0).status, VT_EPENDING);
  assert_status(vt_each_result(t.each, TRIO).status, UV_EINVAL);
  vt_t next = vt_each_next(t.each);
  assert_status(vt_get_result(next).status, VT_EPENDING);
  trio_open(&t, 0, 1);
  assert_int_equal(vt_get_result(next).value.u, 0);
  assert_status(vt_get_result(next).status, VT_ESTALE);
  trio_end(*state, &t);
}

static void the_same_operation_twice_is_told(void **state) {
  struct gate gate = {0};
  vt_each_t *each;
  vt_t v = gate_begin(&gate);
  vt_t twice[] = {v, v};
  assert_status(vt_each_new(twice, 2, 0, &each), 0);
  assert_int_equal(vt_get_result(vt_each_next(each)).value.u, 1);
  assert_status(vt_each_result(each, 1).status, VT_EAWAITED);
  vt_each_free(each);
  assert_true(fixture_run(*state));
}

static void use_elsewhere(void *arg) {
  struct trio *t = arg;
  vt_each_t *each = NULL;
  vt_t v = vt_done();
  t->seen.result.status = vt_each_new(&v, 1, 0, &each);
  t->gates[0].cancel_rc = (int)vt_status(vt_each_next(t->each));
  vt_each_free(t->each); /* refused */
}

static void another_thread_is_refused(void **state) {
  struct trio t;
  trio_begin(&t, 0);
  fixture_on_thread(use_elsewhere, &t, 0);
  assert_status(t.seen.result.status, VT_ENOLOOP);
  assert_status(t.gates[0].cancel_rc, VT_ETHREAD);
  assert_int_equal(t.gates[0].cancels, 0);
  t.gates[0].cancel_rc = 0;
  trio_end(*state, &t);
}

static void what_was_never_freed_is_told(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t, 0);
  for (int i = 0; i < TRIO; i++)
    trio_open(&t, i, i);
  assert_status(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *report = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(report);
  assert_string_equal(report->what, "each");
  trio_end(*state, &t);
}

static void a_wait_tells_what_it_waits_for(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t, 0);
  t.gates[0].about = "the first";
  trio_next(&t);
  assert_status(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *report;
  bool told = false;
  while ((report = fixture_take_report(f, VT_REPORT_LEFT)))
    told |= strcmp(report->what, "each_next") == 0 &&
            strcmp(report->subject, "the first") == 0;
  assert_true(told);
  trio_end(*state, &t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(they_come_in_the_order_of_completion),
      fixture_test(what_is_complete_comes_in_hand_by_index),
      fixture_test(of_none_there_is_only_the_end),
      fixture_test(it_reads_as_a_loop),
      fixture_test(many_are_one_operation),
      fixture_test(up_to_eight_allocate_nothing_again_and_again),
      fixture_test(a_cancelled_wait_loses_nothing),
      fixture_test(a_wait_with_a_timeout_loses_nothing),
      fixture_test(what_nobody_takes_comes_again),
      fixture_test(a_wait_may_be_taken_late),
      fixture_test(fail_fast_cancels_the_rest_and_gives_it),
      fixture_test(one_that_completes_inside_its_cancel_comes_once),
      fixture_test(cancelled_ones_are_given),
      fixture_test(one_waits_at_a_time),
      fixture_test(misuse_is_answered),
      fixture_test(the_same_operation_twice_is_told),
      fixture_test(another_thread_is_refused),
      fixture_test(what_was_never_freed_is_told),
      fixture_test(a_wait_tells_what_it_waits_for),
  };
  return fixture_main("each", tests);
}
