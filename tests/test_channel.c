/* SPDX-License-Identifier: MIT */
/* Channels: first in, first out, in hand when it can be, no item ever lost. */
#include "support/channel_form.h"
#include "support/fixture.h"
#include "support/line.h"

/* ---- helpers ---- */

static vt_value_t item(int64_t i) { return (vt_value_t){.i = i}; }

static vt_channel_t *open_for(size_t capacity) {
  vt_channel_t *c = NULL;
  assert_status(vt_channel_new(capacity, &c), 0);
  return c;
}

static void await_send(struct line *line, vt_channel_t *c, int64_t i) {
  line_await(line, vt_channel_send_async(c, item(i)));
}

static void await_receive(struct line *line, vt_channel_t *c) {
  line_await(line, vt_channel_receive_async(c));
}

static void put(vt_channel_t *c, int64_t i) {
  assert_status(vt_channel_try_send(c, item(i)), 0);
}

/* The next item is there; odd ones are taken by an await's value task. */
static void assert_next(vt_channel_t *c, int64_t i) {
  vt_value_t got = {0};
  if (i & 1) {
    vt_t v = vt_channel_receive_async(c);
    assert_true(vt_in_hand(v));
    assert_status(vt_status(v), 0);
    got = vt_get_result(v).value;
  } else {
    assert_status(vt_channel_try_receive(c, &got), 0);
  }
  assert_int_equal(got.i, i);
}

static void assert_would_wait(vt_channel_t *c, bool send_too) {
  vt_value_t got = {.i = 77};
  assert_status(vt_channel_try_receive(c, &got), UV_EAGAIN);
  assert_int_equal(got.i, 77);
  if (send_too)
    assert_status(vt_channel_try_send(c, item(1)), UV_EAGAIN);
}

/* ---- it works ---- */

static void what_fits_is_in_hand(void **state) {
  (void)state;
  vt_channel_t *c = open_for(3);
  uint64_t before = 0;
  for (int round = 0; round < 10; round++) { /* round the ring */
    if (round < 2)
      before = fixture_allocations(); /* VT_DEBUG keeps each new line */
    for (int i = 0; i < 3; i++)
      assert_true(vt_in_hand(vt_channel_send_async(c, item(round + i))));
    assert_status(vt_channel_try_send(c, item(9)), UV_EAGAIN);
    assert_int_equal(vt_channel_count(c), 3);
    for (int i = 0; i < 3; i++) {
      vt_t v = vt_channel_receive_async(c);
      assert_true(vt_in_hand(v));
      assert_int_equal(vt_get_result(v).value.i, round + i);
    }
    assert_would_wait(c, false);
  }
  assert_int_equal(fixture_allocations(), before);
  vt_channel_unref(c);
}

static void receivers_get_items_in_their_order(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(4);
  for (int i = 0; i < 3; i++)
    await_receive(&line, c);
  for (int i = 0; i < 4; i++)
    put(c, 10 + i);
  assert_int_equal(line.gone_on, 0); /* nobody runs inside */
  assert_int_equal(line_turn(f, &line), 3);
  for (int i = 0; i < 3; i++)
    assert_went_with(&line, i, i + 1, 10 + i);
  assert_next(c, 13);
  vt_channel_unref(c);
}

static void a_full_channel_makes_senders_wait_in_their_order(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(2);
  for (int i = 0; i < 5; i++)
    await_send(&line, c, i);
  assert_int_equal(line.gone_on, 2);
  for (int i = 0; i < 5; i++) {
    assert_next(c, i);
    assert_int_equal(line.gone_on, i < 3 ? 2 + i : 5); /* nobody inside */
    line_turn(f, &line);
  }
  for (int i = 0; i < 5; i++)
    assert_went(&line, i, i + 1, 0);
  vt_channel_unref(c);
}

