/* SPDX-License-Identifier: MIT */
/* Each allocation of each scenario of snapshots, of one loop and of several,
 * fails once, and from there on: who cannot wait is told so at once, an
 * invalidate is never lost, and no value is lost or dropped twice. */
#include "support/scenario.h"

#include <string.h>

/* ---- helpers ---- */

enum { WAITS = 8, FRONTS = 3 };

struct goods {
  vt_snapshot_t *snapshot; /* or, of a shared one: */
  vt_shared_snapshot_t *shared;
  vt_snapshot_t *fronts[FRONTS];
  int loaded; /* values made */
  int dropped;
};

static void on_pause(void *state, vt_result_t r) {
  vt_promise_t *promise = state;
  if (r.status == 0)
    vt_promise_set(promise, (vt_value_t){.i = 7});
  else
    vt_promise_fail(promise, r.status);
  vt_promise_free(promise);
}

struct load_frame {
  vt_frame_t vt;
  struct goods *goods;
};

static vt_t load_body(void *frame) {
  struct load_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  f->goods->loaded++;
  VT_RETURN(f, vt_from_int(7));
  VT_END(f);
}

static vt_t load(void *goods) {
  struct load_frame f = {.goods = goods};
  return vt_start(&f, load_body);
}

/* The same by a task, for which an await needs memory of its own. */
static vt_t load_task(void *arg) {
  vt_promise_t *promise;
  (void)arg;
  int rc = vt_promise_new(0, &promise);
  if (rc != 0)
    return vt_failed(rc);
  vt_t v = vt_from_task(vt_promise_task(promise));
  vt_await(vt_yield(), on_pause, promise);
  return v;
}

static void drop(void *goods, void *value) {
  (void)value;
  ((struct goods *)goods)->dropped++;
}

static bool open_goods(struct run *r, struct goods *g,
                       vt_snapshot_load_fn *fn) {
  vt_snapshot_options_t options = {
      .load = fn, .drop = drop, .arg = g, .flags = VT_SNAPSHOT_CANCEL};
  memset(g, 0, sizeof *g);
  int rc = vt_snapshot_new(&options, &g->snapshot);
  if (!run_is_clear(rc) || (rc == 0) != (g->snapshot != NULL))
    run_tell(r, "vt_snapshot_new: neither a snapshot nor UV_ENOMEM");
  return rc == 0;
}

static void close_goods(struct run *r, struct goods *g) {
  run_await(r, vt_snapshot_close_async(g->snapshot));
  fixture_run(&r->f);
}

static void count_goods(struct run *r, const struct goods *g, int puts) {
  if (g->dropped != g->loaded + puts)
    run_tell(r, "a value was lost, or dropped twice");
}

static bool open_shared(struct run *r, struct goods *g) {
  vt_snapshot_options_t options = {.load = load, .drop = drop, .arg = g};
  memset(g, 0, sizeof *g);
  int rc = vt_shared_snapshot_new(&options, &g->shared);
  for (int i = 0; i < FRONTS && rc == 0; i++) {
    rc = vt_shared_snapshot_open(g->shared, &g->fronts[i]);
    if (!run_is_clear(rc) || (rc == 0) != (g->fronts[i] != NULL))
      run_tell(r, "neither a front nor UV_ENOMEM");
  }
  return rc == 0;
}

static void close_shared(struct run *r, struct goods *g, int puts) {
  for (int i = 0; i < FRONTS; i++)
    if (g->fronts[i])
      run_await(r, vt_snapshot_close_async(g->fronts[i]));
  vt_shared_snapshot_unref(g->shared);
  fixture_run(&r->f);
  count_goods(r, g, puts);
}

static void get_all(struct run *r, struct goods *g) {
  for (int i = 0; i < FRONTS; i++)
    run_await(r, vt_snapshot_get(g->fronts[i]));
}

/* ---- the scenarios ---- */

SCENARIO(a_snapshot_waited_for) {
  static struct goods g;
  if (!open_goods(r, &g, load))
    return;
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_snapshot_get(g.snapshot));
  fixture_run(&r->f);
  vt_snapshot_invalidate(g.snapshot);
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_snapshot_get(g.snapshot));
  vt_snapshot_invalidate(g.snapshot);
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_snapshot_get(g.snapshot));
  fixture_run(&r->f);
  run_await(r, vt_snapshot_refresh_async(g.snapshot));
  fixture_run(&r->f);
  close_goods(r, &g);
  count_goods(r, &g, 0);
}

