/* SPDX-License-Identifier: MIT */
/* Several value tasks as one that completes with the last: C#'s tests of
 * WhenAll (TaskCoverage). Of two failures the first by index is told, in place
 * of a list of both; each operand's own result is in out. */
#include "support/fixture.h"
#include "support/pending.h"

/* ---- helpers ---- */

/* Two operands of one kind, and what became of the whole. */
struct two {
  struct pending p[2];
  vt_result_t out[2];
  struct seen seen;
};

static void two_begin(struct two *t, enum pending_kind kind, bool with_out) {
  *t = (struct two){.seen = {0}};
  for (int i = 0; i < 2; i++)
    pending_begin(&t->p[i], kind);
  vt_await(VT_ALL(0, with_out ? t->out : NULL, t->p[0].v, t->p[1].v), seen_k,
           &t->seen);
}

static void two_end(struct two *t) {
  for (int i = 0; i < 2; i++)
    pending_end(&t->p[i]);
}

/* How an operand ends: with its number, or a failure. */
static void end(struct two *t, int i, int64_t status) {
  if (status == 0)
    pending_complete(&t->p[i], i + 1);
  else
    pending_fail(&t->p[i], status);
}

static void assert_result(vt_result_t r, int64_t status, int64_t value) {
  assert_status(r.status, status);
  assert_int_equal(r.value.i, value);
}

/* Every kind, with and without results, the first first and the second first:
 * only the second completion completes the whole. */
static void assert_wakes_on_both(int64_t first, int64_t second,
                                 int64_t expected) {
  const int64_t statuses[] = {first, second};
  for (int n = 0; n < 4 * PENDING_KINDS; n++) {
    struct two t;
    int order = n & 1;
    two_begin(&t, (enum pending_kind)(n / 4), n & 2);
    end(&t, order, statuses[order]);
    assert_int_equal(t.seen.count, 0);
    end(&t, !order, statuses[!order]);
    fixture_assert_seen(&t.seen, expected, expected ? 0 : 2, __FILE__,
                        __LINE__);
    for (int i = 0; (n & 2) && i < 2; i++)
      assert_result(t.out[i], statuses[i], statuses[i] ? 0 : i + 1);
    two_end(&t);
  }
}

/* The whole of two that are complete is in hand. */
static void assert_in_hand(vt_t a, vt_t b, int64_t status) {
  vt_result_t out[2];
  vt_result_t results[] = {vt_get_result(a), vt_get_result(b)};
  vt_t whole = VT_ALL(0, out, a, b);
  assert_true(vt_in_hand(whole));
  assert_result(vt_get_result(whole), status, status ? 0 : 2);
  for (int i = 0; i < 2; i++)
    assert_result(out[i], results[i].status, results[i].value.i);
  assert_status(vt_status(VT_ALL(0, NULL, a, b)), status);
}

/* ---- the cases ---- */

static void task_when_all_null_argument_throws(void **state) {
  (void)state;
  assert_status(vt_status(vt_all(NULL, 1, 0, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_all(NULL, 1, VT_FAIL_FAST, NULL)), UV_EINVAL);
}

/* It is an operand that has failed. */
static void task_when_all_null_task_element_throws(void **state) {
  vt_result_t out[2];
  (void)state;
  vt_t v[] = {vt_from_int(1), vt_from_task(NULL)};
  assert_status(vt_status(vt_all(v, 2, 0, out)), UV_EINVAL);
  assert_result(out[0], 0, 1);
  assert_status(out[1].status, UV_EINVAL);
}

static void task_when_all_no_tasks_is_completed_successfully(void **state) {
  vt_result_t out[1];
  vt_t none[1];
  (void)state;
  assert_true(vt_equal(vt_all(none, 0, 0, NULL), vt_from_int(0)));
  assert_true(vt_equal(vt_all(none, 0, VT_FAIL_FAST, out), vt_from_int(0)));
  assert_true(vt_equal(vt_all(NULL, 0, 0, NULL), vt_from_int(0)));
}

static void task_when_all_two_tasks_both_pre_completed(void **state) {
  vt_task_t *task = vt_task_from_int(42);
  vt_t one = vt_from_task(task), two = vt_from_int(2);
  (void)state;
  assert_in_hand(one, two, 0);
  assert_in_hand(one, one, 0);
  assert_in_hand(two, one, 0);
  vt_task_unref(task);
}

static void task_when_all_two_tasks_one_pre_completed(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = fixture_promise(0);
  vt_t one = vt_from_task(vt_promise_task(promise)), two = vt_from_int(2);
  struct seen seen[3] = {{0}, {0}, {0}};
  vt_await(VT_ALL(0, NULL, one, two), seen_k, &seen[0]);
  vt_await(VT_ALL(0, NULL, one, one), seen_k, &seen[1]);
  vt_await(VT_ALL(0, NULL, two, one), seen_k, &seen[2]);
  fixture_turn(f);
  for (int i = 0; i < 3; i++)
    assert_int_equal(seen[i].count, 0);
  vt_promise_set(promise, (vt_value_t){0});
  vt_promise_free(promise);
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++)
    assert_seen_int(&seen[i], 2);
}

static void task_when_all_two_tasks_wakes_on_both_completion(void **state) {
  (void)state;
  assert_wakes_on_both(0, 0, 0);
}

