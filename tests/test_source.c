/* SPDX-License-Identifier: MIT */
/* Users' own sources: the awaitable pattern, vt_resume, tokens. */
#include "support/fixture.h"
#include "support/own_source.h"

#include <string.h>

/* ---- helpers ---- */

/* The entries of a walk that are of one kind. */
struct walked {
  const char *kind;
  int count;
  int awaited;
  char subject[32];
};

static void walk_entry(void *arg, const vt_loop_entry_t *entry) {
  struct walked *w = arg;
  if (strcmp(entry->kind, w->kind) != 0)
    return;
  w->count++;
  w->awaited += entry->awaited;
  strncpy(w->subject, entry->subject, sizeof w->subject - 1);
}

/* Completes a source on a thread of its own. */
struct elsewhere {
  struct own_source *own;
  int rc[2];
  uv_thread_t thread;
  vt_continuation_t copy;
};

static void complete_elsewhere(void *arg) {
  struct elsewhere *e = arg;
  e->thread = uv_thread_self();
  e->copy = e->own->continuation;
  e->rc[0] = own_source_complete(e->own, result_int(11));
  e->rc[1] = vt_resume(&e->copy, result_int(12));
}

struct await_frame {
  vt_frame_t vt;
  vt_t v;
};

static vt_t await_body(void *frame) {
  struct await_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, value, f->v);
  VT_RETURN(f, vt_from_value(value));
  VT_END(f);
}

/* ---- it works: awaited ---- */

static void a_pending_source_is_asked_once(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  assert_status(vt_status(own_source_task(&own)), VT_PENDING);
  vt_await(own_source_task(&own), seen_k, &seen);
  assert_int_equal(own.asked, 1);
  assert_int_equal(seen.count, 0);
  assert_int_equal(fixture_pending(f), 1);
  assert_true(uv_loop_alive(&f->uv)); /* the await keeps the loop */
  assert_status(own_source_complete(&own, result_int(3)), 0);
  assert_seen_int(&seen, 3); /* on its own loop it runs at once */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 3);
  assert_int_equal(fixture_pending(f), 0);
  assert_false(uv_loop_alive(&f->uv));
}

static void a_source_that_is_done_runs_it_once(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  own_source_complete(&own, result_int(4));
  vt_await(own_source_task(&own), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 4);
  assert_int_equal(own.taken, 1);
}

static void resume_later_runs_from_the_loop(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  vt_await(own_source_task(&own), seen_k, &seen);
  assert_status(own_source_complete_later(&own, result_int(5)), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
}

static void later_is_kept_for_a_pending_source(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  vt_await_with(own_source_task(&own), VT_LATER | 0xff00u, seen_k, &seen);
  assert_int_equal(own.asked, 1);
  own_source_complete(&own, result_int(5));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
}

static void later_holds_for_a_source_that_is_done(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  own_source_complete(&own, result_int(4));
  vt_await_with(own_source_task(&own), VT_LATER, seen_k, &seen);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 4);
}

static void another_thread_posts_to_the_loop(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  struct elsewhere e = {.own = &own};
  uv_thread_t self = uv_thread_self();
  own_source_init(&own);
  vt_await(own_source_task(&own), seen_k, &seen);
  fixture_on_thread(complete_elsewhere, &e, 0);
  assert_status(e.rc[0], 0);
  assert_status(e.rc[1], VT_EDONE);
  assert_int_equal(seen.count, 0);
  assert_true(uv_loop_alive(&f->uv)); /* a completion is on its way */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 11);
  assert_true(uv_thread_equal(&seen.thread, &self));
}

static void anywhere_runs_on_the_thread_that_completes(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  struct elsewhere e = {.own = &own};
  own_source_init(&own);
  vt_await_with(own_source_task(&own), VT_ANYWHERE, seen_k, &seen);
  fixture_on_thread(complete_elsewhere, &e, 0);
  assert_status(e.rc[0], 0);
  assert_status(e.rc[1], VT_EDONE);
  assert_seen_int(&seen, 11);
  assert_true(uv_thread_equal(&seen.thread, &e.thread));
  assert_true(fixture_run(f));
  assert_int_equal(fixture_pending(f), 0);
}

