/* SPDX-License-Identifier: MIT */
/* Short replies, which wait until all that came in this turn of the loop has
 * been answered and are then written one after another: calls of one kind in a
 * row find the kernel's code in the cache, which is worth up to a twentieth of
 * what a small request costs.
 *
 * One for each loop. A connection has one letter in it at most. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "seat.h"

/* A longer reply is not worth a copy. */
#define OUTBOX_LETTER_MAX ((size_t)1024)

struct outbox;

/* Gives one that is sent before the loop waits for events, and after it has
 * served those that came; it does not keep the loop alive. NULL: no memory. */
struct outbox *outbox_new(uv_loop_t *uv);

/* Frees an empty one, in the loop's next turn. NULL: nothing. */
void outbox_free(struct outbox *o);

/* Takes a copy of a reply, for seat, which has none in it. False when it is to
 * be written at once: it is long, or o is NULL. */
bool outbox_post(struct outbox *o, struct seat *seat, const char *data,
                 size_t size);

/* Writes all there is. What the kernel does not take a connection owes. */
void outbox_send(struct outbox *o);

/* The same if something of seat is in it: before it writes, or ends. */
static inline void outbox_settle(struct outbox *o, const struct seat *seat) {
  if (seat->posted)
    outbox_send(o);
}

#endif
