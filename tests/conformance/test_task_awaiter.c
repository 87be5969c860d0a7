/* SPDX-License-Identifier: MIT */
/* Awaiting tasks: where continuations run, which one may run inside the
 * completion, what is given, and the flags of an await. C#'s
 * TaskAwaiterTests. */
#include "support/gate.h"
#include "support/pass.h"

/* ---- helpers ---- */

static vt_t awaitable(vt_promise_t *promise) {
  return vt_from_task(vt_promise_task(promise));
}

static const unsigned configured[] = {0, VT_LATER, VT_ANYWHERE};

#define CONFIGURED (sizeof configured / sizeof *configured)

/* ---- helpers: completed on another thread ---- */

struct elsewhere {
  vt_promise_t *promise;
  struct seen *seen;
  bool with_loop;      /* the thread has a loop of its own */
  int count_at_return; /* how often seen ran when the set had returned */
  uv_thread_t thread;
  const char *problem;
};

static void set_on_thread(void *arg) {
  struct elsewhere *e = arg;
  struct fixture f;
  e->thread = uv_thread_self();
  if (e->with_loop)
    e->problem = fixture_open_beside(&f);
  vt_promise_set(e->promise, (vt_value_t){.i = 42});
  e->count_at_return = e->seen->count;
  if (e->with_loop && !e->problem)
    e->problem = fixture_close(&f);
}

/* Awaits by a plain continuation, or by a function, a task that another thread
 * completes. Where it went on: true on the loop that awaited. */
static bool goes_on_here(struct fixture *f, struct elsewhere *e, unsigned flags,
                         bool function) {
  struct seen seen = {0};
  uv_thread_t self = uv_thread_self();
  e->promise = fixture_promise(0);
  e->seen = &seen;
  if (function)
    vt_forget(pass_seen(awaitable(e->promise), PASS_AWAITS, &seen));
  else
    vt_await_with(awaitable(e->promise), flags, seen_k, &seen);
  assert_int_equal(seen.count, 0);
  fixture_on_thread(set_on_thread, e, 0);
  assert_true(fixture_run(f));
  vt_promise_free(e->promise);
  assert_null(e->problem);
  assert_seen_int(&seen, 42);
  if (uv_thread_equal(&seen.thread, &self))
    return true;
  assert_true(uv_thread_equal(&seen.thread, &e->thread));
  return false;
}

/* ---- helpers: many awaiters ---- */

enum { MOST = 5 };

struct crowd {
  vt_promise_t *promise;
  struct seen seen[MOST];
};

/* How many ran inside the completion; the others wait for the loop. */
static int ran_inside(struct crowd *c, int count) {
  int ran = 0;
  for (int i = 0; i < count; i++)
    ran += c->seen[i].count;
  return ran;
}

/* value_task: each awaits inside a function, through a value task of the
 * task; else a plain continuation awaits. */
static void await_all(struct crowd *c, int count, bool value_task) {
  for (int i = 0; i < count; i++) {
    vt_t v = awaitable(c->promise);
    if (value_task)
      vt_forget(pass_seen(v, PASS_AWAITS, &c->seen[i]));
    else
      vt_await(v, seen_k, &c->seen[i]);
  }
}

static void run_crowd(struct fixture *f, int count, unsigned flags,
                      bool value_task) {
  struct crowd c = {0};
  uv_thread_t self = uv_thread_self();
  c.promise = fixture_promise(flags);
  await_all(&c, count, value_task);
  assert_int_equal(ran_inside(&c, count), 0);
  vt_promise_set(c.promise, (vt_value_t){.i = 42});
  assert_int_equal(ran_inside(&c, count), flags ? 0 : 1);
  assert_int_equal(c.seen[0].count, flags ? 0 : 1);
  assert_true(fixture_run(f));
  for (int i = 0; i < count; i++) {
    assert_seen_int(&c.seen[i], 42);
    assert_true(uv_thread_equal(&c.seen[i].thread, &self));
  }
  vt_promise_free(c.promise);
}

