/* SPDX-License-Identifier: MIT */
/* The contracts of contracts.md that need a second thread and that no other
 * test shows. */
#include "support/fixture.h"
#include "support/gate.h"

#include <sched.h>
#include <stdlib.h>

/* ---- helpers ---- */

static int rounds(void) { return getenv("VT_VALGRIND") ? 50 : 2000; }

/* One thread completes, another one looks until it sees that. */
struct watch {
  vt_promise_t *promise;
  vt_task_t *task;
  uv_sem_t watches;
  int64_t status;
  vt_result_t result; /* read as soon as the status is there */
};

static void watch_on_thread(void *arg) {
  struct watch *w = arg;
  uv_sem_post(&w->watches);
  while ((w->status = vt_task_status(w->task)) == VT_PENDING)
    sched_yield();
  w->result = vt_task_result(w->task);
  vt_task_unref(w->task);
}

/* A loop of its own that awaits a task made on another. */
struct other_loop {
  vt_task_t *task;
  uv_sem_t awaits;
  struct seen seen;
  uv_thread_t self;
  const char *problem;
};

static void await_on_thread(void *arg) {
  struct other_loop *o = arg;
  struct fixture f;
  o->self = uv_thread_self();
  o->problem = fixture_open_beside(&f);
  vt_await(vt_from_task(o->task), seen_k, &o->seen);
  uv_sem_post(&o->awaits);
  fixture_run_until(&f, &o->seen.count, 1);
  if (!o->problem)
    o->problem = fixture_close(&f);
}

/* A task completed on one thread, while another one stops its awaiter. */
struct race {
  vt_promise_t *promise;
  uv_sem_t runs;
};

static void complete_on_thread(void *arg) {
  struct race *r = arg;
  uv_sem_post(&r->runs);
  vt_promise_set(r->promise, (vt_value_t){.i = 3});
}

/* ---- it works ---- */

/* Completed means readable: nobody sees the one without the other, and the
 * completer is through with what the watcher may free. */
static void a_watcher_of_the_status_reads_the_result(void **state) {
  (void)state;
  for (int i = 0; i < rounds(); i++) {
    struct watch w = {.status = VT_PENDING};
    uv_thread_t thread;
    int rc = vt_promise_new(0, &w.promise);
    assert_status(rc, 0);
    w.task = vt_task_ref(vt_promise_task(w.promise));
    uv_sem_init(&w.watches, 0);
    uv_thread_create(&thread, watch_on_thread, &w);
    uv_sem_wait(&w.watches);
    if (i % 2)
      vt_promise_set(w.promise, (vt_value_t){.i = i});
    else
      vt_promise_fail(w.promise, UV_EIO);
    vt_promise_free(w.promise);
    uv_thread_join(&thread);
    uv_sem_destroy(&w.watches);
    assert_status(w.status, i % 2 ? 0 : UV_EIO);
    assert_status(w.result.status, w.status);
    if (i % 2)
      assert_int_equal(w.result.value.i, i);
  }
}

/* The operation completes on its own loop; the task's awaiter runs on the loop
 * that awaited the task. */
static void a_task_of_an_operation_is_awaited_by_another_loop(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct other_loop o = {.problem = NULL};
  struct seen seen = {0};
  uv_thread_t thread, self = uv_thread_self();
  o.task = vt_as_task(gate_begin(&gate));
  vt_await(vt_from_task(o.task), seen_k, &seen);
  uv_sem_init(&o.awaits, 0);
  uv_thread_create(&thread, await_on_thread, &o);
  uv_sem_wait(&o.awaits);
  gate_open(&gate, result_int(17));
  fixture_run(f);
  uv_thread_join(&thread);
  uv_sem_destroy(&o.awaits);
  vt_task_unref(o.task);
  assert_null(o.problem);
  assert_seen_int(&seen, 17);
  assert_true(uv_thread_equal(&seen.thread, &self));
  assert_seen_int(&o.seen, 17);
  assert_true(uv_thread_equal(&o.seen.thread, &o.self));
}

/* Stopped it never runs, not stopped it runs once, there or here: also what is
 * on its way from the other thread to be run later may be stopped. */
static void a_stop_beside_a_completion_is_exact(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < rounds(); i++) {
    struct race r;
    struct seen seen = {0};
    bool later = i & 1, stopped;
    uv_thread_t thread;
    vt_t v;
    int rc = vt_promise_new(later ? VT_COMPLETE_LATER : 0, &r.promise);
    assert_status(rc, 0);
    uv_sem_init(&r.runs, 0);
    v = vt_from_task(vt_promise_task(r.promise));
    vt_await_with(v, VT_ANYWHERE, seen_k, &seen);
    uv_thread_create(&thread, complete_on_thread, &r);
    uv_sem_wait(&r.runs);
    for (int turns = i % 3; turns > 0; turns--)
      fixture_turn(f);
    stopped = vt_await_stop(v, seen_k, &seen);
    uv_thread_join(&thread);
    uv_sem_destroy(&r.runs);
    fixture_run(f);
    fixture_turn(f); /* a stopped one does not keep the loop, but is posted */
    assert_int_equal(seen.count, stopped ? 0 : 1);
    if (later && i % 3 == 0)
      assert_true(stopped); /* no turn ran it */
    assert_int_equal(fixture_pending(f), 0);
    vt_promise_free(r.promise);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_watcher_of_the_status_reads_the_result),
      fixture_test(a_task_of_an_operation_is_awaited_by_another_loop),
      fixture_test(a_stop_beside_a_completion_is_exact),
  };
  return fixture_main("contracts_threads", tests);
}
