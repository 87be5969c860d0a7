/* SPDX-License-Identifier: MIT */
/* What the parts of the store over PostgreSQL share. Private to country_pg*.c.
 * */
#ifndef COUNTRY_PG_H
#define COUNTRY_PG_H

#include "country_store.h"
#include "pg.h"

struct pg_store {
  country_store_t public; /* first */
  size_t users;           /* requests, watches, and the one who opened */
  vt_mutex_t lane;        /* of the requests: one at a time */
  struct pg pg;           /* for them */
  struct pg listener;     /* for the watch */
  bool listening;         /* it is being connected */
  char name[256];         /* for messages: without the password */
  char url[];
};

/* A request under way; holds the store. */
struct pg_job {
  struct country_job job; /* first */
  struct pg_store *store;
  bool begun; /* the server has answered: not to be tried again */
  char *arrays[COUNTRY_TEXTS + 1]; /* of an import: a column each */
};

void pg_store_leave(struct pg_store *s);

/* Imports job->request->csv_path, on the store's connection, which is there.
 * Statuses of country_db_import, pg_query. */
VT_MUST_USE vt_t country_pg_import(struct pg_job *job);

/* country_store_watch. */
VT_MUST_USE vt_t country_pg_watch(country_store_t *store);

#endif
