/* SPDX-License-Identifier: MIT */
/* What C#'s tests of bounded, unbounded and rendezvous channels add to those of
 * their base, and many senders and receivers on one loop. */
#include "support/fixture.h"

/* ---- helpers ---- */

static vt_channel_t *create(size_t capacity) {
  vt_channel_t *c = NULL;
  assert_status(vt_channel_new(capacity, &c), 0);
  return c;
}

static vt_value_t item(int64_t i) { return (vt_value_t){.i = i}; }

static void put(vt_channel_t *c, int64_t i) {
  assert_status(vt_channel_try_send(c, item(i)), 0);
}

static void assert_next(vt_channel_t *c, int64_t i) {
  vt_value_t got = {.i = -1};
  assert_status(vt_channel_try_receive(c, &got), 0);
  assert_int_equal(got.i, i);
}

static void assert_empty(vt_channel_t *c) {
  vt_value_t got = {.i = 77};
  assert_status(vt_channel_try_receive(c, &got), UV_EAGAIN);
  assert_int_equal(got.i, 77);
}

/* Writers take numbers from a pot and send them; the last one closes. */
struct pot {
  vt_channel_t *c;
  int64_t items;
  int writers; /* that go on */
  int64_t read_total;
  int64_t expected; /* the next number, with one writer and one reader; -1 */
};

struct party_frame {
  vt_frame_t vt;
  struct pot *pot;
};

static vt_t writer_body(void *frame) {
  struct party_frame *f = frame;
  VT_BEGIN(f);
  while (f->pot->items > 0)
    VT_TRY(f, vt_channel_send_async(f->pot->c, item(f->pot->items--)));
  if (--f->pot->writers == 0)
    vt_channel_close(f->pot->c, 0);
  VT_END(f);
}

static vt_t reader_body(void *frame) {
  struct party_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    VT_AWAIT(f, r, vt_channel_receive_async(f->pot->c));
    if (r.status != 0)
      break;
    if (f->pot->expected >= 0 && r.value.i != f->pot->expected--)
      VT_RETURN(f, vt_failed(UV_EPROTO));
    f->pot->read_total += r.value.i;
  }
  VT_RETURN(f, r.status == UV_EOF ? vt_done() : vt_from_result(r));
  VT_END(f);
}

static void run_parties(struct fixture *f, size_t capacity, int readers,
                        int writers) {
  enum { ITEMS = 10000 };
  struct pot pot = {.c = create(capacity), .items = ITEMS, .writers = writers};
  struct party_frame frame = {.pot = &pot};
  struct seen seen = {0};
  pot.expected = readers == 1 && writers == 1 ? ITEMS : -1;
  for (int i = 0; i < readers; i++)
    vt_await(vt_start(&frame, reader_body), seen_k, &seen);
  for (int i = 0; i < writers; i++)
    vt_await(vt_start(&frame, writer_body), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, readers + writers);
  assert_status(seen.result.status, 0);
  assert_int_equal(pot.read_total, ITEMS * (ITEMS + 1LL) / 2);
  vt_channel_unref(pot.c);
}

/* ---- the cases: many ---- */

static const size_t kinds[] = {0, 1, VT_CHANNEL_UNBOUNDED};

static void
single_producer_consumer_concurrent_read_write_success(void **state) {
  for (int i = 0; i < 3; i++)
    run_parties(*state, kinds[i], 1, 1);
}

static void many_producer_consumer_concurrent_read_write_success(void **state) {
  for (int i = 0; i < 3; i++)
    for (int many = 0; many < 4; many++)
      run_parties(*state, kinds[i], many & 1 ? 10 : 1, many & 2 ? 10 : 1);
}

static void
single_producer_consumer_concurrent_read_write_with_buffered_capacity_success(
    void **state) {
  for (size_t capacity = 1; capacity <= 10000; capacity *= 100)
    run_parties(*state, capacity, 1, 1);
}

static void
many_producer_consumer_concurrent_read_write_with_buffered_capacity_success(
    void **state) {
  for (size_t capacity = 1; capacity <= 10000; capacity *= 100)
    run_parties(*state, capacity, 10, 10);
}

struct ping_frame {
  vt_frame_t vt;
  vt_channel_t *from, *to;
  bool first; /* it begins */
  int i;
};

