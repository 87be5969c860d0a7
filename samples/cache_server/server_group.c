/* SPDX-License-Identifier: MIT */
/* What the servers of a process have in common.
 *
 * Invalidation is a number that only grows. A write adds to it before it is
 * answered, and each request compares it with the number of its own loop's
 * data: whoever has seen the answer finds nothing old on any loop, with no
 * message to wait for. (On a vt_cache_bus_t other loops forget a turn later,
 * and a hit looks further.) The wake-up only frees the memory of idle loops. */
#include "server_group.h"

#include "server.h"

int server_group_init(struct server_group *group, struct server *const *servers,
                      size_t count) {
  *group = (struct server_group){.servers = servers, .count = count};
  return addresses_init(&group->addresses);
}

void server_group_close(struct server_group *group) {
  addresses_close(&group->addresses);
}

void server_catch_up(struct server *s) {
  uint64_t generation = server_generation(s->group);
  if (generation == s->generation)
    return;
  s->generation = generation;
  countries_invalidate(s->countries);
}

void server_invalidate(struct server *s) {
  struct server_group *group = s->group;
  atomic_fetch_add_explicit(&group->generation, 1, memory_order_acq_rel);
  server_catch_up(s);
  for (size_t i = 0; group->wake && i < group->count; i++)
    if (group->servers[i] != s)
      group->wake(group, i);
}

uint64_t server_group_memory(const struct server_group *group) {
  uint64_t sum = 0;
  for (size_t i = 0; i < group->count; i++)
    sum += server_read(&group->servers[i]->counts.client_memory);
  return sum;
}

/* ---- one after the other ---- */

struct visit {
  struct server *server;
  server_visit_fn *fn;
  void *arg;
};

struct each_frame {
  vt_frame_t vt;
  struct server *s;
  struct visit visit;
  size_t i;
};

static vt_t visit_there(void *arg) {
  const struct visit *visit = arg;
  return visit->fn(visit->server, visit->arg);
}

/* The frame has stopped moving by then: it is boxed from the start. */
static vt_t visit_one(struct each_frame *f, struct server *server) {
  f->visit.server = server;
  if (server == f->s)
    return visit_there(&f->visit);
  return vt_invoke_on(server->loop, visit_there, &f->visit);
}

static vt_t each_body(void *frame) {
  struct each_frame *f = frame;
  VT_BEGIN(f);
  for (f->i = 0; f->i < f->s->group->count; f->i++)
    VT_TRY(f, visit_one(f, f->s->group->servers[f->i]));
  VT_END(f);
}

vt_t server_each(struct server *s, server_visit_fn *visit, void *arg) {
  struct each_frame f = {.s = s, .visit = {.fn = visit, .arg = arg}};
  return vt_start_boxed(&f, sizeof f, each_body);
}
