/* SPDX-License-Identifier: MIT */
/* Async functions without memory: what they awaited is cancelled and forgotten,
 * the await gives UV_ENOMEM, clean-ups run; and a reserve lets what was
 * accepted suspend although the allocator is dead. */
#include "support/fault.h"
#include "support/fixture.h"
#include "support/gate.h"

#include <stdlib.h>
#include <string.h>

/* ---- helpers ---- */

struct fault_frame {
  vt_frame_t vt;
  int waits;
  int depth;
  vt_t v;
  int *cleaned;
  char bytes[600];
};

static vt_t waits_body(void *frame) {
  struct fault_frame *f = frame;
  VT_BEGIN(f);
  memset(f->bytes, f->waits, sizeof f->bytes);
  while (f->waits-- > 0)
    VT_TRY(f, vt_delay(1));
  VT_FINALLY(f);
  ++*f->cleaned;
  VT_END(f);
}

static vt_t clean_waits_body(void *frame) {
  struct fault_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(1));
  VT_FINALLY(f);
  ++*f->cleaned;
  VT_TRY(f, vt_delay(1));
  VT_END(f);
}

static vt_t nested_body(void *frame) {
  struct fault_frame *f = frame;
  VT_BEGIN(f);
  if (f->depth > 0) {
    struct fault_frame inner = {.depth = f->depth - 1, .cleaned = f->cleaned};
    VT_TRY(f, vt_start(&inner, nested_body));
  } else {
    VT_TRY(f, vt_delay(1));
  }
  VT_FINALLY(f);
  ++*f->cleaned;
  VT_END(f);
}

static vt_t returns_body(void *frame) {
  struct fault_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, vt_delay(1));
  VT_END(f);
}

/* A small frame of the commonest class, that awaits what it is given. */
struct small_frame {
  vt_frame_t vt;
  vt_t v;
};

static vt_t small_body(void *frame) {
  struct small_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, value, f->v);
  VT_RETURN(f, vt_from_value(value));
  VT_END(f);
}

static vt_t start_small(vt_t v) {
  struct small_frame frame = {.v = v};
  return vt_start(&frame, small_body);
}

enum scenario { WAITS, CLEAN_WAITS, NESTED, RETURNS, BOXED, MANY };

static vt_t start(enum scenario which, int *cleaned) {
  struct fault_frame frame = {.waits = 3, .depth = 5, .cleaned = cleaned};
  switch (which) {
  case CLEAN_WAITS:
    return vt_start(&frame, clean_waits_body);
  case NESTED:
    return vt_start(&frame, nested_body);
  case RETURNS:
    return vt_start(&frame, returns_body);
  case BOXED:
    return vt_start_boxed(&frame, sizeof frame, waits_body);
  default:
    return vt_start(&frame, waits_body);
  }
}

static const char *check(enum scenario which, const struct seen *seen, int n,
                         int cleaned) {
  int wanted = which == NESTED ? 6 : which == RETURNS ? 0 : n;
  bool may_not_begin = which == BOXED;
  for (int i = 0; i < n; i++) {
    if (seen[i].count != 1)
      return "a continuation did not run exactly once";
    if (seen[i].result.status != 0 && seen[i].result.status != UV_ENOMEM)
      return vt_err_name(seen[i].result.status);
    if (seen[i].result.status != 0 && may_not_begin)
      wanted--;
  }
  if (may_not_begin)
    return cleaned >= wanted ? NULL : "a clean-up did not run";
  return cleaned == wanted ? NULL : "the clean-ups did not run once each";
}

static const char *run(enum scenario which, uint64_t n, enum fault_mode mode) {
  enum { MOST = 40 };
  struct seen seen[MOST];
  struct fixture f;
  int count = which == MANY ? MOST : 1, cleaned = 0;
  const char *problem = fixture_open(&f), *left;
  if (problem)
    return problem;
  memset(seen, 0, sizeof seen);
  fault_arm(n, mode);
  for (int i = 0; i < count; i++)
    vt_await(start(which, &cleaned), seen_k, &seen[i]);
  if (!fixture_run(&f))
    problem = "the loop did not end";
  fault_disarm();
  if (!problem)
    problem = check(which, seen, count, cleaned);
  while (fixture_take_report(&f, VT_REPORT_FORGOTTEN))
    ;
  left = fixture_close(&f);
  return problem ? problem : left;
}

