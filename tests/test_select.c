/* SPDX-License-Identifier: MIT */
/* vt_select: one of several comes, and the others are as they were. */
#include "support/fixture.h"
#include "support/gate.h"

/* ---- helpers ---- */

enum { A, B, SHARED, CHANNELS };

struct three {
  vt_channel_t *a, *b;
  vt_shared_channel_t *shared;
  vt_case_t cases[4]; /* a receive of each, and a yield */
  vt_result_t out[4];
  struct seen seen;
};

static vt_value_t item(int64_t i) { return (vt_value_t){.i = i}; }

static vt_t yield_case(void *calls) {
  if (calls)
    ++*(int *)calls;
  return vt_yield();
}

static void open_all(struct three *t) {
  assert_status(vt_channel_new(4, &t->a), 0);
  assert_status(vt_channel_new(4, &t->b), 0);
  assert_status(vt_shared_channel_new(4, &t->shared), 0);
  t->cases[A] = (vt_case_t){vt_channel_receive_case, t->a};
  t->cases[B] = (vt_case_t){vt_channel_receive_case, t->b};
  t->cases[SHARED] = (vt_case_t){vt_shared_channel_receive_case, t->shared};
  t->cases[CHANNELS] = (vt_case_t){yield_case, NULL};
}

static void close_all(struct three *t) {
  vt_channel_unref(t->a);
  vt_channel_unref(t->b);
  vt_shared_channel_unref(t->shared);
}

static void put(struct three *t, int to, int64_t i) {
  int rc = to == SHARED ? vt_shared_channel_try_send(t->shared, item(i))
                        : vt_channel_try_send(to == A ? t->a : t->b, item(i));
  assert_status(rc, 0);
}

static void assert_next(struct three *t, int from, int64_t i) {
  vt_value_t got = {.i = -1};
  int rc = from == SHARED
               ? vt_shared_channel_try_receive(t->shared, &got)
               : vt_channel_try_receive(from == A ? t->a : t->b, &got);
  assert_status(rc, 0);
  assert_int_equal(got.i, i);
}

static vt_t select_all(struct three *t) {
  return vt_select(t->cases, CHANNELS, t->out);
}

static void assert_out(const struct three *t, int i, int64_t status,
                       int64_t value) {
  assert_status(t->out[i].status, status);
  assert_int_equal(t->out[i].value.i, value);
}

/* ---- it works ---- */

static void what_is_there_is_in_hand(void **state) {
  struct three t = {.seen = {0}};
  int yields = 0;
  (void)state;
  open_all(&t);
  t.cases[CHANNELS].arg = &yields;
  for (int i = 0; i < CHANNELS; i++)
    put(&t, i, 10 + i);
  uint64_t before = fixture_allocations();
  for (int i = 0; i < CHANNELS; i++) {
    vt_t v = vt_select(t.cases, 4, t.out);
    assert_true(vt_in_hand(v));
    assert_int_equal(vt_get_result(v).value.i, i);
    assert_out(&t, i, 0, 10 + i);
    if (i == 0) /* no group was needed */
      assert_int_equal(fixture_allocations(), before);
  }
  assert_int_equal(yields, 0); /* what is behind was never begun */
  close_all(&t);
}

static void who_comes_first_wins(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < CHANNELS; i++) {
    struct three t = {.seen = {0}};
    open_all(&t);
    vt_await(select_all(&t), seen_k, &t.seen);
    fixture_turn(f);
    put(&t, i, 5);
    assert_int_equal(t.seen.count, 0);
    assert_true(fixture_run(f));
    assert_seen_int(&t.seen, i);
    assert_out(&t, i, 0, 5);
    for (int other = 0; other < CHANNELS; other++) {
      put(&t, other, 7); /* nobody waits there any more */
      assert_next(&t, other, 7);
    }
    close_all(&t);
  }
}

