/* SPDX-License-Identifier: MIT */
/* C#'s ManualResetValueTaskSourceTests on the resettable source: one case a
 * method, named after it. methods.md lists both. */
#include "conformance/counter.h"
#include "support/fixture.h"
#include "support/own_source.h"

#include <limits.h>

/* ---- helpers ---- */

/* What each of the three calls of a source answers to a value task. */
static void assert_refused(vt_t v, int64_t status) {
  struct seen seen = {0};
  assert_status(vt_status(v), status);
  assert_status(vt_get_result(v).status, status);
  assert_status(vt_on_completed(v, 0, seen_k, &seen), status);
  assert_int_equal(seen.count, 0);
}

static void assert_result(vt_t v, vt_result_t expected) {
  vt_result_t r = vt_get_result(v);
  assert_status(vt_status(v), expected.status);
  assert_status(r.status, expected.status);
  assert_int_equal(r.value.i, expected.value.i);
}

/* The value task of a new source after some resets, which is its token. */
static vt_t init(vt_reset_source_t *s, unsigned flags, uint64_t resets) {
  vt_reset_source_init(s, flags);
  for (uint64_t i = 0; i < resets; i++) {
    assert_true(vt_reset_source_task(s).value.u == i);
    assert_status(vt_reset_source_reset(s), 0);
  }
  assert_true(vt_reset_source_task(s).value.u == resets);
  return vt_reset_source_task(s);
}

/* Set first: status and result are there at once; one who awaits after the
 * result was taken is still called, later. */
static void check_set_before(struct fixture *f, vt_result_t r) {
  for (unsigned flags = 0; flags <= VT_COMPLETE_LATER; flags++) {
    struct seen never = {0}, now = {0}, later = {0};
    vt_reset_source_t s;
    vt_t v = init(&s, flags, 2);
    assert_status(vt_reset_source_set(&s, r), 0);
    assert_result(v, r);
    assert_int_equal(vt_on_completed(v, 0, seen_k, &never), VT_COMPLETED);
    vt_await_with(v, VT_LATER, seen_k, &later);
    assert_int_equal(later.count, 0);
    vt_await(v, seen_k, &now);
    assert_int_equal(now.count, 1);
    assert_true(fixture_run(f));
    fixture_assert_seen(&now, r.status, r.value.i, __FILE__, __LINE__);
    fixture_assert_seen(&later, r.status, r.value.i, __FILE__, __LINE__);
    assert_int_equal(never.count, 0);
    assert_true(vt_equal(vt_reset_source_task(&s), v));
  }
}

/* Awaited first: nothing runs before the set; after it the result can be read,
 * whether the continuation has run or not. */
static void check_set_after(struct fixture *f, vt_result_t r) {
  for (unsigned flags = 0; flags <= VT_COMPLETE_LATER; flags++) {
    struct seen seen = {0};
    vt_reset_source_t s;
    vt_t v = init(&s, flags, 2);
    assert_status(vt_status(v), VT_PENDING);
    assert_status(vt_get_result(v).status, VT_EPENDING);
    assert_status(vt_on_completed(v, 0, seen_k, &seen), 0);
    assert_int_equal(seen.count, 0);
    fixture_turn(f);
    assert_int_equal(seen.count, 0);
    assert_status(vt_reset_source_set(&s, r), 0);
    assert_result(v, r);
    assert_int_equal(seen.count, flags & VT_COMPLETE_LATER ? 0 : 1);
    if (seen.count == 0) /* on its way: it has the place still */
      assert_status(vt_on_completed(v, 0, seen_k, &f), VT_EAWAITED);
    assert_true(fixture_run(f));
    fixture_assert_seen(&seen, r.status, r.value.i, __FILE__, __LINE__);
    assert_result(v, r);
    assert_true(vt_equal(vt_reset_source_task(&s), v));
  }
}

/* The continuation that was registered runs now, once. */
static void set_and_run(struct fixture *f, vt_reset_source_t *s,
                        const struct seen *seen) {
  assert_int_equal(seen->count, 0);
  assert_status(vt_reset_source_set(s, result_int(42)), 0);
  assert_true(fixture_run(f));
  assert_seen_int(seen, 42);
}

static uint64_t queued(struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats.queued;
}

static bool is_this_thread(uv_thread_t thread) {
  uv_thread_t self = uv_thread_self();
  return uv_thread_equal(&thread, &self) != 0;
}

/* ---- helpers: completed by another thread ---- */

