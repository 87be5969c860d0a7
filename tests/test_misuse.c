/* SPDX-License-Identifier: MIT */
/* Every status of misuse, each from a concrete misuse. Built twice: plain, and
 * with VT_DEBUG; release builds answer the same. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

/* ---- helpers ---- */

/* What another thread with a loop of its own is told about ours. */
struct foreign {
  vt_t v;
  int64_t status, result, on_completed, cancel, as_task, stop;
  struct seen seen, async;
  const char *problem;
};

struct await_frame {
  vt_frame_t vt;
  vt_t v;
};

static vt_t await_body(void *frame) {
  struct await_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->v);
  VT_END(f);
}

static void touch_foreign(void *arg) {
  struct foreign *t = arg;
  struct fixture f;
  struct seen never = {0};
  struct await_frame frame = {.v = t->v};
  vt_task_t *task;
  t->problem = fixture_open_beside(&f);
  t->status = vt_status(t->v);
  t->result = vt_get_result(t->v).status;
  t->on_completed = vt_on_completed(t->v, 0, seen_k, &never);
  t->cancel = vt_cancel(t->v);
  task = vt_as_task(t->v);
  t->as_task = vt_task_result(task).status;
  vt_task_unref(task);
  t->stop = vt_await_stop(t->v, seen_k, &never);
  vt_await(t->v, seen_k, &t->seen);
  vt_await(vt_start(&frame, await_body), seen_k, &t->async);
  vt_forget(t->v);
  if (!t->problem)
    t->problem = fixture_close(&f);
}

/* On a thread without a loop. */
struct no_loop {
  struct own_source own;
  vt_task_t *task;
  int64_t delay, yield, begin;
  int64_t on_completed;
  struct seen source, done, pending_task;
};

static void use_no_loop(void *arg) {
  struct no_loop *n = arg;
  struct gate gate = {0};
  own_source_init(&n->own);
  n->delay = vt_status(vt_delay(1));
  n->yield = vt_status(vt_yield());
  n->begin = vt_status(gate_begin(&gate));
  vt_await(own_source_task(&n->own), seen_k, &n->source);
  vt_await(vt_from_task(n->task), seen_k, &n->pending_task);
  n->on_completed = vt_on_completed(own_source_task(&n->own), 0, seen_k, n);
  vt_await(vt_delay(0), seen_k, &n->done);
}

/* An await inside a switch of the user's own: the compiler warns, and whoever
 * does not listen gets a status. Not so with VT_LABELS. */
struct switch_frame {
  vt_frame_t vt;
  int which;
  int cleaned;
};

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wswitch"
#pragma clang diagnostic ignored "-Wconstant-conversion"
#elif defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-outside-range"
#pragma GCC diagnostic ignored "-Woverflow"
#pragma GCC diagnostic ignored "-Wswitch"
#endif
static vt_t switch_body(void *frame) {
  struct switch_frame *f = frame;
  VT_BEGIN(f);
  switch ((unsigned char)f->which) {
  case 1:
    VT_TRY(f, vt_yield());
    VT_RETURN(f, vt_from_int(1));
    break;
  default:
    break;
  }
  VT_END(f);
}
#if defined(__clang__)
#pragma clang diagnostic pop
#elif defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

static vt_promise_t *new_promise(void) {
  vt_promise_t *promise = NULL;
  int rc = vt_promise_new(0, &promise);
  assert_int_equal(rc, 0);
  return promise;
}

static void pay_with_work(void *arg) { *(int *)arg = 1; }

static vt_result_t positive_work(void *arg) {
  pay_with_work(arg);
  return result_failed(42);
}

/* ---- it fails ---- */

static void estale_is_the_second_taking(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_delay(1);
  assert_status(vt_loop_run(f->vt, v).status, 0);
  assert_status(vt_get_result(v).status, VT_ESTALE);
  assert_status(vt_loop_run(f->vt, v).status, VT_ESTALE);
}

static void epending_is_the_early_taking(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_delay(1);
  assert_status(vt_get_result(v).status, VT_EPENDING);
  assert_status(vt_loop_run(f->vt, v).status, 0); /* nothing changed */
}

static void eawaited_is_the_second_continuation(void **state) {
  struct fixture *f = *state;
  struct seen first = {0}, second = {0};
  vt_t v = vt_delay(1);
  vt_await(v, seen_k, &first);
  vt_await(v, seen_k, &second);
  assert_seen_status(&second, VT_EAWAITED);
  assert_true(fixture_run(f));
  assert_seen_status(&first, 0);
}

