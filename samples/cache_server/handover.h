/* SPDX-License-Identifier: MIT */
/* Connections on their way to another loop. */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "server.h"

struct handed;

/* Zeroed it is none. */
struct inbox {
  uv_mutex_t lock;
  struct handed *first, **end;
  _Atomic size_t count;
};

/* Begins empty. A status of uv_mutex_init. */
int inbox_init(struct inbox *b);

/* Closes the connections that are left. */
void inbox_close(struct inbox *b);

/* Takes a connection from s, to be started by start on another loop, whose
 * thread is to be woken. False when there is no memory or no descriptor for it;
 * it is closed then. On the thread of s. */
bool inbox_put(struct inbox *b, struct server *s, vt_stream_t *stream,
               server_start_fn *start);

/* Starts all connections as parts of s; closes them if that stops. On the
 * thread of s. */
void inbox_take(struct inbox *b, struct server *s);

/* How many wait. Any thread. */
static inline size_t inbox_count(const struct inbox *b) {
  return atomic_load_explicit(&b->count, memory_order_relaxed);
}

#endif
