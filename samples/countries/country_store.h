/* SPDX-License-Identifier: MIT */
/* Where the countries are kept: one form for all databases, of value tasks.
 *
 *     sqlite:FILE, or a bare FILE     SQLite, on libuv's pool
 * postgresql://..., postgres:// PostgreSQL, where libpq was there to build
 *
 * Value tasks complete on the loop of the thread that opened the store, all
 * calls are made there. Strings and arrays given are copied. A value task that
 * nobody waits for goes on to its end. */
#ifndef COUNTRY_STORE_H
#define COUNTRY_STORE_H

#include <vt.h>

#include "country_change.h"
#include "country_error.h"

typedef struct country_store country_store_t;

/* A store for a database named as above; opens nothing yet. Gives *out
 * (country_store_close). UV_EPROTONOSUPPORT for another scheme, UV_ENOSYS where
 * this build has no PostgreSQL, UV_EINVAL for a URL that is none, UV_ENOMEM,
 * VT_ENOLOOP. */
int country_store_open(const char *db, country_store_t **out);

/* Ends the store; what is under way completes. NULL is accepted. */
void country_store_close(country_store_t *store);

/* Reads all countries; gives the dictionary in value.p (country_dict_release),
 * or drops it where nobody takes the result. Statuses of country_db_load. */
VT_MUST_USE vt_t country_store_load(country_store_t *store);

/* Looks whether the database can be used: country_db_check. */
VT_MUST_USE vt_t country_store_check(country_store_t *store);

/* Replaces all countries by those of a CSV file: country_db_import. */
VT_MUST_USE vt_t country_store_import(country_store_t *store,
                                      const char *csv_path);

/* Inserts or updates a country, which is safe on the disk on completion;
 * value.u is 1 for a new one. Statuses of country_db_change; UV_ECONNRESET and
 * UV_ETIMEDOUT leave open whether it was done. Only where when has it so, which
 * the database decides: of any number of writers of a new country, here and
 * elsewhere, COUNTRY_IF_NEW lets one. found, which may be NULL, is retained,
 * and says what was done. */
VT_MUST_USE vt_t country_store_write(country_store_t *store,
                                     const struct country_change *change,
                                     enum country_when when,
                                     struct country_found *found);

/* Removes countries, all or none; value.u is how many there were. Statuses of
 * country_db_change. */
VT_MUST_USE vt_t country_store_remove(country_store_t *store,
                                      const int *numerics, size_t count);

/* Completes each time the countries have changed, by whomever, or may have:
 * when a connection to hear of it was made, or made again. Tries until it is
 * there. Keeps the loop alive; one at a time; cancel it before the store is
 * closed. UV_ENOTSUP for SQLite, which cannot tell. UV_ENOMEM. */
VT_MUST_USE vt_t country_store_watch(country_store_t *store);

/* False: only country_store_look tells of a change. */
bool country_store_can_watch(const country_store_t *store);

/* Looks whether the countries may have changed since the last load that was
 * good, by whomever: value.u is 1 then. 0 as well when that cannot be seen now:
 * the database is locked, or away. UV_ENOTSUP for one that can be watched.
 * UV_ENOMEM. */
VT_MUST_USE vt_t country_store_look(country_store_t *store);

/* Makes the database ready, before there is a loop: imports csv_path, if it is
 * not NULL, and checks. Blocks. Leaves one line in error (size bytes) on a
 * failure. Statuses of country_store_open, _import and _check. */
int country_store_prepare(const char *db, const char *csv_path, char *error,
                          size_t size);

/* What the last failure was, one line for the operator; "" at first. Borrowed
 * until the next call. */
const char *country_store_error(const country_store_t *store);

/* ---- what the kinds of store have in common; private ---- */

struct country_store_ops {
  vt_t (*run)(country_store_t *store, const struct country_request *request);
  vt_t (*watch)(country_store_t *store); /* NULL: it cannot */
  void (*close)(country_store_t *store);
};

struct country_store {
  const struct country_store_ops *ops;
  char error[COUNTRY_ERROR_SIZE];
};

/* A request under way: the first member of the kinds' own. */
struct country_job {
  struct country_request *request; /* a copy */
  const struct country_dict *dict; /* what a load has read, until it is given */
};

/* Gives a zeroed block of size bytes with a job for the request
 * (country_job_free), or NULL without memory. */
void *country_job_new(size_t size, const struct country_request *request);

/* NULL is accepted. */
void country_job_free(struct country_job *job);

/* Gives the dictionary, which the job has no more. */
vt_t country_job_give(struct country_job *job);

int country_store_open_sqlite(const char *path, country_store_t **out);
int country_store_open_pg(const char *url, country_store_t **out);

#endif
