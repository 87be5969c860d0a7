/* SPDX-License-Identifier: MIT */
/* Channels between threads and loops: a million items, each arrives once. What
 * they do on one loop is in test_channel.c. */
#include "support/peer.h"

#include <stdatomic.h>

/* ---- helpers ---- */

static vt_value_t item(uint64_t u) { return (vt_value_t){.u = u}; }

static vt_shared_channel_t *open_for(size_t capacity) {
  vt_shared_channel_t *c = NULL;
  assert_status(vt_shared_channel_new(capacity, &c), 0);
  return c;
}

/* On the peer's loop: passes what comes on, until the end. */
struct pump_frame {
  vt_frame_t vt;
  vt_shared_channel_t *from, *to;
  vt_value_t item;
};

static vt_t pump_body(void *frame) {
  struct pump_frame *f = frame;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, f->item, vt_shared_channel_receive_async(f->from));
    f->item.u *= 2;
    VT_TRY(f, vt_shared_channel_send_async(f->to, f->item));
  }
  VT_END(f);
}

struct pipe_ends {
  vt_shared_channel_t *there, *back;
  vt_t v; /* of what is begun on the peer */
  struct seen seen;
};

static vt_t pump_there(void *ends) {
  struct pipe_ends *p = ends;
  struct pump_frame f = {.from = p->there, .to = p->back};
  return vt_start(&f, pump_body);
}

/* Begins to receive on the peer, and returns at once. */
static vt_t receive_there(void *ends) {
  struct pipe_ends *p = ends;
  p->v = vt_shared_channel_receive_async(p->there);
  vt_await(p->v, seen_k, &p->seen);
  return vt_from_int(vt_status(p->v));
}

static vt_t cancel_there(void *ends) {
  struct pipe_ends *p = ends;
  return vt_from_int(vt_cancel(p->v));
}

/* What fn answers on the peer. */
static int64_t ask_peer(struct two_loops *p, vt_invoke_fn *fn, void *arg) {
  struct seen seen = {0};
  vt_await(vt_invoke_on(p->peer.loop, fn, arg), seen_k, &seen);
  assert_true(fixture_run_until(&p->f, &seen.count, 1));
  assert_status(seen.result.status, 0);
  return seen.result.value.i;
}

/* ---- a crowd: senders and receivers on threads of their own ---- */

enum { SENDERS = 4, RECEIVERS = 3, FUNCTIONS = 2 };
#define EACH UINT64_C(250000) /* items of a sender */
#define EACH_ROUGH UINT64_C(20000)

struct crowd {
  vt_shared_channel_t *c;
  uint64_t each;
  bool rough; /* receives are cancelled and forgotten */
  _Atomic int sending;
  _Atomic uint64_t got, sum;
  _Atomic int out_of_order;
};

struct person {
  struct crowd *crowd;
  uint64_t number;
  const char *problem;
  uv_thread_t thread;
};

static uint64_t name_of(uint64_t sender, uint64_t number) {
  return sender << 32 | number;
}

/* The last one closes it. */
static void sender_done(struct crowd *crowd) {
  if (atomic_fetch_sub(&crowd->sending, 1) == 1)
    vt_shared_channel_close(crowd->c, 0);
}

struct sender_frame {
  vt_frame_t vt;
  struct person *p;
  uint64_t i;
};

static vt_t sender_body(void *frame) {
  struct sender_frame *f = frame;
  VT_BEGIN(f);
  for (f->i = 1; f->i <= f->p->crowd->each; f->i++)
    VT_TRY(f, vt_shared_channel_send_async(f->p->crowd->c,
                                           item(name_of(f->p->number, f->i))));
  VT_FINALLY(f);
  sender_done(f->p->crowd);
  VT_END(f);
}

static vt_t sender(struct person *p) {
  struct sender_frame f = {.p = p};
  return vt_start(&f, sender_body);
}

/* Without a loop. */
static void send_bare(struct person *p) {
  for (uint64_t i = 1; i <= p->crowd->each; i++)
    while (vt_shared_channel_try_send(p->crowd->c,
                                      item(name_of(p->number, i))) == UV_EAGAIN)
      uv_sleep(0);
  sender_done(p->crowd);
}

struct receiver_frame {
  vt_frame_t vt;
  struct crowd *crowd;
  uint64_t last[SENDERS];
  uint32_t seed;
  vt_t v;
};

static void note(struct receiver_frame *f, uint64_t name) {
  uint64_t from = name >> 32, number = name & UINT32_MAX;
  atomic_fetch_add_explicit(&f->crowd->got, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&f->crowd->sum, name, memory_order_relaxed);
  if (number <= f->last[from])
    f->crowd->out_of_order++;
  f->last[from] = number;
}