static void on_completed_registers_and_never_runs(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0}, second = {0};
  own_source_init(&own);
  assert_status(vt_on_completed(own_source_task(&own), 0, seen_k, &seen), 0);
  own_source_complete(&own, result_int(6));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 6);
  assert_int_equal(vt_on_completed(own_source_task(&own), 0, seen_k, &second),
                   VT_COMPLETED);
  assert_true(fixture_run(f));
  assert_int_equal(second.count, 0);
  assert_int_equal(vt_get_result(own_source_task(&own)).value.i, 6);
}

static void a_task_is_made_of_it(void **state) {
  struct fixture *f = *state;
  struct own_source pending, done;
  vt_task_t *a, *b;
  own_source_init(&pending);
  own_source_init(&done);
  own_source_complete(&done, result_int(77));
  a = vt_as_task(own_source_task(&pending));
  b = vt_as_task(own_source_task(&done));
  assert_status(vt_task_status(a), VT_PENDING);
  assert_int_equal(vt_task_result(b).value.i, 77);
  own_source_complete(&pending, result_int(78));
  assert_true(fixture_run(f));
  assert_int_equal(vt_task_result(a).value.i, 78);
  vt_task_unref(a);
  vt_task_unref(b);
}

static void preserved_it_may_be_awaited_twice(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen[2] = {{0}};
  vt_task_t *task, *again;
  vt_t v;
  own_source_init(&own);
  v = vt_preserve(own_source_task(&own), &task);
  assert_non_null(task);
  assert_false(vt_equal(v, own_source_task(&own)));
  assert_true(vt_equal(vt_preserve(v, &again), v));
  vt_await(v, seen_k, &seen[0]);
  vt_await(v, seen_k, &seen[1]);
  own_source_complete(&own, result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], UV_EIO);
  assert_seen_status(&seen[1], UV_EIO);
  vt_task_unref(again);
  vt_task_unref(task);
}

/* ---- it works: cancel, describe, stop, forget ---- */

static void cancel_asks_the_source(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  vt_await(own_source_task(&own), seen_k, &seen);
  assert_status(vt_cancel(own_source_task(&own)), 0);
  assert_true(fixture_run(f));
  assert_int_equal(own.cancelled, 1);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_cancel(own_source_task(&own)), UV_EALREADY);
}

static void describe_names_it_in_a_walk(void **state) {
  struct fixture *f = *state;
  struct own_source own, bare;
  struct seen seen[2] = {{0}};
  struct walked w = {.kind = "own"}, b = {.kind = "bare"};
  own_source_init(&own);
  own_source_init_bare(&bare);
  own.subject = "the subject";
  vt_await(own_source_task(&own), seen_k, &seen[0]);
  vt_await(own_source_task(&bare), seen_k, &seen[1]);
  vt_loop_walk(f->vt, walk_entry, &w);
  vt_loop_walk(f->vt, walk_entry, &b);
  own_source_complete(&own, result_int(0));
  own_source_complete(&bare, result_int(0));
  assert_int_equal(w.count, 1);
  assert_int_equal(w.awaited, 1);
  assert_string_equal(w.subject, "the subject");
  assert_int_equal(b.count, 1);
  assert_string_equal(b.subject, "");
}

static void stop_withdraws_the_continuation(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0}, other = {0};
  vt_t v;
  own_source_init(&own);
  v = own_source_task(&own);
  vt_await(v, seen_k, &seen);
  assert_false(vt_await_stop(v, seen_k, &other));
  assert_true(vt_await_stop(v, seen_k, &seen));
  assert_false(vt_await_stop(v, seen_k, &seen));
  own_source_complete(&own, result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_int_equal(seen.count + other.count, 0);
  assert_int_equal(fixture_pending(f), 0);
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO); /* it went on as that */
}

