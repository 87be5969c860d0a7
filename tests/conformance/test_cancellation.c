/* SPDX-License-Identifier: MIT */
/* Cancelling: C#'s CancellationTokenTests on scopes. A source with its token is
 * a scope, a registered callback a member that is told to end, a linked source
 * a scope within another. */
#include "told.h"

#include "support/pass.h"

/* ---- helpers ---- */

static void cancel(vt_scope_t *scope) {
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
}

/* ---- the cases: being cancelled ---- */

/* What was a member is stale when the scope is over: late calls are harmless.
 * */
static void token_source_dispose(void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  vt_scope_t *scope = told_scope(NULL, NULL);
  told_await_in(scope, &t);
  told_complete(&t);
  assert_status(told_join(f, scope), 0);
  assert_status(vt_cancel(t.v), VT_ESTALE);
  assert_false(vt_await_stop(t.v, seen_k, &t.seen));
  assert_int_equal(t.times, 0);
}

/* Joined, it may be used until nothing of it is left, but not joined again. */
static void token_source_dispose_negative(void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  struct told t[2] = {{.log = &log}, {.log = &log}};
  struct seen joined = {0};
  vt_scope_t *scope = told_scope(NULL, NULL);
  told_await_in(scope, &t[0]);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_status(vt_status(vt_scope_join(scope)), VT_EAWAITED);
  told_await_in(scope, &t[1]);
  cancel(scope);
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ECANCELED);
  assert_int_equal(log.count, 2);
}

static void cancellation_token_passive_listening(void **state) {
  struct fixture *f = *state;
  vt_scope_t *scope = told_scope(NULL, NULL);
  assert_status(vt_scope_status(scope), 0);
  cancel(scope);
  assert_status(vt_scope_status(scope), UV_ECANCELED);
  assert_status(told_join(f, scope), UV_ECANCELED);
}

static void cancellation_token_active_listening(void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  vt_scope_t *scope = told_scope(NULL, NULL);
  told_await_in(scope, &t);
  assert_int_equal(t.times, 0);
  cancel(scope);
  assert_int_equal(t.times, 1);
  assert_int_equal(t.seen.count, 0); /* its continuation: later */
  assert_status(told_join(f, scope), UV_ECANCELED);
  assert_seen_status(&t.seen, UV_ECANCELED);
}

/* Who has left is not told. */
static void add_and_remove_delegates(void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  struct told t[4] = {
      {.log = &log}, {.log = &log}, {.log = &log}, {.log = &log}};
  vt_scope_t *scope = told_scope(NULL, NULL);
  for (int i = 0; i < 4; i++)
    told_await_in(scope, &t[i]);
  for (int i = 1; i < 4; i++)
    told_complete(&t[i]);
  cancel(scope);
  assert_int_equal(log.count, 1);
  assert_ptr_equal(log.order[0], &t[0]);
  assert_status(told_join(f, scope), UV_ECANCELED);
}

/* It is refused at once, before it reaches anything that it could wait for. */
static void cancellation_token_late_enlistment(void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  vt_scope_t *scope = told_scope(NULL, NULL);
  cancel(scope);
  told_await_in(scope, &t);
  assert_seen_status(&t.seen, UV_ECANCELED);
  assert_true(vt_in_hand(t.v));
  assert_int_equal(t.times, 0);
  assert_status(told_join(f, scope), UV_ECANCELED);
}

/* ---- the cases: waiting for a cancel ---- */

/* A function in a scope that waits for ever waits for the cancel. */
static vt_t wait_in(vt_scope_t *scope, vt_promise_t *never) {
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = pass(vt_from_task(vt_promise_task(never)), 0);
  vt_scope_leave(before);
  return v;
}

static void never_end(vt_promise_t *never) {
  vt_promise_set(never, (vt_value_t){0});
  vt_promise_free(never);
}

