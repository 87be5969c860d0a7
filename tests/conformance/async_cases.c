/* SPDX-License-Identifier: MIT */
/* What one async function answers: before and after its first wait, with a
 * value and without, with each outcome; and the same of a promise, where C#'s
 * builder is asked for its task early. */
#include "conformance/async_cases.h"

#include <string.h>

#include "conformance/operand.h"

vt_t start_on_stack(void *frame, size_t size, vt_body_fn *body) {
  (void)size;
  return vt_start(frame, body);
}

vt_t start_in_box(void *frame, size_t size, vt_body_fn *body) {
  return vt_start_boxed(frame, size, body);
}

/* ---- helpers ---- */

/* Waits some times, then ends as it is told. */
struct act_frame {
  vt_frame_t vt;
  struct operand *operand;
  enum backing backing;
  int waits;
  int64_t status;
  bool tries; /* fails by VT_TRY, else by VT_RETURN */
  bool generic;
  int *invokes;
};

static vt_t act_body(void *frame) {
  struct act_frame *f = frame;
  VT_BEGIN(f);
  ++*f->invokes;
  while (f->waits-- > 0)
    VT_TRY(f, operand_begin_pending(f->operand, f->backing));
  if (f->status != 0 && f->tries)
    VT_TRY(f, vt_failed(f->status));
  if (f->status != 0)
    VT_RETURN(f, vt_failed(f->status));
  if (f->generic)
    VT_RETURN(f, vt_from_int(42));
  VT_END(f);
}

/* One call of it; the counts outlive the frame. */
struct act {
  struct operand operand;
  int invokes;
  struct act_frame frame;
};

static void act_init(struct act *a, bool generic, int waits, int64_t status) {
  operand_init(&a->operand);
  a->invokes = 0;
  a->frame = (struct act_frame){.operand = &a->operand,
                                .backing = ONE_SHOT,
                                .waits = waits,
                                .status = status,
                                .generic = generic,
                                .invokes = &a->invokes};
}

static vt_t act(const struct method *m, struct act *a) {
  return m->start(&a->frame, sizeof a->frame, act_body);
}

static int64_t value_of(bool generic) { return generic ? 42 : 0; }

/* The four questions, and the result. */
static void assert_outcome(vt_t v, int64_t status, int64_t value) {
  vt_result_t r;
  assert_true(vt_is_completed(v));
  assert_int_equal(vt_is_succeeded(v), status == 0);
  assert_int_equal(vt_is_cancelled(v), status == UV_ECANCELED);
  assert_int_equal(vt_is_failed(v), status != 0 && status != UV_ECANCELED);
  r = vt_get_result(v);
  assert_status(r.status, status);
  assert_int_equal(r.value.i, value);
}

static void assert_pending(vt_t v) {
  assert_false(vt_is_completed(v) || vt_is_succeeded(v) || vt_is_failed(v) ||
               vt_is_cancelled(v));
  assert_false(vt_equal(v, vt_done()));
  assert_false(vt_in_hand(v));
}

static void count_functions(void *arg, const vt_loop_entry_t *entry) {
  *(int *)arg += strcmp(entry->kind, "async function") == 0;
}

static int functions(const struct method *m) {
  int count = 0;
  vt_loop_walk(m->f->vt, count_functions, &count);
  return count;
}

/* ---- helpers: nothing has waited ---- */

static void check_result_in_hand(const struct method *m, bool generic) {
  uint64_t calls = fixture_allocations();
  struct act a;
  vt_t v;
  act_init(&a, generic, 0, 0);
  v = act(m, &a);
  assert_true(vt_equal(v, generic ? vt_from_int(42) : vt_done()));
  assert_int_equal(functions(m), 0);
#ifndef VT_DEBUG /* where frames move to fresh blocks */
  if (m->start == start_on_stack)
    assert_int_equal(fixture_allocations(), calls);
#endif
  (void)calls;
}

