/* SPDX-License-Identifier: MIT */
/* Failures that nobody looks at: told, once, when the last chance is gone. C#'s
 * AsyncTaskMethodBuilderTests, without its collector. */
#include "support/gate.h"
#include "support/pass.h"

/* ---- helpers: twelve failed tasks ---- */

static vt_task_t *make_plain(struct fixture *f) {
  (void)f;
  return vt_task_from_result(result_failed(UV_EIO));
}

static vt_task_t *make_of_hand(struct fixture *f) {
  (void)f;
  return vt_as_task(vt_failed(UV_EIO));
}

static vt_task_t *make_of_promise(struct fixture *f) {
  vt_promise_t *promise = fixture_promise(0);
  vt_task_t *task = vt_task_ref(vt_promise_task(promise));
  (void)f;
  vt_promise_fail(promise, UV_EIO);
  vt_promise_free(promise);
  return task;
}

/* What a value task becomes when the loop has run. */
static vt_task_t *task_of(struct fixture *f, vt_t v) {
  vt_task_t *task = vt_as_task(v);
  fixture_run(f);
  return task;
}

static vt_result_t fail_work(void *arg) {
  (void)arg;
  return result_failed(UV_EIO);
}

static vt_task_t *make_of_work(struct fixture *f) {
  return task_of(f, vt_work(fail_work, NULL));
}

static vt_task_t *make_of_function(struct fixture *f) {
  (void)f;
  return vt_as_task(pass(vt_failed(UV_EIO), 0));
}

static vt_task_t *make_of_waiting_function(struct fixture *f) {
  return task_of(f, pass(vt_failed(UV_EIO), PASS_WAITS));
}

/* The inner failure was told to the function that waited for it; the outer one
 * is new. */
static vt_task_t *make_of_awaited_task(struct fixture *f) {
  vt_promise_t *inner = fixture_promise(0);
  vt_task_t *task = vt_as_task(pass(vt_from_task(vt_promise_task(inner)), 0));
  (void)f;
  vt_promise_fail(inner, UV_EIO);
  vt_promise_free(inner);
  return task;
}

/* The inner task itself is handed on. */
static vt_task_t *make_of_returned_task(struct fixture *f) {
  vt_task_t *inner = make_plain(f);
  vt_task_t *task = vt_as_task(pass(vt_from_task(inner), PASS_RETURNS));
  vt_task_unref(inner);
  return task;
}

static vt_task_t *make_of_returned_operation(struct fixture *f) {
  struct gate gate = {0};
  vt_task_t *task =
      vt_as_task(pass(gate_begin(&gate), PASS_RETURNS | PASS_WAITS));
  fixture_turn(f);
  fixture_turn(f);
  gate_open(&gate, result_failed(UV_EIO));
  fixture_run(f);
  return task;
}

static vt_task_t *make_of_operation(struct fixture *f) {
  struct gate gate = {0};
  vt_task_t *task = vt_as_task(gate_begin(&gate));
  (void)f;
  gate_open(&gate, result_failed(UV_EIO));
  return task;
}

static vt_task_t *make_of_reset_source(struct fixture *f) {
  vt_reset_source_t source;
  vt_task_t *task;
  (void)f;
  vt_reset_source_init(&source, 0);
  task = vt_as_task(vt_reset_source_task(&source));
  vt_reset_source_set(&source, result_failed(UV_EIO));
  return task;
}

static vt_task_t *make_of_preserve(struct fixture *f) {
  struct gate gate = {0};
  vt_task_t *task;
  (void)f;
  vt_forget(vt_preserve(gate_begin(&gate), &task));
  gate_open(&gate, result_failed(UV_EIO));
  return task;
}

static const struct maker {
  const char *name;
  vt_task_t *(*make)(struct fixture *f);
} makers[] = {
    {"a result", make_plain},
    {"in hand", make_of_hand},
    {"a promise", make_of_promise},
    {"work", make_of_work},
    {"a function", make_of_function},
    {"a function that waits", make_of_waiting_function},
    {"an awaited task", make_of_awaited_task},
    {"a returned task", make_of_returned_task},
    {"a returned operation", make_of_returned_operation},
    {"an operation", make_of_operation},
    {"a source", make_of_reset_source},
    {"a preserved one", make_of_preserve},
};

#define MAKERS (sizeof makers / sizeof *makers)

/* ---- helpers: looking at a failed task, or not ---- */

enum look {
  LOOK_RESULT,
  LOOK_GET_RESULT,
  LOOK_AWAIT,
  LOOK_AWAIT_LATER,
  LOOK_LOOP_RUN,
  LOOK_FUNCTION,
  LOOK_WAITING_FUNCTION,
  LOOKS, /* those above observe, those below do not */
  LOOK_NOT = LOOKS,
  LOOK_STATUS,
  LOOK_QUESTIONS,
  LOOK_FORGET,
  LOOK_AS_TASK,
  LOOK_PRESERVE,
  LOOK_REGISTER,
  ALL_LOOKS
};

