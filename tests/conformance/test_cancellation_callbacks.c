/* SPDX-License-Identifier: MIT */
/* What is told when a scope is cancelled, in which order, and who gets out of
 * it in time: C#'s CancellationTokenTests of callbacks and registrations. A
 * registration is a continuation, Unregister is vt_await_stop. */
#include "told.h"

/* ---- helpers ---- */

static void cancel(vt_scope_t *scope) {
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
}

static void cancel_arg(struct told *t) {
  vt_scope_cancel(t->arg, UV_ECANCELED);
}
static void stop_arg(struct told *t) {
  struct told *other = t->arg;
  vt_await_stop(other->v, seen_k, &other->seen);
}

static void complete_arg(struct told *t) {
  struct told *other = t->arg;
  if (other->op)
    told_complete(other);
}

/* ---- the cases: what is told ---- */

static void callbacks_order_is_lifo(void **state) {
  struct told_log log = {.count = 0};
  struct told t[2] = {{.log = &log}, {.log = &log}};
  vt_scope_t *scope = told_scope(NULL, NULL);
  for (int i = 0; i < 2; i++)
    told_await_in(scope, &t[i]);
  cancel(scope);
  assert_int_equal(log.count, 2);
  assert_ptr_equal(log.order[0], &t[1]);
  assert_ptr_equal(log.order[1], &t[0]);
  assert_status(told_join(*state, scope), UV_ECANCELED);
}

/* One who is told cancels another scope, inside; one who comes too late is
 * refused, and can do it then. */
static void enlist_early_and_late(void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  vt_scope_t *others[2] = {told_scope(NULL, NULL), told_scope(NULL, NULL)};
  struct told early = {.log = &log, .inside = cancel_arg, .arg = others[0]};
  struct told late = {.log = &log, .inside = cancel_arg, .arg = others[1]};
  vt_scope_t *scope = told_scope(NULL, NULL);
  told_await_in(scope, &early);
  cancel(scope);
  assert_status(vt_scope_status(others[0]), UV_ECANCELED);
  told_await_in(scope, &late);
  assert_seen_status(&late.seen, UV_ECANCELED);
  assert_status(vt_scope_status(others[1]), 0);
  cancel(others[1]);
  assert_status(told_join(f, scope), UV_ECANCELED);
  for (int i = 0; i < 2; i++)
    assert_status(told_join(f, others[i]), UV_ECANCELED);
}

/* Nothing that may be done with a cancelled scope is an error of its own. */
static void behaviour_after_cancel_signalled(void **state) {
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  vt_scope_t *scope = told_scope(NULL, NULL);
  told_await_in(scope, &t);
  cancel(scope);
  vt_scope_t *before = vt_scope_enter(scope);
  assert_ptr_equal(vt_scope_current(), scope);
  assert_status(vt_status(vt_delay(0)), 0);
  assert_status(vt_status(vt_delay(1)), UV_ECANCELED);
  assert_status(vt_status(vt_yield()), UV_ECANCELED);
  vt_scope_leave(before);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), UV_EALREADY);
  assert_status(told_join(*state, scope), UV_ECANCELED);
}

/* One who cannot be cancelled does not keep the others from being told; all
 * are, the last first, and the join waits for it. */
static void cancel_dont_throw_on_first_exception(void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  struct told t[3] = {{.log = &log, .answer = UV_EIO},
                      {.log = &log},
                      {.log = &log, .answer = UV_EBUSY}};
  struct seen joined = {0};
  vt_scope_t *scope = told_scope(NULL, NULL);
  for (int i = 0; i < 3; i++)
    told_await_in(scope, &t[i]);
  cancel(scope); /* 0: what one answers is not its status */
  vt_await(vt_scope_join(scope), seen_k, &joined);
  for (int i = 0; i < 3; i++)
    assert_ptr_equal(log.order[i], &t[2 - i]);
  fixture_turn(f);
  assert_int_equal(joined.count, 0);
  told_complete(&t[0]);
  told_complete(&t[2]);
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ECANCELED);
  assert_seen_int(&t[0].seen, 0); /* a result is a result */
  assert_seen_status(&t[1].seen, UV_ECANCELED);
}

struct asking_frame {
  vt_frame_t vt;
  vt_scope_t *scope;
  int *went_on;
};

