/* SPDX-License-Identifier: MIT */
/* Async functions: the way through a body. Built three times: plain, with
 * VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

/* ---- helpers ---- */

/* Does one thing, by number, and notes how far it came. */
enum act {
  FALL_OFF,
  RETURN_VALUE,
  RETURN_FAILURE,
  RETURN_PENDING,
  TRY_HIT,
  TRY_FAILURE,
  TRY_PENDING,
  AWAIT_FAILURE,
  AWAIT_PENDING,
  TRY_VALUE
};

struct act_frame {
  vt_frame_t vt;
  enum act act;
  vt_t v; /* what a pending act awaits */
  int *steps;
  vt_result_t r;
  vt_value_t value;
};

static vt_t act_body(void *frame) {
  struct act_frame *f = frame;
  VT_BEGIN(f);
  ++*f->steps;
  if (f->act == RETURN_VALUE)
    VT_RETURN(f, vt_from_int(7));
  if (f->act == RETURN_FAILURE)
    VT_RETURN(f, vt_failed(UV_EIO));
  if (f->act == RETURN_PENDING)
    VT_RETURN(f, f->v);
  if (f->act == TRY_HIT)
    VT_TRY(f, vt_from_int(1));
  if (f->act == TRY_FAILURE)
    VT_TRY(f, vt_failed(UV_EPIPE));
  if (f->act == TRY_PENDING)
    VT_TRY(f, f->v);
  if (f->act == AWAIT_FAILURE)
    VT_AWAIT(f, f->r, vt_failed(UV_EPIPE));
  if (f->act == AWAIT_PENDING)
    VT_AWAIT(f, f->r, f->v);
  if (f->act == TRY_VALUE)
    VT_TRY_VALUE(f, f->value, f->v);
  ++*f->steps;
  if (f->act == AWAIT_FAILURE || f->act == AWAIT_PENDING)
    VT_RETURN(f, vt_from_int(f->r.status));
  if (f->act == TRY_VALUE)
    VT_RETURN(f, vt_from_value(f->value));
  VT_END(f);
}

static vt_t act(enum act what, vt_t v, int *steps) {
  struct act_frame frame = {.act = what, .v = v, .steps = steps};
  *steps = 0;
  return vt_start(&frame, act_body);
}

/* Calls itself depth times, and each awaits the next. */
struct nest_frame {
  vt_frame_t vt;
  int depth;
  vt_t innermost;
};

static vt_t nest_body(void *frame);

static vt_t nest(int depth, vt_t innermost) {
  struct nest_frame frame = {.depth = depth, .innermost = innermost};
  return vt_start(&frame, nest_body);
}

static vt_t nest_body(void *frame) {
  struct nest_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  if (f->depth == 0)
    VT_RETURN(f, f->innermost);
  VT_TRY_VALUE(f, value, nest(f->depth - 1, f->innermost));
  VT_RETURN(f, vt_from_int(value.i + 1));
  VT_END(f);
}

/* Awaits in loops, branches and blocks, each in another way. */
struct blocks_frame {
  vt_frame_t vt;
  int i, j;
  int64_t sum;
};

static vt_t blocks_body(void *frame) {
  struct blocks_frame *f = frame;
  VT_BEGIN(f);
  for (f->i = 0; f->i < 3; f->i++) {
    f->j = 0;
    while (f->j < 4) {
      if (f->j % 2 == 0) {
        VT_TRY(f, vt_yield());
        f->sum += 1;
      } else {
        vt_value_t value;
        VT_TRY_VALUE(f, value, vt_from_int(100));
        f->sum += value.i;
      }
      f->j++;
    }
    do {
      VT_TRY(f, vt_yield());
      f->sum += 10000;
    } while (--f->j > 2);
  }
  {
    int64_t factor = 2;
    VT_RETURN(f, vt_from_int(f->sum * factor));
  }
  VT_END(f);
}

/* Waits some times and adds up, as in C#'s test of pooled boxes. */
struct depth_frame {
  vt_frame_t vt;
  int depth, waits;
  int64_t sum;
};

