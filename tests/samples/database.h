/* SPDX-License-Identifier: MIT */
/* The database of a case that is the same for all kinds of database: in
 * database_sqlite.c a file, in database_pg.c a server of its own. */
#ifndef VT_TEST_DATABASE_H
#define VT_TEST_DATABASE_H

#include <stdbool.h>

#define DATABASE_CSV "../samples/countries/iso_3166-1.csv"

/* For cmocka's groups: makes it ready, ends it. */
int database_open(void **state);
int database_close(void **state);

/* For a case: the real countries and no others, with the table made new. */
bool database_fill(void);

/* As countries_open wants it. */
const char *database_name(void);

/* Whether a cache hears of changes by others. */
bool database_is_watched(void);

/* Runs statements on a connection of its own. */
bool database_sql(const char *sql);

/* Takes the database away, until the next fill; what is told then. */
int database_lose(void);

#endif