struct other {
  struct own_source own;
  bool later;
  bool loop; /* the other thread has a loop of its own */
  struct fixture f;
  int rc;
  const struct seen *seen;
  int inside; /* continuations before the completion returned */
  const char *problem;
};

static void complete_elsewhere(void *arg) {
  struct other *o = arg;
  o->problem = o->loop ? fixture_open_beside(&o->f) : NULL;
  o->rc = (o->later ? own_source_complete_later
                    : own_source_complete)(&o->own, result_int(42));
  o->inside = o->seen->count;
  if (o->loop)
    fixture_run(&o->f);
  if (o->loop && !o->problem)
    o->problem = fixture_close(&o->f);
}

/* With the context captured the continuation is posted once to the loop that
 * awaited, whoever completes; without it no post is needed. A result that is
 * there is not posted at all. */
static void check_capture_across(struct fixture *f, unsigned number) {
  struct seen seen = {0};
  static struct other o; /* a fixture is large */
  unsigned flags = number & 2 ? 0 : VT_ANYWHERE;
  bool set_before = number & 4;
  o.later = number & 1;
  o.loop = number & 8;
  o.seen = &seen;
  own_source_init(&o.own);
  if (set_before)
    fixture_on_thread(complete_elsewhere, &o, 0);
  vt_await_with(own_source_task(&o.own), flags, seen_k, &seen);
  if (!set_before)
    fixture_on_thread(complete_elsewhere, &o, 0);
  assert_null(o.problem);
  assert_status(o.rc, 0);
  if (set_before)
    assert_int_equal(seen.count, 1);
  else if (flags == 0)
    assert_int_equal(seen.count, 0);
  else
    assert_int_equal(o.inside, o.later ? 0 : 1);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 42);
  /* Without the context: the thread that completes, when it can run it. */
  assert_int_equal(is_this_thread(seen.thread),
                   set_before || flags == 0 || (o.later && !o.loop));
}

/* ---- helpers: who pulls the items of a generator ---- */

/* An async function. */
struct pull_frame {
  vt_frame_t vt;
  struct counter *c;
  int64_t total;
};

static vt_t pull_body(void *frame) {
  struct pull_frame *f = frame;
  vt_value_t more;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, more, counter_next(f->c));
    if (!more.i)
      VT_RETURN(f, vt_from_int(f->total));
    f->total += f->c->current;
  }
  VT_END(f);
}

/* A continuation. */
struct puller {
  struct counter *c;
  int64_t total;
  struct seen seen;
};

static void pull_k(void *state, vt_result_t result) {
  struct puller *p = state;
  if (result.status != 0 || !result.value.i) {
    seen_k(&p->seen, result.status ? result : result_int(p->total));
    return;
  }
  p->total += p->c->current;
  vt_await(counter_next(p->c), pull_k, p);
}

/* ---- it works ---- */

static void reuse_instance_with_resets_success(void **state) {
  struct fixture *f = *state;
  vt_reset_source_t s;
  vt_reset_source_init(&s, 0);
  for (int i = 42; i < 48; i++) {
    struct seen first = {0}, again = {0};
    vt_t v = vt_reset_source_task(&s);
    assert_true(v.value.u == (uint64_t)i - 42);
    vt_await(v, seen_k, &first);
    fixture_turn(f);
    assert_int_equal(first.count, 0);
    assert_status(vt_reset_source_set(&s, result_int(i)), 0);
    assert_true(fixture_run(f));
    vt_await(v, seen_k, &again);
    assert_seen_int(&first, i);
    assert_seen_int(&again, i);
    assert_status(vt_reset_source_reset(&s), 0);
    assert_refused(v, VT_ESTALE);
  }
}

static void
set_result_before_on_completed_result_available_synchronously(void **state) {
  check_set_before(*state, result_int(42));
}

static void
set_result_after_on_completed_result_available_asynchronously(void **state) {
  check_set_after(*state, result_int(42));
}

static void
set_exception_before_on_completed_result_available_synchronously(void **state) {
  check_set_before(*state, result_failed(UV_EPROTO));
}

static void
set_exception_after_on_completed_result_available_asynchronously(void **state) {
  check_set_after(*state, result_failed(UV_EPROTO));
}

