/* SPDX-License-Identifier: MIT */
/* The common mistakes with C#'s ValueTask where tasks and threads come in:
 * converting twice, wrapping in work, mixing into code that wants tasks; and
 * what each gives here. Built twice: plain, and with VT_DEBUG. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/pending.h"

/* ---- helpers ---- */

static vt_result_t do_work(void *arg) {
  (void)arg;
  return result_int(7);
}

static vt_t begin_yield(void) { return vt_yield(); }
static vt_t begin_work(void) { return vt_work(do_work, NULL); }

/* A worker that touches the loop's value task, and what it is told. */
struct worker {
  vt_t v;          /* a one-shot operation of the loop */
  vt_task_t *task; /* pending */
  int64_t status, result, delay;
  struct seen await, task_await;
};

static vt_result_t touch_on_worker(void *arg) {
  struct worker *w = arg;
  w->status = vt_status(w->v);
  w->result = vt_get_result(w->v).status;
  vt_await(w->v, seen_k, &w->await);
  vt_await(vt_from_task(w->task), seen_k, &w->task_await);
  w->delay = vt_status(vt_delay(1));
  vt_forget(w->v);
  return result_int(0);
}

/* The right way: await on the loop, hand the worker the value. */
struct square_frame {
  vt_frame_t vt;
  vt_t v;
  int64_t *value; /* borrowed by the work: not in the frame, which moves */
};

static vt_result_t square_on_worker(void *arg) {
  const int64_t *value = arg;
  return result_int(*value * *value);
}

static vt_t square_body(void *frame) {
  struct square_frame *f = frame;
  vt_value_t n;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, n, f->v);
  *f->value = n.i;
  VT_RETURN(f, vt_work(square_on_worker, f->value));
  VT_END(f);
}

/* The other right way: a task may be read on any thread. */
static vt_result_t read_task_on_worker(void *arg) {
  return vt_task_result(arg);
}

/* ---- converting twice ---- */

static void converting_a_one_shot_twice_gives_a_failed_task(void **state) {
  struct fixture *f = *state;
  struct pending p;
  vt_task_t *task, *again;
  uint64_t before;
  pending_begin(&p, ONE_SHOT);
  task = vt_as_task(p.v);
  again = vt_as_task(p.v);
  assert_status(vt_task_status(again), VT_ESTALE);
  before = fixture_allocations();
  for (int i = 0; i < 200; i++)
    assert_ptr_equal(vt_as_task(p.v), again);
  assert_int_equal(fixture_allocations(), before);
  assert_status(vt_loop_run(f->vt, p.v).status, VT_ESTALE);
  pending_complete(&p, 3);
  assert_int_equal(vt_loop_run(f->vt, vt_from_task(task)).value.i, 3);
  assert_ptr_equal(vt_as_task(p.v), again);
  vt_task_unref(task);
}

static void converting_an_awaited_one_gives_a_failed_task(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v = vt_delay(1);
  vt_task_t *task;
  vt_await(v, seen_k, &seen);
  task = vt_as_task(v);
  assert_status(vt_task_status(task), VT_EAWAITED);
  assert_ptr_equal(vt_as_task(v), task);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
}

static void converting_a_task_backed_one_gives_the_same_task(void **state) {
  struct pending p;
  (void)state;
  pending_begin(&p, TASK_BACKED);
  for (int i = 0; i < 4; i++) {
    vt_task_t *task = vt_as_task(p.v);
    assert_ptr_equal(task, vt_promise_task(p.promise));
    vt_task_unref(task);
    if (i == 1)
      pending_complete(&p, 1);
  }
  pending_end(&p);
}

static void converting_a_resettable_one_works_until_its_reset(void **state) {
  struct fixture *f = *state;
  struct pending p;
  vt_task_t *tasks[4];
  pending_begin(&p, RESETTABLE);
  tasks[0] = vt_as_task(p.v);
  tasks[1] = vt_as_task(p.v); /* one continuation is registered */
  assert_status(vt_task_status(tasks[1]), VT_EAWAITED);
  pending_complete(&p, 4);
  assert_true(fixture_run(f));
  tasks[2] = vt_as_task(p.v);
  assert_status(vt_reset_source_reset(&p.source), 0);
  tasks[3] = vt_as_task(p.v);
  assert_status(vt_task_status(tasks[3]), VT_ESTALE);
  for (int i = 0; i < 4; i++) {
    if (i % 2 == 0)
      assert_int_equal(vt_task_result(tasks[i]).value.i, 4);
    vt_task_unref(tasks[i]);
  }
}

/* ---- wrapping in vt_work ---- */

