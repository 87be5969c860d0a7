/* SPDX-License-Identifier: MIT */
/* Those who wait at a channel: cancelled before and after, refused when they
 * are asked twice, resumed on their loop. The rest of C#'s ChannelTestBase, and
 * its CancellationLeakTests. */
#include "channel_kinds.h"

/* ---- helpers ---- */

static vt_scope_t *enter_cancelled(vt_scope_t **scope) {
  assert_status(vt_scope_new(NULL, scope), 0);
  assert_status(vt_scope_cancel(*scope, UV_ECANCELED), 0);
  return vt_scope_enter(*scope);
}

static void leave_cancelled(vt_scope_t *scope, vt_scope_t *before) {
  vt_scope_leave(before);
  assert_status(vt_status(vt_scope_join(scope)), UV_ECANCELED);
}

/* ---- the cases: cancelled before ---- */

/* In a cancelled scope none waits; what is in hand is had all the same, where
 * C# asks the token first. */
static void precancellation_writing_returns_immediately(void **state) {
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *full = channel_create_full(kind),
                 *empty = channel_create(kind);
    vt_scope_t *scope, *before = enter_cancelled(&scope);
    if (full)
      assert_status(vt_status_in_hand(channel_write(full, 42)), UV_ECANCELED);
    assert_status(vt_status_in_hand(channel_write(empty, 42)),
                  channel_capacity(kind) ? 0 : UV_ECANCELED);
    assert_int_equal(vt_channel_count(empty), channel_capacity(kind) != 0);
    leave_cancelled(scope, before);
    vt_channel_unref(full);
    vt_channel_unref(empty);
  }
}

static void precancellation_read_async_returns_immediately(void **state) {
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    bool there = vt_channel_try_send(c, (vt_value_t){.i = 42}) == 0;
    vt_scope_t *scope, *before = enter_cancelled(&scope);
    if (there)
      assert_int_equal(vt_get_result(vt_channel_receive_async(c)).value.i, 42);
    assert_status(vt_status_in_hand(vt_channel_receive_async(c)), UV_ECANCELED);
    leave_cancelled(scope, before);
    vt_channel_unref(c);
  }
}

/* ---- the cases: cancelled while they wait ---- */

static void read_async_canceled_canceled_asynchronously(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    struct seen seen = {0};
    vt_t read = vt_channel_receive_async(c);
    vt_await(read, seen_k, &seen);
    assert_status(vt_cancel(read), 0);
    assert_int_equal(seen.count, 0);
    assert_true(fixture_run(f));
    assert_seen_status(&seen, UV_ECANCELED);
    if (vt_channel_try_send(c, (vt_value_t){.i = 42}) == 0)
      assert_int_equal(vt_get_result(vt_channel_receive_async(c)).value.i, 42);
    vt_channel_unref(c);
  }
}

static void
read_async_canceled_write_async_completes_next_reader(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    for (int i = 0; i < 5; i++) {
      vt_t read = vt_channel_receive_async(c);
      assert_status(vt_cancel(read), 0);
      assert_status(vt_loop_run(f->vt, read).status, UV_ECANCELED);
    }
    for (int i = 0; i < 7; i++) {
      vt_t read = vt_channel_receive_async(c);
      assert_status(vt_loop_run(f->vt, channel_write(c, i)).status, 0);
      assert_int_equal(vt_loop_run(f->vt, read).value.i, i);
    }
    vt_channel_unref(c);
  }
}

/* A cancelled wait leaves nothing in the channel and nothing allocated, however
 * many there were. */
static void leave_again_and_again(struct fixture *f, int rounds, bool in_time) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    uint64_t before = 0;
    for (int i = 0; i < rounds; i++) {
      if (i == 2)
        before = fixture_allocations();
      vt_t read = vt_channel_receive_async(c);
      if (in_time)
        read = vt_with_timeout(read, 0);
      else
        assert_status(vt_cancel(read), 0);
      assert_status(vt_loop_run(f->vt, read).status,
                    in_time ? UV_ETIMEDOUT : UV_ECANCELED);
    }
    assert_int_equal(fixture_allocations(), before);
    assert_true(fixture_run(f));
    assert_int_equal(fixture_pending(f), 0);
    vt_channel_unref(c);
  }
}

static void multiple_cancelled_reads_should_not_leak_memory(void **state) {
  leave_again_and_again(*state, 100, false);
}

static void repeated_cancellation_should_not_leak_registrations(void **state) {
  leave_again_and_again(*state, 1000, true);
}

/* ---- the cases: asked twice ---- */

static const unsigned flag_sets[] = {0, VT_LATER, VT_ANYWHERE};

/* Pending: the second await is refused, however it is asked, and the first
 * still gets it. */
static void assert_one_await(vt_t v, struct seen *first) {
  vt_await_with(v, flag_sets[0], seen_k, first);
  for (int i = 0; i < 3; i++) {
    struct seen second = {0};
    vt_await_with(v, flag_sets[i], seen_k, &second);
    assert_seen_status(&second, VT_EAWAITED);
    assert_int_equal(vt_on_completed(v, flag_sets[i], seen_k, &second),
                     VT_EAWAITED);
  }
}