static void
task_when_all_two_tasks_when_pre_completed_from_exception(void **state) {
  vt_t one = vt_failed(UV_EIO), two = vt_from_int(2);
  (void)state;
  assert_in_hand(one, two, UV_EIO);
  assert_in_hand(one, one, UV_EIO);
  assert_in_hand(two, one, UV_EIO);
}

/* The first by index, whatever the other is. */
static void
task_when_all_two_tasks_when_both_pre_completed_from_exception(void **state) {
  vt_t one = vt_failed(UV_EIO), two = vt_failed(UV_EPIPE);
  (void)state;
  assert_in_hand(one, two, UV_EIO);
  assert_in_hand(one, one, UV_EIO);
  assert_in_hand(two, one, UV_EPIPE);
}

static void
task_when_all_two_tasks_wakes_on_both_completion_with_exception(void **state) {
  (void)state;
  assert_wakes_on_both(0, UV_EIO, UV_EIO);
}

static void
task_when_all_two_tasks_wakes_on_both_completion_with_exception_for_both(
    void **state) {
  (void)state;
  assert_wakes_on_both(UV_EPIPE, UV_EIO, UV_EPIPE);
}

static void task_when_all_two_tasks_wakes_on_both_completion_with_cancellation(
    void **state) {
  (void)state;
  assert_wakes_on_both(0, UV_ECANCELED, UV_ECANCELED);
}

static void
task_when_all_two_tasks_wakes_on_both_completion_with_cancellation_for_both(
    void **state) {
  (void)state;
  assert_wakes_on_both(UV_ECANCELED, UV_ECANCELED, UV_ECANCELED);
}

/* One scope has both, and its cancel reaches them: they end, then the whole,
 * not inside the cancel. */
static void
task_when_all_two_tasks_wakes_on_both_completion_with_same_cancellation_for_both(
    void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}, {0}};
  struct seen seen = {0};
  vt_scope_t *scope;
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t one = gate_begin(&gates[0]), two = gate_begin(&gates[1]);
  vt_scope_leave(before);
  vt_await(VT_ALL(0, NULL, one, two), seen_k, &seen);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  assert_int_equal(seen.count, 0);
  assert_int_equal(gates[0].cancels + gates[1].cancels, 2);
  assert_status(vt_loop_run(f->vt, vt_scope_join(scope)).status, UV_ECANCELED);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
}

/* A failure is told before a cancellation, wherever it stands. */
static void
task_when_all_two_tasks_wakes_on_both_completion_with_exception_and_cancellation(
    void **state) {
  (void)state;
  assert_wakes_on_both(UV_EIO, UV_ECANCELED, UV_EIO);
  assert_wakes_on_both(UV_ECANCELED, UV_EIO, UV_EIO);
}

/* ---- with a scope that is cancelled meanwhile ---- */

struct after_frame {
  vt_frame_t vt;
  vt_t both;

  int *out;
};

static vt_t after_body(void *frame) {
  struct after_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, f->both);
  (*f->out)++;
  VT_TRY(f, vt_from_result(r));
  VT_TRY(f, vt_delay(1)); /* the scope is cancelled: it is not begun */
  (*f->out)++;
  VT_END(f);
}

/* One of the two cancels when it has what it waited for: the whole succeeds all
 * the same, and what goes on after it in the scope does not. */
static void task_wait_with_cts(void **state) {
  struct fixture *f = *state;
  struct two t;
  int went_on = 0;
  struct after_frame frame = {.out = &went_on};
  vt_scope_t *scope;
  struct seen seen = {0};
  t = (struct two){.seen = {0}};
  for (int i = 0; i < 2; i++)
    pending_begin(&t.p[i], TASK_BACKED);
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  frame.both = VT_ALL(0, t.out, t.p[0].v, t.p[1].v);
  vt_await(vt_start(&frame, after_body), seen_k, &seen);
  vt_scope_leave(before);
  end(&t, 0, 0);
  end(&t, 1, 0);
  assert_int_equal(went_on, 1);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  assert_status(vt_loop_run(f->vt, vt_scope_join(scope)).status, UV_ECANCELED);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(went_on, 1);
  two_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(task_when_all_null_argument_throws),
      fixture_test(task_when_all_null_task_element_throws),
      fixture_test(task_when_all_no_tasks_is_completed_successfully),
      fixture_test(task_when_all_two_tasks_both_pre_completed),
      fixture_test(task_when_all_two_tasks_one_pre_completed),
      fixture_test(task_when_all_two_tasks_wakes_on_both_completion),
      fixture_test(task_when_all_two_tasks_when_pre_completed_from_exception),
      fixture_test(
          task_when_all_two_tasks_when_both_pre_completed_from_exception),
      fixture_test(
          task_when_all_two_tasks_wakes_on_both_completion_with_exception),
      fixture_test(
          task_when_all_two_tasks_wakes_on_both_completion_with_exception_for_both),
      fixture_test(
          task_when_all_two_tasks_wakes_on_both_completion_with_cancellation),
      fixture_test(
          task_when_all_two_tasks_wakes_on_both_completion_with_cancellation_for_both),
      fixture_test(
          task_when_all_two_tasks_wakes_on_both_completion_with_same_cancellation_for_both),
      fixture_test(
          task_when_all_two_tasks_wakes_on_both_completion_with_exception_and_cancellation),
      fixture_test(task_wait_with_cts),
  };
  return fixture_main("conformance/when_all", tests);
}
