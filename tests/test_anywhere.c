/* SPDX-License-Identifier: MIT */
/* VT_ANYWHERE: the continuation runs on the thread that completes, with a loop
 * there or without, and in bounded stack. */
#include "support/fixture.h"
#include "support/own_source.h"

#include <stdlib.h>
#include <string.h>

#define LINKS 100000

/* What sanitizers put into frames and threads is not ours. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK (512 * 1024)
#else
#define STACK (64 * 1024)
#endif

/* ---- helpers ---- */

static vt_promise_t *new_promise(void) {
  vt_promise_t *promise = NULL;
  int rc = vt_promise_new(0, &promise);
  assert_int_equal(rc, 0);
  return promise;
}

static int set_int(vt_promise_t *promise, int64_t i) {
  return vt_promise_set(promise, (vt_value_t){.i = i});
}

/* Completes a promise and looks whether that ran the continuation. */
struct setter {
  vt_promise_t *promise;
  struct seen seen;
  bool with_loop;
  int inside; /* continuations that ran before the completion returned */
  const char *problem;
};

static void set_and_look(void *arg) {
  struct setter *s = arg;
  struct fixture f;
  if (s->with_loop)
    s->problem = fixture_open_beside(&f);
  set_int(s->promise, 1);
  s->inside = s->seen.count;
  if (s->with_loop && !s->problem)
    s->problem = fixture_close(&f);
}

static struct setter new_setter(unsigned flags, bool with_loop) {
  struct setter s = {.with_loop = with_loop};
  int rc = vt_promise_new(flags, &s.promise);
  assert_int_equal(rc, 0);
  return s;
}

/* Many awaiters that note their place. */
struct places {
  vt_promise_t *promise;
  uv_thread_t thread;
  int next;
  int place[10];
};

struct placed {
  struct places *all;
  int number;
};

static void place_k(void *state, vt_result_t result) {
  struct placed *p = state;
  (void)result;
  p->all->place[p->number] = p->all->next++;
}

static void resume_on_thread(void *arg) {
  own_source_complete(arg, result_int(1));
}

static void fail_on_thread(void *arg) {
  own_source_complete(arg, result_failed(UV_EIO));
}

static void set_on_thread(void *arg) {
  struct places *p = arg;
  p->thread = uv_thread_self();
  set_int(p->promise, 1);
}

/* Completes for later, with a loop there or without. */
struct lazy {
  struct own_source own;
  struct seen seen;
  int inside; /* continuations before the completion returned */
  bool with_loop;
  struct fixture f;
  const char *problem;
};

static void complete_lazily(void *arg) {
  struct lazy *l = arg;
  l->problem = l->with_loop ? fixture_open_beside(&l->f) : NULL;
  own_source_complete_later(&l->own, result_int(1));
  l->inside = l->seen.count;
  if (l->with_loop)
    fixture_run(&l->f);
  if (l->with_loop && !l->problem)
    l->problem = fixture_close(&l->f);
}

/* Each continuation completes the next promise, on whatever thread it is. */
struct chain {
  vt_promise_t *promises[LINKS];
  int done, strangers; /* continuations, and those on another thread */
  int depth, deepest;
  uv_thread_t thread;
  bool with_loop;
  const char *problem;
};

static void chain_k(void *state, vt_result_t result) {
  struct chain *c = state;
  uv_thread_t self = uv_thread_self();
  c->depth++;
  if (c->depth > c->deepest)
    c->deepest = c->depth;
  c->done++;
  c->strangers += !uv_thread_equal(&self, &c->thread);
  if (result.value.i + 1 < LINKS)
    set_int(c->promises[result.value.i + 1], result.value.i + 1);
  c->depth--;
}

static void run_chain(void *arg) {
  struct chain *c = arg;
  struct fixture *f = c->with_loop ? malloc(sizeof *f) : NULL;
  c->thread = uv_thread_self();
  if (f)
    c->problem = fixture_open_beside(f);
  set_int(c->promises[0], 0);
  if (!f)
    return;
  fixture_run(f);
  if (!c->problem)
    c->problem = fixture_close(f);
  if (!c->problem)
    free(f);
}

static void check_chain(struct fixture *f, bool with_loop) {
  struct chain *c = calloc(1, sizeof *c);
  c->with_loop = with_loop;
  for (int i = 0; i < LINKS; i++) {
    c->promises[i] = new_promise();
    vt_await_with(vt_from_task(vt_promise_task(c->promises[i])), VT_ANYWHERE,
                  chain_k, c);
  }
  fixture_on_thread(run_chain, c, STACK);
  fixture_run(f);
  assert_null(c->problem);
  assert_int_equal(c->done, LINKS);
  assert_int_equal(c->strangers, 0);
  assert_in_range(c->deepest, 1, 9); /* the bound is 8 */
  for (int i = 0; i < LINKS; i++)
    vt_promise_free(c->promises[i]);
  free(c);
  assert_int_equal(fixture_pending(f), 0);
}

