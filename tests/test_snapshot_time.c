/* SPDX-License-Identifier: MIT */
/* Snapshots in virtual time: what is fresh, what is stale, what is kept of a
 * failure. Each case is a script whose loads take 10 ms; what each step saw is
 * looked at in the end. */
#include "support/fixture.h"

#include <vt_sim.h>

/* ---- helpers ---- */

enum act { GET, FAILS, WORKS, INVALIDATE, REFRESH };

/* At a moment, in milliseconds, one does this and expects that. */
struct step {
  uint64_t at;
  enum act act;
  bool in_hand;
  int64_t expected; /* the value, or the status of a failure */
};

enum { STEPS = 12 };

struct script {
  vt_snapshot_options_t options;
  int loads_expected;
  struct step steps[STEPS]; /* up to the first GET at 0 that follows others */
  /* while it runs */
  vt_snapshot_t *snapshot;
  int loads; /* and the value of the last */
  bool fails;
  vt_result_t seen[STEPS];
  bool in_hand[STEPS];
};

struct frame {
  vt_frame_t vt;
  struct script *script;
  uint64_t start;
  int i;
};

static uint64_t now(void) { return uv_now(vt_loop_uv(vt_loop_current())); }

static vt_t load_body(void *frame) {
  struct frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(10));
  if (f->script->fails)
    VT_RETURN(f, vt_failed(UV_EIO));
  VT_RETURN(f, vt_from_int(f->i));
  VT_END(f);
}

static vt_t load(void *script) {
  struct frame f = {.script = script};
  f.i = ++f.script->loads;
  return vt_start(&f, load_body);
}

static void on_result(void *state, vt_result_t r) { *(vt_result_t *)state = r; }

static void act(struct script *s, int i) {
  vt_t v = vt_done();
  switch (s->steps[i].act) {
  case GET:
    v = vt_snapshot_get(s->snapshot);
    break;
  case REFRESH:
    v = vt_snapshot_refresh_async(s->snapshot);
    break;
  case INVALIDATE:
    vt_snapshot_invalidate(s->snapshot);
    break;
  case FAILS:
  case WORKS:
    s->fails = s->steps[i].act == FAILS;
    break;
  }
  s->in_hand[i] = vt_in_hand(v);
  vt_await(v, on_result, &s->seen[i]);
}

static vt_t script_body(void *frame) {
  struct frame *f = frame;
  VT_BEGIN(f);
  f->start = now();
  for (f->i = 0; f->i < STEPS; f->i++) {
    if (f->i > 0 && f->script->steps[f->i].at == 0)
      break;
    VT_TRY(f, vt_delay(f->start + f->script->steps[f->i].at - now()));
    act(f->script, f->i);
  }
  VT_TRY(f, vt_delay(100));
  VT_RETURN(f, vt_snapshot_close_async(f->script->snapshot));
  VT_END(f);
}

static vt_t run_script(void *arg) {
  struct script *s = arg;
  struct frame f = {.script = s};
  s->options.load = load;
  s->options.arg = s;
  int rc = vt_snapshot_new(&s->options, &s->snapshot);
  return rc == 0 ? vt_start(&f, script_body) : vt_failed(rc);
}

static void play(struct script *s) {
  assert_status(vt_sim_run(NULL, run_script, s, NULL), 0);
  for (int i = 0; i < STEPS && (i == 0 || s->steps[i].at != 0); i++) {
    vt_result_t r = s->seen[i];
    if (s->steps[i].act != GET && s->steps[i].act != REFRESH)
      continue;
    assert_int_equal(s->in_hand[i], s->steps[i].in_hand);
    assert_int_equal(r.status != 0 ? r.status : r.value.i,
                     s->steps[i].expected);
  }
  assert_int_equal(s->loads, s->loads_expected);
}

/* ---- the cases ---- */

static void a_value_is_loaded_again_after_its_time(void **state) {
  struct script s = {.options = {.ttl_ms = 100},
                     .loads_expected = 2,
                     .steps = {{0, GET, false, 1},
                               {11, GET, true, 1},
                               {109, GET, true, 1},
                               {110, GET, false, 2},
                               {121, GET, true, 2}}};
  (void)state;
  play(&s);
}

