/* SPDX-License-Identifier: MIT */
/* Changes single countries in SQLite, each in one transaction that is on the
 * disk when it has succeeded. */
#include "country_db.h"
#include "country_sql.h"

#include <uv.h>

#define OPEN_FLAGS (SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX)
#define BUSY_MS 5000

/* EXTRA: also the folder's entry of the journal, which is what commits. */
#define SQL_BEGIN "PRAGMA synchronous = EXTRA; BEGIN IMMEDIATE;"
#define SQL_IS_THERE "SELECT name FROM country WHERE numeric = ?1"
/* Not left to the indexes: a foreign table may have none. */
#define SQL_IS_TAKEN                                                           \
  "SELECT 1 FROM country WHERE numeric <> ?1"                                  \
  " AND (alpha_2 = nullif(?2, '') OR alpha_3 = nullif(?3, ''))"
/* Nor is the key, for which ON CONFLICT would ask. */
#define SQL_INSERT                                                             \
  "INSERT INTO country (numeric, alpha_2, alpha_3, name, official_name, flag)" \
  " VALUES (?1, coalesce(?2, ''), coalesce(?3, ''), coalesce(?4, ''),"         \
  " coalesce(?5, ''), coalesce(?6, ''))"
#define SQL_UPDATE                                                             \
  "UPDATE country SET alpha_2 = coalesce(?2, alpha_2),"                        \
  " alpha_3 = coalesce(?3, alpha_3), name = coalesce(?4, name),"               \
  " official_name = coalesce(?5, official_name), flag = coalesce(?6, flag)"    \
  " WHERE numeric = ?1"
#define SQL_REMOVE "DELETE FROM country WHERE numeric = ?1"

/* Runs one statement with what of the change it has parameters for. 1 when it
 * gave a row, of which found gets the name if there is one, else 0, or a
 * status. */
static int run(sqlite3 *db, const char *sql,
               const struct country_change *change, struct country_found *found,
               const struct country_error *e) {
  sqlite3_stmt *statement;
  int result = 0;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
    return country_sql_failed(db, e);
  int parameters = sqlite3_bind_parameter_count(statement);
  int rc = sqlite3_bind_int(statement, 1, change->numeric);
  for (int i = 2; i <= parameters && rc == SQLITE_OK; i++)
    rc = sqlite3_bind_text(statement, i, change->texts[i - 2], -1,
                           SQLITE_STATIC);
  if (rc == SQLITE_OK)
    rc = sqlite3_step(statement);
  if (rc == SQLITE_ROW && found)
    result = country_found_name(
        found, (const char *)sqlite3_column_text(statement, 0));
  if (rc == SQLITE_ROW && result == 0)
    result = 1;
  else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    result = country_sql_failed(db, e);
  sqlite3_finalize(statement);
  return result;
}

static int write_one(sqlite3 *db, const struct country_request *request,
                     const struct country_error *e, uint64_t *out) {
  const struct country_change *change = &request->change;
  int there = run(db, SQL_IS_THERE, change, request->found, e);
  if (there < 0)
    return there;
  if (!country_found_lets(request->found, request->when, there))
    return 0;
  if (!there && !change->texts[COUNTRY_NAME])
    return country_error_set(e, UV_EINVAL, "a new country needs a name");
  int taken = run(db, SQL_IS_TAKEN, change, NULL, e);
  if (taken > 0)
    return country_error_set(e, UV_EEXIST, "another country has the code");
  int status = taken < 0
                   ? taken
                   : run(db, there ? SQL_UPDATE : SQL_INSERT, change, NULL, e);
  *out = !there;
  return status;
}

static int remove_all(sqlite3 *db, const int *numerics, size_t count,
                      const struct country_error *e, uint64_t *out) {
  int status = 0;
  *out = 0;
  for (size_t i = 0; i < count && status == 0; i++) {
    struct country_change change = {.numeric = numerics[i]};
    status = run(db, SQL_REMOVE, &change, NULL, e);
    if (status == 0)
      *out += (uint64_t)sqlite3_changes(db);
  }
  return status;
}

int country_db_change(const char *db_path,
                      const struct country_request *request, char *error,
                      size_t size, uint64_t *out) {
  struct country_error e = {.text = error, .size = size, .path = db_path};
  bool writes = request->act == COUNTRY_WRITE;
  const char *wrong = writes ? country_change_check(&request->change) : NULL;
  uint64_t changed = 0;
  sqlite3 *db;
  if (wrong)
    return country_error_set(&e, UV_EINVAL, "%s", wrong);
  int status = country_sql_open(OPEN_FLAGS, BUSY_MS, &e, &db);
  if (status != 0)
    return status;
  status = country_sql_exec(db, SQL_BEGIN, &e);
  if (status == 0)
    status = writes ? write_one(db, request, &e, &changed)
                    : remove_all(db, request->numerics, request->count, &e,
                                 &changed);
  if (status == 0)
    status = country_sql_exec(db, "COMMIT", &e);
  sqlite3_close(db); /* rolls back what was not committed */
  if (status == 0)
    *out = changed;
  return status;
}
