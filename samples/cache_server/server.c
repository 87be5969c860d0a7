/* SPDX-License-Identifier: MIT */
/* The server: accepts, sweeps, stops.
 *
 * Beside the clients one async function for each listener accepts, and one
 * wakes up four times a second, flushes the log and stops clients that have let
 * their time pass. A stop closes what they wait for; the sweeper stays until
 * the last client has gone, and the last part to end ends the run. */
#include "server.h"

#include <stdio.h>

#include "client.h"
#include "outbox.h"
#include "socket.h"

#define TICK_MS 250

struct server_frame {
  vt_frame_t vt;
  struct server *s;
  struct server_door *door;
};

/* What stands for zero. */
static const struct server_options standard = {
    .clients_max = 10000,
    .output_max = 256 * 1024,
    .guest_output_max = 4 * 1024,
    .held_max = (size_t)128 * 1024 * 1024,
    .stall_ms = 30000,
    .progress_ms = 10000,
    .keepalive_ms = 60000,
    .drain_ms = 2000,
};

static void set_standard(uint64_t *option, uint64_t value) {
  if (*option == 0)
    *option = value;
}

static void set_options(struct server_options *o) {
  set_standard(&o->clients_max, standard.clients_max);
  set_standard(&o->output_max, standard.output_max);
  set_standard(&o->guest_output_max, standard.guest_output_max);
  set_standard(&o->held_max, standard.held_max);
  set_standard(&o->stall_ms, standard.stall_ms);
  set_standard(&o->progress_ms, standard.progress_ms);
  set_standard(&o->keepalive_ms, standard.keepalive_ms);
  set_standard(&o->drain_ms, standard.drain_ms);
}

int server_open(struct server *s, struct server_group *group,
                countries_t *countries, struct access_log *log,
                const struct server_options *options) {
  *s = (struct server){.countries = countries, .log = log};
  if (options)
    s->options = *options;
  set_options(&s->options);
  s->self = s;
  s->group = group ? group : &s->alone;
  int status = group ? 0 : server_group_init(&s->alone, &s->self, 1);
  if (status != 0)
    return status;
  vt_reset_source_init(&s->end, 0);
  s->loop = vt_loop_current();
  s->uv = vt_loop_uv(s->loop);
  s->started_ms = uv_hrtime() / 1000000;
  return 0;
}

void server_release(struct server *s) {
  reply_close(&s->spare_reply);
  resp_close(&s->spare_arguments);
  http_close(s);
  if (s->group == &s->alone)
    server_group_close(&s->alone);
}

/* Without memory to tell of it, it is closed all the same. */
static void on_closed(void *state, vt_result_t r) {
  (void)state;
  (void)r;
}

static void close_doors(struct server *s) {
  while (s->door_count > 0)
    vt_await(vt_listener_close(s->doors[--s->door_count].listener), on_closed,
             NULL);
}

void server_abandon(struct server *s) {
  close_doors(s);
  server_release(s);
}

static int port_of(vt_listener_t *listener) {
  struct sockaddr_storage bound = {0};
  int size = sizeof bound;
  uv_stream_t *handle = vt_listener_uv(listener);
  if (handle->type != UV_TCP ||
      uv_tcp_getsockname((uv_tcp_t *)handle, (struct sockaddr *)&bound,
                         &size) != 0)
    return 0;
  return socket_port((struct sockaddr *)&bound);
}

int server_add(struct server *s, vt_listener_t *listener,
               server_start_fn *start) {
  if (s->door_count == SERVER_DOORS_MAX) {
    vt_await(vt_listener_close(listener), on_closed, NULL);
    return UV_ENFILE;
  }
  s->doors[s->door_count++] = (struct server_door){s, listener, start};
  return 0;
}

static int listen_on(struct server *s, const struct sockaddr *address,
                     server_start_fn *start, int *out_port) {
  vt_listener_t *listener;
  int status = vt_tcp_listen(address, SERVER_BACKLOG, &listener);
  if (status != 0)
    return status;
  *out_port = port_of(listener);
  return server_add(s, listener, start);
}

int server_init(struct server *s, const struct sockaddr *address,
                countries_t *countries, struct access_log *log,
                const struct server_options *options) {
  int status = server_open(s, NULL, countries, log, options);
  if (status != 0)
    return status;
  const struct sockaddr *http = s->options.http_address;
  status = listen_on(s, address, client_start, &s->port);
  if (status == 0 && http)
    status = http_open(s);
  if (status == 0 && http)
    status = listen_on(s, http, http_start, &s->http_port);
  if (status != 0)
    server_abandon(s);
  return status;
}

