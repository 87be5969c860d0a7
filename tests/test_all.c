/* SPDX-License-Identifier: MIT */
/* vt_all, vt_any, vt_race: which result, which index, who is cancelled, and
 * that nothing is left. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

#include <string.h>

/* ---- helpers ---- */

enum { N = 3 };

/* Three gates, as operands. */
struct trio {
  struct gate gates[N];
  vt_t v[N];
  vt_result_t out[N];
  struct seen seen;
};

static void trio_begin(struct trio *t) {
  memset(t, 0, sizeof *t);
  for (int i = 0; i < N; i++) {
    t->v[i] = gate_begin(&t->gates[i]);
    t->out[i].status = 1; /* untouched */
  }
}

static void open_int(struct trio *t, int i, int64_t value) {
  gate_open(&t->gates[i], result_int(value));
}

static void open_failed(struct trio *t, int i, int64_t status) {
  gate_open(&t->gates[i], result_failed(status));
}

static void await_all(struct trio *t, unsigned flags) {
  vt_await(vt_all(t->v, N, flags, t->out), seen_k, &t->seen);
}

static void await_any(struct trio *t, unsigned flags) {
  vt_await(vt_any(t->v, N, flags, t->out), seen_k, &t->seen);
}

static void assert_out(const struct trio *t, int i, int64_t status,
                       int64_t value) {
  assert_status(t->out[i].status, status);
  assert_int_equal(t->out[i].value.i, value);
}

/* ---- all ---- */

static void all_in_hand_is_in_hand(void **state) {
  vt_result_t out[2];
  vt_t v[] = {vt_from_int(1), vt_from_int(2)};
  uint64_t before = fixture_allocations();
  vt_t whole = vt_all(v, 2, 0, out);
  (void)state;
  assert_true(vt_in_hand(whole));
  assert_int_equal(vt_get_result(whole).value.u, 2);
  assert_int_equal(out[0].value.i, 1);
  assert_int_equal(out[1].value.i, 2);
  assert_status(vt_status(vt_all(NULL, 0, 0, NULL)), 0);
  assert_status(vt_status(VT_ALL(0, NULL, vt_done(), vt_failed(UV_EIO))),
                UV_EIO);
  assert_int_equal(fixture_allocations(), before);
}

static void all_waits_for_every_one(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  await_all(&t, 0);
  open_int(&t, 2, 30);
  open_failed(&t, 0, UV_EIO);
  assert_int_equal(t.seen.count, 0);
  open_int(&t, 1, 20);
  assert_seen_status(&t.seen, UV_EIO);
  assert_out(&t, 0, UV_EIO, 0);
  assert_out(&t, 1, 0, 20);
  assert_out(&t, 2, 0, 30);
}

static void all_counts_when_all_succeed(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  await_all(&t, 0);
  for (int i = N; i-- > 0;)
    open_int(&t, i, i);
  assert_seen_int(&t.seen, N);
}

static void all_tells_the_first_failure_by_index(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  await_all(&t, 0);
  open_failed(&t, 2, UV_EACCES);
  open_failed(&t, 1, UV_EIO);
  open_failed(&t, 0, UV_ECANCELED); /* gives way to a real one */
  assert_seen_status(&t.seen, UV_EIO);
}

static void all_takes_what_is_complete_and_what_waits(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  vt_result_t out[3];
  vt_t v[] = {vt_from_int(1), gate_begin(&gate),
              vt_from_task(vt_task_completed())};
  vt_await(vt_all(v, 3, 0, out), seen_k, &seen);
  gate_open(&gate, result_int(2));
  assert_seen_int(&seen, 3);
  assert_int_equal(out[0].value.i + out[1].value.i, 3);
  assert_int_equal(fixture_pending(f), 0);
}

static void fail_fast_cancels_the_rest(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  await_all(&t, VT_FAIL_FAST);
  open_failed(&t, 1, UV_EIO);
  assert_seen_status(&t.seen, UV_EIO);
  assert_int_equal(t.gates[0].cancels, 1);
  assert_int_equal(t.gates[2].cancels, 1);
  assert_out(&t, 0, UV_ECANCELED, 0);
}

