/* SPDX-License-Identifier: MIT */
/* vt_retry: how often, how long between, and how it ends. */
#include "support/fixture.h"
#include "support/gate.h"

#include <string.h>

/* ---- helpers ---- */

/* Attempts that fail with one status until the last of them. */
struct job {
  int calls;
  int wrong; /* attempts with another number than the call's */
  int fails;
  int64_t status;
  bool waits; /* each attempt yields first */
  int64_t worth;
  struct gate gate; /* of hold */
};

struct attempt_frame {
  vt_frame_t vt;
  vt_t outcome;
};

static vt_t attempt_body(void *frame) {
  struct attempt_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, f->outcome);
  VT_END(f);
}

static vt_t attempt(void *arg, unsigned number) {
  struct job *j = arg;
  j->wrong += (int)number != j->calls++;
  struct attempt_frame f = {.outcome = j->calls <= j->fails
                                           ? vt_failed(j->status)
                                           : vt_from_int(j->calls)};
  return j->waits ? vt_start(&f, attempt_body) : f.outcome;
}

static vt_t hold(void *arg, unsigned number) {
  struct job *j = arg;
  (void)number;
  j->calls++;
  return gate_begin(&j->gate);
}

static bool is_worth(void *arg, int64_t status) {
  return status == ((struct job *)arg)->worth;
}

static void run(struct fixture *f, struct job *j, unsigned attempts,
                struct seen *seen) {
  vt_retry_t what = {.fn = attempt,
                     .arg = j,
                     .again = j->worth ? is_worth : NULL,
                     .attempts = attempts,
                     .first_ms = 1,
                     .most_ms = 2};
  vt_await(vt_retry(&what), seen_k, seen);
  assert_true(fixture_run(f));
  assert_int_equal(j->wrong, 0);
}

/* ---- it works ---- */

static void a_success_in_hand_is_in_hand(void **state) {
  struct job j = {0};
  vt_retry_t what = {.fn = attempt, .arg = &j};
  vt_t v = vt_retry(&what);
  (void)state;
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 1);
}

static void it_is_tried_until_it_succeeds(void **state) {
  for (int waits = 0; waits < 2; waits++) {
    struct job j = {.fails = 3, .status = UV_EAGAIN, .waits = waits};
    struct seen seen = {0};
    run(*state, &j, 0, &seen);
    assert_seen_int(&seen, 4);
  }
}

static void the_last_failure_is_told(void **state) {
  struct job j = {.fails = 9, .status = UV_EAGAIN};
  struct seen seen = {0};
  run(*state, &j, 3, &seen);
  assert_seen_status(&seen, UV_EAGAIN);
  assert_int_equal(j.calls, 3);
}

static void what_is_not_worth_it_ends_at_once(void **state) {
  struct job j = {.fails = 9, .status = UV_EACCES, .worth = UV_EAGAIN};
  struct job cancelled = {.fails = 9, .status = UV_ECANCELED};
  struct job anyway = {
      .fails = 1, .status = UV_ECANCELED, .worth = UV_ECANCELED};
  struct seen seen[3] = {{0}, {0}, {0}};
  run(*state, &j, 0, &seen[0]);
  assert_seen_status(&seen[0], UV_EACCES);
  run(*state, &cancelled, 0, &seen[1]);
  assert_seen_status(&seen[1], UV_ECANCELED);
  run(*state, &anyway, 0, &seen[2]);
  assert_seen_int(&seen[2], 2);
  assert_int_equal(j.calls + cancelled.calls + anyway.calls, 4);
}

/* The pause that is pending, by its text. */
static void find_delay(void *arg, const vt_loop_entry_t *entry) {
  unsigned long long ms;
  if (strcmp(entry->kind, "delay") == 0 &&
      sscanf(entry->subject, "%llu ms", &ms) == 1)
    *(unsigned long long *)arg = ms;
}

static void pauses_grow_and_have_an_end(void **state) {
  static const unsigned whole[] = {1000, 2000, 4000, 5000};
  struct fixture *f = *state;
  for (unsigned n = 0; n < 4; n++)
    for (uint64_t seed = 1; seed < 50; seed++) {
      struct job j = {.fails = 99, .status = UV_EAGAIN};
      struct seen seen = {0};
      unsigned long long ms = 0;
      vt_retry_t what = {.fn = attempt,
                         .arg = &j,
                         .first_ms = whole[n],
                         .most_ms = 5000,
                         .seed = seed};
      vt_t v = vt_retry(&what);
      vt_await(v, seen_k, &seen);
      vt_loop_walk(f->vt, find_delay, &ms);
      assert_in_range(ms, whole[n] / 2 - 8, whole[n]);
      assert_status(vt_cancel(v), 0);
      assert_true(fixture_run(f));
      assert_seen_status(&seen, UV_ECANCELED);
    }
}

static void each_pause_is_longer_until_the_longest(void **state) {
  static const unsigned whole[] = {16, 32, 50, 50};
  struct fixture *f = *state;
  struct job j = {.fails = 4, .status = UV_EAGAIN};
  struct seen seen = {0};
  vt_retry_t what = {.fn = attempt, .arg = &j, .first_ms = 16, .most_ms = 50};
  vt_await(vt_retry(&what), seen_k, &seen);
  for (int n = 0; n < 4; n++) {
    unsigned long long ms = 0;
    assert_true(fixture_run_until(f, &j.calls, n + 1));
    vt_loop_walk(f->vt, find_delay, &ms);
    assert_in_range(ms, whole[n] / 2, whole[n]);
  }
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
}

/* ---- it ends early ---- */

static void cancel_ends_the_attempt(void **state) {
  struct job j = {0};
  struct seen seen = {0};
  vt_retry_t what = {.fn = hold, .arg = &j};
  vt_t v = vt_retry(&what);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(*state));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(j.gate.cancels, 1);
  assert_int_equal(j.calls, 1);
}

static void bad_arguments_are_refused(void **state) {
  vt_retry_t what = {0};
  (void)state;
  assert_status(vt_status(vt_retry(NULL)), UV_EINVAL);
  assert_status(vt_status(vt_retry(&what)), UV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_success_in_hand_is_in_hand),
      fixture_test(it_is_tried_until_it_succeeds),
      fixture_test(the_last_failure_is_told),
      fixture_test(what_is_not_worth_it_ends_at_once),
      fixture_test(pauses_grow_and_have_an_end),
      fixture_test(each_pause_is_longer_until_the_longest),
      fixture_test(cancel_ends_the_attempt),
      fixture_test(bad_arguments_are_refused),
  };
  return fixture_main("retry", tests);
}
