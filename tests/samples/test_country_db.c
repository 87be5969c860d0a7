/* SPDX-License-Identifier: MIT */
/* The countries in SQLite: importing, refusing bad rows by line, checking,
 * loading. What runs out of memory is in test_country_fault.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "countries/country_db.h"

#define COUNTRIES_CSV "../samples/countries/iso_3166-1.csv"

#define HEADER "numeric,alpha_2,alpha_3,name,official_name,flag\n"
#define GERMANY "276,DE,DEU,Germany,Federal Republic of Germany,DE\n"

/* ---- fixture: a folder with a database and a CSV file ---- */

struct folder {
  char dir[64], db[96], csv[96];
  char error[COUNTRY_DB_ERROR_SIZE];
};

static int setup(void **state) {
  struct folder *f = calloc(1, sizeof *f);
  if (!f)
    return -1;
  strcpy(f->dir, "/tmp/vt-country-XXXXXX");
  if (!mkdtemp(f->dir))
    return -1;
  snprintf(f->db, sizeof f->db, "%s/c.db", f->dir);
  snprintf(f->csv, sizeof f->csv, "%s/c.csv", f->dir);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct folder *f = *state;
  unlink(f->db);
  unlink(f->csv);
  int status = rmdir(f->dir); /* fails when something was left behind */
  free(f);
  return status;
}

/* ---- helpers ---- */

