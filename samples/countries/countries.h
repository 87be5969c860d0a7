/* SPDX-License-Identifier: MIT */
/* The cache of countries: value tasks that are in hand once the countries are
 * loaded. A look-up then costs what the look-up costs, with no allocation and
 * no lock.
 *
 * The first call loads: one query on libuv's pool, whatever the number of
 * callers at that moment, who all wait on one task. A failed load is told to
 * all who waited and is not kept: the next call loads again.
 *
 * Await the value tasks before the callback that asked for them returns. What
 * they give is borrowed until the callback that receives it returns (in an
 * async function: until its next await that waits), through any
 * countries_invalidate; countries_retain keeps a dictionary longer.
 *
 * All on the thread that opened the cache, which has a loop attached. */
#ifndef COUNTRIES_H
#define COUNTRIES_H

#include <vt.h>

#include "country_dict.h"

typedef struct countries countries_t;

/* What a continuation receives: country_value, country_dict_value. */
VT_DEFINE(country, const country_t *, p)
VT_DEFINE(country_dict, const struct country_dict *, p)

/* A cache over the database at db_path, which it copies; reads nothing yet.
 * Gives *out (countries_close). UV_ENOMEM, VT_ENOLOOP. */
int countries_open(const char *db_path, countries_t **out);

/* Ends the cache, which must not be touched afterwards; its memory goes when
 * the loop has turned. Those who wait for a load still get its result. NULL is
 * accepted. */
void countries_close(countries_t *c);

/* Makes the next call load again. A load under way answers those who wait for
 * it, and is not kept. */
void countries_invalidate(countries_t *c);

/* True while a call is in hand. */
static inline bool countries_is_loaded(const countries_t *c);

/* The whole dictionary, in value.p (country_dict_value). Any number may wait.
 * The statuses of country_db_load, UV_ENOMEM. */
static inline VT_MUST_USE vt_t get_countries(countries_t *c);

/* The country of a number, in value.p (country_value); NULL when there is none.
 * Statuses of get_countries. */
static inline VT_MUST_USE vt_t get_country(countries_t *c, int numeric);

/* The same by alpha-2 or alpha-3 code, size bytes in upper case. Borrows code
 * until it returns. */
VT_MUST_USE vt_t get_country_by_alpha(countries_t *c, const char *code,
                                      size_t size);

/* Keeps a dictionary that was given, and all its countries, beyond the
 * callback; returns it. */
static inline const struct country_dict *
countries_retain(const struct country_dict *dict) {
  return country_dict_retain(dict);
}

/* Ends what countries_retain began. NULL is accepted. */
static inline void countries_release(const struct country_dict *dict) {
  country_dict_release(dict);
}

/* ---- what the inline functions need; private ---- */

/* The beginning of a cache: NULL until loaded. */
struct countries {
  const struct country_dict *dict;
};

VT_MUST_USE vt_t countries_load(countries_t *c);
VT_MUST_USE vt_t countries_load_country(countries_t *c, int numeric);

static inline bool countries_is_loaded(const countries_t *c) {
  return c->dict != NULL;
}

static inline vt_t get_countries(countries_t *c) {
  return VT_LIKELY(c->dict != NULL) ? vt_from_ptr(c->dict) : countries_load(c);
}

static inline vt_t get_country(countries_t *c, int numeric) {
  if (VT_LIKELY(c->dict != NULL))
    return vt_from_ptr(country_dict_by_numeric(c->dict, numeric));
  return countries_load_country(c, numeric);
}

#endif
