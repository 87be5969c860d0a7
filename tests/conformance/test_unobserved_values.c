/* SPDX-License-Identifier: MIT */
/* Value tasks that nobody takes: forgotten failures, operations and functions
 * never awaited, promises dropped; each way to take and each that is none. */
#include "support/fixture.h"
#include "support/functions.h"
#include "support/gate.h"
#include "support/own_source.h"

/* ---- helpers ---- */

#define NONE ((vt_report_kind_t)-1)

/* An operation of any kind. */
struct any {
  struct fixture *f;
  struct gate gate;
  struct own_source own;
  vt_reset_source_t reset;
  vt_promise_t *promise;
  vt_t v;
};

static void begin_gate(struct any *a) { a->v = gate_begin(&a->gate); }

static void open_gate(struct any *a, vt_result_t r) { gate_open(&a->gate, r); }

static void begin_function(struct any *a) {
  a->v = functions_link(gate_begin(&a->gate));
}

static void begin_boxed(struct any *a) {
  a->v = functions_boxed(gate_begin(&a->gate));
}

static void begin_own(struct any *a) {
  own_source_init(&a->own);
  a->v = own_source_task(&a->own);
}

static void complete_own(struct any *a, vt_result_t r) {
  own_source_complete(&a->own, r);
}

static void begin_reset(struct any *a) {
  vt_reset_source_init(&a->reset, 0);
  a->v = vt_reset_source_task(&a->reset);
}

static void complete_reset(struct any *a, vt_result_t r) {
  vt_reset_source_set(&a->reset, r);
}

static void begin_promise(struct any *a) {
  if (vt_promise_new(0, &a->promise) == 0)
    a->v = vt_from_task(vt_promise_task(a->promise));
}

static void complete_promise(struct any *a, vt_result_t r) {
  if (r.status == 0)
    vt_promise_set(a->promise, r.value);
  else
    vt_promise_fail(a->promise, r.status);
}

static void begin_in_hand(struct any *a) { a->v = vt_done(); }

static void be_in_hand(struct any *a, vt_result_t r) {
  a->v = vt_from_result(r);
}

/* What tells of a failure that was dropped, and of one that nobody took: by the
 * detach, or by the last release. */
static const struct kind {
  const char *name;
  void (*begin)(struct any *a);
  void (*complete)(struct any *a, vt_result_t r);
  vt_report_kind_t dropped;
  vt_report_kind_t untaken;
  bool untaken_success; /* is told too */
} kinds[] = {
    {"operation", begin_gate, open_gate, VT_REPORT_FORGOTTEN,
     VT_REPORT_NEVER_AWAITED, true},
    {"function", begin_function, open_gate, VT_REPORT_FORGOTTEN,
     VT_REPORT_NEVER_AWAITED, true},
    {"boxed function", begin_boxed, open_gate, VT_REPORT_FORGOTTEN,
     VT_REPORT_NEVER_AWAITED, true},
    {"own source", begin_own, complete_own, VT_REPORT_FORGOTTEN, NONE, false},
    {"reset source", begin_reset, complete_reset, VT_REPORT_FORGOTTEN, NONE,
     false},
    {"promise", begin_promise, complete_promise, VT_REPORT_UNOBSERVED,
     VT_REPORT_UNOBSERVED, false},
    {"in hand", begin_in_hand, be_in_hand, VT_REPORT_FORGOTTEN, NONE, false},
};

#define KINDS (sizeof kinds / sizeof *kinds)

static struct any any_begin(struct fixture *f) {
  struct any a = {.f = f};
  return a;
}

/* What is left of it goes. */
static void any_end(struct any *a) {
  assert_true(fixture_run(a->f));
  vt_promise_free(a->promise);
}

static void assert_told(struct fixture *f, const char *name,
                        vt_report_kind_t kind, int64_t status) {
  size_t wanted = kind != NONE;
  if (f->report_count != wanted)
    fail_msg("%s, %s: %zu reports, not %zu", name, vt_err_name(status),
             f->report_count, wanted);
  if (wanted)
    assert_report(f, kind, status);
}

/* Each way to drop. */
static void by_forget(struct any *a) { vt_forget(a->v); }

static void by_await_of_nobody(struct any *a) { vt_await(a->v, NULL, NULL); }

static void by_await_later_of_nobody(struct any *a) {
  vt_await_with(a->v, VT_LATER, NULL, NULL);
}

static void (*const drops[])(struct any *a) = {by_forget, by_await_of_nobody,
                                               by_await_later_of_nobody};

static const int64_t statuses[] = {UV_EIO, UV_ECANCELED, 0};

static vt_report_kind_t only_failures(vt_report_kind_t kind, int64_t status) {
  return status == UV_EIO ? kind : NONE;
}

/* Each way to take a result, and each that only looks. */
static void take_by_await(struct any *a) {
  struct seen seen = {0};
  vt_await(a->v, seen_k, &seen);
  fixture_run(a->f);
}

