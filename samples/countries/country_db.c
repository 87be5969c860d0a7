/* SPDX-License-Identifier: MIT */
/* Reads the countries from SQLite, and checks that it can be done. */
#include "country_db.h"
#include "country_sql.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <uv.h>

/* Not read-only: a journal left by a crash must be rolled back by whoever opens
 * next. SQLite itself falls back to reading where it may not write. */
#define OPEN_FLAGS (SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX)
#define BUSY_MS 2000

#define SELECT_ALL                                                             \
  "SELECT numeric, alpha_2, alpha_3, name, official_name, flag"                \
  " FROM country ORDER BY numeric"

static int prepare(sqlite3 *db, const char *sql, const struct country_error *e,
                   sqlite3_stmt **out) {
  if (sqlite3_prepare_v2(db, sql, -1, out, NULL) != SQLITE_OK)
    return country_sql_failed(db, e);
  return 0;
}

static int read_row(sqlite3_stmt *row, struct country_build *b,
                    const struct country_error *e) {
  const char *texts[COUNTRY_TEXTS];
  for (int i = 0; i < COUNTRY_TEXTS; i++) {
    bool absent = sqlite3_column_type(row, i + 1) == SQLITE_NULL;
    texts[i] = (const char *)sqlite3_column_text(row, i + 1);
    if (!absent && !texts[i])
      return country_error_set(e, UV_ENOMEM, "not enough memory");
  }
  bool number = sqlite3_column_type(row, 0) == SQLITE_INTEGER;
  int64_t numeric = sqlite3_column_int64(row, 0);
  int status = country_build_add(b, number ? numeric : -1, texts);
  if (status == UV_EINVAL)
    return country_error_set(e, status,
                             "a country has a number that it cannot have: %lld",
                             (long long)numeric);
  if (status != 0)
    return country_error_set(e, status, "%s", uv_strerror(status));
  return 0;
}

static int read_all(sqlite3 *db, struct country_build *b,
                    const struct country_error *e) {
  sqlite3_stmt *row;
  int step = SQLITE_DONE;
  int status = prepare(db, SELECT_ALL, e, &row);
  if (status != 0)
    return status;
  while (status == 0 && (step = sqlite3_step(row)) == SQLITE_ROW)
    status = read_row(row, b, e);
  if (status == 0 && step != SQLITE_DONE)
    status = country_sql_failed(db, e);
  sqlite3_finalize(row);
  return status;
}

static int quick_check(sqlite3 *db, const struct country_error *e) {
  sqlite3_stmt *row;
  int status = prepare(db, "PRAGMA quick_check(1)", e, &row);
  if (status != 0)
    return status;
  if (sqlite3_step(row) != SQLITE_ROW) {
    status = country_sql_failed(db, e);
  } else {
    const char *found = (const char *)sqlite3_column_text(row, 0);
    if (!found || strcmp(found, "ok") != 0)
      status = country_error_set(e, UV_EIO, "the database is damaged: %s",
                                 found ? found : "no answer");
  }
  sqlite3_finalize(row);
  return status;
}

int country_db_check(const char *db_path, char *error, size_t size) {
  struct country_error e = {.text = error, .size = size, .path = db_path};
  struct country_build b;
  sqlite3 *db;
  int status = country_sql_open(OPEN_FLAGS, BUSY_MS, &e, &db);
  if (status != 0)
    return status;
  country_build_init(&b);
  status = quick_check(db, &e);
  if (status == 0)
    status = read_all(db, &b, &e);
  country_build_close(&b);
  sqlite3_close(db);
  return status;
}

int country_db_load(const char *db_path, const struct country_dict **out) {
  struct country_error e = {.path = db_path};
  struct country_build b;
  sqlite3 *db;
  int status = country_sql_open(OPEN_FLAGS, BUSY_MS, &e, &db);
  if (status != 0)
    return status;
  country_build_init(&b);
  status = read_all(db, &b, &e);
  if (status == 0)
    status = country_build_finish(&b, out);
  country_build_close(&b);
  sqlite3_close(db);
  return status;
}