SCENARIO(a_snapshot_of_a_task) {
  static struct goods g;
  if (!open_goods(r, &g, load_task))
    return;
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_snapshot_get(g.snapshot));
  fixture_run(&r->f);
  run_await(r, vt_snapshot_get(g.snapshot));
  fixture_run(&r->f);
  close_goods(r, &g);
}

SCENARIO(a_snapshot_put_into) {
  static struct goods g;
  if (!open_goods(r, &g, load))
    return;
  for (int i = 0; i < WAITS; i++)
    if (!run_is_clear(vt_snapshot_put(g.snapshot, &g)))
      run_tell(r, "vt_snapshot_put: neither done nor UV_ENOMEM");
  run_await(r, vt_snapshot_get(g.snapshot));
  fixture_run(&r->f);
  close_goods(r, &g);
  count_goods(r, &g, WAITS);
}

SCENARIO(a_snapshot_closed_early) {
  static struct goods g;
  static struct seen waits[WAITS];
  if (!open_goods(r, &g, load))
    return;
  for (int i = 0; i < WAITS; i++)
    vt_await(vt_snapshot_get(g.snapshot), seen_k, &waits[i]);
  close_goods(r, &g);
  count_goods(r, &g, 0);
}

SCENARIO(a_shared_snapshot) {
  static struct goods g;
  if (open_shared(r, &g)) {
    get_all(r, &g);
    fixture_run(&r->f);
    get_all(r, &g);
    vt_shared_snapshot_invalidate(g.shared);
    get_all(r, &g);
    vt_shared_snapshot_invalidate(g.shared);
    get_all(r, &g);
    fixture_run(&r->f);
  }
  close_shared(r, &g, 0);
}

SCENARIO(a_shared_snapshot_put_into) {
  static struct goods g;
  int puts = 0;
  if (open_shared(r, &g)) {
    for (; puts < 4; puts++)
      if (!run_is_clear(vt_shared_snapshot_put(g.shared, &g)))
        run_tell(r, "vt_shared_snapshot_put: neither done nor UV_ENOMEM");
    get_all(r, &g);
    fixture_run(&r->f);
  }
  close_shared(r, &g, puts);
}

/* Without memory for the key all is forgotten. */
SCENARIO(a_bus_of_snapshots) {
  vt_cache_bus_t *bus = NULL;
  vt_snapshot_t *s = NULL;
  vt_cache_member_t *m = NULL;
  vt_snapshot_options_t options = {.flags = 0};
  int rc = vt_cache_bus_new(&bus);
  if (rc == 0)
    rc = vt_snapshot_new(&options, &s);
  if (rc == 0)
    rc = vt_cache_bus_join_snapshot(bus, s, "key", 3, &m);
  if (!run_is_clear(rc) || (rc == 0) != (m != NULL))
    run_tell(r, "neither a member nor UV_ENOMEM");
  for (int i = 0; i < 4 && m; i++) {
    rc = vt_snapshot_put(s, &rc);
    rc = vt_cache_bus_invalidate(bus, "key", 3);
    if (!run_is_clear(rc) || vt_snapshot_peek(s))
      run_tell(r, "an invalidate was lost");
  }
  if (vt_cache_bus_leave(m) != 0)
    run_tell(r, "it cannot leave");
  run_await(r, vt_snapshot_close_async(s));
  vt_cache_bus_unref(bus);
  fixture_run(&r->f);
}

SCENARIO(counted_memory) {
  void *block = NULL;
  int rc = vt_counted_new(100, NULL, &block);
  if (!run_is_clear(rc) || (rc == 0) != (block != NULL))
    run_tell(r, "vt_counted_new: neither memory nor UV_ENOMEM");
  vt_counted_release(block);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_snapshot_waited_for),
      cmocka_unit_test(a_snapshot_of_a_task),
      cmocka_unit_test(a_snapshot_put_into),
      cmocka_unit_test(a_snapshot_closed_early),
      cmocka_unit_test(a_shared_snapshot),
      cmocka_unit_test(a_shared_snapshot_put_into),
      cmocka_unit_test(a_bus_of_snapshots),
      cmocka_unit_test(counted_memory),
  };
  return fixture_main("fault_snapshot", tests);
}
