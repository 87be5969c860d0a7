/* SPDX-License-Identifier: MIT */
/* A server in the background, on a free loopback port: RESP or HTTP. */
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

/* The same with so many loops. */
int server_start_vt_loops(struct server *s, const char *program,
                          const char *folder, const char *loops);

/* The same with HTTP on s->port. */
int server_start_vt_http(struct server *s, const char *program,
                         const char *folder);

/* Debian's nginx, one process, that answers anything with 100 bytes of JSON;
 * its files lie in folder. */
int server_start_nginx(struct server *s, const char *folder);

/* The bare responder (bare_server.c), which lies near program, of HTTP or of
 * RESP. */
int server_start_bare_http(struct server *s, const char *program);
int server_start_bare_resp(struct server *s, const char *program);

int server_stop(struct server *s);

/* n GETs of country:276 by redis-benchmark from 50 clients, so many at a time.
 * Gives the server's CPU time of one. 0, CHILD_ABSENT or -1. */
int server_get(const struct server *s, unsigned pipeline, uint64_t n,
               double *out_ns);

/* A second of GET path by wrk from 50 connections. Gives the server's CPU time
 * of one. 0, CHILD_ABSENT or -1. */
int server_http_get(const struct server *s, const char *path, double *out_ns);

#endif
