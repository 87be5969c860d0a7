/* SPDX-License-Identifier: MIT */
/* vt_close on handles of the user's. */
#include "support/fault.h"
#include "support/fixture.h"

#include <stdlib.h>

/* ---- helpers ---- */

static uv_handle_t *of(void *handle) { return handle; }

/* A timer that has been started. */
static void open_timer(struct fixture *f, uv_timer_t *timer) {
  uv_timer_init(&f->uv, timer);
  timer->data = f;
}

/* A continuation that frees the handle's memory. */
static void free_k(void *state, vt_result_t r) {
  (void)r;
  free(state);
}

struct from_thread {
  uv_handle_t *handle;
  int64_t status;
};

static void close_there(void *arg) {
  struct from_thread *t = arg;
  struct fixture f = {0};
  if (fixture_open_beside(&f))
    return;
  t->status = vt_status(vt_close(t->handle));
  fixture_close(&f);
}

/* ---- it works ---- */

static void uv_close_completes(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  struct seen seen = {0};
  open_timer(f, &timer);
  vt_await(vt_close(of(&timer)), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  assert_true(uv_is_closing(of(&timer)));
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
  assert_ptr_equal(timer.data, f);
}

static void all_closes_complete(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  struct seen seen[3] = {0};
  open_timer(f, &timer);
  for (int i = 0; i < 3; i++)
    vt_await(vt_close(of(&timer)), seen_k, &seen[i]);
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++)
    assert_seen_status(&seen[i], 0);
}

static void closed_it_closes_in_hand(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  open_timer(f, &timer);
  assert_status(vt_loop_run(f->vt, vt_close(of(&timer))).status, 0);
  vt_t again = vt_close(of(&timer));
  assert_true(vt_is_completed(again));
  assert_status(vt_get_result(again).status, 0);
}

static void memory_may_go_in_the_continuation(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 50; i++) {
    uv_async_t *async = malloc(sizeof *async);
    uv_async_init(&f->uv, async, NULL);
    vt_await(vt_close(of(async)), free_k, async);
  }
  assert_true(fixture_run(f));
}

static void forgotten_it_closes(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  struct seen seen = {0};
  open_timer(f, &timer);
  vt_forget(vt_close(of(&timer)));
  vt_await(vt_close(of(&timer)), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
}

static void warm_it_allocates_nothing(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  uint64_t before = 0;
  for (int i = 0; i < 20; i++) {
    if (i == 2)
      before = fixture_allocations();
    open_timer(f, &timer);
    assert_status(vt_loop_run(f->vt, vt_close(of(&timer))).status, 0);
  }
  assert_int_equal(fixture_allocations(), before);
}

static void begins_in_a_cancelled_scope(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  vt_scope_t *scope;
  struct seen seen = {0};
  open_timer(f, &timer);
  assert_int_equal(vt_scope_new(NULL, &scope), 0);
  assert_int_equal(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(vt_close(of(&timer)), seen_k, &seen);
  vt_scope_leave(before);
  vt_await(vt_scope_join(scope), NULL, NULL);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
}

/* ---- it fails ---- */

static void uv_close_fails(void **state) {
  (void)state;
  assert_status(vt_status(vt_close(NULL)), UV_EINVAL);
}

static void uv_close_cannot_be_cancelled(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  struct seen seen = {0};
  open_timer(f, &timer);
  vt_t v = vt_close(of(&timer));
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), UV_ENOSYS);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
}

static void of_another_loop_it_stays_open(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  struct from_thread t = {of(&timer), 0};
  open_timer(f, &timer);
  fixture_on_thread(close_there, &t, 0);
  assert_status(t.status, VT_ETHREAD);
  assert_false(uv_is_closing(of(&timer)));
  assert_status(vt_loop_run(f->vt, vt_close(of(&timer))).status, 0);
}

static void without_memory_it_stays_open(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  open_timer(f, &timer);
  fault_arm(1, FAULT_FROM);
  vt_t v = vt_close(of(&timer));
  fault_disarm();
  assert_status(vt_status(v), UV_ENOMEM);
  assert_false(uv_is_closing(of(&timer)));
  assert_status(vt_loop_run(f->vt, vt_close(of(&timer))).status, 0);
}

static void detach_waits_for_it(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  open_timer(f, &timer);
  vt_forget(vt_close(of(&timer)));
  assert_int_equal(fixture_detach(f), UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  assert_true(fixture_run(f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_close_completes),
      fixture_test(all_closes_complete),
      fixture_test(closed_it_closes_in_hand),
      fixture_test(memory_may_go_in_the_continuation),
      fixture_test(forgotten_it_closes),
      fixture_test(warm_it_allocates_nothing),
      fixture_test(begins_in_a_cancelled_scope),
      fixture_test(uv_close_fails),
      fixture_test(uv_close_cannot_be_cancelled),
      fixture_test(of_another_loop_it_stays_open),
      fixture_test(without_memory_it_stays_open),
      fixture_test(detach_waits_for_it),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("handle", tests);
}