static void check_failure_in_hand(const struct method *m, bool generic) {
  for (int tries = 0; tries < 2; tries++) {
    struct act a;
    vt_t v;
    act_init(&a, generic, 0, UV_EPROTO);
    a.frame.tries = tries;
    v = act(m, &a);
    assert_true(vt_equal(v, vt_failed(UV_EPROTO)));
    assert_outcome(v, UV_EPROTO, 0);
    assert_outcome(v, UV_EPROTO, 0); /* in hand: again */
    assert_int_equal(a.invokes, 1);
  }
}

static void check_start(const struct method *m, bool generic) {
  for (int waits = 0; waits < 3; waits++) {
    struct act a;
    vt_t v;
    act_init(&a, generic, waits, 0);
    v = act(m, &a);
    assert_int_equal(a.invokes, 1); /* before the start returned */
    for (int i = 0; i < waits; i++)
      operand_complete(&a.operand);
    assert_true(fixture_run(m->f));
    assert_outcome(v, 0, value_of(generic));
    assert_int_equal(a.invokes, 1);
  }
}

/* ---- helpers: the value task is there before the outcome ---- */

static int settle(vt_promise_t *promise, vt_result_t r) {
  return r.status == 0 ? vt_promise_set(promise, r.value)
                       : vt_promise_fail(promise, r.status);
}

/* Of a promise: it stays the same, and the first outcome stays. */
static void check_promise(int64_t status, bool generic) {
  vt_result_t r = {.status = status};
  const vt_result_t others[] = {result_int(1), result_failed(UV_EPIPE)};
  vt_promise_t *promise;
  vt_t v;
  r.value.i = status == 0 ? value_of(generic) : 0;
  assert_status(vt_promise_new(0, &promise), 0);
  v = vt_from_task(vt_promise_task(promise));
  assert_pending(v);
  assert_true(vt_equal(v, vt_from_task(vt_promise_task(promise))));
  assert_status(settle(promise, r), 0);
  assert_true(vt_equal(v, vt_from_task(vt_promise_task(promise))));
  assert_outcome(v, status, r.value.i);
  for (int i = 0; i < 2; i++) {
    assert_status(settle(promise, others[i]), VT_EDONE);
    assert_outcome(v, status, r.value.i);
  }
  vt_promise_free(promise);
}

/* Of a function that waits: taken once, then stale. */
static void check_function(const struct method *m, int64_t status,
                           bool generic) {
  for (int tries = 0; tries < 2; tries++) {
    struct act a;
    vt_t v;
    act_init(&a, generic, 1, status);
    a.frame.tries = tries;
    v = act(m, &a);
    assert_pending(v);
    assert_int_equal(functions(m), 1);
    operand_complete(&a.operand);
    assert_true(fixture_run(m->f));
    assert_outcome(v, status, status == 0 ? value_of(generic) : 0);
    assert_status(vt_get_result(v).status, VT_ESTALE);
    assert_int_equal(functions(m), 0);
  }
}

static void check_outcome_later(const struct method *m, int64_t status,
                                bool generic) {
  check_promise(status, generic);
  check_function(m, status, generic);
}

/* A status that is no failure becomes one of its own, never a success. */
static void check_no_failure(const struct method *m, bool generic) {
  static const int64_t statuses[] = {0, 1, 42, INT64_MAX};
  for (size_t i = 0; i < 4; i++) {
    struct act a;
    vt_result_t r = {.status = statuses[i], .value.i = value_of(generic)};
    vt_promise_t *promise;
    vt_t v;
    assert_status(vt_promise_new(0, &promise), 0);
    v = vt_from_task(vt_promise_task(promise));
    assert_status(vt_promise_fail(promise, r.status), 0);
    assert_outcome(v, VT_ESTATUS, 0);
    assert_status(vt_promise_set(promise, r.value), VT_EDONE);
    assert_outcome(v, VT_ESTATUS, 0);
    vt_promise_free(promise);
    assert_outcome(vt_failed(r.status), VT_ESTATUS, 0);
    if (r.status == 0)
      continue; /* elsewhere 0 is the success that it says */
    assert_outcome(vt_from_result(r), VT_ESTATUS, 0);
    act_init(&a, generic, 0, r.status);
    assert_outcome(act(m, &a), VT_ESTATUS, 0);
  }
}

