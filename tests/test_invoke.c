/* SPDX-License-Identifier: MIT */
/* vt_invoke_on: a function on another loop's thread, its answer on this one. */
#include "support/peer.h"

#include <string.h>

/* ---- helpers ---- */

/* What the functions that are invoked note. */
struct note {
  uv_thread_t thread;
  vt_loop_t *loop;
  int calls;
  int64_t value;
  vt_t answer;  /* of give */
  uv_sem_t *at; /* of hold: posted when it runs */
  uv_sem_t *go; /* and what it waits for */
};

static void here(struct note *n) {
  n->thread = uv_thread_self();
  n->loop = vt_loop_current();
  n->calls++;
}

/* Returns n->answer. */
static vt_t give(void *arg) {
  struct note *n = arg;
  here(n);
  return n->answer;
}

static vt_t wait_a_while(void *arg) {
  here(arg);
  return vt_delay(1);
}

static vt_result_t twice(void *arg) {
  struct note *n = arg;
  return result_int(2 * n->value);
}

static vt_t work_there(void *arg) {
  here(arg);
  return vt_work(twice, arg);
}

struct sum_frame {
  vt_frame_t vt;
  struct note *note;
  uint64_t i;
};

static vt_t sum_body(void *frame) {
  struct sum_frame *f = frame;
  VT_BEGIN(f);
  for (f->i = 1; f->i <= 4; f->i++) {
    VT_TRY(f, vt_yield());
    f->note->value += (int64_t)f->i;
  }
  VT_RETURN(f, vt_from_int(f->note->value));
  VT_END(f);
}

static vt_t sum_there(void *arg) {
  struct sum_frame f = {.note = arg};
  here(arg);
  return vt_start(&f, sum_body);
}

/* Returns what it has dropped itself. */
static vt_t forget_first(void *arg) {
  vt_t v = vt_yield();
  here(arg);
  vt_forget(v);
  return v;
}

/* Blocks its loop until the semaphore is posted. */
static vt_t hold(void *arg) {
  struct note *n = arg;
  here(n);
  uv_sem_post(n->at);
  uv_sem_wait(n->go);
  return vt_done();
}

/* Awaits an invocation on the peer to its end. */
static void invoke(struct two_loops *p, vt_invoke_fn *fn, struct note *n,
                   struct seen *seen) {
  vt_await(vt_invoke_on(p->peer.loop, fn, n), seen_k, seen);
  assert_int_equal(seen->count, 0);
  assert_true(fixture_run(&p->f));
}

static void assert_there(const struct two_loops *p, const struct note *n) {
  assert_int_equal(n->calls, 1);
  assert_ptr_equal(n->loop, p->peer.loop);
  assert_false(uv_thread_equal(&n->thread, &(uv_thread_t){uv_thread_self()}));
}

static void assert_home(const struct seen *seen) {
  uv_thread_t self = uv_thread_self();
  assert_true(uv_thread_equal(&seen->thread, &self));
}

/* The peer, held in a function until let_go. */
struct held {
  struct note note;
  struct seen seen;
  uv_sem_t at, go;
};

static void hold_peer(struct two_loops *p, struct held *h) {
  memset(h, 0, sizeof *h);
  uv_sem_init(&h->at, 0);
  uv_sem_init(&h->go, 0);
  h->note.at = &h->at;
  h->note.go = &h->go;
  vt_await(vt_invoke_on(p->peer.loop, hold, &h->note), seen_k, &h->seen);
  uv_sem_wait(&h->at);
}

static void let_go(struct held *h) { uv_sem_post(&h->go); }

static void end_held(struct held *h) {
  assert_seen_int(&h->seen, 0);
  uv_sem_destroy(&h->at);
  uv_sem_destroy(&h->go);
}

/* ---- it works ---- */

static void runs_there_and_answers_here(void **state) {
  struct two_loops *p = *state;
  struct note n = {.answer = vt_from_int(42)};
  struct seen seen = {0};
  invoke(p, give, &n, &seen);
  assert_there(p, &n);
  assert_seen_int(&seen, 42);
  assert_home(&seen);
}

static void a_failure_comes_back(void **state) {
  struct two_loops *p = *state;
  struct note n = {.answer = vt_failed(UV_EACCES)};
  struct seen seen = {0};
  invoke(p, give, &n, &seen);
  assert_there(p, &n);
  assert_seen_status(&seen, UV_EACCES);
}

static void what_it_returns_is_awaited_there(void **state) {
  struct two_loops *p = *state;
  vt_invoke_fn *fns[] = {wait_a_while, work_there, sum_there};
  int64_t values[] = {0, 42, 31};
  for (size_t i = 0; i < 3; i++) {
    struct note n = {.value = 21};
    struct seen seen = {0};
    invoke(p, fns[i], &n, &seen);
    assert_there(p, &n);
    assert_seen_int(&seen, values[i]);
    assert_home(&seen);
  }
}

