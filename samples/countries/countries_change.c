/* SPDX-License-Identifier: MIT */
/* Writes to the database, then has the cache load again. */
#include "countries_cache.h"

struct change_frame {
  vt_frame_t vt;
  struct cache *c;
  const struct country_change *write; /* the request, gone after the first */
  const int *numerics;                /* await */
  size_t count;
  enum country_when when;
  struct country_found *found;
  int numeric; /* of the write */
  vt_result_t r;
};

/* A refusal, or a database that is not there, has changed nothing. */
static bool is_open(int64_t status) {
  return status == UV_ECONNRESET || status == UV_ETIMEDOUT ||
         status == UV_ECANCELED || status == UV_EIO;
}

static void on_refreshed(void *state, vt_result_t r) {
  (void)r;
  cache_leave(state);
}

/* What is loaded stays until it is known what became of the write. */
static void find_out(struct cache *c) {
  if (c->closed || !countries_is_loaded(&c->public))
    return;
  vt_scope_t *before = vt_scope_enter(NULL);
  c->users++;
  vt_await(cache_refresh(c), on_refreshed, c);
  vt_scope_leave(before);
}

/* Nothing is written where it was not as it must be, but what is loaded may say
 * something else. */
static bool is_old(const struct change_frame *f) {
  const struct country_dict *dict = countries_peek(&f->c->public);
  if (!f->found || f->found->done)
    return true;
  return dict && f->found->was_there !=
                     (country_dict_by_numeric(dict, f->numeric) != NULL);
}

static vt_t change_body(void *frame) {
  struct change_frame *f = frame;
  VT_BEGIN(f);
  f->c->users++;
  vt_counted_retain(f->found);
  VT_AWAIT(f, f->r,
           f->write
               ? country_store_write(f->c->store, f->write, f->when, f->found)
               : country_store_remove(f->c->store, f->numerics, f->count));
  if (f->r.status == 0 && is_old(f))
    countries_invalidate(&f->c->public);
  else if (is_open(f->r.status))
    find_out(f->c);
  cache_leave(f->c);
  VT_RETURN(f, vt_from_result(f->r));
  VT_FINALLY(f);
  vt_counted_release(f->found);
  VT_END(f);
}

vt_t countries_write(countries_t *c, const struct country_change *change) {
  return countries_write_if(c, change, COUNTRY_ALWAYS, NULL);
}

vt_t countries_write_if(countries_t *c, const struct country_change *change,
                        enum country_when when, struct country_found *found) {
  struct change_frame f = {.c = (struct cache *)c,
                           .write = change,
                           .when = when,
                           .found = found,
                           .numeric = change->numeric};
  return vt_start_boxed(&f, sizeof f, change_body);
}

vt_t countries_remove(countries_t *c, const int *numerics, size_t count) {
  struct change_frame f = {
      .c = (struct cache *)c, .numerics = numerics, .count = count};
  return vt_start_boxed(&f, sizeof f, change_body);
}
