/* SPDX-License-Identifier: MIT */
/* Delays, tasks of results, and work on the pool: C#'s TaskRtTests. The pool
 * has one thread here, so that what is queued and what runs can be told
 * apart. */
#include "support/pass.h"
#include "support/plug.h"

/* ---- helpers: delays ---- */

/* Cancels two delays from a continuation of a third. */
struct canceller {
  vt_t victims[2];
  int rc[4];
  int seen_inside; /* continuations that ran inside the cancel */
  struct seen seen[2];
};

static void cancel_both(void *state, vt_result_t result) {
  struct canceller *c = state;
  (void)result;
  for (int i = 0; i < 4; i++)
    c->rc[i] = vt_cancel(c->victims[i / 2]);
  c->seen_inside = c->seen[0].count + c->seen[1].count;
}

static void delay_without_a_loop(void *arg) {
  int64_t *status = arg;
  status[0] = vt_status(vt_delay(0));
  status[1] = vt_status(vt_delay(1));
  status[2] = vt_status(vt_delay(UINT64_MAX));
}

/* ---- helpers: work ---- */

struct job {
  vt_result_t result;
  vt_promise_t *promise; /* completed by it where there is one */
  uv_sem_t *begun, *go;  /* tells that it runs, and waits, where there are */
  int runs;
};

static vt_result_t run_job(void *arg) {
  struct job *job = arg;
  job->runs++;
  if (job->begun) {
    uv_sem_post(job->begun);
    uv_sem_wait(job->go);
  }
  if (job->promise)
    vt_promise_set(job->promise, job->result.value);
  return job->result;
}

/* Work, and what it is followed by: C#'s unwrapped task of a task. */
struct unwrap_frame {
  vt_frame_t vt;
  struct job *outer, *inner; /* inner NULL: v is returned */
  vt_t v;
};

static vt_t unwrap_body(void *frame) {
  struct unwrap_frame *f = frame;
  VT_BEGIN(f);
  if (f->outer)
    VT_TRY(f, vt_work(run_job, f->outer));
  VT_RETURN(f, f->inner ? vt_work(run_job, f->inner) : f->v);
  VT_END(f);
}

static vt_t unwrapped(struct job *outer, struct job *inner) {
  struct unwrap_frame frame = {.outer = outer, .inner = inner};
  return vt_start(&frame, unwrap_body);
}

/* ---- helpers: failures through levels ---- */

/* The cases of a failure's origin. */
static vt_t origin_in_hand(void) { return vt_failed(UV_EIO); }

static vt_t origin_work(void) {
  static struct job job = {.result = {.status = UV_EIO}};
  return vt_work(run_job, &job);
}

static vt_t origin_function(void) {
  return pass(vt_failed(UV_EIO), PASS_WAITS);
}

/* ---- the cases: delays ---- */

/* Nothing is out of bounds: what C# refuses is a very long time here. */
static void task_delay_out_of_bounds_throws_exception(void **state) {
  struct fixture *f = *state;
  static const int64_t delays[] = {-2, INT32_MIN, UINT32_MAX, -1, INT64_MAX};
  for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
    vt_t v = vt_delay((uint64_t)delays[i]);
    for (int n = 0; n < 3; n++)
      fixture_turn(f);
    assert_status(vt_status(v), VT_PENDING);
    assert_status(vt_cancel(v), 0);
    assert_status(vt_loop_run(f->vt, v).status, UV_ECANCELED);
  }
}

/* The longest one pends, and a cancel ends it, with shorter ones beside it. */
static void task_delay_max_supported_success(void **state) {
  struct fixture *f = *state;
  vt_t longest = vt_delay(UINT64_MAX), longer = vt_delay(UINT64_MAX - 1);
  vt_t brief = vt_delay(1);
  assert_false(vt_is_completed(longest));
  assert_status(vt_loop_run(f->vt, brief).status, 0);
  assert_status(vt_status(longest), VT_PENDING);
  assert_status(vt_cancel(longest), 0);
  assert_status(vt_loop_run(f->vt, longest).status, UV_ECANCELED);
  assert_status(vt_status(longer), VT_PENDING);
  assert_status(vt_cancel(longer), 0);
  assert_status(vt_loop_run(f->vt, longer).status, UV_ECANCELED);
}

/* Zero is "done", costs nothing and asks nothing of a loop; a short one ends
 * while a long one does not. */
