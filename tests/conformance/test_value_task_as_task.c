/* SPDX-License-Identifier: MIT */
/* C#'s ValueTaskTests: value tasks made tasks. One case for each method, named
 * after it; methods.md has both lists. */
#include "conformance/backing.h"
#include "support/gate.h"

/* ---- helpers: the same task, or another ---- */

static void check_task_is_itself(enum form form) {
  for (int pending = 0; pending < 2; pending++) {
    struct backing b;
    vt_task_t *tasks[2];
    if (pending)
      backing_begin(&b, TASK, form);
    else
      backing_begin_completed(&b, TASK, form, 0);
    for (int i = 0; i < 2; i++) {
      tasks[i] = vt_as_task(b.v);
      assert_ptr_equal(tasks[i], b.task);
    }
    if (pending)
      backing_complete(&b, 0);
    backing_check_result(&b, vt_task_result(tasks[1]), 0);
    vt_task_unref(tasks[0]);
    vt_task_unref(tasks[1]);
    backing_end(&b);
  }
}

/* Two conversions of what has completed; these kinds allow it. */
static void check_converted_twice(enum backing_kind kind, enum form form) {
  struct backing b;
  vt_task_t *tasks[2];
  backing_begin_completed(&b, kind, form, 0);
  for (int i = 0; i < 2; i++) {
    tasks[i] = vt_as_task(b.v);
    assert_status(vt_task_status(tasks[i]), 0);
    backing_check_result(&b, vt_task_result(tasks[i]), 0);
  }
  if (form == NON_GENERIC)
    assert_ptr_equal(tasks[0], vt_task_completed());
  assert_int_equal(tasks[0] == tasks[1], form == NON_GENERIC);
  vt_task_unref(tasks[0]);
  vt_task_unref(tasks[1]);
  backing_end(&b);
}

/* An operation ends with its conversion: the second one is refused. */
static void check_operation_converted(vt_result_t result) {
  struct gate gate = {0};
  vt_t v = gate_begin(&gate);
  vt_task_t *task;
  gate_open(&gate, result);
  task = vt_as_task(v);
  assert_int_equal(vt_task_result(task).value.i, result.value.i);
  assert_int_equal(task == vt_task_completed(), result.value.i == 0);
  assert_status(vt_task_result(vt_as_task(v)).status, VT_ESTALE);
  vt_task_unref(task);
}

static void check_sources_converted_twice(enum form form) {
  check_converted_twice(OWN_SOURCE, form);
  check_converted_twice(RESET_SOURCE, form);
  check_operation_converted(form_result(form, 0));
}

/* ---- helpers: outcomes ---- */

/* A source with this outcome, there before the conversion and after it. */
static void check_outcome(struct fixture *f, enum form form, int64_t status) {
  for (enum backing_kind kind = OWN_SOURCE; kind < BACKING_KINDS; kind++)
    for (int pending = 0; pending < 2; pending++) {
      struct backing b;
      vt_task_t *task;
      if (pending)
        backing_begin(&b, kind, form);
      else
        backing_begin_completed(&b, kind, form, status);
      task = vt_as_task(b.v);
      assert_status(vt_task_status(task), pending ? VT_PENDING : status);
      if (pending)
        assert_status(backing_complete(&b, status), 0);
      assert_true(fixture_run(f));
      assert_status(vt_task_status(task), status);
      assert_int_equal(vt_is_cancelled(vt_from_task(task)),
                       status == UV_ECANCELED);
      assert_int_equal(vt_is_failed(vt_from_task(task)), status == UV_EIO);
      backing_check_result(&b, vt_task_result(task), status);
      vt_task_unref(task);
      backing_end(&b);
    }
}

/* ---- helpers: preserve ---- */