static void cancellation_token_wait_handle_signal_after_wait(void **state) {
  struct fixture *f = *state;
  vt_promise_t *never = fixture_promise(0);
  struct seen seen = {0};
  vt_scope_t *scope = told_scope(NULL, NULL);
  vt_await(wait_in(scope, never), seen_k, &seen);
  fixture_turn(f);
  assert_int_equal(seen.count, 0);
  cancel(scope);
  assert_status(told_join(f, scope), UV_ECANCELED);
  assert_seen_status(&seen, UV_ECANCELED);
  never_end(never);
}

static void cancellation_token_wait_handle_signal_before_wait(void **state) {
  struct fixture *f = *state;
  vt_promise_t *never = fixture_promise(0);
  struct seen seen = {0};
  vt_scope_t *scope = told_scope(NULL, NULL);
  cancel(scope);
  vt_await(wait_in(scope, never), seen_k, &seen);
  assert_status(told_join(f, scope), UV_ECANCELED);
  assert_seen_status(&seen, UV_ECANCELED);
  never_end(never);
}

static void cancellation_token_wait_handle_wait_any(void **state) {
  struct fixture *f = *state;
  vt_promise_t *never = fixture_promise(0);
  vt_scope_t *scopes[2] = {told_scope(NULL, NULL), told_scope(NULL, NULL)};
  struct seen seen = {0};
  vt_t v[2] = {wait_in(scopes[0], never), wait_in(scopes[1], never)};
  vt_await(vt_any(v, 2, 0, NULL), seen_k, &seen);
  cancel(scopes[1]);
  assert_status(told_join(f, scopes[1]), UV_ECANCELED);
  assert_seen_int(&seen, 1);
  assert_status(told_join(f, scopes[0]), 0);
  never_end(never);
}

static void wait_all(void **state) {
  struct fixture *f = *state;
  vt_promise_t *never = fixture_promise(0), *other = fixture_promise(0);
  vt_scope_t *scopes[2] = {told_scope(NULL, NULL), told_scope(NULL, NULL)};
  struct seen seen = {0};
  vt_t v[3] = {wait_in(scopes[0], never), wait_in(scopes[1], never),
               vt_from_task(vt_promise_task(other))};
  vt_await(vt_all(v, 3, 0, NULL), seen_k, &seen);
  for (int i = 0; i < 2; i++) {
    cancel(scopes[i]);
    assert_status(told_join(f, scopes[i]), UV_ECANCELED);
  }
  assert_int_equal(seen.count, 0);
  never_end(other);
  assert_seen_status(&seen, UV_ECANCELED);
  never_end(never);
}

/* ---- the cases: scopes within scopes ---- */

/* A parent cancels its child, a child nothing but itself; an end is none. */
static void create_linked_token_source_one_token(void **state) {
  struct fixture *f = *state;
  for (int by_parent = 0; by_parent < 2; by_parent++) {
    vt_scope_t *parent = told_scope(NULL, NULL);
    vt_scope_t *child = told_scope(parent, NULL);
    cancel(by_parent ? parent : child);
    assert_status(vt_scope_status(child), UV_ECANCELED);
    assert_status(vt_scope_status(parent), by_parent ? UV_ECANCELED : 0);
    assert_status(told_join(f, child), UV_ECANCELED);
    assert_status(told_join(f, parent), by_parent ? UV_ECANCELED : 0);
  }
  vt_scope_t *parent = told_scope(NULL, NULL);
  vt_scope_t *child = told_scope(parent, NULL);
  struct seen joined = {0};
  vt_await(vt_scope_join(parent), seen_k, &joined);
  fixture_turn(f);
  assert_int_equal(joined.count, 0); /* it waits for its child */
  assert_status(vt_scope_status(child), 0);
  assert_status(told_join(f, child), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&joined, 0);
}

/* Several sources are scopes around one another: each of them cancels what is
 * within. */