static void fail_fast_waits_for_what_libuv_holds(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  t.gates[0].cancel_rc = UV_EBUSY;
  await_all(&t, VT_FAIL_FAST);
  open_failed(&t, 1, UV_EIO);
  assert_int_equal(t.seen.count, 0);
  open_int(&t, 0, 5);
  assert_seen_status(&t.seen, UV_EIO);
  assert_out(&t, 0, 0, 5); /* nothing is lost */
}

static void the_same_operation_twice_is_told(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  vt_forget(t.v[2]);
  t.v[2] = t.v[0];
  await_all(&t, 0);
  open_int(&t, 0, 1);
  open_int(&t, 1, 1);
  open_int(&t, 2, 1);
  assert_seen_status(&t.seen, VT_EAWAITED);
  assert_out(&t, 0, 0, 1);
}

static void cancelling_all_waits_for_what_libuv_holds(void **state) {
  struct trio t;
  trio_begin(&t);
  vt_t whole = vt_all(t.v, N, 0, t.out);
  vt_await(whole, seen_k, &t.seen);
  t.gates[0].cancel_rc = UV_EBUSY;
  assert_status(vt_cancel(whole), 0);
  fixture_turn(*state);
  assert_int_equal(t.gates[2].cancels, 1);
  assert_int_equal(t.seen.count, 0);
  open_int(&t, 0, 1);
  assert_seen_status(&t.seen, UV_ECANCELED);
}

/* An operation that notes when it was cancelled. */
struct noted_op {
  vt_op_t op;
  int *next;
  int *when;
};

static int noted_cancel(vt_op_t *op) {
  struct noted_op *n = (struct noted_op *)op;
  *n->when = (*n->next)++;
  vt_op_complete(n, result_failed(UV_ECANCELED));
  return 0;
}

static const vt_op_kind_t noted_kind = {.ops = VT_OP_OPS("noted"),
                                        .size = sizeof(struct noted_op),
                                        .cancel = noted_cancel};

static vt_t noted_begin(int *next, int *when) {
  struct noted_op *n;
  int rc = vt_op_begin(&noted_kind, &n);
  if (rc != 0)
    return vt_failed(rc);
  n->next = next;
  n->when = when;
  return vt_op_started(n, 0);
}

static void the_last_is_cancelled_first(void **state) {
  int next = 0, when[N];
  struct seen seen = {0};
  vt_t v[N];
  for (int i = 0; i < N; i++)
    v[i] = noted_begin(&next, &when[i]);
  vt_t whole = vt_all(v, N, 0, NULL);
  vt_await(whole, seen_k, &seen);
  assert_status(vt_cancel(whole), 0);
  assert_true(fixture_run(*state));
  assert_seen_status(&seen, UV_ECANCELED);
  for (int i = 0; i < N; i++)
    assert_int_equal(when[i], N - 1 - i);
}

static void what_all_cancels_never_runs_inside_the_cancel(void **state) {
  struct fixture *f = *state;
  struct own_source own[2];
  struct seen seen = {0};
  own_source_init(&own[0]); /* completes inside its cancel */
  own_source_init(&own[1]);
  vt_t whole =
      VT_ALL(0, NULL, own_source_task(&own[0]), own_source_task(&own[1]));
  vt_await(whole, seen_k, &seen);
  assert_status(vt_cancel(whole), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
}

static void a_task_is_let_go_when_all_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0}, other = {0};
  vt_promise_t *promise;
  assert_status(vt_promise_new(0, &promise), 0);
  vt_t v = vt_from_task(vt_promise_task(promise));
  vt_t whole = vt_all(&v, 1, 0, NULL);
  vt_await(whole, seen_k, &seen);
  vt_await(v, seen_k, &other);
  assert_status(vt_cancel(whole), 0);
  fixture_turn(f);
  assert_seen_status(&seen, UV_ECANCELED);
  vt_promise_set(promise, (vt_value_t){.i = 4});
  assert_true(fixture_run(f));
  assert_seen_int(&other, 4);
  vt_promise_free(promise);
}

