/* SPDX-License-Identifier: MIT */
/* A database on a PostgreSQL server of the test's own. */
#include "samples/database.h"

#include <stdio.h>
#include <uv.h>

#include "countries/country_store.h"
#include "samples/pg_server.h"

/* cmocka's group has it, not a case. */
static struct pg_server server;

int database_open(void **state) {
  (void)state;
  const char *problem = pg_server_open(&server);
  if (problem)
    fprintf(stderr, "%s\n", problem);
  return problem ? -1 : 0;
}

int database_close(void **state) {
  (void)state;
  pg_server_close(&server);
  return 0;
}

bool database_fill(void) {
  char error[COUNTRY_ERROR_SIZE] = "";
  if (server.pid == 0 && !pg_server_start(&server))
    return false;
  if (!pg_server_sql(&server, "SET client_min_messages = error;"
                              "DROP TABLE IF EXISTS country"))
    return false;
  if (country_store_prepare(server.url, DATABASE_CSV, error, sizeof error) == 0)
    return true;
  fprintf(stderr, "%s\n", error);
  return false;
}

const char *database_name(void) { return server.url; }

bool database_is_watched(void) { return true; }

bool database_sql(const char *sql) { return pg_server_sql(&server, sql); }

int database_lose(void) {
  pg_server_kill(&server);
  return UV_ECONNREFUSED;
}