static void take_later(struct any *a) {
  struct seen seen = {0};
  vt_await_with(a->v, VT_LATER, seen_k, &seen);
  fixture_run(a->f);
}

static void take_result(struct any *a) { vt_get_result(a->v); }

static void take_on_completed(struct any *a) {
  struct seen seen = {0};
  if (vt_on_completed(a->v, 0, seen_k, &seen) == VT_COMPLETED)
    vt_get_result(a->v);
}

static void take_by_function(struct any *a) {
  struct seen seen = {0};
  vt_await(functions_link(a->v), seen_k, &seen);
}

static void take_by_loop_run(struct any *a) { vt_loop_run(a->f->vt, a->v); }

static void take_as_task(struct any *a) {
  vt_task_t *task = vt_as_task(a->v);
  vt_task_result(task);
  vt_task_unref(task);
}

static void take_preserved(struct any *a) {
  vt_task_t *task;
  vt_get_result(vt_preserve(a->v, &task));
  vt_task_unref(task);
}

static void only_look(struct any *a) {
  (void)vt_status(a->v);
  (void)vt_is_completed(a->v);
  (void)vt_is_failed(a->v);
  (void)vt_equal(a->v, a->v);
}

static void only_cancel(struct any *a) { vt_cancel(a->v); }

static void only_stop(struct any *a) {
  struct seen seen = {0};
  vt_await_stop(a->v, seen_k, &seen);
}

static const struct way {
  const char *name;
  void (*way)(struct any *a);
  bool takes;
} ways[] = {
    {"vt_await", take_by_await, true},
    {"VT_LATER", take_later, true},
    {"vt_get_result", take_result, true},
    {"vt_on_completed", take_on_completed, true},
    {"VT_TRY", take_by_function, true},
    {"vt_loop_run", take_by_loop_run, true},
    {"vt_as_task", take_as_task, true},
    {"vt_preserve", take_preserved, true},
    {"status", only_look, false},
    {"vt_cancel", only_cancel, false},
    {"vt_await_stop", only_stop, false},
};

/* One operation of a kind, complete, treated in one way or none; the detach. */
static void check_detach(void **state, const struct kind *k,
                         const struct way *way, int64_t status) {
  struct fixture *f;
  struct any a;
  vt_report_kind_t wanted = way && way->takes ? NONE : k->untaken;
  if (status == UV_ECANCELED || (status == 0 && !k->untaken_success))
    wanted = NONE;
  assert_int_equal(fixture_setup(state), 0);
  f = *state;
  a = any_begin(f);
  k->begin(&a);
  k->complete(&a, result_failed(status));
  fixture_run(f);
  if (way)
    way->way(&a);
  any_end(&a);
  if (wanted == VT_REPORT_NEVER_AWAITED)
    assert_told(f, k->name, NONE, status); /* not before the detach */
  assert_status(fixture_detach(f), 0);
  assert_told(f, way ? way->name : k->name, wanted, status);
  assert_int_equal(fixture_teardown(state), 0);
}

/* ---- it works: dropped ---- */

static void what_is_dropped_while_it_is_pending(void **state) {
  struct fixture *f = *state;
  for (const struct kind *k = kinds; k < kinds + KINDS; k++)
    for (size_t i = 0; k->begin != begin_in_hand && i < 9; i++) {
      struct any a = any_begin(f);
      int64_t status = statuses[i / 3];
      k->begin(&a);
      drops[i % 3](&a);
      assert_told(f, k->name, NONE, status);
      k->complete(&a, result_failed(status));
      any_end(&a);
      assert_told(f, k->name, only_failures(k->dropped, status), status);
      assert_int_equal(fixture_pending(f), 0);
    }
}

static void what_is_dropped_when_it_has_completed(void **state) {
  struct fixture *f = *state;
  for (const struct kind *k = kinds; k < kinds + KINDS; k++)
    for (size_t i = 0; i < 9; i++) {
      struct any a = any_begin(f);
      int64_t status = statuses[i / 3];
      k->begin(&a);
      k->complete(&a, result_failed(status));
      drops[i % 3](&a);
      any_end(&a);
      assert_told(f, k->name, only_failures(k->dropped, status), status);
      assert_int_equal(fixture_pending(f), 0);
    }
}

/* Stopped, an operation goes on as forgotten. A resettable source and a task
 * may be awaited anew: nothing is dropped of them. */
static void what_goes_on_after_its_awaiter_went(void **state) {
  struct fixture *f = *state;
  for (const struct kind *k = kinds; k < kinds + KINDS; k++)
    for (size_t i = 0; k->begin != begin_in_hand && i < 3; i++) {
      struct any a = any_begin(f);
      struct seen seen = {0};
      int64_t status = statuses[i];
      vt_report_kind_t wanted =
          k->begin == begin_reset ? NONE : only_failures(k->dropped, status);
      k->begin(&a);
      vt_await(a.v, seen_k, &seen);
      assert_true(vt_await_stop(a.v, seen_k, &seen));
      k->complete(&a, result_failed(status));
      any_end(&a);
      assert_int_equal(seen.count, 0);
      assert_told(f, k->name, wanted, status);
    }
}