static vt_t ping_body(void *frame) {
  struct ping_frame *f = frame;
  vt_value_t got;
  VT_BEGIN(f);
  for (f->i = 0; f->i < 10000; f->i++) {
    if (f->first)
      VT_TRY(f, vt_channel_send_async(f->to, item(f->i)));
    VT_TRY_VALUE(f, got, vt_channel_receive_async(f->from));
    if (got.i != f->i)
      VT_RETURN(f, vt_failed(UV_EPROTO));
    if (!f->first)
      VT_TRY(f, vt_channel_send_async(f->to, item(f->i)));
  }
  VT_END(f);
}

static void single_producer_consumer_ping_pong_success(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 3; i++) {
    vt_channel_t *a = create(kinds[i]), *b = create(kinds[i]);
    struct ping_frame one = {.from = a, .to = b};
    struct ping_frame two = {.from = b, .to = a, .first = true};
    vt_t v = vt_start(&one, ping_body);
    v = VT_ALL(0, NULL, v, vt_start(&two, ping_body));
    assert_status(vt_loop_run(f->vt, v).status, 0);
    vt_channel_unref(a);
    vt_channel_unref(b);
  }
}

/* ---- the cases: counts ---- */

static void count_items(size_t capacity, int items) {
  vt_channel_t *c = create(capacity);
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < items; i++) {
      assert_int_equal(vt_channel_count(c), i);
      put(c, i);
    }
    if (capacity != VT_CHANNEL_UNBOUNDED)
      assert_status(vt_channel_try_send(c, item(42)), UV_EAGAIN);
    if (round != 0)
      assert_status(vt_channel_close(c, 0), 0);
    for (int i = 0; i < items; i++) {
      assert_int_equal(vt_channel_count(c), items - i);
      assert_next(c, i);
    }
    assert_int_equal(vt_channel_count(c), 0);
  }
  vt_channel_unref(c);
}

static void count_increments_decrements_as_expected(void **state) {
  (void)state;
  count_items(3, 3);
  count_items(VT_CHANNEL_UNBOUNDED, 5);
}

static void count_always_zero(void **state) {
  struct fixture *f = *state;
  vt_channel_t *c = create(0);
  vt_t writes[2];
  for (int i = 0; i < 2; i++)
    writes[i] = vt_channel_send_async(c, item(i + 1));
  for (int i = 0; i < 2; i++) {
    assert_int_equal(vt_channel_count(c), 0);
    assert_status(vt_status(writes[i]), VT_PENDING);
    assert_int_equal(vt_get_result(vt_channel_receive_async(c)).value.i, i + 1);
    assert_status(vt_loop_run(f->vt, writes[i]).status, 0);
  }
  assert_int_equal(vt_channel_count(c), 0);
  vt_channel_unref(c);
}

/* ---- the cases: at once ---- */

static void try_write_try_read_many_wait(void **state) {
  (void)state;
  for (int capacity = 1; capacity <= 10000; capacity *= 100) {
    vt_channel_t *c = create((size_t)capacity);
    for (int i = 0; i < capacity; i++)
      put(c, i);
    assert_status(vt_channel_try_send(c, item(capacity)), UV_EAGAIN);
    for (int i = 0; i < capacity; i++)
      assert_next(c, i);
    assert_empty(c);
    vt_channel_unref(c);
  }
}

static void try_write_try_read_many(void **state) {
  enum { ITEMS = 100000 };
  vt_channel_t *c = create(VT_CHANNEL_UNBOUNDED);
  (void)state;
  for (int i = 0; i < ITEMS; i++)
    put(c, i);
  for (int i = 0; i < ITEMS; i++)
    assert_next(c, i);
  assert_empty(c);
  vt_channel_unref(c);
}

static void try_write_try_read_one_at_a_time(void **state) {
  const size_t capacities[] = {1, 10, 10000, VT_CHANNEL_UNBOUNDED};
  (void)state;
  for (int n = 0; n < 4; n++) {
    vt_channel_t *c = create(capacities[n]);
    for (int i = 0; i < 100000; i++) {
      put(c, i);
      assert_next(c, i);
    }
    vt_channel_unref(c);
  }
}

