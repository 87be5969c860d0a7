/* SPDX-License-Identifier: MIT */
/* The server: accepts, sweeps, stops.
 *
 * Two async functions run beside the clients: one accepts, one wakes up four
 * times a second, flushes the log and stops clients that have let their time
 * pass. A stop closes what they wait for; the last part to end ends the run. */
#include "server.h"

#include <stdio.h>

#include "client.h"

#define BACKLOG 511
#define TICK_MS 250
#define STALL_MS 30000
#define HELD_MAX ((size_t)128 * 1024 * 1024)

struct server_frame {
  vt_frame_t vt;
  struct server *s;
};

int server_init(struct server *s, const struct sockaddr *address,
                countries_t *countries, struct access_log *log,
                const struct server_options *options) {
  struct sockaddr_storage bound;
  int size = sizeof bound;
  *s = (struct server){.countries = countries, .log = log};
  if (options)
    s->options = *options;
  if (s->options.held_max == 0)
    s->options.held_max = HELD_MAX;
  if (s->options.stall_ms == 0)
    s->options.stall_ms = STALL_MS;
  int status = vt_tcp_listen(address, BACKLOG, &s->listener);
  if (status != 0)
    return status;
  vt_reset_source_init(&s->end, 0);
  s->uv = vt_loop_uv(vt_loop_current());
  s->started_ms = uv_now(s->uv);
  if (uv_tcp_getsockname((uv_tcp_t *)vt_listener_uv(s->listener),
                         (struct sockaddr *)&bound, &size) == 0)
    s->port = ntohs(bound.ss_family == AF_INET6
                        ? ((struct sockaddr_in6 *)&bound)->sin6_port
                        : ((struct sockaddr_in *)&bound)->sin_port);
  return 0;
}

void server_part_began(struct server *s) { s->parts++; }

void server_part_ended(struct server *s) {
  vt_result_t done = {0, {0}};
  if (--s->parts == 0 && s->stopping)
    vt_reset_source_set(&s->end, done);
}

static void on_part_over(void *state, vt_result_t r) {
  (void)r;
  server_part_ended(state);
}

/* ---- accepting ---- */

/* The listener itself waits while descriptors or memory are short. */
static vt_t accept_body(void *frame) {
  struct server_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (!f->s->stopping) {
    VT_AWAIT(f, r, vt_listener_accept(f->s->listener));
    if (r.status == 0) {
      client_start(f->s, r.value.p);
    } else if (!f->s->stopping) {
      fprintf(stderr, "vt-cache-server: accept: %s\n", vt_strerror(r.status));
      VT_TRY(f, vt_delay(TICK_MS));
    }
  }
  VT_END(f);
}

/* ---- the ticks ---- */

static void sweep(struct server *s) {
  uint64_t now = uv_now(s->uv);
  for (struct client *c = s->clients; c; c = c->next)
    client_sweep(c, now);
  if (s->log)
    access_log_tick(s->log);
}

/* Out of memory a tick may fail; the next one comes all the same. */
static vt_t sweep_body(void *frame) {
  struct server_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (!f->s->stopping) {
    f->s->tick = vt_delay(TICK_MS);
    VT_AWAIT(f, r, f->s->tick);
    if (r.status == 0)
      sweep(f->s);
    else if (!f->s->stopping)
      VT_TRY(f, vt_yield());
  }
  VT_END(f);
}

/* ---- the run ---- */

static void begin_part(struct server *s, vt_body_fn *body) {
  struct server_frame f = {.s = s};
  server_part_began(s);
  vt_await(vt_start(&f, body), on_part_over, s);
}

static vt_t run_body(void *frame) {
  struct server_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  begin_part(f->s, sweep_body);
  begin_part(f->s, accept_body);
  VT_TRY(f, vt_reset_source_task(&f->s->end));
  if (f->s->log) {
    VT_AWAIT(f, r, access_log_close(f->s->log));
    if (r.status != 0)
      fprintf(stderr, "vt-cache-server: access log: %s\n",
              vt_strerror(r.status));
  }
  VT_END(f);
}

vt_t server_run(struct server *s) {
  struct server_frame f = {.s = s};
  return vt_start(&f, run_body);
}

void server_stop(struct server *s) {
  if (s->stopping)
    return;
  s->stopping = true;
  server_part_began(s);
  vt_await(vt_listener_close(s->listener), on_part_over, s);
  vt_cancel(s->tick);
  for (struct client *c = s->clients; c; c = c->next)
    client_stop(c);
}
