/* SPDX-License-Identifier: MIT */
/* Under VT_DEBUG what is in hand asks whether the thread is the right one, also
 * where nobody waits. */
#include "support/fixture.h"

/* ---- helpers ---- */

struct all {
  vt_semaphore_t semaphore;
  vt_mutex_t mutex;
  vt_rwlock_t rwlock;
  vt_event_t event;
  vt_channel_t *channel;
  const char *problem;
  vt_t taken[8]; /* what use returned, from the other thread */
  int given[8];
  bool tried[4];
};

static void all_init(struct all *a) {
  assert_status(vt_semaphore_init(&a->semaphore, 8), 0);
  assert_status(vt_mutex_init(&a->mutex), 0);
  assert_status(vt_rwlock_init(&a->rwlock), 0);
  assert_status(vt_event_init(&a->event, VT_EVENT_SET), 0);
  assert_status(vt_channel_new(8, &a->channel), 0);
}

/* Each in hand, and put back. */
static void use_here(struct all *a) {
  vt_value_t item = {.i = 5};
  assert_true(vt_in_hand(vt_semaphore_acquire_async(&a->semaphore, 1)));
  assert_status(vt_semaphore_release(&a->semaphore, 1), 0);
  assert_true(vt_in_hand(vt_mutex_lock_async(&a->mutex)));
  assert_status(vt_mutex_unlock(&a->mutex), 0);
  assert_true(vt_in_hand(vt_rwlock_read_lock_async(&a->rwlock)));
  assert_status(vt_rwlock_read_unlock(&a->rwlock), 0);
  assert_true(vt_in_hand(vt_rwlock_write_lock_async(&a->rwlock)));
  assert_status(vt_rwlock_write_unlock(&a->rwlock), 0);
  assert_status(vt_status(vt_event_wait_async(&a->event)), 0);
  assert_status(vt_status(vt_channel_send_async(a->channel, item)), 0);
  assert_status(vt_channel_try_receive(a->channel, &item), 0);
  assert_status(vt_channel_try_send(a->channel, item), 0); /* stays */
}

static void use(struct all *a) {
  vt_value_t item = {.i = 6};
  a->taken[0] = vt_semaphore_acquire_async(&a->semaphore, 1);
  a->taken[1] = vt_mutex_lock_async(&a->mutex);
  a->taken[2] = vt_rwlock_read_lock_async(&a->rwlock);
  a->taken[3] = vt_rwlock_write_lock_async(&a->rwlock);
  a->taken[4] = vt_event_wait_async(&a->event);
  a->taken[5] = vt_channel_send_async(a->channel, item);
  a->taken[6] = vt_channel_receive_async(a->channel);
  a->taken[7] = vt_failed(VT_ETHREAD);
  a->given[0] = vt_semaphore_release(&a->semaphore, 1);
  a->given[1] = vt_mutex_unlock(&a->mutex);
  a->given[2] = vt_rwlock_read_unlock(&a->rwlock);
  a->given[3] = vt_rwlock_write_unlock(&a->rwlock);
  a->given[4] = vt_event_set(&a->event);
  a->given[5] = vt_channel_try_send(a->channel, item);
  a->given[6] = vt_channel_try_receive(a->channel, &item);
  a->given[7] = vt_semaphore_close(&a->semaphore, 0);
  a->tried[0] = vt_semaphore_try_acquire(&a->semaphore, 1);
  a->tried[1] = vt_mutex_try_lock(&a->mutex);
  a->tried[2] = vt_rwlock_try_read_lock(&a->rwlock);
  a->tried[3] = vt_rwlock_try_write_lock(&a->rwlock);
  vt_event_reset(&a->event);
}

static void use_elsewhere(void *all) { use(all); }

static void use_on_another_loop(void *all) {
  struct all *a = all;
  struct fixture f;
  a->problem = fixture_open_beside(&f);
  use(a);
  const char *problem = fixture_close(&f);
  a->problem = a->problem ? a->problem : problem;
}

static void assert_refused(const struct all *a) {
  assert_null(a->problem);
  for (int i = 0; i < 8; i++) {
    assert_status(vt_status(a->taken[i]), VT_ETHREAD);
    assert_status(a->given[i], VT_ETHREAD);
  }
  for (int i = 0; i < 4; i++)
    assert_false(a->tried[i]);
  assert_int_equal(vt_semaphore_available(&a->semaphore), 8);
  assert_true(vt_event_is_set(&a->event));
  assert_int_equal(vt_channel_count(a->channel), 1);
}

/* ---- it fails ---- */

static void a_thread_without_a_loop_is_refused(void **state) {
  struct all a = {.problem = NULL};
  (void)state;
  all_init(&a);
  use_here(&a);
  fixture_on_thread(use_elsewhere, &a, 0);
  assert_refused(&a);
  use_here(&a); /* nothing has changed */
  vt_channel_unref(a.channel);
}

static void another_loop_is_refused(void **state) {
  struct all a = {.problem = NULL};
  (void)state;
  all_init(&a);
  use_here(&a);
  fixture_on_thread(use_on_another_loop, &a, 0);
  assert_refused(&a);
  use_here(&a);
  vt_channel_unref(a.channel);
}

/* ---- it works ---- */

static void use_first(void *semaphore) {
  struct fixture f;
  vt_semaphore_t *s = semaphore;
  if (!fixture_open_beside(&f))
    vt_semaphore_try_acquire(s, 1);
  fixture_close(&f);
}

static void init_makes_it_nobodys(void **state) {
  vt_semaphore_t s;
  (void)state;
  vt_semaphore_init(&s, 2);
  fixture_on_thread(use_first, &s, 0);
  assert_int_equal(vt_semaphore_available(&s), 1);
  assert_false(vt_semaphore_try_acquire(&s, 1));
  vt_semaphore_init(&s, 2);
  assert_true(vt_semaphore_try_acquire(&s, 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_thread_without_a_loop_is_refused),
      fixture_test(another_loop_is_refused),
      fixture_test(init_makes_it_nobodys),
  };
  return fixture_main("sync_thread", tests);
}
