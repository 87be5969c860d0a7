/* SPDX-License-Identifier: MIT */
/* Tasks: counting, static tasks, any number of takings, who observes. */
#include "support/fixture.h"

/* ---- helpers ---- */

static vt_task_t *failed_task(int64_t status) {
  return vt_task_from_result(result_failed(status));
}

/* Each way to look at a failed task, or not to. */
struct look {
  const char *name;
  void (*look)(struct fixture *f, vt_task_t *task);
  bool observes;
};

static void look_at_result(struct fixture *f, vt_task_t *task) {
  (void)f;
  vt_task_result(task);
}

static void look_by_get_result(struct fixture *f, vt_task_t *task) {
  (void)f;
  vt_get_result(vt_from_task(task));
}

static void look_by_await(struct fixture *f, vt_task_t *task) {
  struct seen seen = {0};
  (void)f;
  vt_await(vt_from_task(task), seen_k, &seen);
  fixture_run_until(f, &seen.count, 1);
}

static void look_by_loop_run(struct fixture *f, vt_task_t *task) {
  vt_loop_run(f->vt, vt_from_task(task));
}

struct try_frame {
  vt_frame_t vt;
  vt_task_t *task;
  vt_t v;
};

static vt_t try_stale_body(void *frame) {
  struct try_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->v);
  VT_END(f);
}

static vt_t try_body(void *frame) {
  struct try_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_from_task(f->task));
  VT_END(f);
}

static void look_by_try(struct fixture *f, vt_task_t *task) {
  struct try_frame frame = {.task = task};
  vt_loop_run(f->vt, vt_start(&frame, try_body));
}

static void look_at_status(struct fixture *f, vt_task_t *task) {
  (void)f;
  vt_task_status(task);
  (void)vt_is_failed(vt_from_task(task));
}

static void look_by_forget(struct fixture *f, vt_task_t *task) {
  vt_forget(vt_from_task(task));
  fixture_run(f);
}

static void look_by_as_task(struct fixture *f, vt_task_t *task) {
  (void)f;
  vt_task_unref(vt_as_task(vt_from_task(task)));
}

static const struct look looks[] = {
    {"vt_task_result", look_at_result, true},
    {"vt_get_result", look_by_get_result, true},
    {"vt_await", look_by_await, true},
    {"vt_loop_run", look_by_loop_run, true},
    {"VT_TRY", look_by_try, true},
    {"vt_task_status", look_at_status, false},
    {"vt_forget", look_by_forget, false},
    {"vt_as_task", look_by_as_task, false},
};

struct elsewhere {
  vt_task_t *task;
  bool static_ones;
  int64_t value;
  struct seen counted, fixed;
};

static void await_on_thread(void *arg) {
  struct elsewhere *e = arg;
  vt_await(vt_from_task(e->task), seen_k, &e->counted);
  vt_await(vt_from_task(vt_task_from_int(4)), seen_k, &e->fixed);
  vt_task_unref(e->task);
}

static void use_on_thread(void *arg) {
  struct elsewhere *e = arg;
  e->static_ones = vt_task_completed() == vt_task_from_int(0) &&
                   vt_task_status(vt_task_from_int(8)) == 0;
  e->value = vt_task_result(e->task).value.i;
  vt_task_unref(e->task);
}

static void unref_on_thread(void *arg) { vt_task_unref(arg); }

/* ---- it works: static tasks ---- */

static void static_tasks_are_never_counted(void **state) {
  uint64_t before = fixture_allocations();
  (void)state;
  for (int64_t i = -1; i <= 8; i++) {
    vt_task_t *task = vt_task_from_int(i);
    for (int n = 0; n < 1000; n++)
      vt_task_unref(task);
    assert_ptr_equal(vt_task_ref(task), task);
    assert_status(vt_task_status(task), 0);
    assert_int_equal(vt_task_result(task).value.i, i);
  }
  assert_int_equal(fixture_allocations(), before);
}

static void static_tasks_have_an_identity(void **state) {
  (void)state;
  assert_ptr_equal(vt_task_from_bool(false), vt_task_from_int(0));
  assert_ptr_equal(vt_task_from_bool(true), vt_task_from_int(1));
  assert_ptr_equal(vt_task_completed(), vt_task_from_int(0));
  for (int64_t i = -1; i <= 8; i++)
    for (int64_t j = -1; j < i; j++)
      assert_ptr_not_equal(vt_task_from_int(i), vt_task_from_int(j));
}