/* ---- helpers: waits ---- */

/* The first wait makes the value task one of the loop's, and the others reuse
 * what it made. */
static void check_waits(const struct method *m, bool generic, int waits,
                        enum backing backing) {
  struct act a;
  uint64_t calls, pending;
  vt_t v;
  act_init(&a, generic, waits, 0);
  a.frame.backing = backing;
  v = act(m, &a);
  assert_pending(v);
  calls = fixture_allocations();
  pending = fixture_pending(m->f);
  for (int i = 1; i < waits; i++) {
    operand_complete(&a.operand);
    fixture_turn(m->f);
    assert_pending(v);
    assert_int_equal(functions(m), 1);
    assert_int_equal(fixture_pending(m->f), pending);
  }
#ifndef VT_DEBUG
  assert_int_equal(fixture_allocations(), calls);
#endif
  (void)calls;
  operand_complete(&a.operand);
  assert_true(fixture_run(m->f));
  assert_outcome(v, 0, value_of(generic));
  assert_int_equal(a.invokes, 1);
  operand_end(&a.operand);
}

static void check_all_waits(const struct method *m, bool generic) {
  static const int waits[] = {1, 2, 10};
  for (size_t i = 0; i < 3; i++)
    for (int backing = 0; backing < BACKINGS; backing++)
      if (backing != IN_HAND)
        check_waits(m, generic, waits[i], (enum backing)backing);
}

/* Adds one for each yield. */
struct add_frame {
  vt_frame_t vt;
  int yields;
  int64_t result;
  int64_t *output; /* NULL: it is returned */
};

static vt_t add_body(void *frame) {
  struct add_frame *f = frame;
  VT_BEGIN(f);
  while (f->yields-- > 0) {
    VT_TRY(f, vt_yield());
    f->result++;
  }
  if (!f->output)
    VT_RETURN(f, vt_from_int(f->result));
  *f->output = f->result;
  VT_END(f);
}

static void check_yields(const struct method *m, bool generic) {
  static const int yields[] = {0, 1, 2, 10};
  for (size_t i = 0; i < 4; i++)
    for (int64_t first = 42; first <= 84; first += 42) {
      int64_t output = 0;
      struct add_frame frame = {.yields = yields[i],
                                .result = first,
                                .output = generic ? NULL : &output};
      vt_t v = m->start(&frame, sizeof frame, add_body);
      vt_result_t r;
      assert_int_equal(vt_in_hand(v), yields[i] == 0);
      r = vt_loop_run(m->f->vt, v);
      assert_status(r.status, 0);
      assert_int_equal(r.value.i, generic ? first + yields[i] : 0);
      assert_int_equal(output, generic ? 0 : first + yields[i]);
    }
}

/* ---- the cases ---- */

#define BOTH(case_, check)                                                     \
  void method_non_generic_##case_(const struct method *m) { check(m, false); } \
  void method_generic_##case_(const struct method *m) { check(m, true); }

#define BOTH_LATER(case_, status)                                              \
  void method_non_generic_##case_(const struct method *m) {                    \
    check_outcome_later(m, status, false);                                     \
  }                                                                            \
  void method_generic_##case_(const struct method *m) {                        \
    check_outcome_later(m, status, true);                                      \
  }

void method_non_generic_set_result_before_access_task_value_task_is_default(
    const struct method *m) {
  check_result_in_hand(m, false);
}

void method_generic_set_result_before_access_task_value_task_contains_value(
    const struct method *m) {
  check_result_in_hand(m, true);
}

BOTH_LATER(set_result_after_access_task_value_task_contains_value, 0)
BOTH(set_exception_before_access_task_faults_task, check_failure_in_hand)
BOTH_LATER(set_exception_after_access_task_faults_task, UV_EPROTO)
BOTH_LATER(set_exception_operation_canceled_exception_cancels_task,
           UV_ECANCELED)
BOTH(set_exception_with_null_exception_throws, check_no_failure)
BOTH(start_invokes_move_next, check_start)
BOTH(await_on_completed_forces_task_creation, check_all_waits)
BOTH(used_with_async_method_completes_successfully, check_yields)
