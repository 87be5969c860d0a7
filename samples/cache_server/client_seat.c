/* SPDX-License-Identifier: MIT */
/* Who may be a client: so many in all, and so many of one address. A local
 * socket's peers have no address and are counted in all only. */
#include "client.h"

static struct client *oldest_idle(const struct server *s,
                                  const struct address *address) {
  struct client *oldest = NULL;
  for (struct client *c = s->clients; c; c = c->next)
    if (c->address == address && c->phase == CLIENT_IDLE && c->stream &&
        (!oldest || c->progress.since_ms < oldest->progress.since_ms))
      oldest = c;
  return oldest;
}

/* The seat of a client that goes becomes that of one that comes. */
static bool displace(struct client *c, struct address *address) {
  struct client *old = oldest_idle(c->server, address);
  if (!old)
    return false;
  old->address = NULL;
  c->address = address;
  client_stop(old);
  server_count(&c->server->counts.evicted, 1);
  return true;
}

static bool count_address(struct client *c) {
  struct server *s = c->server;
  struct sockaddr_storage peer;
  struct address *entry = NULL;
  int size = sizeof peer;
  uv_tcp_t *tcp = (uv_tcp_t *)vt_stream_uv(c->stream);
  if (s->options.address_max == 0 || tcp->type != UV_TCP ||
      uv_tcp_getpeername(tcp, (struct sockaddr *)&peer, &size) != 0)
    return true;
  int status =
      addresses_enter(&s->group->addresses, (const struct sockaddr *)&peer,
                      s->options.address_max, &entry);
  if (status == UV_EBUSY)
    return displace(c, entry);
  c->address = entry;
  return status == 0;
}

const char *client_take_seat(struct client *c) {
  struct server *s = c->server;
  if (!count_address(c))
    return "ERR max number of clients of this address reached";
  uint64_t seats = atomic_fetch_add(&s->group->seats, 1);
  c->seated = true;
  server_count(&s->counts.connected, 1);
  if (seats < s->options.clients_max)
    return NULL;
  client_leave_seat(c);
  return "ERR max number of clients reached";
}

void client_leave_seat(struct client *c) {
  addresses_leave(&c->server->group->addresses, c->address);
  c->address = NULL;
  if (!c->seated)
    return;
  c->seated = false;
  atomic_fetch_sub(&c->server->group->seats, 1);
  server_uncount(&c->server->counts.connected, 1);
}
