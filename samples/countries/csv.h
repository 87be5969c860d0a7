/* SPDX-License-Identifier: MIT */
/* A strict, incremental reader of CSV as RFC 4180 describes it: bytes go in as
 * they come, rows come out, an error names its line. */
#ifndef CSV_H
#define CSV_H

#include <stddef.h>

/* The longest row, all fields together; a longer one is an error, so that a
 * file that is not CSV cannot take all memory. */
#define CSV_ROW_MAX ((size_t)1 << 20)

/* One row: count fields, each a string, never NULL. line is that of the row's
 * first byte, from 1. Borrows: fields are valid until it returns. A negative
 * status ends the reading with it. */
typedef int csv_row_fn(void *arg, const char *const *fields, size_t count,
                       size_t line);

enum csv_state {
  CSV_ROW,    /* nothing of the row has come */
  CSV_FIELD,  /* nothing of the field has come */
  CSV_PLAIN,  /* inside a field without quotes */
  CSV_QUOTED, /* inside quotes */
  CSV_QUOTE,  /* behind a quote inside quotes: its end, or half of "" */
  CSV_RETURN  /* behind a CR, which only a LF may follow */
};

/* Caller's memory. Read-only but for this file's functions; error and
 * error_line are set when status is negative and the reader found the fault
 * itself, error is NULL when on_row refused the row. */
struct csv_reader {
  csv_row_fn *on_row;
  void *arg;
  int status;
  const char *error;
  size_t error_line;

  enum csv_state state;
  size_t line;      /* of the next byte */
  size_t row_line;  /* of the row's first byte */
  size_t open_line; /* of the quote that opened the field */
  char *text;       /* the row's fields so far, each with its zero */
  size_t size, capacity;
  const char **fields;
  size_t count, fields_capacity;
};

/* Begins at line 1. Borrows arg until csv_close. Cannot fail. */
void csv_init(struct csv_reader *r, csv_row_fn *on_row, void *arg);

/* Reads size bytes, in pieces cut anywhere. 0, UV_EINVAL for text that is not
 * CSV, UV_E2BIG for a row over CSV_ROW_MAX, UV_ENOMEM, or what on_row returned.
 * Sticky: after a failure nothing more is read. */
int csv_feed(struct csv_reader *r, const char *data, size_t size);

/* Tells that no more bytes come: ends a last row without a line end. Results as
 * of csv_feed. */
int csv_finish(struct csv_reader *r);

/* Frees what the reader holds, at any time. */
void csv_close(struct csv_reader *r);

#endif