static void a_stale_value_is_served_while_it_is_loaded(void **state) {
  struct script s = {.options = {.ttl_ms = 100, .stale_ms = 50},
                     .loads_expected = 3,
                     .steps = {{0, GET, false, 1},
                               {110, GET, true, 1},
                               {112, GET, true, 1},
                               {119, GET, true, 1},
                               {120, GET, true, 2},
                               {270, GET, false, 3}}};
  (void)state;
  play(&s);
}

static void a_failed_refresh_waits_before_the_next(void **state) {
  struct script s = {.options = {.ttl_ms = 100, .stale_ms = 100, .fail_ms = 30},
                     .loads_expected = 4,
                     .steps = {{0, GET, false, 1},
                               {110, FAILS, true, 0},
                               {111, GET, true, 1}, /* the second load */
                               {125, GET, true, 1},
                               {150, GET, true, 1},
                               {151, GET, true, 1}, /* the third */
                               {170, WORKS, true, 0},
                               {191, GET, true, 1}, /* the fourth */
                               {201, GET, true, 4}}};
  (void)state;
  play(&s);
}

static void a_stale_value_ends_though_its_refresh_fails(void **state) {
  struct script s = {.options = {.ttl_ms = 100, .stale_ms = 50, .fail_ms = 500},
                     .loads_expected = 3,
                     .steps = {{0, GET, false, 1},
                               {110, FAILS, true, 0},
                               {111, GET, true, 1},
                               {159, GET, true, 1},
                               {160, GET, false, UV_EIO},
                               {171, GET, true, UV_EIO}}};
  (void)state;
  play(&s);
}

static void a_failure_is_kept_for_a_time_by_option(void **state) {
  struct script s = {.options = {.fail_ms = 50},
                     .loads_expected = 3,
                     .steps = {{0, FAILS, true, 0},
                               {1, GET, false, UV_EIO},
                               {12, GET, true, UV_EIO},
                               {60, GET, true, UV_EIO},
                               {61, GET, false, UV_EIO},
                               {72, GET, true, UV_EIO},
                               {73, INVALIDATE, true, 0},
                               {74, WORKS, true, 0},
                               {75, GET, false, 3}}};
  (void)state;
  play(&s);
}

static void a_refresh_begins_the_time_anew(void **state) {
  struct script s = {.options = {.ttl_ms = 100},
                     .loads_expected = 2,
                     .steps = {{0, GET, false, 1},
                               {80, REFRESH, false, 2},
                               {85, GET, true, 1},
                               {150, GET, true, 2},
                               {189, GET, true, 2}}};
  (void)state;
  play(&s);
}

static void a_failed_refresh_does_not_prolong_it(void **state) {
  struct script s = {.options = {.ttl_ms = 100, .fail_ms = 1000},
                     .loads_expected = 3,
                     .steps = {{0, GET, false, 1},
                               {70, FAILS, true, 0},
                               {80, REFRESH, false, UV_EIO},
                               {95, WORKS, true, 0},
                               {109, GET, true, 1},
                               {110, GET, false, 3}}};
  (void)state;
  play(&s);
}

static void a_time_beyond_all_is_for_ever(void **state) {
  struct script s = {.options = {.ttl_ms = UINT64_MAX, .stale_ms = UINT64_MAX},
                     .loads_expected = 1,
                     .steps = {{0, GET, false, 1}, {1000000, GET, true, 1}}};
  (void)state;
  play(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_value_is_loaded_again_after_its_time),
      cmocka_unit_test(a_stale_value_is_served_while_it_is_loaded),
      cmocka_unit_test(a_failed_refresh_waits_before_the_next),
      cmocka_unit_test(a_stale_value_ends_though_its_refresh_fails),
      cmocka_unit_test(a_failure_is_kept_for_a_time_by_option),
      cmocka_unit_test(a_refresh_begins_the_time_anew),
      cmocka_unit_test(a_failed_refresh_does_not_prolong_it),
      cmocka_unit_test(a_time_beyond_all_is_for_ever),
  };
  return fixture_main("snapshot_time", tests);
}
