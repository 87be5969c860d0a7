/* SPDX-License-Identifier: MIT */
/* Buses: what one thread invalidates, the caches of all loops forget. */
#include "support/peer.h"

#include <string.h>

/* ---- helpers ---- */

/* What one loop has. */
struct place {
  vt_cache_bus_t *bus;
  vt_cache_t *cache;
  vt_snapshot_t *snapshot; /* the value of "b1" */
  vt_cache_member_t *members[2];
  int64_t status; /* the first that is not 0 */
  int there;      /* bits of what look found: a1, a2, b1, the snapshot */
  uint64_t forgotten;
};

static void note(struct place *p, int64_t status) {
  p->status = p->status != 0 ? p->status : status;
}

static void put(struct place *p) {
  note(p, vt_cache_put(p->cache, "a1", 2, "x", 1));
  note(p, vt_cache_put(p->cache, "a2", 2, "x", 1));
  note(p, vt_cache_put(p->cache, "b1", 2, "x", 1));
  note(p, vt_snapshot_put(p->snapshot, p));
}

static vt_t enter(void *arg) {
  struct place *p = arg;
  vt_snapshot_options_t options = {.flags = 0};
  note(p, vt_cache_new(NULL, &p->cache));
  note(p, vt_snapshot_new(&options, &p->snapshot));
  note(p, vt_cache_bus_join_cache(p->bus, p->cache, &p->members[0]));
  note(p, vt_cache_bus_join_snapshot(p->bus, p->snapshot, "b1", 2,
                                     &p->members[1]));
  put(p);
  return vt_done();
}

static vt_t look(void *arg) {
  struct place *p = arg;
  vt_snapshot_stats_t stats;
  p->there = (vt_cache_peek(p->cache, "a1", 2) != NULL) |
             (vt_cache_peek(p->cache, "a2", 2) != NULL) << 1 |
             (vt_cache_peek(p->cache, "b1", 2) != NULL) << 2 |
             (vt_snapshot_peek(p->snapshot) != NULL) << 3;
  vt_snapshot_stats(p->snapshot, &stats);
  p->forgotten = stats.invalidations;
  return vt_done();
}

static vt_t look_and_put(void *arg) {
  vt_forget(look(arg));
  put(arg);
  return vt_done();
}

static vt_t leave(void *arg) {
  struct place *p = arg;
  for (int i = 0; i < 2; i++)
    note(p, vt_cache_bus_leave(p->members[i]));
  vt_forget(vt_snapshot_close_async(p->snapshot));
  return vt_cache_close_async(p->cache);
}

/* Two loops with all that, this thread's first. */
struct town {
  struct two_loops *loops;
  struct place places[2];
};

static void call(struct town *t, vt_invoke_fn *fn) {
  vt_loop_t *loops[2] = {t->loops->f.vt, t->loops->peer.loop};
  for (int i = 0; i < 2; i++) {
    struct seen seen = {0};
    vt_await(vt_invoke_on(loops[i], fn, &t->places[i]), seen_k, &seen);
    assert_true(fixture_run(&t->loops->f));
    assert_seen_int(&seen, 0);
    assert_status(t->places[i].status, 0);
  }
}

static void open_town(struct town *t, void *state) {
  memset(t, 0, sizeof *t);
  t->loops = state;
  assert_status(vt_cache_bus_new(&t->places[0].bus), 0);
  t->places[1].bus = t->places[0].bus;
  call(t, enter);
}

static void close_town(struct town *t) {
  call(t, leave);
  vt_cache_bus_unref(t->places[0].bus);
}

static void assert_there(struct town *t, int expected) {
  vt_forget(look(&t->places[0])); /* at once */
  assert_int_equal(t->places[0].there, expected);
  call(t, look);
  assert_int_equal(t->places[1].there, expected);
}

/* ---- it works ---- */

static void a_key_is_forgotten_everywhere(void **state) {
  struct town t;
  open_town(&t, *state);
  assert_status(vt_cache_bus_invalidate(t.places[0].bus, "a1", 2), 0);
  assert_there(&t, 14);
  assert_status(vt_cache_bus_invalidate(t.places[0].bus, "b1", 2), 0);
  assert_there(&t, 2);
  assert_status(vt_cache_bus_invalidate(t.places[0].bus, "b", 1), 0);
  assert_there(&t, 2);
  close_town(&t);
}

