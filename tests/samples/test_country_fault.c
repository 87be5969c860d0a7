/* SPDX-License-Identifier: MIT */
/* The countries in SQLite, out of memory: each allocation of ours, and of
 * SQLite's, fails once, and from there on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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

/* ---- the allocators ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* The linker and SQLite take plain functions, so this must be static. */
static struct {
  int left;     /* allocations until the first failure; -1: none fails */
  bool forever; /* all after it fail too */
  bool failed;
} fault = {.left = -1};
static sqlite3_mem_methods sqlite_memory;

static bool fails(void) {
  if (fault.left < 0)
    return false;
  if (fault.left > 0) {
    fault.left--;
    return false;
  }
  if (!fault.forever)
    fault.left = -1;
  fault.failed = true;
  return true;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size) {
  return fails() ? NULL : __real_realloc(block, size);
}

static void *sqlite_malloc(int size) {
  return fails() ? NULL : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *block, int size) {
  return fails() ? NULL : sqlite_memory.xRealloc(block, size);
}

static int replace_sqlite_memory(void) {
  sqlite3_mem_methods replaced;
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK)
    return -1;
  replaced = sqlite_memory;
  replaced.xMalloc = sqlite_malloc;
  replaced.xRealloc = sqlite_realloc;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &replaced) == SQLITE_OK ? 0 : -1;
}

/* True when nothing failed, which ends a walk. */
static bool load_with_fault(struct folder *f, int n, bool forever) {
  const struct country_dict *dict = NULL;
  fault.left = n;
  fault.forever = forever;
  fault.failed = false;
  int status = country_db_load(f->db, &dict);
  fault.left = -1;
  /* SQLite itself goes on without some allocations; it never lies. */
  assert_true(status == 0 || status == UV_ENOMEM);
  assert_true((status == 0) == (dict != NULL));
  if (dict)
    assert_int_equal(country_dict_count(dict), 249);
  country_dict_release(dict);
  return !fault.failed;
}

static void each_allocation_of_a_load_may_fail(void **state) {
  struct folder *f = *state;
  assert_int_equal(
      country_db_import(f->db, COUNTRIES_CSV, f->error, sizeof f->error), 0);
  sqlite3_int64 used = sqlite3_memory_used();
  for (int forever = 0; forever < 2; forever++)
    for (int n = 0; !load_with_fault(f, n, forever); n++)
      assert_true(n < 10000);
  assert_int_equal(sqlite3_memory_used(), used);
}

static void each_allocation_of_an_import_may_fail(void **state) {
  struct folder *f = *state;
  assert_int_equal(import_text(f, HEADER GERMANY), 0);
  for (int n = 0;; n++) {
    assert_true(n < 10000);
    static const char two[] = HEADER "4,AF,AFG,A,,\n8,,,B,,\n";
    write_file(f->csv, two, sizeof two - 1);
    fault.left = n;
    fault.failed = false;
    int status = country_db_import(f->db, f->csv, f->error, sizeof f->error);
    fault.left = -1;
    const struct country_dict *dict = load(f);
    assert_int_equal(country_dict_count(dict), status == 0 ? 2 : 1);
    country_dict_release(dict);
    if (!fault.failed)
      break;
    if (status == 0)
      assert_int_equal(import_text(f, HEADER GERMANY), 0);
    else
      assert_int_equal(status, UV_ENOMEM);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(each_allocation_of_a_load_may_fail, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(each_allocation_of_an_import_may_fail,
                                      setup, teardown),
  };
  if (replace_sqlite_memory() != 0)
    return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
