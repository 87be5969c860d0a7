/* SPDX-License-Identifier: MIT */
/* Promises: completed once, from any thread, or dropped. */
#include "support/fixture.h"

#include <stdlib.h>

/* ---- helpers ---- */

static vt_promise_t *new_promise(unsigned flags) {
  vt_promise_t *promise = NULL;
  int rc = vt_promise_new(flags, &promise);
  assert_int_equal(rc, 0);
  return promise;
}

static vt_t value_task(vt_promise_t *promise) {
  return vt_from_task(vt_promise_task(promise));
}

static int set_int(vt_promise_t *promise, int64_t i) {
  return vt_promise_set(promise, (vt_value_t){.i = i});
}

/* Frees the promise in the continuation that its completion runs. */
struct freeing {
  struct seen seen;
  vt_promise_t *promise;
};

static void free_k(void *state, vt_result_t result) {
  struct freeing *s = state;
  seen_k(&s->seen, result);
  vt_promise_free(s->promise);
}

/* A chain in callback style: each continuation completes the next promise. */
#define LINKS 100000

struct chain {
  vt_promise_t *promises[LINKS];
  int done;
  int depth;
  int deepest;
};

static void chain_k(void *state, vt_result_t result) {
  struct chain *c = state;
  c->depth++;
  if (c->depth > c->deepest)
    c->deepest = c->depth;
  c->done++;
  if (result.value.i + 1 < LINKS)
    set_int(c->promises[result.value.i + 1], result.value.i + 1);
  c->depth--;
}

struct chain_thread {
  struct chain chain;
  const char *problem;
};

static void run_chain(void *arg) {
  struct chain_thread *t = arg;
  struct fixture *f = malloc(sizeof *f);
  t->problem = fixture_open(f);
  for (int i = 0; i < LINKS && !t->problem; i++) {
    if (vt_promise_new(0, &t->chain.promises[i]) != 0)
      t->problem = "no promise";
    else
      vt_await(value_task(t->chain.promises[i]), chain_k, &t->chain);
  }
  if (!t->problem) {
    set_int(t->chain.promises[0], 0);
    fixture_run(f);
    for (int i = 0; i < LINKS; i++)
      vt_promise_free(t->chain.promises[i]);
    t->problem = fixture_close(f);
    if (t->problem)
      print_error("%s\n", t->problem);
  }
  free(f);
}

struct completer {
  vt_promise_t *promise;
  int rc[2];
};

static void complete_on_thread(void *arg) {
  struct completer *c = arg;
  c->rc[0] = set_int(c->promise, 21);
  c->rc[1] = vt_promise_fail(c->promise, UV_EIO);
  vt_promise_free(c->promise);
}

static void drop_on_thread(void *arg) { vt_promise_free(arg); }

/* ---- it works ---- */

static void set_gives_its_value(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = new_promise(0);
  struct seen seen = {0};
  vt_t v = value_task(promise);
  assert_status(vt_status(v), VT_PENDING);
  assert_false(vt_is_completed(v) || vt_is_succeeded(v));
  assert_false(vt_is_failed(v) || vt_is_cancelled(v));
  vt_await(v, seen_k, &seen);
  assert_true(uv_loop_alive(&f->uv)); /* another thread may complete it */
  assert_status(set_int(promise, 5), 0);
  assert_seen_int(&seen, 5); /* the same loop: at once */
  assert_int_equal(vt_get_result(v).value.i, 5);
  assert_true(vt_is_succeeded(v));
  assert_true(fixture_run(f));
  assert_false(uv_loop_alive(&f->uv));
  vt_promise_free(promise);
}

static void fail_gives_its_status(void **state) {
  struct fixture *f = *state;
  vt_promise_t *failed = new_promise(0), *cancelled = new_promise(0);
  struct seen seen = {0};
  vt_await(value_task(failed), seen_k, &seen);
  assert_status(vt_promise_fail(failed, UV_ENOENT), 0);
  assert_status(vt_promise_fail(cancelled, UV_ECANCELED), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ENOENT);
  assert_true(vt_is_failed(value_task(failed)));
  assert_true(vt_is_cancelled(value_task(cancelled)));
  vt_promise_free(failed);
  vt_promise_free(cancelled);
}

