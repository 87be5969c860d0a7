/* SPDX-License-Identifier: MIT */
/* The cache of countries: a snapshot of the store's dictionary.
 *
 * A hit does not even ask the snapshot: the pointer that it gave is good until
 * the next countries_invalidate or refresh, as nothing else ends the snapshot's
 * value. On a bus others do, so a hit is the snapshot's.
 *
 * A database that cannot tell of changes is looked at by a timer, which runs on
 * for as long as calls are counted between two of its ticks. A tick without any
 * takes the pointer away, so that the next call comes to countries_load, which
 * looks first: nothing wakes up for nobody, and a hit asks nothing more. */
#include "countries_cache.h"

#include <stdlib.h>
#include <string.h>

/* What the countries are on a bus. */
#define BUS_KEY "countries"
/* Between tries to watch the database, where that failed: no memory. */
#define WATCH_AGAIN_MS 1000
#define LOOK_MS 1000
/* Between tries to load what has changed. */
#define REFRESH_AGAIN_MS 1000

/* ---- loading ---- */

static vt_t load(void *store) { return country_store_load(store); }

static void drop(void *store, void *dict) {
  (void)store; /* may be closed */
  country_dict_release(dict);
}

static bool is_believed(const struct cache *c) {
  return c->look_ms == 0 || c->believed;
}

static vt_t get_loaded(struct cache *c) {
  vt_t v = vt_snapshot_get(c->snapshot);
  if (vt_is_succeeded(v) && !c->bus && !c->refreshing && is_believed(c))
    c->public.known = v.value.p;
  return v;
}

const struct country_dict *countries_peek(const countries_t *c) {
  return vt_snapshot_peek(((const struct cache *)c)->snapshot);
}

/* Here only. */
static void forget(struct cache *c) {
  c->public.known = NULL;
  if (!c->closed)
    vt_snapshot_invalidate(c->snapshot);
}

void countries_invalidate(countries_t *countries) {
  struct cache *c = (struct cache *)countries;
  if (!c->bus)
    forget(c);
  else
    vt_cache_bus_invalidate(c->bus, BUS_KEY, strlen(BUS_KEY));
}

/* ---- opening, watching and closing ---- */

static void on_timer_closed(uv_handle_t *timer) { free(timer->data); }

/* Of an end that nobody waits for; of a look, as others follow. */
static void on_nothing(void *state, vt_result_t r) {
  (void)state;
  (void)r;
}

void cache_leave(struct cache *c) {
  if (--c->users != 0)
    return;
  vt_await(vt_snapshot_close_async(c->snapshot), on_nothing, NULL);
  country_store_close(c->store);
  vt_cache_bus_unref(c->bus);
  uv_close((uv_handle_t *)&c->again, on_timer_closed);
}

struct refresh_frame {
  vt_frame_t vt;
  struct cache *c;
  vt_result_t r;
  uint64_t loads;
};

static vt_snapshot_stats_t stats_of(const struct cache *c) {
  vt_snapshot_stats_t s;
  vt_snapshot_stats(c->snapshot, &s);
  return s;
}

/* Loads what is newer than now; the old stays until it is there, and where that
 * fails. */
static vt_t refresh_body(void *frame) {
  struct refresh_frame *f = frame;
  VT_BEGIN(f);
  f->c->users++;
  f->c->public.known = NULL;
  f->c->refreshing++;
  f->loads = stats_of(f->c).loads + 1;
  VT_AWAIT(f, f->r, vt_snapshot_refresh_async(f->c->snapshot));
  if (f->r.status == 0 && stats_of(f->c).loads < f->loads && !f->c->closed)
    VT_AWAIT(f, f->r, vt_snapshot_refresh_async(f->c->snapshot));
  VT_RETURN(f, vt_from_result(f->r));
  VT_FINALLY(f);
  f->c->refreshing--;
  cache_leave(f->c);
  VT_END(f);
}

vt_t cache_refresh(struct cache *c) {
  struct refresh_frame f = {.c = c};
  return vt_start_boxed(&f, sizeof f, refresh_body);
}

struct watch_frame {
  vt_frame_t vt;
  struct cache *c;
  vt_result_t r;
  bool loaded;
};

/* There is something to keep, or soon. */
static bool has_data(const struct cache *c) {
  return countries_is_loaded(&c->public) || stats_of(c).waiting > 0;
}

