/* SPDX-License-Identifier: MIT */
/* Completions that run no continuation before they return, directly and
 * through whatever stands between; and yielding. C#'s
 * RunContinuationsAsynchronouslyTests and YieldAwaitableTests. */
#include "support/pass.h"

#include <unistd.h>

/* ---- helpers: what stands between ---- */

/* A promise and a resettable source at once, so that each route can be run over
 * either. */
struct origin {
  vt_promise_t *promise;
  vt_reset_source_t source;
  bool is_source;
  vt_task_t *task; /* a reference that a route was given */
  int64_t gives;   /* what the route makes of 42 */
};

static void origin_init(struct origin *o, bool is_source, unsigned flags) {
  o->promise = fixture_promise(flags);
  vt_reset_source_init(&o->source, flags);
  o->is_source = is_source;
  o->task = NULL;
  o->gives = 42;
}

static vt_t origin_task(struct origin *o) {
  return o->is_source ? vt_reset_source_task(&o->source)
                      : vt_from_task(vt_promise_task(o->promise));
}

static int origin_set(struct origin *o, int64_t i) {
  return o->is_source ? vt_reset_source_set(&o->source, result_int(i))
                      : vt_promise_set(o->promise, (vt_value_t){.i = i});
}

static void origin_close(struct origin *o) {
  if (o->is_source)
    vt_promise_set(o->promise, (vt_value_t){.i = 0});
  vt_promise_free(o->promise);
  vt_task_unref(o->task);
}

static vt_t by_return(struct origin *o) {
  return pass(origin_task(o), PASS_RETURNS);
}

static vt_t by_return_boxed(struct origin *o) {
  return pass(origin_task(o), PASS_RETURNS | PASS_WAITS);
}

static vt_t by_return_cleaned(struct origin *o) {
  return pass(origin_task(o), PASS_CLEANS);
}

static vt_t by_try(struct origin *o) { return pass(origin_task(o), 0); }

static vt_t by_try_boxed(struct origin *o) {
  return pass(origin_task(o), PASS_WAITS);
}

static vt_t by_as_task(struct origin *o) {
  o->task = vt_as_task(origin_task(o));
  return vt_from_task(o->task);
}

static vt_t by_preserve(struct origin *o) {
  return vt_preserve(origin_task(o), &o->task);
}

/* A task of a function that returns another one's value task. */
static vt_t by_many(struct origin *o) {
  o->task = vt_as_task(pass(by_try(o), PASS_RETURNS | PASS_WAITS));
  return vt_from_task(o->task);
}

/* It tells how many there were. */
static vt_t by_when_all(struct origin *o) {
  o->gives = 1;
  return VT_ALL(0, NULL, origin_task(o));
}

/* It tells which one it was. */
static vt_t by_when_any(struct origin *o) {
  o->gives = 0;
  return VT_ANY(0, NULL, origin_task(o));
}

typedef vt_t route_fn(struct origin *o);

/* Set: with later nothing has run when it returns, without it has; on this
 * thread in either case. */
static void run_one(struct fixture *f, route_fn *route, bool is_source,
                    bool later) {
  struct seen seen = {0};
  struct origin o;
  uv_thread_t self = uv_thread_self();
  origin_init(&o, is_source, later ? VT_COMPLETE_LATER : 0);
  vt_await(route(&o), seen_k, &seen);
  for (int i = 0; i < 3; i++)
    fixture_turn(f); /* whatever yields first waits for the origin now */
  assert_int_equal(seen.count, 0);
  assert_status(origin_set(&o, 42), 0);
  assert_int_equal(seen.count, later ? 0 : 1);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, o.gives);
  assert_true(uv_thread_equal(&seen.thread, &self));
  origin_close(&o);
}

static void run(struct fixture *f, route_fn *route) {
  for (int i = 0; i < 4; i++)
    run_one(f, route, i & 1, i & 2);
}

/* ---- helpers: yielding ---- */

/* Makes something readable, yields once, and tells whether the loop has seen
 * it. */
struct yield_frame {
  vt_frame_t vt;
  vt_t before; /* awaited first */
  int fd;
  const int *readable;
};

static vt_t yield_body(void *frame) {
  struct yield_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->before);
  if (write(f->fd, "x", 1) != 1)
    VT_RETURN(f, vt_failed(UV_EIO));
  VT_TRY(f, vt_yield());
  VT_RETURN(f, vt_from_int(*f->readable));
  VT_END(f);
}

static vt_result_t nothing(void *arg) {
  (void)arg;
  return result_int(0);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  ++*(int *)poll->data;
  uv_poll_stop(poll);
}

/* A thread with a loop on which a function yields; notes each time whether it
 * came back to the same thread and the same loop. */
struct yielder {
  int back, elsewhere;
  const char *problem;
};

struct back_frame {
  vt_frame_t vt;
  struct yielder *y;
  uv_thread_t thread;
  vt_loop_t *loop;
  int i;
};