static void the_task_is_always_the_same(void **state) {
  vt_promise_t *promise = new_promise(0);
  (void)state;
  assert_ptr_equal(vt_promise_task(promise), vt_promise_task(promise));
  assert_ptr_equal(vt_as_task(value_task(promise)), vt_promise_task(promise));
  vt_task_unref(vt_promise_task(promise)); /* the one that vt_as_task gave */
  set_int(promise, 1);
  vt_promise_free(promise);
}

static void the_task_outlives_the_promise(void **state) {
  vt_promise_t *promise = new_promise(0);
  vt_task_t *task = vt_task_ref(vt_promise_task(promise));
  (void)state;
  set_int(promise, 12);
  vt_promise_free(promise);
  assert_int_equal(vt_task_result(task).value.i, 12);
  vt_task_unref(task);
}

static void complete_later_never_runs_inline(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 10; i++) {
    vt_promise_t *promise = new_promise(VT_COMPLETE_LATER);
    struct seen seen = {0};
    vt_await(value_task(promise), seen_k, &seen);
    assert_status(set_int(promise, i), 0);
    assert_int_equal(seen.count, 0);
    assert_status(vt_status(value_task(promise)), 0);
    vt_promise_free(promise); /* the await holds the task */
    assert_true(fixture_run(f));
    assert_seen_int(&seen, i);
  }
}

static void complete_later_holds_for_a_failure(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = new_promise(VT_COMPLETE_LATER);
  struct seen seen = {0};
  vt_await(value_task(promise), seen_k, &seen);
  vt_promise_fail(promise, UV_EIO);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_EIO);
  vt_promise_free(promise);
}

static void a_continuation_may_free_the_promise(void **state) {
  struct fixture *f = *state;
  struct freeing s = {.promise = new_promise(0)};
  vt_await(value_task(s.promise), free_k, &s);
  set_int(s.promise, 3);
  assert_true(fixture_run(f));
  assert_seen_int(&s.seen, 3);
}

static void another_thread_completes(void **state) {
  struct fixture *f = *state;
  struct completer c = {.promise = new_promise(0)};
  struct seen seen = {0};
  uv_thread_t self = uv_thread_self();
  vt_await(value_task(c.promise), seen_k, &seen);
  fixture_on_thread(complete_on_thread, &c, 0);
  assert_status(c.rc[0], 0);
  assert_status(c.rc[1], VT_EDONE);
  assert_int_equal(seen.count, 0);
  assert_true(uv_loop_alive(&f->uv)); /* a completion is on its way */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 21);
  assert_true(uv_thread_equal(&seen.thread, &self));
}

static void another_thread_completes_before_the_await(void **state) {
  struct fixture *f = *state;
  struct completer c = {.promise = new_promise(0)};
  vt_task_t *task = vt_task_ref(vt_promise_task(c.promise));
  fixture_on_thread(complete_on_thread, &c, 0);
  assert_int_equal(vt_loop_run(f->vt, vt_from_task(task)).value.i, 21);
  vt_task_unref(task);
}

static void a_promise_may_change_threads(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = new_promise(0);
  struct seen seen = {0};
  vt_await(value_task(promise), seen_k, &seen);
  fixture_on_thread(drop_on_thread, promise, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, VT_EDROPPED);
  fixture_take_report(f, VT_REPORT_DROPPED); /* told where it was dropped */
}

static void a_chain_of_completions_keeps_the_stack(void **state) {
  struct chain_thread *t = calloc(1, sizeof *t);
  (void)state;
  fixture_on_thread(run_chain, t, 64 * 1024);
  assert_null(t->problem);
  assert_int_equal(t->chain.done, LINKS);
  assert_in_range(t->chain.deepest, 1, 9); /* the bound is 8 */
  free(t);
}

