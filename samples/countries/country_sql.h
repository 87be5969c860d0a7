/* SPDX-License-Identifier: MIT */
/* What reading and importing share of SQLite: opening, statuses, messages.
 * Private to samples/countries. */
#ifndef COUNTRY_SQL_H
#define COUNTRY_SQL_H

#include <sqlite3.h>

#include "country_error.h"

/* The status of what db failed with last, told to e. */
int country_sql_failed(sqlite3 *db, const struct country_error *e);

/* Opens e->path with SQLite's flags and a patience for locks; gives *out
 * (sqlite3_close). Tells e of a failure. */
int country_sql_open(int flags, int busy_ms, const struct country_error *e,
                     sqlite3 **out);

/* Runs statements that give no rows. Tells e of a failure. */
int country_sql_exec(sqlite3 *db, const char *sql,
                     const struct country_error *e);

#endif
