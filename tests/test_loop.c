/* SPDX-License-Identifier: MIT */
/* The loop as a guest: attach, detach, what keeps uv_run, vt_loop_run. */
#include "support/fixture.h"
#include "support/gate.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- helpers ---- */

static int closes(uv_loop_t *uv) {
  uv_run(uv, UV_RUN_DEFAULT);
  return uv_loop_close(uv);
}

struct other {
  vt_loop_t *theirs; /* of the main thread */
  vt_loop_t *current, *own;
  int detach_theirs, attach;
  const char *problem;
};

static void attach_elsewhere(void *arg) {
  struct other *o = arg;
  struct fixture f;
  o->current = vt_loop_current();
  o->detach_theirs = vt_loop_detach(o->theirs, NULL);
  o->problem = fixture_open_beside(&f);
  o->own = f.vt;
  if (!o->problem)
    o->problem = fixture_close(&f);
}

/* Runs the loop inside one of its callbacks. */
struct inner {
  struct fixture *f;
  vt_t v;
  vt_result_t result;
  int count;
};

static void on_timer(uv_timer_t *timer) {
  struct inner *i = timer->data;
  i->result = vt_loop_run(i->f->vt, i->v);
  i->count++;
}

static void run_inside_k(void *state, vt_result_t result) {
  struct inner *i = state;
  (void)result;
  i->result = vt_loop_run(i->f->vt, i->v);
  i->count++;
}

/* Waits for an operation that an idle handle of the user's completes. */
static void on_idle(uv_idle_t *idle) {
  struct gate *gate = idle->data;
  uv_idle_stop(idle);
  gate_open(gate, result_int(0));
}

static vt_result_t run_queued(struct fixture *f, struct gate *gate) {
  vt_t v = gate_begin(gate);
  vt_result_t r;
  uv_idle_t idle;
  uv_idle_init(&f->uv, &idle);
  idle.data = gate;
  uv_idle_start(&idle, on_idle);
  r = vt_loop_run(f->vt, v);
  uv_close((uv_handle_t *)&idle, NULL);
  fixture_turn(f);
  return r;
}

static void count_k(void *state, vt_result_t result) {
  (void)result;
  ++*(int *)state;
}

/* Detaches inside a callback of the loop. */
static void on_detach_timer(uv_timer_t *timer) {
  struct fixture *f = timer->data;
  if (vt_loop_detach(f->vt, NULL) == 0)
    f->vt = NULL;
}

static int detached_uv_count;

static void count_detached(struct uv_loop_s *uv) {
  (void)uv;
  detached_uv_count++;
}

static void ignore_signal(int signum) { (void)signum; }

/* ---- it works: attach ---- */

static void attached_it_is_current(void **state) {
  uv_loop_t uv;
  vt_loop_t *loop = NULL;
  (void)state;
  assert_null(vt_loop_current());
  assert_int_equal(uv_loop_init(&uv), 0);
  assert_status(vt_loop_attach(&uv, &loop), 0);
  assert_ptr_equal(vt_loop_current(), loop);
  assert_ptr_equal(vt_loop_uv(loop), &uv);
  assert_status(vt_loop_detach(loop, NULL), 0);
  assert_null(vt_loop_current());
  assert_int_equal(closes(&uv), 0);
}

static void attaching_again_is_counted(void **state) {
  struct fixture *f = *state;
  vt_loop_t *again = NULL;
  struct seen seen = {0};
  for (int i = 0; i < 3; i++) {
    assert_status(vt_loop_attach(&f->uv, &again), 0);
    assert_ptr_equal(again, f->vt);
  }
  for (int i = 0; i < 3; i++)
    assert_status(vt_loop_detach(f->vt, NULL), 0);
  assert_ptr_equal(vt_loop_current(), f->vt);
  vt_await_with(vt_from_int(1), VT_LATER, seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 1);
}

static void attaching_and_detaching_leaves_nothing(void **state) {
  vt_alloc_stats_t before, after;
  uv_loop_t uv;
  (void)state;
  vt_alloc_stats(&before);
  assert_int_equal(uv_loop_init(&uv), 0);
  for (int i = 0; i < 20; i++) {
    vt_loop_t *loop;
    assert_status(vt_loop_attach(&uv, &loop), 0);
    assert_status(vt_loop_run(loop, vt_delay(1)).status, 0);
    assert_status(vt_loop_detach(loop, NULL), 0);
    uv_run(&uv, UV_RUN_DEFAULT);
  }
  assert_int_equal(uv_loop_close(&uv), 0);
  vt_alloc_stats(&after);
  assert_int_equal(after.blocks, before.blocks);
  assert_int_equal(after.bytes, before.bytes);
}