static void a_prefix_is_forgotten_everywhere(void **state) {
  struct town t;
  open_town(&t, *state);
  assert_status(vt_cache_bus_invalidate_prefix(t.places[0].bus, "a", 1), 0);
  assert_there(&t, 12);
  assert_status(vt_cache_bus_invalidate_prefix(t.places[0].bus, "b11", 3), 0);
  assert_there(&t, 12);
  assert_status(vt_cache_bus_invalidate_prefix(t.places[0].bus, "b", 1), 0);
  assert_there(&t, 0);
  close_town(&t);
}

static void all_is_forgotten_everywhere(void **state) {
  struct town t;
  open_town(&t, *state);
  assert_status(vt_cache_bus_invalidate_all(t.places[0].bus), 0);
  assert_there(&t, 0);
  call(&t, look_and_put);
  assert_status(vt_cache_bus_invalidate_prefix(t.places[0].bus, NULL, 0), 0);
  assert_there(&t, 0);
  close_town(&t);
}

/* A message that follows an invalidate finds nothing of before. */
static void a_message_does_not_overtake_it(void **state) {
  struct town t;
  open_town(&t, *state);
  for (int round = 0; round < 300; round++) {
    call(&t, look_and_put);
    assert_status(vt_cache_bus_invalidate(t.places[0].bus, "a1", 2), 0);
    struct seen seen = {0};
    vt_await(vt_invoke_on(t.loops->peer.loop, look, &t.places[1]), seen_k,
             &seen);
    assert_true(fixture_run(&t.loops->f));
    assert_int_equal(t.places[1].there, 14);
  }
  close_town(&t);
}

/* ---- threads ---- */

enum { THREADS = 3, EACH = 2000 };

static void tell_often(void *bus) {
  for (int i = 0; i < EACH; i++)
    if (i % 16 == 0)
      vt_cache_bus_invalidate_prefix(bus, "b", 1);
    else
      vt_cache_bus_invalidate(bus, i % 2 ? "a1" : "b1", 2);
  vt_cache_bus_unref(bus);
}

static void none_is_lost_between_threads(void **state) {
  struct town t;
  uv_thread_t threads[THREADS];
  open_town(&t, *state);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_create(&threads[i], tell_often,
                                      vt_cache_bus_ref(t.places[0].bus)),
                     0);
  call(&t, look_and_put);
  for (int i = 0; i < THREADS; i++)
    uv_thread_join(&threads[i]);
  call(&t, look);
  for (int i = 0; i < 2; i++)
    assert_int_equal(t.places[i].forgotten, THREADS * EACH / 2);
  close_town(&t);
}

static void members_come_and_go_meanwhile(void **state) {
  struct two_loops *loops = *state;
  struct place here = {0};
  uv_thread_t thread;
  vt_snapshot_options_t options = {.flags = 0};
  assert_status(vt_cache_bus_new(&here.bus), 0);
  assert_status(vt_snapshot_new(&options, &here.snapshot), 0);
  assert_int_equal(
      uv_thread_create(&thread, tell_often, vt_cache_bus_ref(here.bus)), 0);
  for (int i = 0; i < EACH; i++) {
    vt_cache_member_t *m = NULL;
    note(&here,
         vt_cache_bus_join_snapshot(here.bus, here.snapshot, "b1", 2, &m));
    if (i % 3 == 0)
      fixture_turn(&loops->f);
    note(&here, vt_cache_bus_leave(m));
  }
  uv_thread_join(&thread);
  assert_status(here.status, 0);
  assert_status(vt_status(vt_snapshot_close_async(here.snapshot)), 0);
  vt_cache_bus_unref(here.bus);
}

/* More than the notices that are kept for one who does not read. */
static void tell_too_often(void *arg) {
  struct place *p = arg;
  vt_alloc_stats_t before, after;
  char key[256] = "a key that nobody has";
  vt_alloc_stats(&before);
  for (int i = 0; i < 20000; i++)
    note(p, vt_cache_bus_invalidate(p->bus, key, sizeof key));
  vt_alloc_stats(&after);
  if (after.bytes - before.bytes > 2 << 20)
    note(p, UV_ENOBUFS);
}

static void who_does_not_read_forgets_all(void **state) {
  struct town t;
  struct place *p = &t.places[0];
  open_town(&t, *state);
  fixture_on_thread(tell_too_often, p, 0);
  assert_status(p->status, 0);
  call(&t, look);
  assert_int_equal(p->there | t.places[1].there, 0);
  put(p);
  assert_status(vt_cache_bus_invalidate(p->bus, "a1", 2), 0);
  vt_forget(look(p));
  assert_int_equal(p->there, 14);
  close_town(&t);
}

/* ---- it fails ---- */

