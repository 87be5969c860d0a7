/* SPDX-License-Identifier: MIT */
/* Events: all go on, or one at a time; a signal is never lost. */
#include "support/fixture.h"
#include "support/line.h"

/* ---- helpers ---- */

static void open_with(vt_event_t *e, unsigned flags) {
  assert_status(vt_event_init(e, flags), 0);
}

static void await_some(struct line *line, vt_event_t *e, int count) {
  for (int i = 0; i < count; i++)
    line_await(line, vt_event_wait_async(e));
}

static void set(vt_event_t *e) { assert_status(vt_event_set(e), 0); }

/* ---- it works ---- */

static void a_set_one_is_in_hand_until_it_is_reset(void **state) {
  vt_event_t e;
  (void)state;
  open_with(&e, VT_EVENT_SET);
  for (int i = 0; i < 3; i++)
    assert_true(vt_in_hand(vt_event_wait_async(&e)));
  vt_event_reset(&e);
  assert_false(vt_event_is_set(&e));
  vt_t v = vt_event_wait_async(&e);
  assert_status(vt_status(v), VT_PENDING);
  vt_forget(v);
  assert_status(vt_event_close(&e, 0), 0);
}

static void set_lets_all_go_on(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_event_t e;
  open_with(&e, 0);
  await_some(&line, &e, 4);
  set(&e);
  assert_true(vt_event_is_set(&e));
  vt_event_reset(&e);                /* they were let go all the same */
  assert_int_equal(line.gone_on, 0); /* nobody runs inside */
  assert_int_equal(line_turn(f, &line), 4);
  for (int i = 0; i < 4; i++)
    assert_went(&line, i, i + 1, 0);
  assert_status(vt_event_close(&e, 0), 0);
}

static void auto_reset_lets_one_go_on(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_event_t e;
  open_with(&e, VT_EVENT_AUTO_RESET);
  await_some(&line, &e, 2);
  set(&e);
  assert_false(vt_event_is_set(&e));
  assert_int_equal(line_turn(f, &line), 1);
  set(&e);
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, 0);
  assert_went(&line, 1, 2, 0);
  set(&e);
  set(&e); /* is set once */
  assert_true(vt_in_hand(vt_event_wait_async(&e)));
  assert_false(vt_event_is_set(&e));
  assert_status(vt_event_close(&e, 0), 0);
}

/* ---- who does not wait any longer ---- */

static void a_signal_nobody_takes_goes_on(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_event_t e;
  open_with(&e, VT_EVENT_AUTO_RESET);
  await_some(&line, &e, 2);
  set(&e);
  assert_true(line_stop(&line, 0));
  assert_int_equal(line_turn(f, &line), 1); /* to the next */
  assert_went(&line, 1, 1, 0);
  vt_t untaken = vt_event_wait_async(&e);
  set(&e);
  vt_forget(untaken);
  assert_true(vt_event_is_set(&e)); /* or back */
  assert_status(vt_event_close(&e, 0), 0);
}

static void a_cancelled_wait_takes_no_signal(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_event_t e;
  open_with(&e, VT_EVENT_AUTO_RESET);
  await_some(&line, &e, 2);
  assert_status(vt_cancel(line.waits[0].v), 0);
  set(&e);
  assert_status(vt_cancel(line.waits[1].v), UV_EALREADY);
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, UV_ECANCELED);
  assert_went(&line, 1, 2, 0);
  assert_status(vt_event_close(&e, 0), 0);
}

/* ---- it ends, it fails ---- */

static void close_ends_all_that_wait(void **state) {
  struct fixture *f = *state;
  for (unsigned flags = 0; flags < 2; flags++) {
    struct line line = {0};
    vt_event_t e;
    open_with(&e, flags);
    await_some(&line, &e, 2);
    assert_status(vt_event_close(&e, UV_EPIPE), 0);
    assert_int_equal(line_turn(f, &line), 2);
    assert_went(&line, 0, 1, UV_EPIPE);
    assert_went(&line, 1, 2, UV_EPIPE);
    set(&e);
    assert_false(vt_event_is_set(&e));
    assert_status(vt_status(vt_event_wait_async(&e)), UV_EPIPE);
  }
}

static void a_set_one_is_closed_too(void **state) {
  vt_event_t e;
  (void)state;
  assert_status(vt_event_init(NULL, 0), UV_EINVAL);
  open_with(&e, VT_EVENT_SET);
  assert_status(vt_event_close(&e, 0), 0);
  assert_status(vt_status(vt_event_wait_async(&e)), UV_ECANCELED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_set_one_is_in_hand_until_it_is_reset),
      fixture_test(set_lets_all_go_on),
      fixture_test(auto_reset_lets_one_go_on),
      fixture_test(a_signal_nobody_takes_goes_on),
      fixture_test(a_cancelled_wait_takes_no_signal),
      fixture_test(close_ends_all_that_wait),
      fixture_test(a_set_one_is_closed_too),
  };
  return fixture_main("event", tests);
}
