/* SPDX-License-Identifier: MIT */
/* Shared snapshots between threads: whoever gets, refreshes, swaps and
 * invalidates where, one load is under way, nobody gets what he has invalidated
 * himself, and each value goes when the last loop has let go of it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/peer.h"

/* ---- the world ---- */

enum { THREADS = 3, ROUNDS = 3000 };

struct town {
  vt_shared_snapshot_t *shared;
  atomic_uint made;    /* values; their numbers are from 1 on */
  atomic_int alive;    /* of them */
  atomic_int loading;  /* loads under way */
  atomic_int problems; /* rules that did not hold */
};

struct value {
  struct town *town;
  unsigned number;
  bool loaded; /* else put */
};

static void close_value(void *value) {
  struct value *v = value;
  atomic_fetch_sub(&v->town->alive, 1);
  v->number = 0;
}

static struct value *value_new(struct town *t, unsigned number, bool loaded) {
  void *v = NULL;
  if (vt_counted_new(sizeof(struct value), close_value, &v) != 0)
    return NULL;
  *(struct value *)v = (struct value){t, number, loaded};
  atomic_fetch_add(&t->alive, 1);
  return v;
}

struct load_frame {
  vt_frame_t vt;
  struct town *town;
  unsigned number;
};

static vt_t load_body(void *frame) {
  struct load_frame *f = frame;
  VT_BEGIN(f);
  if (f->number % 3)
    VT_TRY(f, vt_delay(f->number % 2));
  if (f->number % 7 == 0)
    VT_RETURN(f, vt_failed(UV_EIO));
  VT_RETURN(f, vt_from_ptr(value_new(f->town, f->number, true)));
  VT_FINALLY(f);
  atomic_fetch_sub(&f->town->loading, 1);
  VT_END(f);
}

static vt_t load(void *town) {
  struct load_frame f = {.town = town};
  f.number = atomic_fetch_add(&f.town->made, 1) + 1;
  if (atomic_fetch_add(&f.town->loading, 1) != 0)
    atomic_fetch_add(&f.town->problems, 1);
  return vt_start(&f, load_body);
}

static void open_town(struct town *t, vt_snapshot_options_t options) {
  memset(t, 0, sizeof *t);
  options.load = load;
  options.drop = vt_counted_drop;
  options.arg = t;
  assert_status(vt_shared_snapshot_new(&options, &t->shared), 0);
}

static void close_town(struct town *t) {
  vt_shared_snapshot_unref(t->shared);
  assert_int_equal(atomic_load(&t->alive), 0);
  assert_int_equal(atomic_load(&t->problems), 0);
}

/* ---- somebody on a loop of his own ---- */

struct citizen {
  struct fixture f;
  struct town *town;
  vt_snapshot_t *front;
  uint32_t random;
  unsigned floor; /* numbers of loads above it are newer than his invalidate */
  const struct value *kept;
  const char *problem;
  struct seen seen;
};

static unsigned pick(struct citizen *c, unsigned n) {
  c->random = c->random * 1664525 + 1013904223;
  return (c->random >> 16) % n;
}

static void expect(struct citizen *c, bool holds) {
  if (!holds)
    atomic_fetch_add(&c->town->problems, 1);
}

static void on_value(void *state, vt_result_t r) {
  struct citizen *c = state;
  const struct value *v = r.value.p;
  if (r.status != 0) {
    expect(c, r.status == UV_EIO || r.status == UV_ECANCELED);
    return;
  }
  expect(c, v->number != 0 && (!v->loaded || v->number > c->floor));
  if (pick(c, 8) == 0) {
    vt_counted_release(c->kept);
    c->kept = vt_counted_retain(v);
  }
}

static void act(struct citizen *c) {
  struct town *t = c->town;
  unsigned what = pick(c, 40);
  if (what == 0) {
    c->floor = atomic_load(&t->made);
    expect(c, vt_snapshot_invalidate(c->front) == 0);
  } else if (what == 1) {
    unsigned number = atomic_fetch_add(&t->made, 1) + 1;
    expect(c, vt_snapshot_put(c->front, value_new(t, number, false)) == 0);
  } else if (what == 2) {
    vt_t v = vt_snapshot_get(c->front);
    vt_await(v, on_value, c);
    if (!vt_in_hand(v))
      vt_cancel(v);
  }
}