/* The same on a thread and its loop; what went wrong there. */
struct other_crowd {
  struct crowd c;
  int count;
  uv_sem_t awaits;
  int wrong; /* not on its own thread, or not this value */
  const char *problem;
};

static void crowd_on_thread(void *arg) {
  struct other_crowd *o = arg;
  struct fixture f;
  uv_thread_t self = uv_thread_self();
  o->problem = fixture_open_beside(&f);
  await_all(&o->c, o->count, false);
  uv_sem_post(&o->awaits);
  if (!fixture_run(&f))
    o->problem = "the loop did not end";
  for (int i = 0; i < o->count; i++)
    o->wrong += o->c.seen[i].count != 1 || o->c.seen[i].result.value.i != 42 ||
                !uv_thread_equal(&o->c.seen[i].thread, &self);
  if (!o->problem)
    o->problem = fixture_close(&f);
}

/* The task is completed here, awaited there: none runs inside. */
static void run_crowd_elsewhere(int count, unsigned flags) {
  struct other_crowd o = {.count = count};
  uv_thread_t thread;
  o.c.promise = fixture_promise(flags);
  uv_sem_init(&o.awaits, 0);
  uv_thread_create(&thread, crowd_on_thread, &o);
  uv_sem_wait(&o.awaits);
  vt_promise_set(o.c.promise, (vt_value_t){.i = 42});
  uv_thread_join(&thread);
  uv_sem_destroy(&o.awaits);
  vt_promise_free(o.c.promise);
  assert_null(o.problem);
  assert_int_equal(o.wrong, 0);
}

/* ---- helpers: what a completed task gives ---- */

/* Every way to take it gives the status and the value, and again. */
static void assert_gives(struct fixture *f, vt_task_t *task, int64_t status,
                         int64_t value) {
  vt_t v = vt_from_task(task);
  for (size_t i = 0; i < 2 * CONFIGURED; i++) {
    struct seen seen = {0};
    vt_result_t r = vt_get_result(v);
    assert_status(r.status, status);
    assert_int_equal(r.value.i, value);
    assert_status(vt_task_result(task).status, status);
    vt_await_with(v, configured[i / 2], seen_k, &seen);
    assert_true(fixture_run(f));
    fixture_assert_seen(&seen, status, value, __FILE__, __LINE__);
    assert_status(vt_loop_run(f->vt, pass(v, (unsigned)i)).status, status);
  }
}

static void assert_task_gives(struct fixture *f, vt_task_t *task,
                              int64_t status, int64_t value) {
  assert_gives(f, task, status, value);
  vt_task_unref(task);
}

/* ---- helpers: the ways of a cancellation ---- */

static vt_t cancelled_in_hand(struct gate *gate) {
  (void)gate;
  return vt_failed(UV_ECANCELED);
}

static vt_t by_await_boxed(struct gate *gate) {
  return pass(gate_begin(gate), PASS_AWAITS | PASS_WAITS);
}

static vt_t by_try(struct gate *gate) { return pass(gate_begin(gate), 0); }

static vt_t by_return_boxed(struct gate *gate) {
  return pass(gate_begin(gate), PASS_RETURNS | PASS_WAITS);
}

static vt_t by_three_functions(struct gate *gate) {
  vt_t v = pass(gate_begin(gate), 0);
  return pass(pass(v, PASS_CLEANS), PASS_AWAITS | PASS_WAITS);
}

static vt_t by_when_all(struct gate *gate) {
  return VT_ALL(0, NULL, gate_begin(gate));
}

static vt_t by_when_all_first(struct gate *gate) {
  return VT_ALL(0, NULL, gate_begin(gate), vt_from_int(42));
}

static vt_t by_when_all_last(struct gate *gate) {
  return VT_ALL(0, NULL, vt_from_int(42), gate_begin(gate));
}

