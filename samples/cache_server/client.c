/* SPDX-License-Identifier: MIT */
/* The life of a connection: read, serve, and at the end close.
 *
 * Who leaves by an error is still told why: its writing side is shut down, and
 * what it has yet to send is read and dropped for a while, as a close with
 * bytes unread would take the reply away from it. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_INPUT ((size_t)512)
#define INPUT_STEP ((size_t)4 * 1024 * 1024)
#define DRAIN_MAX ((size_t)64 * 1024)
#define DRAIN_MS 1000

void client_set_phase(struct client *c, enum client_phase phase) {
  c->phase = phase;
  c->since_ms = uv_now(c->server->uv);
  c->moved = 0;
}

/* ---- the input buffer ---- */

static size_t held(size_t capacity) {
  return capacity > SERVER_FREE_INPUT ? capacity - SERVER_FREE_INPUT : 0;
}

/* 0, or why the client cannot have it, as a reply. */
static const char *resize(struct client *c, size_t capacity) {
  struct server *s = c->server;
  size_t others = s->held - held(c->in_capacity);
  if (held(capacity) > 0 && others + held(capacity) > s->options.held_max)
    return "ERR too many long requests at once";
  char *in = realloc(c->in, capacity);
  if (!in)
    return "ERR not enough memory";
  c->in = in;
  c->in_capacity = capacity;
  s->held = others + held(capacity);
  return NULL;
}

/* Room for a read, behind what is not used yet. Doubles, then grows by steps:
 * the size that a request declares is nowhere looked at. */
static const char *make_room(struct client *c) {
  size_t left = c->in_size - c->in_start;
  bool filled = c->in_size == c->in_capacity;
  if (left > 0 && c->in_start > 0)
    memmove(c->in, c->in + c->in_start, left);
  c->in_start = 0;
  c->in_size = left;
  if (left == 0 && c->in_capacity > SERVER_FREE_INPUT)
    return resize(c, FIRST_INPUT);
  if (!filled || (left == 0 && c->in_capacity == SERVER_FREE_INPUT))
    return NULL;
  if (c->in_capacity == 0)
    return resize(c, FIRST_INPUT);
  return resize(c, c->in_capacity < INPUT_STEP ? 2 * c->in_capacity
                                               : c->in_capacity + INPUT_STEP);
}

/* ---- the async functions ---- */

struct client_frame {
  vt_frame_t vt;
  struct client *c;
};

static vt_t no_stream(void) { return vt_failed(UV_ECANCELED); }

static vt_t receive(struct client *c) {
  if (!c->stream)
    return no_stream();
  return vt_stream_read(c->stream, c->in + c->in_size,
                        c->in_capacity - c->in_size);
}

static void received(struct client *c, size_t size) {
  c->in_size += size;
  c->moved += size;
}

static vt_t drop_input(struct client *c) {
  if (!c->stream)
    return no_stream();
  return vt_stream_read(c->stream, c->in, c->in_capacity);
}

static vt_t drain_body(void *frame) {
  struct client_frame *f = frame;
  vt_value_t n;
  VT_BEGIN(f);
  if (!f->c->stream || !f->c->in)
    VT_RETURN(f, vt_done());
  client_set_phase(f->c, CLIENT_DRAINING);
  VT_TRY(f, vt_stream_shutdown(f->c->stream));
  while (f->c->moved <= DRAIN_MAX) {
    VT_TRY_VALUE(f, n, drop_input(f->c));
    f->c->moved += n.u;
  }
  VT_END(f);
}

static vt_t drain(struct client *c) {
  struct client_frame f = {.c = c};
  return vt_start(&f, drain_body);
}

static vt_t close_stream(struct client *c) {
  vt_stream_t *stream = c->stream;
  c->stream = NULL;
  return stream ? vt_stream_close(stream) : vt_done();
}

static vt_t refuse(struct client *c, const char *why) {
  reply_error(&c->reply, why);
  c->leaving = true;
  return client_serve(c);
}

