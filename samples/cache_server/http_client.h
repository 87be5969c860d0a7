/* SPDX-License-Identifier: MIT */
/* One HTTP connection, and what all of a loop share. Like a client of the other
 * protocol it is an async function that reads, answers and writes, and stops
 * reading while the peer does not read. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "http.h"
#include "http_body.h"
#include "http_search.h"
#include "metrics.h"
#include "progress.h"
#include "reply.h"
#include "seat.h"
#include "server.h"

/* Answers of pipelined requests are gathered up to this size, and a longer body
 * is written from where it is. */
#define HTTP_OUTPUT_MAX ((size_t)16 * 1024)
/* A buffer of answers up to this size is kept for the next client. */
#define HTTP_KEPT_OUTPUT ((size_t)4 * 1024)

enum http_phase {
  HTTP_IDLE,      /* between requests */
  HTTP_HEAD,      /* a part of a head has come */
  HTTP_BODY,      /* a part of a body */
  HTTP_ANSWERING, /* a request; perhaps it waits for the data */
  HTTP_WRITING,   /* answers are on their way */
  HTTP_DRAINING   /* said its last; what the peer still sends is dropped */
};

/* A body that is written from where it is. */
struct http_tail {
  const char *data; /* NULL: none */
  size_t size;
  struct http_snapshot *snapshot; /* retained; or NULL */
};

struct http_client {
  struct seat seat;
  struct server *server;
  struct http *http;
  struct http_client *next, *previous;
  vt_stream_t *stream; /* NULL once it is closed */
  vt_t reading;        /* while it waits for bytes */

  enum http_phase phase;
  struct progress progress; /* of the phase */

  char *in;
  size_t in_start, in_size, in_capacity; /* unused bytes: [start, size) */
  size_t head_size; /* of a head whose body is awaited; 0: none is */
  struct http_scan scan;
  struct http_body body;
  struct http_head head;

  struct reply out; /* its memory is borrowed from spare while it is small */
  struct http_tail tail;
  struct http_search *search; /* that is being answered, or NULL */
  int64_t budget;             /* of work until others have their turn */
  unsigned answered;          /* since the last write */
  bool timed;                 /* one of the batches that are measured */
  uint64_t began_ns;          /* with the first of them, if so */
  bool leaving;               /* after the answers so far */
  bool late;                  /* its time is over: it is told 408 */
  uint64_t id;
  char peer[64];
};

/* True for one who is to write, or to fail, before it reads on. */
static inline bool http_owes(const struct http_client *c) {
  return c->out.size > 0 || c->out.status != 0;
}

#define HTTP_BUDGET ((int64_t)64 * 1024)

/* Of so many batches of answers the time of one is taken: two looks at the
 * clock are a hundredth of the cost of a small answer. */
#define HTTP_TIMED 8u

/* What the HTTP connections of a loop share. */
struct http {
  struct server *server;
  struct http_client *clients;    /* in both directions, the newest first */
  struct http_snapshot *snapshot; /* of the last dictionary seen; or NULL */
  struct reply spare;             /* an empty buffer for who answers next */
  struct http_memo memo;
  unsigned batches; /* of answers, of all connections */
  struct metrics metrics;
  uint64_t second; /* of the lines below */
  char date[48];   /* the field, with its CRLF */
  char ok[80];     /* the status line of 200 and the date */
  size_t date_size, ok_size;
};

/* The client is in another phase from now on, or in the same one anew. */
void http_set_phase(struct http_client *c, enum http_phase phase);

/* Closes the connection now, but for answers in the outbox, which are tried
 * first. */
void http_client_stop(struct http_client *c);

/* Counts the buffers as they are now. While all clients together hold too much
 * the one that holds most is stopped; false when it is this one. */
bool http_account(struct http_client *c);

/* ---- http_sweep.c ---- */

/* Ends a connection that has let its time pass: half a request by 408. */
void http_sweep(struct http_client *c, uint64_t now_ms);

/* ---- http_serve.c ---- */

/* Answers all whole requests that have come, and writes the answers. Fails when
 * the connection must end. */
VT_MUST_USE vt_t http_serve(struct http_client *c);

/* Gives up what an answer retains. */
void http_drop_answer(struct http_client *c);

/* ---- http_route.c ---- */

/* Adds the answer to the request in c->head; a search may be left to be written
 * by steps. Fails only when the connection must end. */
VT_MUST_USE vt_t http_route(struct http_client *c);

#endif