/* Awaited and over: everything is stale. */
static void assert_stale(vt_t v) {
  struct seen seen = {0};
  assert_status(vt_status(v), VT_ESTALE);
  assert_status(vt_get_result(v).status, VT_ESTALE);
  assert_status(vt_cancel(v), VT_ESTALE);
  vt_await(v, seen_k, &seen);
  assert_seen_status(&seen, VT_ESTALE);
}

static void read_async_multiple_continuations_throws(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    struct seen first = {0};
    assert_one_await(vt_channel_receive_async(c), &first);
    assert_status(vt_status(channel_write(c, 42)), 0);
    assert_true(fixture_run(f));
    assert_seen_int(&first, 42);
    vt_channel_unref(c);
  }
}

static void write_async_multiple_continuations_throws(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create_full(kind);
    struct seen first = {0};
    vt_value_t got;
    if (!c)
      continue;
    assert_one_await(channel_write(c, 42), &first);
    assert_status(vt_channel_try_receive(c, &got), 0);
    assert_true(fixture_run(f));
    assert_seen_int(&first, 0);
    vt_channel_unref(c);
  }
}

static void read_async_await_then_get_result_throws(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    vt_t read = vt_channel_receive_async(c);
    assert_status(vt_channel_try_send(c, (vt_value_t){.i = 42}), 0);
    assert_int_equal(vt_loop_run(f->vt, read).value.i, 42);
    assert_stale(read);
    vt_t next = vt_channel_receive_async(c); /* which has its memory now */
    assert_stale(read);
    assert_status(vt_cancel(next), 0);
    vt_forget(next);
    vt_channel_unref(c);
  }
}

static void write_async_await_then_get_result_throws(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create_full(kind);
    vt_value_t got;
    if (!c)
      continue;
    vt_t write = channel_write(c, 42);
    assert_status(vt_channel_try_receive(c, &got), 0);
    assert_status(vt_loop_run(f->vt, write).status, 0);
    assert_stale(write);
    vt_channel_unref(c);
  }
}

static void value_task_get_result_when_not_completed_throws(void **state) {
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind), *full = channel_create_full(kind);
    vt_t read = vt_channel_receive_async(c);
    assert_status(vt_get_result(read).status, VT_EPENDING);
    vt_forget(read);
    vt_channel_unref(c);
    if (!full)
      continue;
    vt_t write = channel_write(full, 42);
    assert_status(vt_get_result(write).status, VT_EPENDING);
    assert_status(vt_cancel(write), 0);
    vt_forget(write);
    vt_channel_unref(full);
  }
}

static void value_task_multiple_continuations_throws(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind), *full = channel_create_full(kind);
    struct seen read = {0}, write = {0};
    assert_one_await(vt_channel_receive_async(c), &read);
    if (full)
      assert_one_await(channel_write(full, 42), &write);
    vt_channel_unref(c); /* ends them */
    vt_channel_unref(full);
    assert_true(fixture_run(f));
    assert_seen_status(&read, UV_EOF);
    if (full)
      assert_seen_status(&write, UV_EOF);
  }
}

/* ---- the cases: where they go on ---- */

/* On the loop, and never inside the call, complete before the await or after
 * it; a wait that is complete at the await runs at once, but with VT_LATER. */
static void
reader_continues_on_current_synchronization_context_if_desired(void **state) {
  struct fixture *f = *state;
  for (int n = 0; n < 6 * CHANNELS; n++) {
    vt_channel_t *c = channel_create(n / 6);
    unsigned flags = flag_sets[n % 3];
    bool complete_before = n % 6 >= 3;
    struct seen seen = {0};
    uv_thread_t self = uv_thread_self();
    vt_t read = vt_channel_receive_async(c);
    if (complete_before)
      assert_status(vt_channel_try_send(c, (vt_value_t){.i = 42}), 0);
    vt_await_with(read, flags, seen_k, &seen);
    assert_int_equal(seen.count, complete_before && flags != VT_LATER);
    if (!complete_before) {
      assert_status(vt_channel_try_send(c, (vt_value_t){.i = 42}), 0);
      assert_int_equal(seen.count, 0);
    }
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 42);
    assert_true(uv_thread_equal(&seen.thread, &self));
    vt_channel_unref(c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(precancellation_writing_returns_immediately),
      fixture_test(precancellation_read_async_returns_immediately),
      fixture_test(read_async_canceled_canceled_asynchronously),
      fixture_test(read_async_canceled_write_async_completes_next_reader),
      fixture_test(multiple_cancelled_reads_should_not_leak_memory),
      fixture_test(repeated_cancellation_should_not_leak_registrations),
      fixture_test(read_async_multiple_continuations_throws),
      fixture_test(write_async_multiple_continuations_throws),
      fixture_test(read_async_await_then_get_result_throws),
      fixture_test(write_async_await_then_get_result_throws),
      fixture_test(value_task_get_result_when_not_completed_throws),
      fixture_test(value_task_multiple_continuations_throws),
      fixture_test(
          reader_continues_on_current_synchronization_context_if_desired),
  };
  return fixture_main("conformance/channels_waits", tests);
}
