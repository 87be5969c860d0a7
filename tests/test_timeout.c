/* SPDX-License-Identifier: MIT */
/* vt_with_timeout and vt_with_deadline: who wins, and what is left behind. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

/* ---- helpers ---- */

/* Far enough that no test waits for it. */
#define FAR_MS UINT64_C(3600000)

static void await_within(vt_t v, uint64_t ms, struct seen *seen) {
  vt_await(vt_with_timeout(v, ms), seen_k, seen);
}

/* ---- it works ---- */

static void in_hand_is_given_back(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_from_int(7);
  vt_t bounded = vt_with_timeout(v, 0);
  assert_memory_equal(&bounded, &v, sizeof v);
  assert_status(vt_status(vt_with_timeout(vt_failed(UV_EIO), 0)), UV_EIO);
  assert_int_equal(fixture_pending(f), 0);
}

static void a_result_in_time_is_the_result(void **state) {
  struct fixture *f = *state;
  int64_t statuses[] = {0, UV_EIO, UV_ECANCELED};
  for (int i = 0; i < 3; i++) {
    struct gate gate = {0};
    struct seen seen = {0};
    await_within(gate_begin(&gate), FAR_MS, &seen);
    gate_open(&gate, statuses[i] ? result_failed(statuses[i]) : result_int(9));
    fixture_assert_seen(&seen, statuses[i], statuses[i] ? 0 : 9, __FILE__,
                        __LINE__);
    assert_int_equal(fixture_pending(f), 0); /* so that it may be detached */
    assert_false(uv_loop_alive(&f->uv));
  }
}

static void a_timeout_called_off_keeps_no_loop(void **state) {
  struct fixture *f = *state;
  vt_result_t r = vt_loop_run(f->vt, vt_with_timeout(vt_yield(), 3600000));
  assert_status(r.status, 0);
  assert_status(fixture_detach(f), 0);
}

static void time_is_up_as_timed_out(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  await_within(gate_begin(&gate), 1, &seen);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ETIMEDOUT);
  assert_int_equal(gate.cancels, 1);
}

static void no_time_at_all_is_up_at_once(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  await_within(gate_begin(&gate), 0, &seen);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ETIMEDOUT);
}

static void what_succeeds_late_is_not_lost(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.cancel_rc = UV_EBUSY};
  struct seen seen = {0};
  await_within(gate_begin(&gate), 0, &seen);
  fixture_turn(f);
  assert_int_equal(gate.cancels, 1);
  assert_int_equal(seen.count, 0);
  gate_open(&gate, result_int(5));
  assert_seen_int(&seen, 5);
}

static void an_operation_without_cancel_is_waited_for(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  await_within(gate_begin_plain(&gate), 0, &seen);
  fixture_turn(f);
  assert_int_equal(seen.count, 0);
  gate_open(&gate, result_failed(UV_EPIPE));
  assert_seen_status(&seen, UV_EPIPE);
}

static void a_task_is_left_to_go_on(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0}, other = {0};
  vt_promise_t *promise;
  assert_status(vt_promise_new(0, &promise), 0);
  vt_t v = vt_from_task(vt_promise_task(promise));
  await_within(v, 1, &seen);
  vt_await(v, seen_k, &other);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_seen_status(&seen, UV_ETIMEDOUT);
  vt_promise_set(promise, (vt_value_t){.i = 2});
  assert_true(fixture_run(f));
  assert_seen_int(&other, 2);
  vt_promise_free(promise);
}

static void a_deadline_is_one_moment_for_all(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}, {0}};
  struct seen seen[2] = {{0}, {0}};
  uint64_t at = vt_deadline_in(1);
  for (int i = 0; i < 2; i++)
    vt_await(vt_with_deadline(gate_begin(&gates[i]), at), seen_k, &seen[i]);
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], UV_ETIMEDOUT);
  assert_seen_status(&seen[1], UV_ETIMEDOUT);
  assert_true(vt_deadline_in(0) >= at);
  assert_true(vt_deadline_in(UINT64_MAX) == UINT64_MAX);
}

static void a_deadline_that_has_passed_is_up(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  vt_await(vt_with_deadline(gate_begin(&gate), 1), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ETIMEDOUT);
}

static void nested_the_nearer_one_counts(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  await_within(vt_with_timeout(gate_begin(&gate), 1), FAR_MS, &seen);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ETIMEDOUT);
  seen.count = 0;
  await_within(vt_with_timeout(gate_begin(&gate), FAR_MS), 1, &seen);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ETIMEDOUT);
}

static void cancelled_is_not_timed_out(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  vt_t v = vt_with_timeout(gate_begin(&gate), FAR_MS);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(gate.cancels, 1);
}

static void again_and_again_allocates_nothing(void **state) {
  struct fixture *f = *state;
  uint64_t before = 0;
  for (int i = 0; i < 100; i++) {
    struct gate gate = {0};
    struct seen seen = {0};
    if (i == 2)
      before = fixture_allocations();
    await_within(gate_begin(&gate), FAR_MS, &seen);
    gate_open(&gate, result_int(0));
    assert_true(fixture_run(f));
  }
  assert_int_equal(fixture_allocations(), before);
}

/* ---- it fails ---- */

static void what_cannot_be_awaited_is_told(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0}, first = {0};
  vt_t v = gate_begin(&gate);
  vt_await(v, seen_k, &first);
  await_within(v, FAR_MS, &seen);
  assert_seen_status(&seen, VT_EAWAITED);
  gate_open(&gate, result_int(1));
  assert_seen_int(&first, 1);
  assert_true(fixture_run(f));
}

static void bounded_without_a_loop(void *arg) {
  int64_t *status = arg;
  static struct own_source own;
  own_source_init(&own);
  *status = vt_status(vt_with_timeout(own_source_task(&own), 1));
}

static void needs_a_loop(void **state) {
  int64_t status = 0;
  (void)state;
  fixture_on_thread(bounded_without_a_loop, &status, 0);
  assert_status(status, VT_ENOLOOP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(in_hand_is_given_back),
      fixture_test(a_result_in_time_is_the_result),
      fixture_test(a_timeout_called_off_keeps_no_loop),
      fixture_test(time_is_up_as_timed_out),
      fixture_test(no_time_at_all_is_up_at_once),
      fixture_test(what_succeeds_late_is_not_lost),
      fixture_test(an_operation_without_cancel_is_waited_for),
      fixture_test(a_task_is_left_to_go_on),
      fixture_test(a_deadline_is_one_moment_for_all),
      fixture_test(a_deadline_that_has_passed_is_up),
      fixture_test(nested_the_nearer_one_counts),
      fixture_test(cancelled_is_not_timed_out),
      fixture_test(again_and_again_allocates_nothing),
      fixture_test(what_cannot_be_awaited_is_told),
      fixture_test(needs_a_loop),
  };
  return fixture_main("timeout", tests);
}
