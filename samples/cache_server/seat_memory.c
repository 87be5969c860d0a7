/* SPDX-License-Identifier: MIT */
/* How much memory connections may have together: when it is too much, those
 * that hold most go first. */
#include "seat.h"

#include "server.h"

static struct seat *largest(const struct server *s) {
  struct seat *most = NULL;
  for (struct seat *seat = s->seats; seat; seat = seat->next)
    if (!seat->kept && (!most || seat->memory > most->memory) &&
        seat->kind->stream(seat))
      most = seat;
  return most;
}

void seat_set_memory(struct seat *seat, size_t memory) {
  server_count(&seat->server->counts.client_memory,
               (uint64_t)memory - seat->memory);
  seat->memory = memory;
}

void seat_evict(struct seat *seat) {
  struct server *s = seat->server;
  server_count(&s->counts.evicted, 1);
  s->evicted += !seat->evicted;
  seat->evicted = true;
  seat_set_memory(seat, 0);
  seat->kind->stop(seat);
}

bool seat_find_memory(struct seat *seat, size_t more) {
  const struct server *s = seat->server;
  while (server_group_memory(s->group) + more > s->options.held_max) {
    struct seat *most = largest(s);
    if (!most || most == seat || most->memory < seat->memory + more)
      return false;
    seat_evict(most);
  }
  return true;
}

bool seat_account(struct seat *seat, size_t memory) {
  size_t before = seat->memory;
  if (VT_LIKELY(memory == before))
    return true;
  seat_set_memory(seat, memory);
  return memory < before || seat_find_memory(seat, 0);
}

bool seat_is_to_wait(const struct seat *seat) {
  return seat->server->evicted > 0;
}
