/* SPDX-License-Identifier: MIT */
/* Many awaiters of one task: order, withdrawal, several loops. */
#include "support/fixture.h"

#include <stdlib.h>

/* ---- helpers ---- */

/* Awaiters that note the place in which they ran. */
struct place {
  int *next;
  int place; /* -1: has not run */
  int64_t value;
};

static void place_k(void *state, vt_result_t result) {
  struct place *p = state;
  p->place = (*p->next)++;
  p->value = result.value.i;
}

struct crowd {
  vt_promise_t *promise;
  vt_t v;
  int ran;
  int count;
  struct place *places;
};

static void crowd_begin(struct crowd *c, int count, unsigned flags) {
  int rc = vt_promise_new(flags, &c->promise);
  assert_int_equal(rc, 0);
  c->v = vt_from_task(vt_promise_task(c->promise));
  c->ran = 0;
  c->count = count;
  c->places = calloc((size_t)count, sizeof *c->places);
  for (int i = 0; i < count; i++) {
    c->places[i] = (struct place){.next = &c->ran, .place = -1};
    vt_await(c->v, place_k, &c->places[i]);
  }
}

static int crowd_set(struct crowd *c, int64_t i) {
  return vt_promise_set(c->promise, (vt_value_t){.i = i});
}

static void crowd_end(struct crowd *c) {
  vt_promise_free(c->promise);
  free(c->places);
}

/* The numbers 0..count-1, shuffled the same way each time. */
static int *shuffled(int count) {
  int *numbers = calloc((size_t)count, sizeof *numbers);
  uint32_t seed = 12345;
  for (int i = 0; i < count; i++)
    numbers[i] = i;
  for (int i = count - 1; i > 0; i--) {
    int j, keep = numbers[i];
    seed = seed * 1664525u + 1013904223u;
    j = (int)(seed % (uint32_t)(i + 1));
    numbers[i] = numbers[j];
    numbers[j] = keep;
  }
  return numbers;
}

static void set_on_thread(void *arg) {
  vt_promise_set(arg, (vt_value_t){.i = 1});
}

/* Withdraws itself and the next one from the first continuation. */
struct stopper {
  vt_t v;
  struct seen own, victim;
  bool stopped_own, stopped_victim;
};

static void stop_others_k(void *state, vt_result_t result) {
  struct stopper *s = state;
  seen_k(&s->own, result);
  s->stopped_own = vt_await_stop(s->v, stop_others_k, s);
  s->stopped_victim = vt_await_stop(s->v, seen_k, &s->victim);
}

/* A loop of its own on another thread that awaits a task. */
struct other_loop {
  vt_task_t *task;
  uv_sem_t awaits;
  struct seen seen[3];
  uv_thread_t self;
  const char *problem;
};

static void await_on_thread(void *arg) {
  struct other_loop *o = arg;
  struct fixture *f = malloc(sizeof *f);
  o->self = uv_thread_self();
  o->problem = fixture_open_beside(f);
  for (int i = 0; i < 3; i++)
    vt_await(vt_from_task(o->task), seen_k, &o->seen[i]);
  uv_sem_post(&o->awaits);
  fixture_run_until(f, &o->seen[2].count, 1);
  if (!o->problem)
    o->problem = fixture_close(f);
  if (o->problem)
    print_error("%s\n", o->problem);
  else
    free(f);
}

/* ---- it works ---- */

static void all_run_in_the_order_added(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  crowd_begin(&c, 1000, 0);
  assert_status(crowd_set(&c, 7), 0);
  assert_in_range(c.ran, 0, 1); /* the first may run inline, no other */
  assert_true(fixture_run(f));
  assert_int_equal(c.ran, 1000);
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(c.places[i].place, i);
    assert_int_equal(c.places[i].value, 7);
  }
  crowd_end(&c);
}

static void with_complete_later_none_runs_inline(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  crowd_begin(&c, 5, VT_COMPLETE_LATER);
  assert_status(crowd_set(&c, 7), 0);
  assert_int_equal(c.ran, 0);
  assert_true(fixture_run(f));
  for (int i = 0; i < 5; i++)
    assert_int_equal(c.places[i].place, i);
  crowd_end(&c);
}

static void registered_awaits_hold_the_task(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  crowd_begin(&c, 3, VT_COMPLETE_LATER);
  crowd_set(&c, 8);
  vt_promise_free(c.promise);
  c.promise = NULL;
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++)
    assert_int_equal(c.places[i].value, 8);
  crowd_end(&c);
}

static void awaits_need_memory_only_the_first_time(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  uint64_t before;
  crowd_begin(&c, 100, 0);
  crowd_set(&c, 1);
  assert_true(fixture_run(f));
  crowd_end(&c);
  before = fixture_allocations();
  for (int i = 0; i < 10; i++) {
    crowd_begin(&c, 100, 0);
    crowd_set(&c, 1);
    fixture_run(f);
    crowd_end(&c);
  }
  assert_int_equal(fixture_allocations(), before);
}

static void stop_withdraws_every_other_one(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  crowd_begin(&c, 100, 0);
  for (int i = 0; i < 100; i += 2)
    assert_true(vt_await_stop(c.v, place_k, &c.places[i]));
  assert_int_equal(fixture_pending(f), 50);
  crowd_set(&c, 1);
  assert_true(fixture_run(f));
  for (int i = 0; i < 100; i++)
    assert_int_equal(c.places[i].place, i % 2 ? i / 2 : -1);
  crowd_end(&c);
}

