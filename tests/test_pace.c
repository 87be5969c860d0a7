/* SPDX-License-Identifier: MIT */
/* Ticks, rates, debounce and throttle. The clocks in the structs are moved by
 * hand: no case waits for more than a few milliseconds. */
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

/* ---- helpers ---- */

#define FAR_MS UINT64_C(3600000)

/* The delay that is pending, by its text. */
static void find_delay(void *arg, const vt_loop_entry_t *entry) {
  unsigned long long ms;
  if (strcmp(entry->kind, "delay") == 0 &&
      sscanf(entry->subject, "%llu ms", &ms) == 1)
    *(unsigned long long *)arg = ms;
}

static unsigned long long pending_ms(struct fixture *f) {
  unsigned long long ms = 0;
  vt_loop_walk(f->vt, find_delay, &ms);
  return ms;
}

static void end(struct fixture *f, vt_t v) {
  vt_cancel(v);
  vt_forget(v);
  assert_true(fixture_run(f));
}

/* ---- ticks ---- */

static void a_tick_comes_when_it_is_due(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_tick_t tick;
  vt_tick_init(&tick, 2);
  vt_await(vt_tick_async(&tick), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_status(seen.result.status, 0);
  assert_true(seen.result.value.u >= 1);
}

static void late_ones_are_counted_and_shift_nothing(void **state) {
  vt_tick_t tick;
  (void)state;
  vt_tick_init(&tick, FAR_MS);
  uint64_t first = tick.next_ms;
  tick.next_ms -= 4 * FAR_MS; /* three hours late and the one that is due */
  vt_t v = vt_tick_async(&tick);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 4);
  assert_int_equal(tick.next_ms, first);
}

static void two_that_wait_share_no_tick(void **state) {
  struct fixture *f = *state;
  struct seen seen[2] = {{0}, {0}};
  vt_tick_t tick;
  vt_tick_init(&tick, 2);
  uint64_t first = tick.next_ms;
  for (int i = 0; i < 2; i++)
    vt_await(vt_tick_async(&tick), seen_k, &seen[i]);
  assert_true(fixture_run(f));
  uint64_t taken = seen[0].result.value.u + seen[1].result.value.u;
  assert_int_equal(tick.next_ms, first + 2 * taken);
}

static void the_longest_period_never_ends(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_tick_t tick;
  vt_tick_init(&tick, UINT64_MAX);
  vt_t v = vt_tick_async(&tick);
  vt_await(v, seen_k, &seen);
  assert_int_equal(seen.count, 0);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
}

static void no_period_is_a_millisecond(void **state) {
  vt_tick_t tick;
  (void)state;
  vt_tick_init(&tick, 0);
  assert_int_equal(tick.period_ms, 1);
}

/* ---- rates ---- */

static void a_burst_is_in_hand_and_the_next_waits(void **state) {
  struct fixture *f = *state;
  vt_rate_t rate;
  vt_rate_init(&rate, 1, 3);
  for (int i = 0; i < 3; i++)
    assert_true(vt_in_hand(vt_rate_async(&rate, 1)));
  vt_t fourth = vt_rate_async(&rate, 1);
  assert_in_range(pending_ms(f), 1, 1000);
  end(f, fourth);
  vt_t fifth = vt_rate_async(&rate, 2); /* behind what was granted before */
  assert_in_range(pending_ms(f), 1001, 3000);
  end(f, fifth);
}

static void a_pause_fills_it_up_to_the_burst(void **state) {
  struct fixture *f = *state;
  vt_rate_t rate;
  vt_rate_init(&rate, 10, 2);
  assert_true(vt_in_hand(vt_rate_async(&rate, 2)));
  rate.free_ns = 1; /* long ago */
  assert_true(vt_in_hand(vt_rate_async(&rate, 2)));
  vt_t more = vt_rate_async(&rate, 1);
  assert_in_range(pending_ms(f), 1, 100);
  end(f, more);
}

static void it_waits_to_the_millisecond(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_rate_t rate;
  vt_rate_init(&rate, 1000, 1);
  assert_true(vt_in_hand(vt_rate_async(&rate, 1)));
  vt_await(vt_rate_async(&rate, 2), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
}

static void a_rate_takes_any_numbers(void **state) {
  vt_rate_t rate;
  (void)state;
  vt_rate_init(&rate, 0, 0);
  assert_true(vt_in_hand(vt_rate_async(&rate, 1)));
  assert_status(vt_status(vt_rate_async(&rate, UINT64_MAX)), UV_EINVAL);
  vt_rate_init(&rate, UINT64_MAX, UINT64_MAX);
  assert_true(vt_in_hand(vt_rate_async(&rate, 1000000)));
}

/* ---- debounce, throttle ---- */

static void of_many_calls_the_last_goes_on(void **state) {
  struct fixture *f = *state;
  struct seen seen[3] = {{0}, {0}, {0}};
  vt_debounce_t debounce = {0};
  for (int i = 0; i < 3; i++)
    vt_await(vt_debounce_async(&debounce, i == 2 ? 1 : FAR_MS), seen_k,
             &seen[i]);
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], UV_ECANCELED);
  assert_seen_status(&seen[1], UV_ECANCELED);
  assert_seen_int(&seen[2], 0);
  seen[0].count = 0;
  vt_await(vt_debounce_async(&debounce, 1), seen_k, &seen[0]);
  assert_true(fixture_run(f));
  assert_seen_int(&seen[0], 0);
}

static void it_is_true_once_in_a_while(void **state) {
  vt_throttle_t throttle = {0};
  (void)state;
  assert_true(vt_throttle_try(&throttle, FAR_MS));
  assert_false(vt_throttle_try(&throttle, FAR_MS));
  throttle.next_ms -= FAR_MS;
  assert_true(vt_throttle_try(&throttle, UINT64_MAX));
  assert_false(vt_throttle_try(&throttle, 1));
}

static void without_a_loop_what_waits_is_refused(void *arg) {
  int64_t *status = arg;
  vt_tick_t tick;
  vt_debounce_t debounce = {0};
  vt_rate_t rate;
  vt_tick_init(&tick, FAR_MS);
  vt_rate_init(&rate, 1, 1);
  status[2] = vt_status(vt_rate_async(&rate, 2));
  status[3] = (int64_t)rate.free_ns;
  status[0] = vt_status(vt_tick_async(&tick));
  status[1] = vt_status(vt_debounce_async(&debounce, 1));
}

static void waiting_needs_a_loop(void **state) {
  int64_t status[4] = {0, 0, 0, 1};
  (void)state;
  fixture_on_thread(without_a_loop_what_waits_is_refused, status, 0);
  assert_status(status[0], VT_ENOLOOP);
  assert_status(status[1], VT_ENOLOOP);
  assert_status(status[2], VT_ENOLOOP);
  assert_int_equal(status[3], 0); /* nothing was granted */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_tick_comes_when_it_is_due),
      fixture_test(late_ones_are_counted_and_shift_nothing),
      fixture_test(two_that_wait_share_no_tick),
      fixture_test(the_longest_period_never_ends),
      fixture_test(no_period_is_a_millisecond),
      fixture_test(a_burst_is_in_hand_and_the_next_waits),
      fixture_test(a_pause_fills_it_up_to_the_burst),
      fixture_test(it_waits_to_the_millisecond),
      fixture_test(a_rate_takes_any_numbers),
      fixture_test(of_many_calls_the_last_goes_on),
      fixture_test(it_is_true_once_in_a_while),
      fixture_test(waiting_needs_a_loop),
  };
  return fixture_main("pace", tests);
}
