/* SPDX-License-Identifier: MIT */
/* Async functions that are cancelled, by their scope or by vt_cancel: what they
 * wait for and cannot be cancelled lets them go. Built three times: plain, with
 * VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

/* ---- helpers ---- */

static vt_scope_t *scope_open(void) {
  vt_scope_t *scope = NULL;
  assert_status(vt_scope_new(NULL, &scope), 0);
  assert_null(vt_scope_enter(scope));
  return scope;
}

static void scope_done(vt_scope_t *scope, struct seen *joined) {
  vt_scope_leave(NULL);
  vt_await(vt_scope_join(scope), seen_k, joined);
}

/* Waits for one or two things, of which it notes the statuses; returns the
 * last, or awaits it in its place. */
struct two_frame {
  vt_frame_t vt;
  vt_t v[2];
  bool returns; /* v[1], and does not await it */
  struct two {
    int count;
    int64_t statuses[2];
  } * two;
  vt_result_t r;
};

static vt_t two_body(void *frame) {
  struct two_frame *f = frame;
  VT_BEGIN(f);
  VT_AWAIT(f, f->r, f->v[0]);
  f->two->statuses[f->two->count++] = f->r.status;
  if (f->returns)
    VT_RETURN(f, f->v[1]);
  VT_AWAIT(f, f->r, f->v[1]);
  f->two->statuses[f->two->count++] = f->r.status;
  VT_RETURN(f, vt_from_result(f->r));
  VT_END(f);
}

static vt_t two(vt_t first, vt_t second, bool returns, struct two *two) {
  struct two_frame frame = {
      .v = {first, second}, .returns = returns, .two = two};
  return vt_start(&frame, two_body);
}

struct outer_frame {
  vt_frame_t vt;
  vt_t inner;
};

static vt_t outer_body(void *frame) {
  struct outer_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->inner);
  VT_END(f);
}

static vt_t outer(vt_t inner) {
  struct outer_frame frame = {.inner = inner};
  return vt_start(&frame, outer_body);
}

/* A promise, awaited by somebody else too. */
struct shared {
  vt_promise_t *promise;
  vt_t v;
  struct seen other;
};

static void shared_open(struct shared *s) {
  assert_status(vt_promise_new(0, &s->promise), 0);
  s->v = vt_from_task(vt_promise_task(s->promise));
  s->other.count = 0;
  vt_await(s->v, seen_k, &s->other);
}

/* It goes on, and its other awaiter is told. */
static void shared_close(struct fixture *f, struct shared *s) {
  vt_value_t value = {.i = 3};
  assert_int_equal(s->other.count, 0);
  assert_status(vt_promise_set(s->promise, value), 0);
  assert_true(fixture_run(f));
  assert_seen_int(&s->other, 3);
  vt_promise_free(s->promise);
}

/* ---- by the scope ---- */

static void a_task_lets_go_and_goes_on(void **state) {
  struct fixture *f = *state;
  for (int depth = 0; depth < 3; depth++) {
    struct two noted = {0};
    struct shared shared;
    struct seen seen = {0}, joined = {0};
    shared_open(&shared);
    vt_scope_t *scope = scope_open();
    vt_t v = two(shared.v, vt_done(), false, &noted);
    for (int i = 0; i < depth; i++)
      v = outer(v);
    vt_await(v, seen_k, &seen);
    scope_done(scope, &joined);
    fixture_turn(f);
    vt_scope_cancel(scope, UV_ECANCELED);
    assert_int_equal(noted.count, 0); /* not inside */
    assert_true(fixture_run_until(f, &joined.count, 1));
    assert_int_equal(noted.count, 2);
    assert_status(noted.statuses[0], UV_ECANCELED);
    assert_status(noted.statuses[1], 0);
    assert_seen_int(&seen, 0);
    assert_seen_status(&joined, UV_ECANCELED);
    shared_close(f, &shared);
  }
}

static void waiting_on_it_ends_at_once(void **state) {
  struct fixture *f = *state;
  for (int returns = 0; returns < 2; returns++) {
    struct two noted = {0};
    struct shared shared;
    struct seen seen = {0}, joined = {0};
    struct gate gate = {0};
    shared_open(&shared);
    vt_scope_t *scope = scope_open();
    vt_await(two(gate_begin(&gate), shared.v, returns, &noted), seen_k, &seen);
    scope_done(scope, &joined);
    vt_scope_cancel(scope, UV_ECANCELED);
    assert_true(fixture_run_until(f, &joined.count, 1));
    assert_int_equal(gate.cancels, 1);
    assert_int_equal(noted.count, returns ? 1 : 2);
    assert_status(noted.statuses[0], UV_ECANCELED);
    assert_seen_status(&seen, UV_ECANCELED);
    shared_close(f, &shared);
  }
}

static void begun_in_a_cancelled_scope_it_ends_at_once(void **state) {
  struct fixture *f = *state;
  for (int boxed = 0; boxed < 2; boxed++) {
    struct two noted = {0};
    struct shared shared;
    struct gate gate = {0};
    struct seen seen = {0}, joined = {0};
    struct two_frame frame = {.two = &noted};
    shared_open(&shared);
    frame.v[0] = shared.v;
    frame.v[1] = gate_begin(&gate); /* of no scope, and pending */
    vt_scope_t *scope = scope_open();
    vt_scope_cancel(scope, UV_ECANCELED);
    vt_t v = boxed ? vt_start_boxed(&frame, sizeof frame, two_body)
                   : vt_start(&frame, two_body);
    assert_int_equal(noted.count, 0);
    vt_await(v, seen_k, &seen);
    scope_done(scope, &joined);
    assert_true(fixture_run_until(f, &joined.count, 1));
    assert_int_equal(noted.count, 2);
    assert_status(noted.statuses[0], UV_ECANCELED);
    assert_int_equal(gate.cancels, 1);
    assert_status(noted.statuses[1], UV_ECANCELED);
    assert_seen_status(&seen, UV_ECANCELED);
    shared_close(f, &shared);
  }
}