static void a_loser_gives_back_what_it_was_handed(void **state) {
  struct fixture *f = *state;
  for (int winner = 0; winner < CHANNELS; winner++) {
    struct three t = {.seen = {0}};
    open_all(&t);
    vt_await(select_all(&t), seen_k, &t.seen);
    put(&t, winner, 1); /* each is handed its first before anybody runs */
    for (int i = 0; i < CHANNELS; i++)
      for (int64_t n = i == winner ? 2 : 1; n < 4; n++)
        put(&t, i, n);
    assert_true(fixture_run(f));
    assert_seen_int(&t.seen, winner);
    assert_out(&t, winner, 0, 1);
    for (int i = 0; i < CHANNELS; i++) {
      if (i != winner)
        assert_out(&t, i, UV_ECANCELED, 0);
      for (int64_t n = i == winner ? 2 : 1; n < 4; n++)
        assert_next(&t, i, n);
    }
    close_all(&t);
  }
}

static void what_is_given_back_goes_to_who_waits(void **state) {
  struct fixture *f = *state;
  struct three t = {.seen = {0}};
  struct seen behind = {0};
  open_all(&t);
  vt_await(select_all(&t), seen_k, &t.seen);
  vt_await(vt_channel_receive_async(t.b), seen_k, &behind);
  put(&t, A, 1);
  put(&t, B, 2);
  assert_true(fixture_run(f));
  assert_seen_int(&t.seen, A);
  assert_seen_int(&behind, 2);
  close_all(&t);
}

static void anything_may_be_a_case(void **state) {
  struct fixture *f = *state;
  struct three t = {.seen = {0}};
  open_all(&t);
  vt_await(vt_select(t.cases, 4, t.out), seen_k, &t.seen);
  assert_true(fixture_run(f));
  assert_seen_int(&t.seen, CHANNELS);
  for (int i = 0; i < CHANNELS; i++)
    put(&t, i, 1);
  for (int i = 0; i < CHANNELS; i++)
    assert_next(&t, i, 1);
  close_all(&t);
}

static void a_closed_channel_comes_at_once(void **state) {
  struct three t = {.seen = {0}};
  (void)state;
  open_all(&t);
  vt_channel_close(t.b, UV_EPIPE);
  vt_t v = select_all(&t);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.i, B);
  assert_out(&t, B, UV_EPIPE, 0);
  close_all(&t);
}

static void any_and_race_give_back_as_well(void **state) {
  struct fixture *f = *state;
  struct three t = {.seen = {0}};
  struct seen race = {0};
  open_all(&t);
  vt_await(VT_ANY(0, t.out, vt_channel_receive_async(t.a),
                  vt_channel_receive_async(t.b)),
           seen_k, &t.seen);
  put(&t, A, 1);
  put(&t, B, 2);
  assert_true(fixture_run(f));
  assert_seen_int(&t.seen, A);
  assert_next(&t, B, 2);
  vt_await(
      VT_RACE(0, vt_channel_receive_async(t.a), vt_channel_receive_async(t.b)),
      seen_k, &race);
  put(&t, B, 3);
  put(&t, A, 4);
  assert_true(fixture_run(f));
  assert_seen_int(&race, 3);
  assert_next(&t, A, 4);
  close_all(&t);
}

static void a_permit_that_loses_is_given_back(void **state) {
  struct fixture *f = *state;
  struct three t = {.seen = {0}};
  vt_semaphore_t s;
  vt_semaphore_init(&s, 0);
  open_all(&t);
  vt_await(VT_ANY(0, NULL, vt_channel_receive_async(t.a),
                  vt_semaphore_acquire_async(&s, 1)),
           seen_k, &t.seen);
  put(&t, A, 1);
  vt_semaphore_release(&s, 1);
  assert_int_equal(vt_semaphore_available(&s), 0);
  assert_true(fixture_run(f));
  assert_seen_int(&t.seen, 0);
  assert_int_equal(vt_semaphore_available(&s), 1);
  vt_semaphore_close(&s, 0);
  close_all(&t);
}