static void forgotten_its_failure_is_reported(void **state) {
  struct fixture *f = *state;
  struct own_source pending, done;
  own_source_init(&pending);
  own_source_init(&done);
  own_source_complete(&done, result_failed(UV_EIO));
  vt_forget(own_source_task(&done));
  assert_int_equal(done.taken, 1);
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
  vt_forget(own_source_task(&pending));
  assert_int_equal(f->report_count, 0);
  own_source_complete(&pending, result_failed(UV_EPIPE));
  assert_true(fixture_run(f));
  assert_report(f, VT_REPORT_FORGOTTEN, UV_EPIPE);
  assert_int_equal(fixture_pending(f), 0);
}

static void a_function_passes_the_cancel_on_or_lets_go(void **state) {
  struct fixture *f = *state;
  struct own_source own, bare;
  struct seen seen[2] = {{0}};
  struct await_frame frame;
  vt_t v[2];
  own_source_init(&own);
  own_source_init_bare(&bare);
  frame.v = own_source_task(&own);
  v[0] = vt_start(&frame, await_body);
  frame.v = own_source_task(&bare);
  v[1] = vt_start(&frame, await_body);
  for (int i = 0; i < 2; i++)
    vt_await(v[i], seen_k, &seen[i]);
  assert_status(vt_cancel(v[0]), 0);
  assert_status(vt_cancel(v[1]), 0);
  assert_int_equal(own.cancelled, 1);
  own_source_complete(&bare, result_int(2));
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], UV_ECANCELED);
  assert_seen_status(&seen[1], UV_ECANCELED);
}

/* ---- it fails ---- */

static void a_second_resume_changes_nothing(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  vt_continuation_t copy;
  own_source_init(&own);
  vt_await(own_source_task(&own), seen_k, &seen);
  copy = own.continuation;
  assert_status(own_source_complete_later(&own, result_int(1)), 0);
  assert_status(vt_resume(&copy, result_int(2)), VT_EDONE);
  assert_true(fixture_run(f));
  assert_status(vt_resume_later(&copy, result_int(3)), VT_EDONE);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 1);
}

/* The waiter's memory serves another await: an old continuation is not its. */
static void an_old_continuation_does_not_hit_the_next_owner(void **state) {
  struct fixture *f = *state;
  struct own_source own[2];
  struct seen seen[2] = {{0}};
  vt_continuation_t old;
  own_source_init(&own[0]);
  own_source_init(&own[1]);
  vt_await(own_source_task(&own[0]), seen_k, &seen[0]);
  old = own[0].continuation;
  own_source_complete(&own[0], result_int(1));
  assert_true(fixture_run(f));
  vt_await(own_source_task(&own[1]), seen_k, &seen[1]);
  assert_status(vt_resume(&old, result_int(9)), VT_EDONE);
  assert_int_equal(seen[1].count, 0);
  own_source_complete(&own[1], result_int(2));
  assert_true(fixture_run(f));
  assert_seen_int(&seen[0], 1);
  assert_seen_int(&seen[1], 2);
}

static void a_zeroed_continuation_names_nobody(void **state) {
  const vt_continuation_t nobody = {0};
  (void)state;
  assert_status(vt_resume(&nobody, result_int(1)), VT_EDONE);
  assert_status(vt_resume_later(&nobody, result_int(1)), VT_EDONE);
}

static void a_positive_status_is_estatus(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  vt_await(own_source_task(&own), seen_k, &seen);
  own_source_complete(&own, result_failed(7));
  assert_true(fixture_run(f));
  assert_seen_status(&seen, VT_ESTATUS);
}

static void a_second_await_is_told_at_once(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen first = {0}, second = {0};
  own_source_init(&own);
  vt_await(own_source_task(&own), seen_k, &first);
  vt_await(own_source_task(&own), seen_k, &second);
  assert_seen_status(&second, VT_EAWAITED);
  assert_status(vt_on_completed(own_source_task(&own), 0, seen_k, &second),
                VT_EAWAITED);
  own_source_complete(&own, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&first, 1);
  assert_seen_status(&second, VT_EAWAITED);
}

