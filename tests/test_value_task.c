/* SPDX-License-Identifier: MIT */
/* Value tasks in hand: layout, constructors, queries, equality, awaits. */
#include "support/fixture.h"

#include <math.h>
#include <string.h>

_Static_assert(sizeof(vt_value_t) == 8, "one word");
_Static_assert(sizeof(vt_result_t) == 16, "two words");
_Static_assert(sizeof(vt_t) == 16, "two words");
_Static_assert(offsetof(vt_t, source) == 0, "the source first");
_Static_assert(offsetof(vt_t, value) == 8, "then the value");
_Static_assert(offsetof(vt_result_t, status) == 0, "the status first");
_Static_assert(VT_PENDING > 0, "no status of a completed value task");

/* ---- helpers ---- */

static bool is_exactly(vt_t v, bool succeeded, bool cancelled, bool failed) {
  return vt_is_completed(v) && vt_is_succeeded(v) == succeeded &&
         vt_is_cancelled(v) == cancelled && vt_is_failed(v) == failed;
}

/* ---- it works: made in hand ---- */

static void sixteen_zero_bytes_are_done(void **state) {
  vt_t v;
  (void)state;
  memset(&v, 0, sizeof v);
  assert_true(is_exactly(v, true, false, false));
  assert_true(vt_in_hand(v));
  assert_true(vt_equal(v, vt_done()));
  assert_status(vt_status(v), 0);
  assert_status(vt_get_result(v).status, 0);
  assert_int_equal(vt_get_result(v).value.u, 0);
}

static void constructors_carry_their_value(void **state) {
  static const char text[] = "text";
  vt_value_t value = {.u = UINT64_MAX - 1};
  (void)state;
  assert_int_equal(vt_get_result(vt_from_int(INT64_MIN)).value.i, INT64_MIN);
  assert_true(vt_get_result(vt_from_uint(UINT64_MAX)).value.u == UINT64_MAX);
  assert_true(vt_get_result(vt_from_double(-0.5)).value.d == -0.5);
  assert_ptr_equal(vt_get_result(vt_from_ptr(text)).value.p, text);
  assert_true(vt_get_result(vt_from_value(value)).value.u == UINT64_MAX - 1);
  assert_true(is_exactly(vt_from_int(-5), true, false, false));
  assert_true(is_exactly(vt_from_ptr(NULL), true, false, false));
}

static void failed_carries_its_status(void **state) {
  static const int64_t statuses[] = {-1,           UV_ENOENT,   UV_EOF,
                                     VT_ESTALE,    VT_ESTATE,   INT32_MIN,
                                     -(1LL << 40), -(1LL << 62)};
  (void)state;
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    vt_t v = vt_failed(statuses[i]);
    assert_true(vt_in_hand(v));
    assert_true(is_exactly(v, false, false, true));
    assert_status(vt_status(v), statuses[i]);
    assert_status(vt_status_in_hand(v), statuses[i]);
    assert_status(vt_get_result(v).status, statuses[i]);
    assert_status(vt_get_result(v).status, statuses[i]); /* and again */
  }
}

static void cancelled_is_not_failed(void **state) {
  (void)state;
  assert_true(is_exactly(vt_failed(UV_ECANCELED), false, true, false));
}

static void from_result_is_the_same_outcome(void **state) {
  (void)state;
  assert_true(vt_equal(vt_from_result(result_int(7)), vt_from_int(7)));
  assert_true(
      vt_equal(vt_from_result(result_failed(UV_EIO)), vt_failed(UV_EIO)));
}

static void equality_is_of_bits(void **state) {
  (void)state;
  assert_true(vt_equal(vt_from_int(0), vt_from_ptr(NULL)));
  assert_true(vt_equal(vt_from_double(NAN), vt_from_double(NAN)));
  assert_false(vt_equal(vt_from_double(0.0), vt_from_double(-0.0)));
  assert_false(vt_equal(vt_from_int(42), vt_from_int(43)));
  assert_false(vt_equal(vt_done(), vt_failed(-1)));
  assert_false(vt_equal(vt_failed(-2), vt_failed(-1)));
  assert_true(vt_equal(vt_failed(-2), vt_failed(-2)));
}

