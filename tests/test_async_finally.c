/* SPDX-License-Identifier: MIT */
/* Async functions: the clean-up and cancellation. Built three times: plain,
 * with VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/gate.h"

/* ---- helpers ---- */

enum way_out { FALL_OFF, RETURN, RETURN_FAILURE, TRY_FAILURE };
enum clean { NOTHING, WAIT, FAIL, RETURN_IN, RETURN_FAILURE_IN };

/* What a body did, outside its frame. */
struct trace {
  int before, after;     /* statements around the body's await */
  int cleaned, finished; /* the clean-up's first and last statement */
  vt_t returned;         /* what a RETURN_IN returns */
};

struct clean_frame {
  vt_frame_t vt;
  enum way_out out;
  enum clean clean;
  bool waits;  /* in the body, for v */
  vt_t v;      /* of the body */
  vt_t during; /* of the clean-up */
  struct trace *trace;
  vt_result_t r;
};

static vt_t clean_body(void *frame) {
  struct clean_frame *f = frame;
  VT_BEGIN(f);
  f->trace->before++;
  if (f->waits)
    VT_TRY(f, f->v);
  f->trace->after++;
  if (f->out == RETURN)
    VT_RETURN(f, vt_from_int(7));
  if (f->out == RETURN_FAILURE)
    VT_RETURN(f, vt_failed(UV_EIO));
  if (f->out == TRY_FAILURE)
    VT_TRY(f, vt_failed(UV_EIO));
  VT_FINALLY(f);
  f->trace->cleaned++;
  if (f->clean == WAIT)
    VT_AWAIT(f, f->r, f->during);
  if (f->clean == FAIL)
    VT_TRY(f, f->during);
  if (f->clean == RETURN_IN)
    VT_RETURN(f, f->trace->returned);
  if (f->clean == RETURN_FAILURE_IN)
    VT_RETURN(f, vt_failed(UV_EPIPE));
  f->trace->finished++;
  VT_END(f);
}

struct return_frame {
  vt_frame_t vt;
  vt_t v;
  struct trace *trace;
  int64_t status_seen;
};

/* Returns what is pending; the clean-up runs when that is settled. */
static vt_t return_body(void *frame) {
  struct return_frame *f = frame;
  VT_BEGIN(f);
  f->trace->before++;
  VT_RETURN(f, f->v);
  VT_FINALLY(f);
  f->trace->cleaned++;
  VT_TRY(f, vt_yield());
  f->trace->finished++;
  VT_END(f);
}

/* Waits, then returns what is pending, with no clean-up. */
struct tail_frame {
  vt_frame_t vt;
  vt_t v;
};

static vt_t tail_body(void *frame) {
  struct tail_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, f->v);
  VT_END(f);
}

/* Each level cleans up after the one below. */
struct level_frame {
  vt_frame_t vt;
  int level;
  vt_t v;
  int *order; /* the next number; each level notes its own */
  int *places;
};

static vt_t level_body(void *frame);

static vt_t begin_level(int level, vt_t v, int *order, int *places) {
  struct level_frame frame = {
      .level = level, .v = v, .order = order, .places = places};
  return vt_start(&frame, level_body);
}

static vt_t level_body(void *frame) {
  struct level_frame *f = frame;
  VT_BEGIN(f);
  if (f->level == 0)
    VT_TRY(f, f->v);
  else
    VT_TRY(f, begin_level(f->level - 1, f->v, f->order, f->places));
  VT_FINALLY(f);
  VT_TRY(f, vt_yield());
  f->places[f->level] = (*f->order)++;
  VT_END(f);
}

static vt_t start_clean(struct clean_frame frame, struct trace *trace) {
  *trace = (struct trace){.returned = trace->returned};
  frame.trace = trace;
  return vt_start(&frame, clean_body);
}

/* ---- it works ---- */