static void without_room_each_send_meets_a_receive(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(0);
  assert_would_wait(c, true);
  await_send(&line, c, 1);
  await_send(&line, c, 2);
  assert_int_equal(line.gone_on, 0);
  assert_next(c, 1);
  assert_int_equal(line_turn(f, &line), 1);
  assert_next(c, 2);
  await_receive(&line, c);
  assert_int_equal(line_turn(f, &line), 2);
  assert_true(vt_in_hand(vt_channel_send_async(c, item(3))));
  assert_int_equal(line_turn(f, &line), 3);
  assert_went_with(&line, 2, 3, 3);
  vt_channel_unref(c);
}

#ifndef SHARED_CHANNEL
static void an_unbounded_one_takes_all(void **state) {
  (void)state;
  vt_channel_t *c = open_for(VT_CHANNEL_UNBOUNDED);
  for (int round = 0; round < 3; round++) {
    uint64_t before = fixture_allocations();
    for (int i = 0; i < 1000; i++)
      assert_true(vt_in_hand(vt_channel_send_async(c, item(i))));
    for (int i = 0; i < 1000; i++)
      assert_next(c, i);
    if (round > 0)
      assert_int_equal(fixture_allocations(), before);
  }
  vt_channel_unref(c);
}

#endif

static void again_and_again_allocates_nothing(void **state) {
  struct fixture *f = *state;
  vt_channel_t *c = open_for(1);
  uint64_t before = 0;
  for (int round = 0; round < 100; round++) {
    struct line line = {0};
    if (round == 2)
      before = fixture_allocations();
    for (int i = 0; i < 16; i++)
      await_receive(&line, c);
    for (int i = 0; i < 20; i++)
      await_send(&line, c, i);
    for (int i = 0; i < 4; i++)
      assert_next(c, 16 + i);
    assert_int_equal(line_turn(f, &line), 36);
  }
  assert_int_equal(fixture_allocations(), before);
  vt_channel_unref(c);
}

static void references_keep_it(void **state) {
  (void)state;
  vt_channel_t *c = open_for(1);
  assert_ptr_equal(vt_channel_ref(c), c);
  vt_channel_unref(c);
  put(c, 1);
  assert_next(c, 1);
  vt_channel_unref(c);
  vt_channel_unref(NULL);
  assert_null(vt_channel_ref(NULL));
}

/* ---- who does not wait any longer ---- */

static void a_cancelled_receive_takes_nothing(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(1);
  await_receive(&line, c);
  await_receive(&line, c);
  assert_status(vt_cancel(line.waits[0].v), 0);
  put(c, 5);
  assert_int_equal(line.gone_on, 0);
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, UV_ECANCELED);
  assert_went_with(&line, 1, 2, 5);
  vt_channel_unref(c);
}

static void a_cancelled_send_puts_nothing_in(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(0);
  await_send(&line, c, 1);
  await_send(&line, c, 2);
  assert_status(vt_cancel(line.waits[0].v), 0);
  assert_next(c, 2);
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, UV_ECANCELED);
  assert_went(&line, 1, 2, 0);
  vt_channel_unref(c);
}

static void cancelled_after_the_hand_over_has_the_item(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(1);
  await_receive(&line, c);
  put(c, 5);
  assert_status(vt_cancel(line.waits[0].v), UV_EALREADY);
  assert_int_equal(line_turn(f, &line), 1);
  assert_went_with(&line, 0, 1, 5);
  vt_channel_unref(c);
}

static void a_forgotten_receive_takes_nothing(void **state) {
  (void)state;
  vt_channel_t *c = open_for(1);
  vt_forget(vt_channel_receive_async(c));
  put(c, 5);
  assert_next(c, 5);
  vt_channel_unref(c);
}

static void a_forgotten_send_keeps_its_place(void **state) {
  struct fixture *f = *state;
  vt_channel_t *c = open_for(0);
  vt_forget(vt_channel_send_async(c, item(5)));
  assert_next(c, 5);
  fixture_turn(f);
  assert_int_equal(fixture_pending(f), 0);
  vt_channel_unref(c);
}

/* Full, and as many items handed over that nobody takes: they are put before
 * the others, and a receiver that waits goes first. */