static vt_t depth_body(void *frame);

static vt_t begin_depth(int depth, int waits) {
  struct depth_frame frame = {.depth = depth, .waits = waits};
  return vt_start(&frame, depth_body);
}

static vt_t depth_body(void *frame) {
  struct depth_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  while (f->waits-- > 0)
    VT_TRY(f, vt_yield());
  f->sum = f->depth;
  if (f->depth > 0) {
    VT_TRY_VALUE(f, value, begin_depth(f->depth - 1, 2));
    f->sum += value.i;
  }
  VT_RETURN(f, vt_from_int(f->sum));
  VT_END(f);
}

struct elsewhere {
  vt_promise_t *promise;
  vt_result_t result;
  int64_t failure; /* of a failure in hand that is tried */
  struct own_source own;
};

static void set_on_thread(void *arg) {
  vt_promise_set(arg, (vt_value_t){.i = 5});
}

static void start_without_loop(void *arg) {
  struct elsewhere *e = arg;
  int steps;
  vt_t hit = act(TRY_HIT, vt_done(), &steps), v;
  own_source_init(&e->own);
  v = act(AWAIT_PENDING, own_source_task(&e->own), &steps);
  e->result = vt_get_result(v);
  if (!vt_is_succeeded(hit) || steps != 2)
    e->result.value.i = 0;
  e->failure = vt_status(act(TRY_FAILURE, vt_done(), &steps));
}

/* ---- it works: nothing waits ---- */

static void what_does_not_wait_is_in_hand(void **state) {
  static const struct {
    enum act act;
    int steps;
    int64_t status, value;
  } cases[] = {{FALL_OFF, 2, 0, 0},
               {RETURN_VALUE, 1, 0, 7},
               {RETURN_FAILURE, 1, UV_EIO, 0},
               {RETURN_PENDING, 1, 0, 42}, /* which is in hand here */
               {TRY_HIT, 2, 0, 0},
               {TRY_FAILURE, 1, UV_EPIPE, 0},
               {TRY_PENDING, 2, 0, 0},
               {AWAIT_FAILURE, 2, 0, UV_EPIPE},
               {AWAIT_PENDING, 2, 0, 0},
               {TRY_VALUE, 2, 0, 42}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int steps;
    vt_t v = act(cases[i].act, vt_from_int(42), &steps);
    assert_true(vt_in_hand(v));
    assert_status(vt_status(v), cases[i].status);
    if (cases[i].status == 0)
      assert_int_equal(vt_get_result(v).value.i, cases[i].value);
    assert_int_equal(steps, cases[i].steps);
  }
}

static void hits_through_a_hundred_functions_need_no_memory(void **state) {
  struct fixture *f = *state;
  vt_alloc_stats_t before, after;
  vt_loop_stats_t stats;
  vt_alloc_stats(&before);
  for (int i = 0; i < 10; i++) {
    vt_t v = nest(100, vt_from_int(i));
    assert_true(vt_in_hand(v));
    assert_int_equal(vt_get_result(v).value.i, 100 + i);
    v = nest(100, vt_failed(UV_EIO));
    assert_true(vt_in_hand(v));
    assert_status(vt_status(v), UV_EIO);
  }
  vt_alloc_stats(&after);
  vt_loop_stats(f->vt, &stats);
  assert_int_equal(stats.pending + stats.untaken, 0);
#ifndef VT_DEBUG /* where frames move to fresh blocks, on purpose */
  assert_int_equal(after.calls, before.calls);
  assert_int_equal(after.blocks, before.blocks);
#endif
}

/* ---- it works: something waits ---- */