/* ---- it works: awaited in hand ---- */

static void await_of_a_hit_runs_before_it_returns(void **state) {
  struct seen good = {0}, bad = {0};
  (void)state;
  vt_await(vt_from_int(42), seen_k, &good);
  assert_seen_int(&good, 42);
  vt_await(vt_failed(UV_EIO), seen_k, &bad);
  assert_seen_status(&bad, UV_EIO);
}

static void await_of_a_hit_needs_no_memory(void **state) {
  struct seen seen = {0};
  uint64_t before = fixture_allocations();
  (void)state;
  for (int i = 0; i < 100; i++) {
    vt_await(vt_from_int(i), seen_k, &seen);
    vt_await(vt_failed(UV_EIO), seen_k, &seen);
    vt_await_with(vt_from_int(i), VT_ANYWHERE, seen_k, &seen);
  }
  assert_int_equal(seen.count, 300);
  assert_int_equal(fixture_allocations(), before);
}

static void await_of_a_failure_gives_no_value(void **state) {
  struct seen seen = {0};
  vt_t v = vt_failed(UV_EIO);
  (void)state;
  vt_await(v, seen_k, &seen);
  assert_int_equal(seen.result.value.u, vt_get_result(v).value.u);
}

static void later_runs_after_the_await_returned(void **state) {
  struct fixture *f = *state;
  struct seen good = {0}, bad = {0};
  vt_await_with(vt_from_int(5), VT_LATER, seen_k, &good);
  vt_await_with(vt_failed(UV_EIO), VT_LATER, seen_k, &bad);
  assert_int_equal(good.count + bad.count, 0);
  assert_true(fixture_run(f)); /* the queued continuations keep the loop */
  assert_seen_int(&good, 5);
  assert_seen_status(&bad, UV_EIO);
}

static void later_keeps_the_order(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  for (int i = 0; i < 1000; i++)
    vt_await_with(vt_from_int(i), VT_LATER, seen_k, &seen);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1000);
  assert_int_equal(seen.result.value.i, 999);
}

static void unknown_flags_are_ignored(void **state) {
  struct fixture *f = *state;
  struct seen now = {0}, later = {0};
  vt_await_with(vt_from_int(1), ~(VT_LATER | VT_ANYWHERE), seen_k, &now);
  assert_seen_int(&now, 1);
  vt_await_with(vt_from_int(2), ~VT_ANYWHERE, seen_k, &later);
  assert_int_equal(later.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&later, 2);
}

static void a_null_continuation_forgets(void **state) {
  struct fixture *f = *state;
  vt_await(vt_from_int(1), NULL, f);
  vt_await_with(vt_from_int(1), VT_LATER, NULL, f);
  assert_int_equal(f->report_count, 0);
  vt_await(vt_failed(UV_EIO), NULL, f);
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
}

static void a_forgotten_failure_in_hand_is_reported(void **state) {
  struct fixture *f = *state;
  vt_forget(vt_done());
  vt_forget(vt_failed(UV_ECANCELED)); /* cancellation never is */
  assert_int_equal(f->report_count, 0);
  vt_forget(vt_failed(UV_EPIPE));
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EPIPE);
}

static void on_completed_has_nothing_to_wait_for(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  assert_int_equal(vt_on_completed(vt_from_int(1), 0, seen_k, &seen),
                   VT_COMPLETED);
  assert_int_equal(vt_on_completed(vt_failed(-1), 0, seen_k, &seen),
                   VT_COMPLETED);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 0);
}

static void cancel_of_a_hit_comes_too_late(void **state) {
  (void)state;
  assert_status(vt_cancel(vt_from_int(1)), UV_EALREADY);
  assert_status(vt_cancel(vt_failed(UV_EIO)), UV_EALREADY);
}