/* ---- who does not wait any longer ---- */

static void cancelled_it_has_taken_nothing(void **state) {
  struct fixture *f = *state;
  struct three t = {.seen = {0}};
  open_all(&t);
  vt_t v = select_all(&t);
  vt_await(v, seen_k, &t.seen);
  assert_status(vt_cancel(v), 0);
  for (int i = 0; i < CHANNELS; i++)
    put(&t, i, 1);
  assert_true(fixture_run(f));
  assert_seen_status(&t.seen, UV_ECANCELED);
  for (int i = 0; i < CHANNELS; i++)
    assert_next(&t, i, 1);
  close_all(&t);
}

static void cancelled_after_a_hand_over_it_has_that(void **state) {
  struct fixture *f = *state;
  struct three t = {.seen = {0}};
  open_all(&t);
  vt_t v = select_all(&t);
  vt_await(v, seen_k, &t.seen);
  put(&t, B, 5);
  vt_cancel(v);
  assert_true(fixture_run(f));
  assert_seen_int(&t.seen, B);
  assert_out(&t, B, 0, 5);
  close_all(&t);
}

static void forgotten_or_withdrawn_it_takes_nothing(void **state) {
  struct fixture *f = *state;
  for (int handed = 0; handed < 2; handed++) {
    for (int way = 0; way < 2; way++) {
      struct three t = {.seen = {0}};
      open_all(&t);
      vt_t v = select_all(&t);
      if (way)
        vt_await(v, seen_k, &t.seen);
      for (int i = 0; i < CHANNELS && handed; i++)
        put(&t, i, 1);
      if (way)
        assert_true(vt_await_stop(v, seen_k, &t.seen));
      else
        vt_forget(v);
      for (int i = 0; i < CHANNELS && !handed; i++)
        put(&t, i, 1);
      assert_true(fixture_run(f));
      assert_int_equal(fixture_pending(f), 0);
      assert_int_equal(t.seen.count, 0);
      for (int i = 0; i < CHANNELS; i++)
        assert_next(&t, i, 1);
      close_all(&t);
    }
  }
}

static vt_t gate_case(void *gate) { return gate_begin(gate); }

/* It completes inside the cancel that dropping the select is. */
static void dropped_it_waits_for_what_cannot_be_cancelled(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{.cancel_rc = UV_EBUSY}, {.cancel_rc = 0}};
  const vt_case_t cases[] = {{gate_case, &gates[0]}, {gate_case, &gates[1]}};
  vt_forget(vt_select(cases, 2, NULL));
  assert_int_equal(gates[0].cancels + gates[1].cancels >= 2, 1);
  assert_true(fixture_pending(f) > 0);
  gate_open(&gates[0], result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(fixture_pending(f), 0);
}

/* ---- it fails ---- */

static void no_cases_are_refused(void **state) {
  struct three t = {.seen = {0}};
  (void)state;
  assert_status(vt_status(vt_select(NULL, 1, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_select(t.cases, 0, NULL)), UV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_is_there_is_in_hand),
      fixture_test(who_comes_first_wins),
      fixture_test(a_loser_gives_back_what_it_was_handed),
      fixture_test(what_is_given_back_goes_to_who_waits),
      fixture_test(anything_may_be_a_case),
      fixture_test(a_closed_channel_comes_at_once),
      fixture_test(any_and_race_give_back_as_well),
      fixture_test(a_permit_that_loses_is_given_back),
      fixture_test(cancelled_it_has_taken_nothing),
      fixture_test(cancelled_after_a_hand_over_it_has_that),
      fixture_test(forgotten_or_withdrawn_it_takes_nothing),
      fixture_test(dropped_it_waits_for_what_cannot_be_cancelled),
      fixture_test(no_cases_are_refused),
  };
  return fixture_main("select", tests);
}
