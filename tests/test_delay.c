/* SPDX-License-Identifier: MIT */
/* Delays: order, never early, cancel, huge times. Times are never asserted from
 * above: only order, and that nothing comes early. */
#include "support/fixture.h"

#include <stdlib.h>

/* ---- helpers ---- */

/* One delay that notes its place and whether it came early. Begun between two
 * looks at the clock, it is due between two milliseconds. */
struct due {
  struct dues *all;
  uint64_t ms;
  uint64_t earliest, latest; /* milliseconds of the monotonic clock */
  int place;                 /* in which it completed; -1: not yet */
  int64_t status;
  bool early;
};

struct dues {
  uv_loop_t *uv;
  int done;
};

static void due_k(void *state, vt_result_t result) {
  struct due *d = state;
  d->place = d->all->done++;
  d->status = result.status;
  d->early = result.status == 0 && uv_now(d->all->uv) < d->earliest;
}

static vt_t begin_due(struct dues *all, struct due *d, uint64_t ms) {
  uint64_t before = uv_hrtime() / 1000000, after;
  vt_t v = vt_delay(ms);
  after = uv_hrtime() / 1000000 + 1;
  *d = (struct due){.all = all,
                    .ms = ms,
                    .earliest = before + ms,
                    .latest = after + ms,
                    .place = -1};
  vt_await(v, due_k, d);
  return v;
}

static int by_place(const void *a, const void *b) {
  const struct due *const *x = a, *const *y = b;
  return ((*x)->place > (*y)->place) - ((*x)->place < (*y)->place);
}

/* True when the places can be those of a stable sort by due time: what is
 * certainly due earlier came earlier, and of one length the first begun. dues
 * stand in the order begun, at by their places. */
static bool in_order(struct due **at, size_t count, uint64_t longest) {
  const struct due **last = calloc(longest + 1, sizeof *last);
  uint64_t reached = 0;
  bool right = true;
  qsort(at, count, sizeof *at, by_place);
  for (size_t i = 0; i < count; i++) {
    const struct due *d = at[i];
    right = right && d->latest >= reached && d > last[d->ms];
    last[d->ms] = d;
    if (d->earliest > reached)
      reached = d->earliest;
  }
  free(last);
  return right;
}

