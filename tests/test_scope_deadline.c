/* SPDX-License-Identifier: MIT */
/* Scopes with a deadline: what the join tells, and what is left behind. */
#include "support/fixture.h"
#include "support/gate.h"

/* ---- helpers ---- */

/* Far enough that no test waits for it. */
#define FAR_MS UINT64_C(3600000)

static vt_scope_t *scope_open(vt_scope_options_t options) {
  vt_scope_t *scope = NULL;
  assert_status(vt_scope_new(&options, &scope), 0);
  vt_scope_enter(scope);
  return scope;
}

static void scope_done(vt_scope_t *scope, struct seen *joined) {
  vt_scope_leave(NULL);
  vt_await(vt_scope_join(scope), seen_k, joined);
}

/* ---- it works ---- */

static void time_is_up_as_timed_out(void **state) {
  struct fixture *f = *state;
  vt_scope_options_t options[] = {
      {.timeout_ms = 1},
      {.deadline_ms = vt_deadline_in(1)},
      {.timeout_ms = 1, .deadline_ms = vt_deadline_in(FAR_MS)},
      {.timeout_ms = FAR_MS, .deadline_ms = vt_deadline_in(1)},
      {.deadline_ms = 1}, /* passed long ago */
  };
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    struct gate gate = {0};
    struct seen seen = {0}, joined = {0};
    vt_scope_t *scope = scope_open(options[i]);
    vt_await(gate_begin(&gate), seen_k, &seen);
    scope_done(scope, &joined);
    assert_true(fixture_run(f));
    assert_seen_status(&seen, UV_ECANCELED);
    assert_seen_status(&joined, UV_ETIMEDOUT);
  }
}

static void one_that_has_passed_begins_nothing(void **state) {
  struct gate gate = {0};
  (void)state;
  vt_scope_t *scope = scope_open((vt_scope_options_t){.deadline_ms = 1});
  assert_status(vt_scope_status(scope), UV_ETIMEDOUT);
  assert_status(vt_status(gate_begin(&gate)), UV_ECANCELED);
  vt_scope_leave(NULL);
  assert_status(vt_status(vt_scope_join(scope)), UV_ETIMEDOUT);
}

static void in_time_no_delay_is_left(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0}, joined = {0};
  vt_scope_options_t options = {.timeout_ms = FAR_MS};
  vt_scope_t *scope = scope_open(options);
  vt_await(gate_begin(&gate), seen_k, &seen);
  scope_done(scope, &joined);
  gate_open(&gate, result_int(2));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 2);
  assert_seen_int(&joined, 0);
  options.timeout_ms = UINT64_MAX;
  scope = scope_open(options);
  vt_scope_leave(NULL);
  assert_true(vt_in_hand(vt_scope_join(scope)));
  assert_int_equal(fixture_pending(f), 0); /* so that it may be detached */
  assert_false(uv_loop_alive(&f->uv));
}

static void cancelled_before_it_is_not_timed_out(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.cancel_rc = UV_EBUSY};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_open((vt_scope_options_t){.timeout_ms = FAR_MS});
  vt_await(gate_begin(&gate), seen_k, &seen);
  scope_done(scope, &joined);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  gate_open(&gate, result_int(2));
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ECANCELED);
}

static void nested_the_nearer_one_counts(void **state) {
  struct fixture *f = *state;
  for (int outer_is = 0; outer_is < 2; outer_is++) {
    struct gate gates[2] = {{0}, {0}};
    struct seen seen[2] = {{0}, {0}}, joined[2] = {{0}, {0}};
    vt_scope_options_t near = {.timeout_ms = 1}, far = {.timeout_ms = FAR_MS};
    vt_scope_t *outer = scope_open(outer_is ? near : far);
    vt_await(gate_begin(&gates[0]), seen_k, &seen[0]);
    vt_scope_t *inner = scope_open(outer_is ? far : near);
    vt_await(gate_begin(&gates[1]), seen_k, &seen[1]);
    scope_done(inner, &joined[1]);
    scope_done(outer, &joined[0]);
    assert_true(fixture_run_until(f, &joined[1].count, 1));
    assert_seen_status(&seen[1], UV_ECANCELED);
    assert_seen_status(&joined[1], outer_is ? UV_ECANCELED : UV_ETIMEDOUT);
    if (!outer_is)
      gate_open(&gates[0], result_int(1));
    assert_true(fixture_run(f));
    assert_seen_status(&joined[0], outer_is ? UV_ETIMEDOUT : 0);
  }
}

static void a_scope_begun_in_another_is_not_its_clock(void **state) {
  struct fixture *f = *state;
  struct seen joined[2] = {{0}, {0}};
  vt_scope_t *outer = scope_open((vt_scope_options_t){0});
  vt_scope_t *inner = scope_open((vt_scope_options_t){.timeout_ms = FAR_MS});
  scope_done(inner, &joined[1]); /* in hand: its delay is no member */
  scope_done(outer, &joined[0]);
  assert_true(fixture_run(f));
  assert_seen_int(&joined[1], 0);
  assert_seen_int(&joined[0], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(time_is_up_as_timed_out),
      fixture_test(one_that_has_passed_begins_nothing),
      fixture_test(in_time_no_delay_is_left),
      fixture_test(cancelled_before_it_is_not_timed_out),
      fixture_test(nested_the_nearer_one_counts),
      fixture_test(a_scope_begun_in_another_is_not_its_clock),
  };
  return fixture_main("scope_deadline", tests);
}
