/* SPDX-License-Identifier: MIT */
/* What nobody has taken when its scope is over: reported once, and not lost.
 * Built three times: plain, with VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/gate.h"

#include <string.h>

/* ---- helpers ---- */

static vt_scope_t *scope_new(void) {
  vt_scope_t *scope = NULL;
  assert_status(vt_scope_new(NULL, &scope), 0);
  return scope;
}

static vt_t gate_in(vt_scope_t *scope, struct gate *gate) {
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = gate_begin(gate);
  vt_scope_leave(before);
  return v;
}

static void join(struct fixture *f, vt_scope_t *scope) {
  struct seen joined = {0};
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_true(fixture_run_until(f, &joined.count, 1));
}

/* Waits, and fails. */
struct job_frame {
  vt_frame_t vt;
  int64_t status;
};

static vt_t job_body(void *frame) {
  struct job_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, vt_failed(f->status));
  VT_END(f);
}

/* ---- it works ---- */

static void a_result_is_reported_and_may_be_taken_still(void **state) {
  struct fixture *f = *state;
  struct gate gates[3] = {{0}, {0}, {0}};
  vt_t v[3];
  vt_scope_t *scope = scope_new();
  for (int i = 0; i < 3; i++)
    v[i] = gate_in(scope, &gates[i]);
  for (int i = 0; i < 3; i++)
    gate_open(&gates[i], i == 1 ? result_failed(UV_EIO) : result_int(i));
  join(f, scope);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  assert_report(f, VT_REPORT_NEVER_AWAITED, UV_EIO);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  assert_status(vt_get_result(v[1]).status, UV_EIO);
  for (int i = 0; i < 3; i += 2)
    assert_int_equal(vt_get_result(v[i]).value.i, i);
}

static void a_function_is_reported_by_its_line(void **state) {
  struct fixture *f = *state;
  struct job_frame frame = {.status = UV_EACCES};
  vt_scope_t *scope = scope_new();
  vt_scope_t *before = vt_scope_enter(scope);
  int line = __LINE__ + 1;
  vt_t v = vt_start_boxed(&frame, sizeof frame, job_body);
  vt_scope_leave(before);
  join(f, scope);
  const struct fixture_report *report =
      fixture_take_report(f, VT_REPORT_NEVER_AWAITED);
  assert_non_null(report);
  assert_string_equal(report->what, "async function");
  assert_status(report->status, UV_EACCES);
#ifdef VT_DEBUG
  assert_true(report->has_file);
  assert_int_equal(report->line, line);
#else
  assert_false(report->has_file && line);
#endif
  assert_status(vt_get_result(v).status, UV_EACCES);
}

static void a_detach_tells_it_no_more(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}, {0}};
  vt_scope_t *scope = scope_new();
  vt_t in = gate_in(scope, &gates[0]);
  vt_t out = gate_in(NULL, &gates[1]);
  gate_open(&gates[0], result_int(1));
  gate_open(&gates[1], result_failed(UV_EIO));
  join(f, scope);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  assert_false(vt_equal(in, out));
  assert_status(fixture_detach(f), 0);
  assert_report(f, VT_REPORT_NEVER_AWAITED, UV_EIO);
  assert_int_equal(gates[0].discards, 1);
}

static void a_join_that_nobody_takes_is_one_of_them(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_scope_t *scope = scope_new();
  vt_scope_t *before = vt_scope_enter(scope);
  vt_scope_t *child = scope_new();
  vt_scope_leave(before);
  vt_forget(gate_in(child, &gate));
  vt_t joined = vt_scope_join(child);
  gate_open(&gate, result_int(1));
  join(f, scope);
  const struct fixture_report *report =
      fixture_take_report(f, VT_REPORT_NEVER_AWAITED);
  assert_non_null(report);
  assert_string_equal(report->what, "scope");
  assert_status(vt_get_result(joined).status, 0);
}

/* ---- nothing is told ---- */

static void what_was_taken_is_not_told(void **state) {
  struct fixture *f = *state;
  struct gate gates[4] = {{0}, {0}, {0}, {0}};
  struct seen seen = {0}, later = {0};
  vt_t v[4];
  vt_scope_t *scope = scope_new();
  for (int i = 0; i < 4; i++)
    v[i] = gate_in(scope, &gates[i]);
  for (int i = 0; i < 4; i++)
    gate_open(&gates[i], result_int(i));
  assert_int_equal(vt_get_result(v[2]).value.i, 2);
  vt_await(v[0], seen_k, &seen);
  assert_seen_int(&seen, 0);
  vt_forget(v[1]);
  vt_await_with(v[3], VT_LATER, seen_k, &later);
  assert_status(vt_get_result(vt_scope_join(scope)).status, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&later, 3);
}

static void a_cancellation_is_not_told(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_scope_t *scope = scope_new();
  vt_t v = gate_in(scope, &gate);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t delay = vt_delay(3600000);
  vt_scope_leave(before);
  assert_status(vt_scope_cancel(scope, UV_EPIPE), 0);
  join(f, scope);
  assert_status(vt_get_result(v).status, UV_ECANCELED);
  assert_status(vt_get_result(delay).status, UV_ECANCELED);
}

static void a_scope_that_is_not_over_tells_nothing(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}, {0}};
  struct seen joined = {0};
  vt_scope_t *scope = scope_new();
  vt_t v = gate_in(scope, &gates[0]);
  vt_forget(gate_in(scope, &gates[1]));
  vt_await(vt_scope_join(scope), seen_k, &joined);
  gate_open(&gates[0], result_int(7));
  fixture_turn(f);
  assert_int_equal(vt_get_result(v).value.i, 7);
  gate_open(&gates[1], result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&joined, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_result_is_reported_and_may_be_taken_still),
      fixture_test(a_function_is_reported_by_its_line),
      fixture_test(a_detach_tells_it_no_more),
      fixture_test(a_join_that_nobody_takes_is_one_of_them),
      fixture_test(what_was_taken_is_not_told),
      fixture_test(a_cancellation_is_not_told),
      fixture_test(a_scope_that_is_not_over_tells_nothing),
  };
  return fixture_main("scope_untaken", tests);
}