static void stop_of_what_was_never_registered_is_false(void **state) {
  struct seen seen = {0};
  (void)state;
  assert_false(vt_await_stop(vt_from_int(1), seen_k, &seen));
  assert_false(vt_await_stop(vt_from_int(1), NULL, &seen));
  vt_await(vt_from_int(1), seen_k, &seen);
  assert_false(vt_await_stop(vt_from_int(1), seen_k, &seen));
  assert_seen_int(&seen, 1);
}

static void stop_withdraws_a_later_run(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0}, other = {0};
  vt_t v = vt_from_int(1);
  vt_await_with(v, VT_LATER, seen_k, &seen);
  vt_await_with(v, VT_LATER, seen_k, &other);
  assert_true(vt_await_stop(v, seen_k, &seen));
  assert_false(vt_await_stop(v, seen_k, &seen));
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 0);
  assert_seen_int(&other, 1);
}

static void loop_run_gives_what_is_in_hand(void **state) {
  struct fixture *f = *state;
  assert_int_equal(vt_loop_run(f->vt, vt_from_int(9)).value.i, 9);
  assert_status(vt_loop_run(f->vt, vt_failed(UV_EIO)).status, UV_EIO);
}

/* ---- it works: as a task ---- */

static void small_numbers_have_static_tasks(void **state) {
  (void)state;
  assert_ptr_equal(vt_as_task(vt_done()), vt_task_completed());
  assert_ptr_equal(vt_as_task(vt_from_ptr(NULL)), vt_task_completed());
  assert_ptr_equal(vt_as_task(vt_from_int(0)), vt_task_from_bool(false));
  assert_ptr_equal(vt_as_task(vt_from_int(1)), vt_task_from_bool(true));
  for (int64_t i = -1; i <= 8; i++) {
    vt_task_t *task = vt_as_task(vt_from_int(i));
    assert_ptr_equal(task, vt_task_from_int(i));
    assert_int_equal(vt_task_result(task).value.i, i);
  }
}

static void other_values_are_a_new_task_each_time(void **state) {
  static const int64_t values[] = {-2, 9, 42};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    vt_task_t *a = vt_as_task(vt_from_int(values[i]));
    vt_task_t *b = vt_as_task(vt_from_int(values[i]));
    assert_ptr_not_equal(a, b);
    assert_int_equal(vt_task_result(a).value.i, values[i]);
    assert_int_equal(vt_task_result(b).value.i, values[i]);
    vt_task_unref(a);
    vt_task_unref(b);
  }
}

static void a_failure_in_hand_is_a_failed_task(void **state) {
  struct fixture *f = *state;
  vt_task_t *task = vt_as_task(vt_failed(UV_EIO));
  vt_task_t *unseen = vt_as_task(vt_failed(UV_EPIPE));
  assert_status(vt_task_status(task), UV_EIO);
  assert_status(vt_task_result(task).status, UV_EIO);
  vt_task_unref(task);
  assert_int_equal(f->report_count, 0);
  vt_task_unref(unseen);
  assert_report(f, VT_REPORT_UNOBSERVED, UV_EPIPE);
}

static void preserve_of_a_hit_is_itself(void **state) {
  vt_task_t *task = vt_task_completed();
  (void)state;
  assert_true(vt_equal(vt_preserve(vt_from_int(42), &task), vt_from_int(42)));
  assert_null(task);
  task = vt_task_completed();
  assert_true(vt_equal(vt_preserve(vt_failed(-7), &task), vt_failed(-7)));
  assert_null(task);
}

/* ---- it works: without a loop ---- */

struct no_loop {
  vt_loop_t *current;
  struct seen hit, later;
  int64_t status;
  vt_task_t *task, *made;
  int64_t made_value;
  bool stopped;
};