static vt_t receiver_body(void *frame) {
  struct receiver_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    VT_AWAIT(f, r, vt_shared_channel_receive_async(f->crowd->c));
    if (r.status != 0)
      break;
    note(f, r.value.u);
  }
  VT_END(f);
}

/* Of what waits some is forgotten, and some cancelled. */
static vt_t rough_body(void *frame) {
  struct receiver_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    f->seed = f->seed * 1664525u + 1013904223u;
    f->v = vt_shared_channel_receive_async(f->crowd->c);
    if (vt_status(f->v) == VT_PENDING && f->seed >> 30 == 0) {
      VT_TRY(f, vt_yield());
      vt_forget(f->v);
      continue;
    }
    if (f->seed >> 30 == 1)
      f->v = vt_with_timeout(f->v, 0);
    VT_AWAIT(f, r, f->v);
    if (r.status == 0)
      note(f, r.value.u);
    else if (r.status != UV_ETIMEDOUT)
      break;
  }
  VT_END(f);
}

static vt_t receiver(struct person *p, uint32_t seed) {
  struct receiver_frame f = {.crowd = p->crowd, .seed = seed};
  return vt_start(&f, p->crowd->rough ? rough_body : receiver_body);
}

static void live_sending(void *person) {
  struct person *p = person;
  struct fixture f;
  struct seen seen = {0};
  if (p->number % 2) {
    send_bare(p);
    return;
  }
  p->problem = fixture_open_beside(&f);
  vt_await(sender(p), seen_k, &seen);
  if (!fixture_run(&f))
    p->problem = "a sender did not end";
  const char *problem = fixture_close(&f);
  p->problem = p->problem ? p->problem : problem;
}

static void live_receiving(void *person) {
  struct person *p = person;
  struct fixture f;
  struct seen seen[FUNCTIONS] = {{0}};
  p->problem = fixture_open_beside(&f);
  for (uint32_t i = 0; i < FUNCTIONS; i++)
    vt_await(receiver(p, (uint32_t)p->number * FUNCTIONS + i), seen_k,
             &seen[i]);
  if (!fixture_run(&f))
    p->problem = "a receiver did not end";
  const char *problem = fixture_close(&f);
  p->problem = p->problem ? p->problem : problem;
}

static void live(struct crowd *crowd, size_t capacity) {
  enum { ALL = SENDERS + RECEIVERS };
  struct person people[ALL] = {{NULL, 0, NULL, 0}};
  vt_value_t left;
  crowd->c = open_for(capacity);
  crowd->sending = SENDERS;
  for (uint64_t i = 0; i < ALL; i++) {
    people[i].crowd = crowd;
    people[i].number = i < SENDERS ? i : i - SENDERS;
    uv_thread_create(&people[i].thread,
                     i < SENDERS ? live_sending : live_receiving, &people[i]);
  }
  for (int i = 0; i < ALL; i++)
    uv_thread_join(&people[i].thread);
  for (int i = 0; i < ALL; i++)
    assert_null(people[i].problem);
  while (vt_shared_channel_try_receive(crowd->c, &left) == 0) {
    crowd->got++; /* given back when nobody was there any more */
    crowd->sum += left.u;
  }
  vt_shared_channel_unref(crowd->c);
  uint64_t sum = 0;
  for (uint64_t i = 0; i < SENDERS; i++)
    sum += (i << 32) * crowd->each;
  sum += SENDERS * (crowd->each * (crowd->each + 1) / 2);
  assert_int_equal(crowd->got, SENDERS * crowd->each);
  assert_int_equal(crowd->sum, sum);
}

/* ---- it works ---- */

static void what_is_sent_arrives_on_another_loop(void **state) {
  struct two_loops *p = *state;
  struct pipe_ends ends = {.there = open_for(2), .back = open_for(0)};
  struct seen pumped = {0};
  vt_await(vt_invoke_on(p->peer.loop, pump_there, &ends), seen_k, &pumped);
  for (uint64_t i = 1; i < 200; i++) {
    struct seen sent = {0}, got = {0};
    vt_await(vt_shared_channel_send_async(ends.there, item(i)), seen_k, &sent);
    vt_await(vt_shared_channel_receive_async(ends.back), seen_k, &got);
    assert_true(fixture_run_until(&p->f, &got.count, 1));
    assert_seen_int(&got, (int64_t)(2 * i));
    assert_seen_int(&sent, 0);
  }
  assert_status(vt_shared_channel_close(ends.there, 0), 0);
  assert_true(fixture_run_until(&p->f, &pumped.count, 1));
  assert_seen_status(&pumped, UV_EOF);
  vt_shared_channel_unref(ends.there);
  vt_shared_channel_unref(ends.back);
}

static void a_million_items_arrive_once_and_in_order(void **state) {
  struct crowd crowd = {.each = EACH};
  (void)state;
  live(&crowd, 64);
  assert_int_equal(crowd.out_of_order, 0);
}

