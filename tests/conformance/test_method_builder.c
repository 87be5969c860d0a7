/* SPDX-License-Identifier: MIT */
/* What an async function's task is made of, the tasks that are not made anew,
 * and what a function leaves behind. C#'s AsyncTaskMethodBuilderTests; its
 * builder is a promise here. test_faulted_task.c has the failures. */
#include "support/gate.h"
#include "support/pass.h"

#include <string.h>

/* ---- helpers ---- */

static vt_loop_stats_t stats_of(struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats;
}

/* The task of a result in hand, and of a function that returns it at once. */
static void assert_cached(struct fixture *f, vt_t v, bool cached) {
  vt_task_t *tasks[4];
  for (unsigned i = 0; i < 4; i++)
    tasks[i] = vt_as_task(i < 2 ? v : pass(v, i == 2 ? 0 : PASS_RETURNS));
  for (int i = 0; i < 4; i++) {
    assert_true(vt_task_result(tasks[i]).value.u == v.value.u);
    for (int j = 0; j < i; j++)
      assert_int_equal(tasks[i] == tasks[j], cached);
  }
  vt_task_t *waited = vt_as_task(pass(v, PASS_RETURNS | PASS_WAITS));
  assert_true(fixture_run(f));
  assert_ptr_not_equal(waited, tasks[0]);
  assert_true(vt_task_result(waited).value.u == v.value.u);
  vt_task_unref(waited);
  for (int i = 0; i < 4; i++)
    vt_task_unref(tasks[i]);
}

/* ---- helpers: frames that hold something ---- */

/* What a walk shows of functions that wait. */
static void count_functions(void *arg, const vt_loop_entry_t *entry) {
  *(int *)arg += strcmp(entry->kind, "async function") == 0;
}

static int functions_of(struct fixture *f) {
  int count = 0;
  vt_loop_walk(f->vt, count_functions, &count);
  return count;
}

/* ---- the cases: the builder ---- */

static void task_method_builder_basic(void **state) {
  vt_promise_t *promise = fixture_promise(0);
  vt_task_t *task = vt_promise_task(promise);
  (void)state;
  assert_status(vt_task_status(task), VT_PENDING);
  assert_status(vt_promise_set(promise, (vt_value_t){.i = 43}), 0);
  assert_status(vt_task_status(task), 0);
  assert_int_equal(vt_task_result(task).value.i, 43);
  vt_promise_free(promise);
}

/* A failure without a negative status is one of misuse. */
static void task_method_builder_incorrect_usage(void **state) {
  static const int64_t statuses[] = {0, 1, INT64_MAX};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    vt_promise_t *promise = fixture_promise(0);
    assert_status(vt_promise_fail(promise, statuses[i]), 0);
    assert_status(vt_task_result(vt_promise_task(promise)).status, VT_ESTATUS);
    vt_promise_free(promise);
  }
  assert_status(vt_promise_fail(NULL, UV_EIO), UV_EINVAL);
}

static int end_by(vt_promise_t *promise, int64_t status, int64_t value) {
  return status == 0 ? vt_promise_set(promise, (vt_value_t){.i = value})
                     : vt_promise_fail(promise, status);
}

/* However it ended first, and whether its task was looked at before: it is not
 * ended anew. */
static void task_method_builder_cant_be_reset(void **state) {
  static const int64_t statuses[] = {0, UV_EIO, UV_ECANCELED};
  (void)state;
  for (int i = 0; i < 18; i++) {
    int64_t first = statuses[i % 3], second = statuses[i / 3 % 3];
    vt_promise_t *promise = fixture_promise(0);
    vt_task_t *task = vt_promise_task(promise);
    if (i >= 9)
      assert_status(vt_task_status(task), VT_PENDING);
    assert_status(end_by(promise, first, 43), 0);
    for (int n = 0; n < 2; n++)
      assert_status(end_by(promise, second, 44), VT_EDONE);
    assert_status(vt_task_result(task).status, first);
    assert_int_equal(vt_task_result(task).value.i, first ? 0 : 43);
    vt_promise_free(promise);
  }
}

static void task_method_builder_task_is_cached(void **state) {
  vt_promise_t *promise = fixture_promise(0);
  vt_task_t *task = vt_promise_task(promise);
  (void)state;
  assert_ptr_equal(vt_promise_task(promise), task);
  assert_true(
      vt_equal(vt_from_task(vt_promise_task(promise)), vt_from_task(task)));
  vt_promise_set(promise, (vt_value_t){.i = 0});
  assert_ptr_equal(vt_promise_task(promise), task); /* not the static one */
  assert_ptr_not_equal(task, vt_task_completed());
  vt_promise_free(promise);
}

/* ---- the cases: tasks that are not made anew ---- */

static void task_method_builder_uses_completed_cache(void **state) {
  assert_cached(*state, vt_done(), true);
  assert_ptr_equal(vt_as_task(vt_done()), vt_task_completed());
}

