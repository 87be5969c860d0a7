/* SPDX-License-Identifier: MIT */
/* C#'s SemaphoreSlimTests and SemaphoreSlimCancellationTests, the asynchronous
 * half: nothing here blocks a thread. Wait(timeout) is vt_with_timeout, of no
 * time the try; there is no greatest count but that of 64 bits. */
#include "support/fixture.h"

/* ---- helpers ---- */

static void open_with(vt_semaphore_t *s, uint64_t permits) {
  assert_status(vt_semaphore_init(s, permits), 0);
  assert_int_equal(vt_semaphore_available(s), permits);
}

/* WaitAsync: with all the time, with none, with some. */
enum time { INFINITE, NONE, SOME, TIMES };

static int64_t wait_one(struct fixture *f, vt_semaphore_t *s, enum time time) {
  if (time == NONE)
    return vt_semaphore_try_acquire(s, 1) ? 0 : UV_ETIMEDOUT;
  vt_t v = vt_semaphore_acquire_async(s, 1);
  if (time == SOME)
    v = vt_with_timeout(v, 10);
  int64_t status = vt_loop_run(f->vt, v).status;
  assert_true(fixture_run(f));
  return status;
}

/* ---- the cases ---- */

static void run_semaphore_slim_test_0_ctor(void **state) {
  const uint64_t permits[] = {0, 5, 10, UINT64_MAX};
  (void)state;
  for (int i = 0; i < 4; i++) {
    vt_semaphore_t s;
    open_with(&s, permits[i]);
    assert_status(vt_semaphore_close(&s, 0), 0);
  }
}

static void run_semaphore_slim_test_0_ctor_negative(void **state) {
  (void)state;
  assert_status(vt_semaphore_init(NULL, 1), UV_EINVAL);
}

static void run_semaphore_slim_test_1_wait_async(void **state) {
  struct fixture *f = *state;
  const uint64_t permits[] = {10, 1, 0};
  for (int i = 0; i < 3; i++)
    for (int time = 0; time < TIMES; time++) {
      vt_semaphore_t s;
      if (permits[i] == 0 && time == INFINITE)
        continue;
      open_with(&s, permits[i]);
      assert_status(wait_one(f, &s, (enum time)time),
                    permits[i] ? 0 : UV_ETIMEDOUT);
      assert_int_equal(vt_semaphore_available(&s),
                       permits[i] - (permits[i] != 0));
      assert_status(vt_semaphore_close(&s, 0), 0);
    }
}

/* Each counts on the stack how many are beneath it. */
struct worker_frame {
  vt_frame_t vt;
  vt_semaphore_t *s;
  int *beneath;
  bool *nested;
};

static vt_t worker_body(void *frame) {
  struct worker_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_semaphore_acquire_async(f->s, 1));
  *f->nested |= *f->beneath > 0;
  ++*f->beneath;
  vt_semaphore_release(f->s, 1);
  --*f->beneath;
  VT_END(f);
}

/* Release runs nobody. No time is invalid: they are unsigned. */
static void run_semaphore_slim_test_1_wait_async_negative_cases(void **state) {
  struct fixture *f = *state;
  enum { WORKERS = 20 };
  struct seen seen = {0};
  bool nested = false;
  int beneath = 0;
  vt_semaphore_t s;
  open_with(&s, 1);
  struct worker_frame frame = {.s = &s, .beneath = &beneath, .nested = &nested};
  assert_true(vt_semaphore_try_acquire(&s, 1));
  for (int i = 0; i < WORKERS; i++)
    vt_await(vt_start(&frame, worker_body), seen_k, &seen);
  assert_status(vt_semaphore_release(&s, 1), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, WORKERS);
  assert_false(nested);
  assert_int_equal(vt_semaphore_available(&s), 1);
  assert_status(vt_semaphore_close(&s, 0), 0);
}

static void run_semaphore_slim_test_2_release(void **state) {
  const uint64_t before[] = {5, 0, 5}, put[] = {1, 1, 5};
  (void)state;
  for (int i = 0; i < 3; i++) {
    vt_semaphore_t s;
    open_with(&s, before[i]);
    assert_status(vt_semaphore_release(&s, put[i]), 0);
    assert_int_equal(vt_semaphore_available(&s), before[i] + put[i]);
    assert_status(vt_semaphore_close(&s, 0), 0);
  }
}