static void what_waits_goes_on_where_it_was(void **state) {
  struct fixture *f = *state;
  static const struct {
    enum act act;
    int before, after;
    int64_t value;
  } cases[] = {{RETURN_PENDING, 1, 1, 9},
               {TRY_PENDING, 1, 2, 0},
               {AWAIT_PENDING, 1, 2, 0},
               {TRY_VALUE, 1, 2, 9}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct gate gate = {0};
    struct seen seen = {0};
    int steps;
    vt_t v = act(cases[i].act, gate_begin(&gate), &steps);
    assert_status(vt_status(v), VT_PENDING);
    assert_int_equal(steps, cases[i].before);
    vt_await(v, seen_k, &seen);
    gate_open(&gate, result_int(9));
    assert_true(fixture_run(f));
    assert_int_equal(steps, cases[i].after);
    assert_seen_int(&seen, cases[i].value);
  }
}

static void a_failure_that_comes_later_leaves(void **state) {
  struct fixture *f = *state;
  static const enum act acts[] = {RETURN_PENDING, TRY_PENDING, TRY_VALUE};
  for (size_t i = 0; i < 3; i++) {
    struct gate gate = {0};
    int steps;
    vt_t v = act(acts[i], gate_begin(&gate), &steps);
    gate_open(&gate, result_failed(UV_ETIMEDOUT));
    assert_true(fixture_run(f));
    assert_status(vt_status(v), UV_ETIMEDOUT);
    assert_int_equal(steps, 1);
    assert_status(vt_get_result(v).status, UV_ETIMEDOUT);
    assert_status(vt_get_result(v).status, VT_ESTALE); /* one-shot */
  }
}

static void pending_goes_through_a_hundred_functions(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  vt_await(nest(100, gate_begin(&gate)), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  gate_open(&gate, result_int(5));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 105);
  assert_int_equal(fixture_pending(f), 0);
}

static void awaits_stand_in_loops_and_blocks(void **state) {
  struct fixture *f = *state;
  struct blocks_frame frame = {.sum = 0};
  vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, blocks_body));
  assert_status(r.status, 0);
  assert_int_equal(r.value.i, 2 * (3 * (2 + 200) + 3 * 2 * 10000));
}

static void any_number_of_waits_completes(void **state) {
  struct fixture *f = *state;
  static const int waits[] = {0, 1, 2, 10, 1000};
  for (size_t i = 0; i < 5; i++) {
    vt_result_t r = vt_loop_run(f->vt, begin_depth(0, waits[i]));
    assert_status(r.status, 0);
  }
}

static void many_run_at_once(void **state) {
  struct fixture *f = *state;
  for (int round = 0; round < 3; round++) {
    struct seen seen[100] = {{0}};
    int64_t sum = 0;
    for (int i = 0; i < 100; i++)
      vt_await(begin_depth(3, i % 5), seen_k, &seen[i]);
    assert_true(fixture_run(f));
    for (int i = 0; i < 100; i++)
      sum += seen[i].count == 1 ? seen[i].result.value.i : -1000;
    assert_int_equal(sum, 600);
  }
}

/* Every kind of value task, done and pending, good and bad. */
static void it_awaits_anything(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 16; i++) {
    vt_result_t r = i & 1 ? result_failed(UV_EIO) : result_int(3);
    bool pending = i & 2;
    struct gate gate = {0};
    struct own_source own;
    vt_reset_source_t reset;
    vt_promise_t *promise = NULL;
    vt_t v;
    struct seen seen = {0};
    int steps;
    own_source_init(&own);
    vt_reset_source_init(&reset, 0);
    assert_status(vt_promise_new(0, &promise), 0);
    v = i / 4 == 0   ? gate_begin(&gate)
        : i / 4 == 1 ? own_source_task(&own)
        : i / 4 == 2 ? vt_reset_source_task(&reset)
                     : vt_from_task(vt_promise_task(promise));
    if (pending)
      vt_await(act(TRY_VALUE, v, &steps), seen_k, &seen);
    if (gate.op)
      gate_open(&gate, r);
    own_source_complete(&own, r);
    vt_reset_source_set(&reset, r);
    if (i / 4 == 3 && r.status != 0)
      vt_promise_fail(promise, r.status);
    else
      vt_promise_set(promise, r.value);
    if (!pending)
      vt_await(act(TRY_VALUE, v, &steps), seen_k, &seen);
    assert_true(fixture_run(f));
    fixture_assert_seen(&seen, r.status, 3, __FILE__, __LINE__);
    vt_promise_free(promise);
  }
}

