/* SPDX-License-Identifier: MIT */
/* C#'s ChannelTestBase on channels, as a rendezvous, with room for one, and
 * unbounded: each case runs on all of them. Complete is a close, whose status
 * tells what C#'s Completion does: UV_EOF where it was given none. */
#include "channel_kinds.h"

/* ---- helpers ---- */

static void complete(vt_channel_t *c, int64_t status) {
  assert_status(vt_channel_close(c, status), 0);
}

static int64_t run(struct fixture *f, vt_t v) {
  vt_result_t r = vt_loop_run(f->vt, v);
  assert_status(r.status, 0);
  return r.value.i;
}

/* What waits and what comes later are told the status of the close. */
static void assert_told(struct fixture *f, vt_channel_t *c, struct seen *seen,
                        int64_t status) {
  vt_value_t got = {0};
  assert_true(fixture_run(f));
  if (seen)
    assert_seen_status(seen, status);
  assert_status(vt_status(vt_channel_receive_async(c)), status);
  assert_status(vt_status(channel_write(c, 1)), status);
  assert_status(vt_channel_try_receive(c, &got), status);
  assert_status(vt_channel_try_send(c, got), status);
  vt_channel_unref(c);
}

/* ---- the cases: complete ---- */

static void complete_after_empty_no_waiters_triggers_completion(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, 0);
    assert_told(*state, c, NULL, UV_EOF);
  }
}

static void
complete_after_empty_waiting_reader_triggers_completion(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    struct seen seen = {0};
    vt_task_t *task = vt_as_task(vt_channel_receive_async(c));
    vt_await(vt_from_task(task), seen_k, &seen);
    complete(c, 0);
    assert_told(*state, c, &seen, UV_EOF);
    vt_task_unref(task);
  }
}

static void
complete_before_empty_waiting_readers_triggers_completion(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    struct seen seen = {0};
    vt_t read = vt_channel_receive_async(c);
    complete(c, 0);
    assert_status(vt_status(read), UV_EOF);
    vt_await(read, seen_k, &seen);
    assert_told(*state, c, &seen, UV_EOF);
  }
}

/* Again: nothing, and no error. */
static void complete_twice_throws_invalid_operation_exception(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, 0);
    complete(c, 0);
    assert_told(*state, c, NULL, UV_EOF);
  }
}

static void try_complete_twice_returns_true_then_false(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, UV_EPIPE);
    complete(c, UV_EIO); /* the first status stays */
    complete(c, 0);
    assert_told(*state, c, NULL, UV_EPIPE);
  }
}

static void try_complete_errors_propage(void **state) {
  const int64_t given[] = {0, UV_EIO, UV_ECANCELED, 1};
  const int64_t told[] = {UV_EOF, UV_EIO, UV_ECANCELED, VT_ESTATUS};
  for (int i = 0; i < 4 * CHANNELS; i++) {
    vt_channel_t *c = channel_create(i / 4);
    complete(c, given[i % 4]);
    assert_told(*state, c, NULL, told[i % 4]);
  }
}

static void complete_with_exception_propagates_to_completion(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, UV_EIO);
    assert_told(*state, c, NULL, UV_EIO);
  }
}

static void
complete_with_cancellation_exception_propagates_to_completion(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, UV_ECANCELED);
    assert_true(vt_is_cancelled(vt_channel_receive_async(c)));
    assert_told(*state, c, NULL, UV_ECANCELED);
  }
}

static void
complete_with_exception_propagates_to_existing_writer(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create_full(kind);
    struct seen seen = {0};
    vt_value_t got;
    if (!c)
      continue;
    vt_await(channel_write(c, 42), seen_k, &seen);
    complete(c, UV_EIO);
    while (vt_channel_try_receive(c, &got) == 0)
      assert_int_equal(got.i, 7); /* and never the 42 */
    assert_told(*state, c, &seen, UV_EIO);
  }
}