static void it_runs_once_on_every_way_out(void **state) {
  static const int64_t statuses[] = {0, 0, UV_EIO, UV_EIO};
  (void)state;
  for (int out = FALL_OFF; out <= TRY_FAILURE; out++) {
    struct clean_frame frame = {.out = (enum way_out)out};
    struct trace trace = {0};
    vt_t v = start_clean(frame, &trace);
    assert_true(vt_in_hand(v)); /* nothing waited */
    assert_status(vt_status(v), statuses[out]);
    if (out == RETURN)
      assert_int_equal(vt_get_result(v).value.i, 7);
    assert_int_equal(trace.cleaned, 1);
    assert_int_equal(trace.finished, 1);
  }
}

static void it_runs_once_after_a_wait(void **state) {
  struct fixture *f = *state;
  static const int64_t statuses[] = {0, 0, UV_EIO, UV_EIO};
  for (int out = FALL_OFF; out <= TRY_FAILURE; out++) {
    struct gate gate = {0};
    struct trace trace = {0};
    struct seen seen = {0};
    struct clean_frame frame = {
        .out = (enum way_out)out, .waits = true, .v = gate_begin(&gate)};
    vt_await(start_clean(frame, &trace), seen_k, &seen);
    assert_int_equal(trace.cleaned, 0);
    gate_open(&gate, result_int(0));
    assert_true(fixture_run(f));
    fixture_assert_seen(&seen, statuses[out], out == RETURN ? 7 : 0, __FILE__,
                        __LINE__);
    assert_int_equal(trace.after, 1);
    assert_int_equal(trace.cleaned, 1);
    assert_int_equal(trace.finished, 1);
  }
}

static void a_failing_try_skips_to_it(void **state) {
  struct fixture *f = *state;
  for (int pending = 0; pending < 2; pending++) {
    struct gate gate = {0};
    struct trace trace = {0};
    struct seen seen = {0};
    struct clean_frame frame = {.waits = true};
    frame.v = pending ? gate_begin(&gate) : vt_failed(UV_EPIPE);
    vt_await(start_clean(frame, &trace), seen_k, &seen);
    if (pending)
      gate_open(&gate, result_failed(UV_EPIPE));
    assert_true(fixture_run(f));
    assert_seen_status(&seen, UV_EPIPE);
    assert_int_equal(trace.before, 1);
    assert_int_equal(trace.after, 0);
    assert_int_equal(trace.finished, 1);
  }
}

static void it_may_wait_and_the_outcome_stays(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 8; i++) {
    bool fails = i & 1, waits = i & 2;
    struct gate body = {0}, during = {0};
    struct trace trace = {0};
    struct seen seen = {0};
    struct clean_frame frame = {
        .out = fails ? RETURN_FAILURE : RETURN, .clean = WAIT, .waits = waits};
    if (waits)
      frame.v = gate_begin(&body);
    frame.during = gate_begin(&during);
    vt_await(start_clean(frame, &trace), seen_k, &seen);
    if (waits)
      gate_open(&body, result_int(1));
    assert_true(fixture_pending(f) > 0);
    assert_int_equal(trace.finished, 0);
    gate_open(&during, i & 4 ? result_failed(UV_EPIPE) : result_int(2));
    assert_true(fixture_run(f));
    fixture_assert_seen(&seen, fails ? UV_EIO : 0, 7, __FILE__, __LINE__);
    assert_int_equal(trace.cleaned, 1);
    assert_int_equal(trace.finished, 1);
  }
}

static void the_return_of_a_pending_one_is_settled_first(void **state) {
  struct fixture *f = *state;
  for (int fails = 0; fails < 2; fails++) {
    struct gate gate = {0};
    struct trace trace = {0};
    struct seen seen = {0};
    struct return_frame frame = {.v = gate_begin(&gate), .trace = &trace};
    vt_await(vt_start(&frame, return_body), seen_k, &seen);
    fixture_turn(f);
    assert_int_equal(trace.cleaned, 0);
    gate_open(&gate, fails ? result_failed(UV_EIO) : result_int(3));
    assert_true(fixture_run(f));
    fixture_assert_seen(&seen, fails ? UV_EIO : 0, 3, __FILE__, __LINE__);
    assert_int_equal(trace.before, 1);
    assert_int_equal(trace.cleaned, 1);
    assert_int_equal(trace.finished, 1);
  }
}

