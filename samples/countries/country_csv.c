/* SPDX-License-Identifier: MIT */
/* Reads countries from CSV: checks the header and every row. */
#include "country_csv.h"
#include "csv.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define COLUMNS (COUNTRY_TEXTS + 1)

struct table {
  const struct country_error *error;
  country_row_fn *on_row;
  void *arg;
  bool header_seen;
};

static int bad_row(const struct table *t, size_t line, const char *what) {
  return country_error_set(t->error, UV_EINVAL, "line %zu: %s", line, what);
}

static int check_header(struct table *t, const char *const *fields,
                        size_t count, size_t line) {
  static const char *const names[COLUMNS] = {
      "numeric", "alpha_2", "alpha_3", "name", "official_name", "flag"};
  const char *first = fields[0];
  if (strncmp(first, "\xEF\xBB\xBF", 3) == 0) /* some editors put it there */
    first += 3;
  bool good = count == COLUMNS && strcmp(first, names[0]) == 0;
  for (size_t i = 1; i < COLUMNS && good; i++)
    good = strcmp(fields[i], names[i]) == 0;
  t->header_seen = true;
  if (good)
    return 0;
  return bad_row(t, line,
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

/* What is wrong with a row, or NULL; its country in *out. */
static const char *check_row(const char *const *fields, size_t count,
                             struct country_change *out) {
  if (count != COLUMNS)
    return "not 6 fields";
  out->numeric = read_number(fields[0]);
  memcpy(out->texts, fields + 1, sizeof out->texts);
  return country_change_check(out);
}

static int read_row(void *arg, const char *const *fields, size_t count,
                    size_t line) {
  struct table *t = arg;
  struct country_change row;
  if (!t->header_seen)
    return check_header(t, fields, count, line);
  const char *wrong = check_row(fields, count, &row);
  return wrong ? bad_row(t, line, wrong) : t->on_row(t->arg, &row, line);
}

static int read_pieces(struct table *t, struct csv_reader *r, FILE *file) {
  char piece[16 * 1024];
  int status = 0;
  size_t n;
  while (status == 0 && (n = fread(piece, 1, sizeof piece, file)) > 0)
    status = csv_feed(r, piece, n);
  if (status == 0 && ferror(file)) {
    status = uv_translate_sys_error(errno ? errno : EIO);
    return country_error_set(t->error, status, "%s", uv_strerror(status));
  }
  if (status == 0)
    status = csv_finish(r);
  if (status != 0 && r->error)
    return country_error_set(t->error, status, "line %zu: %s", r->error_line,
                             r->error);
  if (status == 0 && !t->header_seen)
    return bad_row(t, 1, "the header is missing");
  return status;
}

int country_csv_read(const struct country_error *error, country_row_fn *on_row,
                     void *arg) {
  struct table t = {error, on_row, arg, false};
  struct csv_reader r;
  FILE *file = fopen(error->path, "rb");
  if (!file) {
    int status = uv_translate_sys_error(errno);
    return country_error_set(error, status, "%s", uv_strerror(status));
  }
  csv_init(&r, read_row, &t);
  int status = read_pieces(&t, &r, file);
  csv_close(&r);
  fclose(file);
  return status;
}