static void each_thread_has_its_own(void **state) {
  struct fixture *f = *state;
  struct other o = {.theirs = f->vt};
  fixture_on_thread(attach_elsewhere, &o, 0);
  assert_null(o.current);
  assert_null(o.problem);
  assert_ptr_not_equal(o.own, f->vt);
  assert_ptr_equal(vt_loop_current(), f->vt);
}

static void the_users_data_is_untouched(void **state) {
  uv_loop_t uv;
  uv_idle_t idle;
  vt_loop_t *loop;
  int mark;
  (void)state;
  uv_loop_init(&uv);
  uv_idle_init(&uv, &idle);
  uv.data = idle.data = &mark;
  assert_status(vt_loop_attach(&uv, &loop), 0);
  assert_status(vt_loop_run(loop, vt_yield()).status, 0);
  assert_status(vt_loop_run(loop, vt_delay(1)).status, 0);
  assert_ptr_equal(uv.data, &mark);
  assert_status(vt_loop_detach(loop, NULL), 0);
  uv_close((uv_handle_t *)&idle, NULL);
  uv_run(&uv, UV_RUN_DEFAULT);
  assert_ptr_equal(uv.data, &mark);
  assert_ptr_equal(idle.data, &mark);
  assert_int_equal(uv_loop_close(&uv), 0);
}

/* A write to a gone peer would kill the process. */
static void sigpipe_is_ignored_only_where_it_was_the_default(void **state) {
  struct sigaction before, own, now;
  struct fixture f;
  (void)state;
  memset(&own, 0, sizeof own);
  own.sa_handler = SIG_DFL;
  sigaction(SIGPIPE, &own, &before);
  assert_null(fixture_open(&f));
  assert_null(fixture_close(&f));
  sigaction(SIGPIPE, NULL, &now);
  assert_true(now.sa_handler == SIG_IGN);
  own.sa_handler = ignore_signal;
  sigaction(SIGPIPE, &own, NULL);
  assert_null(fixture_open(&f));
  assert_null(fixture_close(&f));
  sigaction(SIGPIPE, &before, &now);
  assert_true(now.sa_handler == ignore_signal);
}

/* ---- it works: what keeps uv_run ---- */

static void a_reserve_ends_in_a_turn(void **state) {
  struct fixture *f = *state;
  int fd = dup(0);
  assert_int_equal(vt_loop_reserve(f->vt), 0);
  assert_int_equal(vt_loop_reserve(f->vt), 0);
  fixture_turn(f);
  assert_false(uv_loop_alive(&f->uv));
  int next = dup(0); /* no descriptor is kept */
  assert_int_equal(next, fd + 1);
  close(next);
  close(fd);
  assert_int_equal(vt_loop_reserve(NULL), UV_EINVAL);
}

static void attached_and_idle_it_keeps_no_loop(void **state) {
  struct fixture *f = *state;
  assert_false(uv_loop_alive(&f->uv));
  assert_int_equal(uv_run(&f->uv, UV_RUN_DEFAULT), 0);
  assert_status(vt_loop_run(f->vt, vt_delay(1)).status, 0);
  assert_status(vt_loop_run(f->vt, vt_yield()).status, 0);
  assert_false(uv_loop_alive(&f->uv)); /* idle again */
}

static void whatever_is_pending_keeps_it(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_promise_t *promise;
  vt_t v;
  vt_await(vt_delay(1), seen_k, &seen);
  assert_true(uv_loop_alive(&f->uv));
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
  vt_await(vt_yield(), seen_k, &seen);
  assert_true(uv_loop_alive(&f->uv));
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 2);
  vt_await_with(vt_done(), VT_LATER, seen_k, &seen);
  assert_true(uv_loop_alive(&f->uv));
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 3);
  assert_status(vt_promise_new(0, &promise), 0);
  v = vt_from_task(vt_promise_task(promise));
  assert_false(uv_loop_alive(&f->uv)); /* nobody awaits it */
  vt_await(v, seen_k, &seen);
  assert_true(uv_loop_alive(&f->uv));
  vt_promise_set(promise, (vt_value_t){.i = 1});
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 4);
  assert_false(uv_loop_alive(&f->uv));
  vt_promise_free(promise);
}

