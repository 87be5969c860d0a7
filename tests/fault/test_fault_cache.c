/* SPDX-License-Identifier: MIT */
/* Each allocation of each scenario of the cache fails once, and from there on:
 * who cannot be served is told so, nobody else notices, and nothing is left. */
#include <string.h>

#include "support/scenario.h"

/* ---- helpers ---- */

enum { KEYS = 24 };

struct load_frame {
  vt_frame_t vt;
  vt_cache_load_t *load;
};

static vt_t put_key(vt_cache_load_t *load) {
  size_t size = 0;
  const void *key = vt_cache_load_key(load, &size);
  return vt_cache_load_put(load, key, size);
}

static vt_t load_body(void *frame) {
  struct load_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(1));
  VT_TRY(f, put_key(f->load));
  VT_RETURN(f, vt_delay(1));
  VT_END(f);
}

static vt_t load_slowly(void *arg, vt_cache_load_t *load) {
  struct load_frame f = {.load = load};
  (void)arg;
  return vt_start(&f, load_body);
}

struct many_frame {
  vt_frame_t vt;
  vt_cache_load_t *loads[KEYS];
  size_t count;
  size_t i;
};

static vt_t many_body(void *frame) {
  struct many_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(1));
  for (f->i = 0; f->i < f->count; f->i++)
    VT_TRY(f, put_key(f->loads[f->i]));
  VT_END(f);
}

static vt_t load_many(void *arg, vt_cache_load_t *const loads[], size_t count) {
  struct many_frame f = {.count = count};
  (void)arg;
  memcpy(f.loads, loads, count * sizeof *loads);
  return vt_start(&f, many_body);
}

/* A task needs memory to be awaited: without it the load is lost. */
static vt_t load_by_task(void *arg, vt_cache_load_t *load) {
  vt_t put = put_key(load), delay = vt_delay(1);
  vt_task_t *task = vt_as_task(delay);
  vt_t v = vt_from_task(task);
  *(vt_task_t **)arg = task;
  if (vt_status(put) == 0 && vt_status(v) == VT_PENDING)
    return v;
  vt_forget(delay);
  return vt_failed(UV_ENOMEM);
}

struct tasks {
  vt_task_t *each[4];
  int count;
};

static vt_t load_many_by_task(void *arg, vt_cache_load_t *const loads[],
                              size_t count) {
  struct tasks *tasks = arg;
  vt_t delay = vt_delay(1);
  vt_task_t *task = vt_as_task(delay);
  vt_t v = vt_from_task(task);
  tasks->each[tasks->count++] = task;
  for (size_t i = 0; i < count; i++) {
    vt_t put = put_key(loads[i]);
    if (vt_status(put) != 0)
      vt_cache_load_fail(loads[i], vt_status(put));
  }
  if (vt_status(v) == VT_PENDING)
    return v;
  vt_forget(delay);
  return vt_failed(UV_ENOMEM);
}

/* A cache, or no memory for one. */
static vt_cache_t *open_cache(struct run *r, vt_cache_options_t options) {
  vt_cache_t *cache = NULL;
  int rc = vt_cache_new(&options, &cache);
  if (!run_is_clear(rc) || (rc == 0) != (cache != NULL))
    run_tell(r, "vt_cache_new: neither a cache nor UV_ENOMEM");
  return cache;
}

static void get(struct run *r, vt_cache_t *cache, int key) {
  run_await(r, vt_cache_get(cache, &key, sizeof key));
}

static void check(struct run *r, vt_cache_t *cache) {
  vt_cache_stats_t stats;
  vt_cache_stats(cache, &stats);
  if (stats.loading + stats.waiting != 0)
    run_tell(r, "a key is stuck");
  if (stats.loads < stats.failures)
    run_tell(r, "the counters are wrong");
}

/* A close is one also when nobody can be told of its end. */
static void close_cache(struct run *r, vt_cache_t *cache) {
  vt_t v = vt_cache_close_async(cache);
  if (!run_is_clear(vt_status(v)) && vt_status(v) != VT_PENDING)
    run_tell(r, "not closed");
  vt_forget(v);
  fixture_run(&r->f);
}

/* ---- scenarios ---- */

SCENARIO(what_is_put) {
  vt_cache_t *cache = open_cache(r, (vt_cache_options_t){.max_entries = 10});
  for (int i = 0; i < KEYS && cache; i++) {
    int rc = vt_cache_put(cache, &i, sizeof i, "value", 5);
    const vt_cache_value_t *value = vt_cache_peek(cache, &i, sizeof i);
    if (!run_is_clear(rc) || (rc == 0 && !value) || (rc != 0 && value))
      run_tell(r, "neither put nor refused");
    vt_cache_release(vt_cache_retain(value));
  }
  if (cache)
    close_cache(r, cache);
}

static void on_drop(void *arg, void *data) {
  (void)data;
  --*(int *)arg;
}

SCENARIO(pointers_that_are_put) {
  static int owned;
  owned = 0;
  vt_cache_t *cache = open_cache(
      r, (vt_cache_options_t){.drop = on_drop,
                              .arg = &owned,
                              .max_bytes = 9 * (1 + VT_CACHE_ENTRY_BYTES)});
  for (int i = 0; i < KEYS && cache; i++) {
    owned++;
    if (!run_is_clear(vt_cache_put(cache, &i, 1, &owned, 1)))
      run_tell(r, "neither put nor refused");
  }
  if (cache)
    close_cache(r, cache);
  if (owned != 0)
    run_tell(r, "a pointer was lost");
}

