/* SPDX-License-Identifier: MIT */
/* C#'s ValueTaskTests: how value tasks are made and what they say of
 * themselves. One case for each method, named after it; methods.md has both
 * lists. */
#include "conformance/backing.h"

/* ---- helpers ---- */

static void check_default(enum form form) {
  static vt_t zeroed;
  vt_t v = form == GENERIC ? number_from(zeroed).vt : zeroed;
  assert_true(vt_is_completed(v));
  assert_true(vt_is_succeeded(v));
  assert_false(vt_is_failed(v));
  assert_false(vt_is_cancelled(v));
  assert_status(vt_get_result(v).status, 0);
  assert_int_equal(vt_get_result(v).value.u, 0);
  assert_int_equal(number_value(vt_get_result(v)), 0);
}

static void check_made_succeeded(enum form form) {
  for (enum backing_kind kind = IN_HAND; kind < BACKING_KINDS; kind++) {
    struct backing b;
    backing_begin_completed(&b, kind, form, 0);
    backing_check(&b, 0);
    backing_check_result(&b, vt_get_result(b.v), 0);
    backing_check(&b, 0);
    backing_end(&b);
  }
}

/* Taken twice: each of these kinds keeps its result. */
static void check_result_twice(const struct backing *b, int64_t status) {
  backing_check_result(b, vt_get_result(b->v), status);
  backing_check_result(b, vt_get_result(b->v), status);
  backing_check(b, status);
}

static void check_completed_after(enum form form, int64_t status) {
  for (enum backing_kind kind = TASK; kind < BACKING_KINDS; kind++) {
    struct backing b;
    backing_begin(&b, kind, form);
    backing_check(&b, VT_PENDING);
    assert_status(vt_get_result(b.v).status, VT_EPENDING);
    backing_check(&b, VT_PENDING);
    assert_status(backing_complete(&b, status), 0);
    check_result_twice(&b, status);
    backing_end(&b);
  }
}

/* A failure in hand, which C# has not, is held to the same. */
static void check_made_failed(enum form form) {
  for (enum backing_kind kind = IN_HAND; kind < BACKING_KINDS; kind++) {
    struct backing b;
    backing_begin_completed(&b, kind, form, UV_EIO);
    backing_check(&b, UV_EIO);
    check_result_twice(&b, UV_EIO);
    backing_end(&b);
  }
}

static void check_null(enum form form) {
  struct backing b = {.form = form};
  vt_t nothing[] = {vt_from_task(NULL), vt_from_source(NULL)};
  for (size_t i = 0; i < 2; i++) {
    b.v = form == GENERIC ? number_from(nothing[i]).vt : nothing[i];
    assert_true(vt_in_hand(b.v));
    backing_check(&b, UV_EINVAL);
    backing_check_result(&b, vt_get_result(b.v), UV_EINVAL);
  }
}

/* In hand it has no task of its own; the one that is made of it is stable, and
 * says the same after an await. */
static void check_failure_in_hand(struct fixture *f, int64_t status) {
  struct backing b;
  struct seen seen[2] = {{0}};
  vt_task_t *task, *again;
  vt_t v;
  backing_begin_completed(&b, IN_HAND, NON_GENERIC, status);
  backing_check(&b, status);
  vt_await(b.v, seen_k, &seen[0]);
  backing_check_seen(&b, &seen[0], status);
  task = vt_as_task(b.v);
  v = vt_from_task(task);
  assert_status(vt_task_status(task), status);
  vt_await(v, seen_k, &seen[1]);
  assert_true(fixture_run(f));
  backing_check_seen(&b, &seen[1], status);
  again = vt_as_task(v);
  assert_ptr_equal(again, task);
  vt_task_unref(again);
  vt_task_unref(task);
  backing_check(&b, status);
}

/* ---- default ---- */

static void non_generic_default_value_task_default_value(void **state) {
  (void)state;
  check_default(NON_GENERIC);
}

static void generic_default_value_task_default_value(void **state) {
  (void)state;
  check_default(GENERIC);
}

/* ---- made of what has completed, and of what will ---- */