static void it_resumes_on_its_own_loop(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise;
  struct seen seen = {0};
  uv_thread_t self = uv_thread_self();
  int steps;
  assert_status(vt_promise_new(0, &promise), 0);
  vt_await(act(TRY_VALUE, vt_from_task(vt_promise_task(promise)), &steps),
           seen_k, &seen);
  fixture_on_thread(set_on_thread, promise, 0);
  assert_int_equal(steps, 1);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
  assert_true(uv_thread_equal(&seen.thread, &self));
  vt_promise_free(promise);
}

/* ---- it fails ---- */

static void it_is_one_shot(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen first = {0}, second = {0};
  int steps;
  vt_t v = act(TRY_VALUE, gate_begin(&gate), &steps);
  assert_status(vt_get_result(v).status, VT_EPENDING);
  vt_await(v, seen_k, &first);
  vt_await(v, seen_k, &second);
  assert_seen_status(&second, VT_EAWAITED);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&first, 1);
  assert_status(vt_status(v), VT_ESTALE);
}

static void forgotten_its_failure_is_reported(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  const struct fixture_report *r;
  int steps;
  vt_forget(act(TRY_PENDING, gate_begin(&gate), &steps));
  gate_open(&gate, result_failed(UV_EIO));
  assert_true(fixture_run(f));
  r = fixture_take_report(f, VT_REPORT_FORGOTTEN);
  assert_non_null(r);
  assert_status(r->status, UV_EIO);
  assert_string_equal(r->what, "async function");
}

static void never_taken_it_is_reported_at_detach(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  const struct fixture_report *r;
  int steps;
  vt_t v = act(TRY_PENDING, gate_begin(&gate), &steps);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_status(vt_status(v), 0);
  assert_status(fixture_detach(f), 0);
  r = fixture_take_report(f, VT_REPORT_NEVER_AWAITED);
  assert_non_null(r);
  assert_string_equal(r->what, "async function");
}

static void a_wait_without_a_loop_is_enoloop(void **state) {
  struct elsewhere e = {0};
  (void)state;
  fixture_on_thread(start_without_loop, &e, 0);
  assert_status(e.result.status, 0);
  assert_status(e.result.value.i, VT_ENOLOOP);
  assert_status(e.failure, UV_EPIPE); /* which needs none */
}

/* A status that the 16 bytes cannot carry is still a failure. */
static void the_lowest_statuses_are_no_success(void **state) {
  struct fixture *f = *state;
  static const int64_t statuses[] = {INT64_MIN, -(1LL << 62) - 1};
  for (size_t i = 0; i < 2; i++) {
    struct gate gate = {0};
    struct seen seen = {0};
    int steps;
    vt_await(act(TRY_PENDING, gate_begin(&gate), &steps), seen_k, &seen);
    gate_open(&gate, result_failed(statuses[i]));
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, 1);
    assert_true(seen.result.status < 0);
    assert_int_equal(steps, 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_does_not_wait_is_in_hand),
      fixture_test(hits_through_a_hundred_functions_need_no_memory),
      fixture_test(what_waits_goes_on_where_it_was),
      fixture_test(a_failure_that_comes_later_leaves),
      fixture_test(pending_goes_through_a_hundred_functions),
      fixture_test(awaits_stand_in_loops_and_blocks),
      fixture_test(any_number_of_waits_completes),
      fixture_test(many_run_at_once),
      fixture_test(it_awaits_anything),
      fixture_test(it_resumes_on_its_own_loop),
      fixture_test(it_is_one_shot),
      fixture_test(forgotten_its_failure_is_reported),
      fixture_test(never_taken_it_is_reported_at_detach),
      fixture_test(a_wait_without_a_loop_is_enoloop),
      fixture_test(the_lowest_statuses_are_no_success),
  };
  return fixture_main("async", tests);
}
