/* SPDX-License-Identifier: MIT */
/* What holds for all objects whose events come again and again: each case goes
 * through every kind. */
#include "support/fault.h"
#include "support/watched.h"

#include <string.h>

/* ---- helpers ---- */

#define for_each_kind(kind)                                                    \
  for (const struct watched_kind *kind = watched_kinds;                        \
       kind < watched_kinds + watched_count; kind++)

/* Kinds: all; those that keep what comes; those whose waits last until they are
 * told; and those that can be wrapped, around a handle of the user's. */
enum which { ALL, KEEPING, LASTING, WRAPPED };

typedef void case_fn(struct fixture *f, struct watched *w);

static bool is_of(const struct watched_kind *kind, enum which which) {
  if (which == WRAPPED)
    return kind->unwrap;
  return which == ALL || kind->keeps || (which == LASTING && kind->ends);
}

/* A case that has done away with the object says so by NULL in its place. */
static void run_each(void **state, enum which which, case_fn *body) {
  for_each_kind(kind) {
    struct watched w;
    if (!is_of(kind, which))
      continue;
    assert_status(watched_open(&w, kind, which == WRAPPED), 0);
    body(*state, &w);
    if (w.object)
      watched_end(*state, &w);
    else
      watched_clean(&w);
  }
}

/* A case: EACH(name, which) { the body, f is the fixture and w the object }. */
#define EACH(name, which)                                                      \
  static void name##_of(struct fixture *f, struct watched *w);                 \
  static void name(void **state) { run_each(state, which, name##_of); }        \
  static void name##_of(struct fixture *f, struct watched *w)

/* Waits and has it come. */
static void wait_once(struct fixture *f, struct watched *w) {
  struct seen seen = {0};
  vt_await(w->kind->wait(w), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  w->kind->trigger(w);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_status(seen.result.status, 0);
}

/* A continuation that does something to the object before it is noted. */
struct acting {
  struct watched *w;
  struct seen seen;
  void (*act)(struct acting *a);
  int64_t status; /* of what it did */
  vt_t v;
};

static void act_k(void *state, vt_result_t r) {
  struct acting *a = state;
  a->act(a);
  seen_k(&a->seen, r);
}

static void close_it(struct acting *a) { vt_forget(a->w->kind->close(a->w)); }
static void unwrap_it(struct acting *a) {
  a->status = a->w->kind->unwrap(a->w);
}
static void cancel_other(struct acting *a) { a->status = vt_cancel(a->v); }

/* ---- it works ---- */

EACH(waits_complete, ALL) {
  uv_handle_t *uv = w->kind->handle(w);
  uv->data = f;
  wait_once(f, w);
  if (!w->kind->ends)
    wait_once(f, w);
  assert_ptr_equal(uv->data, f);
}

EACH(open_and_not_awaited_it_holds_no_loop, ALL) {
  (void)w;
  assert_true(fixture_run(f));
}

EACH(wraps_and_gives_back_a_handle, WRAPPED) {
  w->uv.handle.data = f;
  assert_ptr_equal(w->kind->handle(w), &w->uv);
  wait_once(f, w);
  assert_status(w->kind->unwrap(w), 0);
  assert_false(uv_is_closing(&w->uv.handle));
  assert_false(uv_is_active(&w->uv.handle));
  assert_ptr_equal(w->uv.handle.data, f);
  assert_status(vt_loop_run(f->vt, vt_close(&w->uv.handle)).status, 0);
  w->object = NULL;
}

EACH(the_close_is_that_of_its_handle_too, ALL) {
  struct seen seen[2] = {{0}, {0}};
  vt_await(w->kind->close(w), seen_k, &seen[0]);
  vt_await(vt_close(w->kind->handle(w)), seen_k, &seen[1]);
  assert_int_equal(seen[0].count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], 0);
  assert_seen_status(&seen[1], 0);
  w->object = NULL;
}

EACH(waits_are_served_in_order, ALL) {
  struct seen seen[2] = {{0}, {0}};
  for (int i = 0; i < 2; i++)
    vt_await(w->kind->wait(w), seen_k, &seen[i]);
  w->kind->trigger(w);
  assert_true(fixture_run_until(f, &seen[0].count, 1));
  if (w->kind->keeps) {
    assert_int_equal(seen[1].count, 0);
    w->kind->trigger(w);
  }
  assert_true(fixture_run_until(f, &seen[1].count, 1));
  assert_status(seen[1].result.status, 0);
}

EACH(what_comes_between_two_waits_is_kept, KEEPING) {
  struct seen seen = {0};
  vt_await(w->kind->wait(w), seen_k, &seen);
  w->kind->trigger(w);
  assert_true(fixture_run_until(f, &seen.count, 1));
  w->kind->trigger(w);
  for (int i = 0; i < 5; i++)
    assert_status(vt_loop_run(f->vt, vt_yield()).status, 0);
  assert_status(vt_loop_run(f->vt, w->kind->wait(w)).status, 0);
}

EACH(a_forgotten_wait_takes_nothing, ALL) {
  vt_forget(w->kind->wait(w));
  wait_once(f, w);
  assert_true(fixture_run(f));
}

EACH(warm_it_allocates_nothing, ALL) {
  uint64_t before = 0;
  for (int i = 0; i < 20; i++) {
    if (i == 2)
      before = fixture_allocations();
    vt_t v = w->kind->wait(w);
    vt_cancel(v);
    assert_status(vt_loop_run(f->vt, v).status, UV_ECANCELED);
    if (!w->kind->ends)
      wait_once(f, w);
  }
  assert_int_equal(fixture_allocations(), before);
}

/* ---- it ends ---- */

EACH(a_cancelled_wait_takes_nothing, ALL) {
  struct seen seen = {0};
  vt_t v = w->kind->wait(w);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0);
  wait_once(f, w);
  assert_seen_status(&seen, UV_ECANCELED);
}

EACH(a_scope_cancels_a_wait, ALL) {
  struct seen seen = {0};
  vt_scope_t *scope;
  assert_int_equal(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(w->kind->wait(w), seen_k, &seen);
  assert_int_equal(vt_scope_cancel(scope, UV_ECANCELED), 0);
  assert_status(vt_status(w->kind->wait(w)), UV_ECANCELED);
  vt_t closed = w->kind->close(w);
  vt_scope_leave(before);
  vt_await(vt_scope_join(scope), NULL, NULL);
  assert_status(vt_loop_run(f->vt, closed).status, 0);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_true(fixture_run(f));
  w->object = NULL;
}

EACH(a_timeout_ends_a_wait, LASTING) {
  vt_t v = vt_with_timeout(w->kind->wait(w), 1);
  assert_status(vt_loop_run(f->vt, v).status, UV_ETIMEDOUT);
}

EACH(the_close_ends_waits, ALL) {
  struct seen seen[3] = {{0}, {0}, {0}};
  for (int i = 0; i < 2; i++)
    vt_await(w->kind->wait(w), seen_k, &seen[i]);
  vt_await(w->kind->close(w), seen_k, &seen[2]);
  assert_status(vt_status(w->kind->wait(w)), UV_EBADF);
  assert_true(fixture_run(f));
  for (int i = 0; i < 2; i++) {
    assert_int_equal(seen[i].count, 1);
    assert_status(seen[i].result.status, w->kind->ends ? 0 : UV_ECANCELED);
  }
  assert_seen_status(&seen[2], 0);
  w->object = NULL;
}

EACH(a_continuation_may_close, ALL) {
  struct acting a = {.w = w, .act = close_it};
  struct seen behind = {0};
  vt_await(w->kind->wait(w), act_k, &a);
  vt_await(w->kind->wait(w), seen_k, &behind);
  w->kind->trigger(w);
  assert_true(fixture_run(f));
  assert_int_equal(a.seen.count, 1);
  assert_int_equal(behind.count, 1);
  w->object = NULL;
}

EACH(a_continuation_may_unwrap, WRAPPED) {
  struct acting a = {.w = w, .act = unwrap_it, .status = 1};
  vt_await(w->kind->wait(w), act_k, &a);
  w->kind->trigger(w);
  assert_true(fixture_run_until(f, &a.seen.count, 1));
  assert_status(a.status, 0);
  assert_status(vt_loop_run(f->vt, vt_close(&w->uv.handle)).status, 0);
  w->object = NULL;
}

EACH(a_continuation_may_cancel_the_next, ALL) {
  struct acting a = {.w = w, .act = cancel_other, .status = 1};
  struct seen next = {0};
  vt_await(w->kind->wait(w), act_k, &a);
  a.v = w->kind->wait(w);
  vt_await(a.v, seen_k, &next);
  w->kind->trigger(w);
  assert_true(fixture_run_until(f, &next.count, 1));
  assert_status(a.status, 0);
  assert_seen_status(&next, UV_ECANCELED);
}

/* ---- it fails ---- */

struct from_thread {
  struct watched *w;
  int64_t wait, close, unwrap;
  const char *problem;
};

static void use_there(void *arg) {
  struct from_thread *t = arg;
  struct fixture f = {0};
  t->problem = fixture_open_beside(&f);
  if (t->problem)
    return;
  t->wait = vt_status(t->w->kind->wait(t->w));
  t->close = vt_status(vt_close(t->w->kind->handle(t->w)));
  t->unwrap = t->w->kind->unwrap ? t->w->kind->unwrap(t->w) : VT_ETHREAD;
  t->problem = fixture_close(&f);
}

EACH(fails_on_another_thread, ALL) {
  (void)f;
  struct from_thread t = {.w = w};
  fixture_on_thread(use_there, &t, 0);
  assert_null(t.problem);
  assert_status(t.wait, VT_ETHREAD);
  assert_status(t.close, VT_ETHREAD);
  assert_status(t.unwrap, VT_ETHREAD);
}

static void fails_without_an_object(void **state) {
  (void)state;
  for_each_kind(kind) {
    struct watched w = {.kind = kind};
    if (kind->name[0] != 'p' || kind->name[1] != 'o')
      assert_status(vt_status(kind->wait(&w)), UV_EINVAL);
    if (!kind->ends)
      assert_status(vt_status(kind->close(&w)), UV_EINVAL);
    if (kind->unwrap)
      assert_status(kind->unwrap(&w), UV_EINVAL);
  }
}

EACH(an_object_of_its_own_is_not_given_back, ALL) {
  (void)f;
  if (w->kind->unwrap)
    assert_status(w->kind->unwrap(w), UV_EINVAL);
}

EACH(an_object_is_given_back_only_when_free, WRAPPED) {
  vt_t v = w->kind->wait(w);
  assert_status(w->kind->unwrap(w), UV_EBUSY);
  vt_cancel(v);
  assert_status(vt_loop_run(f->vt, v).status, UV_ECANCELED);
}

EACH(a_wrapped_handle_is_closed_with_its_object, WRAPPED) {
  assert_status(vt_loop_run(f->vt, w->kind->close(w)).status, 0);
  assert_true(uv_is_closing(&w->uv.handle));
  w->object = NULL;
}

EACH(detach_is_refused_while_it_is_open, ALL) {
  assert_int_equal(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *r = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(r);
  assert_string_equal(r->what, w->kind->name);
}

/* ---- out of memory ---- */

static void an_object_needs_memory(void **state) {
  struct fixture *f = *state;
  for_each_kind(kind) {
    for (int wrapped = 0; wrapped < (kind->unwrap ? 2 : 1); wrapped++) {
      struct watched w;
      fault_arm(1, FAULT_FROM);
      int rc = watched_open(&w, kind, wrapped);
      fault_disarm();
      assert_status(rc, UV_ENOMEM);
      if (wrapped)
        assert_status(vt_loop_run(f->vt, vt_close(&w.uv.handle)).status, 0);
      watched_clean(&w);
    }
  }
}

EACH(without_memory_a_wait_is_refused, ALL) {
  vt_t v[4096];
  size_t count = 0;
  fault_arm(1, FAULT_FROM);
  do
    v[count] = w->kind->wait(w);
  while (!vt_in_hand(v[count]) && ++count < 4096);
  fault_disarm();
  assert_true(count < 4096);
  assert_status(vt_status(v[count]), UV_ENOMEM);
  while (count-- > 0) {
    vt_cancel(v[count]);
    vt_forget(v[count]);
  }
  wait_once(f, w);
}

EACH(without_memory_it_closes_all_the_same, ALL) {
  vt_t v[4096];
  size_t count = 0;
  struct seen seen = {0};
  vt_await(w->kind->wait(w), seen_k, &seen);
  fault_arm(1, FAULT_FROM);
  do
    v[count] = vt_yield();
  while (!vt_in_hand(v[count]) && ++count < 4096);
  assert_status(vt_status(w->kind->close(w)), UV_ENOMEM);
  fault_disarm();
  while (count-- > 0)
    vt_forget(v[count]);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
  w->object = NULL;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(waits_complete),
      fixture_test(open_and_not_awaited_it_holds_no_loop),
      fixture_test(wraps_and_gives_back_a_handle),
      fixture_test(the_close_is_that_of_its_handle_too),
      fixture_test(waits_are_served_in_order),
      fixture_test(what_comes_between_two_waits_is_kept),
      fixture_test(a_forgotten_wait_takes_nothing),
      fixture_test(warm_it_allocates_nothing),
      fixture_test(a_cancelled_wait_takes_nothing),
      fixture_test(a_scope_cancels_a_wait),
      fixture_test(a_timeout_ends_a_wait),
      fixture_test(the_close_ends_waits),
      fixture_test(a_continuation_may_close),
      fixture_test(a_continuation_may_unwrap),
      fixture_test(a_continuation_may_cancel_the_next),
      fixture_test(fails_on_another_thread),
      fixture_test(fails_without_an_object),
      fixture_test(an_object_of_its_own_is_not_given_back),
      fixture_test(an_object_is_given_back_only_when_free),
      fixture_test(a_wrapped_handle_is_closed_with_its_object),
      fixture_test(detach_is_refused_while_it_is_open),
      fixture_test(an_object_needs_memory),
      fixture_test(without_memory_a_wait_is_refused),
      fixture_test(without_memory_it_closes_all_the_same),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("watch", tests);
}
