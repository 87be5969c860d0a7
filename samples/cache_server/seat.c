/* SPDX-License-Identifier: MIT */
/* How many connections there may be, in all and of one address. */
#include "seat.h"

#include "server.h"

/* Connections that are turned away at once and hear why; more are just
 * closed. */
#define TURNED_AWAY_MAX 64u

/* Of those that came at the same time the one that came first: the last. */
static struct seat *oldest_idle(const struct server *s,
                                const struct address *address) {
  struct seat *oldest = NULL;
  uint64_t oldest_ms = UINT64_MAX;
  for (struct seat *seat = s->seats; seat; seat = seat->next) {
    uint64_t since_ms =
        seat->address == address ? seat->kind->idle_since(seat) : UINT64_MAX;
    if (since_ms == UINT64_MAX || since_ms > oldest_ms)
      continue;
    oldest = seat;
    oldest_ms = since_ms;
  }
  return oldest;
}

/* The place of one that goes becomes that of one that comes. */
static bool displace(struct seat *seat, struct address *address) {
  struct seat *old = oldest_idle(seat->server, address);
  if (!old)
    return false;
  seat->address = address;
  seat->taken = old->taken;
  old->address = NULL;
  old->taken = false;
  server_count(&seat->server->counts.evicted, 1);
  old->kind->stop(old);
  return true;
}

static bool count_address(struct seat *seat, vt_stream_t *stream) {
  struct server *s = seat->server;
  struct sockaddr_storage peer;
  struct address *entry = NULL;
  int size = sizeof peer;
  uv_tcp_t *tcp = (uv_tcp_t *)vt_stream_uv(stream);
  if (s->options.address_max == 0 || tcp->type != UV_TCP ||
      uv_tcp_getpeername(tcp, (struct sockaddr *)&peer, &size) != 0)
    return true;
  int status =
      addresses_enter(&s->group->addresses, (const struct sockaddr *)&peer,
                      s->options.address_max, &entry);
  if (status == UV_EBUSY)
    return displace(seat, entry);
  seat->address = entry;
  return status == 0;
}

static void leave_place(struct seat *seat) {
  struct server *s = seat->server;
  addresses_leave(&s->group->addresses, seat->address);
  seat->address = NULL;
  if (!seat->taken)
    return;
  seat->taken = false;
  atomic_fetch_sub(&s->group->seats, 1);
  server_uncount(&s->counts.connected, 1);
}

static enum seat_answer find_place(struct seat *seat, vt_stream_t *stream) {
  struct server *s = seat->server;
  if (!count_address(seat, stream))
    return SEAT_ADDRESS_FULL;
  if (seat->taken)
    return SEAT_TAKEN;
  seat->taken = true;
  server_count(&s->counts.connected, 1);
  if (atomic_fetch_add(&s->group->seats, 1) < s->options.clients_max)
    return SEAT_TAKEN;
  leave_place(seat);
  return SEAT_FULL;
}

static void link_seat(struct seat *seat) {
  struct server *s = seat->server;
  seat->next = s->seats;
  if (s->seats)
    s->seats->previous = seat;
  s->seats = seat;
}

static void unlink_seat(struct seat *seat) {
  if (seat->next)
    seat->next->previous = seat->previous;
  if (seat->previous)
    seat->previous->next = seat->next;
  else
    seat->server->seats = seat->next;
}

enum seat_answer seat_take(struct seat *seat, struct server *s,
                           const struct seat_kind *kind, vt_stream_t *stream) {
  *seat = (struct seat){.kind = kind, .server = s};
  server_count(&s->counts.connections, 1);
  enum seat_answer answer = find_place(seat, stream);
  if (answer != SEAT_TAKEN) {
    server_count(&s->counts.rejected, 1);
    if (s->turned_away >= TURNED_AWAY_MAX)
      return SEAT_UNHEARD;
    s->turned_away++;
    seat->refused = true;
  }
  link_seat(seat);
  return answer;
}

void seat_leave(struct seat *seat) {
  struct server *s = seat->server;
  unlink_seat(seat);
  leave_place(seat);
  seat_set_memory(seat, 0);
  s->turned_away -= seat->refused;
  s->evicted -= seat->evicted;
}