#define WALK(name, which)                                                      \
  static const char *name##_run(uint64_t n, enum fault_mode mode) {            \
    return run(which, n, mode);                                                \
  }                                                                            \
  static void name(void **state) {                                             \
    const char *problem = fault_walk(name##_run);                              \
    (void)state;                                                               \
    if (problem)                                                               \
      fail_msg("%s", problem);                                                 \
  }

/* ---- each allocation fails ---- */

WALK(a_function_that_waits, WAITS)
WALK(a_clean_up_that_waits, CLEAN_WAITS)
WALK(functions_in_functions, NESTED)
WALK(a_return_that_waits, RETURNS)
WALK(a_function_boxed_from_the_start, BOXED)
WALK(many_functions_at_once, MANY)

/* ---- no memory to suspend ---- */

struct large_frame {
  vt_frame_t vt;
  vt_t v;
  vt_result_t r;
  char bytes[50000];
};

static vt_t large_body(void *frame) {
  struct large_frame *f = frame;
  VT_BEGIN(f);
  VT_AWAIT(f, f->r, f->v);
  VT_RETURN(f, vt_from_int(f->r.status));
  VT_END(f);
}

static void boxed_from_the_start_nothing_is_begun(void **state) {
  static struct large_frame frame;
  struct gate gate = {0};
  vt_t started, v = gate_begin(&gate);
  (void)state;
  frame.v = v;
  fault_arm(1, FAULT_FROM);
  started = vt_start_boxed(&frame, sizeof frame, large_body);
  fault_disarm();
  assert_true(vt_in_hand(started));
  assert_status(vt_status(started), UV_ENOMEM);
  assert_int_equal(gate.cancels, 0);
  gate_open(&gate, result_int(1));
  assert_int_equal(vt_get_result(v).value.i, 1); /* the caller's still */
}

/* A frame of a class that has no slab yet. */
static void an_await_without_memory_gives_enomem(void **state) {
  struct fixture *f = *state;
  static struct large_frame frame;
  for (int busy = 0; busy < 2; busy++) {
    struct gate gate = {.cancel_rc = busy ? UV_EBUSY : 0};
    vt_t v, started;
    v = gate_begin(&gate);
    memset(&frame, 0, sizeof frame);
    frame.v = v;
    fault_arm(1, FAULT_FROM);
    started = vt_start(&frame, large_body);
    fault_disarm();
    assert_true(vt_in_hand(started));
    assert_status(vt_get_result(started).value.i, UV_ENOMEM);
    assert_int_equal(gate.cancels, 1);
    assert_status(vt_get_result(v).status, VT_ESTALE); /* forgotten */
    if (busy)
      gate_open(&gate, result_int(1)); /* libuv could not stop it */
    assert_true(fixture_run(f));
    assert_int_equal(fixture_pending(f), 0);
    assert_int_equal(gate.discards, busy);
  }
}

/* ---- the reserve ---- */

/* With a dead allocator: begin until the library refuses to. Then what was
 * accepted before can still be waited for. */
static void what_was_accepted_can_still_suspend(void **state) {
  struct fixture *f = *state;
  enum { MOST = 100000 };
  struct gate first = {0};
  struct gate *gates = calloc(MOST, sizeof *gates);
  struct seen seen = {0}, after = {0};
  vt_t accepted, v;
  int begun = 0;
  assert_status(vt_loop_run(f->vt, start_small(vt_delay(1))).status, 0);
  accepted = gate_begin(&first);
  fault_arm(1, FAULT_FROM);
  for (; begun < MOST; begun++) {
    v = gate_begin(&gates[begun]);
    if (vt_in_hand(v))
      break;
    vt_forget(v);
  }
  assert_true(begun < MOST);
  assert_status(vt_status(v), UV_ENOMEM);
  vt_await(start_small(accepted), seen_k, &seen);
  assert_int_equal(seen.count, 0); /* it waits: the reserve held a box */
  gate_open(&first, result_int(5));
  fault_disarm();
  for (int i = 0; i < begun; i++)
    gate_open(&gates[i], result_int(0));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
  vt_await(start_small(vt_delay(1)), seen_k, &after); /* whole again */
  assert_true(fixture_run(f));
  assert_seen_int(&after, 0);
  free(gates);
}

/* Functions that await what was accepted, on a dead allocator, until one finds
 * no box. */
struct exhausted {
  int waiting;    /* functions that found a box */
  int in_reserve; /* of these, while new operations were refused */
};

static struct exhausted exhaust(const vt_t *accepted, int count,
                                struct seen *seen) {
  struct exhausted e = {0};
  bool given_up = false;
  fault_arm(1, FAULT_FROM);
  while (e.waiting < count && !given_up) {
    vt_t probe = vt_delay(3600 * 1000);
    e.in_reserve += vt_status(probe) == UV_ENOMEM;
    if (!vt_in_hand(probe)) {
      vt_cancel(probe);
      vt_forget(probe);
    }
    vt_await(start_small(accepted[e.waiting]), seen_k, &seen[e.waiting]);
    given_up = seen[e.waiting].count > 0;
    e.waiting += !given_up;
  }
  return e;
}

/* From the first box of the reserve until all are back operations are refused,
 * memory or not; then all is as before, a second time too. */
static void the_reserve_is_made_whole_first(void **state) {
  struct fixture *f = *state;
  enum { MOST = 4000 };
  struct gate *gates = calloc(MOST, sizeof *gates);
  struct seen *seen = calloc(MOST, sizeof *seen);
  vt_t *accepted = calloc(MOST, sizeof *accepted);
  int in_reserve = 0;
  assert_status(vt_loop_run(f->vt, start_small(vt_delay(1))).status, 0);
  for (int round = 0; round < 2; round++) {
    struct exhausted e;
    memset(seen, 0, MOST * sizeof *seen);
    memset(gates, 0, MOST * sizeof *gates);
    for (int i = 0; i < MOST; i++)
      accepted[i] = gate_begin(&gates[i]);
    e = exhaust(accepted, MOST, seen);
    assert_status(vt_status(vt_delay(1)), UV_ENOMEM);
    fault_disarm();
    assert_status(vt_status(vt_delay(1)), UV_ENOMEM); /* not whole yet */
    assert_true(e.waiting < MOST);
    assert_seen_status(&seen[e.waiting], UV_ENOMEM);
    assert_int_equal(gates[e.waiting].cancels, 1); /* and forgotten */
    assert_status(vt_status(accepted[e.waiting]), VT_ESTALE);
    for (int i = 0; i < MOST; i++)
      if (i != e.waiting)
        gate_open(&gates[i], result_int(i));
    for (int i = e.waiting + 1; i < MOST; i++)
      vt_get_result(accepted[i]);
    assert_true(fixture_run(f));
    for (int i = 0; i < e.waiting; i++)
      assert_seen_int(&seen[i], i);
    assert_status(vt_loop_run(f->vt, start_small(vt_delay(1))).status, 0);
    assert_true(e.in_reserve > 1);
    if (round > 0)
      assert_int_equal(e.in_reserve, in_reserve);
    in_reserve = e.in_reserve;
  }
  free(accepted);
  free(seen);
  free(gates);
}

/* Functions and operations together, on a dead allocator: everything that is
 * accepted completes, and the refusals are operations' first. */
static void what_is_begun_without_memory_adds_up(void **state) {
  struct fixture *f = *state;
  enum { MOST = 5000 };
  struct seen *seen = calloc(MOST, sizeof *seen);
  int good = 0, refused = 0;
  assert_status(vt_loop_run(f->vt, start_small(vt_delay(1))).status, 0);
  fault_arm(1, FAULT_FROM);
  for (int i = 0; i < MOST; i++)
    vt_await(start_small(vt_delay(1)), seen_k, &seen[i]);
  assert_true(fixture_run(f));
  fault_disarm();
  for (int i = 0; i < MOST; i++) {
    assert_int_equal(seen[i].count, 1);
    good += seen[i].result.status == 0;
    refused += seen[i].result.status == UV_ENOMEM;
  }
  assert_int_equal(good + refused, MOST);
  assert_true(good > 0);
  assert_true(refused > 0);
  assert_int_equal(fixture_pending(f), 0);
  free(seen);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_function_that_waits),
      cmocka_unit_test(a_clean_up_that_waits),
      cmocka_unit_test(functions_in_functions),
      cmocka_unit_test(a_return_that_waits),
      cmocka_unit_test(a_function_boxed_from_the_start),
      cmocka_unit_test(many_functions_at_once),
      fixture_test(boxed_from_the_start_nothing_is_begun),
      fixture_test(an_await_without_memory_gives_enomem),
      fixture_test(what_was_accepted_can_still_suspend),
      fixture_test(the_reserve_is_made_whole_first),
      fixture_test(what_is_begun_without_memory_adds_up),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault_async", tests);
}