static vt_t asking_body(void *frame) {
  struct asking_frame *f = frame;
  int64_t status;
  VT_BEGIN(f);
  status = vt_scope_status(f->scope);
  if (status != 0)
    VT_RETURN(f, vt_failed(status));
  (*f->went_on)++;
  VT_TRY(f, vt_yield());
  (*f->went_on)++;
  VT_END(f);
}

/* Asked for by the status, or at the next await that would wait. */
static void throw_if_cancellation_requested(void **state) {
  struct fixture *f = *state;
  int went_on = 0;
  vt_scope_t *scope = told_scope(NULL, NULL);
  struct asking_frame frame = {.scope = scope, .went_on = &went_on};
  struct seen seen[2] = {{0}, {0}};
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(vt_start(&frame, asking_body), seen_k, &seen[0]);
  cancel(scope);
  vt_t late = vt_start(&frame, asking_body);
  vt_scope_leave(before);
  assert_status(vt_status(late), UV_ECANCELED);
  assert_status(told_join(f, scope), UV_ECANCELED);
  assert_seen_status(&seen[0], UV_ECANCELED);
  assert_int_equal(went_on, 1);
}

/* ---- the cases: getting out ---- */

static void cancellation_registration_repeat_dispose(void **state) {
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  vt_scope_t *scope = told_scope(NULL, NULL);
  told_await_in(scope, &t);
  assert_true(vt_await_stop(t.v, seen_k, &t.seen));
  assert_false(vt_await_stop(t.v, seen_k, &t.seen));
  told_complete(&t);
  assert_status(told_join(*state, scope), 0);
  assert_int_equal(t.seen.count, 0);
}

/* Inside one that is told, another one's continuation is withdrawn. */
static void deregister_from_within_a_callback_is_safe_basic_test(void **state) {
  for (int which = 0; which < 2; which++) { /* told already, or not yet */
    struct told_log log = {.count = 0};
    struct told t[2] = {{.log = &log}, {.log = &log}};
    vt_scope_t *scope = told_scope(NULL, NULL);
    t[which].inside = stop_arg;
    t[which].arg = &t[!which];
    for (int i = 0; i < 2; i++)
      told_await_in(scope, &t[i]);
    cancel(scope);
    assert_int_equal(log.count, 2);
    assert_status(told_join(*state, scope), UV_ECANCELED);
    assert_int_equal(t[!which].seen.count, 0);
    assert_seen_status(&t[which].seen, UV_ECANCELED);
  }
}

/* The last is told first, and ends the one in the middle: that is not told. */
static void
cancellation_token_registration_dispose_during_cancellation_successfully_removed_if_not_yet_invoked(
    void **state) {
  struct told_log log = {.count = 0};
  struct told t[3] = {{.log = &log}, {.log = &log}, {.log = &log}};
  vt_scope_t *scope = told_scope(NULL, NULL);
  t[2].inside = complete_arg;
  t[2].arg = &t[1];
  for (int i = 0; i < 3; i++)
    told_await_in(scope, &t[i]);
  cancel(scope);
  assert_int_equal(log.count, 2);
  assert_int_equal(t[1].times, 0);
  assert_status(told_join(*state, scope), UV_ECANCELED);
  assert_seen_int(&t[1].seen, 0);
  assert_seen_status(&t[0].seen, UV_ECANCELED);
}

static void
cancellation_token_registration_unregister_on_default_is_nop(void **state) {
  struct seen seen = {0};
  vt_t nothing = {0};
  (void)state;
  assert_false(vt_await_stop(nothing, seen_k, &seen));
  assert_status(vt_cancel(nothing), UV_EALREADY);
}

static void
cancellation_token_registration_unregister_removes_delegate(void **state) {
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  vt_scope_t *scope = told_scope(NULL, NULL);
  told_await_in(scope, &t);
  assert_true(vt_await_stop(t.v, seen_k, &t.seen));
  cancel(scope);
  assert_int_equal(t.times, 1); /* the operation is, nobody waits for it */
  assert_status(told_join(*state, scope), UV_ECANCELED);
  assert_int_equal(t.seen.count, 0);
}

/* A continuation that runs: it cannot be withdrawn, and nothing waits. */
struct own_stop {
  vt_t v;
  int count;
  bool stopped;
};

static void stop_own(void *state, vt_result_t r) {
  struct own_stop *s = state;
  (void)r;
  s->count++;
  s->stopped = vt_await_stop(s->v, stop_own, s);
}