static void levels_clean_up_innermost_first(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  int order = 0, places[5] = {-1, -1, -1, -1, -1};
  vt_await(begin_level(4, gate_begin(&gate), &order, places), seen_k, &seen);
  gate_open(&gate, result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_EIO);
  for (int i = 0; i < 5; i++)
    assert_int_equal(places[i], i);
}

/* ---- it works: cancellation ---- */

static void cancel_reaches_what_it_waits_for(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct trace trace = {0};
  struct seen seen = {0};
  struct clean_frame frame = {.waits = true, .v = gate_begin(&gate)};
  vt_t v = start_clean(frame, &trace);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_int_equal(gate.cancels, 1);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(trace.after, 0);
  assert_int_equal(trace.finished, 1);
  assert_int_equal(f->report_count, 0);
}

static void cancel_goes_down_all_levels(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  int order = 0, places[5] = {-1, -1, -1, -1, -1};
  vt_t v = begin_level(4, gate_begin(&gate), &order, places);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_int_equal(gate.cancels, 1);
  assert_seen_status(&seen, UV_ECANCELED);
  for (int i = 0; i < 5; i++)
    assert_int_equal(places[i], i);
}

static void cancel_is_not_delivered_in_the_clean_up(void **state) {
  struct fixture *f = *state;
  for (int fails = 0; fails < 2; fails++) {
    struct gate during = {0};
    struct trace trace = {0};
    struct seen seen = {0};
    struct clean_frame frame = {.out = fails ? RETURN_FAILURE : RETURN,
                                .clean = WAIT,
                                .during = gate_begin(&during)};
    vt_t v = start_clean(frame, &trace);
    vt_await(v, seen_k, &seen);
    vt_cancel(v);
    fixture_turn(f);
    assert_int_equal(during.cancels, 0);
    assert_int_equal(seen.count, 0);
    gate_open(&during, result_int(1));
    assert_true(fixture_run(f));
    fixture_assert_seen(&seen, fails ? UV_EIO : 0, 7, __FILE__, __LINE__);
    assert_int_equal(trace.finished, 1);
  }
}

static void a_second_cancel_does_not_reach_the_clean_up(void **state) {
  struct fixture *f = *state;
  struct gate body = {0}, during = {0};
  struct trace trace = {0};
  struct seen seen = {0};
  struct clean_frame frame = {.clean = WAIT, .waits = true};
  vt_t v;
  frame.v = gate_begin(&body);
  frame.during = gate_begin(&during);
  v = start_clean(frame, &trace);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  fixture_turn(f);
  vt_cancel(v);
  assert_int_equal(trace.cleaned, 1);
  assert_int_equal(during.cancels, 0);
  gate_open(&during, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(trace.finished, 1);
}

/* The outcome is not settled while what is returned is pending. */
static void cancel_reaches_a_pending_return(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct trace trace = {0};
  struct seen seen = {0};
  struct return_frame frame = {.v = gate_begin(&gate), .trace = &trace};
  vt_t v = vt_start(&frame, return_body);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_int_equal(gate.cancels, 1);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(trace.finished, 1);
}

static void cancel_reaches_a_pending_return_of_a_box(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  struct tail_frame frame = {.v = gate_begin(&gate)};
  vt_t v = vt_start(&frame, tail_body);
  vt_await(v, seen_k, &seen);
  for (int i = 0; i < 3; i++)
    fixture_turn(f); /* its first wait is over */
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_int_equal(gate.cancels, 1);
  assert_seen_status(&seen, UV_ECANCELED);
}

static void cancel_of_a_function_that_is_through_is_too_late(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct tail_frame frame = {.v = gate_begin(&gate)};
  vt_t v = vt_start(&frame, tail_body);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_status(vt_cancel(v), UV_EALREADY);
  assert_int_equal(vt_get_result(v).value.i, 1);
  assert_status(vt_cancel(v), VT_ESTALE);
  assert_int_equal(gate.cancels, 0);
}

static void what_cannot_be_cancelled_goes_on(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.cancel_rc = UV_EBUSY};
  struct trace trace = {0};
  struct seen seen = {0};
  struct clean_frame frame = {
      .out = RETURN, .waits = true, .v = gate_begin(&gate)};
  vt_t v = start_clean(frame, &trace);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), UV_EBUSY);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
}