/* Each cache has a watch. */
static vt_t watch_body(void *frame) {
  struct watch_frame *f = frame;
  VT_BEGIN(f);
  while (!f->c->closed) {
    VT_TRY(f, country_store_watch(f->c->store));
    f->loaded = false;
    while (!f->loaded && has_data(f->c) && !f->c->closed) {
      VT_AWAIT(f, f->r, cache_refresh(f->c));
      f->loaded = f->r.status == 0;
      if (f->c->closed)
        break;
      if (!f->loaded && f->r.status != UV_ENOMEM)
        VT_AWAIT(f, f->r, vt_delay(REFRESH_AGAIN_MS));
      if (f->r.status == UV_ENOMEM)
        break; /* to forget needs none */
    }
    if (f->loaded)
      f->c->changes++;
    else
      forget(f->c);
  }
  VT_END(f);
}

static void start_to_watch(struct cache *c);

static void on_again(uv_timer_t *timer) { start_to_watch(timer->data); }

static void on_watch_ended(void *state, vt_result_t r) {
  struct cache *c = state;
  c->watch = vt_done();
  (void)r;
  if (!c->closed)
    uv_timer_start(&c->again, on_again, WATCH_AGAIN_MS, 0);
  cache_leave(c);
}

/* For all, so of no scope. */
static void start_to_watch(struct cache *c) {
  struct watch_frame f = {.c = c};
  vt_scope_t *before = vt_scope_enter(NULL);
  c->users++;
  c->watch = vt_start_boxed(&f, sizeof f, watch_body);
  vt_scope_leave(before);
  vt_await(c->watch, on_watch_ended, c);
}

static int open_snapshot(struct cache *c) {
  const vt_snapshot_options_t options = {
      .load = load, .drop = drop, .arg = c->store, .flags = VT_SNAPSHOT_DRAIN};
  int status = vt_snapshot_new(&options, &c->snapshot);
  if (status != 0 || !c->bus)
    return status;
  status = vt_cache_bus_join_snapshot(c->bus, c->snapshot, BUS_KEY,
                                      strlen(BUS_KEY), &c->member);
  if (status != 0)
    vt_await(vt_snapshot_close_async(c->snapshot), on_nothing, NULL);
  return status;
}

static int open_parts(struct cache *c, const char *db) {
  int status = country_store_open(db, &c->store);
  if (status != 0)
    return status;
  status = open_snapshot(c);
  if (status != 0)
    country_store_close(c->store);
  return status;
}

int countries_open_on(const char *db, vt_cache_bus_t *bus, countries_t **out) {
  struct cache *c = calloc(1, sizeof *c);
  if (!c)
    return UV_ENOMEM;
  c->bus = bus;
  int status = open_parts(c, db);
  if (status != 0) {
    free(c);
    return status;
  }
  vt_cache_bus_ref(bus);
  c->users = 1;
  uv_timer_init(vt_loop_uv(vt_loop_current()), &c->again); /* always 0 */
  c->again.data = c;
  if (country_store_can_watch(c->store)) {
    start_to_watch(c);
  } else {
    uv_unref((uv_handle_t *)&c->again);
    c->look_ms = LOOK_MS;
  }
  *out = &c->public;
  return 0;
}

int countries_open(const char *db, countries_t **out) {
  return countries_open_on(db, NULL, out);
}

void countries_close(countries_t *countries) {
  struct cache *c = (struct cache *)countries;
  if (!c)
    return;
  c->closed = true;
  vt_cancel(c->watch); /* UV_EALREADY where it is over */
  uv_timer_stop(&c->again);
  vt_cache_bus_leave(c->member);
  cache_leave(c);
}

/* ---- looking whether the database has changed ---- */

void countries_look_every(countries_t *countries, uint64_t ms) {
  struct cache *c = (struct cache *)countries;
  if (!country_store_can_watch(c->store))
    c->look_ms = ms;
}

bool countries_is_believed(const countries_t *countries) {
  const struct cache *c = (const struct cache *)countries;
  return countries_is_loaded(countries) && is_believed(c);
}

static uint64_t calls(const struct cache *c) {
  vt_snapshot_stats_t s = stats_of(c);
  return c->public.hits + s.hits + s.misses;
}

static void on_look_due(uv_timer_t *timer);

/* From now on, for look_ms. */
static void believe(struct cache *c) {
  c->believed = true;
  if (!c->closed)
    uv_timer_start(&c->again, on_look_due, c->look_ms, 0);
}

struct look_frame {
  vt_frame_t vt;
  struct cache *c;
  vt_result_t r;
};