static void run_delay_tests(void **state) {
  struct fixture *f = *state;
  uint64_t before = fixture_allocations();
  for (int i = 0; i < 4; i++)
    assert_true(vt_equal(vt_delay(0), vt_done()));
  assert_int_equal(fixture_allocations(), before);
  assert_int_equal(fixture_pending(f), 0);
  assert_false(uv_loop_alive(&f->uv));
  vt_t long_one = vt_delay(10000000), short_one = vt_delay(10);
  assert_false(vt_is_completed(long_one) || vt_is_completed(short_one));
  assert_status(vt_loop_run(f->vt, short_one).status, 0);
  assert_false(vt_is_completed(long_one));
  assert_status(vt_cancel(long_one), 0);
  vt_forget(long_one);
  assert_true(fixture_run(f));
}

/* Zero is looked at first, then the loop. A cancel wins or loses once: told
 * twice, too late, or taken, it changes nothing. */
static void run_delay_tests_negative_cases(void **state) {
  struct fixture *f = *state;
  int64_t status[3];
  struct seen seen = {0};
  vt_t v;
  fixture_on_thread(delay_without_a_loop, status, 0);
  assert_status(status[0], 0);
  assert_status(status[1], VT_ENOLOOP);
  assert_status(status[2], VT_ENOLOOP);
  v = vt_delay(1); /* the timer wins */
  while (!vt_is_completed(v))
    uv_run(&f->uv, UV_RUN_ONCE);
  assert_status(vt_cancel(v), UV_EALREADY);
  assert_status(vt_status(v), 0);
  assert_status(vt_get_result(v).status, 0);
  assert_status(vt_cancel(v), VT_ESTALE);
  v = vt_delay(1000000); /* the cancel wins */
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_status(vt_cancel(v), UV_EALREADY);
  assert_int_equal(seen.count, 0); /* never inside the cancel */
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_cancel(v), VT_ESTALE);
}

/* One cancels two, from a continuation; the task of one is waited for twice. */
static void run_delay_tests_negative_cases_one_cancels_two(void **state) {
  struct fixture *f = *state;
  struct canceller c = {.seen_inside = -1};
  c.victims[0] = vt_delay(UINT64_MAX);
  c.victims[1] = vt_delay(24 * 3600 * 1000);
  for (int i = 0; i < 2; i++)
    vt_await(c.victims[i], seen_k, &c.seen[i]);
  vt_await(vt_delay(1), cancel_both, &c);
  assert_true(fixture_run(f));
  for (int i = 0; i < 4; i++)
    assert_status(c.rc[i], i % 2 ? UV_EALREADY : 0);
  assert_int_equal(c.seen_inside, 0);
  for (int i = 0; i < 2; i++)
    assert_seen_status(&c.seen[i], UV_ECANCELED);
  vt_t v = vt_delay(UINT64_MAX);
  assert_status(vt_cancel(v), 0);
  vt_task_t *task = vt_as_task(v);
  for (int i = 0; i < 2; i++)
    assert_status(vt_loop_run(f->vt, vt_from_task(task)).status, UV_ECANCELED);
  vt_task_unref(task);
}

/* ---- the cases: tasks of results ---- */

/* The small numbers are one object each, others a new one each time. */
static void run_from_result(void **state) {
  static const int64_t values[] = {-1,        0,         1,  1,  42,
                                   INT32_MAX, INT32_MIN, 42, -42};
  enum { COUNT = sizeof values / sizeof *values };
  vt_task_t *tasks[COUNT];
  (void)state;
  for (size_t i = 0; i < COUNT; i++)
    tasks[i] = vt_task_from_int(values[i]);
  for (size_t i = 0; i < COUNT; i++) {
    bool small = values[i] >= -1 && values[i] <= 8;
    assert_status(vt_task_status(tasks[i]), 0);
    assert_int_equal(vt_task_result(tasks[i]).value.i, values[i]);
    for (size_t j = 0; j < i; j++)
      assert_int_equal(tasks[i] == tasks[j], small && values[i] == values[j]);
  }
  for (size_t i = 0; i < COUNT; i++)
    vt_task_unref(tasks[i]);
}