static void
set_exception_operation_canceled_exception_status_is_canceled(void **state) {
  vt_reset_source_t s;
  vt_t v = init(&s, 0, 0);
  (void)state;
  assert_false(vt_is_cancelled(v));
  assert_status(vt_reset_source_set(&s, result_failed(UV_ECANCELED)), 0);
  assert_true(vt_is_cancelled(v));
  assert_false(vt_is_failed(v));
  assert_false(vt_is_succeeded(v));
  assert_result(v, result_failed(UV_ECANCELED));
}

/* The reset comes at once, and cannot take the result away from what is on its
 * way. */
static void
on_completed_continuation_always_invoked_asynchronously(void **state) {
  struct fixture *f = *state;
  for (unsigned flags = 0; flags <= VT_COMPLETE_LATER; flags++) {
    vt_reset_source_t s;
    vt_reset_source_init(&s, flags);
    for (int i = 0; i < 10; i++) {
      struct seen seen = {0};
      assert_status(vt_reset_source_set(&s, result_int(i)), 0);
      vt_await_with(vt_reset_source_task(&s), VT_LATER, seen_k, &seen);
      assert_int_equal(seen.count, 0);
      assert_status(vt_reset_source_reset(&s), 0);
      assert_int_equal(seen.count, 0);
      assert_true(fixture_run(f));
      assert_seen_int(&seen, i);
      assert_status(vt_status(vt_reset_source_task(&s)), VT_PENDING);
    }
  }
}

/* A continuation that the source itself has queued holds the reset off. */
static void
set_result_run_continuations_asynchronously_continuation_invoked_accordingly(
    void **state) {
  struct fixture *f = *state;
  for (unsigned flags = 0; flags <= VT_COMPLETE_LATER; flags++) {
    bool later = flags & VT_COMPLETE_LATER;
    vt_reset_source_t s;
    vt_reset_source_init(&s, flags);
    for (int i = 0; i < 10; i++) {
      struct seen seen = {0};
      vt_await(vt_reset_source_task(&s), seen_k, &seen);
      assert_status(vt_reset_source_set(&s, result_int(i)), 0);
      assert_int_equal(seen.count, later ? 0 : 1);
      assert_status(vt_reset_source_reset(&s), later ? VT_EAWAITED : 0);
      assert_true(fixture_run(f));
      assert_seen_int(&seen, i);
      if (later)
        assert_status(vt_reset_source_reset(&s), 0);
    }
  }
}

/* The context is the loop. The source's own calls are all of one thread, where
 * a post is an entry of the ready queue: exactly one for a result awaited for
 * later or set for later. Completions of another thread are those of a source
 * of the user's. */
static void synchronization_context_capture_if_requested(void **state) {
  struct fixture *f = *state;
  for (unsigned i = 0; i < 8; i++) {
    struct seen seen = {0};
    unsigned flags = (i & 2 ? 0 : VT_ANYWHERE) | (i & 4 ? VT_LATER : 0);
    vt_reset_source_t s;
    vt_reset_source_init(&s, i & 1 ? VT_COMPLETE_LATER : 0);
    if (i & 4)
      assert_status(vt_reset_source_set(&s, result_int(42)), 0);
    vt_await_with(vt_reset_source_task(&s), flags, seen_k, &seen);
    if (!(i & 4))
      assert_status(vt_reset_source_set(&s, result_int(42)), 0);
    assert_int_equal(queued(f), i & 5 ? 1 : 0);
    assert_int_equal(seen.count, i & 5 ? 0 : 1);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 42);
    assert_true(is_this_thread(seen.thread));
  }
  for (unsigned i = 0; i < 16; i++)
    check_capture_across(f, i);
}

/* All at once, every other one, none at once; pulled by an async function and
 * by a continuation. */
static void async_enumerable_success(void **state) {
  struct fixture *f = *state;
  static const int waited[] = {21, 0, 10};
  for (int every = 0; every <= 2; every++)
    for (int by_function = 0; by_function < 2; by_function++) {
      struct counter c;
      struct puller p = {.c = &c};
      struct pull_frame frame = {.c = &c};
      counter_init(&c, 20, every);
      if (by_function)
        vt_await(vt_start(&frame, pull_body), seen_k, &p.seen);
      else
        vt_await(counter_next(&c), pull_k, &p);
      assert_int_equal(p.seen.count, every == 1 ? 1 : 0);
      assert_true(fixture_run(f));
      assert_seen_int(&p.seen, 190);
      assert_int_equal(c.waited, waited[every]);
      assert_int_equal(c.refused, 0);
    }
}

/* ---- it fails ---- */

