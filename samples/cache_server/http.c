/* SPDX-License-Identifier: MIT */
/* The life of an HTTP connection: read, serve, and at the end close.
 *
 * Who is refused is still told why: its writing side is shut down, and what it
 * has yet to send is read and dropped for a while, as a close with bytes unread
 * would take the answer away from it. */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_reply.h"
#include "outbox.h"
#include "socket.h"

#define FIRST_INPUT ((size_t)512)
#define DRAIN_MAX ((size_t)4 * 1024 * 1024)

struct http_frame {
  vt_frame_t vt;
  struct http_client *c;
};

void http_set_phase(struct http_client *c, enum http_phase phase) {
  c->phase = phase;
  progress_begin(&c->progress, uv_now(c->server->uv));
}

/* ---- the input ---- */

static bool resize(struct http_client *c, size_t capacity) {
  char *in = realloc(c->in, capacity);
  if (!in)
    return false;
  c->in = in;
  c->in_capacity = capacity;
  return true;
}

/* Room for a read, behind what is not used yet. The longest head and the body
 * behind it fit into 32 KiB, as a body is dropped when it comes. */
static bool make_room(struct http_client *c) {
  size_t left = c->in_size - c->in_start;
  if (left > 0 && c->in_start > 0)
    memmove(c->in, c->in + c->in_start, left);
  c->in_start = 0;
  c->in_size = left;
  if (c->in_capacity == 0 || (left == 0 && c->in_capacity > FIRST_INPUT))
    return resize(c, FIRST_INPUT);
  return left < c->in_capacity || resize(c, 2 * c->in_capacity);
}

/* A small output is the loop's. */
static size_t memory_of(const struct http_client *c) {
  size_t out = c->out.capacity > HTTP_KEPT_OUTPUT ? c->out.capacity : 0;
  size_t search = c->search ? sizeof *c->search + c->search->longest : 0;
  return sizeof *c + c->in_capacity + out + search;
}

bool http_account(struct http_client *c) {
  size_t memory = memory_of(c);
  if (!c->stream) /* counted no more */
    return c->seat.memory == memory;
  if (VT_LIKELY(seat_account(&c->seat, memory)))
    return true;
  server_count(&c->server->counts.evicted, 1);
  return false;
}

/* True when room would take memory that is not there yet. */
static bool is_to_wait(const struct http_client *c) {
  return c->in_capacity > 0 && c->in_size - c->in_start == c->in_capacity &&
         seat_is_to_wait(&c->seat);
}

/* ---- the async functions ---- */

static vt_t receive(struct http_client *c) {
  if (!c->stream)
    return vt_failed(UV_ECANCELED);
  c->reading = vt_stream_read(c->stream, c->in + c->in_size,
                              c->in_capacity - c->in_size);
  return c->reading;
}

static void received(struct http_client *c, size_t size) {
  c->in_size += size;
  progress_came(&c->progress, size);
  server_count(&c->http->metrics.bytes_in, size);
  if (c->phase == HTTP_IDLE)
    http_set_phase(c, HTTP_HEAD);
}

static vt_t drop_input(struct http_client *c) {
  if (!c->stream)
    return vt_failed(UV_ECANCELED);
  return vt_stream_read(c->stream, c->in, c->in_capacity);
}

static vt_t drain_body(void *frame) {
  struct http_frame *f = frame;
  vt_value_t n;
  VT_BEGIN(f);
  if (!f->c->stream || !make_room(f->c))
    VT_RETURN(f, vt_done());
  http_set_phase(f->c, HTTP_DRAINING);
  VT_TRY(f, vt_stream_shutdown(f->c->stream));
  resize(f->c, HTTP_OUTPUT_MAX); /* without it, it goes on in small steps */
  while (f->c->progress.moved <= DRAIN_MAX) {
    VT_TRY_VALUE(f, n, drop_input(f->c));
    f->c->progress.moved += n.u;
  }
  VT_END(f);
}

static vt_t drain(struct http_client *c) {
  struct http_frame f = {.c = c};
  return vt_start(&f, drain_body);
}

static vt_t close_stream(struct http_client *c) {
  vt_stream_t *stream = c->stream;
  c->stream = NULL;
  return stream ? vt_stream_close(stream) : vt_done();
}

/* Says its last, and writes it. */
static vt_t refuse(struct http_client *c, int status) {
  http_refuse(c, status);
  return http_serve(c);
}

/* After a read that failed: in this turn answers may still have been posted. */
static bool turns_out_to_owe(struct http_client *c) {
  outbox_settle(c->server->outbox, &c->seat);
  return http_owes(c);
}

static vt_t client_body(void *frame) {
  struct http_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (!f->c->leaving || http_owes(f->c)) {
    if (is_to_wait(f->c))
      VT_TRY(f, vt_yield());
    if (http_owes(f->c)) {
      VT_TRY(f, http_serve(f->c));
      continue;
    }
    if (f->c->seat.refused || !make_room(f->c) || !http_account(f->c)) {
      VT_TRY(f, refuse(f->c, 503));
      break;
    }
    VT_AWAIT(f, r, receive(f->c));
    f->c->reading = vt_done();
    if (r.status != 0 && turns_out_to_owe(f->c))
      continue; /* a stream's end comes again */
    if (r.status == UV_ECANCELED && f->c->late) {
      VT_TRY(f, refuse(f->c, 408));
      break;
    }
    if (r.status != 0)
      VT_RETURN(f, vt_failed(r.status));
    received(f->c, r.value.u);
    VT_TRY(f, http_serve(f->c));
  }
  VT_TRY(f, drain(f->c));
  VT_FINALLY(f);
  VT_AWAIT(f, r, close_stream(f->c));
  (void)r; /* the stream is gone whatever it says */
  VT_END(f);
}