struct life_frame {
  vt_frame_t vt;
  struct citizen *c;
  int i;
};

static vt_t life(void *frame) {
  struct life_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (f->i = 0; f->i < ROUNDS; f->i++) {
    act(f->c);
    VT_AWAIT(f, r,
             pick(f->c, 30) ? vt_snapshot_get(f->c->front)
                            : vt_snapshot_refresh_async(f->c->front));
    on_value(f->c, r);
    if (pick(f->c, 4) == 0)
      VT_TRY(f, vt_yield());
  }
  vt_counted_release(f->c->kept);
  VT_RETURN(f, vt_snapshot_close_async(f->c->front));
  VT_END(f);
}

static void live(void *arg) {
  struct citizen *c = arg;
  struct life_frame f = {.c = c};
  c->problem = fixture_open_beside(&c->f);
  if (c->problem)
    return;
  expect(c, vt_shared_snapshot_open(c->town->shared, &c->front) == 0);
  vt_await(vt_start(&f, life), seen_k, &c->seen);
  expect(c, fixture_run(&c->f));
  expect(c, c->seen.count == 1 && c->seen.result.status == 0);
  c->problem = fixture_close(&c->f);
}

static void live_together(vt_snapshot_options_t options) {
  struct town town;
  uv_thread_t threads[THREADS];
  struct citizen *citizens = calloc(THREADS, sizeof *citizens);
  open_town(&town, options);
  for (unsigned i = 0; i < THREADS; i++) {
    citizens[i].town = &town;
    citizens[i].random = i + 1;
    uv_thread_create(&threads[i], live, &citizens[i]);
  }
  for (int i = 0; i < THREADS; i++)
    uv_thread_join(&threads[i]);
  for (int i = 0; i < THREADS; i++)
    if (citizens[i].problem)
      print_error("%s\n", citizens[i].problem);
  for (int i = 0; i < THREADS; i++)
    assert_null(citizens[i].problem);
  free(citizens);
  close_town(&town);
}

/* ---- the cases ---- */

static void many_threads_live_together(void **state) {
  (void)state;
  live_together((vt_snapshot_options_t){.flags = 0});
}

static void and_so_they_do_with_all_options(void **state) {
  (void)state;
  live_together((vt_snapshot_options_t){
      .ttl_ms = 2, .stale_ms = 2, .fail_ms = 1, .flags = VT_SNAPSHOT_CANCEL});
}

struct visit {
  vt_shared_snapshot_t *shared;
  vt_snapshot_t *front;
  const void *there;
};

static vt_t visit_open(void *arg) {
  struct visit *v = arg;
  return vt_from_int(vt_shared_snapshot_open(v->shared, &v->front));
}

static vt_t visit_look(void *arg) {
  struct visit *v = arg;
  v->there = vt_snapshot_peek(v->front);
  return vt_done();
}

static vt_t visit_get(void *arg) {
  struct visit *v = arg;
  return vt_snapshot_get(v->front);
}

static vt_t visit_close(void *arg) {
  struct visit *v = arg;
  return vt_snapshot_close_async(v->front);
}

static vt_value_t visit(struct two_loops *loops, struct visit *v,
                        vt_invoke_fn *fn) {
  struct seen seen = {0};
  vt_await(vt_invoke_on(loops->peer.loop, fn, v), seen_k, &seen);
  assert_true(fixture_run_until(&loops->f, &seen.count, 1));
  assert_status(seen.result.status, 0);
  return seen.result.value;
}

static void a_message_does_not_overtake_a_put(void **state) {
  struct two_loops *loops = *state;
  vt_snapshot_options_t options = {.flags = 0};
  struct visit v = {.shared = NULL};
  assert_status(vt_shared_snapshot_new(&options, &v.shared), 0);
  visit(loops, &v, visit_open);
  for (intptr_t i = 1; i <= 300; i++) {
    assert_status(vt_shared_snapshot_put(v.shared, (void *)i), 0);
    visit(loops, &v, visit_look);
    assert_int_equal((intptr_t)v.there, i);
    if (i % 3)
      continue;
    assert_status(vt_shared_snapshot_invalidate(v.shared), 0);
    visit(loops, &v, visit_look);
    assert_null(v.there);
  }
  visit(loops, &v, visit_close);
  vt_shared_snapshot_unref(v.shared);
}