static void
cancellation_token_registration_unregister_while_callback_running_unregister_doesnt_wait_for_callback_to_complete(
    void **state) {
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  struct own_stop s = {.count = 0};
  vt_scope_t *scope = told_scope(NULL, NULL);
  vt_scope_t *before = vt_scope_enter(scope);
  s.v = told_begin(&t);
  vt_scope_leave(before);
  vt_await(s.v, stop_own, &s);
  cancel(scope);
  assert_status(told_join(*state, scope), UV_ECANCELED);
  assert_int_equal(s.count, 1);
  assert_false(s.stopped);
}

/* Between the cancel and its turn it is withdrawn; after its turn it is not. */
static void
cancellation_token_registration_unregister_during_cancellation_successfully_removed_if_not_yet_invoked(
    void **state) {
  struct fixture *f = *state;
  struct told_log log = {.count = 0};
  struct told t[2] = {{.log = &log}, {.log = &log}};
  vt_scope_t *scope = told_scope(NULL, NULL);
  for (int i = 0; i < 2; i++)
    told_await_in(scope, &t[i]);
  cancel(scope);
  assert_true(vt_await_stop(t[1].v, seen_k, &t[1].seen));
  assert_status(told_join(f, scope), UV_ECANCELED);
  assert_false(vt_await_stop(t[0].v, seen_k, &t[0].seen));
  assert_seen_status(&t[0].seen, UV_ECANCELED);
  assert_int_equal(t[1].seen.count, 0);
}

/* ---- the cases: on the loop ---- */

struct elsewhere {
  vt_scope_t *scope;
  int64_t cancelled, status;
};

static void cancel_elsewhere(void *arg) {
  struct elsewhere *e = arg;
  e->cancelled = vt_scope_cancel(e->scope, UV_ECANCELED);
  e->status = vt_scope_status(e->scope);
}

/* A scope belongs to its loop: another thread is refused, and what is told is
 * told, and goes on, on this one. */
static void enlist_with_sync_context_before_cancel(void **state) {
  struct told_log log = {.count = 0};
  struct told t = {.log = &log};
  vt_scope_t *scope = told_scope(NULL, NULL);
  struct elsewhere e = {.scope = scope};
  uv_thread_t self = uv_thread_self();
  told_await_in(scope, &t);
  fixture_on_thread(cancel_elsewhere, &e, 0);
  assert_status(e.cancelled, VT_ETHREAD);
  assert_status(e.status, VT_ETHREAD);
  assert_int_equal(t.times, 0);
  cancel(scope);
  assert_status(told_join(*state, scope), UV_ECANCELED);
  assert_seen_status(&t.seen, UV_ECANCELED);
  assert_true(uv_thread_equal(&t.seen.thread, &self));
}

/* In a cancelled scope a delay is not begun; no delay is in hand all the same,
 * where C# cancels it. */
static void run_delay_tests_negative_cases_cancelled_before(void **state) {
  vt_scope_t *scope = told_scope(NULL, NULL);
  cancel(scope);
  vt_scope_t *before = vt_scope_enter(scope);
  assert_true(vt_equal(vt_delay(0), vt_done()));
  for (uint64_t ms = 1; ms != 0; ms *= 2)
    assert_status(vt_status_in_hand(vt_delay(ms)), UV_ECANCELED);
  vt_scope_leave(before);
  assert_status(told_join(*state, scope), UV_ECANCELED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(callbacks_order_is_lifo),
      fixture_test(enlist_early_and_late),
      fixture_test(behaviour_after_cancel_signalled),
      fixture_test(cancel_dont_throw_on_first_exception),
      fixture_test(throw_if_cancellation_requested),
      fixture_test(cancellation_registration_repeat_dispose),
      fixture_test(deregister_from_within_a_callback_is_safe_basic_test),
      fixture_test(
          cancellation_token_registration_dispose_during_cancellation_successfully_removed_if_not_yet_invoked),
      fixture_test(
          cancellation_token_registration_unregister_on_default_is_nop),
      fixture_test(cancellation_token_registration_unregister_removes_delegate),
      fixture_test(
          cancellation_token_registration_unregister_while_callback_running_unregister_doesnt_wait_for_callback_to_complete),
      fixture_test(
          cancellation_token_registration_unregister_during_cancellation_successfully_removed_if_not_yet_invoked),
      fixture_test(enlist_with_sync_context_before_cancel),
      fixture_test(run_delay_tests_negative_cases_cancelled_before),
  };
  return fixture_main("conformance/cancellation_callbacks", tests);
}