static void write_file(const char *path, const char *data, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static int import_text(struct folder *f, const char *text) {
  write_file(f->csv, text, strlen(text));
  return country_db_import(f->db, f->csv, f->error, sizeof f->error);
}

static const struct country_dict *load(struct folder *f) {
  const struct country_dict *dict = NULL;
  assert_int_equal(country_db_load(f->db, &dict), 0);
  assert_non_null(dict);
  return dict;
}

static void run_sql(struct folder *f, const char *sql) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void expect_one_line(const struct folder *f, const char *part) {
  if (!strstr(f->error, part))
    print_error("message: %s\nwanted: %s\n", f->error, part);
  assert_non_null(strstr(f->error, part));
  assert_null(strchr(f->error, '\n'));
}

/* The row is refused by its line, and what was there before is still there. */
static void expect_bad_row(struct folder *f, const char *text,
                           const char *part) {
  assert_int_equal(import_text(f, HEADER GERMANY), 0);
  assert_int_equal(import_text(f, text), UV_EINVAL);
  expect_one_line(f, part);
  expect_one_line(f, f->csv);
  const struct country_dict *dict = load(f);
  assert_int_equal(country_dict_count(dict), 1);
  assert_non_null(country_dict_by_numeric(dict, 276));
  country_dict_release(dict);
}

/* ---- it works ---- */

static void imports_the_real_countries(void **state) {
  struct folder *f = *state;
  assert_int_equal(
      country_db_import(f->db, COUNTRIES_CSV, f->error, sizeof f->error), 0);
  assert_int_equal(country_db_check(f->db, f->error, sizeof f->error), 0);
  const struct country_dict *dict = load(f);
  assert_int_equal(country_dict_count(dict), 249);
  const country_t *c = country_dict_by_numeric(dict, 276);
  assert_non_null(c);
  assert_int_equal(c->numeric, 276);
  assert_string_equal(c->alpha_2, "DE");
  assert_string_equal(c->alpha_3, "DEU");
  assert_string_equal(c->name, "Germany");
  assert_string_equal(c->official_name, "Federal Republic of Germany");
  assert_string_equal(c->flag, "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa");
  assert_ptr_equal(country_dict_by_alpha(dict, "DE", 2), c);
  assert_ptr_equal(country_dict_by_alpha(dict, "DEU", 3), c);
  country_dict_release(dict);
}

static void every_country_is_found_by_its_three_codes(void **state) {
  struct folder *f = *state;
  assert_int_equal(
      country_db_import(f->db, COUNTRIES_CSV, f->error, sizeof f->error), 0);
  const struct country_dict *dict = load(f);
  const country_t *rows = country_dict_rows(dict);
  for (size_t i = 0; i < country_dict_count(dict); i++) {
    const country_t *c = &rows[i];
    assert_true(i == 0 || rows[i - 1].numeric < c->numeric);
    assert_ptr_equal(country_dict_by_numeric(dict, c->numeric), c);
    assert_ptr_equal(country_dict_by_alpha(dict, c->alpha_2, 2), c);
    assert_ptr_equal(country_dict_by_alpha(dict, c->alpha_3, 3), c);
  }
  country_dict_release(dict);
}

static void anything_else_is_not_found(void **state) {
  struct folder *f = *state;
  static const int numbers[] = {0,   1,    -1,      275,     277,
                                999, 1000, INT_MAX, INT_MIN, 100000};
  static const char *const codes[] = {"",      "D",   "de", "DEUT",
                                      "D\xc3", "XXX", "D ", "276"};
  assert_int_equal(import_text(f, HEADER GERMANY), 0);
  const struct country_dict *dict = load(f);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    assert_null(country_dict_by_numeric(dict, numbers[i]));
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    assert_null(country_dict_by_alpha(dict, codes[i], strlen(codes[i])));
  country_dict_release(dict);
}

static void json_is_ordered_and_escaped(void **state) {
  struct folder *f = *state;
  size_t size;
  assert_int_equal(import_text(f, HEADER "008,,,\"a\"\"b\\c\td\",,\n"
                                         "004,AF,AFG,\xc3\x85land,,\n"),
                   0);
  const struct country_dict *dict = load(f);
  const char *json = country_dict_json(dict, &size);
  assert_string_equal(json,
                      "{\"4\":\"\xc3\x85land\",\"8\":\"a\\\"b\\\\c\\u0009d\"}");
  assert_int_equal(size, strlen(json));
  country_dict_release(dict);
}

static void absent_text_is_empty(void **state) {
  struct folder *f = *state;
  assert_int_equal(import_text(f, HEADER "10,,,Antarctica,,"), 0);
  const struct country_dict *dict = load(f);
  const country_t *c = country_dict_by_numeric(dict, 10);
  assert_string_equal(c->alpha_2, "");
  assert_string_equal(c->alpha_3, "");
  assert_string_equal(c->official_name, "");
  assert_string_equal(c->flag, "");
  country_dict_release(dict);
}

static void no_countries_are_a_dictionary_too(void **state) {
  struct folder *f = *state;
  size_t size;
  assert_int_equal(import_text(f, HEADER), 0);
  const struct country_dict *dict = load(f);
  assert_int_equal(country_dict_count(dict), 0);
  assert_null(country_dict_by_numeric(dict, 4));
  assert_null(country_dict_by_alpha(dict, "AF", 2));
  assert_string_equal(country_dict_json(dict, &size), "{}");
  country_dict_release(dict);
}

static void an_import_replaces_all_rows(void **state) {
  struct folder *f = *state;
  assert_int_equal(import_text(f, HEADER GERMANY), 0);
  assert_int_equal(import_text(f, HEADER "4,AF,AFG,Afghanistan,,\n"), 0);
  const struct country_dict *dict = load(f);
  assert_int_equal(country_dict_count(dict), 1);
  assert_null(country_dict_by_numeric(dict, 276));
  country_dict_release(dict);
}

static void crlf_and_a_byte_order_mark_are_taken(void **state) {
  struct folder *f = *state;
  assert_int_equal(import_text(f, "\xEF\xBB\xBFnumeric,alpha_2,alpha_3,name,"
                                  "official_name,flag\r\n4,AF,AFG,A,,\r\n"),
                   0);
  const struct country_dict *dict = load(f);
  assert_int_equal(country_dict_count(dict), 1);
  country_dict_release(dict);
}

/* Rows whose number is i * step + 1, so that step chooses direct or hashed. */
static void many(struct folder *f, int rows, int step) {
  FILE *file = fopen(f->csv, "wb");
  assert_non_null(file);
  fputs(HEADER, file);
  for (int i = rows; i-- > 0;)
    fprintf(file, "%d,,,Country %d,,\n", i * step + 1, i);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(country_db_import(f->db, f->csv, f->error, sizeof f->error),
                   0);
  const struct country_dict *dict = load(f);
  assert_int_equal(country_dict_count(dict), rows);
  char name[32];
  for (int i = 0; i < rows; i++) {
    const country_t *c = country_dict_by_numeric(dict, i * step + 1);
    snprintf(name, sizeof name, "Country %d", i);
    assert_non_null(c);
    assert_string_equal(c->name, name);
    assert_true(step == 1 || !country_dict_by_numeric(dict, i * step + 2));
  }
  country_dict_release(dict);
}

static void a_hundred_thousand_rows_work(void **state) {
  many(*state, 100000, 1);
}

static void a_hundred_thousand_scattered_numbers_work(void **state) {
  many(*state, 100000, 21001);
}

static void a_dictionary_lives_until_its_last_release(void **state) {
  struct folder *f = *state;
  assert_int_equal(import_text(f, HEADER GERMANY), 0);
  const struct country_dict *dict = load(f);
  const country_t *c = country_dict_by_numeric(dict, 276);
  assert_ptr_equal(country_dict_retain(dict), dict);
  country_dict_release(dict);
  assert_string_equal(c->name, "Germany");
  country_dict_release(dict);
  assert_null(country_dict_retain(NULL));
  country_dict_release(NULL);
}

static void a_foreign_table_is_read_as_it_is(void **state) {
  struct folder *f = *state;
  run_sql(f, "CREATE TABLE country (numeric INTEGER PRIMARY KEY, alpha_2,"
             " alpha_3, name, official_name, flag);"
             "INSERT INTO country VALUES (7, 'AA', 'lower', 'first', NULL, 5),"
             " (5, 'AA', NULL, x'41ff42', '', '');");
  assert_int_equal(country_db_check(f->db, f->error, sizeof f->error), 0);
  const struct country_dict *dict = load(f);
  size_t size;
  assert_int_equal(country_dict_by_alpha(dict, "AA", 2)->numeric, 5);
  assert_string_equal(country_dict_by_numeric(dict, 7)->flag, "5");
  assert_string_equal(country_dict_by_numeric(dict, 7)->official_name, "");
  assert_string_equal(country_dict_json(dict, &size),
                      "{\"5\":\"A\\ufffdB\",\"7\":\"first\"}");
  country_dict_release(dict);
}

/* ---- it fails: rows ---- */

static void a_wrong_header_is_refused(void **state) {
  struct folder *f = *state;
  expect_bad_row(f, "", "line 1: the header is missing");
  expect_bad_row(f, GERMANY, "line 1: the header must be");
  expect_bad_row(f, "numeric,alpha_2,alpha_3,name,flag,official_name\n",
                 "line 1: the header must be");
  expect_bad_row(f, "numeric\n", "line 1: the header must be");
}

static void a_wrong_number_of_fields_is_refused(void **state) {
  struct folder *f = *state;
  expect_bad_row(f, HEADER GERMANY "4,AF,AFG,A,\n", "line 3: not 6 fields");
  expect_bad_row(f, HEADER GERMANY "4,AF,AFG,A,,,\n", "line 3: not 6 fields");
  expect_bad_row(f, HEADER "\n" GERMANY, "line 2: not 6 fields");
}

static void a_wrong_number_is_refused(void **state) {
  struct folder *f = *state;
  static const char *const numbers[] = {
      "",   "0",  "-4",   "+4",         "4x",
      " 4", "4 ", "0x10", "2147483648", "99999999999999999999"};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    char text[256];
    snprintf(text, sizeof text, HEADER GERMANY "%s,AF,AFG,A,,\n", numbers[i]);
    expect_bad_row(f, text, "line 3: numeric");
  }
}