static void load_all(struct run *r, vt_cache_options_t options) {
  vt_cache_t *cache = open_cache(r, options);
  for (int i = 0; i < KEYS && cache; i++)
    get(r, cache, i / 2);
  fixture_run(&r->f);
  if (!cache)
    return;
  check(r, cache);
  close_cache(r, cache);
}

SCENARIO(loads_that_are_shared) {
  load_all(r, (vt_cache_options_t){.load = load_slowly, .fail_ms = 1000});
}

SCENARIO(loads_by_tasks) {
  static vt_task_t *task;
  vt_cache_t *cache =
      open_cache(r, (vt_cache_options_t){.load = load_by_task, .arg = &task});
  task = NULL;
  if (!cache)
    return;
  for (int i = 0; i < 4; i++) {
    get(r, cache, 0);
    fixture_run(&r->f);
    vt_cache_invalidate_all(cache);
    vt_task_unref(task);
    task = NULL;
  }
  check(r, cache);
  close_cache(r, cache);
}

SCENARIO(loads_that_are_invalidated) {
  vt_cache_t *cache = open_cache(r, (vt_cache_options_t){.load = load_slowly});
  for (int i = 0; i < KEYS && cache; i++) {
    get(r, cache, i / 4);
    vt_cache_invalidate_all(cache);
  }
  fixture_run(&r->f);
  if (!cache)
    return;
  check(r, cache);
  close_cache(r, cache);
}

static void on_left(void *arg, const void *key, size_t key_size,
                    const vt_cache_value_t *value, vt_cache_reason_t reason) {
  (void)key, (void)key_size, (void)value, (void)reason;
  ++*(int *)arg;
}

SCENARIO(a_close_with_waiters) {
  static int left;
  vt_cache_t *cache = open_cache(
      r,
      (vt_cache_options_t){.load = load_slowly, .left = on_left, .arg = &left});
  if (!cache)
    return;
  if (!run_is_clear(vt_cache_put(cache, "a", 1, "b", 1)))
    run_tell(r, "neither put nor refused");
  vt_forget(vt_cache_get(cache, "c", 1));
  close_cache(r, cache);
}

SCENARIO(many_at_once) {
  static int keys[KEYS];
  static vt_cache_item_t items[2][KEYS];
  vt_cache_t *cache = open_cache(
      r, (vt_cache_options_t){.load = load_slowly, .load_many = load_many});
  for (int i = 0; i < KEYS; i++) {
    keys[i] = i / 2;
    items[0][i] = (vt_cache_item_t){.key = &keys[i], .key_size = sizeof i};
    items[1][i] = items[0][i];
  }
  if (!cache)
    return;
  run_await(r, vt_cache_get_many(cache, items[0], KEYS / 2));
  run_await(r, vt_cache_get_many(cache, items[1], KEYS));
  fixture_run(&r->f);
  for (int i = 0; i < KEYS; i++)
    if (items[1][i].result.status != VT_PENDING &&
        !run_is_clear(items[1][i].result.status))
      run_tell(r, "a key's result is not clear");
  check(r, cache);
  close_cache(r, cache);
}

SCENARIO(many_by_a_task) {
  static int keys[4] = {1, 2, 3, 4};
  static vt_cache_item_t items[4];
  static struct tasks tasks;
  vt_cache_t *cache = open_cache(
      r, (vt_cache_options_t){.load_many = load_many_by_task, .arg = &tasks});
  if (!cache)
    return;
  for (int i = 0; i < 4; i++)
    items[i] = (vt_cache_item_t){.key = &keys[i], .key_size = sizeof keys[i]};
  tasks.count = 0;
  run_await(r, vt_cache_get_many(cache, items, 4));
  fixture_run(&r->f);
  while (tasks.count > 0)
    vt_task_unref(tasks.each[--tasks.count]);
  check(r, cache);
  close_cache(r, cache);
}

SCENARIO(a_refresh) {
  vt_cache_t *cache =
      open_cache(r, (vt_cache_options_t){.load = load_slowly, .refresh_ms = 1});
  for (int i = 0; i < 4 && cache; i++) {
    get(r, cache, 0);
    run_await(r, vt_delay(4));
    fixture_run(&r->f);
  }
  if (!cache)
    return;
  check(r, cache);
  close_cache(r, cache);
}

/* One that is lost does not end the refreshing. */
SCENARIO(refreshes_by_tasks) {
  static vt_task_t *task;
  vt_cache_options_t options = {
      .load = load_by_task, .arg = &task, .refresh_ms = 1, .fail_ms = 1};
  vt_cache_t *cache = open_cache(r, options);
  int key = 0;
  if (!cache)
    return;
  int rc = vt_cache_put(cache, &key, sizeof key, "x", 1);
  for (int i = 0; i < 4 && rc == 0; i++) {
    if (i == 2)
      fault_disarm();
    run_await(r, vt_delay(4));
    fixture_run(&r->f);
    task = NULL;
    get(r, cache, key);
    fixture_run(&r->f);
    vt_task_unref(task);
  }
  const vt_cache_value_t *value = vt_cache_peek(cache, &key, sizeof key);
  if (value && value->size == 1)
    run_tell(r, "it is not refreshed any more");
  check(r, cache);
  close_cache(r, cache);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_put),
      cmocka_unit_test(pointers_that_are_put),
      cmocka_unit_test(loads_that_are_shared),
      cmocka_unit_test(loads_by_tasks),
      cmocka_unit_test(loads_that_are_invalidated),
      cmocka_unit_test(a_close_with_waiters),
      cmocka_unit_test(many_at_once),
      cmocka_unit_test(many_by_a_task),
      cmocka_unit_test(a_refresh),
      cmocka_unit_test(refreshes_by_tasks),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault_cache", tests);
}