static void try_write_try_read_no_pairing_returns_false(void **state) {
  vt_channel_t *c = create(0);
  (void)state;
  for (int i = 0; i < 3; i++) {
    assert_status(vt_channel_try_send(c, item(42)), UV_EAGAIN);
    assert_empty(c);
  }
  vt_channel_unref(c);
}

/* ---- the cases: who waits ---- */

/* Of the writers that wait the cancelled one's item never comes. */
static void cancel_pending_write_reading_data_transferred_from_correct_writer(
    void **state) {
  struct fixture *f = *state;
  for (size_t capacity = 0; capacity < 2; capacity++) {
    vt_channel_t *c = create(capacity);
    struct seen seen[3] = {{0}, {0}, {0}};
    vt_t writes[3];
    for (int i = 0; i < 3; i++) {
      writes[i] = vt_channel_send_async(c, item(42 + i));
      if (i != 1)
        vt_await(writes[i], seen_k, &seen[i]);
    }
    assert_status(vt_cancel(writes[1]), 0);
    assert_next(c, 42);
    assert_next(c, 44);
    assert_status(vt_loop_run(f->vt, writes[1]).status, UV_ECANCELED);
    assert_true(fixture_run(f));
    assert_seen_int(&seen[0], 0);
    assert_seen_int(&seen[2], 0);
    vt_channel_unref(c);
  }
}

static void complete_before_empty_no_waiters_triggers_completion(void **state) {
  vt_channel_t *c = create(VT_CHANNEL_UNBOUNDED);
  (void)state;
  put(c, 42);
  assert_status(vt_channel_close(c, 0), 0);
  assert_int_equal(vt_get_result(vt_channel_receive_async(c)).value.i, 42);
  assert_status(vt_status(vt_channel_receive_async(c)), UV_EOF);
  vt_channel_unref(c);
}

static void write_many_then_complete_successfully_read_all(void **state) {
  (void)state;
  for (int mode = 0; mode < 2; mode++) {
    vt_channel_t *c = create(VT_CHANNEL_UNBOUNDED);
    for (int i = 0; i < 10; i++)
      put(c, i);
    assert_status(vt_channel_close(c, 0), 0);
    for (int i = 0; i < 10; i++) {
      if (mode == 0)
        assert_next(c, i);
      else
        assert_int_equal(vt_get_result(vt_channel_receive_async(c)).value.i, i);
    }
    assert_status(vt_status(vt_channel_receive_async(c)), UV_EOF);
    vt_channel_unref(c);
  }
}

/* Nobody's continuation runs inside a call, and there is no setting for it. */
static void
allow_synchronous_continuations_reading_continuations_invoked_according_to_setting(
    void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 3; i++) {
    vt_channel_t *c = create(kinds[i]);
    struct seen seen = {0};
    vt_task_t *task = vt_as_task(vt_channel_receive_async(c));
    vt_await(vt_from_task(task), seen_k, &seen);
    assert_true(vt_in_hand(vt_channel_send_async(c, item(42))));
    assert_int_equal(seen.count, 0);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 42);
    vt_task_unref(task);
    vt_channel_unref(c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(single_producer_consumer_concurrent_read_write_success),
      fixture_test(many_producer_consumer_concurrent_read_write_success),
      fixture_test(
          single_producer_consumer_concurrent_read_write_with_buffered_capacity_success),
      fixture_test(
          many_producer_consumer_concurrent_read_write_with_buffered_capacity_success),
      fixture_test(single_producer_consumer_ping_pong_success),
      fixture_test(count_increments_decrements_as_expected),
      fixture_test(count_always_zero),
      fixture_test(try_write_try_read_many_wait),
      fixture_test(try_write_try_read_many),
      fixture_test(try_write_try_read_one_at_a_time),
      fixture_test(try_write_try_read_no_pairing_returns_false),
      fixture_test(
          cancel_pending_write_reading_data_transferred_from_correct_writer),
      fixture_test(complete_before_empty_no_waiters_triggers_completion),
      fixture_test(write_many_then_complete_successfully_read_all),
      fixture_test(
          allow_synchronous_continuations_reading_continuations_invoked_according_to_setting),
  };
  return fixture_main("conformance/channels_bounded", tests);
}
