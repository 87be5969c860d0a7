/* SPDX-License-Identifier: MIT */
/* The cache of countries: loading once, and letting go in time.
 *
 * Happy path of a miss: the first caller begins a load, which is a promise and
 * a piece of work on the pool; all callers await the promise's task.
 * on_loaded, back on the loop, keeps the dictionary and completes the promise.
 *
 * A dictionary may be borrowed by the callback that runs and by continuations
 * that are queued, some of them on behalf of others: an async function that
 * returns what it got may be queued on the way up. So a dictionary is not
 * released where it is given up, but retired until a turn of the loop finds
 * the ready queue empty. An idle handle looks; it needs no memory, so that
 * nothing can be left over when there is none. */
#include "countries.h"

#include <stdlib.h>
#include <string.h>

#include "country_db.h"

/* A queue that is never empty, turn after turn, does not keep a dictionary for
 * ever: by then whoever was queued has run long ago. */
#define TURNS_MOST 1000

struct load;

struct cache {
  countries_t public; /* first */
  bool closed;
  int turns;         /* that the retired ones have waited */
  struct load *load; /* that callers wait for; NULL when there is none */
  const struct country_dict *told;    /* while those who waited are told */
  const struct country_dict *retired; /* the list of those given up */
  uv_idle_t idle;                     /* active while there are any */
  char path[];
};

/* All that the worker thread sees is the path. */
struct load {
  struct cache *cache;
  vt_promise_t *promise;
  bool keep; /* false: invalidated since it began */
  char path[];
};

int countries_open(const char *db_path, countries_t **out) {
  vt_loop_t *loop = vt_loop_current();
  size_t size = strlen(db_path) + 1;
  if (!loop)
    return VT_ENOLOOP;
  struct cache *c = calloc(1, sizeof *c + size);
  if (!c)
    return UV_ENOMEM;
  uv_idle_init(vt_loop_uv(loop), &c->idle); /* always 0 */
  c->idle.data = c;
  memcpy(c->path, db_path, size);
  *out = &c->public;
  return 0;
}

/* ---- letting go ---- */

static struct country_dict *not_const(const struct country_dict *dict) {
  return (struct country_dict *)(uintptr_t)dict;
}

static void on_idle_closed(uv_handle_t *handle) { free(handle->data); }

/* Ends a closed cache when nothing of it is under way. */
static void settle(struct cache *c) {
  uv_handle_t *handle = (uv_handle_t *)&c->idle;
  if (c->closed && !c->load && !c->told && !c->retired &&
      !uv_is_closing(handle))
    uv_close(handle, on_idle_closed);
}

static bool is_quiet(void) {
  vt_loop_t *loop = vt_loop_current();
  vt_loop_stats_t stats = {0};
  if (loop)
    vt_loop_stats(loop, &stats);
  return stats.queued == 0;
}

static void on_idle(uv_idle_t *idle) {
  struct cache *c = idle->data;
  if (++c->turns < TURNS_MOST && !is_quiet())
    return;
  while (c->retired) {
    const struct country_dict *dict = c->retired;
    c->retired = dict->retired;
    country_dict_release(dict);
  }
  uv_idle_stop(idle);
  settle(c);
}

static void retire(struct cache *c, const struct country_dict *dict) {
  if (!c->retired)
    c->turns = 0;
  not_const(dict)->retired = c->retired;
  c->retired = dict;
  uv_idle_start(&c->idle, on_idle); /* always 0 */
}

void countries_invalidate(countries_t *countries) {
  struct cache *c = (struct cache *)countries;
  const struct country_dict *dict = c->public.dict;
  c->public.dict = NULL;
  if (c->load)
    c->load->keep = false;
  if (dict && dict != c->told)
    retire(c, dict);
}

void countries_close(countries_t *countries) {
  struct cache *c = (struct cache *)countries;
  if (!c)
    return;
  countries_invalidate(countries);
  c->closed = true;
  settle(c);
}

/* ---- loading ---- */

static vt_result_t run_load(void *arg) {
  const struct load *load = arg;
  const struct country_dict *dict = NULL;
  vt_result_t r = {country_db_load(load->path, &dict), {0}};
  r.value.p = not_const(dict);
  return r;
}

/* Those who wait may call anything of the cache, also close it. */
static void tell(struct load *load, vt_result_t r) {
  struct cache *c = load->cache;
  const struct country_dict *dict = country_dict_value(r);
  if (r.status != 0) {
    vt_promise_fail(load->promise, r.status);
    return;
  }
  if (load->keep)
    c->public.dict = dict;
  c->told = dict;
  vt_promise_set(load->promise, r.value);
  c->told = NULL;
  if (c->public.dict != dict)
    retire(c, dict);
}

static void on_loaded(void *state, vt_result_t r) {
  struct load *load = state;
  struct cache *c = load->cache;
  c->load = NULL;
  tell(load, r);
  vt_promise_free(load->promise);
  free(load);
  settle(c);
}

/* A promise that nobody saw. */
static void drop_promise(vt_promise_t *promise, int64_t status) {
  vt_promise_fail(promise, status);
  vt_task_result(vt_promise_task(promise)); /* observed: it is told in hand */
  vt_promise_free(promise);
}

static int64_t begin_load(struct cache *c) {
  size_t size = strlen(c->path) + 1;
  struct load *load = calloc(1, sizeof *load + size);
  if (!load)
    return UV_ENOMEM;
  int64_t status = vt_promise_new(0, &load->promise);
  if (status != 0) {
    free(load);
    return status;
  }
  memcpy(load->path, c->path, size);
  load->cache = c;
  load->keep = true;
  vt_t work = vt_work(run_load, load);
  if (vt_in_hand(work)) {
    status = vt_status_in_hand(work);
    drop_promise(load->promise, status);
    free(load);
    return status;
  }
  c->load = load;
  vt_await(work, on_loaded, load);
  return 0;
}

vt_t countries_load(countries_t *countries) {
  struct cache *c = (struct cache *)countries;
  int64_t status = c->load ? 0 : begin_load(c);
  if (status != 0)
    return vt_failed(status);
  return vt_from_task(vt_promise_task(c->load->promise));
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
  if (VT_LIKELY(c->dict != NULL))
    return vt_from_ptr(country_dict_by_alpha(c->dict, code, size));
  f.size = size < sizeof f.code ? size : sizeof f.code; /* 4 is no code */
  if (f.size)
    memcpy(f.code, code, f.size);
  return vt_start(&f, by_alpha);
}