/* One task three times. */
static vt_t by_when_all_thrice(struct gate *gate) {
  vt_task_t *task = vt_as_task(gate_begin(gate));
  vt_t v = vt_from_task(task);
  v = VT_ALL(0, NULL, v, v, v);
  vt_task_unref(task);
  return v;
}

static const struct route {
  const char *name;
  vt_t (*begin)(struct gate *gate);
} routes[] = {
    {"in hand", cancelled_in_hand},        {"an operation", gate_begin},
    {"VT_AWAIT", by_await_boxed},          {"VT_TRY", by_try},
    {"VT_RETURN", by_return_boxed},        {"functions", by_three_functions},
    {"detachable", gate_begin_detachable}, {"all", by_when_all},
    {"all, first", by_when_all_first},     {"all, last", by_when_all_last},
    {"all, thrice", by_when_all_thrice},
};

/* ---- the cases: where it goes on ---- */

static void
on_completed_completes_in_another_synchronization_context(void **state) {
  struct fixture *f = *state;
  for (int function = 0; function < 2; function++) {
    struct elsewhere e = {0};
    assert_true(goes_on_here(f, &e, 0, function));
    assert_int_equal(e.count_at_return, 0);
  }
  struct elsewhere later = {0}, anywhere = {0};
  assert_true(goes_on_here(f, &later, VT_LATER, false));
  assert_false(goes_on_here(f, &anywhere, VT_ANYWHERE, false));
  assert_int_equal(anywhere.count_at_return, 1);
}

/* The completing thread's own loop is not what was captured. */
static void
await_task_completes_on_non_default_sync_ctx_continues_on_default_sync_ctx(
    void **state) {
  struct fixture *f = *state;
  for (int function = 0; function < 2; function++) {
    struct elsewhere e = {.with_loop = true};
    assert_true(goes_on_here(f, &e, 0, function));
    assert_int_equal(e.count_at_return, 0);
  }
}

static void
await_multiple_awaits_first_completes_according_to_options_rest_complete_asynchronously(
    void **state) {
  struct fixture *f = *state;
  static const int counts[] = {1, 2, MOST};
  for (size_t i = 0; i < 3; i++) {
    for (unsigned bits = 0; bits < 4; bits++)
      run_crowd(f, counts[i], bits & 1 ? VT_COMPLETE_LATER : 0, bits & 2);
    run_crowd_elsewhere(counts[i], 0);
    run_crowd_elsewhere(counts[i], VT_COMPLETE_LATER);
  }
}

/* ---- the cases: what is given ---- */

static void get_result_completed_success(void **state) {
  assert_gives(*state, vt_task_completed(), 0, 0);
  assert_task_gives(*state, vt_task_from_int(42), 0, 42);
  assert_task_gives(*state, vt_as_task(vt_from_int(4200)), 0, 4200);
}

/* Nothing blocks but vt_loop_run, which runs the loop meanwhile. */
static void get_result_not_completed_blocks_until_completion(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0}, unused = {0};
  struct elsewhere e = {.promise = fixture_promise(0), .seen = &unused};
  uv_thread_t thread;
  vt_t v = awaitable(e.promise);
  assert_status(vt_get_result(v).status, VT_EPENDING);
  assert_status(vt_task_result(vt_promise_task(e.promise)).status, VT_EPENDING);
  assert_status(vt_status(v), VT_PENDING);
  vt_await(v, seen_k, &seen);
  uv_thread_create(&thread, set_on_thread, &e);
  vt_result_t r = vt_loop_run(f->vt, v);
  uv_thread_join(&thread);
  assert_true(fixture_run(f));
  assert_status(r.status, 0);
  assert_int_equal(r.value.i, 42);
  assert_seen_int(&seen, 42);
  vt_promise_free(e.promise);
}