static void an_older_and_a_newer_token_are_stale(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  own_source_init(&own);
  own_source_next(&own);
  for (uint64_t token = 0; token <= 2; token += 2) {
    struct seen seen = {0};
    vt_t v = own_source_task(&own);
    v.value.u = token;
    assert_status(vt_status(v), VT_ESTALE);
    assert_true(vt_is_completed(v));
    assert_true(vt_is_failed(v));
    assert_status(vt_get_result(v).status, VT_ESTALE);
    assert_status(vt_on_completed(v, 0, seen_k, &seen), VT_ESTALE);
    assert_int_equal(seen.count, 0);
    vt_await(v, seen_k, &seen);
    assert_seen_status(&seen, VT_ESTALE);
    assert_status(vt_cancel(v), VT_ESTALE);
    assert_false(vt_await_stop(v, seen_k, &seen));
    assert_status(vt_task_result(vt_as_task(v)).status, VT_ESTALE);
    vt_forget(v);
  }
  assert_int_equal(own.asked + own.taken + own.cancelled, 0);
  assert_int_equal(fixture_pending(f), 0);
}

static void without_cancel_it_is_enosys(void **state) {
  struct own_source bare;
  (void)state;
  own_source_init_bare(&bare);
  assert_status(vt_cancel(own_source_task(&bare)), UV_ENOSYS);
}

static void a_refusal_is_told_even_if_it_is_kept(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  own.refusal = UV_EBUSY;
  own.keeps_refused = true;
  vt_await(own_source_task(&own), seen_k, &seen);
  assert_seen_status(&seen, UV_EBUSY);
  assert_status(vt_resume(&own.continuation, result_int(1)), VT_EDONE);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_EBUSY);
  assert_int_equal(fixture_pending(f), 0);
}

static void a_refusal_is_what_its_task_says(void **state) {
  struct own_source own;
  vt_task_t *task;
  (void)state;
  own_source_init(&own);
  own.refusal = UV_EBUSY;
  task = vt_as_task(own_source_task(&own));
  assert_status(vt_task_result(task).status, UV_EBUSY);
  vt_task_unref(task);
}

/* It must not, but one that does is told once, and nothing breaks. */
static void a_resume_inside_on_completed_runs_once(void **state) {
  struct fixture *f = *state;
  for (int async = 0; async < 2; async++) {
    struct own_source own;
    struct seen seen = {0};
    struct await_frame frame;
    own_source_init(&own);
    own.resumes_inside = true;
    frame.v = own_source_task(&own);
    vt_await(async ? vt_start(&frame, await_body) : frame.v, seen_k, &seen);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 99);
    assert_int_equal(fixture_pending(f), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_pending_source_is_asked_once),
      fixture_test(a_source_that_is_done_runs_it_once),
      fixture_test(resume_later_runs_from_the_loop),
      fixture_test(later_is_kept_for_a_pending_source),
      fixture_test(later_holds_for_a_source_that_is_done),
      fixture_test(another_thread_posts_to_the_loop),
      fixture_test(anywhere_runs_on_the_thread_that_completes),
      fixture_test(on_completed_registers_and_never_runs),
      fixture_test(a_task_is_made_of_it),
      fixture_test(preserved_it_may_be_awaited_twice),
      fixture_test(cancel_asks_the_source),
      fixture_test(a_function_passes_the_cancel_on_or_lets_go),
      fixture_test(describe_names_it_in_a_walk),
      fixture_test(stop_withdraws_the_continuation),
      fixture_test(forgotten_its_failure_is_reported),
      fixture_test(a_second_resume_changes_nothing),
      fixture_test(an_old_continuation_does_not_hit_the_next_owner),
      fixture_test(a_zeroed_continuation_names_nobody),
      fixture_test(a_positive_status_is_estatus),
      fixture_test(a_second_await_is_told_at_once),
      fixture_test(an_older_and_a_newer_token_are_stale),
      fixture_test(without_cancel_it_is_enosys),
      fixture_test(a_refusal_is_told_even_if_it_is_kept),
      fixture_test(a_refusal_is_what_its_task_says),
      fixture_test(a_resume_inside_on_completed_runs_once),
  };
  return fixture_main("source", tests);
}
