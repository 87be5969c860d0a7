/* SPDX-License-Identifier: MIT */
/* What a member's result owns: given with the result of the whole, or dropped
 * by its type, once, however the whole ends. */
#include "support/fixture.h"
#include "support/gate.h"

/* ---- a whole over two gates, each of whose results owns something ---- */

enum whole {
  ALL,
  ALL_OUT,
  ANY,
  ANY_OUT,
  RACE,
  TIMEOUT,
  RETRY,
  MAP,
  MAP_OUT,
  FUNCTION,
  FUNCTIONS,
  NESTED,
  WHOLES
};

enum { GATES = 2 };

struct owned {
  struct gate gates[GATES];
  bool complete; /* the gates are open when the whole begins */
  vt_result_t out[GATES];
  vt_t v[GATES];
  vt_t whole;
  struct seen seen;
};

static vt_t begin_gate(struct owned *o, size_t i) {
  o->gates[i].cancel_rc = UV_EBUSY; /* losers succeed all the same */
  o->v[i] = gate_begin(&o->gates[i]);
  if (o->complete)
    gate_open(&o->gates[i], result_int((int)i + 1));
  return o->v[i];
}

static vt_t retried(void *arg, unsigned attempt) {
  (void)attempt;
  return begin_gate(arg, 0);
}

static vt_t mapped(void *arg, size_t index) { return begin_gate(arg, index); }

struct function {
  vt_frame_t vt;
  vt_t v;
};

/* It returns what waits. */
static vt_t function_body(void *frame) {
  struct function *f = frame;
  VT_BEGIN(f);
  VT_RETURN(f, f->v);
  VT_END(f);
}

static vt_t pass(vt_t v) {
  struct function f = {.v = v};
  return vt_start_boxed(&f, sizeof f, function_body);
}

static vt_t begin_list(struct owned *o, enum whole whole) {
  for (size_t i = 0; i < GATES; i++)
    begin_gate(o, i);
  switch (whole) {
  case ALL:
    return vt_all(o->v, GATES, 0, NULL);
  case ALL_OUT:
    return vt_all(o->v, GATES, 0, o->out);
  case ANY:
    return vt_any(o->v, GATES, 0, NULL);
  case ANY_OUT:
    return vt_any(o->v, GATES, 0, o->out);
  case RACE:
    return vt_race(o->v, GATES, 0);
  default:
    return VT_RACE(0, vt_with_timeout(VT_ALL(0, NULL, o->v[0]), 3600000),
                   vt_with_timeout(o->v[1], 3600000));
  }
}

static vt_t begin(struct owned *o, enum whole whole) {
  vt_retry_t retry = {.fn = retried, .arg = o};
  vt_map_t map = {.fn = mapped, .arg = o, .limit = 1};
  switch (whole) {
  case TIMEOUT:
    return vt_with_timeout(begin_gate(o, 0), 3600000);
  case RETRY:
    return vt_retry(&retry);
  case FUNCTION:
    return pass(begin_gate(o, 0));
  case FUNCTIONS:
    return pass(VT_ALL(0, NULL, pass(begin_gate(o, 0))));
  case MAP:
    return vt_map_limit(&map, GATES, NULL);
  case MAP_OUT:
    return vt_map_limit(&map, GATES, o->out);
  default:
    return begin_list(o, whole);
  }
}

/* Opens what waits, also what is begun meanwhile. */
static void open_gates(struct owned *o) {
  for (size_t i = 0; i < GATES; i++)
    if (o->gates[i].op)
      gate_open(&o->gates[i], result_int((int)i + 1));
}

static int discards(const struct owned *o) {
  return o->gates[0].discards + o->gates[1].discards;
}

static int begun(enum whole whole) {
  bool one = whole == TIMEOUT || whole == RETRY || whole == FUNCTION ||
             whole == FUNCTIONS;
  return one ? 1 : 2;
}

/* Of those, how many the one who takes the whole's result gets. */
static int given(enum whole whole) {
  bool one = whole == ANY || whole == RACE || whole == NESTED;
  return one ? 1 : begun(whole);
}

static void assert_discards(const struct owned *o, enum whole whole,
                            int expected) {
  if (discards(o) != expected)
    fail_msg("whole %d: %d results dropped, not %d", whole, discards(o),
             expected);
}

static void assert_nothing_left(struct fixture *f) {
  vt_loop_stats_t stats;
  assert_true(fixture_run(f));
  vt_loop_stats(f->vt, &stats);
  assert_int_equal(stats.pending, 0);
  assert_int_equal(stats.untaken, 0);
}

/* ---- it is given ---- */

