/* SPDX-License-Identifier: MIT */
/* Sums what the loops of a process count. */
#include "server_stats.h"

#include "server.h"

static void add_server(const struct server *s, struct server_stats *sum) {
  const struct server_counts *c = &s->counts;
  sum->connections += server_read(&c->connections);
  sum->commands += server_read(&c->commands);
  sum->bytes_in += server_read(&c->bytes_in);
  sum->bytes_out += server_read(&c->bytes_out);
  sum->connected += server_read(&c->connected);
  sum->rejected += server_read(&c->rejected);
  sum->evicted += server_read(&c->evicted);
  sum->timed_out += server_read(&c->timed_out);
  sum->client_memory += server_read(&c->client_memory);
  sum->log_dropped += server_read(&c->log_dropped);
  sum->loops++;
}

void server_stats(const struct server *s, struct server_stats *out) {
  const struct server_group *group = s->group;
  struct server_stats sum = {0};
  for (size_t i = 0; i < group->count; i++)
    add_server(group->servers[i], &sum);
  sum.uptime_ms = uv_hrtime() / 1000000 - s->started_ms;
  *out = sum;
}