/* ---- it fails ---- */

static void a_second_completion_is_refused(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 4; i++) {
    vt_promise_t *promise = new_promise(0);
    struct seen seen = {0};
    bool fails = i & 1;
    vt_await(value_task(promise), seen_k, &seen);
    assert_status(
        fails ? vt_promise_fail(promise, UV_EIO) : set_int(promise, 1), 0);
    assert_status(i & 2 ? vt_promise_fail(promise, UV_EPIPE)
                        : set_int(promise, 2),
                  VT_EDONE);
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, 1);
    assert_status(seen.result.status, fails ? UV_EIO : 0);
    assert_status(vt_task_result(vt_promise_task(promise)).status,
                  fails ? UV_EIO : 0);
    if (!fails)
      assert_int_equal(vt_get_result(value_task(promise)).value.i, 1);
    vt_promise_free(promise);
  }
}

static void failing_with_no_failure_is_estatus(void **state) {
  static const int64_t statuses[] = {0, 1, INT64_MAX};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    vt_promise_t *promise = new_promise(0);
    assert_status(vt_promise_fail(promise, statuses[i]), 0);
    assert_status(vt_get_result(value_task(promise)).status, VT_ESTATUS);
    vt_promise_free(promise);
  }
}

static void a_result_before_completion_is_refused(void **state) {
  vt_promise_t *promise = new_promise(0);
  (void)state;
  assert_status(vt_get_result(value_task(promise)).status, VT_EPENDING);
  assert_status(vt_task_result(vt_promise_task(promise)).status, VT_EPENDING);
  assert_status(vt_task_status(vt_promise_task(promise)), VT_PENDING);
  set_int(promise, 1);
  assert_int_equal(vt_get_result(value_task(promise)).value.i, 1);
  vt_promise_free(promise);
}

static void dropped_it_fails_and_is_reported(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = new_promise(0);
  vt_task_t *task = vt_task_ref(vt_promise_task(promise));
  struct seen seen = {0};
  vt_await(vt_from_task(task), seen_k, &seen);
  vt_promise_free(promise);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, VT_EDROPPED);
  assert_status(vt_task_result(task).status, VT_EDROPPED);
  vt_task_unref(task);
  assert_int_equal(f->report_count, 1);
  assert_report(f, VT_REPORT_DROPPED, VT_EDROPPED);
}

static void an_unobserved_failure_is_reported(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = new_promise(0);
  vt_promise_fail(promise, UV_EIO);
  assert_int_equal(f->report_count, 0);
  vt_promise_free(promise);
  assert_report(f, VT_REPORT_UNOBSERVED, UV_EIO);
}

/* Nobody can complete it: a pending task has nothing to be cancelled by. */
static void a_promise_cannot_be_cancelled(void **state) {
  vt_promise_t *promise = new_promise(0);
  (void)state;
  assert_status(vt_cancel(value_task(promise)), UV_ENOSYS);
  set_int(promise, 1);
  assert_status(vt_cancel(value_task(promise)), UV_EALREADY);
  vt_promise_free(promise);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(set_gives_its_value),
      fixture_test(fail_gives_its_status),
      fixture_test(the_task_is_always_the_same),
      fixture_test(the_task_outlives_the_promise),
      fixture_test(complete_later_never_runs_inline),
      fixture_test(complete_later_holds_for_a_failure),
      fixture_test(a_continuation_may_free_the_promise),
      fixture_test(another_thread_completes),
      fixture_test(another_thread_completes_before_the_await),
      fixture_test(a_promise_may_change_threads),
      cmocka_unit_test(a_chain_of_completions_keeps_the_stack),
      fixture_test(a_second_completion_is_refused),
      fixture_test(failing_with_no_failure_is_estatus),
      fixture_test(a_result_before_completion_is_refused),
      fixture_test(dropped_it_fails_and_is_reported),
      fixture_test(an_unobserved_failure_is_reported),
      fixture_test(a_promise_cannot_be_cancelled),
  };
  return fixture_main("promise", tests);
}