/* It is full when 64 bits do not hold more. */
static void run_semaphore_slim_test_2_release_negative_cases(void **state) {
  vt_semaphore_t s;
  (void)state;
  open_with(&s, 5);
  assert_status(vt_semaphore_release(&s, 0), UV_EINVAL);
  assert_status(vt_semaphore_release(&s, UINT64_MAX - 4), UV_EOVERFLOW);
  assert_int_equal(vt_semaphore_available(&s), 5);
  assert_status(vt_semaphore_release(&s, UINT64_MAX - 5), 0);
  assert_status(vt_semaphore_release(&s, 1), UV_EOVERFLOW);
  assert_status(vt_semaphore_close(&s, 0), 0);
}

/* Closed: the count may be asked, a wait is refused; a release is taken, which
 * C# refuses, since those who have a permit give it back after the close. */
static void run_semaphore_slim_test_4_dispose(void **state) {
  vt_semaphore_t s;
  (void)state;
  open_with(&s, 5);
  assert_status(vt_semaphore_close(&s, UV_EPIPE), 0);
  assert_status(vt_semaphore_close(&s, UV_EIO), 0); /* again: nothing */
  assert_int_equal(vt_semaphore_available(&s), 5);
  assert_status(vt_status(vt_semaphore_acquire_async(&s, 1)), UV_EPIPE);
  assert_false(vt_semaphore_try_acquire(&s, 1));
  assert_status(vt_semaphore_release(&s, 1), 0);
}

static void run_semaphore_slim_test_5_current_count(void **state) {
  struct fixture *f = *state;
  vt_semaphore_t s;
  open_with(&s, 5);
  for (int time = 0; time < TIMES; time++)
    assert_status(wait_one(f, &s, (enum time)time), 0);
  assert_int_equal(vt_semaphore_available(&s), 2);
  assert_status(vt_semaphore_release(&s, 1), 0);
  assert_int_equal(vt_semaphore_available(&s), 3);
  assert_status(vt_semaphore_close(&s, 0), 0);
}

/* Fifty wait with a time, as many release as the row says. */
static void run_row(struct fixture *f, uint64_t initial, int releases,
                    int succeeded, uint64_t left) {
  enum { WAITERS = 50 };
  struct seen seen[WAITERS] = {{0}};
  int given = 0;
  vt_semaphore_t s;
  open_with(&s, initial);
  for (int i = 0; i < WAITERS; i++) {
    vt_await(vt_with_timeout(vt_semaphore_acquire_async(&s, 1), 5), seen_k,
             &seen[i]);
    if (i < releases)
      assert_status(vt_semaphore_release(&s, 1), 0);
  }
  assert_true(fixture_run(f));
  for (int i = 0; i < WAITERS; i++) {
    assert_int_equal(seen[i].count, 1);
    given += seen[i].result.status == 0;
    assert_true(seen[i].result.status == 0 ||
                seen[i].result.status == UV_ETIMEDOUT);
  }
  assert_int_equal(given, succeeded);
  assert_int_equal(vt_semaphore_available(&s), left);
  assert_status(vt_semaphore_close(&s, 0), 0);
}

static void
run_semaphore_slim_test_8_conc_wait_async_and_release(void **state) {
  run_row(*state, 5, 50, 50, 5);
  run_row(*state, 0, 25, 25, 0);
  run_row(*state, 0, 0, 0, 0);
}

/* Functions and plain continuations wait in one line. */
struct again {
  vt_semaphore_t *s;
  int left;
};

static void wait_again(void *state, vt_result_t r);

static void wait_for_it(struct again *a) {
  vt_await(vt_semaphore_acquire_async(a->s, 1), wait_again, a);
}

static void wait_again(void *state, vt_result_t r) {
  struct again *a = state;
  if (r.status == 0)
    vt_semaphore_release(a->s, 1);
  if (--a->left > 0)
    wait_for_it(a);
}

struct rounds_frame {
  vt_frame_t vt;
  vt_semaphore_t *s;
  int i;
};

static vt_t rounds_body(void *frame) {
  struct rounds_frame *f = frame;
  VT_BEGIN(f);
  for (f->i = 0; f->i < 10; f->i++) {
    VT_TRY(f, vt_semaphore_acquire_async(f->s, 1));
    vt_semaphore_release(f->s, 1);
  }
  VT_END(f);
}

