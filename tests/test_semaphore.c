/* SPDX-License-Identifier: MIT */
/* Semaphores: in hand when free, fair when not, no permit ever lost. */
#include "support/fixture.h"
#include "support/line.h"

#include <stdlib.h>

/* ---- helpers ---- */

static void open_with(vt_semaphore_t *s, uint64_t permits) {
  assert_status(vt_semaphore_init(s, permits), 0);
}

static void wait_for(struct line *line, vt_semaphore_t *s, uint64_t n) {
  line_await(line, vt_semaphore_acquire_async(s, n));
}

static void release(vt_semaphore_t *s, uint64_t n) {
  assert_status(vt_semaphore_release(s, n), 0);
}

static void close_with(vt_semaphore_t *s, int64_t status) {
  assert_status(vt_semaphore_close(s, status), 0);
}

/* ---- it works ---- */

static void a_free_permit_is_in_hand(void **state) {
  vt_semaphore_t s;
  (void)state;
  uint64_t before = fixture_allocations();
  open_with(&s, 3);
  vt_t v = vt_semaphore_acquire_async(&s, 2);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), 0);
  assert_int_equal(vt_semaphore_available(&s), 1);
  release(&s, 2);
  assert_int_equal(vt_semaphore_available(&s), 3);
  assert_int_equal(fixture_allocations(), before);
  close_with(&s, 0);
}

static void waiters_go_on_in_their_order(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_semaphore_t s;
  open_with(&s, 0);
  for (int i = 0; i < 4; i++)
    wait_for(&line, &s, 1);
  release(&s, 3);
  assert_int_equal(line.gone_on, 0); /* nobody runs inside */
  assert_int_equal(line_turn(f, &line), 3);
  release(&s, 1);
  assert_int_equal(line_turn(f, &line), 4);
  for (int i = 0; i < 4; i++)
    assert_went(&line, i, i + 1, 0);
  assert_int_equal(vt_semaphore_available(&s), 0);
  close_with(&s, 0);
}

static void a_late_comer_does_not_overtake(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_semaphore_t s;
  open_with(&s, 2);
  wait_for(&line, &s, 4);
  wait_for(&line, &s, 1);
  for (uint64_t free = 2; free < 4; free++) {
    assert_int_equal(vt_semaphore_available(&s), free);
    assert_false(vt_semaphore_try_acquire(&s, 1));
    assert_int_equal(line_turn(f, &line), 0);
    release(&s, 1);
  }
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, 0);
  release(&s, 2);
  assert_int_equal(line_turn(f, &line), 2);
  assert_int_equal(vt_semaphore_available(&s), 1);
  assert_true(vt_semaphore_try_acquire(&s, 1));
  close_with(&s, 0);
}

static void try_acquire_takes_or_leaves(void **state) {
  vt_semaphore_t s;
  (void)state;
  open_with(&s, 2);
  assert_false(vt_semaphore_try_acquire(&s, 0));
  assert_false(vt_semaphore_try_acquire(&s, 3));
  assert_true(vt_semaphore_try_acquire(&s, 2));
  assert_false(vt_semaphore_try_acquire(&s, 1));
  close_with(&s, 0);
  assert_false(vt_semaphore_try_acquire(&s, 1));
}

static void a_result_can_be_taken_without_an_await(void **state) {
  vt_semaphore_t s;
  (void)state;
  open_with(&s, 0);
  vt_t v = vt_semaphore_acquire_async(&s, 1);
  assert_status(vt_status(v), VT_PENDING);
  release(&s, 1);
  assert_status(vt_status(v), 0);
  assert_status(vt_get_result(v).status, 0);
  assert_status(vt_get_result(v).status, VT_ESTALE);
  assert_int_equal(vt_semaphore_available(&s), 0);
  close_with(&s, 0);
}

