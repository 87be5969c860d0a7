/* SPDX-License-Identifier: MIT */
/* What refills itself lets I/O in at every turn, and lets the others run:
 * turns, callbacks and continuations are counted, not time. */
#include "support/fixture.h"
#include "support/functions.h"
#include "support/gate.h"

#include <string.h>
#include <unistd.h>

/* ---- helpers ---- */

enum { TURNS = 50, WARM = 3, BUDGET = 1024, NEST = 8, YIELDERS = 3000 };

enum who { DELAYS, READY, YIELDS, KINDS };

/* A loop with a pipe that can always be read: its poll is called once a turn. A
 * check handle ends each turn. */
struct turns {
  struct fixture *f;
  int fds[2];
  uv_poll_t poll;
  uv_check_t check;
  int left;    /* turns until everybody stops */
  int count;   /* turns, without the first ones, which only fill the queues */
  int warm;    /* of them that are still to come */
  int io;      /* callbacks of the poll in this turn */
  int without; /* turns without one */
  uint64_t ran[KINDS]; /* in this turn */
  uint64_t least[KINDS];
  uint64_t most[KINDS];
  uint64_t before;      /* continuations until this turn */
  uint64_t most_in_all; /* of one turn */
};

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct turns *t = poll->data;
  t->io += status == 0 && (events & UV_READABLE);
}

static void note_most(uint64_t *most, uint64_t value) {
  if (value > *most)
    *most = value;
}

static void note_turn(struct turns *t, uint64_t in_all) {
  t->count++;
  t->without += t->io == 0;
  note_most(&t->most_in_all, in_all);
  for (int i = 0; i < KINDS; i++) {
    note_most(&t->most[i], t->ran[i]);
    if (t->ran[i] < t->least[i])
      t->least[i] = t->ran[i];
  }
}

static void on_check(uv_check_t *check) {
  struct turns *t = check->data;
  vt_loop_stats_t stats;
  vt_loop_stats(t->f->vt, &stats);
  if (t->warm > 0) {
    t->warm--;
  } else if (t->left > 0) {
    note_turn(t, stats.continuations - t->before);
    if (--t->left == 0)
      uv_poll_stop(&t->poll);
  }
  t->before = stats.continuations;
  t->io = 0;
  for (int i = 0; i < KINDS; i++)
    t->ran[i] = 0;
}

static void turns_begin(struct turns *t, struct fixture *f) {
  *t = (struct turns){.f = f, .left = TURNS, .warm = WARM};
  for (int i = 0; i < KINDS; i++)
    t->least[i] = UINT64_MAX;
  assert_int_equal(uv_pipe(t->fds, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE), 0);
  assert_int_equal(write(t->fds[1], "x", 1), 1);
  uv_poll_init(&f->uv, &t->poll, t->fds[0]);
  uv_check_init(&f->uv, &t->check);
  t->poll.data = t->check.data = t;
  uv_poll_start(&t->poll, UV_READABLE, on_readable);
  uv_check_start(&t->check, on_check);
  uv_unref((uv_handle_t *)&t->check);
}

static void turns_run(struct turns *t) {
  fixture_run(t->f);
  uv_close((uv_handle_t *)&t->poll, NULL);
  uv_close((uv_handle_t *)&t->check, NULL);
  fixture_run(t->f);
  close(t->fds[0]);
  close(t->fds[1]);
}

/* ---- helpers: those that refill themselves ---- */

static void delays_k(void *state, vt_result_t r);

/* A delay that is cancelled is due at once. */
static void refill_delays(struct turns *t) {
  vt_t v = vt_delay(3600 * 1000);
  vt_await(v, delays_k, t);
  vt_cancel(v);
}

static void delays_k(void *state, vt_result_t r) {
  struct turns *t = state;
  (void)r;
  t->ran[DELAYS]++;
  if (t->left > 0)
    refill_delays(t);
}

static void ready_k(void *state, vt_result_t r) {
  struct turns *t = state;
  (void)r;
  t->ran[READY]++;
  if (t->left > 0)
    vt_await_with(vt_done(), VT_LATER, ready_k, t);
}

static void refill_ready(struct turns *t) {
  vt_await_with(vt_done(), VT_LATER, ready_k, t);
}

/* The same through a promise that is completed later, a new one each time. */
struct later {
  struct turns *t;
  vt_promise_t *promise;
};

static void later_k(void *state, vt_result_t r);

static void refill_later(struct later *l) {
  if (vt_promise_new(VT_COMPLETE_LATER, &l->promise) != 0)
    return;
  vt_await(vt_from_task(vt_promise_task(l->promise)), later_k, l);
  vt_promise_set(l->promise, (vt_value_t){.i = 1});
}

static void later_k(void *state, vt_result_t r) {
  struct later *l = state;
  (void)r;
  l->t->ran[READY]++;
  vt_promise_free(l->promise);
  if (l->t->left > 0)
    refill_later(l);
}

