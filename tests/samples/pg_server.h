/* SPDX-License-Identifier: MIT */
/* A PostgreSQL server of the test's own: Debian's programs, in the folder that
 * VT_POSTGRES names, as the user postgres where the test is root; its files and
 * its socket are in a new folder, and it listens nowhere else. */
#ifndef VT_TEST_PG_SERVER_H
#define VT_TEST_PG_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pg_server {
  char dir[64];
  char url[192];
  pid_t pid; /* 0: not running */
};

/* Makes a cluster and starts it. What is wrong, or NULL. */
const char *pg_server_open(struct pg_server *s);

/* Starts one that was stopped; true when it takes connections. */
bool pg_server_start(struct pg_server *s);

/* Ends it at once, as a crash would: connections are just gone. */
void pg_server_kill(struct pg_server *s);

/* Kills it and removes its folder. */
void pg_server_close(struct pg_server *s);

/* Runs statements on a connection of its own; says on stderr why not. */
bool pg_server_sql(const struct pg_server *s, const char *sql);

/* The same; the first value of the result goes to text. */
bool pg_server_ask(const struct pg_server *s, const char *sql, char *text,
                   size_t size);

/* A group's: cmocka's setup and teardown, and the server that they make. */
extern struct pg_server pg;
int pg_setup(void **state);
int pg_teardown(void **state);

#endif
