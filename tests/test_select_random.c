/* SPDX-License-Identifier: MIT */
/* Selects in random schedules: over channels of both kinds and what completes
 * soon, cancelled, forgotten and withdrawn, while items are sent at random. Of
 * a hundred thousand rounds each item arrives once. */
#include "support/fixture.h"

#include <stdlib.h>
#include <string.h>

/* ---- helpers ---- */

enum { CHANNELS = 4, SELECTS = 6, ROUNDS = 100000, CASES = CHANNELS + 1 };

struct world;

/* One that selects again and again. */
struct place {
  struct world *w;
  vt_case_t cases[CASES];
  vt_result_t out[CASES];
  int of[CASES]; /* the channel of each case; CHANNELS: none */
  vt_t v;
  bool waits;
  unsigned in_hand; /* the case that was, while losers are waited for */
};

struct world {
  struct fixture *f;
  uint32_t seed;
  vt_channel_t *own[CHANNELS / 2];
  vt_shared_channel_t *shared[CHANNELS / 2];
  struct place places[SELECTS];
  uint8_t *arrived; /* of each item, how often */
  int64_t sent, got;
  int64_t rounds, lost_races, dropped;
};

static unsigned pick(struct world *w, unsigned below) {
  w->seed = w->seed * 1664525u + 1013904223u;
  return (w->seed >> 8) % below;
}

static vt_t soon_case(void *world) {
  return pick(world, 2) ? vt_yield() : vt_delay(1);
}

static vt_case_t receive_of(struct world *w, unsigned channel) {
  if (channel < CHANNELS / 2)
    return (vt_case_t){vt_channel_receive_case, w->own[channel]};
  return (vt_case_t){vt_shared_channel_receive_case,
                     w->shared[channel - CHANNELS / 2]};
}

static void arrive(struct world *w, vt_result_t r) {
  if (r.status != 0)
    return;
  w->arrived[r.value.i]++;
  w->got++;
}

static void on_select(void *place, vt_result_t r) {
  struct place *p = place;
  p->waits = false;
  if (r.status == 0 && p->of[r.value.u] < CHANNELS)
    arrive(p->w, p->out[r.value.u]);
}

/* Two to five cases, in any order, a channel perhaps more than once. */
static void begin(struct world *w, struct place *p) {
  unsigned count = 2 + pick(w, CASES - 1);
  for (unsigned i = 0; i < count; i++) {
    unsigned channel = pick(w, CHANNELS);
    bool soon = pick(w, 8) == 0;
    p->cases[i] = soon ? (vt_case_t){soon_case, w} : receive_of(w, channel);
    p->of[i] = soon ? CHANNELS : (int)channel;
  }
  for (unsigned i = 0; i < CASES; i++)
    p->out[i].status = UV_EAGAIN;
  w->rounds++;
  p->waits = true;
  p->v = vt_select(p->cases, count, p->out);
  p->in_hand = 0; /* CASES: none */
  while (p->in_hand < CASES && p->out[p->in_hand].status != 0)
    p->in_hand++;
  vt_await(p->v, on_select, p);
}

static void drop(struct world *w, struct place *p) {
  if (pick(w, 2)) {
    vt_cancel(p->v);
    return;
  }
  assert_true(vt_await_stop(p->v, on_select, p));
  if (p->in_hand < CASES && p->of[p->in_hand] < CHANNELS)
    arrive(w, p->out[p->in_hand]);
  p->waits = false;
  w->dropped++;
}

static void put(struct world *w) {
  unsigned channel = pick(w, CHANNELS);
  vt_value_t item = {.i = w->sent};
  w->sent += (channel < CHANNELS / 2
                  ? vt_channel_try_send(w->own[channel], item)
                  : vt_shared_channel_try_send(
                        w->shared[channel - CHANNELS / 2], item)) == 0;
}

static void step(struct world *w) {
  struct place *p = &w->places[pick(w, SELECTS)];
  switch (pick(w, 10)) {
  case 0:
    fixture_turn(w->f);
    break;
  case 1:
    if (p->waits && pick(w, 4) == 0)
      drop(w, p);
    break;
  case 2:
  case 3:
  case 4:
    put(w);
    break;
  default:
    if (!p->waits)
      begin(w, p);
    else
      put(w);
  }
}

static void drain(struct world *w) {
  vt_result_t r = {0, {0}};
  for (int i = 0; i < CHANNELS / 2; i++) {
    while (vt_channel_try_receive(w->own[i], &r.value) == 0)
      arrive(w, r);
    while (vt_shared_channel_try_receive(w->shared[i], &r.value) == 0)
      arrive(w, r);
  }
}

static void open_all(struct world *w) {
  for (unsigned i = 0; i < CHANNELS / 2; i++) {
    assert_status(vt_channel_new(i * 3, &w->own[i]), 0);
    assert_status(vt_shared_channel_new(i * 3, &w->shared[i]), 0);
  }
  for (int i = 0; i < SELECTS; i++)
    w->places[i].w = w;
}

static void close_all(struct world *w) {
  for (int i = 0; i < CHANNELS / 2; i++) {
    vt_channel_close(w->own[i], 0);
    vt_shared_channel_close(w->shared[i], 0);
  }
  assert_true(fixture_run(w->f));
  drain(w);
  for (int i = 0; i < CHANNELS / 2; i++) {
    vt_channel_unref(w->own[i]);
    vt_shared_channel_unref(w->shared[i]);
  }
}

/* ---- it works ---- */

static void each_item_arrives_once(void **state) {
  struct world *w = calloc(1, sizeof *w);
  int64_t rounds = getenv("VT_VALGRIND") ? ROUNDS / 50 : ROUNDS;
  w->f = *state;
  w->seed = 7;
  w->arrived = calloc((size_t)rounds * 20, 1);
  open_all(w);
  while (w->rounds < rounds && w->sent < rounds * 19)
    step(w);
  close_all(w);
  assert_int_equal(w->rounds, rounds);
  for (int i = 0; i < SELECTS; i++)
    assert_false(w->places[i].waits);
  for (int64_t i = 0; i < w->sent; i++)
    assert_int_equal(w->arrived[i], 1);
  assert_int_equal(w->got, w->sent);
  assert_true(w->dropped > rounds / 1000); /* it was no walk in the park */
  free(w->arrived);
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(each_item_arrives_once),
  };
  return fixture_main("select_random", tests);
}
