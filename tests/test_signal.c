/* SPDX-License-Identifier: MIT */
/* Signals: what is theirs alone. tests/test_watch.c has what they share. */
#include "support/fixture.h"

#include <signal.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_signal_t *open_signal(int signum) {
  vt_signal_t *s = NULL;
  assert_status(vt_signal_new(signum, &s), 0);
  return s;
}

static void close_signal(struct fixture *f, vt_signal_t *s) {
  assert_status(vt_loop_run(f->vt, vt_signal_close(s)).status, 0);
}

static void raise_signal(int signum) { kill(getpid(), signum); }

/* Nobody waiting, it is a yield that keeps the loop turning. */
static void turns(struct fixture *f) {
  for (int i = 0; i < 5; i++)
    assert_status(vt_loop_run(f->vt, vt_yield()).status, 0);
}

static void on_signal(uv_signal_t *handle, int signum) {
  *(int *)handle->data = signum;
}

/* ---- an object ---- */

static void uv_signal_start_completes(void **state) {
  struct fixture *f = *state;
  vt_signal_t *s = open_signal(SIGUSR1);
  struct seen seen = {0};
  vt_await(vt_signal_wait(s), seen_k, &seen);
  raise_signal(SIGUSR1);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 1);
  close_signal(f, s);
}

static void uv_signal_start_fails(void **state) {
  struct fixture *f = *state;
  vt_signal_t *s = NULL;
  assert_status(vt_signal_new(SIGKILL, &s), UV_EINVAL);
  assert_status(vt_signal_new(0, &s), UV_EINVAL);
  assert_null(s);
  assert_true(fixture_run(f));
}

static void uv_signal_start_is_cancelled(void **state) {
  struct fixture *f = *state;
  vt_signal_t *s = open_signal(SIGUSR1);
  struct seen seen = {0};
  vt_t v = vt_signal_wait(s);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  close_signal(f, s);
}

static void counts_what_came_between_two_waits(void **state) {
  struct fixture *f = *state;
  vt_signal_t *s = open_signal(SIGUSR1);
  for (int i = 0; i < 3; i++) {
    raise_signal(SIGUSR1);
    turns(f);
  }
  vt_t v = vt_signal_wait(s);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 3);
  assert_false(vt_in_hand(vt_signal_wait(s)));
  vt_forget(vt_signal_close(s));
  assert_true(fixture_run(f));
}

static void tells_all_objects_of_a_signal(void **state) {
  struct fixture *f = *state;
  vt_signal_t *s[2] = {open_signal(SIGUSR1), open_signal(SIGUSR1)};
  struct seen seen[2] = {{0}, {0}};
  for (int i = 0; i < 2; i++)
    vt_await(vt_signal_wait(s[i]), seen_k, &seen[i]);
  raise_signal(SIGUSR1);
  assert_true(fixture_run(f));
  for (int i = 0; i < 2; i++) {
    assert_seen_int(&seen[i], 1);
    close_signal(f, s[i]);
  }
}

static void unwrapped_a_handle_serves_its_user(void **state) {
  struct fixture *f = *state;
  uv_signal_t uv;
  vt_signal_t *s;
  int came = 0;
  uv_signal_init(&f->uv, &uv);
  uv.data = &came;
  uv_signal_start(&uv, on_signal, SIGUSR2);
  assert_status(vt_signal_wrap(&uv, SIGUSR1, &s), UV_EBUSY);
  uv_signal_stop(&uv);
  assert_status(vt_signal_wrap(&uv, SIGKILL, &s), UV_EINVAL);
  assert_status(vt_signal_wrap(&uv, SIGUSR1, &s), 0);
  assert_status(vt_signal_wrap(&uv, SIGUSR1, &s), UV_EEXIST);
  assert_status(vt_signal_unwrap(s), 0);
  assert_status(uv_signal_start(&uv, on_signal, SIGUSR2), 0);
  raise_signal(SIGUSR2);
  assert_true(fixture_run_until(f, &came, SIGUSR2));
  assert_ptr_equal(uv.data, &came);
  assert_status(vt_loop_run(f->vt, vt_close((uv_handle_t *)&uv)).status, 0);
  assert_status(vt_signal_wrap(&uv, SIGUSR1, &s), UV_EBADF);
}

static void wraps_only_its_own_type(void **state) {
  struct fixture *f = *state;
  uv_timer_t timer;
  vt_signal_t *s;
  uv_timer_init(&f->uv, &timer);
  assert_status(vt_signal_wrap((uv_signal_t *)(void *)&timer, SIGUSR1, &s),
                UV_EINVAL);
  assert_status(vt_signal_wrap(NULL, SIGUSR1, &s), UV_EINVAL);
  assert_status(vt_loop_run(f->vt, vt_close((uv_handle_t *)&timer)).status, 0);
}

/* ---- once ---- */

static void uv_signal_start_oneshot_completes(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  uint64_t before = 0;
  for (int i = 0; i < 4; i++) {
    if (i == 1)
      before = fixture_allocations();
    vt_await(vt_signal_once(SIGUSR1), seen_k, &seen);
    raise_signal(SIGUSR1);
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, i + 1);
    assert_status(seen.result.status, 0);
  }
  assert_int_equal(fixture_allocations(), before);
}

static void uv_signal_start_oneshot_fails(void **state) {
  struct fixture *f = *state;
  assert_status(vt_loop_run(f->vt, vt_signal_once(SIGKILL)).status, UV_EINVAL);
  assert_status(vt_loop_run(f->vt, vt_signal_once(0)).status, UV_EINVAL);
}

static void uv_signal_start_oneshot_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v = vt_signal_once(SIGUSR1);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_status(vt_cancel(v), UV_EALREADY);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
}

static void a_timeout_ends_once(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_with_timeout(vt_signal_once(SIGUSR1), 1);
  assert_status(vt_loop_run(f->vt, v).status, UV_ETIMEDOUT);
}

static void forgotten_once_ends_with_the_signal(void **state) {
  struct fixture *f = *state;
  vt_forget(vt_signal_once(SIGUSR1));
  raise_signal(SIGUSR1);
  assert_true(fixture_run(f));
  assert_int_equal(fixture_pending(f), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_signal_start_completes),
      fixture_test(uv_signal_start_fails),
      fixture_test(uv_signal_start_is_cancelled),
      fixture_test(counts_what_came_between_two_waits),
      fixture_test(tells_all_objects_of_a_signal),
      fixture_test(unwrapped_a_handle_serves_its_user),
      fixture_test(wraps_only_its_own_type),
      fixture_test(uv_signal_start_oneshot_completes),
      fixture_test(uv_signal_start_oneshot_fails),
      fixture_test(uv_signal_start_oneshot_is_cancelled),
      fixture_test(a_timeout_ends_once),
      fixture_test(forgotten_once_ends_with_the_signal),
  };
  return fixture_main("signal", tests);
}
