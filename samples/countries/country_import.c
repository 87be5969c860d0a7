/* SPDX-License-Identifier: MIT */
/* Imports countries from CSV: every row is checked and inserted inside one
 * transaction, which only the last good row commits. */
#include "country_db.h"
#include "country_key.h"
#include "country_sql.h"
#include "csv.h"
#include "utf8.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define COLUMNS (COUNTRY_TEXTS + 1)
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
  bool header_seen;
};

static int bad_row(const struct import *im, size_t line, const char *what) {
  return country_error_set(&im->csv_error, UV_EINVAL, "line %zu: %s", line,
                           what);
}

static int check_header(struct import *im, const char *const *fields,
                        size_t count, size_t line) {
  static const char *const names[COLUMNS] = {
      "numeric", "alpha_2", "alpha_3", "name", "official_name", "flag"};
  const char *first = fields[0];
  if (strncmp(first, "\xEF\xBB\xBF", 3) == 0) /* some editors put it there */
    first += 3;
  bool good = count == COLUMNS && strcmp(first, names[0]) == 0;
  for (size_t i = 1; i < COLUMNS && good; i++)
    good = strcmp(fields[i], names[i]) == 0;
  im->header_seen = true;
  if (good)
    return 0;
  return bad_row(im, line,
                 "the header must be "
                 "numeric,alpha_2,alpha_3,name,official_name,flag");
}

/* 0 for text that is not a number from 1 to INT_MAX. */
static int read_number(const char *text) {
  int64_t number = 0;
  for (; *text; text++) {
    if (*text < '0' || *text > '9')
      return 0;
    number = 10 * number + (*text - '0');
    if (number > INT_MAX)
      return 0;
  }
  return (int)number;
}

static bool is_code(const char *text, size_t letters) {
  size_t size = strlen(text);
  return size == 0 || (size == letters && country_key_alpha(text, size) != 0);
}

/* What is wrong with a row, or NULL. */
static const char *check_row(const char *const *fields, size_t count) {
  if (count != COLUMNS)
    return "not 6 fields";
  for (size_t i = 0; i < COLUMNS; i++)
    if (!utf8_is_valid(fields[i]))
      return "text that is not UTF-8";
  if (read_number(fields[0]) == 0)
    return "numeric is not a number from 1 to 2147483647";
  if (!is_code(fields[1], 2))
    return "alpha_2 is not two upper-case letters";
  if (!is_code(fields[2], 3))
    return "alpha_3 is not three upper-case letters";
  return fields[3][0] ? NULL : "name is empty";
}

/* A refused insert: SQLite's message ends in the column's name. */
static int insert_failed(struct import *im, size_t line) {
  const char *message = sqlite3_errmsg(im->db);
  const char *column = strrchr(message, '.');
  if ((sqlite3_errcode(im->db) & 0xff) != SQLITE_CONSTRAINT)
    return country_sql_failed(im->db, &im->db_error);
  if (!column)
    return bad_row(im, line, message);
  return country_error_set(&im->csv_error, UV_EINVAL,
                           "line %zu: %s came in an earlier row", line,
                           column + 1);
}

static int on_row(void *arg, const char *const *fields, size_t count,
                  size_t line) {
  struct import *im = arg;
  if (!im->header_seen)
    return check_header(im, fields, count, line);
  const char *wrong = check_row(fields, count);
  if (wrong)
    return bad_row(im, line, wrong);
  int rc = sqlite3_bind_int(im->insert, 1, read_number(fields[0]));
  for (int i = 1; i < COLUMNS && rc == SQLITE_OK; i++)
    rc = sqlite3_bind_text(im->insert, i + 1, fields[i], -1, SQLITE_STATIC);
  if (rc != SQLITE_OK)
    return country_sql_failed(im->db, &im->db_error);
  int status = 0;
  if (sqlite3_step(im->insert) != SQLITE_DONE)
    status = insert_failed(im, line);
  sqlite3_reset(im->insert);
  return status;
}

static int read_pieces(struct import *im, struct csv_reader *r, FILE *file) {
  char piece[16 * 1024];
  int status = 0;
  size_t n;
  while (status == 0 && (n = fread(piece, 1, sizeof piece, file)) > 0)
    status = csv_feed(r, piece, n);
  if (status == 0 && ferror(file)) {
    status = uv_translate_sys_error(errno ? errno : EIO);
    return country_error_set(&im->csv_error, status, "%s", uv_strerror(status));
  }
  if (status == 0)
    status = csv_finish(r);
  if (status != 0 && r->error)
    return country_error_set(&im->csv_error, status, "line %zu: %s",
                             r->error_line, r->error);
  if (status == 0 && !im->header_seen)
    return bad_row(im, 1, "the header is missing");
  return status;
}

static int read_csv(struct import *im) {
  struct csv_reader r;
  FILE *file = fopen(im->csv_error.path, "rb");
  if (!file) {
    int status = uv_translate_sys_error(errno);
    return country_error_set(&im->csv_error, status, "%s", uv_strerror(status));
  }
  csv_init(&r, on_row, im);
  int status = read_pieces(im, &r, file);
  csv_close(&r);
  fclose(file);
  return status;
}

static int import_all(struct import *im) {
  int status = country_sql_exec(im->db, SQL_BEGIN, &im->db_error);
  if (status != 0)
    return status;
  if (sqlite3_prepare_v2(im->db, SQL_INSERT, -1, &im->insert, NULL) !=
      SQLITE_OK)
    return country_sql_failed(im->db, &im->db_error);
  status = read_csv(im);
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