/* A yield lasts a turn: it takes many to use a turn up. */
struct yield_frame {
  vt_frame_t vt;
  struct turns *t;
  uint64_t *times;
};

static vt_t yield_body(void *frame) {
  struct yield_frame *f = frame;
  VT_BEGIN(f);
  while (f->t->left > 0) {
    VT_TRY(f, vt_yield());
    f->t->ran[YIELDS]++;
    ++*f->times;
  }
  VT_END(f);
}

/* Each counts in times for itself. */
static void begin_yielders(struct turns *t, uint64_t *times,
                           struct seen *seen) {
  for (int i = 0; i < YIELDERS; i++) {
    struct yield_frame f = {.t = t, .times = &times[i]};
    vt_await(vt_start(&f, yield_body), seen_k, seen);
  }
}

/* Who is there, and what each gets of a turn: delays come first and get half,
 * the ready queue has up to three quarters, yields what is left, and the ready
 * queue what those leave. */
static const struct share {
  bool is[KINDS];
  uint64_t gets[KINDS];
} shares[] = {
    {{true, false, false}, {BUDGET / 2, 0, 0}},
    {{false, true, false}, {0, BUDGET, 0}},
    {{false, false, true}, {0, 0, BUDGET}},
    {{true, true, false}, {BUDGET / 2, BUDGET / 2, 0}},
    {{true, false, true}, {BUDGET / 2, 0, BUDGET / 2}},
    {{false, true, true}, {0, BUDGET * 3 / 4, BUDGET / 4}},
    {{true, true, true}, {BUDGET / 2, BUDGET / 4, BUDGET / 4}},
};

static void assert_io_in_every_turn(const struct turns *t) {
  assert_int_equal(t->count, TURNS);
  assert_int_equal(t->without, 0);
}

/* ---- it works ---- */

static void each_gets_its_share_of_a_turn(void **state) {
  static uint64_t times[YIELDERS];
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
    const struct share *s = &shares[i];
    struct seen seen = {0};
    struct turns t;
    turns_begin(&t, *state);
    if (s->is[DELAYS])
      refill_delays(&t);
    if (s->is[READY])
      refill_ready(&t);
    if (s->is[YIELDS])
      begin_yielders(&t, times, &seen);
    turns_run(&t);
    assert_io_in_every_turn(&t);
    for (int k = 0; k < KINDS; k++)
      if (t.least[k] != s->gets[k] || t.most[k] != s->gets[k])
        fail_msg("row %zu, kind %d: %llu to %llu a turn, not %llu", i, k,
                 (unsigned long long)t.least[k], (unsigned long long)t.most[k],
                 (unsigned long long)s->gets[k]);
  }
}

static void completions_asked_for_later_let_io_in(void **state) {
  struct turns t;
  struct later l = {.t = &t};
  turns_begin(&t, *state);
  refill_later(&l);
  turns_run(&t);
  assert_io_in_every_turn(&t);
  assert_int_equal(t.least[READY], BUDGET);
  assert_int_equal(t.most[READY], BUDGET);
}

/* Three thousand of them do not fit into one turn: they go by in rounds. */
static void those_that_yield_take_turns(void **state) {
  static uint64_t times[YIELDERS];
  struct seen seen = {0};
  struct turns t;
  uint64_t least = UINT64_MAX, most = 0;
  memset(times, 0, sizeof times);
  turns_begin(&t, *state);
  begin_yielders(&t, times, &seen);
  turns_run(&t);
  for (int i = 0; i < YIELDERS; i++) {
    note_most(&most, times[i]);
    if (times[i] < least)
      least = times[i];
  }
  assert_int_equal(seen.count, YIELDERS);
  assert_io_in_every_turn(&t);
  assert_in_range(least, TURNS * BUDGET / YIELDERS, UINT64_MAX);
  assert_in_range(most - least, 0, 1);
}

/* Async functions that complete each other run some thousand at a time: the
 * budget of a turn, once for each level that may be nested. */
static void a_long_chain_lets_io_in(void **state) {
  struct turns t;
  struct gate gate = {0};
  struct seen seen = {0};
  enum { FEW = 10 };
  uint64_t links = (uint64_t)(WARM + FEW + 5) * BUDGET * NEST;
  turns_begin(&t, *state);
  t.left = FEW;
  vt_await(functions_chain(functions_link, gate_begin(&gate), links), seen_k,
           &seen);
  gate_open(&gate, result_int(0));
  turns_run(&t);
  assert_seen_int(&seen, (int64_t)links);
  assert_int_equal(t.count, FEW);
  assert_int_equal(t.without, 0);
  assert_in_range(t.most_in_all, 1, BUDGET * (NEST + 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(each_gets_its_share_of_a_turn),
      fixture_test(completions_asked_for_later_let_io_in),
      fixture_test(those_that_yield_take_turns),
      fixture_test(a_long_chain_lets_io_in),
  };
  return fixture_main("fairness", tests);
}