static void look_without(vt_task_t *task, enum look look) {
  vt_t v = vt_from_task(task);
  struct seen seen = {0};
  vt_task_t *kept = NULL;
  if (look == LOOK_STATUS)
    assert_status(vt_task_status(task), UV_EIO);
  else if (look == LOOK_QUESTIONS)
    assert_true(vt_is_failed(v) && vt_is_completed(v) && !vt_is_cancelled(v));
  else if (look == LOOK_FORGET)
    vt_forget(v);
  else if (look == LOOK_AS_TASK)
    kept = vt_as_task(v);
  else if (look == LOOK_PRESERVE)
    assert_true(vt_equal(vt_preserve(v, &kept), v));
  else if (look == LOOK_REGISTER)
    assert_int_equal(vt_on_completed(v, 0, seen_k, &seen), VT_COMPLETED);
  vt_task_unref(kept);
}

static int64_t look_at(struct fixture *f, vt_task_t *task, enum look look) {
  vt_t v = vt_from_task(task);
  struct seen seen = {0};
  if (look == LOOK_RESULT)
    return vt_task_result(task).status;
  if (look == LOOK_GET_RESULT)
    return vt_get_result(v).status;
  if (look == LOOK_LOOP_RUN)
    return vt_loop_run(f->vt, v).status;
  if (look == LOOK_FUNCTION)
    return vt_loop_run(f->vt, pass(v, 0)).status;
  if (look == LOOK_WAITING_FUNCTION)
    return vt_loop_run(f->vt, pass(v, PASS_RETURNS | PASS_WAITS)).status;
  vt_await_with(v, look == LOOK_AWAIT_LATER ? VT_LATER : 0, seen_k, &seen);
  fixture_run(f);
  return seen.result.status;
}

/* ---- helpers: ways to lose a failure ---- */

static void lose_task(struct fixture *f, int64_t status) {
  (void)f;
  vt_task_unref(vt_task_from_result(result_failed(status)));
}

static void lose_task_asked_for_its_status(struct fixture *f, int64_t status) {
  vt_task_t *task = vt_task_from_result(result_failed(status));
  (void)f;
  assert_status(vt_task_status(task), status);
  vt_task_unref(task);
}

static void lose_task_forgotten(struct fixture *f, int64_t status) {
  vt_task_t *task = vt_task_from_result(result_failed(status));
  (void)f;
  vt_forget(vt_from_task(task));
  vt_task_unref(task);
}

static void lose_converted(struct fixture *f, int64_t status) {
  struct gate gate = {0};
  vt_task_t *task = vt_as_task(gate_begin(&gate));
  (void)f;
  gate_open(&gate, result_failed(status));
  vt_task_unref(task);
}

/* Its task is released before the result comes. */
static void lose_converted_early(struct fixture *f, int64_t status) {
  struct gate gate = {0};
  (void)f;
  vt_task_unref(vt_as_task(gate_begin(&gate)));
  gate_open(&gate, result_failed(status));
}

static void lose_in_hand(struct fixture *f, int64_t status) {
  (void)f;
  vt_forget(vt_from_result(result_failed(status)));
}

static void lose_pending(struct fixture *f, int64_t status) {
  struct gate gate = {0};
  (void)f;
  vt_forget(gate_begin(&gate));
  gate_open(&gate, result_failed(status));
}

static void lose_completed(struct fixture *f, int64_t status) {
  struct gate gate = {0};
  vt_t v = gate_begin(&gate);
  (void)f;
  gate_open(&gate, result_failed(status));
  vt_forget(v);
}

static void lose_awaiter(struct fixture *f, int64_t status) {
  struct gate gate = {0};
  struct seen seen = {0};
  vt_t v = gate_begin(&gate);
  (void)f;
  vt_await(v, seen_k, &seen);
  assert_true(vt_await_stop(v, seen_k, &seen));
  gate_open(&gate, result_failed(status));
  assert_int_equal(seen.count, 0);
}

static void lose_function(struct fixture *f, int64_t status) {
  vt_forget(pass(vt_from_result(result_failed(status)), PASS_WAITS));
  fixture_run(f);
}

/* The gate outlives this: the detach asks what it is about. */
static void lose_untaken(struct fixture *f, int64_t status) {
  static struct gate gate;
  vt_t v = gate_begin(&gate);
  (void)f;
  gate_open(&gate, result_failed(status));
  assert_status(vt_status(v), status);
}

