/* SPDX-License-Identifier: MIT */
/* Work on the pool. The pool has one thread here, so that what is queued and
 * what runs can be told apart. */
#include "support/fault.h"
#include "support/fixture.h"
#include "support/plug.h"

/* ---- helpers ---- */

struct job {
  int runs;
  uv_thread_t thread;
  vt_result_t result;
};

static vt_result_t run_job(void *arg) {
  struct job *job = arg;
  job->runs++;
  job->thread = uv_thread_self();
  return job->result;
}

static vt_result_t set_promise(void *arg) {
  vt_value_t value = {.i = 42};
  int rc = vt_promise_set(arg, value);
  return rc == 0 ? result_int(0) : result_failed(rc);
}

/* Runs until it is told that it was cancelled. */
struct long_job {
  uv_sem_t begun;
  bool before;
};

static vt_result_t run_long(void *arg) {
  struct long_job *job = arg;
  job->before = vt_work_is_cancelled();
  uv_sem_post(&job->begun);
  while (!vt_work_is_cancelled())
    ;
  return result_int(8);
}

static vt_result_t ask(void *cancelled) {
  *(bool *)cancelled = vt_work_is_cancelled();
  return result_int(0);
}

struct two_frame {
  vt_frame_t vt;
  struct job *jobs;
  vt_value_t sum;
};

static vt_t two_body(void *frame) {
  struct two_frame *f = frame;
  vt_value_t n;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, f->sum, vt_work(run_job, &f->jobs[0]));
  VT_TRY_VALUE(f, n, vt_work(run_job, &f->jobs[1]));
  VT_RETURN(f, vt_from_int(f->sum.i + n.i));
  VT_END(f);
}

/* ---- it works ---- */

static void uv_queue_work_completes(void **state) {
  struct fixture *f = *state;
  struct job job = {.result = {.status = 0, .value.i = 7}};
  struct seen seen = {0};
  uv_thread_t self = uv_thread_self();
  vt_await(vt_work(run_job, &job), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
  assert_true(uv_thread_equal(&seen.thread, &self));
  assert_false(uv_thread_equal(&job.thread, &self));
  assert_int_equal(job.runs, 1);
}

static void uv_queue_work_fails(void **state) {
  struct fixture *f = *state;
  struct job job = {.result = {.status = UV_EIO}};
  assert_status(vt_loop_run(f->vt, vt_work(run_job, &job)).status, UV_EIO);
}

static void positive_status_becomes_estatus(void **state) {
  struct fixture *f = *state;
  struct job job = {.result = {.status = 3}};
  assert_status(vt_loop_run(f->vt, vt_work(run_job, &job)).status, VT_ESTATUS);
}

static void an_async_function_awaits_one_after_another(void **state) {
  struct fixture *f = *state;
  struct job jobs[2] = {{.result.value.i = 30}, {.result.value.i = 12}};
  struct two_frame frame = {.jobs = jobs};
  vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, two_body));
  assert_status(r.status, 0);
  assert_int_equal(r.value.i, 42);
}

static void a_promise_is_completed_from_it(void **state) {
  struct fixture *f = *state;
  struct seen work = {0}, task = {0};
  vt_promise_t *promise;
  assert_int_equal(vt_promise_new(0, &promise), 0);
  vt_await(vt_from_task(vt_promise_task(promise)), seen_k, &task);
  vt_await(vt_work(set_promise, promise), seen_k, &work);
  assert_true(fixture_run(f));
  vt_promise_free(promise);
  assert_seen_int(&work, 0);
  assert_seen_int(&task, 42);
}

static void many_at_once_allocate_nothing_after_warm_up(void **state) {
  struct fixture *f = *state;
  struct job jobs[64] = {{0}};
  struct seen seen = {0};
  uint64_t before = 0;
  for (int round = 0; round < 3; round++) {
    if (round == 1)
      before = fixture_allocations();
    for (int i = 0; i < 64; i++)
      vt_await(vt_work(run_job, &jobs[i]), seen_k, &seen);
    assert_true(fixture_run(f));
  }
  assert_int_equal(seen.count, 3 * 64);
  assert_int_equal(fixture_allocations(), before);
}

static void uv_queue_work_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct job job = {0};
  struct seen seen = {0};
  struct plug plug;
  plug_in(&plug, &f->uv);
  vt_t v = vt_work(run_job, &job);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(job.runs, 0);
}