static uint32_t next_random(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

/* A delay begun in the continuation of another. */
struct again {
  int left;
  struct seen seen;
};

static void again_k(void *state, vt_result_t result) {
  struct again *a = state;
  seen_k(&a->seen, result);
  if (--a->left > 0)
    vt_await(vt_delay(a->left % 2 ? 1 : 0), again_k, a);
}

static void on_user_timer(uv_timer_t *timer) { uv_timer_stop(timer); }

/* ---- it works ---- */

static void zero_is_in_hand(void **state) {
  vt_t v = vt_delay(0);
  (void)state;
  assert_true(vt_in_hand(v));
  assert_true(vt_equal(v, vt_done()));
}

static void one_is_pending(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v = vt_delay(1);
  assert_status(vt_status(v), VT_PENDING);
  vt_await(v, seen_k, &seen);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
}

static void equal_times_complete_in_the_order_begun(void **state) {
  struct fixture *f = *state;
  static struct due dues[1000];
  struct dues all = {.uv = &f->uv};
  for (int i = 0; i < 1000; i++)
    begin_due(&all, &dues[i], 20);
  assert_true(fixture_run(f));
  assert_int_equal(all.done, 1000);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(dues[i].place, i);
}

/* Ten thousand random ones against a stable sort; a third is cancelled. */
static void random_times_complete_sorted_and_never_early(void **state) {
  struct fixture *f = *state;
  enum { COUNT = 10000, LONGEST = 200 };
  struct due *dues = calloc(COUNT, sizeof *dues);
  struct due **kept = calloc(COUNT, sizeof *kept);
  vt_t *v = calloc(COUNT, sizeof *v);
  struct dues all = {.uv = &f->uv};
  uint32_t seed = 4711;
  size_t n = 0;
  int early = 0, cancelled = 0;
  for (int i = 0; i < COUNT; i++)
    v[i] = begin_due(&all, &dues[i], 1 + next_random(&seed) % LONGEST);
  for (int i = 0; i < COUNT; i += 3)
    cancelled += vt_cancel(v[i]) == 0;
  assert_true(fixture_run(f));
  assert_int_equal(all.done, COUNT);
  assert_int_equal(cancelled, (COUNT + 2) / 3);
  for (int i = 0; i < COUNT; i++) {
    early += dues[i].early;
    cancelled -= dues[i].status == UV_ECANCELED;
    if (dues[i].status == 0)
      kept[n++] = &dues[i];
  }
  assert_int_equal(early, 0);
  assert_int_equal(cancelled, 0);
  assert_true(in_order(kept, n, LONGEST));
  free(v);
  free(kept);
  free(dues);
}

/* A busy loop's clock stands still: a delay begun in it still is not early. */
static void a_stale_clock_makes_none_early(void **state) {
  struct fixture *f = *state;
  uint64_t begun, until = uv_hrtime() + 30 * 1000000u;
  vt_t v;
  while (uv_hrtime() < until)
    ;
  begun = uv_hrtime();
  v = vt_delay(20);
  assert_status(vt_loop_run(f->vt, v).status, 0);
  /* The loop's clock has milliseconds. */
  assert_true(uv_hrtime() - begun >= 19 * 1000000u);
}

static void not_awaited_it_waits_to_be_taken(void **state) {
  struct fixture *f = *state;
  vt_loop_stats_t stats;
  vt_t v[3];
  for (int i = 0; i < 3; i++)
    v[i] = vt_delay(1);
  assert_status(vt_get_result(v[0]).status, VT_EPENDING);
  assert_true(fixture_run(f));
  vt_loop_stats(f->vt, &stats);
  assert_int_equal(stats.untaken, 3);
  assert_int_equal(stats.pending, 0);
  assert_status(vt_status(v[0]), 0);
  assert_status(vt_get_result(v[0]).status, 0);
  assert_status(vt_get_result(v[0]).status, VT_ESTALE);
  vt_forget(v[1]);
  assert_status(vt_loop_run(f->vt, v[2]).status, 0);
  vt_loop_stats(f->vt, &stats);
  assert_int_equal(stats.untaken, 0);
  assert_int_equal(stats.pending, 0);
}

static void a_shorter_one_begun_later_overtakes(void **state) {
  struct fixture *f = *state;
  struct due dues[2];
  struct dues all = {.uv = &f->uv};
  begin_due(&all, &dues[0], 1000);
  begin_due(&all, &dues[1], 1);
  fixture_run_until(f, &all.done, 1);
  assert_int_equal(dues[1].place, 0);
  assert_true(fixture_run(f));
  assert_int_equal(dues[0].place, 1);
}

static void delays_begun_in_continuations_complete(void **state) {
  struct fixture *f = *state;
  struct again a = {.left = 100};
  vt_await(vt_delay(1), again_k, &a);
  assert_true(fixture_run(f));
  assert_int_equal(a.seen.count, 100);
}

static void a_user_timer_of_the_same_loop_is_untouched(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  uv_timer_t timer;
  int active;
  uv_timer_init(&f->uv, &timer);
  uv_timer_start(&timer, on_user_timer, 5, 0);
  vt_await(vt_delay(1), seen_k, &seen);
  fixture_run(f);
  active = uv_is_active((uv_handle_t *)&timer);
  uv_close((uv_handle_t *)&timer, NULL);
  fixture_run(f);
  assert_seen_status(&seen, 0);
  assert_false(active);
}

/* ---- it works: cancel ---- */

static void cancelled_it_completes_once(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v = vt_delay(3600 * 1000);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_cancel(v), VT_ESTALE);
  v = vt_delay(1); /* in the same memory: that remembers nothing */
  assert_status(vt_loop_run(f->vt, v).status, 0);
}

static void cancel_may_be_asked_twice(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_delay(3600 * 1000);
  int second;
  assert_status(vt_cancel(v), 0);
  second = vt_cancel(v);
  assert_true(second == 0 || second == UV_EALREADY);
  assert_status(vt_loop_run(f->vt, v).status, UV_ECANCELED);
}

static void cancelled_by_another_it_still_completes_once(void **state) {
  struct fixture *f = *state;
  struct seen seen[100] = {{0}};
  vt_t v[100];
  for (int i = 0; i < 100; i++) {
    v[i] = vt_delay((uint64_t)(1 + i % 7));
    vt_await(v[i], seen_k, &seen[i]);
  }
  fixture_run_until(f, &seen[0].count, 1);
  for (int i = 0; i < 100; i++)
    vt_cancel(v[i]);
  assert_true(fixture_run(f));
  for (int i = 0; i < 100; i++) {
    assert_int_equal(seen[i].count, 1);
    assert_true(seen[i].result.status == 0 ||
                seen[i].result.status == UV_ECANCELED);
  }
}

