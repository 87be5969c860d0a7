/* SPDX-License-Identifier: MIT */
/* One connection: an async function that reads, answers and writes, and what it
 * needs. It stops reading while the peer does not read: nothing is read before
 * all replies are written, and a long reply is made in pieces of
 * CLIENT_OUTPUT_MAX. */
#ifndef CLIENT_H
#define CLIENT_H

#include "reply.h"
#include "resp.h"
#include "server.h"

#define CLIENT_OUTPUT_MAX ((size_t)256 * 1024)
#define CLIENT_NAME_MAX 64

/* Bytes of a reply that are written from where they are, between the buffered
 * replies before and after them. */
struct client_tail {
  const char *data; /* NULL: none */
  size_t size;
  const struct country_dict *dict; /* what holds them, retained; or NULL */
};

/* A command whose reply is made piece by piece. */
struct client_cursor {
  /* Makes a piece. False when it was the last one. */
  bool (*step)(struct client *c);
  const struct country_dict *dict; /* retained; or NULL */
  size_t next, count;
  int64_t sum;
};

enum client_phase {
  CLIENT_IDLE,    /* between requests */
  CLIENT_WITHIN,  /* a part of a request has come */
  CLIENT_WRITING, /* replies are on their way */
  CLIENT_DRAINING /* said its last; what the peer still sends is dropped */
};

struct client {
  struct server *server;
  struct client *next, *previous;
  vt_stream_t *stream; /* NULL once it is closed */
  uint64_t id;
  char peer[64];
  char name[CLIENT_NAME_MAX + 1];

  enum client_phase phase;
  uint64_t since_ms; /* the phase began */
  size_t moved;      /* bytes that came in it; writing: that wait to go */

  struct resp_parser parser;
  char *in;
  size_t in_start, in_size, in_capacity; /* unused bytes: [start, size) */

  struct reply reply;
  struct client_tail tail;
  struct client_cursor cursor;
  int64_t budget; /* of work until others have their turn */
  bool leaving;   /* after the replies so far */
};

/* Work that a client may do before others have their turn: bytes, more or
 * less. */
#define CLIENT_BUDGET ((int64_t)64 * 1024)

/* Serves the connection, which it takes, as a part of the server. */
void client_start(struct server *s, vt_stream_t *stream);

/* Closes the connection now; what it waits for ends with UV_ECANCELED. */
void client_stop(struct client *c);

/* Stops a client that has let its time pass: stall_ms, and a millisecond more
 * for each byte that came, for half a request; stall_ms without taking a byte
 * of the replies that wait for it; a second for what it sends at the end. */
void client_sweep(struct client *c, uint64_t now_ms);

/* The client is in another phase from now on, or in the same one anew. */
void client_set_phase(struct client *c, enum client_phase phase);

/* ---- serve.c ---- */

/* Answers all whole requests that have come, and writes the replies. Fails when
 * the connection must end. */
VT_MUST_USE vt_t client_serve(struct client *c);

/* Gives up what a reply retains. */
void client_drop_reply(struct client *c);

/* A bulk reply: copied when it is short, else of bytes that stay where they
 * are: in dict, which is retained, or in
 * the request. Nothing may be added to the reply before it is written. */
void client_reply_bulk(struct client *c, const char *data, size_t size,
                       const struct country_dict *dict);

/* Makes the rest of the reply by steps. Retains dict, which may be NULL. */
void client_begin_cursor(struct client *c, bool (*step)(struct client *c),
                         size_t count, const struct country_dict *dict);

#endif