/* Whatever comes of it, what is loaded is as good as can be had. */
static vt_t look_body(void *frame) {
  struct look_frame *f = frame;
  VT_BEGIN(f);
  f->c->users++;
  VT_AWAIT(f, f->r, country_store_look(f->c->store));
  if (f->r.status == 0 && f->r.value.u == 1 && !f->c->closed)
    VT_AWAIT(f, f->r, cache_refresh(f->c));
  believe(f->c);
  cache_leave(f->c);
  VT_END(f);
}

static void on_looked(void *state, vt_result_t r) {
  struct cache *c = state;
  (void)r;
  vt_task_unref(c->look);
  c->look = NULL;
  cache_leave(c);
}

/* The look under way, or a new one: for all, so of no scope. */
static vt_t look(struct cache *c) {
  struct look_frame f = {.c = c};
  if (c->look)
    return vt_from_task(c->look);
  vt_scope_t *before = vt_scope_enter(NULL);
  vt_t started = vt_start_boxed(&f, sizeof f, look_body);
  vt_t v = vt_preserve(started, &c->look);
  vt_scope_leave(before);
  if (!vt_is_completed(started)) /* no memory for the task; it goes on */
    vt_forget(started);
  if (c->look) {
    c->users++;
    vt_await(v, on_looked, c);
  }
  return v;
}

static void on_look_due(uv_timer_t *timer) {
  struct cache *c = timer->data;
  uint64_t now = calls(c);
  c->believed = now != c->calls && countries_is_loaded(&c->public);
  c->calls = now;
  if (c->believed)
    vt_await(look(c), on_nothing, NULL);
  else
    c->public.known = NULL;
}

static vt_t look_first_body(void *frame) {
  struct look_frame *f = frame;
  VT_BEGIN(f);
  f->c->users++;
  VT_AWAIT(f, f->r, look(f->c));
  if (f->r.status == UV_ECANCELED)
    VT_RETURN(f, vt_failed(UV_ECANCELED));
  VT_RETURN(f, get_loaded(f->c));
  VT_FINALLY(f);
  cache_leave(f->c);
  VT_END(f);
}

vt_t countries_load(countries_t *countries) {
  struct cache *c = (struct cache *)countries;
  struct look_frame f = {.c = c};
  if (VT_LIKELY(is_believed(c)))
    return get_loaded(c);
  if (countries_is_loaded(countries))
    return vt_start_boxed(&f, sizeof f, look_first_body);
  believe(c); /* a load looks as well */
  return get_loaded(c);
}

/* ---- one country, when it has to be waited for ---- */

struct country_frame {
  vt_frame_t vt;
  countries_t *c;
  int numeric;
  char code[4];
  size_t size;
};

static vt_t by_numeric(void *frame) {
  struct country_frame *f = frame;
  vt_value_t dict;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, dict, countries_load(f->c));
  VT_RETURN(f, vt_from_ptr(country_dict_by_numeric(dict.p, f->numeric)));
  VT_END(f);
}

static vt_t by_alpha(void *frame) {
  struct country_frame *f = frame;
  vt_value_t dict;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, dict, countries_load(f->c));
  VT_RETURN(f, vt_from_ptr(country_dict_by_alpha(dict.p, f->code, f->size)));
  VT_END(f);
}

vt_t countries_load_country(countries_t *c, int numeric) {
  struct country_frame f = {.c = c, .numeric = numeric};
  return vt_start(&f, by_numeric);
}

vt_t get_country_by_alpha(countries_t *c, const char *code, size_t size) {
  struct country_frame f = {.c = c};
  if (VT_LIKELY(c->known != NULL)) {
    c->hits++;
    return vt_from_ptr(country_dict_by_alpha(c->known, code, size));
  }
  f.size = size < sizeof f.code ? size : sizeof f.code; /* 4 is no code */
  if (f.size)
    memcpy(f.code, code, f.size);
  return vt_start(&f, by_alpha);
}

/* ---- what happened ---- */

void countries_stats(const countries_t *countries,
                     struct countries_stats *out) {
  const struct cache *c = (const struct cache *)countries;
  vt_snapshot_stats_t s = stats_of(c);
  *out =
      (struct countries_stats){.hits = countries->hits + s.hits,
                               .misses = s.misses,
                               .loads = s.loads,
                               .failures = s.failures,
                               .load_ns = s.load_ns,
                               .load_ns_last = s.load_ns_last,
                               .waiting = s.waiting,
                               .invalidations = s.invalidations + c->changes};
}

const char *countries_error(const countries_t *countries) {
  return country_store_error(((const struct cache *)countries)->store);
}