static vt_t back_body(void *frame) {
  struct back_frame *f = frame;
  uv_thread_t now;
  VT_BEGIN(f);
  for (f->i = 0; f->i < 100; f->i++) {
    VT_TRY(f, vt_yield());
    now = uv_thread_self();
    if (uv_thread_equal(&now, &f->thread) && vt_loop_current() == f->loop)
      f->y->back++;
    else
      f->y->elsewhere++;
  }
  VT_END(f);
}

static void yield_on_thread(void *arg) {
  struct yielder *y = arg;
  struct fixture f;
  struct back_frame frame = {.y = y, .thread = uv_thread_self()};
  y->problem = fixture_open_beside(&f);
  frame.loop = f.vt;
  vt_loop_run(f.vt, vt_start(&frame, back_body));
  if (!y->problem)
    y->problem = fixture_close(&f);
}

/* ---- the cases: completions ---- */

static vt_t as_it_is(struct origin *o) { return origin_task(o); }

static void direct(void **state) { run(*state, as_it_is); }

static void via_unwrap(void **state) {
  run(*state, by_return);
  run(*state, by_return_boxed);
  run(*state, by_return_cleaned);
}

static void via_when_all(void **state) { run(*state, by_when_all); }
static void via_when_any(void **state) { run(*state, by_when_any); }

static void via_async_function(void **state) {
  run(*state, by_try);
  run(*state, by_try_boxed);
}

static void via_as_task(void **state) { run(*state, by_as_task); }
static void via_preserve(void **state) { run(*state, by_preserve); }
static void via_many(void **state) { run(*state, by_many); }

/* ---- the cases: yielding ---- */

/* Never complete at once; refused before, taken after; on its loop. */
static void run_async_yield_awaiter_tests(void **state) {
  struct fixture *f = *state;
  static const unsigned flags[] = {0, VT_LATER, VT_ANYWHERE};
  uv_thread_t self = uv_thread_self();
  for (size_t i = 0; i < 3; i++) {
    struct seen seen = {0};
    vt_t v = vt_yield();
    assert_false(vt_in_hand(v) || vt_is_completed(v));
    assert_status(vt_get_result(v).status, VT_EPENDING);
    assert_status(vt_on_completed(v, flags[i], seen_k, &seen), 0);
    assert_false(vt_is_completed(v));
    assert_int_equal(seen.count, 0);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 0);
    assert_true(uv_thread_equal(&seen.thread, &self));
    assert_status(vt_get_result(v).status, VT_ESTALE);
  }
}

/* A poll for I/O lies between a yield and what follows it, from wherever the
 * yield was made: outside the loop, a timer, the ready queue, the pool. */
static void yield_lets_io_have_its_turn(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 4; i++) {
    int fds[2], readable = 0;
    uv_poll_t poll;
    struct yield_frame frame = {.readable = &readable};
    assert_int_equal(uv_pipe(fds, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE), 0);
    assert_int_equal(uv_poll_init(&f->uv, &poll, fds[0]), 0);
    poll.data = &readable;
    assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_readable), 0);
    frame.fd = fds[1];
    frame.before = i == 0   ? vt_done()
                   : i == 1 ? vt_delay(1)
                   : i == 2 ? vt_yield()
                            : vt_work(nothing, NULL);
    vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, yield_body));
    uv_close((uv_handle_t *)&poll, NULL);
    assert_true(fixture_run(f));
    close(fds[0]);
    close(fds[1]);
    assert_status(r.status, 0);
    assert_int_equal(r.value.i, 1);
  }
}

/* No continuation is refused, and the yield may still be awaited. */
static void run_async_yield_awaiter_tests_negative(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v = vt_yield();
  assert_status(vt_on_completed(v, 0, NULL, NULL), UV_EINVAL);
  assert_status(vt_status(v), VT_PENDING);
  vt_await(v, seen_k, &seen);
  vt_await(vt_yield(), NULL, NULL); /* the same as vt_forget */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
  assert_int_equal(fixture_pending(f), 0);
}

static void
async_method_yields_returns_to_correct_synchronization_context(void **state) {
  struct yielder y[2] = {{0}};
  uv_thread_t threads[2];
  (void)state;
  for (int i = 0; i < 2; i++)
    uv_thread_create(&threads[i], yield_on_thread, &y[i]);
  for (int i = 0; i < 2; i++)
    uv_thread_join(&threads[i]);
  for (int i = 0; i < 2; i++) {
    assert_null(y[i].problem);
    assert_int_equal(y[i].elsewhere, 0);
    assert_int_equal(y[i].back, 100);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(direct),
      fixture_test(via_unwrap),
      fixture_test(via_when_all),
      fixture_test(via_when_any),
      fixture_test(via_async_function),
      fixture_test(via_as_task),
      fixture_test(via_preserve),
      fixture_test(via_many),
      fixture_test(run_async_yield_awaiter_tests),
      fixture_test(yield_lets_io_have_its_turn),
      fixture_test(run_async_yield_awaiter_tests_negative),
      cmocka_unit_test(
          async_method_yields_returns_to_correct_synchronization_context),
  };
  return fixture_main("conformance/run_later", tests);
}