static void check_preserve_in_hand(enum form form) {
  static const int64_t statuses[] = {0, UV_EIO, UV_ECANCELED};
  for (size_t i = 0; i < 3; i++) {
    struct backing b;
    vt_task_t *task = vt_task_completed();
    backing_begin_completed(&b, IN_HAND, form, statuses[i]);
    assert_true(vt_equal(vt_preserve(b.v, &task), b.v));
    assert_null(task);
    backing_check_result(&b, vt_get_result(b.v), statuses[i]);
  }
}

static void check_preserve_task(enum form form) {
  for (int pending = 0; pending < 2; pending++) {
    struct backing b;
    vt_task_t *task;
    if (pending)
      backing_begin(&b, TASK, form);
    else
      backing_begin_completed(&b, TASK, form, 0);
    assert_true(vt_equal(vt_preserve(b.v, &task), b.v));
    assert_ptr_equal(task, b.task);
    if (pending)
      backing_complete(&b, 0);
    backing_check_result(&b, vt_get_result(b.v), 0);
    vt_task_unref(task);
    backing_end(&b);
  }
}

static void check_preserve_source(enum form form) {
  for (enum backing_kind kind = OWN_SOURCE; kind < BACKING_KINDS; kind++) {
    struct backing b;
    vt_task_t *task, *again, *made;
    vt_t v;
    backing_begin_completed(&b, kind, form, 0);
    v = vt_preserve(b.v, &task);
    assert_false(vt_equal(v, b.v));
    assert_true(vt_equal(v, vt_from_task(task)));
    assert_true(vt_equal(vt_preserve(v, &again), v));
    made = vt_as_task(v);
    assert_ptr_equal(again, task);
    assert_ptr_equal(made, task);
    for (int i = 0; i < 2; i++)
      backing_check_result(&b, vt_get_result(v), 0);
    vt_task_unref(made);
    vt_task_unref(again);
    vt_task_unref(task);
    backing_end(&b);
  }
}

/* ---- helpers: a source that calls back wrongly ---- */

/* Resumes twice inside on_completed. */
struct eager {
  struct own_source own;
  vt_source_ops_t ops;
  vt_result_t result;
  int rc[2];
};

static int resume_twice(vt_source_t *source, uint64_t token,
                        const vt_continuation_t *c) {
  struct eager *e = (struct eager *)source;
  (void)token;
  e->own.continuation = *c;
  e->rc[0] = vt_resume(c, e->result);
  e->rc[1] = vt_resume(c, result_failed(UV_EIO));
  return 0;
}

static void check_resumed_twice(struct fixture *f, enum form form) {
  struct eager e;
  vt_task_t *task;
  own_source_init(&e.own);
  e.ops = *e.own.source.ops;
  e.ops.on_completed = resume_twice;
  e.own.source.ops = &e.ops;
  e.result = form_result(form, 0);
  task = vt_as_task(own_source_task(&e.own));
  assert_status(e.rc[0], 0);
  assert_status(e.rc[1], VT_EDONE);
  assert_true(fixture_run(f));
  assert_status(vt_resume(&e.own.continuation, result_failed(UV_EIO)),
                VT_EDONE);
  assert_status(vt_task_status(task), 0);
  assert_int_equal(vt_task_result(task).value.i, form_value(form));
  assert_int_equal(fixture_pending(f), 0);
  vt_task_unref(task);
}

/* ---- the same task, or another ---- */

static void non_generic_create_from_task_as_task_idempotent(void **state) {
  (void)state;
  check_task_is_itself(NON_GENERIC);
}

static void generic_create_from_task_as_task_idempotent(void **state) {
  (void)state;
  check_task_is_itself(GENERIC);
}

static void non_generic_create_from_default_as_task_idempotent(void **state) {
  static vt_t zeroed;
  (void)state;
  for (int i = 0; i < 2; i++) {
    vt_task_t *task = vt_as_task(zeroed);
    assert_ptr_equal(task, vt_task_completed());
    vt_task_unref(task);
  }
}

static void generic_create_from_value_as_task_not_idempotent(void **state) {
  (void)state;
  check_converted_twice(IN_HAND, GENERIC);
}