static void linked(struct fixture *f, int depth) {
  for (int at = 0; at < depth; at++) {
    struct told_log log = {.count = 0};
    struct told t = {.log = &log};
    vt_scope_t *scopes[4] = {NULL};
    for (int i = 0; i < depth; i++)
      scopes[i] = told_scope(i ? scopes[i - 1] : NULL, NULL);
    told_await_in(scopes[depth - 1], &t);
    assert_status(vt_scope_status(scopes[depth - 1]), 0);
    cancel(scopes[at]);
    assert_int_equal(t.times, 1);
    for (int i = depth; i-- > 0;)
      assert_status(told_join(f, scopes[i]), i < at ? 0 : UV_ECANCELED);
    assert_seen_status(&t.seen, UV_ECANCELED);
  }
}

static void create_linked_token_source_simple_two_token(void **state) {
  linked(*state, 3);
}

static void create_linked_token_source_simple_multi_token(void **state) {
  linked(*state, 4);
}

/* In a cancelled scope none is made. */
static void assert_refused(vt_scope_t *parent) {
  vt_scope_t *child = NULL, *before = vt_scope_enter(parent);
  assert_status(vt_scope_new(NULL, &child), UV_ECANCELED);
  vt_scope_leave(before);
  assert_null(child);
}

static void
create_linked_token_source_token_already_signalled_one_token(void **state) {
  vt_scope_t *scope = told_scope(NULL, NULL);
  cancel(scope);
  assert_refused(scope);
  assert_status(told_join(*state, scope), UV_ECANCELED);
}

static void
create_linked_token_source_token_already_signalled_two_tokens(void **state) {
  vt_scope_t *outer = told_scope(NULL, NULL);
  vt_scope_t *inner = told_scope(outer, NULL);
  cancel(outer);
  assert_refused(inner);
  assert_refused(outer);
  assert_status(told_join(*state, inner), UV_ECANCELED);
  assert_status(told_join(*state, outer), UV_ECANCELED);
}

static void
create_linked_token_multistep_composition_source_token_already_signalled(
    void **state) {
  vt_scope_t *scopes[3];
  for (int i = 0; i < 3; i++)
    scopes[i] = told_scope(i ? scopes[i - 1] : NULL, NULL);
  cancel(scopes[0]);
  assert_refused(scopes[2]);
  for (int i = 3; i-- > 0;)
    assert_status(told_join(*state, scopes[i]), UV_ECANCELED);
}

/* The parent is cancelled, and joined before its child: neither is an error. */
static void ode_when_disposing_linked_cts(void **state) {
  struct fixture *f = *state;
  struct seen joined = {0};
  const vt_scope_options_t options = {.timeout_ms = 1000000};
  vt_scope_t *user = told_scope(NULL, NULL);
  vt_scope_t *timed = told_scope(user, &options);
  cancel(user);
  vt_await(vt_scope_join(user), seen_k, &joined);
  assert_status(told_join(f, timed), UV_ECANCELED);
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ECANCELED);
}

/* ---- the cases: time ---- */

static void cancellation_token_source_with_timer(void **state) {
  struct fixture *f = *state;
  const uint64_t times[] = {0, 1000000, 3600000, 1};
  for (int i = 0; i < 4; i++) {
    const vt_scope_options_t options = {.timeout_ms = times[i]};
    struct told_log log = {.count = 0};
    struct told t = {.log = &log};
    vt_scope_t *scope = told_scope(NULL, &options);
    told_await_in(scope, &t);
    fixture_turn(f);
    if (times[i] != 1) { /* never, or not yet */
      assert_status(vt_scope_status(scope), 0);
      told_complete(&t);
    }
    assert_status(told_join(f, scope), times[i] == 1 ? UV_ETIMEDOUT : 0);
    assert_int_equal(t.times, times[i] == 1);
  }
}