static void hits_without_a_loop(void *arg) {
  struct no_loop *n = arg;
  n->current = vt_loop_current();
  vt_await(vt_from_int(3), seen_k, &n->hit);
  vt_await_with(vt_from_int(3), VT_LATER, seen_k, &n->later);
  n->status = vt_get_result(vt_failed(UV_EIO)).status;
  n->task = vt_as_task(vt_from_int(8));
  n->made = vt_as_task(vt_from_int(1000));
  n->made_value = vt_task_result(n->made).value.i;
  vt_task_unref(n->made);
  n->stopped = vt_await_stop(vt_from_int(3), seen_k, &n->hit);
  vt_forget(vt_failed(UV_EIO)); /* nobody to tell, and no crash */
}

static void hits_work_on_a_thread_without_a_loop(void **state) {
  struct no_loop n = {0};
  (void)state;
  fixture_on_thread(hits_without_a_loop, &n, 0);
  assert_null(n.current);
  assert_seen_int(&n.hit, 3);
  assert_seen_status(&n.later, VT_ENOLOOP);
  assert_status(n.status, UV_EIO);
  assert_ptr_equal(n.task, vt_task_from_int(8));
  assert_int_equal(n.made_value, 1000);
  assert_false(n.stopped);
}

/* ---- it fails ---- */

static void failed_with_no_failure_is_estatus(void **state) {
  static const int64_t statuses[] = {0, 1, 42, INT64_MAX};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    assert_status(vt_status(vt_failed(statuses[i])), VT_ESTATUS);
    assert_true(vt_is_failed(vt_failed(statuses[i])));
  }
  for (size_t i = 1; i < 4; i++)
    assert_status(vt_status(vt_from_result(result_failed(statuses[i]))),
                  VT_ESTATUS);
}

/* A status has 63 bits in the 16 bytes. */
static void failed_with_the_lowest_numbers_is_no_success(void **state) {
  static const int64_t statuses[] = {INT64_MIN, INT64_MIN + 1,
                                     -(1LL << 62) - 1};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    vt_t v = vt_failed(statuses[i]);
    assert_true(vt_status(v) < 0);
    assert_true(is_exactly(v, false, false, true));
  }
}

static void from_nothing_is_einval(void **state) {
  vt_source_t no_table = {0};
  (void)state;
  assert_status(vt_status(vt_from_task(NULL)), UV_EINVAL);
  assert_status(vt_status(vt_from_source(NULL)), UV_EINVAL);
  assert_status(vt_status(vt_from_source(&no_table)), UV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sixteen_zero_bytes_are_done),
      cmocka_unit_test(constructors_carry_their_value),
      cmocka_unit_test(failed_carries_its_status),
      cmocka_unit_test(cancelled_is_not_failed),
      cmocka_unit_test(from_result_is_the_same_outcome),
      cmocka_unit_test(equality_is_of_bits),
      fixture_test(await_of_a_hit_runs_before_it_returns),
      fixture_test(await_of_a_hit_needs_no_memory),
      fixture_test(await_of_a_failure_gives_no_value),
      fixture_test(later_runs_after_the_await_returned),
      fixture_test(later_keeps_the_order),
      fixture_test(unknown_flags_are_ignored),
      fixture_test(a_null_continuation_forgets),
      fixture_test(a_forgotten_failure_in_hand_is_reported),
      fixture_test(on_completed_has_nothing_to_wait_for),
      fixture_test(cancel_of_a_hit_comes_too_late),
      fixture_test(stop_of_what_was_never_registered_is_false),
      fixture_test(stop_withdraws_a_later_run),
      fixture_test(loop_run_gives_what_is_in_hand),
      fixture_test(small_numbers_have_static_tasks),
      fixture_test(other_values_are_a_new_task_each_time),
      fixture_test(a_failure_in_hand_is_a_failed_task),
      fixture_test(preserve_of_a_hit_is_itself),
      fixture_test(hits_work_on_a_thread_without_a_loop),
      cmocka_unit_test(failed_with_no_failure_is_estatus),
      cmocka_unit_test(failed_with_the_lowest_numbers_is_no_success),
      cmocka_unit_test(from_nothing_is_einval),
  };
  return fixture_main("value_task", tests);
}
