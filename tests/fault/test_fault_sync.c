/* SPDX-License-Identifier: MIT */
/* Each allocation of each scenario of the primitives of synchronisation fails
 * once, and from there on: who cannot wait is told so at once, and nobody else
 * notices. */
#include "support/scenario.h"

/* ---- helpers ---- */

enum { WAITS = 40 };

/* Ends what a refused wait has left over. */
static void close_semaphore(struct run *r, vt_semaphore_t *s) {
  if (vt_semaphore_close(s, 0) != 0)
    run_tell(r, "not closed");
}

/* ---- semaphore, mutex ---- */

SCENARIO(a_semaphore_waited_for) {
  static vt_semaphore_t s;
  vt_semaphore_init(&s, 0);
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_semaphore_acquire_async(&s, 1));
  vt_semaphore_release(&s, WAITS);
  fixture_run(&r->f);
  uint64_t got = 0;
  for (int i = 0; i < WAITS; i++)
    got += r->seen[i].result.status == 0;
  if (got + vt_semaphore_available(&s) != WAITS)
    run_tell(r, "a permit was lost");
  close_semaphore(r, &s);
}

SCENARIO(a_mutex_waited_for) {
  static vt_mutex_t m;
  vt_mutex_init(&m);
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_mutex_lock_async(&m));
  for (int i = 0; i < WAITS; i++)
    vt_mutex_unlock(&m);
  fixture_run(&r->f);
  if (vt_mutex_is_locked(&m) && vt_mutex_unlock(&m) != 0)
    run_tell(r, "not unlocked");
  vt_mutex_close(&m, 0);
}

/* ---- channel ---- */

static vt_value_t item(int64_t i) { return (vt_value_t){.i = i}; }

/* Receives that were refused have taken nothing. */
SCENARIO(a_channel_filled_and_emptied) {
  vt_channel_t *c = NULL;
  int64_t sent = 0, got = 0;
  vt_value_t value;
  int rc = vt_channel_new(VT_CHANNEL_UNBOUNDED, &c);
  if (!run_is_clear(rc) || (rc == 0) != (c != NULL))
    run_tell(r, "vt_channel_new: neither a channel nor UV_ENOMEM");
  for (int i = 0; i < WAITS && c; i++)
    run_await(r, vt_channel_receive_async(c));
  for (int i = 0; i < 4 * WAITS && c; i++)
    sent += vt_channel_try_send(c, item(i)) == 0;
  fixture_run(&r->f);
  for (int i = 0; i < r->owed; i++)
    got += r->seen[i].result.status == 0;
  while (c && vt_channel_try_receive(c, &value) == 0)
    got++;
  if (got != sent)
    run_tell(r, "an item was lost");
  vt_channel_unref(c);
}

SCENARIO(a_full_channel_sent_to) {
  vt_channel_t *c = NULL;
  vt_value_t value;
  if (vt_channel_new(3, &c) != 0)
    return;
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_channel_send_async(c, item(i)));
  for (int64_t i = 0; i < 3; i++) /* their room was there before */
    if (vt_channel_try_receive(c, &value) != 0 || value.i != i)
      run_tell(r, "not the item that was sent");
  while (vt_channel_try_receive(c, &value) == 0)
    ;
  fixture_run(&r->f);
  vt_channel_unref(c);
}

/* Its receives need slots, and whoever waits a block. */
SCENARIO(a_shared_channel_waited_for) {
  vt_shared_channel_t *c = NULL;
  int64_t sent = 0, got = 0;
  vt_value_t value;
  int rc = vt_shared_channel_new(2, &c);
  if (!run_is_clear(rc) || (rc == 0) != (c != NULL))
    run_tell(r, "vt_shared_channel_new: neither a channel nor UV_ENOMEM");
  for (int i = 0; i < WAITS / 2 && c; i++)
    run_await(r, vt_shared_channel_receive_async(c));
  int receives = r->owed;
  for (int i = 0; i < WAITS && c; i++)
    sent += vt_shared_channel_try_send(c, item(i)) == 0;
  for (int i = 0; i < WAITS / 2 && c; i++)
    run_await(r, vt_shared_channel_send_async(c, item(i)));
  while (c && vt_shared_channel_try_receive(c, &value) == 0)
    got++;
  fixture_run(&r->f);
  for (int i = 0; i < r->owed; i++)
    *(i < receives ? &got : &sent) += r->seen[i].result.status == 0;
  if (got != sent)
    run_tell(r, "an item was lost");
  vt_shared_channel_unref(c);
}