static void a_delay_that_nobody_awaits_keeps_it_too(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_delay(1);
  assert_true(fixture_run(f));
  assert_status(vt_status(v), 0);
  assert_status(vt_get_result(v).status, 0);
}

/* ---- it works: vt_loop_run ---- */

static void loop_run_waits_and_takes(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_t delay = vt_delay(1), v;
  assert_status(vt_loop_run(f->vt, delay).status, 0);
  assert_status(vt_status(delay), VT_ESTALE);
  v = gate_begin(&gate);
  gate_open(&gate, result_int(6));
  assert_int_equal(vt_loop_run(f->vt, v).value.i, 6);
  assert_status(vt_loop_run(f->vt, v).status, VT_ESTALE);
}

/* What else is pending goes on, and need not end before it returns. */
static void loop_run_ends_with_its_own_value_task(void **state) {
  struct fixture *f = *state;
  int count = 0;
  vt_t longer = vt_delay(3600 * 1000);
  vt_await(longer, count_k, &count);
  assert_status(vt_loop_run(f->vt, vt_delay(1)).status, 0);
  assert_int_equal(count, 0);
  assert_status(vt_cancel(longer), 0);
  assert_true(fixture_run(f));
  assert_int_equal(count, 1);
}

/* What it waits for completes before libuv polls: then it must not sleep until
 * something else happens, an hour later. */
static void loop_run_does_not_sleep_past_its_end(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  int count = 0;
  vt_t longer = vt_delay(3600 * 1000), due = vt_delay(1);
  uint64_t until = uv_hrtime() + 5 * 1000000u;
  vt_await(longer, count_k, &count);
  while (uv_hrtime() < until)
    ; /* due before the loop runs */
  assert_status(vt_loop_run(f->vt, due).status, 0);
  assert_status(vt_loop_run(f->vt, vt_yield()).status, 0);
  assert_status(run_queued(f, &gate).status, 0);
  assert_status(vt_cancel(longer), 0);
  assert_true(fixture_run(f));
  assert_int_equal(count, 1);
}

/* A user's own handle that ends the waiting. */
static void loop_run_inside_a_callback_is_refused(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct inner i = {.f = f, .v = gate_begin(&gate)};
  uv_timer_t timer;
  uv_timer_init(&f->uv, &timer);
  timer.data = &i;
  uv_timer_start(&timer, on_timer, 0, 0);
  assert_status(vt_loop_run(f->vt, vt_delay(5)).status, 0);
  uv_close((uv_handle_t *)&timer, NULL);
  fixture_turn(f);
  assert_int_equal(i.count, 1);
  assert_status(i.result.status, UV_EBUSY);
  assert_status(vt_status(i.v), VT_PENDING); /* untouched */
  gate_open(&gate, result_int(3));
  assert_int_equal(vt_loop_run(f->vt, i.v).value.i, 3);
}

static void loop_run_inside_a_continuation_is_refused(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct inner i = {.f = f, .v = gate_begin(&gate)};
  vt_await(vt_yield(), run_inside_k, &i);
  assert_true(fixture_run_until(f, &i.count, 1));
  assert_status(i.result.status, UV_EBUSY);
  gate_open(&gate, result_int(3));
  assert_int_equal(vt_get_result(i.v).value.i, 3);
}

/* ---- it works: detach ---- */

static void the_callback_runs_a_turn_later(void **state) {
  uv_loop_t uv;
  vt_loop_t *loop;
  (void)state;
  detached_uv_count = 0;
  uv_loop_init(&uv);
  assert_status(vt_loop_attach(&uv, &loop), 0);
  assert_status(vt_loop_detach(loop, count_detached), 0);
  assert_int_equal(detached_uv_count, 0);
  assert_int_equal(uv_loop_close(&uv), UV_EBUSY);
  uv_run(&uv, UV_RUN_DEFAULT);
  assert_int_equal(detached_uv_count, 1);
  assert_int_equal(uv_loop_close(&uv), 0);
}

static void detach_works_inside_a_callback(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  uv_timer_init(&f->uv, &timer);
  timer.data = f;
  uv_timer_start(&timer, on_detach_timer, 0, 0);
  fixture_run(f);
  uv_close((uv_handle_t *)&timer, NULL);
  fixture_run(f);
  assert_null(f->vt);
  assert_null(vt_loop_current());
  f->detached = 1; /* told by another callback here */
}

/* ---- it fails ---- */