/* Failures: each its own object; one that is none is refused by a status. */
static void run_from_result_from_exception(void **state) {
  static const int64_t statuses[] = {UV_EIO, UV_ECANCELED, UV_EIO, UV_EIO, 7};
  enum { COUNT = sizeof statuses / sizeof *statuses };
  vt_task_t *tasks[COUNT];
  (void)state;
  for (size_t i = 0; i < COUNT; i++)
    tasks[i] = vt_task_from_result(result_failed(statuses[i]));
  for (size_t i = 0; i < COUNT; i++) {
    int64_t status = statuses[i] < 0 ? statuses[i] : VT_ESTATUS;
    assert_status(vt_task_status(tasks[i]), status);
    assert_status(vt_task_result(tasks[i]).status, status);
    for (size_t j = 0; j < i; j++)
      assert_ptr_not_equal(tasks[i], tasks[j]);
  }
  for (size_t i = 0; i < COUNT; i++)
    vt_task_unref(tasks[i]);
  assert_status(vt_status(vt_failed(0)), VT_ESTATUS);
}

/* Not observed until it is looked at; a second look changes nothing. */
static void run_from_result_faulted_task(void **state) {
  struct fixture *f = *state;
  for (int looks = 0; looks < 3; looks++) {
    vt_task_t *task = vt_task_from_result(result_failed(UV_EIO));
    for (int i = 0; i < looks; i++)
      assert_status(vt_task_result(task).status, UV_EIO);
    vt_task_unref(task);
    if (looks == 0)
      assert_report(f, VT_REPORT_UNOBSERVED, UV_EIO);
    assert_int_equal(f->report_count, 0);
  }
}

/* ---- the cases: work ---- */

/* Plain, with a result, and one after the other. */
static void run_run_tests(void **state) {
  struct fixture *f = *state;
  struct job plain = {0}, seven = {.result.value.i = 7};
  struct job outer = {0}, inner = {.result.value.i = 17};
  vt_t v = vt_work(run_job, &plain);
  assert_false(vt_in_hand(v));
  assert_status(vt_loop_run(f->vt, v).status, 0);
  assert_int_equal(plain.runs, 1);
  assert_int_equal(vt_loop_run(f->vt, vt_work(run_job, &seven)).value.i, 7);
  v = unwrapped(&outer, &inner);
  assert_int_equal(vt_loop_run(f->vt, v).value.i, 17);
  assert_int_equal(outer.runs, 1);
  assert_int_equal(inner.runs, 1);
}

/* A task that the work completes itself, which may be before the work's own
 * value task is. */
static void run_run_tests_through_a_promise(void **state) {
  struct fixture *f = *state;
  struct job job = {.result.value.i = 37, .promise = fixture_promise(0)};
  struct seen work = {0}, task = {0};
  vt_await(vt_from_task(vt_promise_task(job.promise)), seen_k, &task);
  vt_await(vt_work(run_job, &job), seen_k, &work);
  assert_true(fixture_run(f));
  vt_promise_free(job.promise);
  assert_seen_int(&work, 37);
  assert_seen_int(&task, 37);
}

/* Cancelled before it begins it never runs: plain, as the first of two in a
 * function that is cancelled itself, and as a task. */
static void run_run_tests_cancellation_negative(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 3; i++) {
    struct job first = {.result.value.i = 41}, second = {0};
    struct seen seen = {0};
    vt_task_t *task = NULL;
    struct plug plug;
    plug_in(&plug, &f->uv);
    vt_t v = i == 1 ? unwrapped(&first, &second) : vt_work(run_job, &first);
    vt_t awaited = i == 2 ? pass(v, PASS_RETURNS | PASS_WAITS) : v;
    assert_status(vt_cancel(v), 0);
    if (i == 2)
      awaited = vt_preserve(awaited, &task);
    vt_await(awaited, seen_k, &seen);
    assert_int_equal(seen.count, 0);
    plug_out(&plug);
    assert_true(fixture_run(f));
    assert_seen_status(&seen, UV_ECANCELED);
    assert_int_equal(first.runs + second.runs, 0);
    vt_task_unref(task);
  }
}

/* While it runs, and after it ran, a cancel is refused and the result comes. */
static void run_run_tests_cancelled_too_late(void **state) {
  struct fixture *f = *state;
  uv_sem_t begun, go;
  struct job job = {.result.value.i = 5, .begun = &begun, .go = &go};
  struct seen seen = {0};
  struct plug plug;
  uv_sem_init(&begun, 0);
  uv_sem_init(&go, 0);
  vt_t v = vt_work(run_job, &job);
  vt_await(v, seen_k, &seen);
  uv_sem_wait(&begun);
  assert_status(vt_cancel(v), UV_EBUSY);
  uv_sem_post(&go);
  plug_drain(&plug, &f->uv);
  assert_status(vt_cancel(v), UV_EBUSY);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
  assert_status(vt_cancel(v), VT_ESTALE);
  uv_sem_destroy(&begun);
  uv_sem_destroy(&go);
}