static void stop_withdraws_what_is_queued(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  crowd_begin(&c, 10, VT_COMPLETE_LATER);
  crowd_set(&c, 1);
  for (int i = 0; i < 10; i += 2)
    assert_true(vt_await_stop(c.v, place_k, &c.places[i]));
  assert_true(fixture_run(f));
  for (int i = 0; i < 10; i++)
    assert_int_equal(c.places[i].place, i % 2 ? i / 2 : -1);
  crowd_end(&c);
}

static void the_same_continuation_twice_is_withdrawn_twice(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  struct seen seen = {0};
  crowd_begin(&c, 0, 0);
  for (int i = 0; i < 3; i++)
    vt_await(c.v, seen_k, &seen);
  assert_true(vt_await_stop(c.v, seen_k, &seen));
  assert_true(vt_await_stop(c.v, seen_k, &seen));
  crowd_set(&c, 2);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 2);
  assert_false(vt_await_stop(c.v, seen_k, &seen));
  crowd_end(&c);
}

/* Ten thousand, and far more: a search from either end of the list does not end
 * within the time that a test has. */
static void stop_finds_its_waiter_without_a_search(void **state) {
  struct fixture *f = *state;
  enum { COUNT = 200000 };
  struct crowd c;
  int *order = shuffled(COUNT), stopped = 0;
  crowd_begin(&c, COUNT, 0);
  for (int i = 0; i < COUNT - 1; i++)
    stopped += vt_await_stop(c.v, place_k, &c.places[order[i]]);
  assert_int_equal(stopped, COUNT - 1);
  assert_int_equal(fixture_pending(f), 1);
  crowd_set(&c, 1);
  assert_true(fixture_run(f));
  assert_int_equal(c.ran, 1);
  assert_int_equal(c.places[order[COUNT - 1]].place, 0);
  crowd_end(&c);
  free(order);
}

static void a_stopped_await_does_not_keep_the_loop(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  crowd_begin(&c, 1, 0);
  assert_true(uv_loop_alive(&f->uv));
  assert_true(vt_await_stop(c.v, place_k, &c.places[0]));
  assert_true(fixture_run(f));
  assert_false(uv_loop_alive(&f->uv));
  crowd_set(&c, 1);
  crowd_end(&c);
}

static void a_continuation_may_stop_the_next_one(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  struct stopper s = {0};
  struct seen last = {0};
  crowd_begin(&c, 0, 0);
  s.v = c.v;
  vt_await(c.v, stop_others_k, &s);
  vt_await(c.v, seen_k, &s.victim);
  vt_await(c.v, seen_k, &last);
  crowd_set(&c, 4);
  assert_true(fixture_run(f));
  assert_seen_int(&s.own, 4);
  assert_false(s.stopped_own); /* it runs now */
  assert_true(s.stopped_victim);
  assert_int_equal(s.victim.count, 0);
  assert_seen_int(&last, 4);
  crowd_end(&c);
}

/* More than a turn runs: what another thread posted at once is not left. */
static void thousands_complete_from_another_thread(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  crowd_begin(&c, 10000, 0);
  fixture_on_thread(set_on_thread, c.promise, 0);
  assert_int_equal(c.ran, 0);
  assert_true(fixture_run(f));
  assert_int_equal(c.ran, 10000);
  for (int i = 0; i < 10000; i++)
    assert_int_equal(c.places[i].place, i);
  crowd_end(&c);
}

static void two_loops_await_one_task(void **state) {
  struct fixture *f = *state;
  struct other_loop o = {0};
  struct seen seen = {0};
  struct crowd c;
  uv_thread_t thread, self = uv_thread_self();
  crowd_begin(&c, 0, 0);
  vt_await(c.v, seen_k, &seen);
  o.task = vt_promise_task(c.promise);
  uv_sem_init(&o.awaits, 0);
  uv_thread_create(&thread, await_on_thread, &o);
  uv_sem_wait(&o.awaits);
  crowd_set(&c, 31);
  fixture_run(f);
  uv_thread_join(&thread);
  uv_sem_destroy(&o.awaits);
  crowd_end(&c);
  assert_null(o.problem);
  assert_seen_int(&seen, 31);
  assert_true(uv_thread_equal(&seen.thread, &self));
  for (int i = 0; i < 3; i++) {
    assert_seen_int(&o.seen[i], 31);
    assert_true(uv_thread_equal(&o.seen[i].thread, &o.self));
  }
}

/* ---- it fails ---- */

static void stop_of_another_continuation_is_false(void **state) {
  struct fixture *f = *state;
  struct crowd c;
  crowd_begin(&c, 2, 0);
  assert_false(vt_await_stop(c.v, seen_k, &c.places[0]));
  assert_false(vt_await_stop(c.v, place_k, &c));
  assert_int_equal(fixture_pending(f), 2);
  crowd_set(&c, 1);
  assert_true(fixture_run(f));
  assert_int_equal(c.ran, 2);
  assert_false(vt_await_stop(c.v, place_k, &c.places[0]));
  crowd_end(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(all_run_in_the_order_added),
      fixture_test(with_complete_later_none_runs_inline),
      fixture_test(registered_awaits_hold_the_task),
      fixture_test(awaits_need_memory_only_the_first_time),
      fixture_test(stop_withdraws_every_other_one),
      fixture_test(stop_withdraws_what_is_queued),
      fixture_test(the_same_continuation_twice_is_withdrawn_twice),
      fixture_test(stop_finds_its_waiter_without_a_search),
      fixture_test(a_stopped_await_does_not_keep_the_loop),
      fixture_test(a_continuation_may_stop_the_next_one),
      fixture_test(thousands_complete_from_another_thread),
      fixture_test(two_loops_await_one_task),
      fixture_test(stop_of_another_continuation_is_false),
  };
  return fixture_main("awaiters", tests);
}
