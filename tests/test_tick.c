/* SPDX-License-Identifier: MIT */
/* Ticks and delays in virtual time: when they come, to the millisecond. What
 * uv_timer_start does once is vt_delay, what it repeats is vt_tick_async. */
#include "support/fixture.h"

#include <vt_sim.h>

enum { PERIOD_MS = 10, TICKS = 1000, SEEDS = 20 };

static uint64_t now_ms(void) { return uv_hrtime() / 1000000; }

/* ---- a run of ticks, each with work to do ---- */

struct ticks {
  uint64_t start_ms;
  uint64_t taken;   /* ticks, those missed too */
  uint64_t latest;  /* milliseconds after it was due, of a tick */
  uint64_t early;   /* ticks before they were due */
  unsigned work_ms; /* the longest */
};

struct ticks_frame {
  vt_frame_t vt;
  struct ticks *ticks;
  vt_tick_t tick;
  unsigned random;
};

static void note(struct ticks *t, uint64_t count) {
  uint64_t now = now_ms();
  t->taken += count;
  uint64_t due = t->start_ms + t->taken * PERIOD_MS;
  if (now < due)
    t->early++;
  else if (now - due > t->latest)
    t->latest = now - due;
}

static vt_t ticks_body(void *frame) {
  struct ticks_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (f->ticks->taken < TICKS) {
    VT_AWAIT(f, r, vt_tick_async(&f->tick));
    if (r.status != 0)
      VT_RETURN(f, vt_from_result(r));
    note(f->ticks, r.value.u);
    f->random = f->random * 1664525u + 1013904223u;
    uv_sleep((f->random >> 16) % (f->ticks->work_ms + 1));
  }
  VT_END(f);
}

static vt_t start_ticks(void *arg) {
  struct ticks *ticks = arg;
  struct ticks_frame f = {.ticks = ticks, .random = 1};
  ticks->taken = ticks->latest = ticks->early = 0;
  vt_tick_init(&f.tick, PERIOD_MS);
  ticks->start_ms = f.tick.next_ms - PERIOD_MS;
  return vt_start_boxed(&f, sizeof f, ticks_body);
}

static void run_ticks(struct ticks *ticks, uint64_t seed) {
  vt_sim_options_t options = {.seed = seed};
  assert_status(vt_sim_run(&options, start_ticks, ticks, NULL), 0);
}

/* ---- it works ---- */

/* H13: tick n is due at start + n * period, whatever the work before took. */
static void uv_timer_start_completes(void **state) {
  struct ticks ticks = {.work_ms = PERIOD_MS - 1};
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    run_ticks(&ticks, seed);
    assert_int_equal(ticks.taken, TICKS);
    assert_int_equal(ticks.early, 0);
    assert_in_range(ticks.latest, 0, 1);
  }
}

static void missed_ticks_are_counted(void **state) {
  struct ticks ticks = {.work_ms = 4 * PERIOD_MS};
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    run_ticks(&ticks, seed);
    assert_true(ticks.taken >= TICKS);
    assert_int_equal(ticks.early, 0);
    assert_in_range(ticks.latest, 0, PERIOD_MS - 1); /* else one was lost */
  }
}

static void warm_it_allocates_nothing(void **state) {
  struct fixture *f = *state;
  vt_tick_t tick;
  uint64_t before = 0;
  vt_tick_init(&tick, 1);
  for (int i = 0; i < 10; i++) {
    if (i == 2)
      before = fixture_allocations();
    assert_status(vt_loop_run(f->vt, vt_tick_async(&tick)).status, 0);
  }
  assert_int_equal(fixture_allocations(), before);
}

struct delays {
  uint64_t begun_ms[3];
  uint64_t came_ms[3];
};

static void came_k(void *came_ms, vt_result_t r) {
  if (r.status == 0)
    *(uint64_t *)came_ms = now_ms();
}

/* H13: begun after the loop's clock was read, each has its own length. */
static vt_t start_delays(void *arg) {
  struct delays *d = arg;
  for (int i = 0; i < 3; i++) {
    uv_sleep(7);
    d->begun_ms[i] = now_ms();
    vt_await(vt_delay(20), came_k, &d->came_ms[i]);
  }
  return vt_delay(100);
}

static void a_delay_is_never_short(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    vt_sim_options_t options = {.seed = seed};
    struct delays d = {{0}, {0}};
    assert_status(vt_sim_run(&options, start_delays, &d, NULL), 0);
    for (int i = 0; i < 3; i++)
      assert_in_range(d.came_ms[i] - d.begun_ms[i], 20, 22);
  }
}

/* ---- it ends, it fails ---- */

static void uv_timer_start_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_tick_t tick;
  vt_tick_init(&tick, 3600000);
  uint64_t next = tick.next_ms;
  vt_t v = vt_tick_async(&tick);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(tick.next_ms, next); /* no tick was taken */
}

static void without_a_loop(void *status) {
  vt_tick_t tick;
  vt_tick_init(&tick, 1000);
  ((int64_t *)status)[0] = vt_status(vt_tick_async(&tick));
  ((int64_t *)status)[1] = vt_status(vt_delay(1000));
}

static void uv_timer_start_fails(void **state) {
  int64_t status[2] = {0, 0};
  (void)state;
  fixture_on_thread(without_a_loop, status, 0);
  assert_status(status[0], VT_ENOLOOP);
  assert_status(status[1], VT_ENOLOOP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uv_timer_start_completes),
      cmocka_unit_test(missed_ticks_are_counted),
      fixture_test(warm_it_allocates_nothing),
      cmocka_unit_test(a_delay_is_never_short),
      fixture_test(uv_timer_start_is_cancelled),
      fixture_test(uv_timer_start_fails),
  };
  return fixture_main("tick", tests);
}