static void lose_untaken_function(struct fixture *f, int64_t status) {
  vt_t v = pass(vt_from_result(result_failed(status)), PASS_WAITS);
  fixture_run(f);
  assert_status(vt_status(v), status);
}

static const struct way {
  const char *name;
  void (*lose)(struct fixture *f, int64_t status);
  vt_report_kind_t kind;
} ways[] = {
    {"a task", lose_task, VT_REPORT_UNOBSERVED},
    {"a status", lose_task_asked_for_its_status, VT_REPORT_UNOBSERVED},
    {"a task forgotten", lose_task_forgotten, VT_REPORT_UNOBSERVED},
    {"converted", lose_converted, VT_REPORT_UNOBSERVED},
    {"converted early", lose_converted_early, VT_REPORT_UNOBSERVED},
    {"in hand", lose_in_hand, VT_REPORT_FORGOTTEN},
    {"pending", lose_pending, VT_REPORT_FORGOTTEN},
    {"completed", lose_completed, VT_REPORT_FORGOTTEN},
    {"its awaiter", lose_awaiter, VT_REPORT_FORGOTTEN},
    {"a function", lose_function, VT_REPORT_FORGOTTEN},
    {"never taken", lose_untaken, VT_REPORT_NEVER_AWAITED},
    {"a function never taken", lose_untaken_function, VT_REPORT_NEVER_AWAITED},
};

#define WAYS (sizeof ways / sizeof *ways)

/* Loses a result on a loop of its own; how many reports came of it, and true
 * when the first was of this kind and status. */
static size_t lose(const struct way *way, int64_t status, bool *out_right) {
  struct fixture f;
  const char *problem = fixture_open(&f);
  assert_null(problem);
  way->lose(&f, status);
  fixture_run(&f);
  assert_int_equal(fixture_detach(&f), 0);
  size_t count = f.report_count;
  const struct fixture_report *report = fixture_take_report(&f, way->kind);
  *out_right = report && report->status == status;
  f.report_count = 0;
  problem = fixture_close(&f);
  assert_null(problem);
  return count;
}

/* ---- the cases ---- */

/* Twelve failed tasks, each looked at in every way, or in none: reported once,
 * at the last release, when nobody did. */
static void faulted_task_exceptions(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < MAKERS * ALL_LOOKS; i++) {
    enum look look = (enum look)(i % ALL_LOOKS);
    const struct maker *maker = &makers[i / ALL_LOOKS];
    vt_task_t *task = maker->make(f);
    if (vt_task_status(task) != UV_EIO)
      fail_msg("%s: not failed", maker->name);
    if (look >= LOOKS)
      look_without(task, look);
    else if (look_at(f, task, look) != UV_EIO)
      fail_msg("%s, look %d: another failure", maker->name, look);
    assert_int_equal(f->report_count, 0);
    vt_task_unref(task);
    if (f->report_count != (look >= LOOKS ? 1u : 0u))
      fail_msg("%s, look %d: %zu reports", maker->name, look, f->report_count);
    if (look >= LOOKS)
      assert_report(f, VT_REPORT_UNOBSERVED, UV_EIO);
  }
}

/* Twelve ways to lose one: each is told, once, with its status. */
static void faulted_task_exceptions_lost(void **state) {
  bool right;
  (void)state;
  for (size_t i = 0; i < WAYS; i++) {
    size_t count = lose(&ways[i], UV_EIO, &right);
    if (count != 1 || !right)
      fail_msg("%s: %zu reports", ways[i].name, count);
  }
}

/* A promise that is dropped is told as such, and not a second time as its
 * task's failure. */
static void faulted_task_exceptions_of_a_dropped_promise(void **state) {
  struct fixture *f = *state;
  for (int looked_at = 0; looked_at < 2; looked_at++) {
    vt_promise_t *promise = fixture_promise(0);
    vt_task_t *task = vt_task_ref(vt_promise_task(promise));
    vt_promise_free(promise);
    assert_report(f, VT_REPORT_DROPPED, VT_EDROPPED);
    if (looked_at)
      assert_status(vt_task_result(task).status, VT_EDROPPED);
    vt_task_unref(task);
    assert_int_equal(f->report_count, 0);
  }
}

/* The same ways: a cancellation is told by none of them. */
static void cancellation_doesnt_result_in_event_firing(void **state) {
  bool right;
  (void)state;
  for (size_t i = 0; i < WAYS; i++)
    if (lose(&ways[i], UV_ECANCELED, &right) != 0)
      fail_msg("%s: a cancellation was reported", ways[i].name);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(faulted_task_exceptions),
      cmocka_unit_test(faulted_task_exceptions_lost),
      fixture_test(faulted_task_exceptions_of_a_dropped_promise),
      cmocka_unit_test(cancellation_doesnt_result_in_event_firing),
  };
  return fixture_main("conformance/faulted_task", tests);
}
