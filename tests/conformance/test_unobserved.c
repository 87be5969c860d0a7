/* SPDX-License-Identifier: MIT */
/* Failures of tasks that nobody observed: each way to look at a task, before it
 * fails and after, and each way that is no look. Told at the last release,
 * where C# waits for its collector. */
#include "support/fixture.h"
#include "support/functions.h"
#include "support/gate.h"

/* ---- helpers ---- */

/* A promise that fails with EIO, and who looked at its task. */
struct look {
  struct fixture *f;
  vt_promise_t *promise;
  vt_task_t *task; /* of the promise; borrowed */
  struct seen seen[2];
};

static vt_t value_task(const struct look *l) { return vt_from_task(l->task); }

static void no_look(struct look *l) { (void)l; }

static void by_await(struct look *l) {
  vt_await(value_task(l), seen_k, &l->seen[0]);
}

static void by_await_later(struct look *l) {
  vt_await_with(value_task(l), VT_LATER, seen_k, &l->seen[0]);
}

static void by_await_anywhere(struct look *l) {
  vt_await_with(value_task(l), VT_ANYWHERE, seen_k, &l->seen[0]);
}

static void by_a_function(struct look *l) {
  vt_await(functions_link(value_task(l)), seen_k, &l->seen[0]);
}

static void by_a_returned_tail(struct look *l) {
  vt_await(functions_late_tail(value_task(l)), seen_k, &l->seen[0]);
  fixture_turn(l->f);
  fixture_turn(l->f);
}

static void by_a_forgotten_function(struct look *l) {
  vt_forget(functions_link(value_task(l)));
}

static void by_on_completed(struct look *l) {
  if (vt_on_completed(value_task(l), 0, seen_k, &l->seen[0]) == VT_COMPLETED)
    vt_get_result(value_task(l));
}

static void by_get_result(struct look *l) { vt_get_result(value_task(l)); }

static void by_task_result(struct look *l) { vt_task_result(l->task); }

static void by_status(struct look *l) {
  (void)vt_task_status(l->task);
  (void)vt_status(value_task(l));
  (void)vt_is_failed(value_task(l));
  (void)vt_is_completed(value_task(l));
}

static void by_forget(struct look *l) { vt_forget(value_task(l)); }

static void by_await_of_nobody(struct look *l) {
  vt_await(value_task(l), NULL, NULL);
}

static void by_as_task(struct look *l) {
  vt_task_unref(vt_as_task(value_task(l)));
}

static void by_preserve(struct look *l) {
  vt_task_t *kept;
  vt_t v = vt_preserve(value_task(l), &kept);
  (void)v;
  vt_task_unref(kept);
}

static void by_preserve_and_await(struct look *l) {
  vt_task_t *kept;
  vt_t v = vt_preserve(value_task(l), &kept);
  vt_await(v, seen_k, &l->seen[0]);
  vt_task_unref(kept);
}

static void by_cancel(struct look *l) { vt_cancel(value_task(l)); }

/* In time before the failure; after it there is nothing to withdraw. */
static void by_stopped_await(struct look *l) {
  vt_await(value_task(l), seen_k, &l->seen[0]);
  vt_await_stop(value_task(l), seen_k, &l->seen[0]);
}

static void by_one_of_two(struct look *l) {
  by_stopped_await(l);
  vt_await(value_task(l), seen_k, &l->seen[1]);
}

/* Each, made before the failure and after it: does it observe? */
static const struct way {
  const char *name;
  void (*look)(struct look *l);
  bool before;
  bool after;
} ways[] = {
    {"nobody", no_look, false, false},
    {"vt_await", by_await, true, true},
    {"VT_LATER", by_await_later, true, true},
    {"VT_ANYWHERE", by_await_anywhere, true, true},
    {"VT_TRY", by_a_function, true, true},
    {"VT_RETURN", by_a_returned_tail, true, true},
    {"vt_on_completed", by_on_completed, true, true},
    {"vt_get_result", by_get_result, false, true},
    {"vt_task_result", by_task_result, false, true},
    {"status", by_status, false, false},
    {"vt_forget", by_forget, false, false},
    {"vt_await of NULL", by_await_of_nobody, false, false},
    {"vt_as_task", by_as_task, false, false},
    {"vt_preserve", by_preserve, false, false},
    {"vt_preserve, vt_await", by_preserve_and_await, true, true},
    {"vt_cancel", by_cancel, false, false},
    {"vt_await_stop", by_stopped_await, false, true},
    {"one of two stopped", by_one_of_two, true, true},
};

