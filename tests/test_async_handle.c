/* SPDX-License-Identifier: MIT */
/* Sends from any thread: what is theirs alone. tests/test_watch.c has what
 * they share. */
#include "support/fixture.h"

#include <stdatomic.h>

/* ---- helpers ---- */

static vt_async_t *open_async(void) {
  vt_async_t *a = NULL;
  assert_status(vt_async_new(&a), 0);
  return a;
}

static void close_async(struct fixture *f, vt_async_t *a) {
  assert_status(vt_loop_run(f->vt, vt_async_close(a)).status, 0);
}

enum { SENDS = 20000, SENDERS = 3 };

/* Threads that send; note is plain memory, written before the send. */
struct sender {
  vt_async_t *async;
  uint64_t note;
  uint64_t taken; /* sends that were answered 0 */
  atomic_bool stop;
};

static void send_once(void *arg) {
  struct sender *s = arg;
  s->note = 7;
  s->taken = vt_async_send(s->async) == 0;
}

static void send_many(void *arg) {
  struct sender *s = arg;
  for (int i = 0; i < SENDS; i++)
    s->taken += vt_async_send(s->async) == 0;
}

static void send_until_told(void *arg) {
  struct sender *s = arg;
  while (!atomic_load(&s->stop))
    s->taken += vt_async_send(s->async) == 0;
}

/* ---- it works ---- */

static void uv_async_init_completes(void **state) {
  struct fixture *f = *state;
  vt_async_t *a = open_async();
  struct sender s = {.async = a};
  struct seen seen = {0};
  vt_await(vt_async_wait(a), seen_k, &seen);
  fixture_on_thread(send_once, &s, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 1);
  assert_int_equal(s.note, 7);
  close_async(f, a);
}

static void sends_between_two_waits_are_in_hand(void **state) {
  struct fixture *f = *state;
  vt_async_t *a = open_async();
  for (int i = 0; i < 5; i++)
    assert_status(vt_async_send(a), 0);
  vt_t v = vt_async_wait(a);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 5);
  for (int i = 0; i < 3; i++)
    vt_loop_run(f->vt, vt_yield()); /* libuv's callback finds nothing */
  assert_false(vt_in_hand(vt_async_wait(a)));
  vt_forget(vt_async_close(a));
  assert_true(fixture_run(f));
}

/* H1, H2: a merged send is neither lost nor unordered. */
static void each_send_of_each_thread_is_counted(void **state) {
  struct fixture *f = *state;
  vt_async_t *a = open_async();
  struct sender s[SENDERS] = {0};
  uv_thread_t threads[SENDERS];
  uint64_t came = 0;
  for (int i = 0; i < SENDERS; i++) {
    s[i].async = a;
    assert_int_equal(uv_thread_create(&threads[i], send_many, &s[i]), 0);
  }
  while (came < (uint64_t)SENDS * SENDERS)
    came += vt_loop_run(f->vt, vt_async_wait(a)).value.u;
  for (int i = 0; i < SENDERS; i++)
    uv_thread_join(&threads[i]);
  assert_int_equal(came, (uint64_t)SENDS * SENDERS);
  close_async(f, a);
}

/* H3: libuv drops a wake-up that is on its way. */
static void a_send_before_the_close_is_told(void **state) {
  struct fixture *f = *state;
  vt_async_t *a = open_async();
  struct seen seen[2] = {{0}, {0}};
  for (int i = 0; i < 2; i++)
    vt_await(vt_async_wait(a), seen_k, &seen[i]);
  assert_status(vt_async_send(a), 0);
  vt_forget(vt_async_close(a));
  assert_true(fixture_run(f));
  assert_seen_int(&seen[0], 1);
  assert_seen_status(&seen[1], UV_ECANCELED);
}

/* ---- it fails ---- */

static void uv_async_init_fails(void **state) {
  struct fixture *f = *state;
  vt_async_t *a = open_async();
  assert_status(vt_async_new(NULL), UV_EINVAL);
  assert_status(vt_async_send(NULL), UV_EINVAL);
  vt_t closed = vt_async_close(a);
  assert_status(vt_async_send(a), UV_EBADF);
  assert_status(vt_status(vt_async_wait(a)), UV_EBADF);
  assert_status(vt_loop_run(f->vt, closed).status, 0);
}

static void uv_async_init_is_cancelled(void **state) {
  struct fixture *f = *state;
  vt_async_t *a = open_async();
  struct seen seen = {0};
  vt_t v = vt_async_wait(a);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  close_async(f, a);
}

static void sends_race_with_the_close(void **state) {
  struct fixture *f = *state;
  for (int round = 0; round < 20; round++) {
    struct sender s[SENDERS] = {0};
    uv_thread_t threads[SENDERS];
    vt_async_t *a = open_async();
    for (int i = 0; i < SENDERS; i++) {
      s[i].async = a;
      assert_int_equal(uv_thread_create(&threads[i], send_until_told, &s[i]),
                       0);
    }
    assert_status(vt_loop_run(f->vt, vt_async_wait(a)).status, 0);
    vt_t closed = vt_async_close(a);
    assert_status(vt_async_send(a), UV_EBADF);
    for (int i = 0; i < SENDERS; i++)
      atomic_store(&s[i].stop, true);
    for (int i = 0; i < SENDERS; i++)
      uv_thread_join(&threads[i]);
    assert_status(vt_loop_run(f->vt, closed).status, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_async_init_completes),
      fixture_test(sends_between_two_waits_are_in_hand),
      fixture_test(each_send_of_each_thread_is_counted),
      fixture_test(a_send_before_the_close_is_told),
      fixture_test(uv_async_init_fails),
      fixture_test(uv_async_init_is_cancelled),
      fixture_test(sends_race_with_the_close),
  };
  return fixture_main("async_handle", tests);
}