static vt_t client_body(void *frame) {
  struct client_frame *f = frame;
  const char *why;
  vt_value_t n;
  vt_result_t closed;
  VT_BEGIN(f);
  while (!f->c->leaving) {
    why = make_room(f->c);
    if (why) {
      VT_TRY(f, refuse(f->c, why));
      break;
    }
    VT_TRY_VALUE(f, n, receive(f->c));
    received(f->c, n.u);
    VT_TRY(f, client_serve(f->c));
  }
  VT_TRY(f, drain(f->c));
  VT_FINALLY(f);
  VT_AWAIT(f, closed, close_stream(f->c));
  (void)closed; /* the stream is gone whatever it says */
  VT_END(f);
}

/* ---- beginning and end ---- */

static void link_client(struct client *c) {
  struct server *s = c->server;
  c->next = s->clients;
  if (s->clients)
    s->clients->previous = c;
  s->clients = c;
  s->client_count++;
}

static void unlink_client(struct client *c) {
  struct server *s = c->server;
  if (c->next)
    c->next->previous = c->previous;
  if (c->previous)
    c->previous->next = c->next;
  else
    s->clients = c->next;
  s->client_count--;
}

/* Its result is how the connection ended, which is nobody's concern. */
static void on_over(void *state, vt_result_t r) {
  struct client *c = state;
  struct server *s = c->server;
  (void)r;
  unlink_client(c);
  s->held -= held(c->in_capacity);
  client_drop_reply(c);
  reply_close(&c->reply);
  resp_close(&c->parser);
  free(c->in);
  free(c);
  server_part_ended(s);
}

static void on_closed(void *state, vt_result_t r) {
  (void)r;
  server_part_ended(state);
}

/* Counts as a part of the server until libuv is done. */
static void close_aside(struct server *s, vt_stream_t *stream) {
  server_part_began(s);
  vt_await(vt_stream_close(stream), on_closed, s);
}

static void set_up_socket(struct client *c) {
  uv_tcp_t *tcp = (uv_tcp_t *)vt_stream_uv(c->stream);
  struct sockaddr_storage address;
  int size = sizeof address;
  char host[48] = "?";
  int port = 0;
  uv_tcp_nodelay(tcp, 1);
  uv_tcp_keepalive(tcp, 1, 60);
  if (uv_tcp_getpeername(tcp, (struct sockaddr *)&address, &size) == 0) {
    if (address.ss_family == AF_INET6) {
      uv_ip6_name((struct sockaddr_in6 *)&address, host, sizeof host);
      port = ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    } else {
      uv_ip4_name((struct sockaddr_in *)&address, host, sizeof host);
      port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    }
  }
  snprintf(c->peer, sizeof c->peer,
           address.ss_family == AF_INET6 ? "[%s]:%d" : "%s:%d", host, port);
}

void client_start(struct server *s, vt_stream_t *stream) {
  struct client *c = calloc(1, sizeof *c);
  if (!c) {
    close_aside(s, stream);
    return;
  }
  c->server = s;
  c->stream = stream;
  c->id = ++s->accepted;
  c->budget = CLIENT_BUDGET;
  resp_init(&c->parser, &s->options.limits);
  reply_init(&c->reply);
  set_up_socket(c);
  link_client(c);
  server_part_began(s);
  client_set_phase(c, CLIENT_IDLE);
  struct client_frame f = {.c = c};
  vt_await(vt_start(&f, client_body), on_over, c);
}

void client_stop(struct client *c) {
  vt_stream_t *stream = c->stream;
  if (!stream)
    return;
  c->stream = NULL;
  close_aside(c->server, stream);
}

/* True when some of what waits to be written has gone since the last look. */
static bool is_being_read(struct client *c) {
  size_t waiting = uv_stream_get_write_queue_size(vt_stream_uv(c->stream));
  bool less = waiting < c->moved;
  c->moved = waiting;
  return less;
}

static uint64_t allowed_ms(const struct client *c) {
  if (c->phase == CLIENT_DRAINING)
    return DRAIN_MS;
  if (c->phase == CLIENT_WITHIN)
    return c->server->options.stall_ms + c->moved;
  return c->server->options.stall_ms;
}

void client_sweep(struct client *c, uint64_t now_ms) {
  if (c->phase == CLIENT_IDLE || !c->stream)
    return;
  if (c->phase == CLIENT_WRITING && is_being_read(c))
    c->since_ms = now_ms;
  else if (now_ms - c->since_ms > allowed_ms(c))
    client_stop(c);
}