/* No loop is attached: this case has no fixture. */
static void tasks_need_no_loop(void **state) {
  vt_task_t *task = vt_task_from_int(77);
  vt_promise_t *promise;
  (void)state;
  assert_int_equal(vt_task_result(task).value.i, 77);
  assert_int_equal(vt_get_result(vt_from_task(vt_task_completed())).value.i, 0);
  vt_task_unref(task);
  assert_status(vt_promise_new(0, &promise), 0);
  task = vt_task_ref(vt_promise_task(promise));
  assert_status(vt_task_status(task), VT_PENDING);
  assert_status(vt_promise_set(promise, (vt_value_t){.i = 5}), 0);
  vt_promise_free(promise);
  assert_int_equal(vt_task_result(task).value.i, 5);
  vt_task_unref(task);
}

static void a_static_task_is_awaited_like_any(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_await(vt_from_task(vt_task_from_int(7)), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
  assert_int_equal(
      vt_loop_run(f->vt, vt_from_task(vt_task_from_int(3))).value.i, 3);
  vt_forget(vt_from_task(vt_task_completed()));
}

/* ---- it works: counted tasks ---- */

static void the_last_reference_frees(void **state) {
  vt_alloc_stats_t before, during, after;
  vt_task_t *task;
  (void)state;
  vt_alloc_stats(&before);
  task = vt_task_from_result(result_int(9));
  for (int i = 0; i < 10; i++)
    assert_ptr_equal(vt_task_ref(task), task);
  vt_alloc_stats(&during);
  for (int i = 0; i < 10; i++)
    vt_task_unref(task);
  assert_int_equal(vt_task_result(task).value.i, 9);
  vt_task_unref(task);
  vt_alloc_stats(&after);
  assert_true(during.blocks > before.blocks);
  assert_int_equal(after.blocks, before.blocks);
}

static void null_is_accepted(void **state) {
  (void)state;
  assert_null(vt_task_ref(NULL));
  vt_task_unref(NULL);
  vt_promise_free(NULL);
}

static void from_result_is_never_static(void **state) {
  vt_task_t *task = vt_task_from_result(result_int(0));
  (void)state;
  assert_ptr_not_equal(task, vt_task_completed());
  vt_task_unref(task);
}

static void a_result_may_be_taken_any_number_of_times(void **state) {
  struct fixture *f = *state;
  vt_task_t *task = vt_task_from_int(100);
  vt_t v = vt_from_task(task);
  struct seen seen[3] = {{0}};
  for (int i = 0; i < 3; i++) {
    assert_status(vt_status(v), 0);
    assert_int_equal(vt_get_result(v).value.i, 100);
    vt_await(v, seen_k, &seen[i]);
    vt_forget(v);
  }
  vt_task_unref(task);
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++)
    assert_seen_int(&seen[i], 100);
}

static void conversions_give_the_task_itself(void **state) {
  vt_task_t *task = vt_task_from_int(100), *kept;
  vt_t v = vt_from_task(task);
  (void)state;
  for (int i = 0; i < 3; i++) {
    assert_ptr_equal(vt_as_task(v), task);
    assert_true(vt_equal(vt_preserve(v, &kept), v));
    assert_ptr_equal(kept, task);
  }
  for (int i = 0; i < 6; i++)
    vt_task_unref(task); /* each conversion gave a reference */
  assert_int_equal(vt_task_result(task).value.i, 100);
  vt_task_unref(task);
}

static void another_thread_may_use_and_release(void **state) {
  struct elsewhere e = {.task = vt_task_from_int(1234)};
  (void)state;
  fixture_on_thread(use_on_thread, &e, 0);
  assert_true(e.static_ones);
  assert_int_equal(e.value, 1234);
}

/* There is nothing to wait for, so no loop to do it. */
static void a_task_that_is_done_is_awaited_without_a_loop(void **state) {
  struct elsewhere e = {.task = vt_task_from_int(55)};
  (void)state;
  fixture_on_thread(await_on_thread, &e, 0);
  assert_seen_int(&e.counted, 55);
  assert_seen_int(&e.fixed, 4);
}

static void later_holds_for_a_task_that_is_done(void **state) {
  struct fixture *f = *state;
  vt_task_t *task = vt_task_from_int(100);
  struct seen seen = {0};
  vt_await_with(vt_from_task(task), VT_LATER, seen_k, &seen);
  vt_task_unref(task); /* the registered await holds its own */
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 100);
}

