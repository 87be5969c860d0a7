/* SPDX-License-Identifier: MIT */
/* The CSV reader: rows, quotes, line numbers, and every cut of the input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "countries/csv.h"

/* ---- fixture: rows are written down as "LINE:field|field;" ---- */

struct rows {
  char text[4096];
  size_t size;
  int refuse_line;
};

static int note_row(void *arg, const char *const *fields, size_t count,
                    size_t line) {
  struct rows *rows = arg;
  if (rows->refuse_line && line == (size_t)rows->refuse_line)
    return UV_ECANCELED;
  size_t room = sizeof rows->text - rows->size;
  rows->size += (size_t)snprintf(rows->text + rows->size, room, "%zu:", line);
  for (size_t i = 0; i < count; i++) {
    room = sizeof rows->text - rows->size;
    rows->size += (size_t)snprintf(rows->text + rows->size, room, "%s%s",
                                   fields[i], i + 1 < count ? "|" : ";");
  }
  return 0;
}

/* Reads text in two pieces cut at cut. */
static int read_cut(const char *text, size_t size, size_t cut,
                    struct csv_reader *r, struct rows *rows) {
  csv_init(r, note_row, rows);
  csv_feed(r, text, cut);
  csv_feed(r, text + cut, size - cut);
  int status = csv_finish(r);
  csv_close(r);
  return status;
}

static void expect_rows(const char *text, const char *expected) {
  for (size_t cut = 0; cut <= strlen(text); cut++) {
    struct csv_reader r;
    struct rows rows = {.size = 0};
    assert_int_equal(read_cut(text, strlen(text), cut, &r, &rows), 0);
    assert_string_equal(rows.text, expected);
  }
}

static void expect_error(const char *text, size_t line, const char *rows_text) {
  for (size_t cut = 0; cut <= strlen(text); cut++) {
    struct csv_reader r;
    struct rows rows = {.size = 0};
    assert_int_equal(read_cut(text, strlen(text), cut, &r, &rows), UV_EINVAL);
    assert_non_null(r.error);
    assert_int_equal(r.error_line, line);
    assert_string_equal(rows.text, rows_text);
  }
}

/* ---- it works ---- */

static void nothing_gives_no_row(void **state) {
  (void)state;
  expect_rows("", "");
}

static void lines_end_with_lf_crlf_or_the_end(void **state) {
  (void)state;
  expect_rows("a,b\nc,d\n", "1:a|b;2:c|d;");
  expect_rows("a,b\r\nc,d\r\n", "1:a|b;2:c|d;");
  expect_rows("a,b\nc,d", "1:a|b;2:c|d;");
}

static void fields_may_be_empty(void **state) {
  (void)state;
  expect_rows(",\n,,\na,\n,b", "1:|;2:||;3:a|;4:|b;");
  expect_rows("\n\n", "1:;2:;");
  expect_rows("\"\",\"\"", "1:|;");
}

static void quotes_hold_commas_quotes_and_line_ends(void **state) {
  (void)state;
  expect_rows("\"a,b\",\"c\"\"d\"\r\n\"\"\"\"\n", "1:a,b|c\"d;2:\";");
  expect_rows("\"a\r\nb\nc\",d\ne", "1:a\r\nb\nc|d;4:e;");
}

static void bytes_of_utf8_are_untouched(void **state) {
  (void)state;
  expect_rows("\xc3\x85land,\xf0\x9f\x87\xa6\n",
              "1:\xc3\x85land|\xf0\x9f\x87\xa6;");
}

static void a_row_may_be_long(void **state) {
  (void)state;
  size_t size = CSV_ROW_MAX - 1;
  char *text = malloc(size);
  struct csv_reader r;
  struct rows rows = {.size = 0};
  assert_non_null(text);
  memset(text, 'a', size);
  int status = read_cut(text, size, size / 2, &r, &rows);
  free(text);
  assert_int_equal(status, 0);
}

/* ---- it fails ---- */

static void a_quote_must_open_a_field(void **state) {
  (void)state;
  expect_error("a,b\nc,d\"e\n", 2, "1:a|b;");
}

static void nothing_follows_a_closing_quote(void **state) {
  (void)state;
  expect_error("\"a\nb\"c\n", 2, "");
}

static void an_open_quote_is_named_by_its_line(void **state) {
  (void)state;
  expect_error("a\nb,\"c\nd\ne\n", 2, "1:a;");
}

static void a_cr_needs_its_lf(void **state) {
  (void)state;
  expect_error("a\nb\rc\n", 2, "1:a;");
  expect_error("a\nb\r", 2, "1:a;");
}

static void a_zero_byte_is_refused(void **state) {
  (void)state;
  struct csv_reader r;
  struct rows rows = {.size = 0};
  assert_int_equal(read_cut("a\nb\0c\n", 6, 3, &r, &rows), UV_EINVAL);
  assert_int_equal(r.error_line, 2);
}

static void an_endless_row_is_refused(void **state) {
  (void)state;
  char piece[4096];
  struct csv_reader r;
  struct rows rows = {.size = 0};
  int status = 0;
  size_t fed = 0;
  memset(piece, ',', sizeof piece);
  csv_init(&r, note_row, &rows);
  csv_feed(&r, "a\n", 2);
  for (; status == 0 && fed < 4 * CSV_ROW_MAX; fed += sizeof piece)
    status = csv_feed(&r, piece, sizeof piece);
  csv_close(&r);
  assert_int_equal(status, UV_E2BIG);
  assert_int_equal(r.error_line, 2);
}

static void a_refused_row_ends_the_reading(void **state) {
  (void)state;
  struct csv_reader r;
  struct rows rows = {.refuse_line = 2};
  assert_int_equal(read_cut("a\nb\nc\n", 6, 5, &r, &rows), UV_ECANCELED);
  assert_null(r.error);
  assert_string_equal(rows.text, "1:a;");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_gives_no_row),
      cmocka_unit_test(lines_end_with_lf_crlf_or_the_end),
      cmocka_unit_test(fields_may_be_empty),
      cmocka_unit_test(quotes_hold_commas_quotes_and_line_ends),
      cmocka_unit_test(bytes_of_utf8_are_untouched),
      cmocka_unit_test(a_row_may_be_long),
      cmocka_unit_test(a_quote_must_open_a_field),
      cmocka_unit_test(nothing_follows_a_closing_quote),
      cmocka_unit_test(an_open_quote_is_named_by_its_line),
      cmocka_unit_test(a_cr_needs_its_lf),
      cmocka_unit_test(a_zero_byte_is_refused),
      cmocka_unit_test(an_endless_row_is_refused),
      cmocka_unit_test(a_refused_row_ends_the_reading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
