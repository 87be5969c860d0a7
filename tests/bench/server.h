/* SPDX-License-Identifier: MIT */
/* A RESP server in the background, on a free loopback port. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdint.h>
#include <sys/types.h>

struct server {
  pid_t pid;
  unsigned port;
};

/* Debian's redis-server, in memory only, with country:276 loaded. */
int server_start_redis(struct server *s);

/* vt-cache-server over a database of its own in folder. program: this one's
 * path, near which the server lies. */
int server_start_vt(struct server *s, const char *program, const char *folder);

int server_stop(struct server *s);

/* n GETs of country:276 by redis-benchmark from 50 clients, so many at a time.
 * Gives the server's CPU time of one. 0, CHILD_ABSENT or -1. */
int server_get(const struct server *s, unsigned pipeline, uint64_t n,
               double *out_ns);

#endif