static void a_second_loop_on_the_thread_is_ebusy(void **state) {
  struct fixture *f = *state;
  uv_loop_t second;
  vt_loop_t *out = NULL;
  uv_loop_init(&second);
  assert_status(vt_loop_attach(&second, &out), UV_EBUSY);
  assert_null(out);
  assert_ptr_equal(vt_loop_current(), f->vt);
  assert_int_equal(uv_loop_close(&second), 0);
}

static void nothing_is_einval(void **state) {
  uv_loop_t uv;
  vt_loop_t *loop = NULL;
  (void)state;
  assert_status(vt_loop_attach(NULL, &loop), UV_EINVAL);
  assert_null(loop);
  uv_loop_init(&uv);
  assert_status(vt_loop_attach(&uv, NULL), UV_EINVAL);
  assert_null(vt_loop_current());
  assert_int_equal(uv_loop_close(&uv), 0);
  assert_status(vt_loop_detach(NULL, NULL), UV_EINVAL);
}

static void another_thread_cannot_detach_it(void **state) {
  struct fixture *f = *state;
  struct other o = {.theirs = f->vt};
  fixture_on_thread(attach_elsewhere, &o, 0);
  assert_status(o.detach_theirs, VT_ETHREAD);
  assert_status(vt_loop_run(f->vt, vt_yield()).status, 0);
}

static void detach_is_refused_while_something_is_pending(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{.about = "one"}, {.about = "two"}};
  struct seen seen = {0};
  vt_promise_t *promise;
  vt_t v[2];
  for (int i = 0; i < 2; i++)
    v[i] = gate_begin(&gates[i]);
  assert_status(vt_promise_new(0, &promise), 0);
  vt_await(vt_from_task(vt_promise_task(promise)), seen_k, &seen);
  assert_status(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  assert_int_equal(f->report_count, 3);
  for (int i = 0; i < 3; i++)
    assert_report(f, VT_REPORT_LEFT, 0);
  vt_promise_set(promise, (vt_value_t){.i = 4}); /* nothing changed */
  for (int i = 0; i < 2; i++) {
    gate_open(&gates[i], result_int(i));
    assert_int_equal(vt_get_result(v[i]).value.i, i);
  }
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 4);
  vt_promise_free(promise);
}

static void an_inner_detach_is_never_refused(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_loop_t *again;
  vt_t v = gate_begin(&gate);
  assert_status(vt_loop_attach(&f->uv, &again), 0);
  assert_status(vt_loop_detach(again, NULL), 0);
  assert_status(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  gate_open(&gate, result_int(1));
  assert_int_equal(vt_get_result(v).value.i, 1);
}

static void what_is_left_is_named(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.about = "the subject"};
  const struct fixture_report *r;
  vt_t v = gate_begin(&gate);
  assert_status(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  r = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(r);
  assert_string_equal(r->what, "gate");
  assert_string_equal(r->subject, "the subject");
  gate_open(&gate, result_int(1));
  vt_get_result(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attached_it_is_current),
      fixture_test(attaching_again_is_counted),
      cmocka_unit_test(attaching_and_detaching_leaves_nothing),
      fixture_test(each_thread_has_its_own),
      cmocka_unit_test(the_users_data_is_untouched),
      cmocka_unit_test(sigpipe_is_ignored_only_where_it_was_the_default),
      fixture_test(a_reserve_ends_in_a_turn),
      fixture_test(attached_and_idle_it_keeps_no_loop),
      fixture_test(whatever_is_pending_keeps_it),
      fixture_test(a_delay_that_nobody_awaits_keeps_it_too),
      fixture_test(loop_run_waits_and_takes),
      fixture_test(loop_run_ends_with_its_own_value_task),
      fixture_test(loop_run_does_not_sleep_past_its_end),
      fixture_test(loop_run_inside_a_callback_is_refused),
      fixture_test(loop_run_inside_a_continuation_is_refused),
      cmocka_unit_test(the_callback_runs_a_turn_later),
      fixture_test(detach_works_inside_a_callback),
      fixture_test(a_second_loop_on_the_thread_is_ebusy),
      cmocka_unit_test(nothing_is_einval),
      fixture_test(another_thread_cannot_detach_it),
      fixture_test(detach_is_refused_while_something_is_pending),
      fixture_test(an_inner_detach_is_never_refused),
      fixture_test(what_is_left_is_named),
  };
  return fixture_main("loop", tests);
}