static void
non_generic_create_from_successfully_completed_is_completed_successfully(
    void **state) {
  (void)state;
  check_made_succeeded(NON_GENERIC);
}

static void
generic_create_from_successfully_completed_is_completed_successfully(
    void **state) {
  (void)state;
  check_made_succeeded(GENERIC);
}

static void
non_generic_create_from_not_completed_then_complete_successfully(void **state) {
  (void)state;
  check_completed_after(NON_GENERIC, 0);
}

static void
generic_create_from_not_completed_then_complete_successfully(void **state) {
  (void)state;
  check_completed_after(GENERIC, 0);
}

static void non_generic_create_from_not_completed_then_fault(void **state) {
  (void)state;
  check_completed_after(NON_GENERIC, UV_EIO);
}

static void generic_create_from_not_completed_then_fault(void **state) {
  (void)state;
  check_completed_after(GENERIC, UV_EIO);
}

static void non_generic_create_from_faulted_is_faulted(void **state) {
  (void)state;
  check_made_failed(NON_GENERIC);
}

static void generic_create_from_faulted_is_faulted(void **state) {
  (void)state;
  check_made_failed(GENERIC);
}

static void non_generic_create_from_null_task_throws(void **state) {
  (void)state;
  check_null(NON_GENERIC);
}

static void generic_create_from_null_task_throws(void **state) {
  (void)state;
  check_null(GENERIC);
}

/* ---- made in hand ---- */

static void completed_task_equals_default(void **state) {
  static vt_t zeroed;
  (void)state;
  assert_true(vt_equal(vt_done(), zeroed));
  assert_true(vt_is_succeeded(vt_done()));
}

static void from_result_create_successful_task(void **state) {
  static const char text[] = "hello";
  vt_t made[] = {vt_from_int(42), vt_from_ptr(text), vt_from_ptr(NULL)};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    vt_task_t *tasks[2] = {vt_as_task(made[i]), vt_as_task(made[i])};
    assert_true(vt_is_succeeded(made[i]));
    assert_false(vt_is_failed(made[i]) || vt_is_cancelled(made[i]));
    assert_ptr_equal(vt_get_result(made[i]).value.p, made[i].value.p);
    assert_int_equal(tasks[0] == tasks[1], i == 2); /* NULL has a static one */
    for (int t = 0; t < 2; t++) {
      assert_ptr_equal(vt_task_result(tasks[t]).value.p, made[i].value.p);
      vt_task_unref(tasks[t]);
    }
  }
}

static void from_canceled_creates_canceled_task(void **state) {
  check_failure_in_hand(*state, UV_ECANCELED);
}

static void from_exception_creates_faulted_task(void **state) {
  static const int64_t none[] = {0, 1, INT64_MAX};
  for (size_t i = 0; i < 3; i++) {
    assert_status(vt_status(vt_failed(none[i])), VT_ESTATUS);
    assert_true(vt_is_failed(number_failed(none[i]).vt));
  }
  check_failure_in_hand(*state, UV_EIO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(non_generic_default_value_task_default_value),
      cmocka_unit_test(generic_default_value_task_default_value),
      fixture_test(
          non_generic_create_from_successfully_completed_is_completed_successfully),
      fixture_test(
          generic_create_from_successfully_completed_is_completed_successfully),
      fixture_test(
          non_generic_create_from_not_completed_then_complete_successfully),
      fixture_test(
          generic_create_from_not_completed_then_complete_successfully),
      fixture_test(non_generic_create_from_not_completed_then_fault),
      fixture_test(generic_create_from_not_completed_then_fault),
      fixture_test(non_generic_create_from_faulted_is_faulted),
      fixture_test(generic_create_from_faulted_is_faulted),
      fixture_test(non_generic_create_from_null_task_throws),
      fixture_test(generic_create_from_null_task_throws),
      cmocka_unit_test(completed_task_equals_default),
      fixture_test(from_result_create_successful_task),
      fixture_test(from_canceled_creates_canceled_task),
      fixture_test(from_exception_creates_faulted_task),
  };
  return fixture_main("conformance/value_task", tests);
}