static void edone_is_the_second_completion(void **state) {
  vt_promise_t *promise = new_promise();
  vt_reset_source_t s;
  (void)state;
  vt_reset_source_init(&s, 0);
  vt_promise_set(promise, (vt_value_t){.i = 1});
  vt_reset_source_set(&s, result_int(1));
  assert_status(vt_promise_set(promise, (vt_value_t){.i = 2}), VT_EDONE);
  assert_status(vt_promise_fail(promise, UV_EIO), VT_EDONE);
  assert_status(vt_reset_source_set(&s, result_int(2)), VT_EDONE);
  vt_promise_free(promise);
}

static void ethread_is_another_threads_operation(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  struct foreign t = {.v = gate_begin(&gate)};
  for (int complete = 0; complete < 2; complete++) {
    if (complete)
      gate_open(&gate, result_int(8));
    t.seen = t.async = (struct seen){0};
    fixture_on_thread(touch_foreign, &t, 0);
    assert_null(t.problem);
    assert_status(t.status, VT_ETHREAD);
    assert_status(t.result, VT_ETHREAD);
    assert_status(t.on_completed, VT_ETHREAD);
    assert_status(t.cancel, VT_ETHREAD);
    assert_status(t.as_task, VT_ETHREAD);
    assert_false(t.stop);
    assert_seen_status(&t.seen, VT_ETHREAD);
    assert_seen_status(&t.async, VT_ETHREAD);
  }
  assert_int_equal(gate.cancels + gate.discards, 0);
  vt_await(t.v, seen_k, &seen); /* nothing changed */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 8);
}

static void estatus_is_a_failure_that_is_none(void **state) {
  vt_promise_t *promise = new_promise();
  vt_task_t *task = vt_task_from_result(result_failed(1));
  (void)state;
  assert_status(vt_status(vt_failed(0)), VT_ESTATUS);
  assert_status(vt_status(vt_from_result(result_failed(1))), VT_ESTATUS);
  assert_status(vt_task_result(task).status, VT_ESTATUS);
  vt_promise_fail(promise, 0);
  assert_status(vt_task_result(vt_promise_task(promise)).status, VT_ESTATUS);
  vt_promise_free(promise);
  vt_task_unref(task);
}

static void estatus_is_work_that_ends_so(void **state) {
  struct fixture *f = *state;
  int paid = 0;
  assert_status(vt_loop_run(f->vt, vt_work(positive_work, &paid)).status,
                VT_ESTATUS);
  assert_int_equal(paid, 1);
}

static void enoloop_is_a_thread_without_one(void **state) {
  struct no_loop n = {0};
  vt_promise_t *promise = new_promise();
  (void)state;
  n.task = vt_promise_task(promise);
  fixture_on_thread(use_no_loop, &n, 0);
  vt_promise_set(promise, (vt_value_t){.i = 1});
  vt_promise_free(promise);
  assert_status(n.delay, VT_ENOLOOP);
  assert_status(n.yield, VT_ENOLOOP);
  assert_status(n.begin, VT_ENOLOOP);
  assert_seen_status(&n.source, VT_ENOLOOP);
  assert_seen_status(&n.pending_task, VT_ENOLOOP);
  assert_status(n.on_completed, VT_ENOLOOP);
  assert_int_equal(n.own.asked, 0);
  assert_int_equal(n.done.count,
                   1); /* a delay of zero needs none, or says so */
}

static void edropped_is_a_promise_not_kept(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = new_promise();
  vt_task_t *task = vt_task_ref(vt_promise_task(promise));
  vt_promise_free(promise);
  assert_status(vt_task_result(task).status, VT_EDROPPED);
  vt_task_unref(task);
  assert_report(f, VT_REPORT_DROPPED, VT_EDROPPED);
}

static void estate_is_a_resume_that_finds_no_case(void **state) {
  struct fixture *f = *state;
  struct switch_frame frame = {.which = 1};
  vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, switch_body));
#ifdef VT_LABELS
  assert_status(r.status, 0);
  assert_int_equal(r.value.i, 1);
#else
  assert_status(r.status, VT_ESTATE);
#endif
  assert_int_equal(fixture_pending(f), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(estale_is_the_second_taking),
      fixture_test(epending_is_the_early_taking),
      fixture_test(eawaited_is_the_second_continuation),
      fixture_test(edone_is_the_second_completion),
      fixture_test(ethread_is_another_threads_operation),
      fixture_test(estatus_is_a_failure_that_is_none),
      fixture_test(estatus_is_work_that_ends_so),
      fixture_test(enoloop_is_a_thread_without_one),
      fixture_test(edropped_is_a_promise_not_kept),
      fixture_test(estate_is_a_resume_that_finds_no_case),
  };
  return fixture_main("misuse", tests);
}