static vt_t load_promise(void *promise) {
  return vt_from_task(vt_promise_task(promise));
}

static void one_loop_loads_for_another(void **state) {
  struct two_loops *loops = *state;
  vt_promise_t *promise = fixture_promise(0);
  vt_snapshot_options_t options = {.load = load_promise, .arg = promise};
  struct visit v = {.shared = NULL};
  vt_snapshot_t *here = NULL;
  struct seen seen[2] = {{0}};
  assert_status(vt_shared_snapshot_new(&options, &v.shared), 0);
  visit(loops, &v, visit_open);
  assert_status(vt_shared_snapshot_open(v.shared, &here), 0);
  vt_await(vt_snapshot_get(here), seen_k, &seen[0]);
  vt_await(vt_invoke_on(loops->peer.loop, visit_get, &v), seen_k, &seen[1]);
  visit(loops, &v, visit_look); /* that waits by now */
  assert_int_equal(vt_promise_set(promise, (vt_value_t){.i = 7}), 0);
  assert_true(fixture_run(&loops->f));
  assert_seen_int(&seen[0], 7);
  assert_seen_int(&seen[1], 7);
  assert_int_equal(visit(loops, &v, visit_get).i, 7);
  vt_snapshot_stats_t stats;
  vt_shared_snapshot_stats(v.shared, &stats);
  assert_int_equal(stats.loads, 1);
  visit(loops, &v, visit_close);
  vt_forget(vt_snapshot_close_async(here));
  vt_shared_snapshot_unref(v.shared);
  vt_promise_free(promise);
  assert_true(fixture_run(&loops->f));
}

/* Ends the load that its loop runs, before that looks at its messages. */
struct ender {
  struct visit visit; /* first */
  vt_promise_t *promise;
  uv_sem_t at, go;
};

static vt_t end_load(void *arg) {
  struct ender *e = arg;
  uv_sem_post(&e->at);
  uv_sem_wait(&e->go);
  vt_promise_set(e->promise, (vt_value_t){.i = 7});
  return visit_look(&e->visit);
}

static void a_load_that_ends_before_the_message_is_not_kept(void **state) {
  struct two_loops *loops = *state;
  struct ender e = {.promise = fixture_promise(0)};
  vt_snapshot_options_t options = {.load = load_promise, .arg = e.promise};
  struct seen seen[2] = {{0}};
  uv_sem_init(&e.at, 0);
  uv_sem_init(&e.go, 0);
  assert_status(vt_shared_snapshot_new(&options, &e.visit.shared), 0);
  visit(loops, &e.visit, visit_open);
  vt_await(vt_invoke_on(loops->peer.loop, visit_get, &e.visit), seen_k,
           &seen[0]);
  vt_await(vt_invoke_on(loops->peer.loop, end_load, &e), seen_k, &seen[1]);
  uv_sem_wait(&e.at);
  assert_status(vt_shared_snapshot_invalidate(e.visit.shared), 0);
  uv_sem_post(&e.go);
  assert_true(fixture_run(&loops->f));
  assert_seen_int(&seen[0], 7);
  assert_null(e.visit.there);
  visit(loops, &e.visit, visit_look);
  assert_null(e.visit.there);
  visit(loops, &e.visit, visit_close);
  vt_shared_snapshot_unref(e.visit.shared);
  vt_promise_free(e.promise);
  uv_sem_destroy(&e.at);
  uv_sem_destroy(&e.go);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_threads_live_together),
      cmocka_unit_test(and_so_they_do_with_all_options),
      two_loops_test(a_message_does_not_overtake_a_put),
      two_loops_test(one_loop_loads_for_another),
      two_loops_test(a_load_that_ends_before_the_message_is_not_kept),
  };
  return fixture_main("shared_snapshot_threads", tests);
}
