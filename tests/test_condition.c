/* SPDX-License-Identifier: MIT */
/* Conditions: who waits has let go of the mutex, and has it again after. */
#include "support/fixture.h"
#include "support/line.h"

/* ---- helpers ---- */

struct room {
  vt_mutex_t m;
  vt_condition_t c;
};

static void open_room(struct room *room) {
  assert_status(vt_mutex_init(&room->m), 0);
  assert_status(vt_condition_init(&room->c), 0);
}

static void close_room(struct room *room) {
  assert_status(vt_condition_close(&room->c, 0), 0);
  assert_status(vt_mutex_close(&room->m, 0), 0);
}

static void lock(struct room *room) {
  assert_true(vt_mutex_try_lock(&room->m));
}

static void unlock(struct room *room) {
  assert_status(vt_mutex_unlock(&room->m), 0);
}

/* So many lock, and wait for the condition. */
static void await_some(struct line *line, struct room *room, int count) {
  for (int i = 0; i < count; i++) {
    lock(room);
    line_await(line, vt_condition_wait_async(&room->c, &room->m));
    assert_false(vt_mutex_is_locked(&room->m));
  }
}

/* ---- it works ---- */

static void signal_sends_one_and_it_has_the_mutex(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct room room;
  open_room(&room);
  await_some(&line, &room, 2);
  assert_status(vt_condition_signal(&room.c), 0);
  assert_int_equal(line.gone_on, 0); /* nobody runs inside */
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, 0);
  assert_true(vt_mutex_is_locked(&room.m));
  assert_status(vt_condition_signal(&room.c), 0);
  assert_int_equal(line_turn(f, &line), 1); /* waits for the mutex */
  unlock(&room);
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 1, 2, 0);
  unlock(&room);
  assert_status(vt_condition_signal(&room.c), 0); /* nobody: lost */
  close_room(&room);
}

static void broadcast_sends_all_one_after_another(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct room room;
  open_room(&room);
  await_some(&line, &room, 3);
  lock(&room);
  assert_status(vt_condition_broadcast(&room.c), 0);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(line_turn(f, &line), i);
    unlock(&room);
    assert_int_equal(line_turn(f, &line), i + 1);
    assert_went(&line, i, i + 1, 0);
  }
  unlock(&room);
  close_room(&room);
}

struct store {
  struct room room;
  int count;
  int taken;
};

struct store_frame {
  vt_frame_t vt;
  struct store *store;
  int left;
};

static vt_t take_body(void *frame) {
  struct store_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY(f, vt_mutex_lock_async(&f->store->room.m));
    while (f->store->count == 0)
      VT_TRY(f, vt_condition_wait_async(&f->store->room.c, &f->store->room.m));
    f->store->count--;
    f->store->taken++;
    vt_mutex_unlock(&f->store->room.m);
  }
  VT_END(f);
}

static vt_t fill_body(void *frame) {
  struct store_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY(f, vt_mutex_lock_async(&f->store->room.m));
    f->store->count++;
    vt_mutex_unlock(&f->store->room.m);
    vt_condition_signal(&f->store->room.c);
    VT_TRY(f, vt_yield());
  }
  VT_END(f);
}

static void takers_wait_for_what_fillers_bring(void **state) {
  struct fixture *f = *state;
  struct seen seen[4] = {{0}};
  struct store store = {.count = 0};
  struct store_frame frame = {.store = &store};
  open_room(&store.room);
  for (int i = 0; i < 4; i++) {
    frame.left = 100;
    vt_await(vt_start(&frame, i < 2 ? take_body : fill_body), seen_k, &seen[i]);
  }
  assert_true(fixture_run(f));
  for (int i = 0; i < 4; i++)
    assert_seen_int(&seen[i], 0);
  assert_int_equal(store.taken, 200);
  close_room(&store.room);
}

/* ---- who does not wait any longer ---- */

static void cancelled_it_has_the_mutex_too(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct room room;
  open_room(&room);
  await_some(&line, &room, 2);
  lock(&room);
  assert_status(vt_cancel(line.waits[0].v), 0);
  assert_status(vt_cancel(line.waits[0].v), UV_EBUSY);
  assert_int_equal(line_turn(f, &line), 0);
  unlock(&room);
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, UV_ECANCELED);
  assert_true(vt_mutex_is_locked(&room.m));
  unlock(&room);
  assert_status(vt_condition_signal(&room.c), 0); /* still there for it */
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 1, 2, 0);
  unlock(&room);
  close_room(&room);
}

/* Forgotten while it waits for the condition, for the mutex, and with it: also
 * with a failure. */
static void forgotten_it_does_not_keep_the_mutex(void **state) {
  struct fixture *f = *state;
  for (int way = 0; way < 4; way++) {
    struct line line = {0};
    struct room room;
    open_room(&room);
    await_some(&line, &room, 1);
    if (way == 1)
      lock(&room);
    if (way == 3)
      assert_status(vt_cancel(line.waits[0].v), 0);
    else if (way > 0)
      assert_status(vt_condition_signal(&room.c), 0);
    assert_true(line_stop(&line, 0));
    if (way == 1)
      unlock(&room);
    fixture_turn(f);
    assert_false(vt_mutex_is_locked(&room.m));
    assert_int_equal(fixture_pending(f), 0);
    close_room(&room);
  }
}

/* ---- it ends, it fails ---- */

static void close_ends_the_waits_with_the_mutex(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct room room;
  open_room(&room);
  await_some(&line, &room, 2);
  assert_status(vt_condition_close(&room.c, UV_EPIPE), 0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(line_turn(f, &line), i + 1);
    assert_went(&line, i, i + 1, UV_EPIPE);
    unlock(&room);
  }
  lock(&room);
  assert_status(vt_status(vt_condition_wait_async(&room.c, &room.m)), UV_EPIPE);
  unlock(&room);
  close_room(&room);
}

static void a_closed_mutex_is_not_had_again(void **state) {
  struct fixture *f = *state;
  for (int signalled = 0; signalled < 2; signalled++) {
    struct line line = {0};
    struct room room;
    open_room(&room);
    await_some(&line, &room, 1);
    lock(&room);
    if (signalled)
      assert_status(vt_condition_signal(&room.c), 0);
    assert_status(vt_mutex_close(&room.m, UV_EPIPE), 0);
    assert_status(vt_condition_signal(&room.c), 0);
    assert_int_equal(line_turn(f, &line), 1);
    assert_went(&line, 0, 1, UV_EPIPE);
    close_room(&room);
  }
}

static void without_the_lock_it_is_refused(void **state) {
  struct room room;
  (void)state;
  assert_status(vt_condition_init(NULL), UV_EINVAL);
  open_room(&room);
  assert_status(vt_status(vt_condition_wait_async(&room.c, &room.m)), UV_EPERM);
  close_room(&room);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(signal_sends_one_and_it_has_the_mutex),
      fixture_test(broadcast_sends_all_one_after_another),
      fixture_test(takers_wait_for_what_fillers_bring),
      fixture_test(cancelled_it_has_the_mutex_too),
      fixture_test(forgotten_it_does_not_keep_the_mutex),
      fixture_test(close_ends_the_waits_with_the_mutex),
      fixture_test(a_closed_mutex_is_not_had_again),
      fixture_test(without_the_lock_it_is_refused),
  };
  return fixture_main("condition", tests);
}