static void complete_with_exception_propagates_to_new_writer(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, UV_EIO);
    vt_t write = channel_write(c, 42);
    assert_true(vt_in_hand(write));
    assert_status(vt_status(write), UV_EIO);
    assert_told(*state, c, NULL, UV_EIO);
  }
}

static void
complete_with_exception_propagates_to_existing_waiting_reader(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    struct seen seen = {0};
    vt_await(vt_channel_receive_async(c), seen_k, &seen);
    complete(c, UV_EIO);
    assert_int_equal(seen.count, 0); /* nobody runs inside */
    assert_told(*state, c, &seen, UV_EIO);
  }
}

static void
complete_with_exception_propagates_to_new_waiting_reader(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, UV_EIO);
    vt_t read = vt_channel_receive_async(c);
    assert_true(vt_in_hand(read));
    assert_told(*state, c, NULL, UV_EIO);
  }
}

/* ---- the cases: after it ---- */

static void try_read_after_complete_returns_false(void **state) {
  vt_value_t got = {.i = 77};
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, 0);
    assert_status(vt_channel_try_receive(c, &got), UV_EOF);
    assert_int_equal(got.i, 77);
    vt_channel_unref(c);
  }
}

static void try_write_after_complete_returns_false(void **state) {
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, 0);
    assert_status(vt_channel_try_send(c, (vt_value_t){.i = 42}), UV_EOF);
    assert_int_equal(vt_channel_count(c), 0);
    vt_channel_unref(c);
  }
}

static void write_async_after_complete_throws_exception(void **state) {
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, 0);
    assert_status(vt_status_in_hand(channel_write(c, 42)), UV_EOF);
    vt_channel_unref(c);
  }
}

static void read_async_already_completed_throws(void **state) {
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, 0);
    vt_task_t *task = vt_as_task(vt_channel_receive_async(c));
    assert_status(vt_task_result(task).status, UV_EOF);
    vt_task_unref(task);
    vt_channel_unref(c);
  }
}

static void read_async_subsequently_completed_throws(void **state) {
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    struct seen seen = {0};
    vt_t read = vt_channel_receive_async(c);
    assert_status(vt_status(read), VT_PENDING);
    vt_await(read, seen_k, &seen);
    complete(c, 0);
    assert_told(*state, c, &seen, UV_EOF);
  }
}

static void read_async_after_faulted_channel_throws(void **state) {
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, UV_EIO);
    assert_true(vt_is_failed(vt_channel_receive_async(c)));
    vt_channel_unref(c);
  }
}

static void read_async_after_canceled_channel_throws(void **state) {
  (void)state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    complete(c, UV_ECANCELED);
    vt_t read = vt_channel_receive_async(c);
    assert_true(vt_is_cancelled(read));
    assert_false(vt_is_failed(read));
    vt_channel_unref(c);
  }
}

/* ---- the cases: items ---- */

static void try_read_data_available_success(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    vt_value_t got = {0};
    vt_t write = channel_write(c, 42);
    assert_int_equal(vt_in_hand(write), channel_capacity(kind) != 0);
    assert_status(vt_channel_try_receive(c, &got), 0);
    assert_int_equal(got.i, 42);
    run(f, write);
    vt_channel_unref(c);
  }
}

static void read_async_then_write_async_succeeds(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    vt_t read = vt_channel_receive_async(c);
    assert_status(vt_status(read), VT_PENDING);
    assert_true(vt_in_hand(channel_write(c, 42)));
    assert_int_equal(run(f, read), 42);
    vt_channel_unref(c);
  }
}

static void write_async_read_async_succeeds(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    vt_result_t out[2];
    vt_t write = channel_write(c, 42), read = vt_channel_receive_async(c);
    assert_int_equal(run(f, VT_ALL(0, out, write, read)), 2);
    assert_int_equal(out[1].value.i, 42);
    vt_channel_unref(c);
  }
}