/* ---- it works: never taken ---- */

static void what_is_never_taken_is_told_at_the_detach(void **state) {
  for (const struct kind *k = kinds; k < kinds + KINDS; k++)
    for (size_t i = 0; i < 3; i++)
      check_detach(state, k, NULL, statuses[i]);
}

static void what_takes_an_operation_and_what_does_not(void **state) {
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    check_detach(state, &kinds[0], &ways[i], UV_EIO);
    check_detach(state, &kinds[1], &ways[i], 0);
  }
}

/* Delays and yields have no result, and are told all the same. */
static void a_delay_or_a_yield_is_told_too(void **state) {
  struct fixture *f = *state;
  const char *first, *second;
  vt_t v[2] = {vt_delay(1), vt_yield()};
  (void)v;
  assert_true(fixture_run(f));
  assert_status(fixture_detach(f), 0);
  assert_int_equal(f->report_count, 2);
  first = fixture_take_report(f, VT_REPORT_NEVER_AWAITED)->what;
  assert_true(*first == 'd' || *first == 'y');
  second = fixture_take_report(f, VT_REPORT_NEVER_AWAITED)->what;
  assert_true(*second == 'd' || *second == 'y');
}

static void a_cancelled_one_that_is_never_taken_is_not(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_t v[4] = {vt_delay(3600 * 1000), vt_yield(), gate_begin(&gate)};
  v[3] = functions_link(vt_delay(3600 * 1000));
  for (int i = 0; i < 4; i++)
    assert_status(vt_cancel(v[i]), 0);
  assert_true(fixture_run(f));
  assert_status(fixture_detach(f), 0);
  assert_int_equal(f->report_count, 0);
}

/* The innermost was taken, by the next one, and so on: one is left. */
static void of_a_chain_only_the_outermost_is_told(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_t v = functions_chain(functions_link, gate_begin(&gate), 100);
  gate_open(&gate, result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_status(vt_status(v), UV_EIO);
  assert_status(fixture_detach(f), 0);
  assert_told(f, "chain", VT_REPORT_NEVER_AWAITED, UV_EIO);
}

static void each_of_many_is_told_once(void **state) {
  struct fixture *f = *state;
  struct gate gates[20] = {{0}};
  for (int i = 0; i < 20; i++) {
    vt_t v = gate_begin(&gates[i]);
    gate_open(&gates[i], result_failed(i % 2 ? UV_EIO : 0));
    if (i >= 10)
      vt_get_result(v);
  }
  assert_status(fixture_detach(f), 0);
  assert_int_equal(f->report_count, 10);
  while (fixture_take_report(f, VT_REPORT_NEVER_AWAITED))
    ;
  assert_int_equal(f->report_count, 0);
}

/* ---- it works: promises dropped ---- */

/* Told as dropped, not also as unobserved, whoever looked. */
static void a_dropped_promise_is_told_once(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 4; i++) {
    struct any a = any_begin(f);
    struct seen seen = {0};
    vt_task_t *task;
    begin_promise(&a);
    task = i & 1 ? vt_task_ref(vt_promise_task(a.promise)) : NULL;
    if (i & 2)
      vt_await(a.v, seen_k, &seen);
    vt_promise_free(a.promise);
    vt_task_unref(task);
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, i & 2 ? 1 : 0);
    assert_told(f, "promise", VT_REPORT_DROPPED, VT_EDROPPED);
  }
}

static void a_completed_promise_is_not_dropped(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < 3; i++) {
    struct any a = any_begin(f);
    begin_promise(&a);
    complete_promise(&a, result_failed(statuses[i]));
    vt_task_result(vt_promise_task(a.promise));
    any_end(&a);
    assert_told(f, "promise", NONE, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_is_dropped_while_it_is_pending),
      fixture_test(what_is_dropped_when_it_has_completed),
      fixture_test(what_goes_on_after_its_awaiter_went),
      cmocka_unit_test(what_is_never_taken_is_told_at_the_detach),
      cmocka_unit_test(what_takes_an_operation_and_what_does_not),
      fixture_test(a_delay_or_a_yield_is_told_too),
      fixture_test(a_cancelled_one_that_is_never_taken_is_not),
      fixture_test(of_a_chain_only_the_outermost_is_told),
      fixture_test(each_of_many_is_told_once),
      fixture_test(a_dropped_promise_is_told_once),
      fixture_test(a_completed_promise_is_not_dropped),
  };
  return fixture_main("unobserved_values", tests);
}