static void without_room_they_arrive_as_well(void **state) {
  struct crowd crowd = {.each = EACH_ROUGH};
  (void)state;
  live(&crowd, 0);
  assert_int_equal(crowd.out_of_order, 0);
}

static void cancelled_and_forgotten_receives_lose_nothing(void **state) {
  (void)state;
  for (size_t capacity = 0; capacity < 8; capacity += 3) {
    struct crowd crowd = {.each = EACH_ROUGH, .rough = true};
    live(&crowd, capacity);
  }
}

static void a_receive_over_there_can_be_cancelled(void **state) {
  struct two_loops *p = *state;
  struct pipe_ends ends = {.there = open_for(1)};
  assert_int_equal(ask_peer(p, receive_there, &ends), VT_PENDING);
  assert_int_equal(ask_peer(p, cancel_there, &ends), 0);
  assert_status(vt_shared_channel_try_send(ends.there, item(1)), 0);
  assert_int_equal(vt_shared_channel_count(ends.there), 1);
  vt_shared_channel_unref(ends.there);
  assert_int_equal(ask_peer(p, cancel_there, &ends), VT_ESTALE);
  assert_seen_status(&ends.seen, UV_ECANCELED);
}

/* The last user goes while somebody waits on another loop. */
static void the_last_user_closes_it(void **state) {
  struct two_loops *p = *state;
  struct pipe_ends ends = {.there = open_for(1)};
  vt_shared_channel_ref(ends.there);
  assert_int_equal(ask_peer(p, receive_there, &ends), VT_PENDING);
  vt_shared_channel_unref(ends.there);
  assert_int_equal(ask_peer(p, receive_there, &ends), VT_PENDING);
  vt_shared_channel_unref(ends.there);
  assert_int_equal(ask_peer(p, cancel_there, &ends), VT_ESTALE);
  assert_int_equal(ends.seen.count, 2);
  assert_status(ends.seen.result.status, UV_EOF);
}

/* ---- it fails ---- */

static void a_loop_where_somebody_waits_does_not_detach(void **state) {
  struct two_loops *p = *state;
  vt_shared_channel_t *c = open_for(0);
  struct seen got = {0}, sent = {0};
  vt_await(vt_shared_channel_receive_async(c), seen_k, &got);
  assert_status(vt_loop_detach(p->f.vt, NULL), UV_EBUSY);
  assert_report(&p->f, VT_REPORT_LEFT, 0);
  assert_status(vt_shared_channel_try_send(c, item(5)), 0);
  assert_status(vt_loop_detach(p->f.vt, NULL), UV_EBUSY);
  assert_report(&p->f, VT_REPORT_LEFT, 0);
  assert_true(fixture_run(&p->f));
  assert_seen_int(&got, 5);
  vt_await(vt_shared_channel_send_async(c, item(6)), seen_k, &sent);
  assert_status(vt_loop_detach(p->f.vt, NULL), UV_EBUSY);
  assert_report(&p->f, VT_REPORT_LEFT, 0);
  vt_shared_channel_unref(c);
  assert_true(fixture_run(&p->f));
  assert_seen_status(&sent, UV_EOF);
}

struct bare {
  vt_shared_channel_t *c;
  int64_t status[6];
};

static void use_bare(void *arg) {
  struct bare *b = arg;
  vt_value_t got;
  b->status[0] = vt_status(vt_shared_channel_receive_async(b->c));
  b->status[1] = vt_shared_channel_try_receive(b->c, &got);
  b->status[2] = vt_status(vt_shared_channel_send_async(b->c, item(1)));
  b->status[3] = vt_status(vt_shared_channel_send_async(b->c, item(2)));
  b->status[4] = vt_shared_channel_try_send(b->c, item(2));
  b->status[5] = vt_status(vt_shared_channel_receive_async(b->c));
}

static void without_a_loop_nobody_can_wait(void **state) {
  const int64_t told[] = {VT_ENOLOOP, UV_EAGAIN, 0, VT_ENOLOOP, UV_EAGAIN, 0};
  struct bare b = {.c = open_for(1)};
  (void)state;
  fixture_on_thread(use_bare, &b, 0);
  for (int i = 0; i < 6; i++)
    assert_status(b.status[i], told[i]);
  vt_shared_channel_unref(b.c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      two_loops_test(what_is_sent_arrives_on_another_loop),
      cmocka_unit_test(a_million_items_arrive_once_and_in_order),
      cmocka_unit_test(without_room_they_arrive_as_well),
      cmocka_unit_test(cancelled_and_forgotten_receives_lose_nothing),
      two_loops_test(a_receive_over_there_can_be_cancelled),
      two_loops_test(the_last_user_closes_it),
      two_loops_test(a_loop_where_somebody_waits_does_not_detach),
      fixture_test(without_a_loop_nobody_can_wait),
  };
  return fixture_main("shared_channel", tests);
}