static void again_and_again_allocates_nothing(void **state) {
  struct fixture *f = *state;
  uint64_t before = 0;
  vt_semaphore_t s;
  open_with(&s, 0);
  for (int round = 0; round < 100; round++) {
    struct line line = {0};
    if (round == 2)
      before = fixture_allocations();
    for (int i = 0; i < 8; i++)
      wait_for(&line, &s, 1);
    release(&s, 8);
    assert_int_equal(line_turn(f, &line), 8);
  }
  assert_int_equal(fixture_allocations(), before);
  close_with(&s, 0);
}

static void a_waiter_keeps_the_loop_going(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_semaphore_t s;
  open_with(&s, 0);
  wait_for(&line, &s, 1);
  assert_true(uv_loop_alive(&f->uv));
  release(&s, 1);
  assert_true(fixture_run(f));
  assert_went(&line, 0, 1, 0);
  close_with(&s, 0);
}

/* ---- who does not wait any longer ---- */

/* The three ways to leave while one waits: those behind go on. */
static void who_leaves_lets_those_behind_go_on(void **state) {
  struct fixture *f = *state;
  for (int way = 0; way < 3; way++) {
    struct line line = {0};
    vt_semaphore_t s;
    open_with(&s, 2);
    vt_t first = vt_semaphore_acquire_async(&s, 3);
    if (way > 0)
      line_await(&line, first);
    wait_for(&line, &s, 1);
    wait_for(&line, &s, 1);
    if (way == 0)
      vt_forget(first);
    else if (way == 1)
      assert_true(line_stop(&line, 0));
    else
      assert_status(vt_cancel(first), 0);
    assert_int_equal(line.gone_on, 0); /* nobody runs inside */
    assert_int_equal(line_turn(f, &line), way == 2 ? 3 : 2);
    if (way == 2)
      assert_went(&line, 0, 1, UV_ECANCELED);
    assert_status(vt_cancel(first), VT_ESTALE);
    assert_int_equal(vt_semaphore_available(&s), 0);
    assert_int_equal(fixture_pending(f), 0);
    close_with(&s, 0);
  }
}

static void cancelled_after_the_hand_over_has_it(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_semaphore_t s;
  open_with(&s, 0);
  wait_for(&line, &s, 1);
  release(&s, 1);
  assert_status(vt_cancel(line.waits[0].v), UV_EALREADY);
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, 0);
  assert_int_equal(vt_semaphore_available(&s), 0);
  close_with(&s, 0);
}

/* Handed over, then nobody takes it: it goes to the next one. */
static void what_nobody_takes_goes_to_the_next(void **state) {
  struct fixture *f = *state;
  for (int way = 0; way < 2; way++) {
    struct line line = {0};
    vt_semaphore_t s;
    open_with(&s, 0);
    vt_t first = vt_semaphore_acquire_async(&s, 1);
    if (way == 1)
      line_await(&line, first);
    wait_for(&line, &s, 1);
    release(&s, 1);
    if (way == 0)
      vt_forget(first);
    else
      assert_true(line_stop(&line, 0));
    assert_int_equal(line_turn(f, &line), 1);
    assert_went(&line, way, 1, 0);
    release(&s, 1);
    assert_int_equal(vt_semaphore_available(&s), 1);
    close_with(&s, 0);
  }
}

static void never_awaited_is_reported_and_given_back(void **state) {
  struct fixture *f = *state;
  vt_semaphore_t s;
  open_with(&s, 0);
  vt_t untaken = vt_semaphore_acquire_async(&s, 1);
  (void)untaken;
  release(&s, 1);
  assert_status(fixture_detach(f), 0);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  assert_int_equal(vt_semaphore_available(&s), 1);
  close_with(&s, 0);
}