static void
non_generic_create_from_value_task_source_as_task_idempotent(void **state) {
  (void)state;
  check_sources_converted_twice(NON_GENERIC);
}

static void
generic_create_from_value_task_source_as_task_not_idempotent(void **state) {
  (void)state;
  check_sources_converted_twice(GENERIC);
}

/* ---- outcomes ---- */

static void non_generic_create_from_value_task_source_success(void **state) {
  check_outcome(*state, NON_GENERIC, 0);
}

static void generic_create_from_value_task_source_success(void **state) {
  check_outcome(*state, GENERIC, 0);
}

static void non_generic_create_from_value_task_source_faulted(void **state) {
  check_outcome(*state, NON_GENERIC, UV_EIO);
}

static void generic_create_from_value_task_source_faulted(void **state) {
  check_outcome(*state, GENERIC, UV_EIO);
}

static void non_generic_create_from_value_task_source_canceled(void **state) {
  check_outcome(*state, NON_GENERIC, UV_ECANCELED);
}

static void generic_create_from_value_task_source_canceled(void **state) {
  check_outcome(*state, GENERIC, UV_ECANCELED);
}

/* ---- preserve ---- */

static void non_generic_preserve_from_result_no_changes(void **state) {
  (void)state;
  check_preserve_in_hand(NON_GENERIC);
}

static void generic_preserve_from_result_equality_maintained(void **state) {
  (void)state;
  check_preserve_in_hand(GENERIC);
}

static void non_generic_preserve_from_task_equality_maintained(void **state) {
  (void)state;
  check_preserve_task(NON_GENERIC);
}

static void generic_preserve_from_task_equality_maintained(void **state) {
  (void)state;
  check_preserve_task(GENERIC);
}

static void
non_generic_preserve_from_value_task_source_transitioned_to_task(void **state) {
  (void)state;
  check_preserve_source(NON_GENERIC);
}

static void
generic_preserve_from_value_task_source_transitioned_to_task(void **state) {
  (void)state;
  check_preserve_source(GENERIC);
}

/* ---- a source that calls back wrongly ---- */

static void
non_generic_as_task_value_task_source_passes_invalid_state_to_on_completed_throws(
    void **state) {
  check_resumed_twice(*state, NON_GENERIC);
}

static void
generic_as_task_value_task_source_passes_invalid_state_to_on_completed_throws(
    void **state) {
  check_resumed_twice(*state, GENERIC);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(non_generic_create_from_task_as_task_idempotent),
      fixture_test(generic_create_from_task_as_task_idempotent),
      fixture_test(non_generic_create_from_default_as_task_idempotent),
      fixture_test(generic_create_from_value_as_task_not_idempotent),
      fixture_test(
          non_generic_create_from_value_task_source_as_task_idempotent),
      fixture_test(
          generic_create_from_value_task_source_as_task_not_idempotent),
      fixture_test(non_generic_create_from_value_task_source_success),
      fixture_test(generic_create_from_value_task_source_success),
      fixture_test(non_generic_create_from_value_task_source_faulted),
      fixture_test(generic_create_from_value_task_source_faulted),
      fixture_test(non_generic_create_from_value_task_source_canceled),
      fixture_test(generic_create_from_value_task_source_canceled),
      fixture_test(non_generic_preserve_from_result_no_changes),
      fixture_test(generic_preserve_from_result_equality_maintained),
      fixture_test(non_generic_preserve_from_task_equality_maintained),
      fixture_test(generic_preserve_from_task_equality_maintained),
      fixture_test(
          non_generic_preserve_from_value_task_source_transitioned_to_task),
      fixture_test(
          generic_preserve_from_value_task_source_transitioned_to_task),
      fixture_test(
          non_generic_as_task_value_task_source_passes_invalid_state_to_on_completed_throws),
      fixture_test(
          generic_as_task_value_task_source_passes_invalid_state_to_on_completed_throws),
  };
  return fixture_main("conformance/value_task_as_task", tests);
}
