/* SPDX-License-Identifier: MIT */
/* Whether an SQLite database has changed since it was read, by whomever: its
 * data_version, on a connection that is kept for that, as numbers of two
 * connections cannot be compared. A file that was put in its place is a change
 * too. All functions may block for as long as the disk takes, not for locks. */
#ifndef COUNTRY_LOOK_H
#define COUNTRY_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct sqlite3;

/* The caller's memory, private. */
struct country_look {
  uv_mutex_t lock; /* of all that follows; loads and looks have threads each */
  struct sqlite3 *db; /* NULL: none */
  dev_t device;       /* of its file */
  ino_t inode;
  uint32_t opened; /* how often */
  int64_t read;    /* the version of what was read last */
};

/* Begins with nothing read. The status of uv_mutex_init. */
int country_look_init(struct country_look *look);

/* Ends the connection. */
void country_look_close(struct country_look *look);

/* The version of the database at path now; ask for it before the reading. -1:
 * it cannot be told, by a lock for one. Any thread. */
int64_t country_look_version(struct country_look *look, const char *path);

/* What had this version has been read. Any thread. */
void country_look_was_read(struct country_look *look, int64_t version);

/* True when there is something else to read; false as well when that cannot be
 * told. Any thread. */
bool country_look_has_changed(struct country_look *look, const char *path);

#endif
