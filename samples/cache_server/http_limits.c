/* SPDX-License-Identifier: MIT */
/* How many HTTP connections there may be, and how much memory they may have:
 * what the options say counts for clients of either kind together. */
#include "http_client.h"

bool http_take_seat(struct http_client *c) {
  struct server *s = c->server;
  if (atomic_fetch_add(&s->group->seats, 1) < s->options.clients_max)
    return true;
  atomic_fetch_sub(&s->group->seats, 1);
  server_count(&s->counts.rejected, 1);
  return false;
}

static void set_memory(struct http_client *c, size_t memory) {
  server_count(&c->server->counts.client_memory, (uint64_t)memory - c->memory);
  c->memory = memory;
}

void http_leave_seat(struct http_client *c) {
  set_memory(c, 0);
  if (c->has_seat)
    atomic_fetch_sub(&c->server->group->seats, 1);
}

/* A small output is the loop's. */
static size_t memory_of(const struct http_client *c) {
  size_t out = c->out.capacity > HTTP_KEPT_OUTPUT ? c->out.capacity : 0;
  size_t search = c->search ? sizeof *c->search + c->search->longest : 0;
  return sizeof *c + c->in_capacity + out + search;
}

bool http_account(struct http_client *c) {
  const struct server *s = c->server;
  size_t memory = memory_of(c), before = c->memory;
  if (VT_LIKELY(memory == before))
    return true;
  set_memory(c, memory);
  if (memory < before || server_group_memory(s->group) <= s->options.held_max)
    return true;
  server_count(&c->server->counts.evicted, 1);
  return false;
}