static void look_begin(struct look *l, struct fixture *f) {
  *l = (struct look){.f = f};
  assert_status(vt_promise_new(0, &l->promise), 0);
  l->task = vt_promise_task(l->promise);
}

static void assert_told(struct fixture *f, const char *name, bool told) {
  if (f->report_count != told)
    fail_msg("%s: %zu reports, not %d", name, f->report_count, told);
  if (told)
    assert_report(f, VT_REPORT_UNOBSERVED, UV_EIO);
}

static void check_way(struct fixture *f, const struct way *way, bool after) {
  struct look l;
  look_begin(&l, f);
  if (!after)
    way->look(&l);
  assert_status(vt_promise_fail(l.promise, UV_EIO), 0);
  if (after)
    way->look(&l);
  assert_true(fixture_run(f));
  assert_told(f, way->name, false); /* not before the last release */
  vt_promise_free(l.promise);
  assert_told(f, way->name, !(after ? way->after : way->before));
}

/* A thread with a loop of its own. */
struct elsewhere {
  vt_task_t *task;
  bool looks;
  bool releases;
  size_t reports; /* of that loop */
  int64_t status; /* of the last one */
  const char *problem;
};

static void on_thread(void *arg) {
  struct elsewhere *e = arg;
  static struct fixture f;
  const struct fixture_report *r;
  struct seen seen = {0};
  e->problem = fixture_open_beside(&f);
  if (e->looks)
    vt_await(vt_from_task(e->task), seen_k, &seen);
  if (e->releases)
    vt_task_unref(e->task);
  e->reports = f.report_count;
  r = fixture_take_report(&f, VT_REPORT_UNOBSERVED);
  e->status = r ? r->status : 0;
  if (!e->problem)
    e->problem = fixture_close(&f);
}

static vt_task_t *failed_task(void) {
  return vt_task_from_result(result_failed(UV_EIO));
}

/* ---- it works ---- */

static void each_look_before_the_failure(void **state) {
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    check_way(*state, &ways[i], false);
}

static void each_look_after_the_failure(void **state) {
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    check_way(*state, &ways[i], true);
}

/* The function took the failure and passed it on: it is the function's. */
static void a_forgotten_function_observes_and_is_told_itself(void **state) {
  struct fixture *f = *state;
  struct look l;
  look_begin(&l, f);
  by_a_forgotten_function(&l);
  vt_promise_fail(l.promise, UV_EIO);
  vt_promise_free(l.promise);
  assert_true(fixture_run(f));
  assert_int_equal(f->report_count, 1);
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
}

/* Withdrawn with its result under way: as forgotten, and told once. */
static void an_await_stopped_in_the_queue_is_told_once(void **state) {
  struct fixture *f = *state;
  struct look l;
  look_begin(&l, f);
  by_await_later(&l);
  vt_promise_fail(l.promise, UV_EIO);
  assert_true(vt_await_stop(value_task(&l), seen_k, &l.seen[0]));
  assert_true(fixture_run(f));
  vt_promise_free(l.promise);
  assert_int_equal(l.seen[0].count, 0);
  assert_int_equal(f->report_count, 1);
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
}

/* A failure made a task of is that task's, until somebody looks. */
static void a_converted_failure_is_the_tasks(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 6; i++) {
    struct gate gate = {0};
    vt_t v = i / 2 == 2 ? vt_failed(UV_EIO) : gate_begin(&gate);
    vt_task_t *task = vt_as_task(i / 2 == 1 ? functions_link(v) : v);
    if (gate.op)
      gate_open(&gate, result_failed(UV_EIO));
    assert_true(fixture_run(f));
    if (i % 2)
      vt_task_result(task);
    vt_task_unref(task);
    assert_told(f, "vt_as_task", i % 2 == 0);
  }
}