static void what_is_given_is_not_dropped(void **state) {
  for (enum whole w = 0; w < WHOLES; w++)
    for (unsigned flags = 0; flags <= VT_LATER; flags++) {
      struct owned o = {.complete = false};
      vt_await_with(begin(&o, w), flags, seen_k, &o.seen);
      open_gates(&o);
      assert_nothing_left(*state);
      assert_int_equal(o.seen.count, 1);
      assert_status(o.seen.result.status, 0);
      assert_discards(&o, w, begun(w) - given(w));
    }
}

static void what_is_taken_is_not_dropped(void **state) {
  for (enum whole w = 0; w < WHOLES; w++)
    for (int complete = 0; complete < 2; complete++) {
      struct owned o = {.complete = complete};
      vt_t v = begin(&o, w);
      open_gates(&o);
      assert_true(fixture_run(*state));
      assert_status(vt_get_result(v).status, 0);
      assert_nothing_left(*state);
      assert_discards(&o, w, begun(w) - given(w));
    }
}

static void the_results_are_the_members_own(void **state) {
  struct owned o[3] = {{.complete = false}};
  vt_await(begin(&o[0], RACE), seen_k, &o[0].seen);
  vt_await(begin(&o[1], TIMEOUT), seen_k, &o[1].seen);
  vt_await(begin(&o[2], MAP_OUT), seen_k, &o[2].seen);
  for (int i = 0; i < 3; i++)
    open_gates(&o[i]);
  assert_nothing_left(*state);
  assert_seen_int(&o[0].seen, 1);
  assert_seen_int(&o[1].seen, 1);
  assert_seen_int(&o[2].seen, 2);
  assert_int_equal(o[2].out[1].value.i, 2);
}

/* ---- nobody takes it ---- */

static void a_forgotten_whole_drops_all(void **state) {
  for (enum whole w = 0; w < WHOLES; w++)
    for (int when = 0; when < 3; when++) {
      struct owned o = {.complete = when == 2};
      vt_t v = begin(&o, w);
      if (when == 0)
        vt_forget(v);
      open_gates(&o);
      assert_true(fixture_run(*state));
      if (when != 0)
        vt_forget(v);
      assert_nothing_left(*state);
      assert_discards(&o, w, begun(w));
    }
}

static void a_withdrawn_whole_drops_all(void **state) {
  for (enum whole w = 0; w < WHOLES; w++)
    for (int queued = 0; queued < 2; queued++) {
      struct owned o = {.complete = false};
      vt_t v = begin(&o, w);
      vt_await_with(v, queued ? VT_LATER : 0, seen_k, &o.seen);
      if (queued)
        open_gates(&o);
      assert_true(vt_await_stop(v, seen_k, &o.seen));
      open_gates(&o);
      assert_nothing_left(*state);
      assert_int_equal(o.seen.count, 0);
      assert_discards(&o, w, begun(w));
    }
}

static void an_untaken_whole_drops_all_at_detach(void **state) {
  struct fixture *f = *state;
  struct owned o[WHOLES] = {{.complete = false}};
  vt_loop_stats_t stats;
  for (enum whole w = 0; w < WHOLES; w++) {
    o[w].whole = begin(&o[w], w);
    open_gates(&o[w]);
  }
  assert_true(fixture_run(f));
  vt_loop_stats(f->vt, &stats);
  assert_int_equal(stats.pending, 0);
  assert_int_equal(stats.untaken, WHOLES);
  assert_status(fixture_detach(f), 0);
  for (enum whole w = 0; w < WHOLES; w++) {
    assert_discards(&o[w], w, begun(w));
    assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  }
}

static void count_entry(void *arg, const vt_loop_entry_t *entry) {
  (void)entry;
  ++*(int *)arg;
}

static void a_scope_tells_of_the_whole_alone(void **state) {
  struct fixture *f = *state;
  vt_scope_t *scope;
  for (int complete = 0; complete < 2; complete++) {
    struct owned o = {.complete = complete};
    int entries = 0;
    assert_status(vt_scope_new(NULL, &scope), 0);
    vt_scope_t *before = vt_scope_enter(scope);
    vt_t v = begin(&o, ALL);
    vt_scope_leave(before);
    open_gates(&o);
    vt_loop_walk(f->vt, count_entry, &entries);
    assert_int_equal(entries, 2); /* with the scope */
    vt_await(vt_scope_join(scope), seen_k, &o.seen);
    assert_true(fixture_run(f));
    assert_seen_int(&o.seen, 0);
    assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
    vt_forget(v);
    assert_nothing_left(f);
    assert_discards(&o, ALL, 2);
  }
}