/* No time is out of range. */
static void cancellation_token_source_with_timer_negative(void **state) {
  struct fixture *f = *state;
  const uint64_t times[] = {UINT64_MAX, UINT64_MAX - 1, (uint64_t)INT64_MIN,
                            UINT32_MAX};
  for (int i = 0; i < 4; i++) {
    const vt_scope_options_t options = {.timeout_ms = times[i]};
    struct told_log log = {.count = 0};
    struct told t = {.log = &log};
    vt_scope_t *scope = told_scope(NULL, &options);
    told_await_in(scope, &t);
    fixture_turn(f);
    assert_status(vt_scope_status(scope), 0);
    told_complete(&t);
    assert_status(told_join(f, scope), 0);
  }
  assert_int_equal(fixture_pending(f), 0); /* and no delay is left */
}

/* No time left is a deadline that has passed; a timeout of 0 is none. */
static void cancellation_token_source_ctor_zero_timeout(void **state) {
  struct fixture *f = *state;
  const vt_scope_options_t options = {.deadline_ms = 1};
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  vt_scope_t *scope = told_scope(NULL, &options);
  assert_status(vt_scope_status(scope), UV_ETIMEDOUT);
  for (int i = 0; i < 2; i++) {
    t.seen = (struct seen){0};
    told_await_in(scope, &t);
    assert_seen_status(&t.seen, UV_ECANCELED);
  }
  assert_status(told_join(f, scope), UV_ETIMEDOUT);
}

/* ---- the cases: again ---- */

static void
cancellation_token_source_try_reset_returns_false_if_already_canceled(
    void **state) {
  vt_scope_t *scope = told_scope(NULL, NULL);
  cancel(scope);
  assert_status(vt_scope_cancel(scope, UV_EIO), UV_EALREADY);
  assert_status(vt_scope_status(scope), UV_ECANCELED);
  assert_status(told_join(*state, scope), UV_ECANCELED);
}

/* What was a member of one scope is not told by the next in its memory. */
static void cancellation_token_source_try_reset_unregisters_all(void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  struct told t[2] = {{.log = &log}, {.log = &log}};
  vt_scope_t *scope = told_scope(NULL, NULL);
  vt_scope_t *first = scope;
  told_await_in(scope, &t[0]);
  told_complete(&t[0]);
  assert_status(told_join(f, scope), 0);
  scope = told_scope(NULL, NULL);
  assert_ptr_equal(scope, first); /* or this shows nothing */
  told_await_in(scope, &t[1]);
  cancel(scope);
  assert_int_equal(t[0].times, 0);
  assert_int_equal(t[1].times, 1);
  assert_status(told_join(f, scope), UV_ECANCELED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(token_source_dispose),
      fixture_test(token_source_dispose_negative),
      fixture_test(cancellation_token_passive_listening),
      fixture_test(cancellation_token_active_listening),
      fixture_test(add_and_remove_delegates),
      fixture_test(cancellation_token_late_enlistment),
      fixture_test(cancellation_token_wait_handle_signal_after_wait),
      fixture_test(cancellation_token_wait_handle_signal_before_wait),
      fixture_test(cancellation_token_wait_handle_wait_any),
      fixture_test(wait_all),
      fixture_test(create_linked_token_source_one_token),
      fixture_test(create_linked_token_source_simple_two_token),
      fixture_test(create_linked_token_source_simple_multi_token),
      fixture_test(
          create_linked_token_source_token_already_signalled_one_token),
      fixture_test(
          create_linked_token_source_token_already_signalled_two_tokens),
      fixture_test(
          create_linked_token_multistep_composition_source_token_already_signalled),
      fixture_test(ode_when_disposing_linked_cts),
      fixture_test(cancellation_token_source_with_timer),
      fixture_test(cancellation_token_source_with_timer_negative),
      fixture_test(cancellation_token_source_ctor_zero_timeout),
      fixture_test(
          cancellation_token_source_try_reset_returns_false_if_already_canceled),
      fixture_test(cancellation_token_source_try_reset_unregisters_all),
  };
  return fixture_main("conformance/cancellation", tests);
}
