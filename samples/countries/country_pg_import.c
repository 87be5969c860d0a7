/* SPDX-License-Identifier: MIT */
/* Imports countries into PostgreSQL: the rows go as one array a column, so that
 * any number of them is one statement and none of their text is SQL. */
#include "country_csv.h"
#include "country_pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT_MS 60000
#define COLUMNS (COUNTRY_TEXTS + 1)

/* The lock is for those who make the table at one moment: IF NOT EXISTS alone
 * lets both try. Any number will do. */
#define SQL_BEGIN                                                              \
  "BEGIN; SET LOCAL statement_timeout = '55s';"                                \
  "SELECT pg_advisory_xact_lock(7021801441);"                                  \
  "CREATE TABLE IF NOT EXISTS country (numeric integer PRIMARY KEY,"           \
  " alpha_2 text NOT NULL, alpha_3 text NOT NULL, name text NOT NULL,"         \
  " official_name text NOT NULL, flag text NOT NULL);"                         \
  "CREATE UNIQUE INDEX IF NOT EXISTS country_alpha_2 ON country (alpha_2)"     \
  " WHERE alpha_2 <> '';"                                                      \
  "CREATE UNIQUE INDEX IF NOT EXISTS country_alpha_3 ON country (alpha_3)"     \
  " WHERE alpha_3 <> '';"                                                      \
  "CREATE OR REPLACE FUNCTION country_changed() RETURNS trigger"               \
  " LANGUAGE plpgsql AS"                                                       \
  " 'BEGIN PERFORM pg_notify(''country_changed'', ''''); RETURN NULL; END';"   \
  "DROP TRIGGER IF EXISTS country_changed ON country;"                         \
  "CREATE TRIGGER country_changed AFTER INSERT OR UPDATE OR DELETE"            \
  " OR TRUNCATE ON country FOR EACH STATEMENT"                                 \
  " EXECUTE FUNCTION country_changed();"                                       \
  "DELETE FROM country"
#define SQL_INSERT                                                             \
  "INSERT INTO country (numeric, alpha_2, alpha_3, name, official_name, flag)" \
  " SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[],"   \
  " $5::text[], $6::text[])"

struct columns {
  char **arrays;
  size_t size[COLUMNS], capacity[COLUMNS];
};

/* Room for more bytes, and a zero, in a column. */
static bool make_room(struct columns *c, size_t column, size_t more) {
  size_t wanted = c->size[column] + more + 1;
  if (wanted <= c->capacity[column])
    return true;
  char *grown = realloc(c->arrays[column], 2 * wanted + 256);
  if (!grown)
    return false;
  c->arrays[column] = grown;
  c->capacity[column] = 2 * wanted + 256;
  return true;
}

static void put(struct columns *c, size_t column, char byte) {
  c->arrays[column][c->size[column]++] = byte;
}

/* One element: in quotes, which nothing inside ends. */
static bool put_element(struct columns *c, size_t column, const char *text) {
  if (!make_room(c, column, 2 * strlen(text) + 4))
    return false;
  put(c, column, c->size[column] ? ',' : '{');
  put(c, column, '"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      put(c, column, '\\');
    put(c, column, *text);
  }
  put(c, column, '"');
  return true;
}

static int on_row(void *arg, const struct country_change *row, size_t line) {
  struct columns *c = arg;
  char numeric[16];
  (void)line;
  snprintf(numeric, sizeof numeric, "%d", row->numeric);
  bool good = put_element(c, 0, numeric);
  for (size_t i = 0; i < COUNTRY_TEXTS && good; i++)
    good = put_element(c, i + 1, row->texts[i]);
  return good ? 0 : UV_ENOMEM;
}

/* "{}" where there was no row. */
static int finish(struct columns *c) {
  for (size_t i = 0; i < COLUMNS; i++) {
    if (!make_room(c, i, 2))
      return UV_ENOMEM;
    if (c->size[i] == 0)
      put(c, i, '{');
    put(c, i, '}');
    c->arrays[i][c->size[i]] = '\0';
  }
  return 0;
}

static vt_result_t read_on_pool(void *arg) {
  struct pg_job *job = arg;
  struct country_error e = job->store->pg.error;
  struct columns columns = {.arrays = job->arrays};
  e.path = job->job.request->csv_path;
  int status = country_csv_read(&e, on_row, &columns);
  if (status == 0)
    status = finish(&columns);
  return (vt_result_t){status, {0}};
}

struct import_frame {
  vt_frame_t vt;
  struct pg_job *job;
  struct pg *pg;
  vt_result_t r;
};

static vt_t import_body(void *frame) {
  struct import_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_work(read_on_pool, f->job));
  f->pg->deadline_ms = vt_deadline_in(IMPORT_MS);
  VT_TRY(f, pg_query(f->pg, SQL_BEGIN, NULL, 0));
  f->job->begun = true;
  VT_AWAIT(f, f->r,
           pg_query(f->pg, SQL_INSERT, (const char *const *)f->job->arrays,
                    COLUMNS));
  if (f->r.status == UV_EEXIST) /* the rows are at odds with themselves */
    f->r.status = UV_EINVAL;
  if (f->r.status != 0)
    VT_RETURN(f, vt_failed(f->r.status));
  VT_RETURN(f, pg_query(f->pg, "COMMIT", NULL, 0));
  VT_END(f);
}

vt_t country_pg_import(struct pg_job *job) {
  struct import_frame f = {.job = job, .pg = &job->store->pg};
  return vt_start_boxed(&f, sizeof f, import_body);
}