static void task_method_builder_boolean_uses_completed_cache(void **state) {
  for (int i = 0; i < 2; i++) {
    assert_cached(*state, vt_from_int(i), true);
    assert_ptr_equal(vt_as_task(vt_from_int(i)), vt_task_from_bool(i));
  }
}

static void task_method_builder_int32_uses_completed_cache(void **state) {
  static const int64_t others[] = {-2, 9, 42, -5, INT64_MIN, INT64_MAX};
  for (int64_t i = -1; i <= 8; i++)
    assert_cached(*state, vt_from_int(i), true);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_cached(*state, vt_from_int(others[i]), false);
}

/* A value is its bits: the double 0.0 is the integer 0, no other one is near
 * the small numbers. */
static void
task_method_builder_decimal_doesnt_use_completed_cache(void **state) {
  static const double numbers[] = {42.0, 1.0, -1.0, -0.0, 8.0};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    assert_cached(*state, vt_from_double(numbers[i]), false);
  assert_cached(*state, vt_from_double(0.0), true);
}

static void task_method_builder_ref_uses_completed_cache(void **state) {
  assert_cached(*state, vt_from_ptr(NULL), true);
  assert_cached(*state, vt_from_ptr("test"), false);
}

/* ---- the cases: what a function leaves behind ---- */

/* Its task is kept; its box is not. */
static void
async_methods_drops_state_machine_and_execution_context_upon_completion(
    void **state) {
  struct fixture *f = *state;
  vt_task_t *tasks[4];
  uint64_t free_blocks;
  for (unsigned i = 0; i < 4; i++) /* the pool has grown */
    tasks[i] = vt_as_task(pass(vt_from_int(42), PASS_WAITS));
  assert_true(fixture_run(f));
  free_blocks = stats_of(f).pooled;
  for (unsigned i = 0; i < 4; i++) {
    vt_task_unref(tasks[i]);
    tasks[i] = vt_as_task(pass(vt_from_int(42), PASS_WAITS));
  }
  assert_int_equal(functions_of(f), 4);
  assert_true(stats_of(f).pooled < free_blocks);
  assert_true(fixture_run(f));
  assert_int_equal(functions_of(f), 0);
  assert_int_equal(stats_of(f).pooled, free_blocks);
  for (unsigned i = 0; i < 4; i++) {
    assert_int_equal(vt_task_result(tasks[i]).value.i, 42);
    vt_task_unref(tasks[i]);
  }
}

/* A function that waits for ever is named when the loop is to be detached. */
static void
dropped_incomplete_state_machine_raises_incomplete_async_method_event(
    void **state) {
  struct fixture *f = *state;
  struct gate gate = {.about = "stored data"};
  const struct fixture_report *report;
  int functions = 0, others = 0;
  vt_forget(pass(gate_begin(&gate), 0));
  assert_status(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  while ((report = fixture_take_report(f, VT_REPORT_LEFT)) != NULL) {
    if (strcmp(report->what, "async function") == 0)
      functions++;
    else
      others++;
    assert_string_equal(report->subject, "stored data");
  }
  assert_int_equal(functions, 1);
  assert_int_equal(others, 1); /* and what it waits for */
  gate_open(&gate, result_int(0));
  assert_true(fixture_run(f));
}

static void
async_task_method_builder_completed_removed_from_tracking(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 1000; i++) {
    vt_promise_t *promise = fixture_promise(0);
    vt_task_t *task =
        vt_as_task(pass(vt_from_task(vt_promise_task(promise)), 0));
    assert_int_equal(functions_of(f), 1);
    vt_promise_set(promise, (vt_value_t){.i = i});
    assert_int_equal(vt_loop_run(f->vt, vt_from_task(task)).value.i, i);
    vt_task_unref(task);
    vt_promise_free(promise);
    assert_int_equal(functions_of(f), 0);
    assert_int_equal(stats_of(f).pending + stats_of(f).untaken, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(task_method_builder_basic),
      fixture_test(task_method_builder_incorrect_usage),
      fixture_test(task_method_builder_cant_be_reset),
      fixture_test(task_method_builder_task_is_cached),
      fixture_test(task_method_builder_uses_completed_cache),
      fixture_test(task_method_builder_boolean_uses_completed_cache),
      fixture_test(task_method_builder_int32_uses_completed_cache),
      fixture_test(task_method_builder_decimal_doesnt_use_completed_cache),
      fixture_test(task_method_builder_ref_uses_completed_cache),
      fixture_test(
          async_methods_drops_state_machine_and_execution_context_upon_completion),
      fixture_test(
          dropped_incomplete_state_machine_raises_incomplete_async_method_event),
      fixture_test(async_task_method_builder_completed_removed_from_tracking),
  };
  return fixture_main("conformance/method_builder", tests);
}