static void a_first_wait_that_is_plain_is_ended_too(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct two noted = {0};
  struct seen seen = {0}, joined = {0};
  vt_t outside = gate_begin(&gate);
  vt_scope_t *scope = scope_open();
  vt_scope_cancel(scope, UV_ECANCELED);
  vt_await(two(outside, vt_done(), false, &noted), seen_k, &seen);
  assert_int_equal(noted.count, 0);
  scope_done(scope, &joined);
  assert_true(fixture_run(f));
  assert_int_equal(gate.cancels, 1);
  assert_status(noted.statuses[0], UV_ECANCELED);
  assert_seen_int(&seen, 0);
}

static void a_bare_source_of_the_users_lets_go(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct two noted = {0};
  struct seen seen = {0}, joined = {0};
  own_source_init_bare(&own);
  vt_scope_t *scope = scope_open();
  vt_await(two(own_source_task(&own), vt_done(), false, &noted), seen_k, &seen);
  scope_done(scope, &joined);
  vt_scope_cancel(scope, UV_ECANCELED);
  assert_true(fixture_run_until(f, &joined.count, 1));
  assert_status(noted.statuses[0], UV_ECANCELED);
  own_source_complete(&own, result_int(1)); /* late: nobody is told */
  assert_true(fixture_run(f));
  assert_int_equal(noted.count, 2);
  assert_int_equal(seen.count, 1);
}

static void a_source_with_cancel_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct two noted = {0};
  struct seen seen = {0}, joined = {0};
  own_source_init(&own);
  vt_scope_t *scope = scope_open();
  vt_await(two(own_source_task(&own), vt_done(), false, &noted), seen_k, &seen);
  scope_done(scope, &joined);
  vt_scope_cancel(scope, UV_ECANCELED);
  assert_int_equal(noted.count, 0); /* it resumes inside its cancel */
  assert_true(fixture_run(f));
  assert_int_equal(own.cancelled, 1);
  assert_int_equal(noted.count, 2);
  assert_seen_status(&joined, UV_ECANCELED);
}

/* ---- by vt_cancel ---- */

static void cancelling_a_function_does_the_same(void **state) {
  struct fixture *f = *state;
  for (int returns = 0; returns < 2; returns++) {
    struct two noted = {0};
    struct shared shared;
    struct gate gate = {0};
    struct seen seen = {0};
    shared_open(&shared);
    vt_t v = returns ? two(gate_begin(&gate), shared.v, true, &noted)
                     : two(shared.v, vt_failed(UV_ECANCELED), false, &noted);
    v = outer(v);
    vt_await(v, seen_k, &seen);
    if (returns)
      gate_open(&gate, result_int(0));
    assert_status(vt_cancel(v), 0);
    assert_status(vt_cancel(v), UV_EALREADY);
    assert_int_equal(seen.count, 0);
    assert_true(fixture_run_until(f, &seen.count, 1));
    assert_status(noted.statuses[0], returns ? 0 : UV_ECANCELED);
    assert_seen_status(&seen, UV_ECANCELED);
    shared_close(f, &shared);
  }
}

static void let_go_and_untaken_it_is_done(void **state) {
  struct fixture *f = *state;
  struct two noted = {0};
  struct shared shared;
  shared_open(&shared);
  vt_t v = two(shared.v, vt_from_int(6), false, &noted);
  assert_status(vt_cancel(v), 0);
  assert_status(vt_status(v), VT_PENDING);
  assert_true(fixture_run_until(f, &noted.count, 2));
  assert_status(noted.statuses[0], UV_ECANCELED);
  assert_int_equal(vt_get_result(v).value.i, 6);
  shared_close(f, &shared);
}

/* ---- it fails ---- */

static void an_operation_without_cancel_is_waited_for(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct two noted = {0};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_open();
  vt_t v = two(gate_begin_plain(&gate), vt_done(), false, &noted);
  vt_await(v, seen_k, &seen);
  scope_done(scope, &joined);
  assert_status(vt_cancel(v), UV_ENOSYS); /* its memory may be in use */
  vt_scope_cancel(scope, UV_ECANCELED);
  fixture_turn(f);
  fixture_turn(f);
  assert_int_equal(noted.count, 0);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_status(noted.statuses[0], 0);
  assert_seen_status(&joined, UV_ECANCELED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_task_lets_go_and_goes_on),
      fixture_test(waiting_on_it_ends_at_once),
      fixture_test(begun_in_a_cancelled_scope_it_ends_at_once),
      fixture_test(a_first_wait_that_is_plain_is_ended_too),
      fixture_test(a_bare_source_of_the_users_lets_go),
      fixture_test(a_source_with_cancel_is_cancelled),
      fixture_test(cancelling_a_function_does_the_same),
      fixture_test(let_go_and_untaken_it_is_done),
      fixture_test(an_operation_without_cancel_is_waited_for),
  };
  return fixture_main("scope_async", tests);
}
