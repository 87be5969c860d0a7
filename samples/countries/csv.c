/* SPDX-License-Identifier: MIT */
/* The CSV reader: one state machine over bytes, so that the cut of the input
 * cannot matter. */
#include "csv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

void csv_init(struct csv_reader *r, csv_row_fn *on_row, void *arg) {
  *r = (struct csv_reader){.on_row = on_row, .arg = arg, .line = 1};
}

void csv_close(struct csv_reader *r) {
  free(r->text);
  free(r->fields);
  r->text = NULL;
  r->fields = NULL;
  r->capacity = 0;
  r->fields_capacity = 0;
}

static int fail(struct csv_reader *r, int status, const char *error,
                size_t line) {
  r->status = status;
  r->error = error;
  r->error_line = line;
  return status;
}

static int put(struct csv_reader *r, char c) {
  if (r->size == r->capacity) {
    if (r->size >= CSV_ROW_MAX)
      return fail(r, UV_E2BIG, "the row is too long", r->row_line);
    size_t capacity = r->capacity ? 2 * r->capacity : 256;
    char *text = realloc(r->text, capacity);
    if (!text)
      return fail(r, UV_ENOMEM, "not enough memory", r->line);
    r->text = text;
    r->capacity = capacity;
  }
  r->text[r->size++] = c;
  return 0;
}

static int end_field(struct csv_reader *r) {
  r->count++;
  r->state = CSV_FIELD;
  return put(r, '\0');
}

/* Fields have no zero inside (it is refused), so the text alone says where each
 * begins. */
static int end_row(struct csv_reader *r) {
  if (end_field(r) != 0)
    return r->status;
  if (r->count > r->fields_capacity) {
    size_t bytes = r->count * sizeof *r->fields;
    const char **fields = realloc((void *)(uintptr_t)r->fields, bytes);
    if (!fields)
      return fail(r, UV_ENOMEM, "not enough memory", r->row_line);
    r->fields = fields;
    r->fields_capacity = r->count;
  }
  const char *text = r->text;
  for (size_t i = 0; i < r->count; i++) {
    r->fields[i] = text;
    text += strlen(text) + 1;
  }
  size_t count = r->count;
  r->count = 0;
  r->size = 0;
  r->state = CSV_ROW;
  r->status = r->on_row(r->arg, r->fields, count, r->row_line);
  return r->status;
}

/* What ends a field that is not inside quotes; *out_ended is false for a byte
 * that does not. */
static int read_end(struct csv_reader *r, char c, bool *out_ended) {
  *out_ended = true;
  if (c == ',')
    return end_field(r);
  if (c == '\n')
    return end_row(r);
  if (c == '\r')
    r->state = CSV_RETURN;
  else
    *out_ended = false;
  return 0;
}

static int read_plain(struct csv_reader *r, char c) {
  bool ended;
  if (read_end(r, c, &ended) != 0 || ended)
    return r->status;
  if (c == '"')
    return fail(r, UV_EINVAL, "a quote inside a field without quotes", r->line);
  r->state = CSV_PLAIN;
  return put(r, c);
}

static int read_start(struct csv_reader *r, char c) {
  if (r->state == CSV_ROW)
    r->row_line = r->line;
  if (c != '"')
    return read_plain(r, c);
  r->state = CSV_QUOTED;
  r->open_line = r->line;
  return 0;
}

static int read_quoted(struct csv_reader *r, char c) {
  if (c != '"')
    return put(r, c);
  r->state = CSV_QUOTE;
  return 0;
}

static int read_behind_quote(struct csv_reader *r, char c) {
  bool ended;
  if (c == '"') {
    r->state = CSV_QUOTED;
    return put(r, c);
  }
  if (read_end(r, c, &ended) != 0 || ended)
    return r->status;
  return fail(r, UV_EINVAL, "text behind a closing quote", r->line);
}

static int read_byte(struct csv_reader *r, char c) {
  if (c == '\0')
    return fail(r, UV_EINVAL, "a zero byte", r->line);
  switch (r->state) {
  case CSV_ROW:
  case CSV_FIELD:
    return read_start(r, c);
  case CSV_PLAIN:
    return read_plain(r, c);
  case CSV_QUOTED:
    return read_quoted(r, c);
  case CSV_QUOTE:
    return read_behind_quote(r, c);
  case CSV_RETURN:
    if (c == '\n')
      return end_row(r);
    break;
  }
  return fail(r, UV_EINVAL, "a carriage return without a line feed", r->line);
}

int csv_feed(struct csv_reader *r, const char *data, size_t size) {
  for (size_t i = 0; i < size && r->status == 0; i++) {
    read_byte(r, data[i]);
    if (data[i] == '\n')
      r->line++;
  }
  return r->status;
}

int csv_finish(struct csv_reader *r) {
  if (r->status != 0 || r->state == CSV_ROW)
    return r->status;
  if (r->state == CSV_QUOTED)
    return fail(r, UV_EINVAL, "a quote that is never closed", r->open_line);
  if (r->state == CSV_RETURN)
    return fail(r, UV_EINVAL, "a carriage return without a line feed", r->line);
  return end_row(r);
}