static void a_wrong_code_is_refused(void **state) {
  struct folder *f = *state;
  expect_bad_row(f, HEADER "4,A,AFG,A,,\n", "line 2: alpha_2");
  expect_bad_row(f, HEADER "4,af,AFG,A,,\n", "line 2: alpha_2");
  expect_bad_row(f, HEADER "4,AFG,AFG,A,,\n", "line 2: alpha_2");
  expect_bad_row(f, HEADER "4,AF,AF,A,,\n", "line 2: alpha_3");
  expect_bad_row(f, HEADER "4,AF,AF1,A,,\n", "line 2: alpha_3");
}

static void a_country_needs_a_name(void **state) {
  expect_bad_row(*state, HEADER "4,AF,AFG,,,\n", "line 2: name");
}

static void text_must_be_utf8(void **state) {
  struct folder *f = *state;
  expect_bad_row(f, HEADER "4,AF,AFG,\xff,,\n", "line 2: text");
  expect_bad_row(f, HEADER "4,AF,AFG,A,\xc0\xaf,\n", "line 2: text");
  expect_bad_row(f, HEADER "4,AF,AFG,A,,\xed\xa0\x80\n", "line 2: text");
}

static void a_number_or_code_comes_once(void **state) {
  struct folder *f = *state;
  expect_bad_row(f, HEADER GERMANY "0276,,,A,,\n", "line 3: numeric came");
  expect_bad_row(f, HEADER GERMANY "4,DE,,A,,\n", "line 3: alpha_2 came");
  expect_bad_row(f, HEADER GERMANY "4,,DEU,A,,\n", "line 3: alpha_3 came");
}

static void a_line_is_that_of_the_file(void **state) {
  expect_bad_row(*state, HEADER "4,AF,AFG,\"A\nB\",,\n8,xx,,C,,\n",
                 "line 4: alpha_2");
}

static void text_that_is_not_csv_is_refused(void **state) {
  struct folder *f = *state;
  expect_bad_row(f, HEADER "4,AF,AFG,\"A,,\n", "line 2: a quote");
  expect_bad_row(f, HEADER "4,AF,AFG,A\"B,,\n", "line 2: a quote");
}

/* ---- it fails: files ---- */

static void a_bad_import_leaves_no_new_database(void **state) {
  struct folder *f = *state;
  assert_int_equal(import_text(f, HEADER "bad\n"), UV_EINVAL);
  assert_int_equal(access(f->db, F_OK), -1);
}