static void one_that_has_left_is_not_told(void **state) {
  struct two_loops *loops = *state;
  struct place p = {0};
  assert_status(vt_cache_bus_new(&p.bus), 0);
  vt_forget(enter(&p));
  assert_status(vt_cache_bus_leave(p.members[0]), 0);
  p.members[0] = NULL;
  assert_status(vt_cache_bus_invalidate_all(p.bus), 0);
  vt_forget(look(&p));
  assert_int_equal(p.there, 7);
  vt_forget(leave(&p));
  vt_cache_bus_unref(p.bus);
  assert_true(fixture_run(&loops->f));
}

static void wrong_arguments_are_refused(void **state) {
  vt_cache_bus_t *bus = NULL;
  vt_cache_member_t *m = NULL;
  vt_snapshot_t *s = NULL;
  vt_snapshot_options_t options = {.flags = 0};
  (void)state;
  assert_status(vt_cache_bus_new(NULL), UV_EINVAL);
  assert_status(vt_cache_bus_invalidate(NULL, "a", 1), UV_EINVAL);
  assert_status(vt_cache_bus_invalidate_prefix(NULL, "a", 1), UV_EINVAL);
  assert_status(vt_cache_bus_invalidate_all(NULL), UV_EINVAL);
  assert_status(vt_cache_bus_leave(NULL), 0);
  vt_cache_bus_unref(NULL);
  assert_null(vt_cache_bus_ref(NULL));
  assert_status(vt_cache_bus_new(&bus), 0);
  assert_status(vt_snapshot_new(&options, &s), 0);
  assert_status(vt_cache_bus_invalidate(bus, NULL, 1), UV_EINVAL);
  assert_status(vt_cache_bus_invalidate(bus, "nobody hears it", 15), 0);
  assert_status(vt_cache_bus_join_cache(bus, NULL, &m), UV_EINVAL);
  assert_status(vt_cache_bus_join_snapshot(bus, s, NULL, 1, &m), UV_EINVAL);
  assert_status(vt_cache_bus_join_snapshot(NULL, s, "a", 1, &m), UV_EINVAL);
  assert_status(vt_cache_bus_join_snapshot(bus, s, "a", 1, NULL), UV_EINVAL);
  assert_status(vt_status(vt_snapshot_close_async(s)), 0);
  vt_cache_bus_unref(bus);
}

static vt_t join_what_is_not_here(void *arg) {
  struct place *p = arg;
  vt_cache_member_t *m = NULL;
  int cache = vt_cache_bus_join_cache(p->bus, p->cache, &m);
  int snapshot = vt_cache_bus_join_snapshot(p->bus, p->snapshot, "b1", 2, &m);
  return m ? vt_failed(UV_EEXIST) : vt_from_int(cache + snapshot);
}

static void a_member_joins_where_it_lives(void **state) {
  struct two_loops *loops = *state;
  struct place p = {0};
  struct seen seen = {0};
  assert_status(vt_cache_bus_new(&p.bus), 0);
  vt_forget(enter(&p));
  vt_await(vt_invoke_on(loops->peer.loop, join_what_is_not_here, &p), seen_k,
           &seen);
  assert_true(fixture_run(&loops->f));
  assert_seen_int(&seen, 2 * VT_ETHREAD);
  vt_forget(leave(&p));
  vt_cache_bus_unref(p.bus);
}

static void a_loop_with_a_member_is_not_left(void **state) {
  struct two_loops *loops = *state;
  struct place p = {0};
  assert_status(vt_cache_bus_new(&p.bus), 0);
  vt_forget(enter(&p));
  assert_status(vt_loop_detach(loops->f.vt, NULL), UV_EBUSY);
  assert_report(&loops->f, VT_REPORT_LEFT, 0);
  assert_report(&loops->f, VT_REPORT_LEFT, 0);
  assert_true(fixture_run(&loops->f)); /* nor is it kept going */
  vt_forget(leave(&p));
  vt_cache_bus_unref(p.bus);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      two_loops_test(a_key_is_forgotten_everywhere),
      two_loops_test(a_prefix_is_forgotten_everywhere),
      two_loops_test(all_is_forgotten_everywhere),
      two_loops_test(a_message_does_not_overtake_it),
      two_loops_test(none_is_lost_between_threads),
      two_loops_test(members_come_and_go_meanwhile),
      two_loops_test(who_does_not_read_forgets_all),
      two_loops_test(one_that_has_left_is_not_told),
      two_loops_test(wrong_arguments_are_refused),
      two_loops_test(a_member_joins_where_it_lives),
      two_loops_test(a_loop_with_a_member_is_not_left),
  };
  return fixture_main("cache_bus", tests);
}