static void withdrawn_and_cancelled_nothing_is_left(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v[3];
  for (int i = 0; i < 3; i++) {
    v[i] = vt_delay(1000000 + (uint64_t)i);
    vt_await(v[i], seen_k, &seen);
    assert_true(vt_await_stop(v[i], seen_k, &seen));
  }
  for (int i = 0; i < 3; i++) {
    assert_int_equal(fixture_pending(f), 3 - i);
    assert_status(vt_cancel(v[(i + 1) % 3]), 0);
    assert_status(vt_cancel(v[(i + 1) % 3]), VT_ESTALE);
  }
  assert_int_equal(fixture_pending(f), 0);
  assert_false(uv_loop_alive(&f->uv));
  assert_int_equal(seen.count, 0);
}

static void forgotten_it_goes_on_alone(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_delay(2);
  vt_forget(v);
  assert_true(uv_loop_alive(&f->uv));
  assert_true(fixture_run(f));
  assert_int_equal(fixture_pending(f), 0);
  v = vt_delay(3600 * 1000);
  assert_status(vt_cancel(v), 0);
  vt_forget(v); /* and cancelled: it does not keep the loop for an hour */
  assert_true(fixture_run(f));
}

/* ---- it fails ---- */

/* In any order of the two. */
static void cancelled_with_nobody_waiting_it_is_over_at_once(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v[3];
  for (int i = 0; i < 3; i++)
    v[i] = vt_delay(3600000);
  assert_status(vt_cancel(v[0]), 0);
  vt_forget(v[0]);
  for (int i = 1; i < 3; i++)
    vt_await(v[i], seen_k, &seen);
  assert_status(vt_cancel(v[1]), 0);
  assert_true(vt_await_stop(v[1], seen_k, &seen));
  assert_true(vt_await_stop(v[2], seen_k, &seen));
  assert_int_equal(fixture_pending(f), 1);
  assert_status(vt_cancel(v[2]), 0);
  assert_int_equal(fixture_pending(f), 0);
  assert_status(vt_cancel(v[2]), VT_ESTALE);
  assert_status(fixture_detach(f), 0);
  assert_int_equal(seen.count, 0);
}

static void huge_times_saturate(void **state) {
  struct fixture *f = *state;
  static const uint64_t times[] = {UINT64_MAX, UINT64_MAX - 1, INT64_MAX,
                                   1ull << 63, 1ull << 44,     (1ull << 44) - 1,
                                   1ull << 43, 1ull << 32,     (1ull << 32) - 1,
                                   1ull << 54};
  enum { COUNT = sizeof times / sizeof *times };
  struct seen seen[COUNT] = {{0}};
  vt_t v[COUNT];
  for (int i = 0; i < COUNT; i++) {
    v[i] = vt_delay(times[i]);
    vt_await(v[i], seen_k, &seen[i]);
  }
  assert_status(vt_loop_run(f->vt, vt_delay(3)).status, 0);
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(seen[i].count, 0);
    assert_status(vt_cancel(v[i]), 0);
  }
  assert_true(fixture_run(f));
  for (int i = 0; i < COUNT; i++)
    assert_seen_status(&seen[i], UV_ECANCELED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(zero_is_in_hand),
      fixture_test(one_is_pending),
      fixture_test(equal_times_complete_in_the_order_begun),
      fixture_test(random_times_complete_sorted_and_never_early),
      fixture_test(a_stale_clock_makes_none_early),
      fixture_test(not_awaited_it_waits_to_be_taken),
      fixture_test(a_shorter_one_begun_later_overtakes),
      fixture_test(delays_begun_in_continuations_complete),
      fixture_test(a_user_timer_of_the_same_loop_is_untouched),
      fixture_test(cancelled_it_completes_once),
      fixture_test(cancel_may_be_asked_twice),
      fixture_test(cancelled_by_another_it_still_completes_once),
      fixture_test(withdrawn_and_cancelled_nothing_is_left),
      fixture_test(forgotten_it_goes_on_alone),
      fixture_test(cancelled_with_nobody_waiting_it_is_over_at_once),
      fixture_test(huge_times_saturate),
  };
  return fixture_main("delay", tests);
}