static void what_nobody_takes_comes_first(void **state) {
  struct fixture *f = *state;
  for (size_t capacity = 0; capacity < 20; capacity += 19) {
    enum { UNTAKEN = 10 };
    struct line line = {0};
    vt_channel_t *c = open_for(capacity);
    int64_t next = UNTAKEN;
    for (int i = 0; i < UNTAKEN; i++)
      await_receive(&line, c);
    for (int i = 0; i < UNTAKEN; i++)
      put(c, i);
    while (vt_channel_try_send(c, item(next)) == 0)
      next++;
    for (int i = UNTAKEN; i-- > 0;)
      assert_true(line_stop(&line, i));
    fixture_turn(f);
    assert_int_equal(vt_channel_count(c), UNTAKEN + capacity);
    for (int64_t i = UNTAKEN; i-- > 0;)
      assert_next(c, i);
    for (int64_t i = UNTAKEN; i < next; i++)
      assert_next(c, i);
    assert_would_wait(c, false);
    vt_channel_unref(c);
  }
}

static void what_nobody_takes_goes_to_who_waits(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(1);
  vt_t untaken = vt_channel_receive_async(c);
  await_receive(&line, c);
  put(c, 1);
  assert_status(vt_status(untaken), 0);
  vt_forget(untaken);
  assert_int_equal(line_turn(f, &line), 1);
  assert_went_with(&line, 0, 1, 1);
  vt_channel_unref(c);
}

static void never_awaited_is_reported_and_kept(void **state) {
  struct fixture *f = *state;
  vt_channel_t *c = open_for(1);
  vt_t untaken = vt_channel_receive_async(c);
  (void)untaken;
  put(c, 1);
  assert_status(fixture_detach(f), 0);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  assert_int_equal(vt_channel_count(c), 1);
  vt_channel_unref(c);
}

/* ---- it ends ---- */

static void closed_it_gives_what_is_left_and_then_the_end(void **state) {
  const int64_t given[] = {0, UV_EPIPE, 7};
  const int64_t told[] = {UV_EOF, UV_EPIPE, VT_ESTATUS};
  (void)state;
  for (int i = 0; i < 3; i++) {
    vt_channel_t *c = open_for(8);
    vt_value_t got;
    put(c, 1);
    put(c, 2);
    assert_status(vt_channel_close(c, given[i]), 0);
    assert_status(vt_channel_close(c, UV_EIO), 0); /* the first one stays */
    assert_status(vt_channel_try_send(c, item(3)), told[i]);
    assert_status(vt_status(vt_channel_send_async(c, item(3))), told[i]);
    assert_next(c, 1);
    assert_next(c, 2);
    assert_status(vt_status(vt_channel_receive_async(c)), told[i]);
    assert_status(vt_channel_try_receive(c, &got), told[i]);
    vt_channel_unref(c);
  }
}

static void close_ends_all_that_wait(void **state) {
  struct fixture *f = *state;
  struct line receivers = {0}, senders = {0};
  vt_channel_t *c = open_for(0), *d = open_for(0);
  for (int i = 0; i < 3; i++) {
    await_receive(&receivers, c);
    await_send(&senders, d, i);
  }
  assert_status(vt_channel_close(c, 0), 0);
  vt_channel_unref(d); /* the last one closes */
  assert_int_equal(receivers.gone_on + senders.gone_on, 0);
  fixture_turn(f);
  for (int i = 0; i < 3; i++) {
    assert_went(&receivers, i, i + 1, UV_EOF);
    assert_went(&senders, i, i + 1, UV_EOF);
  }
  vt_channel_unref(c);
}

static void an_item_given_back_after_close_is_left_there(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(1);
  await_receive(&line, c);
  put(c, 1);
  assert_status(vt_channel_close(c, 0), 0);
  assert_true(line_stop(&line, 0));
  fixture_turn(f);
  assert_next(c, 1);
  assert_status(vt_status(vt_channel_receive_async(c)), UV_EOF);
  vt_channel_unref(c);
}