static void cancel_after_it_ran_is_ebusy(void **state) {
  struct fixture *f = *state;
  struct job job = {.result.value.i = 5};
  struct seen seen = {0};
  struct plug plug;
  vt_t v = vt_work(run_job, &job);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), UV_EBUSY);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
}

static void running_it_is_told_of_a_cancel(void **state) {
  struct fixture *f = *state;
  for (int scoped = 0; scoped < 2; scoped++) {
    struct long_job job = {.before = true};
    struct seen seen = {0}, joined = {0};
    vt_scope_t *scope;
    bool next = true;
    uv_sem_init(&job.begun, 0);
    assert_status(vt_scope_new(NULL, &scope), 0);
    vt_scope_t *before = vt_scope_enter(scope);
    vt_t v = vt_work(run_long, &job);
    vt_scope_leave(before);
    vt_await(v, seen_k, &seen);
    vt_await(vt_scope_join(scope), seen_k, &joined);
    uv_sem_wait(&job.begun);
    if (scoped)
      vt_scope_cancel(scope, UV_ECANCELED);
    else
      assert_int_equal(vt_cancel(v), UV_EBUSY);
    assert_true(fixture_run(f));
    assert_false(job.before);
    assert_seen_int(&seen, 8); /* what it returns counts */
    fixture_assert_seen(&joined, scoped ? UV_ECANCELED : 0, 0, __FILE__,
                        __LINE__);
    assert_status(vt_loop_run(f->vt, vt_work(ask, &next)).status, 0);
    assert_false(next); /* the same thread, and mostly the same block */
    uv_sem_destroy(&job.begun);
  }
  assert_false(vt_work_is_cancelled());
}

static void a_stopped_await_lets_it_run(void **state) {
  struct fixture *f = *state;
  struct job job = {0};
  struct seen seen = {0};
  vt_t v = vt_work(run_job, &job);
  vt_await(v, seen_k, &seen);
  assert_true(vt_await_stop(v, seen_k, &seen));
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 0);
  assert_int_equal(job.runs, 1);
  assert_int_equal(fixture_pending(f), 0);
}

static void a_forgotten_failure_is_reported(void **state) {
  struct fixture *f = *state;
  struct job job = {.result = {.status = UV_EIO}};
  vt_forget(vt_work(run_job, &job));
  assert_true(fixture_run(f));
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
}

static void detach_waits_for_it(void **state) {
  struct fixture *f = *state;
  struct job job = {0};
  vt_t v = vt_work(run_job, &job);
  assert_int_equal(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  assert_status(vt_loop_run(f->vt, v).status, 0);
}

/* ---- it fails ---- */

static void no_function_is_einval(void **state) {
  (void)state;
  assert_status(vt_get_result(vt_work(NULL, NULL)).status, UV_EINVAL);
}

static void without_a_loop_is_enoloop(void **state) {
  struct job job = {0};
  (void)state;
  assert_status(vt_get_result(vt_work(run_job, &job)).status, VT_ENOLOOP);
  assert_int_equal(job.runs, 0);
}

static const char *work_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  struct job job = {.result.value.i = 9};
  struct seen seen = {0};
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  fault_arm(n, mode);
  vt_t v = vt_work(run_job, &job);
  bool refused = vt_in_hand(v);
  vt_await(v, seen_k, &seen);
  fixture_run(&f);
  fault_disarm();
  if (seen.count != 1)
    return "the continuation did not run once";
  if (seen.result.status != (refused ? UV_ENOMEM : 0) || job.runs == refused)
    return "neither refused nor run";
  return fixture_close(&f);
}

static void without_memory_it_is_refused(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(work_scenario);
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_queue_work_completes),
      fixture_test(uv_queue_work_fails),
      fixture_test(positive_status_becomes_estatus),
      fixture_test(an_async_function_awaits_one_after_another),
      fixture_test(a_promise_is_completed_from_it),
      fixture_test(many_at_once_allocate_nothing_after_warm_up),
      fixture_test(uv_queue_work_is_cancelled),
      fixture_test(cancel_after_it_ran_is_ebusy),
      fixture_test(running_it_is_told_of_a_cancel),
      fixture_test(a_stopped_await_lets_it_run),
      fixture_test(a_forgotten_failure_is_reported),
      fixture_test(detach_waits_for_it),
      fixture_test(no_function_is_einval),
      cmocka_unit_test(without_a_loop_is_enoloop),
      cmocka_unit_test(without_memory_it_is_refused),
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