static void a_missing_csv_is_named(void **state) {
  struct folder *f = *state;
  assert_int_equal(country_db_import(f->db, f->csv, f->error, sizeof f->error),
                   UV_ENOENT);
  expect_one_line(f, f->csv);
  assert_int_equal(country_db_import(f->db, f->dir, f->error, sizeof f->error),
                   UV_EISDIR);
}

static void a_missing_database_is_named(void **state) {
  struct folder *f = *state;
  const struct country_dict *dict = NULL;
  assert_int_equal(country_db_check(f->db, f->error, sizeof f->error),
                   UV_ENOENT);
  expect_one_line(f, f->db);
  assert_int_equal(country_db_load(f->db, &dict), UV_ENOENT);
  assert_null(dict);
  assert_int_equal(access(f->db, F_OK), -1);
}

static void what_is_not_a_database_is_named(void **state) {
  struct folder *f = *state;
  char text[8192];
  const struct country_dict *dict = NULL;
  memset(text, 'x', sizeof text);
  write_file(f->db, text, sizeof text);
  assert_int_equal(country_db_check(f->db, f->error, sizeof f->error),
                   UV_EFTYPE);
  expect_one_line(f, "not a database");
  assert_int_equal(country_db_load(f->db, &dict), UV_EFTYPE);
  assert_int_equal(import_text(f, HEADER GERMANY), UV_EFTYPE);
}

static void a_damaged_database_is_named(void **state) {
  struct folder *f = *state;
  const struct country_dict *dict = NULL;
  assert_int_equal(
      country_db_import(f->db, COUNTRIES_CSV, f->error, sizeof f->error), 0);
  assert_int_equal(truncate(f->db, 6000), 0);
  assert_int_equal(country_db_check(f->db, f->error, sizeof f->error), UV_EIO);
  expect_one_line(f, f->db);
  assert_int_equal(country_db_load(f->db, &dict), UV_EIO);
  assert_null(dict);
}

static void a_missing_table_is_named(void **state) {
  struct folder *f = *state;
  const struct country_dict *dict = NULL;
  write_file(f->db, "", 0);
  assert_int_equal(country_db_check(f->db, f->error, sizeof f->error),
                   UV_EINVAL);
  expect_one_line(f, "no such table: country");
  assert_int_equal(country_db_load(f->db, &dict), UV_EINVAL);
  run_sql(f, "CREATE TABLE country (numeric INTEGER PRIMARY KEY, alpha_2)");
  assert_int_equal(country_db_check(f->db, f->error, sizeof f->error),
                   UV_EINVAL);
  expect_one_line(f, "no such column");
}

static void a_number_out_of_range_is_named(void **state) {
  struct folder *f = *state;
  const struct country_dict *dict = NULL;
  assert_int_equal(import_text(f, HEADER GERMANY), 0);
  run_sql(f, "UPDATE country SET numeric = 2147483648");
  assert_int_equal(country_db_check(f->db, f->error, sizeof f->error),
                   UV_EINVAL);
  expect_one_line(f, "2147483648");
  assert_int_equal(country_db_load(f->db, &dict), UV_EINVAL);
}

static void a_message_is_cut_to_its_room(void **state) {
  struct folder *f = *state;
  char small[8];
  assert_int_equal(country_db_check(f->db, small, sizeof small), UV_ENOENT);
  assert_int_equal(strlen(small), 7);
  assert_int_equal(country_db_check(f->db, NULL, 0), UV_ENOENT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(imports_the_real_countries),
      TEST(every_country_is_found_by_its_three_codes),
      TEST(anything_else_is_not_found),
      TEST(json_is_ordered_and_escaped),
      TEST(absent_text_is_empty),
      TEST(no_countries_are_a_dictionary_too),
      TEST(an_import_replaces_all_rows),
      TEST(crlf_and_a_byte_order_mark_are_taken),
      TEST(a_hundred_thousand_rows_work),
      TEST(a_hundred_thousand_scattered_numbers_work),
      TEST(a_dictionary_lives_until_its_last_release),
      TEST(a_foreign_table_is_read_as_it_is),
      TEST(a_wrong_header_is_refused),
      TEST(a_wrong_number_of_fields_is_refused),
      TEST(a_wrong_number_is_refused),
      TEST(a_wrong_code_is_refused),
      TEST(a_country_needs_a_name),
      TEST(text_must_be_utf8),
      TEST(a_number_or_code_comes_once),
      TEST(a_line_is_that_of_the_file),
      TEST(text_that_is_not_csv_is_refused),
      TEST(a_bad_import_leaves_no_new_database),
      TEST(a_missing_csv_is_named),
      TEST(a_missing_database_is_named),
      TEST(what_is_not_a_database_is_named),
      TEST(a_damaged_database_is_named),
      TEST(a_missing_table_is_named),
      TEST(a_number_out_of_range_is_named),
      TEST(a_message_is_cut_to_its_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
