/* SPDX-License-Identifier: MIT */
/* One connection: an async function that reads, answers and writes, and what it
 * needs. It stops reading while the peer does not read: nothing is read before
 * all replies are written, and a long reply is made in pieces of output_max. */
#ifndef CLIENT_H
#define CLIENT_H

#include "progress.h"
#include "reply.h"
#include "resp.h"
#include "seat.h"
#include "server.h"
#include "session.h"

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

  /* Of KEYS and SCAN. */
  const struct resp_slice *pattern; /* NULL: any key */
  unsigned types;
  bool scans;
  size_t from;    /* where it began */
  uint64_t after; /* the cursor to tell */
};

enum client_phase {
  CLIENT_IDLE,    /* between requests */
  CLIENT_WITHIN,  /* a part of a request has come */
  CLIENT_SERVING, /* a request is being answered */
  CLIENT_WRITING, /* replies are on their way */
  CLIENT_DRAINING /* said its last; what the peer still sends is dropped */
};

struct client {
  struct seat seat;
  struct server *server;
  struct client *next, *previous;
  vt_stream_t *stream; /* NULL once it is closed */
  const char *refusal; /* why it is none; NULL: it is one */
  uint64_t id;
  char peer[48]; /* with the longest address of IPv6 */
  char *name;    /* NULL: none */
  bool trimming; /* reading was cancelled to give the buffer back */
  bool leaving;  /* after the replies so far */

  enum client_phase phase;
  struct progress progress; /* of the phase */

  struct session session;
  struct resp_parser parser;
  char *in;
  size_t in_start, in_size, in_capacity; /* unused bytes: [start, size) */
  vt_t reading;                          /* while it waits for bytes */

  struct reply reply;
  struct client_tail tail;
  struct client_cursor cursor;
  size_t charged;    /* bytes of the reply that were taken off the budget */
  int64_t budget;    /* of work until others have their turn */
  uint64_t began_ns; /* the request, if there is a log */
};

/* True for one who is to write, or to fail, before it reads on. */
static inline bool client_owes(const struct client *c) {
  return c->reply.size > 0 || c->reply.status != 0;
}

/* Work that a client may do before others have their turn: bytes, more or
 * less. */
#define CLIENT_BUDGET ((int64_t)64 * 1024)

/* Serves the connection, which it takes, as a part of the server. */
void client_start(struct server *s, vt_stream_t *stream);

/* Closes the connection now, but for replies in the outbox, which are tried
 * first; what it waits for ends with UV_ECANCELED. */
void client_stop(struct client *c);

/* The client is in another phase from now on, or in the same one anew. */
void client_set_phase(struct client *c, enum client_phase phase);

/* ---- client_sweep.c ---- */

/* Stops a client that has let its time pass: stall_ms, and a millisecond more
 * for each byte that came, for half a request; stall_ms without taking a byte
 * of the replies that wait for it; a second for what it sends at the end;
 * idle_ms between requests; in either direction progress_ms with less than the
 * least progress. Takes the buffers of those who are idle. */
void client_sweep(struct client *c, uint64_t now_ms);

/* ---- client_memory.c ---- */

/* True when room would take memory while that of evicted clients has not gone
 * yet: in the loop's next turn it has. */
bool client_is_to_wait(const struct client *c);

/* Room for a read, behind what is not used yet. NULL, or why the client cannot
 * have it, as a reply; NULL too when its stream is closed. */
const char *client_make_room(struct client *c);

/* Counts the buffers as they are now. While all clients together hold too much,
 * the one that holds most is stopped. False when it was this one. */
bool client_account(struct client *c);

/* A client that answers has the loop's spare buffers, which it gives back when
 * nothing is in them: those who wait need none of their own. */
void client_take_spare(struct client *c);
void client_give_spare(struct client *c);

/* Frees the buffers of a client that waits for its next request, but for one
 * of the least size that is being read into. */
void client_trim(struct client *c);

/* Frees all. */
void client_free_buffers(struct client *c);

/* ---- serve.c ---- */

/* Answers all whole requests that have come, and writes the replies. Fails when
 * the connection must end. */
VT_MUST_USE vt_t client_serve(struct client *c);

/* Lets others have their turn when the client's budget is spent. */
VT_MUST_USE vt_t client_take_turns(struct client *c);

/* Gives up what a reply retains. */
void client_drop_reply(struct client *c);

/* A longer reply is written from where it is. */
#define CLIENT_COPY_MAX ((size_t)16 * 1024)

/* A bulk reply of bytes that stay where they are: in dict, which is retained,
 * or in the request. Nothing may be added to the reply before it is written. */
void client_reply_long(struct client *c, const char *data, size_t size,
                       const struct country_dict *dict);

/* The same, but copied when it is short. */
static inline void client_reply_bulk(struct client *c, const char *data,
                                     size_t size,
                                     const struct country_dict *dict) {
  if (VT_LIKELY(size <= CLIENT_COPY_MAX))
    reply_bulk(&c->reply, data, size);
  else
    client_reply_long(c, data, size, dict);
}

/* Makes the rest of the reply by steps. Retains dict, which may be NULL. */
void client_begin_cursor(struct client *c, bool (*step)(struct client *c),
                         size_t count, const struct country_dict *dict);

#endif