/* ---- it works ---- */

static void all_awaiters_run_there_in_order(void **state) {
  struct fixture *f = *state;
  struct places p = {.promise = new_promise()};
  struct placed placed[10];
  struct seen last = {0};
  vt_t v = vt_from_task(vt_promise_task(p.promise));
  for (int i = 0; i < 10; i++) {
    placed[i] = (struct placed){.all = &p, .number = i};
    vt_await_with(v, VT_ANYWHERE, place_k, &placed[i]);
  }
  vt_await_with(v, VT_ANYWHERE, seen_k, &last);
  fixture_on_thread(set_on_thread, &p, 0);
  assert_seen_int(&last, 1);
  assert_true(uv_thread_equal(&last.thread, &p.thread));
  for (int i = 0; i < 10; i++)
    assert_int_equal(p.place[i], i);
  assert_true(fixture_run(f));
  assert_int_equal(fixture_pending(f), 0);
  vt_promise_free(p.promise);
}

static void on_its_own_loop_it_is_like_any(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = new_promise();
  struct seen now = {0}, later = {0};
  vt_t v = vt_from_task(vt_promise_task(promise));
  vt_await_with(v, VT_ANYWHERE, seen_k, &now);
  vt_await_with(v, VT_ANYWHERE | VT_LATER, seen_k, &later);
  set_int(promise, 2);
  assert_seen_int(&now, 2);
  assert_int_equal(later.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&later, 2);
  vt_promise_free(promise);
}

static void later_it_never_runs_inside_the_completion(void **state) {
  struct fixture *f = *state;
  uv_thread_t self = uv_thread_self();
  for (int with_loop = 0; with_loop < 2; with_loop++) {
    static struct lazy l; /* a fixture is large */
    memset(&l, 0, sizeof l);
    l.with_loop = with_loop;
    own_source_init(&l.own);
    vt_await_with(own_source_task(&l.own), VT_ANYWHERE, seen_k, &l.seen);
    fixture_on_thread(complete_lazily, &l, 0);
    assert_null(l.problem);
    assert_int_equal(l.inside, 0);
    assert_int_equal(l.seen.count, with_loop);
    assert_true(fixture_run(f));
    assert_seen_int(&l.seen, 1);
    assert_int_equal(uv_thread_equal(&l.seen.thread, &self) != 0, !with_loop);
    assert_int_equal(fixture_pending(f), 0);
  }
}

static void a_hit_runs_at_once(void **state) {
  struct seen seen = {0};
  (void)state;
  vt_await_with(vt_from_int(3), VT_ANYWHERE, seen_k, &seen);
  assert_seen_int(&seen, 3);
}

static void a_chain_on_a_thread_with_a_loop_keeps_the_stack(void **state) {
  check_chain(*state, true);
}

static void a_chain_on_a_thread_without_one_keeps_the_stack(void **state) {
  check_chain(*state, false);
}

static void stop_withdraws_it_before_the_completion(void **state) {
  struct fixture *f = *state;
  struct places p = {.promise = new_promise()};
  struct seen seen = {0};
  vt_t v = vt_from_task(vt_promise_task(p.promise));
  vt_await_with(v, VT_ANYWHERE, seen_k, &seen);
  assert_true(vt_await_stop(v, seen_k, &seen));
  fixture_on_thread(set_on_thread, &p, 0);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 0);
  vt_promise_free(p.promise);
}

/* The waiter stays until its source lets go of it, wherever that is. */
static void a_stopped_one_is_given_back_by_its_source(void **state) {
  struct fixture *f = *state;
  for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
    struct own_source own;
    struct seen seen = {0};
    vt_t v;
    own_source_init(&own);
    v = own_source_task(&own);
    vt_await_with(v, VT_ANYWHERE, seen_k, &seen);
    assert_true(vt_await_stop(v, seen_k, &seen));
    assert_false(vt_await_stop(v, seen_k, &seen));
    if (elsewhere)
      fixture_on_thread(resume_on_thread, &own, 0);
    else
      resume_on_thread(&own);
    fixture_turn(f);
    assert_int_equal(seen.count, 0);
    assert_int_equal(fixture_pending(f), 0);
  }
}

