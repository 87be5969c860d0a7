/* SPDX-License-Identifier: MIT */
/* Imports countries from CSV: every row is checked and inserted inside one
 * transaction, which only the last good row commits. */
#include "country_csv.h"
#include "country_db.h"
#include "country_sql.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define BUSY_MS 5000

/* The indexes name the doubled column when a row cannot be inserted. */
#define SQL_BEGIN                                                              \
  "BEGIN IMMEDIATE;"                                                           \
  "CREATE TABLE IF NOT EXISTS country (numeric INTEGER PRIMARY KEY,"           \
  " alpha_2 TEXT NOT NULL, alpha_3 TEXT NOT NULL, name TEXT NOT NULL,"         \
  " official_name TEXT NOT NULL, flag TEXT NOT NULL);"                         \
  "DELETE FROM country;"                                                       \
  "CREATE UNIQUE INDEX IF NOT EXISTS country_alpha_2 ON country (alpha_2)"     \
  " WHERE alpha_2 <> '';"                                                      \
  "CREATE UNIQUE INDEX IF NOT EXISTS country_alpha_3 ON country (alpha_3)"     \
  " WHERE alpha_3 <> '';"
#define SQL_INSERT                                                             \
  "INSERT INTO country (numeric, alpha_2, alpha_3, name, official_name, flag)" \
  " VALUES (?, ?, ?, ?, ?, ?)"

struct import {
  struct country_error db_error, csv_error;
  sqlite3 *db;
  sqlite3_stmt *insert;
};

/* A refused insert: SQLite's message ends in the column's name. */
static int insert_failed(struct import *im, size_t line) {
  const char *message = sqlite3_errmsg(im->db);
  const char *column = strrchr(message, '.');
  if ((sqlite3_errcode(im->db) & 0xff) != SQLITE_CONSTRAINT)
    return country_sql_failed(im->db, &im->db_error);
  if (!column)
    return country_error_set(&im->csv_error, UV_EINVAL, "line %zu: %s", line,
                             message);
  return country_error_set(&im->csv_error, UV_EINVAL,
                           "line %zu: %s came in an earlier row", line,
                           column + 1);
}

static int on_row(void *arg, const struct country_change *row, size_t line) {
  struct import *im = arg;
  int rc = sqlite3_bind_int(im->insert, 1, row->numeric);
  for (int i = 0; i < COUNTRY_TEXTS && rc == SQLITE_OK; i++)
    rc = sqlite3_bind_text(im->insert, i + 2, row->texts[i], -1, SQLITE_STATIC);
  if (rc != SQLITE_OK)
    return country_sql_failed(im->db, &im->db_error);
  int status = 0;
  if (sqlite3_step(im->insert) != SQLITE_DONE)
    status = insert_failed(im, line);
  sqlite3_reset(im->insert);
  return status;
}

static int import_all(struct import *im) {
  int status = country_sql_exec(im->db, SQL_BEGIN, &im->db_error);
  if (status != 0)
    return status;
  if (sqlite3_prepare_v2(im->db, SQL_INSERT, -1, &im->insert, NULL) !=
      SQLITE_OK)
    return country_sql_failed(im->db, &im->db_error);
  status = country_csv_read(&im->csv_error, on_row, im);
  sqlite3_finalize(im->insert);
  if (status == 0)
    status = country_sql_exec(im->db, "COMMIT", &im->db_error);
  return status;
}

/* A database that the import made, and nobody filled, goes again. */
static void remove_empty(const char *path) {
  struct stat st;
  if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
    unlink(path);
}

int country_db_import(const char *db_path, const char *csv_path, char *error,
                      size_t size) {
  struct import im = {
      .db_error = {.text = error, .size = size, .path = db_path},
      .csv_error = {.text = error, .size = size, .path = csv_path},
  };
  bool existed = access(db_path, F_OK) == 0;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int status = country_sql_open(flags, BUSY_MS, &im.db_error, &im.db);
  if (status != 0)
    return status;
  status = import_all(&im);
  sqlite3_close(im.db); /* rolls back what was not committed */
  if (status != 0 && !existed)
    remove_empty(db_path);
  return status;
}