static void a_task_of_any_thread_can_be_returned(void **state) {
  struct two_loops *p = *state;
  struct note n = {0};
  struct seen seen = {0};
  vt_promise_t *promise;
  assert_status(vt_promise_new(0, &promise), 0);
  n.answer = vt_from_task(vt_promise_task(promise));
  vt_await(vt_invoke_on(p->peer.loop, give, &n), seen_k, &seen);
  fixture_turn(&p->f);
  assert_int_equal(seen.count, 0);
  vt_promise_set(promise, (vt_value_t){.i = 5});
  assert_true(fixture_run(&p->f));
  assert_seen_int(&seen, 5);
  vt_promise_free(promise);
}

static void an_own_loop_runs_it_later(void **state) {
  struct two_loops *p = *state;
  struct note n = {.answer = vt_from_int(1)};
  struct seen seen = {0};
  vt_await(vt_invoke_on(p->f.vt, give, &n), seen_k, &seen);
  assert_int_equal(n.calls, 0);
  assert_true(fixture_run(&p->f));
  assert_int_equal(n.calls, 1);
  assert_ptr_equal(n.loop, p->f.vt);
  assert_seen_int(&seen, 1);
}

struct order {
  int next;
  int wrong;
};

struct place {
  struct order *order;
  int number;
};

static vt_t check_order(void *arg) {
  struct place *place = arg;
  place->order->wrong += place->order->next++ != place->number;
  return vt_done();
}

static void calls_keep_their_order(void **state) {
  enum { COUNT = 100 };
  struct two_loops *p = *state;
  struct order order = {0, 0};
  struct place places[COUNT];
  struct seen seen = {0};
  struct held held;
  hold_peer(p, &held);
  for (int i = 0; i < COUNT; i++) {
    places[i] = (struct place){&order, i};
    vt_await(vt_invoke_on(p->peer.loop, check_order, &places[i]), seen_k,
             &seen);
  }
  let_go(&held);
  assert_true(fixture_run(&p->f));
  assert_int_equal(order.next, COUNT);
  assert_int_equal(order.wrong, 0);
  assert_int_equal(seen.count, COUNT);
  end_held(&held);
}

struct rally_frame {
  vt_frame_t vt;
  vt_loop_t *loop;
  struct note *note;
  int left;
};

static vt_t rally_body(void *frame) {
  struct rally_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  while (f->left-- > 0) {
    VT_TRY_VALUE(f, value, vt_invoke_on(f->loop, give, f->note));
    f->note->value += value.i;
  }
  VT_END(f);
}

static void rally(struct two_loops *p, struct note *n, int count) {
  struct rally_frame f = {.loop = p->peer.loop, .note = n, .left = count};
  struct seen seen = {0};
  vt_await(vt_start(&f, rally_body), seen_k, &seen);
  assert_true(fixture_run(&p->f));
  assert_seen_int(&seen, 0);
}

static void many_calls_in_a_row_allocate_nothing(void **state) {
  struct two_loops *p = *state;
  struct note n = {.answer = vt_from_int(2)};
  rally(p, &n, 10);
  uint64_t before = fixture_allocations();
  rally(p, &n, 1000);
  assert_int_equal(fixture_allocations(), before);
  assert_int_equal(n.value, 2 * 1010);
}

/* The peer's function calls back to this loop and awaits the answer. */
struct back {
  vt_loop_t *home;
  struct note note;
};

static vt_t call_back(void *arg) {
  struct back *back = arg;
  return vt_invoke_on(back->home, give, &back->note);
}

static void a_call_can_call_back(void **state) {
  struct two_loops *p = *state;
  struct back back = {p->f.vt, {.answer = vt_from_int(7)}};
  struct seen seen = {0};
  vt_await(vt_invoke_on(p->peer.loop, call_back, &back), seen_k, &seen);
  assert_true(fixture_run(&p->f));
  assert_seen_int(&seen, 7);
  assert_ptr_equal(back.note.loop, p->f.vt);
}

/* ---- it ends early ---- */

