/* SPDX-License-Identifier: MIT */
/* The end of a vt_each: who is cancelled by what, freeing it at any moment, and
 * scopes. */
#include "support/trio.h"

#include <string.h>

/* ---- the end ---- */

static void free_cancels_and_forgets(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t, 0);
  t.gates[0].cancel_rc = UV_EBUSY;
  trio_next(&t);
  vt_each_free(t.each);
  assert_int_equal(t.seen.count, 0);
  fixture_turn(f);
  assert_seen_status(&t.seen, UV_ECANCELED);
  for (int i = 0; i < TRIO; i++)
    assert_int_equal(t.gates[i].cancels, 1);
  assert_int_equal(fixture_pending(f), 1);
  trio_open(&t, 0, 1);
  assert_int_equal(t.gates[0].discards, 1);
}

static void what_is_kept_goes_on(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t, VT_KEEP);
  trio_open(&t, 1, 1);
  vt_each_free(t.each);
  assert_int_equal(fixture_pending(f), 2);
  assert_int_equal(t.gates[0].cancels + t.gates[2].cancels, 0);
  trio_open(&t, 0, 1);
  trio_open(&t, 2, 1);
  assert_int_equal(t.gates[0].discards + t.gates[2].discards, 2);
}

static void failures_that_were_not_given_are_reported(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t, 0);
  trio_fail(&t, 0, UV_EACCES);
  trio_fail(&t, 1, UV_EIO);
  assert_next(&t, 0);
  trio_end(f, &t);
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
}

struct freer {
  vt_each_t *each;
  int count;
};

static void free_k(void *state, vt_result_t r) {
  struct freer *freer = state;
  freer->count += r.status == 0;
  vt_each_free(freer->each);
}

static void its_continuation_may_free_it(void **state) {
  struct fixture *f = *state;
  for (int last = 0; last < 2; last++) {
    struct trio t;
    trio_begin(&t, last ? 0 : VT_FAIL_FAST);
    struct freer freer = {t.each, 0};
    for (int i = 1; last && i < TRIO; i++) {
      trio_open(&t, i, i);
      assert_next(&t, i);
    }
    vt_await(vt_each_next(t.each), free_k, &freer);
    trio_fail(&t, 0, UV_EIO);
    assert_true(fixture_run(f));
    assert_int_equal(freer.count, 1);
    assert_int_equal(fixture_pending(f), 0);
  }
}

static void a_wait_outlives_it(void **state) {
  struct trio t;
  trio_begin(&t, 0);
  vt_t next = vt_each_next(t.each);
  trio_open(&t, 2, 1);
  trio_end(*state, &t);
  assert_int_equal(vt_get_result(next).value.u, 2);
}

/* ---- in a scope ---- */

static void a_scope_cancels_it(void **state) {
  struct fixture *f = *state;
  struct trio t;
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope;
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  trio_begin(&t, 0);
  vt_await(each_sum(t.each), seen_k, &seen);
  vt_scope_leave(before);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_seen_status(&joined, UV_ECANCELED);
  for (int i = 0; i < TRIO; i++)
    assert_int_equal(t.gates[i].cancels, 1);
}

static void a_scope_waits_for_its_members_alone(void **state) {
  struct fixture *f = *state;
  struct trio t;
  struct seen joined = {0};
  vt_scope_t *scope;
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  trio_begin(&t, 0);
  vt_scope_leave(before);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  for (int i = 0; i < TRIO; i++) {
    fixture_turn(f);
    assert_int_equal(joined.count, 0);
    trio_open(&t, i, i);
  }
  fixture_turn(f);
  assert_seen_int(&joined, 0);
  for (int i = 0; i < TRIO; i++)
    assert_next(&t, i);
  assert_end(&t);
  trio_end(*state, &t);
}

static void a_scope_does_not_wait_for_one_of_none(void **state) {
  vt_each_t *each;
  vt_scope_t *scope;
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  assert_status(vt_each_new(NULL, 0, 0, &each), 0);
  vt_scope_leave(before);
  struct seen joined = {0};
  vt_await(vt_scope_join(scope), seen_k, &joined);
  fixture_turn(*state);
  assert_seen_int(&joined, 0);
  vt_each_free(each);
}

static void a_cancelled_scope_begins_none(void **state) {
  struct gate gate = {0};
  vt_each_t *each = NULL;
  vt_scope_t *scope;
  vt_t v = gate_begin(&gate);
  assert_status(vt_scope_new(NULL, &scope), 0);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  assert_status(vt_each_new(&v, 1, 0, &each), UV_ECANCELED);
  vt_scope_leave(before);
  assert_int_equal(gate.cancels, 1);
  assert_status(vt_get_result(vt_scope_join(scope)).status, UV_ECANCELED);
  assert_true(fixture_run(*state));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(free_cancels_and_forgets),
      fixture_test(what_is_kept_goes_on),
      fixture_test(failures_that_were_not_given_are_reported),
      fixture_test(its_continuation_may_free_it),
      fixture_test(a_wait_outlives_it),
      fixture_test(a_scope_cancels_it),
      fixture_test(a_scope_waits_for_its_members_alone),
      fixture_test(a_scope_does_not_wait_for_one_of_none),
      fixture_test(a_cancelled_scope_begins_none),
  };
  return fixture_main("each_end", tests);
}