static void
get_result_canceled_task_throws_cancellation_exception(void **state) {
  vt_result_t cancelled = result_failed(UV_ECANCELED);
  assert_task_gives(*state, vt_task_from_result(cancelled), UV_ECANCELED, 0);
}

static void
get_result_faulted_task_one_exception_throws_original_exception(void **state) {
  static const int64_t statuses[] = {UV_EIO, UV_ENOENT, VT_EDROPPED, -123456};
  for (size_t i = 0; i < 4; i++)
    assert_task_gives(*state, vt_task_from_result(result_failed(statuses[i])),
                      statuses[i], 0);
}

/* The second failure is refused, and changes nothing. */
static void get_result_faulted_task_multiple_exceptions_throws_first_exception(
    void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = fixture_promise(0);
  struct seen seen = {0};
  vt_await(awaitable(promise), seen_k, &seen);
  assert_status(vt_promise_fail(promise, UV_EIO), 0);
  assert_status(vt_promise_fail(promise, UV_EPIPE), VT_EDONE);
  assert_status(vt_promise_set(promise, (vt_value_t){.i = 1}), VT_EDONE);
  assert_gives(f, vt_promise_task(promise), UV_EIO, 0);
  vt_promise_free(promise);
  assert_seen_status(&seen, UV_EIO);
}

static void awaiter_and_awaitable_equality(void **state) {
  vt_task_t *one = vt_task_from_int(42), *two = vt_task_from_int(42), *kept;
  vt_t v = vt_from_task(one);
  (void)state;
  assert_true(vt_equal(v, vt_from_task(one)));
  assert_true(vt_equal(v, vt_preserve(v, &kept)));
  assert_false(vt_equal(v, vt_from_task(two)));
  assert_false(vt_equal(v, vt_from_int(42)));
  assert_true(vt_equal(vt_from_task(vt_task_completed()),
                       vt_from_task(vt_task_from_bool(false))));
  vt_task_unref(kept);
  vt_task_unref(two);
  vt_task_unref(one);
}

/* One status, through whatever it passes, and nobody is told. */
static void
operation_canceled_exception_propagates_through_canceled_task(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < sizeof routes / sizeof *routes * 2; i++) {
    const struct route *route = &routes[i / 2];
    struct gate gate = {0};
    vt_t v = route->begin(&gate);
    vt_task_t *task = NULL;
    if (i % 2) {
      task = vt_as_task(v);
      v = vt_from_task(task);
    }
    if (gate.op)
      gate_open(&gate, result_failed(UV_ECANCELED));
    assert_true(fixture_run(f));
    if (!vt_is_cancelled(v) || vt_is_failed(v))
      fail_msg("%s: not cancelled", route->name);
    assert_status(vt_get_result(v).status, UV_ECANCELED);
    vt_task_unref(task);
  }
  assert_int_equal(f->report_count, 0);
}

/* ---- the cases: the flags of an await ---- */

/* Refused in C#; here what is not known does nothing. */
static void configure_await_options_invalid(void **state) {
  struct fixture *f = *state;
  const unsigned unknown = ~(VT_LATER | VT_ANYWHERE);
  struct seen done = {0}, pending = {0};
  struct elsewhere e = {0};
  vt_promise_t *promise = fixture_promise(0);
  vt_await_with(vt_from_int(42), unknown, seen_k, &done);
  assert_seen_int(&done, 42);
  assert_int_equal(vt_on_completed(vt_done(), unknown, seen_k, &done),
                   VT_COMPLETED);
  vt_await_with(awaitable(promise), unknown, seen_k, &pending);
  vt_promise_set(promise, (vt_value_t){.i = 7});
  assert_seen_int(&pending, 7);
  vt_promise_free(promise);
  assert_true(goes_on_here(f, &e, unknown, false));
}

