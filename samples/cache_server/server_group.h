/* SPDX-License-Identifier: MIT */
/* The servers of a process, one a loop: what they have in common. How many
 * clients there may be counts for all of them together, and data that one of
 * them has changed is old for each. */
#ifndef SERVER_GROUP_H
#define SERVER_GROUP_H

#include <stdatomic.h>
#include <vt.h>

#include "addresses.h"

struct server;
struct client;

/* The caller's memory. The list is there before the first server runs, and
 * stays until the last one is over. */
struct server_group {
  struct server *const *servers;
  size_t count;
  /* Has server_catch_up called on the thread of server number i, soon. NULL:
   * there is one server. Any thread; cannot fail. */
  void (*wake)(struct server_group *group, size_t i);
  _Atomic uint64_t generation; /* of the data */
  _Atomic uint64_t seats;      /* taken by clients */
  _Atomic uint64_t ids;        /* the last client's number */
  struct addresses addresses;
};

/* Borrows the list until the group is closed. UV_ENOMEM. */
int server_group_init(struct server_group *group, struct server *const *servers,
                      size_t count);
void server_group_close(struct server_group *group);

static inline uint64_t server_generation(const struct server_group *group) {
  return atomic_load_explicit(&group->generation, memory_order_acquire);
}

/* The data has changed: nothing that any loop has loaded by now is found by a
 * request that comes later. Call it before the change is answered. On the
 * server's thread; cannot fail. */
void server_invalidate(struct server *s);

/* Drops what is loaded if it is old. On the server's thread. */
void server_catch_up(struct server *s);

/* Runs on a server's own thread; may await there. */
typedef vt_t server_visit_fn(struct server *s, void *arg);

/* Calls visit(server, arg) for one server after the other, each on its thread,
 * and completes on this one. Borrows arg until completion, which is handed from
 * one to the next: without locks. The first failure ends it. UV_ENOMEM. */
VT_MUST_USE vt_t server_each(struct server *s, server_visit_fn *visit,
                             void *arg);

/* Bytes of all clients' buffers. Any thread. */
uint64_t server_group_memory(const struct server_group *group);

#endif
