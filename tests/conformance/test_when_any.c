/* SPDX-License-Identifier: MIT */
/* The first of several value tasks: C#'s tests of WhenAny (TaskCoverage). The
 * index of the first takes the place of its task; the others are cancelled
 * where C# leaves them running, but with VT_KEEP. */
#include "support/fixture.h"
#include "support/pending.h"

/* ---- helpers ---- */

static void assert_index(vt_t v, uint64_t index) {
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), 0);
  assert_int_equal(vt_get_result(v).value.u, index);
}

/* ---- the cases ---- */

/* No task is an operand that has failed, and so the first to complete. */
static void task_when_any_two_tasks_invalid_args_throws(void **state) {
  vt_result_t out[2];
  (void)state;
  vt_t none = vt_from_task(NULL), done = vt_done();
  assert_index(VT_ANY(0, out, none, done), 0);
  assert_status(out[0].status, UV_EINVAL);
  assert_index(VT_ANY(0, NULL, done, none), 0);
  assert_status(vt_status(VT_RACE(0, none, done)), UV_EINVAL);
}

static void task_when_any_null_task_element_throws(void **state) {
  vt_t none = vt_from_task(NULL);
  (void)state;
  assert_status(vt_status(vt_race(&none, 1, 0)), UV_EINVAL);
  assert_status(vt_status(vt_any(NULL, 1, 0, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_race(NULL, 1, 0)), UV_EINVAL);
}

static void task_when_any_no_tasks_throws(void **state) {
  vt_t v[1] = {vt_done()};
  (void)state;
  assert_status(vt_status(vt_any(v, 0, 0, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_any(v, 0, VT_KEEP, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_race(v, 0, 0)), UV_EINVAL);
}

static void task_when_any_two_tasks_one_pre_completed(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = fixture_promise(0);
  vt_t one = vt_from_int(1), two = vt_from_task(vt_promise_task(promise));
  assert_index(VT_ANY(0, NULL, one, two), 0);
  assert_index(VT_ANY(0, NULL, two, one), 1);
  assert_index(VT_ANY(VT_KEEP, NULL, two, one), 1);
  assert_int_equal(vt_get_result(VT_RACE(0, two, one)).value.i, 1);
  assert_int_equal(fixture_pending(f), 0); /* nobody waits for it any more */
  vt_promise_set(promise, (vt_value_t){0});
  vt_promise_free(promise);
}

static void task_when_any_two_tasks_both_pre_completed(void **state) {
  vt_task_t *task = vt_task_from_int(42);
  vt_t one = vt_from_task(task), two = vt_from_int(2);
  (void)state;
  assert_index(VT_ANY(0, NULL, one, two), 0);
  assert_index(VT_ANY(0, NULL, one, one), 0);
  assert_index(VT_ANY(0, NULL, two, one), 0);
  assert_int_equal(vt_get_result(VT_RACE(0, one, two)).value.i, 42);
  assert_int_equal(vt_get_result(VT_RACE(0, two, one)).value.i, 2);
  vt_task_unref(task);
}

/* Each kind, the first or the second, kept or not. */
static void task_when_any_two_tasks_wakes_on_first_completion(void **state) {
  struct fixture *f = *state;
  for (int n = 0; n < 4 * PENDING_KINDS; n++) {
    struct pending p[2];
    struct seen seen = {0};
    int first = n & 1;
    unsigned flags = n & 2 ? VT_KEEP : 0;
    for (int i = 0; i < 2; i++)
      pending_begin(&p[i], (enum pending_kind)(n / 4));
    vt_await(VT_ANY(flags, NULL, p[0].v, p[1].v), seen_k, &seen);
    assert_int_equal(seen.count, 0);
    pending_complete(&p[first], 42);
    bool waits = p[0].kind == RESETTABLE && !flags; /* it has no cancel */
    if (!waits)
      assert_seen_int(&seen, first);
    if (p[!first].kind != ONE_SHOT || p[!first].gate.op)
      pending_complete(&p[!first], 43);
    assert_seen_int(&seen, first);
    for (int i = 0; i < 2; i++)
      pending_end(&p[i]);
    assert_true(fixture_run(f));
  }
}

/* Work: the first of two that run, told while the second waits for its turn, or
 * runs; both results come. */
static vt_result_t work_number(void *arg) {
  return result_int(*(const int *)arg);
}

static void task_wait_any_when_any(void **state) {
  struct fixture *f = *state;
  const int numbers[] = {10, 11};
  vt_result_t out[2] = {{1, {0}}, {1, {0}}};
  vt_t v[2];
  for (int i = 0; i < 2; i++)
    v[i] = vt_work(work_number, (void *)(uintptr_t)&numbers[i]);
  vt_result_t r = vt_loop_run(f->vt, vt_any(v, 2, 0, out));
  assert_status(r.status, 0);
  assert_true(r.value.u < 2);
  assert_status(out[r.value.u].status, 0);
  for (int i = 0; i < 2; i++) /* the other one too, or it never ran */
    assert_true(out[i].status == UV_ECANCELED ||
                (out[i].status == 0 && out[i].value.i == numbers[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(task_when_any_two_tasks_invalid_args_throws),
      fixture_test(task_when_any_null_task_element_throws),
      fixture_test(task_when_any_no_tasks_throws),
      fixture_test(task_when_any_two_tasks_one_pre_completed),
      fixture_test(task_when_any_two_tasks_both_pre_completed),
      fixture_test(task_when_any_two_tasks_wakes_on_first_completion),
      fixture_test(task_wait_any_when_any),
  };
  return fixture_main("conformance/when_any", tests);
}
