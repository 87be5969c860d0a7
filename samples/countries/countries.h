/* SPDX-License-Identifier: MIT */
/* The cache of countries: value tasks that are in hand once the countries are
 * loaded. A look-up then costs what the look-up costs, with no allocation and
 * no lock.
 *
 * The first call loads: one query, whatever the number of callers at that
 * moment, who all wait on one task. A failed load is told to all who waited and
 * is not kept: the next call loads again. What is written through the cache is
 * in the database first; the next call then loads again.
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

#include "country_change.h"

typedef struct countries countries_t;

/* What a continuation receives: country_value, country_dict_value. */
VT_DEFINE(country, const country_t *, p)
VT_DEFINE(country_dict, const struct country_dict *, p)

/* A cache over a database, named as <countries/country_store.h> tells
 * ("sqlite:FILE", FILE, "postgresql://..."), which it copies; reads nothing
 * yet. A change in PostgreSQL, by whomever, makes it load again, for which it
 * watches from now on and keeps the loop alive until the close; what is loaded
 * stays until the new is there, and while the server is away. SQLite cannot
 * tell of one by others: countries_look_every. Gives *out (countries_close).
 * Statuses of country_store_open. */
int countries_open(const char *db, countries_t **out);

/* The same as a member of a bus, for a program with several loops: each has a
 * cache, and what one writes or invalidates all forget, the others by their
 * next turn. Borrows bus, which may be NULL, until it returns. */
int countries_open_on(const char *db, vt_cache_bus_t *bus, countries_t **out);

/* How long what is loaded from SQLite is believed, 1000 ms at first; 0: for
 * ever. While there are calls the database is looked at so often, beside them;
 * a call after a time without any waits until that is done. What has changed is
 * loaded again, and until then, also when that fails, the old stays. Before the
 * first call. */
void countries_look_every(countries_t *c, uint64_t ms);

/* Ends the cache, which must not be touched afterwards; its memory goes when
 * the loop has turned. Those who wait for a load or a write still get its
 * result. NULL is accepted. */
void countries_close(countries_t *c);

/* Makes the next call load again. A load under way answers those who wait for
 * it, and is not kept; those who come after it wait for another one. */
void countries_invalidate(countries_t *c);

/* The dictionary that is loaded, or NULL; borrowed as that of a call. Loads
 * nothing, counts nothing. */
const struct country_dict *countries_peek(const countries_t *c);

static inline bool countries_is_loaded(const countries_t *c);

/* True while a call is in hand: what is loaded is believed. On a bus another
 * loop may change that at any moment. */
static inline bool countries_is_in_hand(const countries_t *c);

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

/* Copies. Inserts or updates one country in the database, then makes the cache
 * load again. Completes when the database has it, safe on its disk; value.u is
 * 1 when the country is new. UV_EINVAL: a new one without a name, a code that
 * is not one. UV_EEXIST: a code that another has. Statuses of
 * country_store_write. */
VT_MUST_USE vt_t countries_write(countries_t *c,
                                 const struct country_change *change);

/* The same where when has it so in the database, which decides: of any number
 * of callers, here and elsewhere, COUNTRY_IF_NEW lets one. Retains found, which
 * says what was done, and what name there was before; it may be NULL. */
VT_MUST_USE vt_t countries_write_if(countries_t *c,
                                    const struct country_change *change,
                                    enum country_when when,
                                    struct country_found *found);

/* Removes countries, all or none, as countries_write does: copies; value.u is
 * how many there were. */
VT_MUST_USE vt_t countries_remove(countries_t *c, const int *numerics,
                                  size_t count);

/* What has happened since the opening. */
struct countries_stats {
  uint64_t hits;         /* calls answered in hand */
  uint64_t misses;       /* calls that had to wait, or failed */
  uint64_t loads;        /* that began */
  uint64_t failures;     /* loads that failed */
  uint64_t load_ns;      /* in loads, all together */
  uint64_t load_ns_last; /* in the last one */
  uint64_t waiting;      /* calls for the load under way */
  uint64_t invalidations; /* by us, and changes that were heard of */
};

/* Copies the statistics to *out. */
void countries_stats(const countries_t *c, struct countries_stats *out);

/* What the database's last failure was, for the operator; "" at first. Borrowed
 * until the loop turns. */
const char *countries_error(const countries_t *c);

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

/* The beginning of a cache: NULL until a call after the load has come, and on a
 * bus for ever. */
struct countries {
  const struct country_dict *known;
  uint64_t hits;
};

VT_MUST_USE vt_t countries_load(countries_t *c);
VT_MUST_USE vt_t countries_load_country(countries_t *c, int numeric);

static inline bool countries_is_loaded(const countries_t *c) {
  return countries_peek(c) != NULL;
}

bool countries_is_believed(const countries_t *c);

static inline bool countries_is_in_hand(const countries_t *c) {
  return VT_LIKELY(c->known != NULL) || countries_is_believed(c);
}

static inline vt_t get_countries(countries_t *c) {
  if (!VT_LIKELY(c->known != NULL))
    return countries_load(c);
  c->hits++;
  return vt_from_ptr(c->known);
}

static inline vt_t get_country(countries_t *c, int numeric) {
  if (!VT_LIKELY(c->known != NULL))
    return countries_load_country(c, numeric);
  c->hits++;
  return vt_from_ptr(country_dict_by_numeric(c->known, numeric));
}

#endif