static void many_write_async_then_many_try_read_success(void **state) {
  enum { ITEMS = 2000 };
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    static vt_t writes[ITEMS];
    vt_channel_t *c = channel_create(kind);
    for (int i = 0; i < ITEMS; i++)
      writes[i] = channel_write(c, i);
    for (int i = 0; i < ITEMS; i++) {
      vt_value_t got = {.i = -1};
      assert_status(vt_channel_try_receive(c, &got), 0);
      assert_int_equal(got.i, i);
    }
    for (int i = 0; i < ITEMS; i++)
      assert_true(vt_is_completed(writes[i]));
    assert_int_equal(run(f, vt_all(writes, ITEMS, 0, NULL)), ITEMS);
    vt_channel_unref(c);
  }
}

enum { READERS = 100 };

static void
read_async_write_async_many_concurrent_readers_serialized_writers_success(
    void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    vt_t reads[READERS];
    vt_result_t out[READERS];
    for (int i = 0; i < READERS; i++)
      reads[i] = vt_channel_receive_async(c);
    for (int i = 0; i < READERS; i++)
      run(f, channel_write(c, i));
    assert_int_equal(run(f, vt_all(reads, READERS, 0, out)), READERS);
    for (int i = 0; i < READERS; i++)
      assert_int_equal(out[i].value.i, i); /* in their order, too */
    vt_channel_unref(c);
  }
}

static void
read_async_try_write_many_concurrent_readers_serialized_writers_success(
    void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    struct seen seen[READERS] = {{0}};
    for (int i = 0; i < READERS; i++)
      vt_await(vt_channel_receive_async(c), seen_k, &seen[i]);
    for (int i = 0; i < READERS; i++) {
      assert_status(vt_channel_try_send(c, (vt_value_t){.i = i}), 0);
      assert_true(fixture_run_until(f, &seen[i].count, 1));
      assert_seen_int(&seen[i], i);
    }
    vt_channel_unref(c);
  }
}

static void read_async_consecutive_reads_succeed(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < CHANNELS; kind++) {
    vt_channel_t *c = channel_create(kind);
    for (int i = 0; i < 5; i++) {
      vt_t read = vt_channel_receive_async(c);
      run(f, channel_write(c, i));
      assert_int_equal(run(f, read), i);
    }
    vt_channel_unref(c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(complete_after_empty_no_waiters_triggers_completion),
      fixture_test(complete_after_empty_waiting_reader_triggers_completion),
      fixture_test(complete_before_empty_waiting_readers_triggers_completion),
      fixture_test(complete_twice_throws_invalid_operation_exception),
      fixture_test(try_complete_twice_returns_true_then_false),
      fixture_test(try_complete_errors_propage),
      fixture_test(complete_with_exception_propagates_to_completion),
      fixture_test(
          complete_with_cancellation_exception_propagates_to_completion),
      fixture_test(complete_with_exception_propagates_to_existing_writer),
      fixture_test(complete_with_exception_propagates_to_new_writer),
      fixture_test(
          complete_with_exception_propagates_to_existing_waiting_reader),
      fixture_test(complete_with_exception_propagates_to_new_waiting_reader),
      fixture_test(try_read_after_complete_returns_false),
      fixture_test(try_write_after_complete_returns_false),
      fixture_test(write_async_after_complete_throws_exception),
      fixture_test(read_async_already_completed_throws),
      fixture_test(read_async_subsequently_completed_throws),
      fixture_test(read_async_after_faulted_channel_throws),
      fixture_test(read_async_after_canceled_channel_throws),
      fixture_test(try_read_data_available_success),
      fixture_test(read_async_then_write_async_succeeds),
      fixture_test(write_async_read_async_succeeds),
      fixture_test(many_write_async_then_many_try_read_success),
      fixture_test(
          read_async_write_async_many_concurrent_readers_serialized_writers_success),
      fixture_test(
          read_async_try_write_many_concurrent_readers_serialized_writers_success),
      fixture_test(read_async_consecutive_reads_succeed),
  };
  return fixture_main("conformance/channels", tests);
}
