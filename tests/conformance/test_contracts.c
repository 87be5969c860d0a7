/* SPDX-License-Identifier: MIT */
/* The contracts of contracts.md that no other test shows: C#'s promises about
 * values, sources and continuations, as vt holds them. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

#include <string.h>

/* ---- helpers ---- */

struct await_frame {
  vt_frame_t vt;
  vt_t v;
  int *resumed;
};

static vt_t await_body(void *frame) {
  struct await_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, f->v);
  ++*f->resumed;
  VT_RETURN(f, vt_from_result(r));
  VT_END(f);
}

static vt_t await_async(vt_t v, int *resumed) {
  struct await_frame frame = {.v = v, .resumed = resumed};
  return vt_start(&frame, await_body);
}

static vt_loop_stats_t stats_of(struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats;
}

/* What a walk says of the operations. */
struct walked {
  int count;
  int completed;
  char subjects[64];
};

static void walk_entry(void *arg, const vt_loop_entry_t *entry) {
  struct walked *w = arg;
  w->count++;
  w->completed += entry->completed;
  strncat(w->subjects, entry->subject,
          sizeof w->subjects - strlen(w->subjects) - 1);
}

/* Each kind of operation that can be cancelled, pending. */
enum kind { GATE, DETACHABLE, OWN, DELAY, YIELD, KINDS };

struct any {
  struct gate gate;
  struct own_source own;
};

static vt_t begin_any(struct any *any, enum kind kind) {
  *any = (struct any){.gate = {.cancel_rc = kind == GATE ? 0 : UV_EBUSY}};
  own_source_init(&any->own);
  if (kind == GATE)
    return gate_begin(&any->gate);
  if (kind == DETACHABLE)
    return gate_begin_detachable(&any->gate);
  if (kind == OWN)
    return own_source_task(&any->own);
  return kind == DELAY ? vt_delay(3600 * 1000) : vt_yield();
}

/* ---- the value itself ---- */

static void zero_in_any_member_is_one_task(void **state) {
  vt_task_t *negative = vt_as_task(vt_from_double(-0.0));
  (void)state;
  assert_ptr_equal(vt_as_task(vt_from_double(0.0)), vt_task_completed());
  assert_ptr_equal(vt_as_task(vt_from_uint(0)), vt_task_completed());
  assert_ptr_not_equal(negative, vt_task_completed());
  assert_true(vt_task_result(negative).value.d == 0.0);
  vt_task_unref(negative);
}

static void a_failure_in_hand_is_a_new_task_each_time(void **state) {
  vt_t v = vt_failed(UV_ECANCELED);
  vt_task_t *a = vt_as_task(v), *b = vt_as_task(v);
  (void)state;
  assert_ptr_not_equal(a, b);
  assert_status(vt_task_result(a).status, UV_ECANCELED);
  assert_status(vt_task_result(b).status, UV_ECANCELED);
  vt_task_unref(a);
  vt_task_unref(b);
}

/* Which of two misuses is told: no continuation is the first. */
static void no_continuation_is_told_before_the_token(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct own_source own;
  vt_t v = gate_begin(&gate);
  own_source_init(&own);
  assert_int_equal(vt_on_completed(v, 0, NULL, f), UV_EINVAL);
  assert_int_equal(vt_on_completed(own_source_task(&own), 0, NULL, f),
                   UV_EINVAL);
  assert_int_equal(vt_on_completed(vt_done(), 0, NULL, f), UV_EINVAL);
  assert_int_equal(own.asked, 0);
  gate_open(&gate, result_int(1));
  assert_int_equal(vt_get_result(v).value.i, 1);
  assert_int_equal(vt_on_completed(v, 0, NULL, f), UV_EINVAL);
}

/* Walks, counters and descriptions look at it; taken it is but once. */
static void looking_at_it_takes_nothing(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.about = "the answer"};
  struct own_source own;
  vt_t v = gate_begin(&gate);
  own_source_init(&own);
  gate_open(&gate, result_int(42));
  own_source_complete(&own, result_int(43));
  for (int i = 0; i < 3; i++) {
    struct walked w = {0};
    vt_loop_walk(f->vt, walk_entry, &w);
    assert_int_equal(w.count, 1);
    assert_int_equal(w.completed, 1);
    assert_string_equal(w.subjects, "the answer");
    assert_int_equal(stats_of(f).untaken, 1);
    assert_true(vt_is_succeeded(v));
    assert_true(vt_is_succeeded(own_source_task(&own)));
    assert_true(vt_equal(v, v));
  }
  assert_int_equal(own.taken, 0);
  assert_int_equal(vt_get_result(v).value.i, 42);
  assert_status(vt_status(v), VT_ESTALE);
}