/* Refused, a select has taken nothing. */
SCENARIO(a_select_over_channels) {
  vt_channel_t *c[2] = {NULL, NULL};
  vt_result_t out[WAITS][2] = {{{1, {0}}}};
  vt_value_t value;
  int got = 0, sent = 0;
  if (vt_channel_new(WAITS, &c[0]) == 0 && vt_channel_new(WAITS, &c[1]) == 0)
    for (int i = 0; i < WAITS; i++)
      run_await(r, vt_select((vt_case_t[]){{vt_channel_receive_case, c[0]},
                                           {vt_channel_receive_case, c[1]}},
                             2, out[i]));
  for (int i = 0; i < WAITS && c[1]; i++)
    sent += vt_channel_try_send(c[i % 2], item(i)) == 0;
  fixture_run(&r->f);
  for (int i = 0; i < r->owed; i++)
    if (r->seen[i].result.status == 0)
      got += out[i][r->seen[i].result.value.u].status == 0;
  for (int i = 0; i < 2; i++)
    while (c[i] && vt_channel_try_receive(c[i], &value) == 0)
      got++;
  if (got != sent)
    run_tell(r, "an item was lost");
  for (int i = 0; i < 2; i++)
    vt_channel_unref(c[i]);
}

/* ---- event ---- */

SCENARIO(an_event_waited_for) {
  static vt_event_t e;
  vt_event_init(&e, VT_EVENT_AUTO_RESET);
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_event_wait_async(&e));
  for (int i = 0; i < WAITS; i++)
    vt_event_set(&e);
  fixture_run(&r->f);
  vt_event_close(&e, 0);
}

/* ---- rwlock ---- */

SCENARIO(an_rwlock_waited_for) {
  static vt_rwlock_t l;
  vt_rwlock_init(&l);
  for (int i = 0; i < WAITS; i++)
    run_await(r, i % 3 ? vt_rwlock_read_lock_async(&l)
                       : vt_rwlock_write_lock_async(&l));
  while (vt_rwlock_write_unlock(&l) == 0 || vt_rwlock_read_unlock(&l) == 0)
    ;
  fixture_run(&r->f);
  vt_rwlock_close(&l, 0);
}

/* ---- condition ---- */

/* Refused, a wait has not unlocked the mutex. */
SCENARIO(a_condition_waited_for) {
  static vt_mutex_t m;
  static vt_condition_t c;
  vt_mutex_init(&m);
  vt_condition_init(&c);
  for (int i = 0; i < WAITS; i++) {
    if (!vt_mutex_is_locked(&m) && !vt_mutex_try_lock(&m))
      run_tell(r, "not locked");
    run_await(r, vt_condition_wait_async(&c, &m));
  }
  vt_condition_broadcast(&c);
  while (vt_mutex_is_locked(&m))
    vt_mutex_unlock(&m);
  fixture_run(&r->f);
  vt_condition_close(&c, 0);
  vt_mutex_close(&m, 0);
}

/* ---- barrier ---- */

/* Refused, it has not arrived. */
SCENARIO(a_barrier_arrived_at) {
  static vt_barrier_t b;
  int arrived = 0;
  vt_barrier_init(&b, 2 * WAITS);
  for (int i = 0; i < WAITS; i++) {
    run_await(r, vt_barrier_arrive_async(&b));
    arrived += r->seen[i].count == 0;
  }
  if (b.arrived != (uint64_t)arrived)
    run_tell(r, "who was refused has arrived");
  vt_barrier_close(&b, UV_ENOMEM);
}

/* ---- once ---- */

static vt_t delay_once(void *arg) {
  ++*(int *)arg;
  return vt_delay(1);
}

SCENARIO(a_once_run) {
  static vt_once_t o;
  int calls = 0;
  vt_once_init(&o);
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_once_run_async(&o, delay_once, &calls));
  fixture_run(&r->f);
  if (calls == 0 || (!vt_once_is_done(&o) && r->seen[0].result.status == 0))
    run_tell(r, "not done");
  vt_once_close(&o, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_semaphore_waited_for),
      cmocka_unit_test(a_mutex_waited_for),
      cmocka_unit_test(a_channel_filled_and_emptied),
      cmocka_unit_test(a_full_channel_sent_to),
      cmocka_unit_test(a_shared_channel_waited_for),
      cmocka_unit_test(a_select_over_channels),
      cmocka_unit_test(an_event_waited_for),
      cmocka_unit_test(an_rwlock_waited_for),
      cmocka_unit_test(a_condition_waited_for),
      cmocka_unit_test(a_barrier_arrived_at),
      cmocka_unit_test(a_once_run),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault_sync", tests);
}
