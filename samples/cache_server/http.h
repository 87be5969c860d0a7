/* SPDX-License-Identifier: MIT */
/* The server's other side: HTTP/1.1 for programs, people and Prometheus. All on
 * the loop's own thread. */
#ifndef HTTP_H
#define HTTP_H

#include <vt.h>

struct server;
struct http;

/* Zero stands for the value behind it. */
struct http_limits {
  uint64_t idle_ms; /* between requests; 60 s */
  uint64_t head_ms; /* from the first byte of a head to its last; 10 s */
};

/* Makes what the connections share, in s->http. UV_ENOMEM. */
int http_open(struct server *s);

/* Frees it, when no connection is left. NULL in s->http is accepted. */
void http_close(struct server *s);

/* Serves the connection, which it takes, as a part of the server. */
void http_start(struct server *s, vt_stream_t *stream);

/* A few times a second: stops connections that have let their time pass. */
void http_tick(struct server *s);

/* Closes all connections, but lets those whose answers are on their way wait
 * for that; again: all. */
void http_stop(struct server *s);

/* True while there are connections. */
bool http_has_clients(const struct server *s);

#endif