static void access_wrong_version_fails(void **state) {
  vt_reset_source_t s;
  vt_t v = init(&s, 0, 1);
  (void)state;
  for (int completed = 0; completed < 2; completed++) {
    vt_t past = v, future = v;
    past.value.u = 0;
    future.value.u = 2;
    assert_refused(past, VT_ESTALE);
    assert_refused(future, VT_ESTALE);
    if (!completed) {
      assert_status(vt_status(v), VT_PENDING); /* nothing has changed */
      assert_status(vt_reset_source_set(&s, result_int(1)), 0);
    }
    assert_result(v, result_int(1));
  }
}

static void set_twice_fails(void **state) {
  const vt_result_t outcomes[] = {result_int(42), result_failed(UV_EIO)};
  const vt_result_t seconds[] = {result_int(43), result_failed(UV_EPIPE)};
  vt_reset_source_t s;
  (void)state;
  vt_reset_source_init(&s, 0);
  for (int first = 0; first < 2; first++) {
    assert_status(vt_reset_source_set(&s, outcomes[first]), 0);
    for (int second = 0; second < 2; second++) {
      assert_status(vt_reset_source_set(&s, seconds[second]), VT_EDONE);
      assert_result(vt_reset_source_task(&s), outcomes[first]);
    }
    assert_status(vt_reset_source_reset(&s), 0);
  }
}

static void get_result_before_completed_fails(void **state) {
  vt_reset_source_t s;
  vt_t v = init(&s, 0, 0);
  (void)state;
  assert_status(vt_get_result(v).status, VT_EPENDING);
  assert_status(vt_status(v), VT_PENDING);
  assert_status(vt_reset_source_set(&s, result_int(42)), 0);
  assert_result(v, result_int(42));
}

static void on_completed_null_delegate_throws(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_reset_source_t s;
  vt_t v = init(&s, 0, 0);
  assert_status(vt_on_completed(v, 0, NULL, &s), UV_EINVAL);
  vt_await(v, seen_k, &seen); /* the place was not taken */
  set_and_run(f, &s, &seen);
}

static void on_completed_used_twice_before_completion_throws(void **state) {
  struct fixture *f = *state;
  struct seen first = {0}, second[3] = {{0}};
  vt_reset_source_t s;
  vt_t v = init(&s, 0, 0);
  assert_status(vt_on_completed(v, 0, seen_k, &first), 0);
  assert_status(vt_on_completed(v, 0, seen_k, &second[0]), VT_EAWAITED);
  assert_status(vt_on_completed(v, VT_LATER, seen_k, &second[1]), VT_EAWAITED);
  vt_await(v, seen_k, &second[2]); /* told at once */
  assert_seen_status(&second[2], VT_EAWAITED);
  set_and_run(f, &s, &first);
  for (int i = 0; i < 3; i++)
    assert_int_equal(second[i].count, i == 2);
}

static void on_completed_unknown_flags_ignored(void **state) {
  struct fixture *f = *state;
  static const unsigned flags[] = {INT_MAX, UINT_MAX,
                                   ~(VT_LATER | VT_ANYWHERE)};
  for (size_t i = 0; i < 3; i++) {
    struct seen seen = {0};
    vt_reset_source_t s;
    vt_reset_source_init(&s, 0);
    assert_status(
        vt_on_completed(vt_reset_source_task(&s), flags[i], seen_k, &seen), 0);
    set_and_run(f, &s, &seen);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(reuse_instance_with_resets_success),
      fixture_test(access_wrong_version_fails),
      fixture_test(set_twice_fails),
      fixture_test(get_result_before_completed_fails),
      fixture_test(
          set_result_before_on_completed_result_available_synchronously),
      fixture_test(
          set_result_after_on_completed_result_available_asynchronously),
      fixture_test(
          set_exception_before_on_completed_result_available_synchronously),
      fixture_test(
          set_exception_after_on_completed_result_available_asynchronously),
      fixture_test(
          set_exception_operation_canceled_exception_status_is_canceled),
      fixture_test(on_completed_null_delegate_throws),
      fixture_test(on_completed_used_twice_before_completion_throws),
      fixture_test(on_completed_unknown_flags_ignored),
      fixture_test(on_completed_continuation_always_invoked_asynchronously),
      fixture_test(
          set_result_run_continuations_asynchronously_continuation_invoked_accordingly),
      fixture_test(synchronization_context_capture_if_requested),
      fixture_test(async_enumerable_success),
  };
  return fixture_main("conformance/reset_source", tests);
}