/* ---- it fails ---- */

static void a_failure_in_it_ends_it(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 4; i++) {
    bool fails = i & 1, pending = i & 2;
    struct gate during = {0};
    struct trace trace = {0};
    struct seen seen = {0};
    struct clean_frame frame = {.out = fails ? RETURN_FAILURE : RETURN,
                                .clean = FAIL};
    frame.during = pending ? gate_begin(&during) : vt_failed(UV_EPIPE);
    vt_await(start_clean(frame, &trace), seen_k, &seen);
    if (pending)
      gate_open(&during, result_failed(UV_EPIPE));
    assert_true(fixture_run(f));
    /* The first failure stays; after a success this one is the first. */
    assert_seen_status(&seen, fails ? UV_EIO : UV_EPIPE);
    assert_int_equal(trace.cleaned, 1);
    assert_int_equal(trace.finished, 0);
  }
}

static void a_return_in_it_ends_it(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 4; i++) {
    bool fails = i & 1, failure_in = i & 2;
    struct trace trace = {.returned = vt_from_int(99)};
    struct seen seen = {0};
    struct clean_frame frame = {.out = fails ? RETURN_FAILURE : RETURN,
                                .clean =
                                    failure_in ? RETURN_FAILURE_IN : RETURN_IN};
    vt_await(start_clean(frame, &trace), seen_k, &seen);
    assert_true(fixture_run(f));
    fixture_assert_seen(&seen,
                        fails        ? UV_EIO
                        : failure_in ? UV_EPIPE
                                     : 0,
                        7, __FILE__, __LINE__);
    assert_int_equal(trace.cleaned, 1);
    assert_int_equal(trace.finished, 0);
  }
}

static void a_return_that_is_refused_is_the_result(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen first = {0}, seen = {0};
  struct tail_frame frame = {.v = gate_begin(&gate)};
  vt_await(frame.v, seen_k, &first);
  vt_await(vt_start(&frame, tail_body), seen_k, &seen);
  fixture_run_until(f, &seen.count, 1);
  assert_seen_status(&seen, VT_EAWAITED);
  gate_open(&gate, result_int(1));
  assert_seen_int(&first, 1);
}

static void what_a_return_in_it_names_is_forgotten(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct trace trace = {.returned = gate_begin(&gate)};
  struct seen seen = {0};
  struct clean_frame frame = {.out = RETURN, .clean = RETURN_IN};
  vt_await(start_clean(frame, &trace), seen_k, &seen);
  gate_open(&gate, result_int(99));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
  assert_int_equal(gate.discards, 1);
  assert_int_equal(fixture_pending(f), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(it_runs_once_on_every_way_out),
      fixture_test(it_runs_once_after_a_wait),
      fixture_test(a_failing_try_skips_to_it),
      fixture_test(it_may_wait_and_the_outcome_stays),
      fixture_test(the_return_of_a_pending_one_is_settled_first),
      fixture_test(levels_clean_up_innermost_first),
      fixture_test(cancel_reaches_what_it_waits_for),
      fixture_test(cancel_goes_down_all_levels),
      fixture_test(cancel_is_not_delivered_in_the_clean_up),
      fixture_test(a_second_cancel_does_not_reach_the_clean_up),
      fixture_test(cancel_reaches_a_pending_return),
      fixture_test(cancel_reaches_a_pending_return_of_a_box),
      fixture_test(cancel_of_a_function_that_is_through_is_too_late),
      fixture_test(what_cannot_be_cancelled_goes_on),
      fixture_test(a_failure_in_it_ends_it),
      fixture_test(a_return_in_it_ends_it),
      fixture_test(a_return_that_is_refused_is_the_result),
      fixture_test(what_a_return_in_it_names_is_forgotten),
  };
  return fixture_main("async_finally", tests);
}