static void a_look_through_one_reference_is_for_all(void **state) {
  struct fixture *f = *state;
  vt_task_t *task = failed_task(), *other = vt_task_ref(task);
  vt_task_result(other);
  vt_task_unref(other);
  vt_task_unref(task);
  assert_int_equal(f->report_count, 0);
}

/* C#'s faults re-arm when another is added; a refused one adds nothing. */
static void a_refused_completion_neither_looks_nor_fails_anew(void **state) {
  struct fixture *f = *state;
  for (int looked = 0; looked < 2; looked++) {
    struct look l;
    look_begin(&l, f);
    vt_promise_fail(l.promise, UV_EIO);
    if (looked)
      vt_task_result(l.task);
    assert_status(vt_promise_fail(l.promise, UV_EPIPE), VT_EDONE);
    vt_promise_free(l.promise);
    assert_told(f, "second completion", !looked);
  }
}

/* The references go one by one: the last one tells. */
static void it_is_told_once_and_at_the_last_release(void **state) {
  struct fixture *f = *state;
  vt_task_t *task = failed_task();
  for (int i = 0; i < 5; i++)
    vt_task_ref(task);
  for (int i = 0; i < 5; i++)
    vt_task_unref(task);
  assert_int_equal(f->report_count, 0);
  vt_task_unref(task);
  assert_told(f, "last release", true);
}

static void a_cancellation_is_never_told(void **state) {
  struct fixture *f = *state;
  struct look l;
  look_begin(&l, f);
  vt_promise_fail(l.promise, UV_ECANCELED);
  vt_promise_free(l.promise);
  vt_task_unref(vt_task_from_result(result_failed(UV_ECANCELED)));
  vt_task_unref(vt_as_task(vt_failed(UV_ECANCELED)));
  assert_int_equal(f->report_count, 0);
}

static void nor_is_a_success(void **state) {
  struct fixture *f = *state;
  struct look l;
  look_begin(&l, f);
  vt_promise_set(l.promise, (vt_value_t){.i = 100});
  vt_promise_free(l.promise);
  assert_int_equal(f->report_count, 0);
}

/* Static tasks are never released. */
static void nor_is_what_misuse_answers(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_t v = gate_begin(&gate);
  gate_open(&gate, result_int(1));
  vt_get_result(v);
  vt_task_unref(vt_as_task(v)); /* stale */
  assert_int_equal(f->report_count, 0);
}

static void the_loop_of_the_last_release_is_told(void **state) {
  struct fixture *f = *state;
  struct elsewhere e = {.task = failed_task(), .releases = true};
  fixture_on_thread(on_thread, &e, 0);
  assert_null(e.problem);
  assert_int_equal(e.reports, 1);
  assert_status(e.status, UV_EIO);
  assert_int_equal(f->report_count, 0);
}

static void a_look_on_another_thread_counts(void **state) {
  struct fixture *f = *state;
  struct elsewhere e = {.task = failed_task(), .looks = true};
  fixture_on_thread(on_thread, &e, 0);
  assert_null(e.problem);
  assert_int_equal(e.reports, 0);
  vt_task_unref(e.task);
  assert_int_equal(f->report_count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(each_look_before_the_failure),
      fixture_test(each_look_after_the_failure),
      fixture_test(a_forgotten_function_observes_and_is_told_itself),
      fixture_test(an_await_stopped_in_the_queue_is_told_once),
      fixture_test(a_converted_failure_is_the_tasks),
      fixture_test(a_look_through_one_reference_is_for_all),
      fixture_test(a_refused_completion_neither_looks_nor_fails_anew),
      fixture_test(it_is_told_once_and_at_the_last_release),
      fixture_test(a_cancellation_is_never_told),
      fixture_test(nor_is_a_success),
      fixture_test(nor_is_what_misuse_answers),
      fixture_test(the_loop_of_the_last_release_is_told),
      fixture_test(a_look_on_another_thread_counts),
  };
  return fixture_main("unobserved", tests);
}