static void a_member_is_stale_for_others(void **state) {
  struct owned o = {.complete = false};
  vt_t v = begin(&o, ALL);
  open_gates(&o);
  assert_status(vt_status(o.v[0]), VT_ESTALE);
  assert_status(vt_get_result(o.v[0]).status, VT_ESTALE);
  assert_status(vt_cancel(o.v[0]), VT_ESTALE);
  vt_forget(o.v[0]);
  assert_discards(&o, ALL, 0);
  assert_int_equal(vt_get_result(v).value.u, 2);
  assert_nothing_left(*state);
}

/* ---- it cannot be seen ---- */

static void a_failure_drops_what_it_does_not_give(void **state) {
  for (int give = 0; give < 2; give++) {
    struct owned o = {.complete = false};
    begin_gate(&o, 0);
    begin_gate(&o, 1);
    vt_await(vt_all(o.v, GATES, 0, give ? o.out : NULL), seen_k, &o.seen);
    gate_open(&o.gates[0], result_int(1));
    gate_open(&o.gates[1], result_failed(UV_EIO));
    assert_seen_status(&o.seen, UV_EIO);
    assert_int_equal(discards(&o), give ? 0 : 1);
    assert_nothing_left(*state);
  }
}

static void a_map_that_fails_drops_what_it_does_not_give(void **state) {
  for (int give = 0; give < 2; give++) {
    struct owned o = {.complete = false};
    vt_await(begin(&o, give ? MAP_OUT : MAP), seen_k, &o.seen);
    gate_open(&o.gates[0], result_int(1));
    gate_open(&o.gates[1], result_failed(UV_EIO));
    assert_seen_status(&o.seen, UV_EIO);
    assert_int_equal(discards(&o), give ? 0 : 1);
    assert_nothing_left(*state);
  }
}

/* Its out shows what a failure does not tell. */
static void a_failure_inside_gives_what_it_shows(void **state) {
  for (int forgotten = 0; forgotten < 2; forgotten++)
    for (int passed = 0; passed < 2; passed++) {
      struct owned o = {.complete = false};
      vt_t v = vt_with_timeout(begin(&o, ALL_OUT), 3600000);
      if (passed)
        v = pass(v);
      vt_await(v, forgotten ? NULL : seen_k, &o.seen);
      gate_open(&o.gates[0], result_int(1));
      gate_open(&o.gates[1], result_failed(UV_EIO));
      assert_nothing_left(*state);
      assert_int_equal(o.seen.count, !forgotten);
      assert_int_equal(discards(&o), forgotten);
      if (forgotten)
        assert_report(*state, VT_REPORT_FORGOTTEN, UV_EIO);
    }
}

static vt_t retried_all(void *arg, unsigned attempt) {
  struct owned *o = &((struct owned *)arg)[attempt];
  vt_t v = begin(o, ALL_OUT);
  gate_open(&o->gates[0], result_int(1));
  gate_open(&o->gates[1], attempt == 0 ? result_failed(UV_EIO) : result_int(2));
  return v;
}

static void a_retry_drops_what_a_failed_attempt_has(void **state) {
  struct owned o[2] = {{.complete = false}};
  vt_retry_t retry = {.fn = retried_all, .arg = o, .first_ms = 1};
  vt_await(vt_retry(&retry), seen_k, &o[0].seen);
  assert_nothing_left(*state);
  assert_seen_int(&o[0].seen, 2);
  assert_int_equal(discards(&o[0]), 1);
  assert_int_equal(discards(&o[1]), 0);
}

static void losers_that_are_left_drop_their_own(void **state) {
  for (int any = 0; any < 2; any++) {
    struct owned o = {.complete = false};
    begin_gate(&o, 0);
    begin_gate(&o, 1);
    vt_await(any ? vt_any(o.v, GATES, VT_KEEP, NULL)
                 : vt_race(o.v, GATES, VT_KEEP),
             seen_k, &o.seen);
    gate_open(&o.gates[1], result_int(2));
    assert_seen_int(&o.seen, any ? 1 : 2);
    gate_open(&o.gates[0], result_int(1));
    assert_int_equal(o.gates[0].discards, 1);
    assert_int_equal(o.gates[1].discards, 0);
    assert_nothing_left(*state);
  }
}

