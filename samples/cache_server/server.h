/* SPDX-License-Identifier: MIT */
/* The cache server: what all its connections share, its beginning and its
 * end. */
#ifndef SERVER_H
#define SERVER_H

#include <vt.h>

#include "access_log.h"
#include "countries/countries.h"
#include "resp.h"

/* A client may hold so much of a request for nothing; more counts in held. */
#define SERVER_FREE_INPUT ((size_t)64 * 1024)

struct client;

/* Zero stands for the value behind it. */
struct server_options {
  struct resp_limits limits;
  size_t held_max;   /* all long requests together; 128 MiB */
  uint64_t stall_ms; /* for half a request, for replies not read; 30 s */
};

struct server {
  struct server_options options;
  vt_listener_t *listener;
  int port;
  countries_t *countries;
  struct access_log *log; /* NULL: none */
  uv_loop_t *uv;

  struct client *clients; /* a list in both directions, the newest first */
  size_t client_count;
  size_t held;       /* bytes of requests over SERVER_FREE_INPUT */
  uint64_t accepted; /* connections; the last one's number */
  uint64_t commands;
  uint64_t started_ms;

  bool stopping;
  int parts;             /* clients and inner functions not yet over */
  vt_t tick;             /* what the sweeper waits for */
  vt_reset_source_t end; /* completes when parts is 0 after a stop */
};

/* Listens on address. Borrows countries and log until the run is over. The
 * status of vt_tcp_listen; nothing is left then. */
int server_init(struct server *s, const struct sockaddr *address,
                countries_t *countries, struct access_log *log,
                const struct server_options *options);

/* Serves until server_stop. Completes when nothing of the server is left, its
 * log included. */
VT_MUST_USE vt_t server_run(struct server *s);

/* Stops listening and closes all connections; again: nothing. In any callback
 * of the loop. */
void server_stop(struct server *s);

/* A part of the server begins, or is over. */
void server_part_began(struct server *s);
void server_part_ended(struct server *s);

#endif