static void a_worker_that_touches_a_value_task_is_refused(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  struct worker w = {.v = gate_begin(&gate)};
  vt_promise_t *promise;
  assert_status(vt_promise_new(0, &promise), 0);
  w.task = vt_promise_task(promise);
  assert_status(vt_loop_run(f->vt, vt_work(touch_on_worker, &w)).status, 0);
  assert_status(w.status, VT_ETHREAD);
  assert_status(w.result, VT_ETHREAD);
  assert_seen_status(&w.await, VT_ETHREAD);
  assert_seen_status(&w.task_await, VT_ENOLOOP);
  assert_status(w.delay, VT_ENOLOOP);
  vt_await(w.v, seen_k, &seen); /* nothing changed */
  gate_open(&gate, result_int(8));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 8);
  vt_promise_set(promise, (vt_value_t){.i = 0});
  vt_promise_free(promise);
}

static void awaited_first_its_value_goes_to_the_worker(void **state) {
  struct fixture *f = *state;
  int64_t value = 0;
  struct square_frame frame = {.v = begin_work(), .value = &value};
  vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, square_body));
  assert_status(r.status, 0);
  assert_int_equal(r.value.i, 49);
}

static void a_worker_may_read_a_completed_task(void **state) {
  struct fixture *f = *state;
  vt_task_t *task = vt_as_task(begin_work());
  assert_status(vt_loop_run(f->vt, vt_from_task(task)).status, 0);
  assert_int_equal(
      vt_loop_run(f->vt, vt_work(read_task_on_worker, task)).value.i, 7);
  vt_task_unref(task);
}

/* ---- mixing into code that wants tasks ---- */

enum { MIXED = 256 };

/* Converts as many, and tells what the allocator gave for them. The call in
 * brackets: the macro of VT_DEBUG counts lines, which needs memory too. */
static uint64_t convert_many(vt_t (*begin)(void), vt_task_t **tasks) {
  static vt_t v[MIXED];
  vt_alloc_stats_t before, after;
  for (int i = 0; i < MIXED; i++)
    v[i] = begin();
  vt_alloc_stats(&before);
  for (int i = 0; i < MIXED; i++)
    tasks[i] = (vt_as_task)(v[i]);
  vt_alloc_stats(&after);
  return after.bytes - before.bytes;
}

/* Pairs of the same task. */
static int count_same(vt_task_t *const *tasks) {
  int same = 0;
  for (int i = 1; i < MIXED; i++)
    for (int j = 0; j < i; j++)
      same += tasks[i] == tasks[j];
  return same;
}

static vt_t begin_42(void) { return vt_from_int(42); }
static vt_t begin_minus_2(void) { return vt_from_int(-2); }
static vt_t begin_9(void) { return vt_from_int(9); }
static vt_t begin_cancelled(void) { return vt_failed(UV_ECANCELED); }
static vt_t begin_done(void) { return vt_done(); }
static vt_t begin_null(void) { return vt_from_ptr(NULL); }
static vt_t begin_false(void) { return vt_from_int(false); }
static vt_t begin_true(void) { return vt_from_int(true); }

static void a_task_costs_memory_where_none_is_static(void **state) {
  vt_t (*const makers[])(void) = {begin_42, begin_minus_2, begin_9,
                                  begin_cancelled, begin_yield};
  static vt_task_t *tasks[5][MIXED];
  struct fixture *f = *state;
  for (int i = 0; i < 5; i++) {
    assert_true(convert_many(makers[i], tasks[i]) >=
                (MIXED - 64) *
                    sizeof(vt_result_t)); /* 64: a pool may be full */
    assert_int_equal(count_same(tasks[i]), 0);
  }
  assert_true(fixture_run(f));
  for (int i = 0; i < 5 * MIXED; i++)
    vt_task_unref(tasks[i / MIXED][i % MIXED]);
}

static void a_task_costs_nothing_where_one_is_static(void **state) {
  vt_t (*const makers[])(void) = {begin_done, begin_null, begin_false,
                                  begin_true};
  static vt_task_t *tasks[MIXED];
  uint64_t before = fixture_allocations();
  (void)state;
  for (int i = 0; i < 4; i++) {
    assert_int_equal(convert_many(makers[i], tasks), 0);
    assert_int_equal(count_same(tasks), MIXED * (MIXED - 1) / 2);
  }
  for (int64_t n = -1; n <= 8; n++) {
    vt_task_t *task = (vt_as_task)(vt_from_int(n));
    assert_ptr_equal(task, vt_task_from_int(n));
    assert_int_equal(vt_task_result(task).value.i, n);
  }
  assert_int_equal(fixture_allocations(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(converting_a_one_shot_twice_gives_a_failed_task),
      fixture_test(converting_an_awaited_one_gives_a_failed_task),
      fixture_test(converting_a_task_backed_one_gives_the_same_task),
      fixture_test(converting_a_resettable_one_works_until_its_reset),
      fixture_test(a_worker_that_touches_a_value_task_is_refused),
      fixture_test(awaited_first_its_value_goes_to_the_worker),
      fixture_test(a_worker_may_read_a_completed_task),
      fixture_test(a_task_costs_memory_where_none_is_static),
      fixture_test(a_task_costs_nothing_where_one_is_static),
  };
  return fixture_main("mistakes_tasks", tests);
}