static void a_cancelled_race_gives_none_or_the_first(void **state) {
  struct owned o[2] = {{.complete = false}};
  vt_t v[2] = {begin(&o[0], RACE), begin(&o[1], ANY)};
  for (int i = 0; i < 2; i++) {
    vt_await(v[i], seen_k, &o[i].seen);
    vt_cancel(v[i]);
    gate_open(&o[i].gates[1], result_int(7));
    gate_open(&o[i].gates[0], result_int(8));
    assert_seen_int(&o[i].seen, i == 0 ? 7 : 1);
    assert_int_equal(o[i].gates[0].discards, 1);
    assert_int_equal(o[i].gates[1].discards, 0);
  }
  assert_nothing_left(*state);
}

static void a_late_success_is_given_by_a_timeout(void **state) {
  for (int forgotten = 0; forgotten < 2; forgotten++) {
    struct owned o = {.complete = false};
    vt_t v = vt_with_timeout(begin_gate(&o, 0), 0);
    vt_await(v, forgotten ? NULL : seen_k, &o.seen);
    assert_true(fixture_run_until(*state, &o.gates[0].cancels, 1));
    gate_open(&o.gates[0], result_int(5));
    assert_nothing_left(*state);
    assert_int_equal(o.seen.count, !forgotten);
    assert_int_equal(discards(&o), forgotten);
  }
}

/* ---- each ---- */

static vt_each_t *each_of(struct owned *o) {
  vt_each_t *each = NULL;
  begin_gate(o, 0);
  begin_gate(o, 1);
  assert_status(vt_each_new(o->v, GATES, 0, &each), 0);
  return each;
}

static void each_drops_what_it_did_not_give(void **state) {
  for (int complete = 0; complete < 2; complete++)
    for (int taken = 0; taken <= GATES; taken++) {
      struct owned o = {.complete = complete};
      vt_each_t *each = each_of(&o);
      open_gates(&o);
      for (int i = 0; i < taken; i++)
        assert_status(vt_get_result(vt_each_next(each)).status, 0);
      vt_each_free(each);
      assert_nothing_left(*state);
      assert_int_equal(o.gates[0].discards, taken < 1);
      assert_int_equal(o.gates[1].discards, taken < 2);
    }
}

static void each_gives_what_it_was_waited_for(void **state) {
  struct owned o = {.complete = false};
  vt_each_t *each = each_of(&o);
  vt_await(vt_each_next(each), seen_k, &o.seen);
  gate_open(&o.gates[1], result_int(2));
  gate_open(&o.gates[0], result_int(1));
  assert_seen_int(&o.seen, 1);
  vt_each_free(each);
  assert_nothing_left(*state);
  assert_int_equal(o.gates[1].discards, 0);
  assert_int_equal(o.gates[0].discards, 1);
}

/* A timeout that nobody takes has not taken the index. */
static void an_index_in_a_whole_is_given_with_it(void **state) {
  for (int queued = 0; queued < 2; queued++)
    for (int forgotten = 0; forgotten < 2; forgotten++) {
      struct owned o = {.complete = false};
      vt_each_t *each = each_of(&o);
      vt_t v = vt_with_timeout(vt_each_next(each), 3600000);
      vt_await_with(v, queued ? VT_LATER : 0, seen_k, &o.seen);
      if (forgotten && !queued)
        assert_true(vt_await_stop(v, seen_k, &o.seen));
      open_gates(&o);
      if (forgotten && queued)
        assert_true(vt_await_stop(v, seen_k, &o.seen));
      assert_true(fixture_run(*state));
      assert_int_equal(vt_each_left(each), forgotten ? 2 : 1);
      vt_each_free(each);
      assert_nothing_left(*state);
      assert_int_equal(o.gates[0].discards, forgotten);
      assert_int_equal(o.gates[1].discards, 1);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_is_given_is_not_dropped),
      fixture_test(what_is_taken_is_not_dropped),
      fixture_test(the_results_are_the_members_own),
      fixture_test(a_forgotten_whole_drops_all),
      fixture_test(a_withdrawn_whole_drops_all),
      fixture_test(an_untaken_whole_drops_all_at_detach),
      fixture_test(a_scope_tells_of_the_whole_alone),
      fixture_test(a_member_is_stale_for_others),
      fixture_test(a_failure_drops_what_it_does_not_give),
      fixture_test(a_map_that_fails_drops_what_it_does_not_give),
      fixture_test(a_failure_inside_gives_what_it_shows),
      fixture_test(a_retry_drops_what_a_failed_attempt_has),
      fixture_test(losers_that_are_left_drop_their_own),
      fixture_test(a_cancelled_race_gives_none_or_the_first),
      fixture_test(a_late_success_is_given_by_a_timeout),
      fixture_test(each_drops_what_it_did_not_give),
      fixture_test(each_gives_what_it_was_waited_for),
      fixture_test(an_index_in_a_whole_is_given_with_it),
  };
  return fixture_main("kept", tests);
}
