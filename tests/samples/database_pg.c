/* SPDX-License-Identifier: MIT */
/* A database on a PostgreSQL server of the test's own. */
#include "samples/database.h"

#include <stdio.h>
#include <uv.h>

#include "countries/country_store.h"
#include "samples/pg_server.h"

int database_open(void **state) { return pg_setup(state); }

int database_close(void **state) { return pg_teardown(state); }

bool database_fill(void) {
  char error[COUNTRY_ERROR_SIZE] = "";
  if (pg.pid == 0 && !pg_server_start(&pg))
    return false;
  if (!pg_server_sql(&pg, "SET client_min_messages = error;"
                          "DROP TABLE IF EXISTS country"))
    return false;
  if (country_store_prepare(pg.url, DATABASE_CSV, error, sizeof error) == 0)
    return true;
  fprintf(stderr, "%s\n", error);
  return false;
}

const char *database_name(void) { return pg.url; }

bool database_is_watched(void) { return true; }

bool database_sql(const char *sql) { return pg_server_sql(&pg, sql); }

int database_lose(void) {
  pg_server_kill(&pg);
  return UV_ECONNREFUSED;
}