/* Withdrawn one after another in the ready queue: no recursion. */
static void a_permit_passes_ten_thousand_who_left(void **state) {
  struct fixture *f = *state;
  enum { MANY = 10000 };
  static vt_t waits[MANY];
  struct line line = {0};
  vt_semaphore_t s;
  open_with(&s, 0);
  for (int i = 0; i < MANY; i++)
    waits[i] = vt_semaphore_acquire_async(&s, 1);
  wait_for(&line, &s, 1);
  release(&s, 1);
  for (int i = 0; i < MANY; i++)
    vt_forget(waits[i]);
  assert_int_equal(line_turn(f, &line), 1);
  close_with(&s, 0);
}

/* ---- at random, beside a count ---- */

struct chaos {
  vt_semaphore_t s;
  uint64_t total;
  uint64_t held;
  unsigned seed;
  struct hold {
    struct chaos *chaos;
    vt_t v;
    uint64_t n;
    bool waits;
  } holds[32];
};

static unsigned chance(struct chaos *c, unsigned below) {
  c->seed = c->seed * 1664525u + 1013904223u;
  return (c->seed >> 8) % below;
}

static void on_hold(void *state, vt_result_t result) {
  struct hold *h = state;
  h->waits = false;
  if (result.status == 0)
    h->chaos->held += h->n;
}

static void chaos_leave(struct hold *h, unsigned way) {
  if (way == 0)
    vt_cancel(h->v);
  else if (vt_await_stop(h->v, on_hold, h))
    h->waits = false;
}

static void chaos_step(struct chaos *c) {
  struct hold *h = &c->holds[chance(c, 32)];
  unsigned way = chance(c, 4);
  if (h->waits) {
    if (way < 2)
      chaos_leave(h, way);
    return;
  }
  if (c->held > 0 && way < 2) {
    uint64_t n = 1 + chance(c, (unsigned)c->held);
    c->held -= n;
    vt_semaphore_release(&c->s, n);
    return;
  }
  h->n = 1 + chance(c, 3);
  h->waits = true;
  h->chaos = c;
  h->v = vt_semaphore_acquire_async(&c->s, h->n);
  vt_await(h->v, on_hold, h);
}

static void permits_are_never_lost(void **state) {
  struct fixture *f = *state;
  struct chaos c = {.total = 5, .seed = 42};
  open_with(&c.s, c.total);
  for (int step = 0; step < 20000; step++) {
    chaos_step(&c);
    if (chance(&c, 3) == 0)
      fixture_turn(f);
    assert_true(c.held + vt_semaphore_available(&c.s) <= c.total);
  }
  close_with(&c.s, 0);
  fixture_turn(f);
  assert_int_equal(c.held + vt_semaphore_available(&c.s), c.total);
}

/* ---- it ends ---- */

static void close_ends_all_that_wait(void **state) {
  struct fixture *f = *state;
  const int64_t given[] = {0, UV_EPIPE, 1};
  const int64_t told[] = {UV_ECANCELED, UV_EPIPE, VT_ESTATUS};
  for (int i = 0; i < 3; i++) {
    struct line line = {0};
    vt_semaphore_t s;
    open_with(&s, 1);
    wait_for(&line, &s, 2);
    wait_for(&line, &s, 1);
    close_with(&s, given[i]);
    close_with(&s, UV_EIO); /* the first status stays */
    assert_int_equal(line.gone_on, 0);
    assert_int_equal(line_turn(f, &line), 2);
    assert_went(&line, 0, 1, told[i]);
    assert_went(&line, 1, 2, told[i]);
    assert_status(vt_status(vt_semaphore_acquire_async(&s, 1)), told[i]);
    release(&s, 1);
    assert_int_equal(vt_semaphore_available(&s), 2);
  }
}

/* What was handed over stays taken; giving it back finds nobody. */
static void the_memory_may_go_after_close(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_semaphore_t *s = malloc(sizeof *s);
  assert_non_null(s);
  open_with(s, 0);
  wait_for(&line, s, 1);
  wait_for(&line, s, 1);
  vt_t untaken = vt_semaphore_acquire_async(s, 1);
  release(s, 3);
  close_with(s, 0);
  free(s);
  assert_true(line_stop(&line, 1));
  vt_forget(untaken);
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, 0);
}