/* ---- tasks of value tasks ---- */

/* The awaiter of the task runs when the operation completes, not a turn
 * later. */
static void conversion_adds_no_hop(void **state) {
  struct gate gate = {0};
  struct own_source own;
  struct seen seen[2] = {{0}};
  vt_task_t *tasks[2];
  (void)state;
  own_source_init(&own);
  tasks[0] = vt_as_task(gate_begin(&gate));
  tasks[1] = vt_as_task(own_source_task(&own));
  for (int i = 0; i < 2; i++)
    vt_await(vt_from_task(tasks[i]), seen_k, &seen[i]);
  gate_open(&gate, result_int(1));
  own_source_complete(&own, result_int(2));
  for (int i = 0; i < 2; i++) {
    assert_seen_int(&seen[i], i + 1); /* the loop has not turned */
    vt_task_unref(tasks[i]);
  }
}

/* The frame goes when the function ends; the task keeps only the result. */
static void a_kept_task_keeps_no_frame(void **state) {
  struct fixture *f = *state;
  vt_task_t *task = NULL;
  uint64_t pooled = 0;
  for (int i = 0; i < 2; i++) { /* the first one fills the pools */
    struct gate gate = {0};
    int resumed = 0;
    vt_task_unref(task);
    task = vt_as_task(await_async(gate_begin(&gate), &resumed));
    if (i == 1)
      assert_true(stats_of(f).pooled < pooled);
    gate_open(&gate, result_int(7));
    assert_true(fixture_run(f));
    if (i == 1)
      assert_int_equal(stats_of(f).pooled, pooled);
    pooled = stats_of(f).pooled;
    assert_int_equal(stats_of(f).pending + stats_of(f).untaken, 0);
  }
  assert_int_equal(vt_task_result(task).value.i, 7);
  vt_task_unref(task);
}

/* ---- sources ---- */

/* C# refuses for ever what once had a continuation; here it has run, and the
 * result may be read on. */
static void once_it_has_run_others_may_ask(void **state) {
  struct fixture *f = *state;
  vt_reset_source_t s;
  struct seen first = {0}, other = {0};
  vt_t v;
  vt_reset_source_init(&s, 0);
  v = vt_reset_source_task(&s);
  assert_int_equal(vt_on_completed(v, 0, seen_k, &first), 0);
  assert_status(vt_reset_source_set(&s, result_int(3)), 0);
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++)
    assert_int_equal(vt_on_completed(v, 0, seen_k, &other), VT_COMPLETED);
  vt_await_with(v, VT_LATER, seen_k, &other);
  assert_true(fixture_run(f));
  assert_seen_int(&first, 3);
  assert_seen_int(&other, 3);
}

/* While the first one is queued it has not run: nobody else may have it. */
static void while_it_is_queued_others_are_refused(void **state) {
  struct fixture *f = *state;
  vt_reset_source_t s;
  struct seen first = {0}, other = {0};
  vt_t v;
  vt_reset_source_init(&s, VT_COMPLETE_LATER);
  v = vt_reset_source_task(&s);
  vt_await(v, seen_k, &first);
  assert_status(vt_reset_source_set(&s, result_int(3)), 0);
  assert_int_equal(vt_on_completed(v, 0, seen_k, &other), VT_EAWAITED);
  assert_int_equal(vt_get_result(v).value.i, 3); /* reading is no await */
  assert_true(fixture_run(f));
  assert_seen_int(&first, 3);
  assert_int_equal(other.count, 0);
}

/* A source that keeps a continuation and refuses it too, and one that
 * completes while it is asked: the function goes on once. */
static void a_misbehaving_source_resumes_a_function_once(void **state) {
  struct fixture *f = *state;
  for (int inside = 0; inside < 2; inside++) {
    struct own_source own;
    struct seen seen = {0};
    int resumed = 0;
    own_source_init(&own);
    own.resumes_inside = inside;
    own.refusal = inside ? 0 : UV_EBUSY;
    own.keeps_refused = !inside;
    vt_await(await_async(own_source_task(&own), &resumed), seen_k, &seen);
    assert_true(fixture_run(f));
    assert_status(vt_resume(&own.continuation, result_int(1)), VT_EDONE);
    assert_true(fixture_run(f));
    assert_int_equal(resumed, 1);
    fixture_assert_seen(&seen, inside ? 0 : UV_EBUSY, 99, __FILE__, __LINE__);
    assert_int_equal(fixture_pending(f), 0);
  }
}

