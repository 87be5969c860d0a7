/* SPDX-License-Identifier: MIT */
/* Retired things are released when nobody can have borrowed them. */
#include "support/fixture.h"

#include "core/retire.h"

/* ---- helpers ---- */

struct thing {
  vt__retired_t node; /* first */
  int released;
  struct thing *another; /* which it retires as it goes */
};

static void release(vt__retired_t *node) {
  struct thing *t = (struct thing *)(void *)node;
  t->released++;
  if (t->another)
    vt__retire(vt_loop_current(), &t->another->node, release);
}

static void retire(struct thing *t) {
  vt__retire(vt_loop_current(), &t->node, release);
}

/* A continuation that looks at what it borrowed, and queues itself again. */
struct look {
  struct thing *borrowed;
  struct thing *gives_up; /* retires it, at first */
  int times;
  int seen; /* looks that found it released */
  int done;
};

static void look(void *state, vt_result_t result) {
  struct look *l = state;
  (void)result;
  if (l->gives_up)
    retire(l->gives_up);
  l->gives_up = NULL;
  l->seen += l->borrowed && l->borrowed->released;
  l->done++;
  if (--l->times > 0)
    vt_await_with(vt_done(), VT_LATER, look, l);
}

static void look_later(struct look *l) {
  vt_await_with(vt_done(), VT_LATER, look, l);
}

/* Gives the thing up and completes the promise, which may have it for value. */
struct giver {
  struct thing *thing;
  vt_promise_t *promise;
};

static void give_up(void *state, vt_result_t result) {
  struct giver *g = state;
  (void)result;
  retire(g->thing);
  vt_promise_set(g->promise, (vt_value_t){0});
  vt_promise_free(g->promise);
}

static vt_t result_of(void *promise) {
  return vt_from_task(vt_promise_task(promise));
}

/* ---- it works ---- */

static void goes_in_the_next_quiet_turn(void **state) {
  struct fixture *f = *state;
  struct thing things[3] = {0};
  uint64_t before = fixture_allocations();
  for (int i = 0; i < 3; i++)
    retire(&things[i]);
  assert_int_equal(fixture_allocations(), before);
  assert_int_equal(things[0].released, 0);
  fixture_turn(f);
  for (int i = 0; i < 3; i++)
    assert_int_equal(things[i].released, 1);
  assert_true(fixture_run(f)); /* and nothing keeps the loop */
  assert_int_equal(things[0].released, 1);
}

static void stays_while_a_continuation_is_queued(void **state) {
  struct fixture *f = *state;
  struct thing t = {0};
  struct look l = {.borrowed = &t, .gives_up = &t, .times = 5000};
  look_later(&l);
  assert_true(fixture_run(f));
  assert_int_equal(l.done, 5000);
  assert_int_equal(l.seen, 0);
  assert_int_equal(t.released, 1);
}

static void stays_while_a_result_is_posted(void **state) {
  struct fixture *f = *state;
  struct thing t = {0};
  struct look l = {.borrowed = &t, .times = 2};
  struct giver giver = {&t, fixture_promise(0)};
  vt_await(vt_invoke_on(f->vt, result_of, giver.promise), look, &l);
  vt_await(vt_yield(), give_up, &giver);
  assert_true(fixture_run(f));
  assert_int_equal(l.done, 2);
  assert_int_equal(l.seen, 0);
  assert_int_equal(t.released, 1);
}

static void goes_though_the_queue_is_never_empty(void **state) {
  struct fixture *f = *state;
  struct thing first = {0}, second = {0};
  struct look l = {.times = 1 << 30};
  look_later(&l);
  retire(&first);
  fixture_turn(f);
  retire(&second);
  for (int i = 1; i < VT__RETIRE_TURNS; i++)
    fixture_turn(f);
  assert_int_equal(first.released, 0);
  fixture_turn(f);
  assert_int_equal(first.released, 1);
  assert_int_equal(second.released, 0); /* has turns of its own */
  for (int i = 0; i <= VT__RETIRE_TURNS; i++)
    fixture_turn(f);
  assert_int_equal(second.released, 1);
  l.times = 0;
  assert_true(fixture_run(f));
}

static void may_retire_another_as_it_goes(void **state) {
  struct fixture *f = *state;
  struct thing second = {0};
  struct thing first = {.another = &second};
  retire(&first);
  fixture_turn(f);
  assert_int_equal(first.released, 1);
  assert_int_equal(second.released, 0);
  assert_true(fixture_run(f));
  assert_int_equal(second.released, 1);
}

static void stays_until_vt_loop_run_has_returned(void **state) {
  struct fixture *f = *state;
  struct thing t = {0};
  struct giver giver = {&t, fixture_promise(0)};
  vt_await_with(vt_done(), VT_LATER, give_up, &giver);
  assert_status(vt_loop_run(f->vt, result_of(giver.promise)).status, 0);
  assert_int_equal(t.released, 0);
  fixture_turn(f);
  assert_int_equal(t.released, 1);
}

/* ---- the end ---- */

static void goes_at_the_latest_with_the_loop(void **state) {
  struct fixture *f = *state;
  struct thing first = {0}, second = {0};
  retire(&first);
  retire(&second);
  assert_status(fixture_detach(f), 0);
  assert_int_equal(first.released, 1);
  assert_int_equal(second.released, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(goes_in_the_next_quiet_turn),
      fixture_test(stays_while_a_continuation_is_queued),
      fixture_test(stays_while_a_result_is_posted),
      fixture_test(goes_though_the_queue_is_never_empty),
      fixture_test(may_retire_another_as_it_goes),
      fixture_test(stays_until_vt_loop_run_has_returned),
      fixture_test(goes_at_the_latest_with_the_loop),
  };
  return fixture_main("retire", tests);
}