static void send_posted(struct server *s) {
  if (s->outbox)
    outbox_send(s->outbox);
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

void server_close_stream(struct server *s, vt_stream_t *stream) {
  server_part_began(s);
  vt_await(vt_stream_close(stream), on_part_over, s);
}

/* The listener itself waits while descriptors or memory are short. */
static vt_t accept_body(void *frame) {
  struct server_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (!f->s->stopping) {
    VT_AWAIT(f, r, vt_listener_accept(f->door->listener));
    if (r.status == 0) {
      f->door->start(f->s, r.value.p);
    } else if (!f->s->stopping) {
      fprintf(stderr, "vt-cache-server: accept: %s\n", vt_strerror(r.status));
      VT_TRY(f, vt_delay(TICK_MS));
    }
  }
  VT_END(f);
}

/* ---- the ticks ---- */

static void stop_clients(struct server *s) {
  for (struct client *c = s->clients, *next; c; c = next) {
    next = c->next;
    client_stop(c);
  }
  http_stop(s);
}

static bool has_clients(const struct server *s) {
  return s->clients || http_has_clients(s);
}

static void sweep(struct server *s) {
  uint64_t now = uv_now(s->uv);
  for (struct client *c = s->clients, *next; c; c = next) {
    next = c->next; /* a cancel may end it */
    client_sweep(c, now);
  }
  if (s->http)
    http_tick(s);
  if (s->stopping && now - s->stopped_ms > s->options.drain_ms)
    stop_clients(s);
  if (s->log) {
    access_log_tick(s->log);
    atomic_store(&s->counts.log_dropped, access_log_dropped(s->log));
  }
}

/* Out of memory a tick may fail; the next one comes all the same. */
static vt_t sweep_body(void *frame) {
  struct server_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (!f->s->stopping || has_clients(f->s)) {
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

/* A server that lacks one of these is deaf or has no deadlines: it stops. */
static void on_inner_over(void *state, vt_result_t r) {
  struct server *s = state;
  if (r.status != 0 && !s->stopping) {
    s->failure = r.status;
    server_stop(s);
  }
  server_part_ended(s);
}

/* Boxed from the start: what has begun has the memory to wait. */
static void begin_part(struct server *s, vt_body_fn *body,
                       struct server_door *door) {
  struct server_frame f = {.s = s, .door = door};
  server_part_began(s);
  vt_await(vt_start_boxed(&f, sizeof f, body), on_inner_over, s);
}

static void begin(struct server *s) {
  s->outbox = outbox_new(s->uv);
  begin_part(s, sweep_body, NULL);
  for (size_t i = 0; i < s->door_count && !s->stopping; i++)
    begin_part(s, accept_body, &s->doors[i]);
}

/* It is not to be reopened any more. */
static vt_t close_log(struct server *s) {
  struct access_log *log = s->log;
  s->log = NULL;
  return log ? access_log_close(log) : vt_done();
}

/* Parts may still be there when the run has failed. */
static void close_outbox(struct server *s) {
  send_posted(s);
  outbox_free(s->outbox);
  s->outbox = NULL;
}

static vt_t run_body(void *frame) {
  struct server_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  begin(f->s);
  VT_TRY(f, vt_reset_source_task(&f->s->end));
  VT_AWAIT(f, r, close_log(f->s));
  if (r.status != 0)
    fprintf(stderr, "vt-cache-server: access log: %s\n", vt_strerror(r.status));
  if (f->s->group == &f->s->alone)
    server_release(f->s);
  if (f->s->failure != 0)
    VT_RETURN(f, vt_failed(f->s->failure));
  VT_FINALLY(f);
  close_outbox(f->s);
  VT_END(f);
}

vt_t server_run(struct server *s) {
  struct server_frame f = {.s = s};
  vt_t run = vt_start_boxed(&f, sizeof f, run_body);
  if (vt_is_failed(run) && !s->stopping) /* it did not begin */
    close_doors(s);
  return run;
}

/* Who waits for the rest of a request, or for a next one, has nothing to get;
 * the others leave after their replies. */
static void drain_client(struct client *c) {
  c->leaving = true;
  if (c->phase == CLIENT_IDLE || c->phase == CLIENT_WITHIN)
    client_stop(c);
}

void server_stop(struct server *s) {
  if (s->stopping)
    return;
  send_posted(s);
  s->stopping = true;
  s->stopped_ms = uv_now(s->uv);
  for (size_t i = 0; i < s->door_count; i++) {
    server_part_began(s);
    vt_await(vt_listener_close(s->doors[i].listener), on_part_over, s);
  }
  http_stop(s);
  for (struct client *c = s->clients, *next; c; c = next) {
    next = c->next;
    drain_client(c);
  }
  if (!has_clients(s))
    vt_cancel(s->tick);
}

void server_hurry(struct server *s) {
  server_stop(s);
  stop_clients(s);
}
