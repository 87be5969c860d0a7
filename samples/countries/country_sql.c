/* SPDX-License-Identifier: MIT */
/* SQLite's results as statuses and one-line messages. */
#include "country_sql.h"

#include <uv.h>

/* SQLite says only "cannot open"; the system said why. */
static int status_of_system(sqlite3 *db, int fallback) {
  int error = sqlite3_system_errno(db);
  return error ? uv_translate_sys_error(error) : fallback;
}

static int status_of(sqlite3 *db) {
  switch (sqlite3_errcode(db) & 0xff) {
  case SQLITE_NOMEM:
    return UV_ENOMEM;
  case SQLITE_CANTOPEN:
    return status_of_system(db, UV_ENOENT);
  case SQLITE_NOTADB:
    return UV_EFTYPE;
  case SQLITE_PERM:
  case SQLITE_READONLY:
  case SQLITE_AUTH:
    return UV_EACCES;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return UV_EBUSY;
  case SQLITE_FULL:
    return UV_ENOSPC;
  case SQLITE_IOERR:
    return status_of_system(db, UV_EIO);
  case SQLITE_ERROR:
  case SQLITE_CONSTRAINT:
  case SQLITE_MISMATCH:
    return UV_EINVAL;
  default:
    return UV_EIO;
  }
}

int country_sql_failed(sqlite3 *db, const struct country_error *e) {
  if (!db)
    return country_error_set(e, UV_ENOMEM, "not enough memory");
  int status = status_of(db);
  if ((sqlite3_errcode(db) & 0xff) == SQLITE_CANTOPEN)
    return country_error_set(e, status, "cannot open the database: %s",
                             uv_strerror(status));
  return country_error_set(e, status, "%s", sqlite3_errmsg(db));
}

int country_sql_open(int flags, int busy_ms, const struct country_error *e,
                     sqlite3 **out) {
  sqlite3 *db = NULL;
  if (sqlite3_open_v2(e->path, &db, flags, NULL) != SQLITE_OK) {
    int status = country_sql_failed(db, e);
    sqlite3_close(db);
    return status;
  }
  sqlite3_busy_timeout(db, busy_ms);
  *out = db;
  return 0;
}

int country_sql_exec(sqlite3 *db, const char *sql,
                     const struct country_error *e) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    return country_sql_failed(db, e);
  return 0;
}
