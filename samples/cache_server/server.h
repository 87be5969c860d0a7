/* SPDX-License-Identifier: MIT */
/* One loop's server: what all its connections share, its beginning and its
 * end. It stands alone or, with those of other loops, in a group
 * (server_group.h). */
#ifndef SERVER_H
#define SERVER_H

#include <vt.h>

#include "access_log.h"
#include "auth.h"
#include "countries/countries.h"
#include "http.h"
#include "reply.h"
#include "resp.h"
#include "server_group.h"
#include "server_stats.h"

/* Listeners that a server may have. */
#define SERVER_DOORS_MAX 20
#define SERVER_BACKLOG 511

struct client;
struct outbox;
struct seat;

/* Zero stands for the value behind it. */
struct server_options {
  struct resp_limits limits;
  uint64_t clients_max;      /* of all loops together; 10,000 */
  uint64_t address_max;      /* of one address; no limit */
  uint64_t output_max;       /* replies of a client that wait; 256 KiB */
  uint64_t guest_output_max; /* before it is let in; 4 KiB */
  uint64_t held_max;         /* buffers of all clients; 128 MiB */
  uint64_t idle_ms;          /* between requests; for ever */
  uint64_t stall_ms;         /* for half a request, for replies; 30 s */
  uint64_t progress_ms;      /* look at the least progress so often; 10 s */
  uint64_t progress_rate;    /* bytes a second; none */
  uint64_t keepalive_ms;     /* a peer that vanished; 60 s */
  uint64_t drain_ms;         /* replies on their way at the end; 2 s */
  const struct auth *auth;   /* borrowed; NULL: nobody needs a password */
  struct http_limits http;
  const struct sockaddr *http_address; /* for server_init; NULL: no HTTP */
};

/* Serves a connection, which it takes, as a part of the server. */
typedef void server_start_fn(struct server *s, vt_stream_t *stream);

/* A listener, and what its connections are for. */
struct server_door {
  struct server *server;
  vt_listener_t *listener;
  server_start_fn *start;
};

struct server {
  struct server_options options;
  struct server_group *group; /* its own one when it stands alone */
  struct server_group alone;
  struct server *self; /* the list of a group of one */
  struct server_door doors[SERVER_DOORS_MAX];
  size_t door_count;
  int port, http_port; /* of the first one of either kind */
  struct http *http;   /* what its connections share; NULL: none */
  countries_t *countries;
  struct access_log *log; /* NULL: none */
  struct outbox *outbox;  /* NULL: replies are written at once */
  uv_loop_t *uv;
  vt_loop_t *loop;

  struct reply spare_reply; /* memory that clients take turns to use */
  struct resp_parser spare_arguments;

  struct client *clients; /* a list in both directions, the newest first */
  struct seat *seats;     /* of these and of HTTP's, the newest first */
  size_t evicted;         /* of these, evicted */
  struct server_counts counts;
  uint64_t generation;  /* of the data that countries has */
  uint64_t started_ms;  /* of uv_hrtime */
  unsigned turned_away; /* connections that are only told why */

  bool stopping;
  int64_t failure;       /* that stopped it; 0: none did */
  uint64_t stopped_ms;   /* of the loop's time */
  int parts;             /* clients and inner functions not yet over */
  vt_t tick;             /* what the sweeper waits for */
  vt_reset_source_t end; /* completes when parts is 0 after a stop */
};

/* A server without listeners, on the calling thread's loop. Borrows countries
 * and log until the run is over, group as well; NULL: it stands alone. Copies
 * options, which may be NULL. UV_ENOMEM; nothing is left then. */
int server_open(struct server *s, struct server_group *group,
                countries_t *countries, struct access_log *log,
                const struct server_options *options);

/* Ends a server that never ran. */
void server_abandon(struct server *s);

/* Frees what other loops may read. After the run, for a server in a group, when
 * all of them are over. */
void server_release(struct server *s);

/* Takes a listener, whose connections go to start. Before the run. UV_ENFILE
 * when there are too many; it is closed then. */
int server_add(struct server *s, vt_listener_t *listener,
               server_start_fn *start);

/* server_open alone, with one listener for clients on address, and one for HTTP
 * where the options have an address for it. The status of vt_tcp_listen,
 * UV_ENOMEM, UV_ENOTSUP for a server without HTTP; nothing is left then. */
int server_init(struct server *s, const struct sockaddr *address,
                countries_t *countries, struct access_log *log,
                const struct server_options *options);

/* Serves until server_stop. Completes when nothing of the server is left, its
 * log included. UV_ENOMEM: it could not begin, or go on, and has stopped. */
VT_MUST_USE vt_t server_run(struct server *s);

/* Stops listening, closes connections, and those whose replies are on their way
 * when they are out, after drain_ms at the latest. Again: nothing more. In any
 * callback of the loop. */
void server_stop(struct server *s);

/* The same, but waits for no replies; also after server_stop. */
void server_hurry(struct server *s);

/* A part of the server begins, or is over. */
void server_part_began(struct server *s);
void server_part_ended(struct server *s);

/* Closes a stream, which it takes, as a part of the server. */
void server_close_stream(struct server *s, vt_stream_t *stream);

/* The countries, without what other loops have made old. For each request: an
 * answer then never is older than a write that was answered before. */
static inline countries_t *server_countries(struct server *s) {
  if (!VT_LIKELY(server_generation(s->group) == s->generation))
    server_catch_up(s);
  return s->countries;
}

#endif
