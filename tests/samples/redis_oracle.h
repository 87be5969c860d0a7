/* SPDX-License-Identifier: MIT */
/* redis-server as an oracle: the same countries, the same scripts, its
 * replies. */
#ifndef VT_TEST_REDIS_ORACLE_H
#define VT_TEST_REDIS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "samples/random_script.h"

struct oracle {
  char dir[64], path[96]; /* its folder, its socket */
  pid_t pid;
};

/* Starts redis-server in memory, on a socket in a folder of its own. */
bool oracle_start(struct oracle *o);

/* Ends it. */
void oracle_stop(struct oracle *o);

/* Loads the countries of an SQLite file, as strings or as hashes; once. Other
 * commands than those of kind are refused from then on. */
bool oracle_load(struct oracle *o, const char *db, enum script_kind kind);

/* A connection, negative on failure. */
int oracle_connect(const struct oracle *o);

/* Sends all, half closes, and reads to the end: the size of what came, or
 * negative; cut at capacity. Closes fd. */
long oracle_ask(int fd, const char *data, size_t size, char *got,
                size_t capacity);

#endif
