/* SPDX-License-Identifier: MIT */
/* Reader-writer locks: shared by readers, alone for a writer, in turn. */
#include "support/fixture.h"
#include "support/line.h"

/* ---- helpers ---- */

static void open_free(vt_rwlock_t *l) { assert_status(vt_rwlock_init(l), 0); }

/* Lets those who stand for a letter wait: r reads, w writes. */
static void await_all(struct line *line, vt_rwlock_t *l, const char *who) {
  for (; *who; who++)
    line_await(line, *who == 'r' ? vt_rwlock_read_lock_async(l)
                                 : vt_rwlock_write_lock_async(l));
}

static void assert_is_free(vt_rwlock_t *l) {
  assert_true(vt_rwlock_try_write_lock(l));
  assert_status(vt_rwlock_write_unlock(l), 0);
  assert_status(vt_rwlock_close(l, 0), 0);
}

/* ---- it works ---- */

static void readers_share_and_a_writer_is_alone(void **state) {
  vt_rwlock_t l;
  (void)state;
  open_free(&l);
  assert_true(vt_in_hand(vt_rwlock_read_lock_async(&l)));
  assert_true(vt_rwlock_try_read_lock(&l));
  assert_false(vt_rwlock_try_write_lock(&l));
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_false(vt_rwlock_try_write_lock(&l));
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_true(vt_in_hand(vt_rwlock_write_lock_async(&l)));
  assert_false(vt_rwlock_try_write_lock(&l));
  assert_false(vt_rwlock_try_read_lock(&l));
  assert_status(vt_rwlock_write_unlock(&l), 0);
  assert_is_free(&l);
}

static void they_go_on_in_their_order(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_rwlock_t l;
  open_free(&l);
  assert_true(vt_rwlock_try_write_lock(&l));
  await_all(&line, &l, "rrwrr");
  assert_status(vt_rwlock_write_unlock(&l), 0);
  assert_int_equal(line.gone_on, 0); /* nobody runs inside */
  assert_int_equal(line_turn(f, &line), 2);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_int_equal(line_turn(f, &line), 2);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_int_equal(line_turn(f, &line), 3);
  assert_status(vt_rwlock_write_unlock(&l), 0);
  assert_int_equal(line_turn(f, &line), 5);
  for (int i = 0; i < 5; i++)
    assert_went(&line, i, i + 1, 0);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_is_free(&l);
}

static void a_reader_waits_behind_a_writer(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_rwlock_t l;
  open_free(&l);
  assert_true(vt_rwlock_try_read_lock(&l));
  await_all(&line, &l, "wr");
  assert_false(vt_rwlock_try_read_lock(&l));
  assert_int_equal(line_turn(f, &line), 0);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, 0);
  assert_status(vt_rwlock_write_unlock(&l), 0);
  assert_int_equal(line_turn(f, &line), 2);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_is_free(&l);
}

/* ---- who does not wait any longer ---- */

static void a_writer_that_leaves_lets_readers_in(void **state) {
  struct fixture *f = *state;
  for (int way = 0; way < 2; way++) {
    struct line line = {0};
    vt_rwlock_t l;
    open_free(&l);
    assert_true(vt_rwlock_try_read_lock(&l));
    await_all(&line, &l, "wrr");
    if (way == 0)
      assert_true(line_stop(&line, 0));
    else
      assert_status(vt_cancel(line.waits[0].v), 0);
    assert_int_equal(line_turn(f, &line), 2 + way);
    if (way == 1)
      assert_went(&line, 0, 1, UV_ECANCELED);
    for (int i = 0; i < 3; i++)
      assert_status(vt_rwlock_read_unlock(&l), 0);
    assert_is_free(&l);
  }
}

static void a_lock_nobody_takes_goes_on(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_rwlock_t l;
  open_free(&l);
  assert_true(vt_rwlock_try_write_lock(&l));
  await_all(&line, &l, "wrwr");
  assert_status(vt_rwlock_write_unlock(&l), 0);
  assert_true(line_stop(&line, 0)); /* had it alone */
  fixture_turn(f);
  assert_int_equal(line.gone_on, 1);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_status(vt_cancel(line.waits[2].v), UV_EALREADY);
  assert_int_equal(line_turn(f, &line), 2);
  assert_status(vt_rwlock_write_unlock(&l), 0);
  assert_true(line_stop(&line, 3)); /* had a share */
  fixture_turn(f);
  assert_is_free(&l);
}

/* ---- it ends, it fails ---- */

static void close_ends_all_that_wait(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_rwlock_t l;
  open_free(&l);
  assert_true(vt_rwlock_try_read_lock(&l));
  await_all(&line, &l, "wr");
  assert_status(vt_rwlock_close(&l, UV_EPIPE), 0);
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, UV_EPIPE);
  assert_went(&line, 1, 2, UV_EPIPE);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_false(vt_rwlock_try_read_lock(&l));
  assert_false(vt_rwlock_try_write_lock(&l));
  assert_status(vt_status(vt_rwlock_read_lock_async(&l)), UV_EPIPE);
  assert_status(vt_status(vt_rwlock_write_lock_async(&l)), UV_EPIPE);
}

static void what_is_not_held_cannot_be_unlocked(void **state) {
  vt_rwlock_t l;
  (void)state;
  assert_status(vt_rwlock_init(NULL), UV_EINVAL);
  open_free(&l);
  assert_status(vt_rwlock_read_unlock(&l), UV_EPERM);
  assert_status(vt_rwlock_write_unlock(&l), UV_EPERM);
  assert_true(vt_rwlock_try_read_lock(&l));
  assert_status(vt_rwlock_write_unlock(&l), UV_EPERM);
  assert_status(vt_rwlock_read_unlock(&l), 0);
  assert_is_free(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(readers_share_and_a_writer_is_alone),
      fixture_test(they_go_on_in_their_order),
      fixture_test(a_reader_waits_behind_a_writer),
      fixture_test(a_writer_that_leaves_lets_readers_in),
      fixture_test(a_lock_nobody_takes_goes_on),
      fixture_test(close_ends_all_that_wait),
      fixture_test(what_is_not_held_cannot_be_unlocked),
  };
  return fixture_main("rwlock", tests);
}
