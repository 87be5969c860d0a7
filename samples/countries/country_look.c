/* SPDX-License-Identifier: MIT */
/* Asks SQLite for its data_version.
 *
 * Events of the file system would not do in its place. They come when bytes
 * are written, which with a write-ahead log is before readers may see them:
 * who reads between the two has the old data, and no event follows. */
#include "country_look.h"
#include "country_sql.h"

#include <sys/stat.h>

/* Not read-only: where there is a write-ahead log a reader, too, writes. */
#define OPEN_FLAGS (SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX)

int country_look_init(struct country_look *look) {
  *look = (struct country_look){.read = -1};
  return uv_mutex_init(&look->lock);
}

void country_look_close(struct country_look *look) {
  sqlite3_close(look->db);
  uv_mutex_destroy(&look->lock);
}

/* ---- with the lock ---- */

static bool is_same_file(const struct country_look *look,
                         const struct stat *file) {
  return look->device == file->st_dev && look->inode == file->st_ino;
}

/* A connection to the file that is there now. */
static bool open_it(struct country_look *look, const char *path) {
  const struct country_error nobody = {.path = path};
  struct stat file;
  if (stat(path, &file) != 0)
    return false; /* what is open may be there again */
  if (look->db && is_same_file(look, &file))
    return true;
  sqlite3_close(look->db);
  look->db = NULL;
  if (country_sql_open(OPEN_FLAGS, 0, &nobody, &look->db) != 0)
    return false;
  look->device = file.st_dev;
  look->inode = file.st_ino;
  look->opened++;
  return true;
}

static int64_t ask(struct country_look *look, const char *path) {
  sqlite3_stmt *row;
  int64_t version = -1;
  if (!open_it(look, path) ||
      sqlite3_prepare_v2(look->db, "PRAGMA data_version", -1, &row, NULL) !=
          SQLITE_OK)
    return -1;
  if (sqlite3_step(row) == SQLITE_ROW)
    version = (int64_t)(look->opened & INT32_MAX) << 32 |
              (uint32_t)sqlite3_column_int64(row, 0);
  sqlite3_finalize(row);
  return version;
}

/* ---- without ---- */

int64_t country_look_version(struct country_look *look, const char *path) {
  uv_mutex_lock(&look->lock);
  int64_t version = ask(look, path);
  uv_mutex_unlock(&look->lock);
  return version;
}

void country_look_was_read(struct country_look *look, int64_t version) {
  uv_mutex_lock(&look->lock);
  look->read = version;
  uv_mutex_unlock(&look->lock);
}

bool country_look_has_changed(struct country_look *look, const char *path) {
  uv_mutex_lock(&look->lock);
  int64_t version = ask(look, path);
  bool has = version >= 0 && version != look->read;
  uv_mutex_unlock(&look->lock);
  return has;
}