/* Completed or not, in hand or a task: never before the await returns. */
static void
configure_await_options_force_yielding_is_completed_always_false(void **state) {
  struct fixture *f = *state;
  vt_promise_t *promise = fixture_promise(0);
  vt_task_t *failed = vt_task_from_result(result_failed(UV_EIO));
  const vt_t all[] = {
      vt_done(),
      vt_from_int(42),
      vt_failed(UV_EIO),
      vt_from_task(vt_task_completed()),
      vt_from_task(failed),
      awaitable(promise),
  };
  enum { COUNT = sizeof all / sizeof *all };
  for (unsigned flags = VT_LATER; flags <= (VT_LATER | VT_ANYWHERE);
       flags += VT_ANYWHERE) {
    struct seen seen[COUNT] = {{0}};
    for (size_t i = 0; i < COUNT; i++) {
      vt_await_with(all[i], flags, seen_k, &seen[i]);
      assert_int_equal(seen[i].count, 0);
    }
    if (flags == VT_LATER)
      vt_promise_set(promise, (vt_value_t){.i = 1});
    assert_int_equal(seen[COUNT - 1].count, 0);
    assert_true(fixture_run(f));
    for (size_t i = 0; i < COUNT; i++)
      assert_int_equal(seen[i].count, 1);
  }
  vt_task_unref(failed);
  vt_promise_free(promise);
}

/* VT_AWAIT goes on after a failure, and has observed it; VT_TRY leaves. */
static void configure_await_options_suppress_throwing_no_exceptions_are_thrown(
    void **state) {
  struct fixture *f = *state;
  static const int64_t statuses[] = {UV_ECANCELED, UV_EIO};
  for (size_t i = 0; i < 8; i++) {
    vt_task_t *task = vt_task_from_result(result_failed(statuses[i % 2]));
    struct seen went_on = {0};
    unsigned how = (i & 2 ? 0 : PASS_AWAITS) | (i & 4 ? PASS_WAITS : 0);
    vt_t v = pass_seen(vt_from_task(task), how, &went_on);
    vt_result_t r = vt_loop_run(f->vt, v);
    assert_status(r.status, statuses[i % 2]);
    assert_int_equal(went_on.count, i & 2 ? 0 : 1);
    vt_task_unref(task);
    assert_int_equal(f->report_count, 0);
  }
}

/* What was captured is posted: it has not run when the completion returns, even
 * where the completing thread has a loop that could run it. */
static void
configure_await_options_continue_on_captured_context_queues_accordingly(
    void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < 2 * CONFIGURED; i++) {
    unsigned flags = configured[i % CONFIGURED];
    struct elsewhere e = {.with_loop = i >= CONFIGURED};
    bool here = goes_on_here(f, &e, flags, false);
    assert_int_equal(here, flags != VT_ANYWHERE);
    assert_int_equal(e.count_at_return, here ? 0 : 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(on_completed_completes_in_another_synchronization_context),
      fixture_test(
          await_task_completes_on_non_default_sync_ctx_continues_on_default_sync_ctx),
      fixture_test(
          await_multiple_awaits_first_completes_according_to_options_rest_complete_asynchronously),
      fixture_test(get_result_completed_success),
      fixture_test(get_result_not_completed_blocks_until_completion),
      fixture_test(get_result_canceled_task_throws_cancellation_exception),
      fixture_test(
          get_result_faulted_task_one_exception_throws_original_exception),
      fixture_test(
          get_result_faulted_task_multiple_exceptions_throws_first_exception),
      fixture_test(awaiter_and_awaitable_equality),
      fixture_test(
          operation_canceled_exception_propagates_through_canceled_task),
      fixture_test(configure_await_options_invalid),
      fixture_test(
          configure_await_options_force_yielding_is_completed_always_false),
      fixture_test(
          configure_await_options_suppress_throwing_no_exceptions_are_thrown),
      fixture_test(
          configure_await_options_continue_on_captured_context_queues_accordingly),
  };
  return fixture_main("conformance/task_awaiter", tests);
}