static void cancelled_before_it_began_never_runs(void **state) {
  struct two_loops *p = *state;
  struct note n = {.answer = vt_from_int(1)};
  struct seen seen = {0};
  struct held held;
  hold_peer(p, &held);
  vt_t v = vt_invoke_on(p->peer.loop, give, &n);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  let_go(&held);
  assert_true(fixture_run(&p->f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(n.calls, 0);
  end_held(&held);
}

static void cancelled_once_it_runs_gives_its_result(void **state) {
  struct two_loops *p = *state;
  struct note n = {0};
  struct seen seen = {0};
  uv_sem_t at, go;
  uv_sem_init(&at, 0);
  uv_sem_init(&go, 0);
  n.at = &at;
  n.go = &go;
  vt_t v = vt_invoke_on(p->peer.loop, hold, &n);
  vt_await(v, seen_k, &seen);
  uv_sem_wait(&at);
  assert_status(vt_cancel(v), UV_EBUSY);
  uv_sem_post(&go);
  assert_true(fixture_run(&p->f));
  assert_seen_int(&seen, 0);
  uv_sem_destroy(&at);
  uv_sem_destroy(&go);
}

static void a_forgotten_one_runs_and_its_failure_is_reported(void **state) {
  struct two_loops *p = *state;
  struct note n = {.answer = vt_failed(UV_EIO)};
  vt_forget(vt_invoke_on(p->peer.loop, give, &n));
  assert_true(fixture_run(&p->f));
  assert_there(p, &n);
  assert_report(&p->f, VT_REPORT_FORGOTTEN, UV_EIO);
}

/* ---- it is refused ---- */

static void bad_arguments_are_refused(void **state) {
  struct two_loops *p = *state;
  struct note n = {0};
  assert_status(vt_status(vt_invoke_on(NULL, give, &n)), UV_EINVAL);
  assert_status(vt_status(vt_invoke_on(p->peer.loop, NULL, &n)), UV_EINVAL);
  assert_int_equal(n.calls, 0);
}

struct loopless {
  vt_loop_t *loop;
  struct note note;
  int64_t status;
};

static void invoke_without_a_loop(void *arg) {
  struct loopless *l = arg;
  l->status = vt_status(vt_invoke_on(l->loop, give, &l->note));
}

static void needs_a_loop_to_come_back_to(void **state) {
  struct two_loops *p = *state;
  struct loopless l = {.loop = p->peer.loop};
  fixture_on_thread(invoke_without_a_loop, &l, 0);
  assert_status(l.status, VT_ENOLOOP);
  assert_int_equal(l.note.calls, 0);
}

static void what_is_stale_over_there_gives_its_status(void **state) {
  struct two_loops *p = *state;
  struct seen seen = {0};
  struct note n = {0};
  invoke(p, forget_first, &n, &seen);
  assert_seen_status(&seen, VT_ESTALE);
}

/* On the peer's thread: the detach is refused for the call that waits. */
struct leaver {
  uv_sem_t at, go;
  struct fixture *f;
  int rc;
  bool named;
};

static vt_t try_to_leave(void *arg) {
  struct leaver *l = arg;
  const struct fixture_report *report;
  uv_sem_post(&l->at);
  uv_sem_wait(&l->go);
  l->rc = vt_loop_detach(vt_loop_current(), NULL);
  while ((report = fixture_take_report(l->f, VT_REPORT_LEFT)))
    l->named |= strcmp(report->what, "invoke") == 0;
  return vt_done();
}

static void a_waiting_call_keeps_its_loop_attached(void **state) {
  struct two_loops *p = *state;
  struct leaver l = {.f = &p->peer.f};
  struct note n = {.answer = vt_from_int(3)};
  struct seen seen = {0}, left = {0};
  uv_sem_init(&l.at, 0);
  uv_sem_init(&l.go, 0);
  vt_await(vt_invoke_on(p->peer.loop, try_to_leave, &l), seen_k, &left);
  uv_sem_wait(&l.at);
  vt_await(vt_invoke_on(p->peer.loop, give, &n), seen_k, &seen);
  uv_sem_post(&l.go);
  assert_true(fixture_run(&p->f));
  assert_status(l.rc, UV_EBUSY);
  assert_true(l.named);
  assert_seen_int(&seen, 3);
  assert_seen_int(&left, 0);
  uv_sem_destroy(&l.at);
  uv_sem_destroy(&l.go);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      two_loops_test(runs_there_and_answers_here),
      two_loops_test(a_failure_comes_back),
      two_loops_test(what_it_returns_is_awaited_there),
      two_loops_test(a_task_of_any_thread_can_be_returned),
      two_loops_test(an_own_loop_runs_it_later),
      two_loops_test(calls_keep_their_order),
      two_loops_test(many_calls_in_a_row_allocate_nothing),
      two_loops_test(a_call_can_call_back),
      two_loops_test(cancelled_before_it_began_never_runs),
      two_loops_test(cancelled_once_it_runs_gives_its_result),
      two_loops_test(a_forgotten_one_runs_and_its_failure_is_reported),
      two_loops_test(bad_arguments_are_refused),
      two_loops_test(needs_a_loop_to_come_back_to),
      two_loops_test(what_is_stale_over_there_gives_its_status),
      two_loops_test(a_waiting_call_keeps_its_loop_attached),
  };
  return fixture_main("invoke", tests);
}