static void handed_over_it_outlives_the_channel(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(1);
  await_receive(&line, c);
  await_receive(&line, c);
  put(c, 1);
  put(c, 2);
  vt_channel_unref(c);
  assert_true(line_stop(&line, 1)); /* nobody is left to give it to */
  assert_int_equal(line_turn(f, &line), 1);
  assert_went_with(&line, 0, 1, 1);
}

/* ---- it fails ---- */

static void bad_arguments_are_refused(void **state) {
  vt_channel_t *c = NULL;
  vt_value_t got;
  (void)state;
  assert_status(vt_channel_new(1, NULL), UV_EINVAL);
  assert_status(vt_channel_new(SIZE_MAX - 1, &c), UV_ENOMEM);
  assert_status(vt_channel_new(SIZE_MAX / 8, &c), UV_ENOMEM);
  assert_null(c);
  assert_status(vt_status(vt_channel_send_async(NULL, item(1))), UV_EINVAL);
  assert_status(vt_status(vt_channel_receive_async(NULL)), UV_EINVAL);
  assert_status(vt_channel_try_send(NULL, item(1)), UV_EINVAL);
  assert_status(vt_channel_try_receive(NULL, &got), UV_EINVAL);
  assert_status(vt_channel_close(NULL, 0), UV_EINVAL);
  assert_int_equal(vt_channel_count(NULL), 0);
  c = open_for(1);
  assert_status(vt_channel_try_receive(c, NULL), UV_EINVAL);
  vt_channel_unref(c);
}

#ifndef SHARED_CHANNEL
struct elsewhere {
  vt_channel_t *c;
  int64_t sent, received, closed, made;
};

static void use_elsewhere(void *arg) {
  struct elsewhere *e = arg;
  vt_channel_t *mine = NULL;
  vt_value_t got;
  e->made = vt_channel_new(1, &mine);
  e->sent = vt_channel_try_send(e->c, item(1));
  e->received = vt_channel_try_receive(e->c, &got);
  e->closed = vt_channel_close(e->c, 0);
  vt_channel_unref(e->c); /* refused: somebody waits */
}

static void another_thread_is_refused(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_channel_t *c = open_for(1);
  struct elsewhere e = {.c = c};
  await_receive(&line, c);
  fixture_on_thread(use_elsewhere, &e, 0);
  assert_status(e.made, VT_ENOLOOP);
  assert_status(e.sent, VT_ETHREAD);
  assert_status(e.received, VT_ETHREAD);
  assert_status(e.closed, VT_ETHREAD);
  put(c, 1);
  assert_int_equal(line_turn(f, &line), 1);
  vt_channel_unref(c);
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_fits_is_in_hand),
      fixture_test(receivers_get_items_in_their_order),
      fixture_test(a_full_channel_makes_senders_wait_in_their_order),
      fixture_test(without_room_each_send_meets_a_receive),
      fixture_test(again_and_again_allocates_nothing),
      fixture_test(references_keep_it),
      fixture_test(a_cancelled_receive_takes_nothing),
      fixture_test(a_cancelled_send_puts_nothing_in),
      fixture_test(cancelled_after_the_hand_over_has_the_item),
      fixture_test(a_forgotten_receive_takes_nothing),
      fixture_test(a_forgotten_send_keeps_its_place),
      fixture_test(what_nobody_takes_comes_first),
      fixture_test(what_nobody_takes_goes_to_who_waits),
      fixture_test(never_awaited_is_reported_and_kept),
      fixture_test(closed_it_gives_what_is_left_and_then_the_end),
      fixture_test(close_ends_all_that_wait),
      fixture_test(an_item_given_back_after_close_is_left_there),
      fixture_test(handed_over_it_outlives_the_channel),
      fixture_test(bad_arguments_are_refused),
#ifndef SHARED_CHANNEL
      fixture_test(an_unbounded_one_takes_all),
      fixture_test(another_thread_is_refused),
#endif
  };
  return fixture_main("channel", tests);
}