/* A function that returns what is complete has its outcome, with and without a
 * real wait before it. */
static void run_run_tests_fast_path_tests(void **state) {
  struct fixture *f = *state;
  static const vt_result_t outcomes[] = {
      {0, {0}}, {0, {42}}, {UV_EIO, {0}}, {UV_ECANCELED, {0}}};
  for (size_t i = 0; i < 8; i++) {
    vt_task_t *task = vt_task_from_result(outcomes[i / 2]);
    struct job outer = {0};
    struct unwrap_frame frame = {.outer = i % 2 ? &outer : NULL,
                                 .v = vt_from_task(task)};
    uint64_t before = fixture_allocations();
    vt_t v = vt_start(&frame, unwrap_body);
    if (i % 2 == 0) {
      assert_true(vt_is_completed(v));
      assert_int_equal(fixture_allocations(), before);
    }
    vt_result_t r = vt_loop_run(f->vt, v);
    assert_status(r.status, outcomes[i / 2].status);
    assert_int_equal(r.value.i, outcomes[i / 2].value.i);
    vt_task_unref(task);
  }
}

/* Either of the two fails or is cancelled; the inner one only runs after an
 * outer one that succeeded. */
static void run_run_tests_unwrap_negative_cases(void **state) {
  struct fixture *f = *state;
  static const struct {
    int64_t outer, inner, status;
    int inner_runs;
  } scenarios[] = {
      {0, 0, 0, 1},
      {UV_EIO, 0, UV_EIO, 0},
      {UV_ECANCELED, 0, UV_ECANCELED, 0},
      {0, UV_EIO, UV_EIO, 1},
      {0, UV_ECANCELED, UV_ECANCELED, 1},
      {0, UV_ENOENT, UV_ENOENT, 1},
  };
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
    struct job outer = {.result.status = scenarios[i].outer};
    struct job inner = {.result.status = scenarios[i].inner};
    vt_task_t *task;
    if (inner.result.status == 0)
      inner.result.value.i = 10;
    task = vt_as_task(unwrapped(&outer, &inner));
    vt_result_t r = vt_loop_run(f->vt, vt_from_task(task));
    assert_status(r.status, scenarios[i].status);
    assert_int_equal(r.value.i, r.status == 0 ? 10 : 0);
    assert_int_equal(outer.runs, 1);
    assert_int_equal(inner.runs, scenarios[i].inner_runs);
    vt_task_unref(task);
  }
}

/* A failure is the same one, at whatever level it is looked at. */
static void run_exception_wrapping_test(void **state) {
  struct fixture *f = *state;
  static vt_t (*const origins[])(void) = {origin_in_hand, origin_work,
                                          origin_function};
  for (size_t i = 0; i < 9; i++) {
    vt_task_t *tasks[5] = {NULL};
    vt_t v = origins[i / 3]();
    for (int level = 0; level < 5; level++) {
      v = pass(v, i % 3 == 1 ? PASS_WAITS : 0);
      if (i % 3 == 2) {
        tasks[level] = vt_as_task(v);
        v = vt_from_task(tasks[level]);
      }
    }
    assert_status(vt_loop_run(f->vt, v).status, UV_EIO);
    for (int level = 0; level < 5; level++)
      vt_task_unref(tasks[level]);
    assert_int_equal(f->report_count, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(task_delay_out_of_bounds_throws_exception),
      fixture_test(task_delay_max_supported_success),
      fixture_test(run_delay_tests),
      fixture_test(run_delay_tests_negative_cases),
      fixture_test(run_delay_tests_negative_cases_one_cancels_two),
      fixture_test(run_from_result),
      fixture_test(run_from_result_from_exception),
      fixture_test(run_from_result_faulted_task),
      fixture_test(run_run_tests),
      fixture_test(run_run_tests_through_a_promise),
      fixture_test(run_run_tests_cancellation_negative),
      fixture_test(run_run_tests_cancelled_too_late),
      fixture_test(run_run_tests_fast_path_tests),
      fixture_test(run_run_tests_unwrap_negative_cases),
      fixture_test(run_exception_wrapping_test),
  };
  plug_prepare();
  return fixture_main("conformance/task_rt", tests);
}