/* ---- it fails ---- */

static void bad_arguments_are_refused(void **state) {
  vt_semaphore_t s;
  (void)state;
  assert_status(vt_semaphore_init(NULL, 1), UV_EINVAL);
  open_with(&s, UINT64_MAX - 1);
  assert_status(vt_status(vt_semaphore_acquire_async(&s, 0)), UV_EINVAL);
  assert_status(vt_semaphore_release(&s, 0), UV_EINVAL);
  assert_status(vt_semaphore_release(&s, 2), UV_EOVERFLOW);
  assert_int_equal(vt_semaphore_available(&s), UINT64_MAX - 1);
  close_with(&s, 0);
}

struct elsewhere {
  vt_semaphore_t *s;
  const char *problem;
  int64_t acquired, released, closed;
  uint64_t misuse;
};

static void use_elsewhere(void *arg) {
  struct elsewhere *e = arg;
  struct fixture f;
  e->problem = fixture_open_beside(&f);
  e->acquired = vt_status(vt_semaphore_acquire_async(e->s, 1));
  e->released = vt_semaphore_release(e->s, 1);
  e->closed = vt_semaphore_close(e->s, 0);
  vt_loop_stats_t stats;
  vt_loop_stats(f.vt, &stats);
  e->misuse = stats.misuse;
  const char *problem = fixture_close(&f);
  e->problem = e->problem ? e->problem : problem;
}

static void another_thread_is_refused_while_somebody_waits(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_semaphore_t s;
  struct elsewhere e = {.s = &s};
  open_with(&s, 0);
  wait_for(&line, &s, 1);
  fixture_on_thread(use_elsewhere, &e, 0);
  assert_null(e.problem);
  assert_status(e.acquired, VT_ETHREAD);
  assert_status(e.released, VT_ETHREAD);
  assert_status(e.closed, VT_ETHREAD);
  assert_int_equal(e.misuse, 3);
  release(&s, 1);
  assert_int_equal(line_turn(f, &line), 1);
  close_with(&s, 0);
}

static void wait_without_a_loop(void *arg) {
  vt_semaphore_t s;
  int64_t *status = arg;
  vt_semaphore_init(&s, 1);
  status[0] = vt_status(vt_semaphore_acquire_async(&s, 1));
  status[1] = vt_status(vt_semaphore_acquire_async(&s, 1));
  vt_semaphore_close(&s, 0);
}

static void waiting_without_a_loop_is_refused(void **state) {
  int64_t status[2] = {1, 1};
  (void)state;
  fixture_on_thread(wait_without_a_loop, status, 0);
  assert_status(status[0], 0);
  assert_status(status[1], VT_ENOLOOP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_free_permit_is_in_hand),
      fixture_test(waiters_go_on_in_their_order),
      fixture_test(a_late_comer_does_not_overtake),
      fixture_test(try_acquire_takes_or_leaves),
      fixture_test(a_result_can_be_taken_without_an_await),
      fixture_test(again_and_again_allocates_nothing),
      fixture_test(a_waiter_keeps_the_loop_going),
      fixture_test(who_leaves_lets_those_behind_go_on),
      fixture_test(cancelled_after_the_hand_over_has_it),
      fixture_test(what_nobody_takes_goes_to_the_next),
      fixture_test(never_awaited_is_reported_and_given_back),
      fixture_test(a_permit_passes_ten_thousand_who_left),
      fixture_test(permits_are_never_lost),
      fixture_test(close_ends_all_that_wait),
      fixture_test(the_memory_may_go_after_close),
      fixture_test(bad_arguments_are_refused),
      fixture_test(another_thread_is_refused_while_somebody_waits),
      fixture_test(waiting_without_a_loop_is_refused),
  };
  return fixture_main("semaphore", tests);
}
