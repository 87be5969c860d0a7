/* SPDX-License-Identifier: MIT */
/* The buffers of clients. They grow with what has come, are counted, and are
 * given back by a client that is idle. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_INPUT ((size_t)512)
/* A buffer up to this size stays from one request to the next. */
#define KEPT_INPUT ((size_t)64 * 1024)
#define INPUT_STEP ((size_t)4 * 1024 * 1024)

/* ---- counting ---- */

static size_t memory_of(const struct client *c) {
  return sizeof *c + c->in_capacity + c->reply.capacity +
         c->parser.capacity * sizeof *c->parser.argv;
}

bool client_account(struct client *c) {
  if (!c->stream) /* counted no more */
    return c->seat.memory == memory_of(c);
  if (VT_LIKELY(seat_account(&c->seat, memory_of(c))))
    return true;
  seat_evict(&c->seat);
  return false;
}

/* ---- the input ---- */

/* NULL, or why the client cannot have it, as a reply. */
static const char *resize(struct client *c, size_t capacity) {
  if (capacity > c->in_capacity && c->in &&
      !seat_find_memory(&c->seat, capacity - c->in_capacity)) {
    server_count(&c->server->counts.evicted, 1);
    return "ERR too many long requests at once";
  }
  char *in = realloc(c->in, capacity);
  if (!in)
    return "ERR not enough memory";
  c->in = in;
  c->in_capacity = capacity;
  if (c->stream)
    seat_set_memory(&c->seat, memory_of(c));
  return NULL;
}

static size_t more_than(size_t capacity) {
  if (capacity == 0)
    return FIRST_INPUT;
  return capacity < INPUT_STEP ? 2 * capacity : capacity + INPUT_STEP;
}

/* Doubles, then grows by steps: the size that a request declares is nowhere
 * looked at. */
const char *client_make_room(struct client *c) {
  size_t left = c->in_size - c->in_start;
  bool filled = c->in_size == c->in_capacity;
  bool large = c->in_capacity > KEPT_INPUT ||
               (c->trimming && c->in_capacity > FIRST_INPUT);
  if (!c->stream)
    return NULL;
  if (left > 0 && c->in_start > 0)
    memmove(c->in, c->in + c->in_start, left);
  c->in_start = 0;
  c->in_size = left;
  c->trimming = false;
  if (left == 0 && large)
    return resize(c, FIRST_INPUT);
  if (!filled || (left == 0 && c->in_capacity == KEPT_INPUT))
    return NULL;
  return resize(c, more_than(c->in_capacity));
}

bool client_is_to_wait(const struct client *c) {
  return c->in_capacity > 0 && c->in_size - c->in_start == c->in_capacity &&
         seat_is_to_wait(&c->seat);
}

/* ---- giving back ---- */

void client_take_spare(struct client *c) {
  struct server *s = c->server;
  if (!c->reply.data && c->reply.size == 0)
    reply_swap(&c->reply, &s->spare_reply);
  if (!c->parser.argv)
    resp_swap(&c->parser, &s->spare_arguments);
}

void client_give_spare(struct client *c) {
  struct server *s = c->server;
  if (!s->spare_reply.data && c->reply.size == 0)
    reply_swap(&c->reply, &s->spare_reply);
  if (!s->spare_arguments.argv && !resp_is_within(&c->parser))
    resp_swap(&c->parser, &s->spare_arguments);
}

void client_trim(struct client *c) {
  if (c->in_size != c->in_start)
    return;
  reply_reset(&c->reply, 0);
  resp_close(&c->parser); /* it makes its list anew */
  seat_set_memory(&c->seat, memory_of(c));
  if (c->in_capacity > FIRST_INPUT && !c->trimming) {
    c->trimming = true;
    vt_cancel(c->reading); /* the buffer is the reader's until then */
  }
}

void client_free_buffers(struct client *c) {
  reply_close(&c->reply);
  resp_close(&c->parser);
  free(c->in);
}