/* It says that it is done, and keeps the continuation all the same. */
static void a_source_that_is_done_and_resumes_runs_it_once(void **state) {
  struct fixture *f = *state;
  for (unsigned flags = 0; flags <= VT_LATER; flags++) {
    struct own_source own;
    struct seen seen = {0};
    own_source_init(&own);
    own_source_complete(&own, result_int(5));
    own.refusal = VT_COMPLETED;
    own.keeps_refused = true;
    vt_await_with(own_source_task(&own), flags, seen_k, &seen);
    assert_status(vt_resume(&own.continuation, result_int(6)), VT_EDONE);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 5);
    assert_int_equal(fixture_pending(f), 0);
  }
}

/* ---- cancel ---- */

static void cancel_runs_no_continuation(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 2 * KINDS; i++) {
    enum kind kind = (enum kind)(i / 2);
    struct any any;
    struct seen seen = {0};
    int resumed = 0;
    vt_t v = begin_any(&any, kind);
    if (i % 2)
      v = await_async(v, &resumed);
    vt_await(v, seen_k, &seen);
    assert_status(vt_cancel(v), 0);
    assert_int_equal(seen.count, 0);
    assert_int_equal(resumed, 0);
    if (kind == DETACHABLE)
      gate_open(&any.gate, result_int(1)); /* libuv is done with it */
    assert_true(fixture_run(f));
    assert_seen_status(&seen, UV_ECANCELED);
  }
}

/* Whatever it is that is done, its queued continuation can be withdrawn, and
 * withdrawn it does not run. */
static void what_is_done_and_queued_may_be_stopped(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 2 * KINDS; i++) {
    enum kind kind = (enum kind)(i / 2);
    struct any any;
    struct seen seen = {0};
    int resumed = 0;
    vt_t v = begin_any(&any, kind);
    if (i % 2)
      v = await_async(v, &resumed);
    assert_status(vt_cancel(v), 0); /* done, by and by */
    if (kind == DETACHABLE)
      gate_open(&any.gate, result_int(1));
    assert_true(fixture_run(f));
    assert_true(vt_is_cancelled(v));
    vt_await_with(v, VT_LATER, seen_k, &seen);
    assert_true(vt_await_stop(v, seen_k, &seen));
    assert_false(vt_await_stop(v, seen_k, &seen));
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, 0);
    assert_int_equal(fixture_pending(f) + stats_of(f).untaken, 0);
  }
}

/* What has completed is not rolled back: the result is there to be taken. */
static void a_cancel_after_the_completion_changes_nothing(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct own_source own;
  struct seen queued = {0};
  vt_t v = gate_begin(&gate), w;
  own_source_init(&own);
  w = own_source_task(&own);
  vt_await(w, seen_k, &queued);
  gate_open(&gate, result_int(1));
  own_source_complete_later(&own, result_int(2));
  assert_status(vt_cancel(v), UV_EALREADY);
  assert_status(vt_cancel(w), UV_EALREADY);
  assert_int_equal(gate.cancels + own.cancelled, 0);
  assert_int_equal(vt_get_result(v).value.i, 1);
  assert_true(fixture_run(f));
  assert_seen_int(&queued, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(zero_in_any_member_is_one_task),
      fixture_test(a_failure_in_hand_is_a_new_task_each_time),
      fixture_test(no_continuation_is_told_before_the_token),
      fixture_test(looking_at_it_takes_nothing),
      fixture_test(conversion_adds_no_hop),
      fixture_test(a_kept_task_keeps_no_frame),
      fixture_test(once_it_has_run_others_may_ask),
      fixture_test(while_it_is_queued_others_are_refused),
      fixture_test(a_misbehaving_source_resumes_a_function_once),
      fixture_test(a_source_that_is_done_and_resumes_runs_it_once),
      fixture_test(cancel_runs_no_continuation),
      fixture_test(what_is_done_and_queued_may_be_stopped),
      fixture_test(a_cancel_after_the_completion_changes_nothing),
  };
  return fixture_main("contracts", tests);
}