/* ---- it works: observed or not ---- */

static void what_observes_a_failure_and_what_does_not(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
    vt_task_t *task = failed_task(UV_EIO);
    looks[i].look(f, task);
    if (f->report_count != 0)
      fail_msg("%s: reported before the last release", looks[i].name);
    vt_task_unref(task);
    if (f->report_count != (looks[i].observes ? 0u : 1u))
      fail_msg("%s: %zu reports", looks[i].name, f->report_count);
    if (!looks[i].observes)
      assert_report(f, VT_REPORT_UNOBSERVED, UV_EIO);
  }
}

static void an_unobserved_cancellation_is_not_reported(void **state) {
  (void)state;
  vt_task_unref(failed_task(UV_ECANCELED));
}

static void an_unobserved_success_is_not_reported(void **state) {
  (void)state;
  vt_task_unref(vt_task_from_int(100));
}

static void the_report_says_what_it_was(void **state) {
  struct fixture *f = *state;
  const struct fixture_report *r;
  vt_task_unref(failed_task(UV_EPIPE));
  r = fixture_take_report(f, VT_REPORT_UNOBSERVED);
  assert_non_null(r);
  assert_status(r->status, UV_EPIPE);
  assert_string_equal(r->what, "task");
}

/* Nobody is there to be told, and nothing else happens. */
static void the_last_release_without_a_loop_is_silent(void **state) {
  (void)state;
  fixture_on_thread(unref_on_thread, failed_task(UV_EIO), 0);
}

/* ---- it fails ---- */

/* Its memory stays a task's, of another generation. */
static void a_value_task_of_a_freed_task_is_stale(void **state) {
  struct fixture *f = *state;
  vt_task_t *task = vt_task_from_int(100), *next;
  vt_t v = vt_from_task(task);
  vt_task_unref(task);
  next = vt_task_from_int(101); /* takes the same memory, likely */
  for (int i = 0; i < 2; i++) {
    struct seen seen = {0};
    struct try_frame frame;
    vt_task_t *kept;
    assert_status(vt_status(v), VT_ESTALE);
    assert_status(vt_get_result(v).status, VT_ESTALE);
    assert_status(vt_on_completed(v, 0, seen_k, &seen), VT_ESTALE);
    assert_status(vt_cancel(v), VT_ESTALE);
    assert_false(vt_await_stop(v, seen_k, &seen));
    assert_status(vt_task_result(vt_as_task(v)).status, VT_ESTALE);
    assert_status(vt_get_result(vt_preserve(v, &kept)).status, VT_ESTALE);
    vt_forget(v);
    vt_await_with(v, i ? VT_LATER : 0, seen_k, &seen);
    assert_seen_status(&seen, VT_ESTALE);
    frame.v = v;
    assert_status(vt_status(vt_start(&frame, try_stale_body)), VT_ESTALE);
  }
  assert_int_equal(vt_task_result(next).value.i, 101);
  vt_task_unref(next);
  assert_int_equal(fixture_pending(f), 0);
}

static void a_positive_status_is_estatus(void **state) {
  vt_task_t *task = failed_task(3);
  (void)state;
  assert_status(vt_task_result(task).status, VT_ESTATUS);
  vt_task_unref(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(static_tasks_are_never_counted),
      cmocka_unit_test(static_tasks_have_an_identity),
      cmocka_unit_test(tasks_need_no_loop),
      fixture_test(a_static_task_is_awaited_like_any),
      cmocka_unit_test(the_last_reference_frees),
      cmocka_unit_test(null_is_accepted),
      fixture_test(from_result_is_never_static),
      fixture_test(a_result_may_be_taken_any_number_of_times),
      fixture_test(conversions_give_the_task_itself),
      fixture_test(another_thread_may_use_and_release),
      cmocka_unit_test(a_task_that_is_done_is_awaited_without_a_loop),
      fixture_test(later_holds_for_a_task_that_is_done),
      fixture_test(what_observes_a_failure_and_what_does_not),
      fixture_test(an_unobserved_cancellation_is_not_reported),
      fixture_test(an_unobserved_success_is_not_reported),
      fixture_test(the_report_says_what_it_was),
      fixture_test(the_last_release_without_a_loop_is_silent),
      fixture_test(a_value_task_of_a_freed_task_is_stale),
      cmocka_unit_test(a_positive_status_is_estatus),
      cmocka_unit_test(static_tasks_are_never_counted), /* after detach */
  };
  return fixture_main("task", tests);
}