static void many_waits_are_one_operation(void **state) {
  enum { MANY = 1000 };
  struct fixture *f = *state;
  vt_t v[MANY];
  struct seen seen = {0};
  for (int i = 0; i < MANY; i++)
    v[i] = i % 2 ? vt_yield() : vt_delay(1);
  vt_await(vt_all(v, MANY, 0, NULL), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, MANY);
}

static void up_to_eight_allocate_nothing_again_and_again(void **state) {
  struct fixture *f = *state;
  uint64_t before = 0;
  for (int round = 0; round < 100; round++) {
    vt_t v[8];
    struct seen seen = {0};
    if (round == 2)
      before = fixture_allocations();
    for (int i = 0; i < 8; i++)
      v[i] = vt_yield();
    vt_await(vt_all(v, 8, 0, NULL), seen_k, &seen);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 8);
  }
  assert_int_equal(fixture_allocations(), before);
}

/* ---- any ---- */

static void any_gives_the_index_of_the_first(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  await_any(&t, 0);
  open_int(&t, 1, 20);
  assert_seen_int(&t.seen, 1);
  assert_out(&t, 1, 0, 20);
  assert_out(&t, 0, UV_ECANCELED, 0);
  assert_out(&t, 2, UV_ECANCELED, 0);
}

static void any_succeeds_when_the_first_failed(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  await_any(&t, 0);
  open_failed(&t, 2, UV_EIO);
  assert_seen_int(&t.seen, 2);
  assert_out(&t, 2, UV_EIO, 0);
}

static void any_of_the_complete_takes_the_lowest(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  open_int(&t, 1, 1);
  open_int(&t, 2, 2);
  await_any(&t, 0);
  assert_seen_int(&t.seen, 1);
  assert_int_equal(t.gates[0].cancels, 1);
  assert_status(vt_status(vt_any(NULL, 0, 0, NULL)), UV_EINVAL);
  assert_int_equal(vt_get_result(VT_ANY(0, NULL, vt_done(), vt_done())).value.u,
                   0);
}

static void any_waits_for_a_loser_that_libuv_holds(void **state) {
  struct trio t;
  (void)state;
  trio_begin(&t);
  t.gates[0].cancel_rc = UV_EBUSY;
  await_any(&t, 0);
  open_int(&t, 1, 20);
  assert_int_equal(t.seen.count, 0);
  open_int(&t, 0, 10);
  assert_seen_int(&t.seen, 1);
  assert_out(&t, 0, 0, 10);
}

static void any_waits_for_an_operation_without_cancel(void **state) {
  struct gate held = {0}, first = {0};
  struct seen seen = {0};
  vt_result_t out[2];
  (void)state;
  vt_await(VT_ANY(0, out, gate_begin_plain(&held), gate_begin(&first)), seen_k,
           &seen);
  gate_open(&first, result_int(1));
  assert_int_equal(seen.count, 0);
  gate_open(&held, result_int(2));
  assert_seen_int(&seen, 1);
  assert_int_equal(out[0].value.i, 2);
}

static void kept_losers_are_neither_cancelled_nor_waited_for(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t);
  await_any(&t, VT_KEEP);
  open_int(&t, 1, 20);
  assert_seen_int(&t.seen, 1);
  assert_int_equal(t.gates[0].cancels + t.gates[2].cancels, 0);
  assert_int_equal(t.out[0].status, 1);
  assert_int_equal(fixture_pending(f), 2);
  open_int(&t, 0, 1);
  open_failed(&t, 2, UV_EIO);
  assert_int_equal(t.gates[0].discards, 1);
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
}

static void a_long_lived_task_is_not_grown(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise;
  vt_loop_stats_t warm = {0}, end;
  uint64_t before = 0;
  assert_status(vt_promise_new(0, &promise), 0);
  for (int i = 0; i < 100000; i++) {
    struct gate gate = {0};
    struct seen seen = {0};
    if (i == 10) {
      before = fixture_allocations();
      vt_loop_stats(f->vt, &warm);
    }
    vt_await(VT_ANY(0, NULL, vt_from_task(vt_promise_task(promise)),
                    gate_begin(&gate)),
             seen_k, &seen);
    gate_open(&gate, result_int(0));
    assert_seen_int(&seen, 1);
  }
  vt_loop_stats(f->vt, &end);
  assert_int_equal(fixture_allocations(), before);
  assert_int_equal(end.pending, 0); /* the task has no waiter */
  assert_int_equal(end.pooled, warm.pooled);
  assert_int_equal(end.allocated, warm.allocated);
  vt_promise_set(promise, (vt_value_t){0});
  vt_promise_free(promise);
}

