/* SPDX-License-Identifier: MIT */
/* A database in a file. */
#include "samples/database.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "countries/country_db.h"

/* cmocka's group has it, not a case. */
static struct { char dir[64], file[96], name[112]; } database;

int database_open(void **state) {
  (void)state;
  strcpy(database.dir, "/tmp/vt-countries-XXXXXX");
  if (!mkdtemp(database.dir))
    return -1;
  snprintf(database.file, sizeof database.file, "%s/c.db", database.dir);
  snprintf(database.name, sizeof database.name, "sqlite:%s", database.file);
  return 0;
}

int database_close(void **state) {
  (void)state;
  unlink(database.file);
  return rmdir(database.dir); /* fails when a journal was left behind */
}

bool database_fill(void) {
  unlink(database.file);
  return country_db_import(database.file, DATABASE_CSV, NULL, 0) == 0;
}

const char *database_name(void) { return database.name; }

bool database_is_watched(void) { return false; }

bool database_sql(const char *sql) {
  sqlite3 *db;
  bool good = sqlite3_open(database.file, &db) == SQLITE_OK &&
              sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
  sqlite3_close(db);
  return good;
}

int database_lose(void) {
  unlink(database.file);
  return UV_ENOENT;
}