/* It goes on as forgotten: a failure is told, on the loop's own thread. */
static void stopped_its_failure_is_reported(void **state) {
  struct fixture *f = *state;
  for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
    struct own_source own;
    struct seen seen = {0};
    own_source_init(&own);
    vt_await_with(own_source_task(&own), VT_ANYWHERE, seen_k, &seen);
    assert_true(vt_await_stop(own_source_task(&own), seen_k, &seen));
    if (elsewhere)
      fixture_on_thread(fail_on_thread, &own, 0);
    else
      fail_on_thread(&own);
    fixture_turn(f);
    assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
    assert_int_equal(seen.count, 0);
    assert_int_equal(fixture_pending(f), 0);
  }
}

/* Queued on its own loop, whoever could have run it before. */
static void stop_withdraws_what_is_queued(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 3; i++) {
    vt_promise_t *promise = NULL;
    unsigned flags = VT_ANYWHERE | (i == 1 ? 0 : VT_LATER);
    struct seen seen = {0};
    vt_t v;
    assert_status(vt_promise_new(i == 1 ? VT_COMPLETE_LATER : 0, &promise), 0);
    v = i == 0 ? vt_from_int(1) : vt_from_task(vt_promise_task(promise));
    vt_await_with(v, flags, seen_k, &seen);
    set_int(promise, 1);
    assert_int_equal(seen.count, 0);
    assert_true(vt_await_stop(v, seen_k, &seen));
    assert_false(vt_await_stop(v, seen_k, &seen));
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, 0);
    assert_int_equal(fixture_pending(f), 0);
    vt_promise_free(promise);
  }
}

/* Later there is no place for it on the other thread: its own loop. */
static void later_it_runs_on_its_own_loop(void **state) {
  struct fixture *f = *state;
  uv_thread_t self = uv_thread_self();
  for (int i = 0; i < 3; i++) {
    bool with_loop = i == 2, asked = i > 0; /* by the await, or the promise */
    struct setter s = new_setter(asked ? 0 : VT_COMPLETE_LATER, with_loop);
    vt_await_with(vt_from_task(vt_promise_task(s.promise)),
                  VT_ANYWHERE | (asked ? VT_LATER : 0), seen_k, &s.seen);
    fixture_on_thread(set_and_look, &s, 0);
    assert_null(s.problem);
    assert_int_equal(s.inside, 0);
    assert_true(fixture_run(f));
    assert_seen_int(&s.seen, 1);
    assert_true(uv_thread_equal(&s.seen.thread, &self));
    vt_promise_free(s.promise);
  }
}

static void completed_later_it_may_still_be_stopped(void **state) {
  struct fixture *f = *state;
  struct setter s = new_setter(VT_COMPLETE_LATER, false);
  vt_t v = vt_from_task(vt_promise_task(s.promise));
  vt_await_with(v, VT_ANYWHERE, seen_k, &s.seen);
  fixture_on_thread(set_and_look, &s, 0);
  assert_true(vt_await_stop(v, seen_k, &s.seen));
  assert_true(fixture_run(f));
  fixture_turn(f); /* a stopped one does not keep the loop, but is posted */
  assert_int_equal(s.seen.count, 0);
  assert_int_equal(fixture_pending(f), 0);
  vt_promise_free(s.promise);
}

/* ---- it fails ---- */

static void stop_after_the_completion_is_false(void **state) {
  struct fixture *f = *state;
  struct places p = {.promise = new_promise()};
  struct seen seen = {0};
  vt_t v = vt_from_task(vt_promise_task(p.promise));
  vt_await_with(v, VT_ANYWHERE, seen_k, &seen);
  fixture_on_thread(set_on_thread, &p, 0);
  assert_false(vt_await_stop(v, seen_k, &seen)); /* it has run there */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 1);
  vt_promise_free(p.promise);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(all_awaiters_run_there_in_order),
      fixture_test(on_its_own_loop_it_is_like_any),
      fixture_test(later_it_never_runs_inside_the_completion),
      fixture_test(a_hit_runs_at_once),
      fixture_test(a_chain_on_a_thread_with_a_loop_keeps_the_stack),
      fixture_test(stop_withdraws_it_before_the_completion),
      fixture_test(a_stopped_one_is_given_back_by_its_source),
      fixture_test(stopped_its_failure_is_reported),
      fixture_test(stop_withdraws_what_is_queued),
      fixture_test(later_it_runs_on_its_own_loop),
      fixture_test(completed_later_it_may_still_be_stopped),
      fixture_test(stop_after_the_completion_is_false),
      fixture_test(a_chain_on_a_thread_without_one_keeps_the_stack),
  };
  return fixture_main("anywhere", tests);
}