/* ---- beginning and end ---- */

static void link_client(struct http_client *c) {
  struct http *h = c->http;
  c->next = h->clients;
  if (h->clients)
    h->clients->previous = c;
  h->clients = c;
  server_count(&h->metrics.connections, 1);
  server_count(&h->metrics.open, 1);
}

static void unlink_client(struct http_client *c) {
  struct http *h = c->http;
  if (c->next)
    c->next->previous = c->previous;
  if (c->previous)
    c->previous->next = c->next;
  else
    h->clients = c->next;
  server_uncount(&h->metrics.open, 1);
}

/* Its result is how the connection ended, which is nobody's concern. */
static void on_over(void *state, vt_result_t r) {
  struct http_client *c = state;
  struct server *s = c->server;
  (void)r;
  unlink_client(c);
  seat_leave(&c->seat);
  http_drop_answer(c);
  reply_close(&c->out);
  free(c->in);
  free(c);
  if (s->stopping && !s->clients && !http_has_clients(s))
    vt_cancel(s->tick); /* that was what the sweeper waited for */
  server_part_ended(s);
}

static void stop_seat(struct seat *seat) {
  http_client_stop((struct http_client *)(void *)seat); /* its first member */
}

static vt_stream_t *stream_of(const struct seat *seat) {
  return ((const struct http_client *)(const void *)seat)->stream;
}

static uint64_t idle_since(const struct seat *seat) {
  const struct http_client *c = (const void *)seat;
  return c->phase == HTTP_IDLE && c->stream ? c->progress.since_ms : UINT64_MAX;
}

/* The sweeper then looks at it as at any other that writes. */
static void owe(struct seat *seat, const char *rest, size_t size) {
  struct http_client *c = (void *)seat;
  reply_raw(&c->out, rest, size);
  server_uncount(&c->http->metrics.bytes_out, size);
  http_set_phase(c, HTTP_WRITING);
  c->progress.moved = size;
  vt_cancel(c->reading);
}

/* True for a connection that may stay, or be told 503. */
static bool let_in(struct http_client *c) {
  static const struct seat_kind kind = {stop_seat, stream_of, idle_since, owe};
  return seat_take(&c->seat, c->server, &kind, c->stream) != SEAT_UNHEARD;
}

void http_start(struct server *s, vt_stream_t *stream) {
  struct http_client *c = calloc(1, sizeof *c);
  if (c) {
    c->server = s;
    c->http = s->http;
    c->stream = stream;
  }
  if (!c || !let_in(c)) {
    free(c);
    server_close_stream(s, stream);
    return;
  }
  c->budget = HTTP_BUDGET;
  c->head.keep_alive = true;
  reply_init(&c->out);
  c->id = atomic_fetch_add(&s->group->ids, 1) + 1;
  socket_set_up(stream, s->options.keepalive_ms);
  if (s->log)
    socket_peer(stream, c->peer, sizeof c->peer);
  link_client(c);
  server_part_began(s);
  http_set_phase(c, HTTP_IDLE);
  struct http_frame f = {.c = c};
  vt_await(vt_start(&f, client_body), on_over, c);
}

void http_client_stop(struct http_client *c) {
  outbox_settle(c->server->outbox, &c->seat);
  vt_stream_t *stream = c->stream;
  if (!stream)
    return;
  c->stream = NULL;
  server_close_stream(c->server, stream);
}

/* ---- all of it ---- */

void http_tick(struct server *s) {
  struct http *h = s->http;
  struct http_client *next;
  uint64_t now = uv_now(s->uv);
  if (!h)
    return;
  http_reply_tick(h);
  metrics_tick(s);
  if (!countries_is_loaded(s->countries)) {
    http_snapshot_release(h->snapshot);
    h->snapshot = NULL;
  }
  for (struct http_client *c = h->clients; c; c = next) {
    next = c->next; /* a cancel may end it */
    http_sweep(c, now);
  }
}

int http_open(struct server *s) {
  struct http_limits *limits = &s->options.http;
  s->http = calloc(1, sizeof *s->http);
  if (!s->http)
    return UV_ENOMEM;
  if (limits->idle_ms == 0)
    limits->idle_ms = 60000;
  if (limits->head_ms == 0)
    limits->head_ms = 10000;
  http_reply_tick(s->http);
  return 0;
}

void http_close(struct server *s) {
  if (!s->http)
    return;
  http_snapshot_release(s->http->snapshot);
  reply_close(&s->http->spare);
  free(s->http);
  s->http = NULL;
}

void http_stop(struct server *s) {
  struct http_client *next;
  for (struct http_client *c = s->http ? s->http->clients : NULL; c; c = next) {
    bool answers = c->phase == HTTP_ANSWERING || c->phase == HTTP_WRITING;
    next = c->next;
    if (!answers || c->leaving)
      http_client_stop(c);
    c->leaving = true;
  }
}

bool http_has_clients(const struct server *s) {
  return s->http && s->http->clients;
}
