/* SPDX-License-Identifier: MIT */
/* What a connection takes of what there is for all, whichever port it came to:
 * a place, one of those of its address, and memory. */
#ifndef SEAT_H
#define SEAT_H

#include <stdbool.h>
#include <vt.h>

#include "addresses.h"

struct server;
struct seat;

struct seat_kind {
  /* Closes the connection now; its memory goes in the loop's next turn. */
  void (*stop)(struct seat *seat);
  /* NULL once it is closed. */
  vt_stream_t *(*stream)(const struct seat *seat);
  /* Since when it waits for its next request; UINT64_MAX: it does not. */
  uint64_t (*idle_since)(const struct seat *seat);
  /* The kernel did not take the rest of what the outbox had of it: copies what
   * is to be written before all else, and posts nothing meanwhile. */
  void (*owe)(struct seat *seat, const char *rest, size_t size);
};

/* The first member of a connection. Zeroed: none. */
struct seat {
  const struct seat_kind *kind;
  struct server *server;
  struct seat *next, *previous; /* all of the server, the newest first */
  struct address *address;      /* NULL: none is counted */
  size_t memory;                /* of its buffers, as it is counted */
  bool taken;                   /* counts as a client */
  bool refused;                 /* is told why it is none */
  bool kept;                    /* CLIENT NO-EVICT */
  bool posted;                  /* the outbox has a reply of it */
  bool evicted; /* its memory counts no more, and is still there */
};

enum seat_answer {
  SEAT_TAKEN,
  SEAT_FULL,         /* all are taken */
  SEAT_ADDRESS_FULL, /* those of its address */
  SEAT_UNHEARD       /* one of these, and so many are told already: close it */
};

/* Takes a place for a connection that has come, from an idle one of its address
 * if need be. A local socket's peers have no address and are counted in all
 * only. Whoever is heard leaves, also without a place. */
enum seat_answer seat_take(struct seat *seat, struct server *s,
                           const struct seat_kind *kind, vt_stream_t *stream);

/* Gives back all that it has, at its end. */
void seat_leave(struct seat *seat);

/* ---- seat_memory.c ---- */

/* Stops those that hold most until more bytes fit. False when it would itself
 * be the one. Looks at the connections of this loop only: those of others look
 * after themselves when they grow. */
bool seat_find_memory(struct seat *seat, size_t more);

/* Counts its memory as it is now. False when that is too much, as
 * seat_find_memory; it is to go then. */
bool seat_account(struct seat *seat, size_t memory);
void seat_set_memory(struct seat *seat, size_t memory); /* never too much */

/* Stops it so that others have room: its memory counts no more. */
void seat_evict(struct seat *seat);

/* True while there is memory of evicted ones that has not gone yet: who would
 * take more waits for the loop's next turn. */
bool seat_is_to_wait(const struct seat *seat);

#endif