static void cancelling_any_ends_all_and_tells_cancelled(void **state) {
  struct trio t;
  trio_begin(&t);
  vt_t whole = vt_any(t.v, N, 0, NULL);
  vt_await(whole, seen_k, &t.seen);
  assert_status(vt_cancel(whole), 0);
  for (int i = 0; i < N; i++)
    assert_int_equal(t.gates[i].cancels, 1);
  fixture_turn(*state);
  assert_seen_status(&t.seen, UV_ECANCELED);
  assert_status(vt_cancel(whole), VT_ESTALE);
}

/* ---- race ---- */

static void race_gives_the_first_result(void **state) {
  struct trio t;
  (void)state;
  for (int i = 0; i < N; i++) {
    trio_begin(&t);
    vt_await(vt_race(t.v, N, 0), seen_k, &t.seen);
    if (i < 2)
      open_int(&t, i, 10 + i);
    else
      open_failed(&t, i, UV_EIO);
    fixture_assert_seen(&t.seen, i < 2 ? 0 : UV_EIO, i < 2 ? 10 + i : 0,
                        __FILE__, __LINE__);
  }
  assert_int_equal(
      vt_get_result(VT_RACE(0, vt_from_int(3), vt_from_int(4))).value.i, 3);
  assert_status(vt_status(vt_race(NULL, 1, 0)), UV_EINVAL);
}

/* ---- it fails ---- */

static void describes_what_is_pending(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t);
  t.gates[0].about = "the first";
  vt_t whole = vt_all(t.v, N, 0, NULL);
  assert_status(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *report;
  bool named = false;
  while ((report = fixture_take_report(f, VT_REPORT_LEFT)))
    named |= strcmp(report->what, "all") == 0 &&
             strcmp(report->subject, "the first") == 0;
  assert_true(named);
  for (int i = 0; i < N; i++)
    open_int(&t, i, 0);
  vt_forget(whole);
}

static void forgotten_and_failed_is_reported(void **state) {
  struct fixture *f = *state;
  struct trio t;
  trio_begin(&t);
  vt_forget(vt_all(t.v, N, 0, NULL));
  for (int i = 0; i < N; i++)
    open_failed(&t, i, UV_EIO);
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(all_in_hand_is_in_hand),
      fixture_test(all_waits_for_every_one),
      fixture_test(all_counts_when_all_succeed),
      fixture_test(all_tells_the_first_failure_by_index),
      fixture_test(all_takes_what_is_complete_and_what_waits),
      fixture_test(fail_fast_cancels_the_rest),
      fixture_test(fail_fast_waits_for_what_libuv_holds),
      fixture_test(the_same_operation_twice_is_told),
      fixture_test(cancelling_all_waits_for_what_libuv_holds),
      fixture_test(the_last_is_cancelled_first),
      fixture_test(what_all_cancels_never_runs_inside_the_cancel),
      fixture_test(a_task_is_let_go_when_all_is_cancelled),
      fixture_test(many_waits_are_one_operation),
      fixture_test(up_to_eight_allocate_nothing_again_and_again),
      fixture_test(any_gives_the_index_of_the_first),
      fixture_test(any_succeeds_when_the_first_failed),
      fixture_test(any_of_the_complete_takes_the_lowest),
      fixture_test(any_waits_for_a_loser_that_libuv_holds),
      fixture_test(any_waits_for_an_operation_without_cancel),
      fixture_test(kept_losers_are_neither_cancelled_nor_waited_for),
      fixture_test(a_long_lived_task_is_not_grown),
      fixture_test(cancelling_any_ends_all_and_tells_cancelled),
      fixture_test(race_gives_the_first_result),
      fixture_test(describes_what_is_pending),
      fixture_test(forgotten_and_failed_is_reported),
  };
  return fixture_main("all", tests);
}
