/* SPDX-License-Identifier: MIT */
/* A wait that a time or a cancel ends: the four tests of WaitAsync in C#'s
 * TaskAwaiterTests. The time is vt_with_timeout's, the cancel vt_cancel's or a
 * scope's. */
#include "support/fixture.h"
#include "support/pending.h"

/* ---- helpers ---- */

/* What is complete: in hand, and as a task. */
static void assert_unchanged(vt_t v, int64_t status, int64_t value) {
  vt_scope_t *scope;
  assert_true(vt_equal(vt_with_timeout(v, 0), v));
  assert_true(vt_equal(vt_with_deadline(v, 1), v));
  assert_status(vt_scope_new(NULL, &scope), 0);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t inside = vt_with_timeout(v, 0); /* timed out and cancelled */
  vt_scope_leave(before);
  assert_status(vt_status(vt_scope_join(scope)), UV_ECANCELED);
  assert_true(vt_equal(inside, v));
  assert_status(vt_get_result(inside).status, status);
  assert_int_equal(vt_get_result(inside).value.i, value);
}

/* ---- the cases ---- */

/* No time is invalid: an unsigned one cannot be negative, and the longest is
 * longer than anybody waits. */
static void configure_await_invalid_timeout_throws(void **state) {
  struct fixture *f = *state;
  const uint64_t times[] = {UINT64_MAX, UINT64_MAX - 1, INT64_MAX, UINT32_MAX};
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    vt_promise_t *promise = fixture_promise(0);
    vt_t v = vt_with_timeout(vt_from_task(vt_promise_task(promise)), times[i]);
    fixture_turn(f);
    assert_status(vt_status(v), VT_PENDING);
    vt_promise_set(promise, (vt_value_t){.i = 42});
    vt_promise_free(promise);
    assert_int_equal(vt_loop_run(f->vt, v).value.i, 42);
  }
  assert_int_equal(fixture_pending(f), 0); /* and no delay is left */
}

static void
configure_await_canceled_and_timed_out_already_completed_uses_task_result(
    void **state) {
  vt_task_t *task = vt_task_from_int(42);
  (void)state;
  assert_unchanged(vt_done(), 0, 0);
  assert_unchanged(vt_from_int(42), 0, 42);
  assert_unchanged(vt_failed(UV_EIO), UV_EIO, 0);
  assert_unchanged(vt_failed(UV_ECANCELED), UV_ECANCELED, 0);
  vt_result_t r = vt_get_result(vt_with_timeout(vt_from_task(task), 0));
  assert_status(r.status, 0);
  assert_int_equal(r.value.i, 42);
  vt_task_unref(task);
}

/* A task goes on; an operation is cancelled, and what cannot be is waited
 * for. */
static void configure_await_timeout_or_canceled_throws(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = fixture_promise(0);
  vt_t task = vt_from_task(vt_promise_task(promise));
  for (uint64_t ms = 0; ms < 2; ms++) {
    struct gate gate = {0};
    vt_t v = vt_with_timeout(task, ms);
    assert_status(vt_loop_run(f->vt, v).status, UV_ETIMEDOUT);
    v = vt_with_timeout(gate_begin(&gate), ms);
    assert_status(vt_loop_run(f->vt, v).status, UV_ETIMEDOUT);
    assert_int_equal(gate.cancels, 1);
  }
  for (int i = 0; i < 2; i++) {
    struct seen seen = {0};
    vt_t v = vt_with_timeout(task, i ? UINT64_MAX : 1000000);
    vt_await(v, seen_k, &seen);
    assert_status(vt_cancel(v), 0);
    assert_int_equal(seen.count, 0);
    assert_true(fixture_run(f));
    assert_seen_status(&seen, UV_ECANCELED); /* and never timed out */
  }
  assert_status(vt_status(task), VT_PENDING);
  vt_promise_set(promise, (vt_value_t){0});
  vt_promise_free(promise);
}

static void
configure_await_no_cancellation_or_timeout_occurs_success(void **state) {
  struct fixture *f = *state;
  const uint64_t a_day = 24 * 3600 * 1000;
  for (int kind = 0; kind < PENDING_KINDS; kind++) {
    struct pending p;
    struct seen seen = {0};
    pending_begin(&p, (enum pending_kind)kind);
    vt_await(vt_with_timeout(p.v, a_day), seen_k, &seen);
    fixture_turn(f);
    assert_int_equal(seen.count, 0);
    pending_complete(&p, 42);
    assert_true(fixture_run(f)); /* and no delay is left */
    assert_seen_int(&seen, 42);
    pending_end(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(configure_await_invalid_timeout_throws),
      fixture_test(
          configure_await_canceled_and_timed_out_already_completed_uses_task_result),
      fixture_test(configure_await_timeout_or_canceled_throws),
      fixture_test(configure_await_no_cancellation_or_timeout_occurs_success),
  };
  return fixture_main("conformance/wait_async", tests);
}