static void test_concurrent_wait_and_wait_async(void **state) {
  struct fixture *f = *state;
  const int rows[][2] = {{10, 10}, {1, 10}, {10, 1}};
  for (int row = 0; row < 3; row++) {
    struct again again[10];
    struct seen seen = {0};
    vt_semaphore_t s;
    open_with(&s, 0);
    for (int i = 0; i < rows[row][0]; i++) {
      again[i] = (struct again){.s = &s, .left = 10};
      wait_for_it(&again[i]);
    }
    for (int i = 0; i < rows[row][1]; i++) {
      struct rounds_frame frame = {.s = &s};
      vt_await(vt_start(&frame, rounds_body), seen_k, &seen);
    }
    uint64_t permits = (uint64_t)(rows[row][0] + rows[row][1]) / 2;
    assert_status(vt_semaphore_release(&s, permits), 0);
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, rows[row][1]);
    for (int i = 0; i < rows[row][0]; i++)
      assert_int_equal(again[i].left, 0);
    assert_int_equal(vt_semaphore_available(&s), permits);
    assert_status(vt_semaphore_close(&s, 0), 0);
  }
}

/* A wait that timed out leaves nothing behind, and nothing is reported. */
static void wait_async_timeout_no_unhandled_exception(void **state) {
  struct fixture *f = *state;
  vt_semaphore_t s;
  open_with(&s, 0);
  for (int i = 0; i < 2; i++)
    assert_status(wait_one(f, &s, SOME), UV_ETIMEDOUT);
  assert_int_equal(fixture_pending(f), 0);
  assert_int_equal(f->report_count, 0);
  assert_status(vt_semaphore_close(&s, 0), 0);
}

/* ---- the cases: cancelled ---- */

/* A free permit is in hand, in a cancelled scope too; a wait is refused. */
static void cancel_before_wait(void **state) {
  vt_scope_t *scope;
  vt_semaphore_t s;
  (void)state;
  open_with(&s, 2);
  assert_status(vt_scope_new(NULL, &scope), 0);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  for (int i = 0; i < 2; i++)
    assert_status(vt_status(vt_semaphore_acquire_async(&s, 1)), 0);
  assert_status(vt_status_in_hand(vt_semaphore_acquire_async(&s, 1)),
                UV_ECANCELED);
  vt_scope_leave(before);
  assert_status(vt_status(vt_scope_join(scope)), UV_ECANCELED);
  assert_int_equal(vt_semaphore_available(&s), 0);
  assert_status(vt_semaphore_close(&s, 0), 0);
}

static void cancel_after_wait(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_semaphore_t s;
  vt_scope_t *scope;
  open_with(&s, 0);
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(vt_semaphore_acquire_async(&s, 1), seen_k, &seen);
  vt_scope_leave(before);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  assert_status(vt_loop_run(f->vt, vt_scope_join(scope)).status, UV_ECANCELED);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_semaphore_release(&s, 1), 0);
  assert_int_equal(vt_semaphore_available(&s), 1); /* it has taken none */
  assert_status(vt_semaphore_close(&s, 0), 0);
}

static void
cancel_wait_async_continuation_invoked_asynchronously(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_semaphore_t s;
  open_with(&s, 0);
  vt_t v = vt_semaphore_acquire_async(&s, 1);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_semaphore_available(&s), 0);
  assert_status(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_semaphore_close(&s, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(run_semaphore_slim_test_0_ctor),
      fixture_test(run_semaphore_slim_test_0_ctor_negative),
      fixture_test(run_semaphore_slim_test_1_wait_async),
      fixture_test(run_semaphore_slim_test_1_wait_async_negative_cases),
      fixture_test(run_semaphore_slim_test_2_release),
      fixture_test(run_semaphore_slim_test_2_release_negative_cases),
      fixture_test(run_semaphore_slim_test_4_dispose),
      fixture_test(run_semaphore_slim_test_5_current_count),
      fixture_test(run_semaphore_slim_test_8_conc_wait_async_and_release),
      fixture_test(test_concurrent_wait_and_wait_async),
      fixture_test(wait_async_timeout_no_unhandled_exception),
      fixture_test(cancel_before_wait),
      fixture_test(cancel_after_wait),
      fixture_test(cancel_wait_async_continuation_invoked_asynchronously),
  };
  return fixture_main("conformance/semaphore_slim", tests);
}
