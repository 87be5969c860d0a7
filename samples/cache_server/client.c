/* SPDX-License-Identifier: MIT */
/* The life of a connection: read, serve, and at the end close.
 *
 * Who leaves by an error is still told why: its writing side is shut down, and
 * what it has yet to send is read and dropped for a while, as a close with
 * bytes unread would take the reply away from it. */
#include "client.h"

#include <stdlib.h>

#include "outbox.h"
#include "socket.h"

#define DRAIN_MAX ((size_t)64 * 1024)

void client_set_phase(struct client *c, enum client_phase phase) {
  c->phase = phase;
  progress_begin(&c->progress, uv_now(c->server->uv));
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
  c->reading = vt_stream_read(c->stream, c->in + c->in_size,
                              c->in_capacity - c->in_size);
  return c->reading;
}

static void received(struct client *c, size_t size) {
  c->in_size += size;
  progress_came(&c->progress, size);
  server_count(&c->server->counts.bytes_in, size);
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
  if (!f->c->stream || (!f->c->in && client_make_room(f->c)))
    VT_RETURN(f, vt_done());
  client_set_phase(f->c, CLIENT_DRAINING);
  VT_TRY(f, vt_stream_shutdown(f->c->stream));
  while (f->c->progress.moved <= DRAIN_MAX) {
    VT_TRY_VALUE(f, n, drop_input(f->c));
    f->c->progress.moved += n.u;
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

/* After a read that failed: in this turn replies may still have been posted. */
static bool turns_out_to_owe(struct client *c) {
  outbox_settle(c->server->outbox, &c->seat);
  return client_owes(c);
}

/* A read that was cancelled to give its buffer back took no byte. */
static bool is_trimmed(const struct client *c, int64_t status) {
  return status == UV_ECANCELED && c->trimming && c->stream;
}

static vt_t client_body(void *frame) {
  struct client_frame *f = frame;
  const char *why;
  vt_result_t r;
  VT_BEGIN(f);
  while (!f->c->leaving || client_owes(f->c)) {
    if (client_is_to_wait(f->c))
      VT_TRY(f, vt_yield());
    if (client_owes(f->c)) {
      VT_TRY(f, client_serve(f->c));
      continue;
    }
    why = f->c->refusal ? f->c->refusal : client_make_room(f->c);
    if (why) {
      VT_TRY(f, refuse(f->c, why));
      break;
    }
    VT_AWAIT(f, r, receive(f->c));
    f->c->reading = vt_done();
    if (r.status != 0 && turns_out_to_owe(f->c))
      continue; /* a stream's end comes again */
    if (is_trimmed(f->c, r.status))
      continue;
    if (r.status != 0)
      VT_RETURN(f, vt_failed(r.status));
    received(f->c, r.value.u);
    VT_TRY(f, client_serve(f->c));
  }
  VT_TRY(f, drain(f->c));
  VT_FINALLY(f);
  VT_AWAIT(f, r, close_stream(f->c));
  (void)r; /* the stream is gone whatever it says */
  VT_END(f);
}

/* ---- beginning and end ---- */

static void link_client(struct client *c) {
  struct server *s = c->server;
  c->next = s->clients;
  if (s->clients)
    s->clients->previous = c;
  s->clients = c;
}

static void unlink_client(struct client *c) {
  struct server *s = c->server;
  if (c->next)
    c->next->previous = c->previous;
  if (c->previous)
    c->previous->next = c->next;
  else
    s->clients = c->next;
}

/* Its result is how the connection ended, which is nobody's concern. */
static void on_over(void *state, vt_result_t r) {
  struct client *c = state;
  struct server *s = c->server;
  (void)r;
  unlink_client(c);
  seat_leave(&c->seat);
  client_drop_reply(c);
  client_free_buffers(c);
  free(c->name);
  free(c);
  if (s->stopping && !s->clients && !http_has_clients(s))
    vt_cancel(s->tick); /* that was what the sweeper waited for */
  server_part_ended(s);
}

static void stop_seat(struct seat *seat) {
  client_stop((struct client *)(void *)seat); /* its first member */
}

static vt_stream_t *stream_of(const struct seat *seat) {
  return ((const struct client *)(const void *)seat)->stream;
}

static uint64_t idle_since(const struct seat *seat) {
  const struct client *c = (const void *)seat;
  return c->phase == CLIENT_IDLE && c->stream ? c->progress.since_ms
                                              : UINT64_MAX;
}

/* The sweeper then looks at it as at any other that writes. */
static void owe(struct seat *seat, const char *rest, size_t size) {
  struct client *c = (void *)seat;
  reply_raw(&c->reply, rest, size);
  server_uncount(&c->server->counts.bytes_out, size);
  client_set_phase(c, CLIENT_WRITING);
  c->progress.moved = size;
  client_account(c);
  vt_cancel(c->reading);
}

/* True for a client that may stay, or be told why not. */
static bool let_in(struct client *c) {
  static const struct seat_kind kind = {stop_seat, stream_of, idle_since, owe};
  static const char *const refusals[] = {
      [SEAT_FULL] = "ERR max number of clients reached",
      [SEAT_ADDRESS_FULL] =
          "ERR max number of clients of this address reached"};
  enum seat_answer answer = seat_take(&c->seat, c->server, &kind, c->stream);
  if (answer == SEAT_UNHEARD)
    return false;
  c->refusal = refusals[answer];
  return true;
}

void client_start(struct server *s, vt_stream_t *stream) {
  struct client *c = calloc(1, sizeof *c);
  if (c) {
    c->server = s;
    c->stream = stream;
  }
  if (!c || !let_in(c)) {
    free(c);
    server_close_stream(s, stream);
    return;
  }
  c->id = atomic_fetch_add(&s->group->ids, 1) + 1;
  c->budget = CLIENT_BUDGET;
  resp_init(&c->parser, &s->options.limits);
  reply_init(&c->reply);
  socket_set_up(stream, s->options.keepalive_ms);
  socket_peer(stream, c->peer, sizeof c->peer);
  session_begin(c);
  link_client(c);
  client_account(c);
  server_part_began(s);
  client_set_phase(c, CLIENT_IDLE);
  struct client_frame f = {.c = c};
  vt_await(vt_start(&f, client_body), on_over, c);
}

void client_stop(struct client *c) {
  outbox_settle(c->server->outbox, &c->seat);
  vt_stream_t *stream = c->stream;
  if (!stream)
    return;
  c->stream = NULL;
  session_end(c);
  server_close_stream(c->server, stream);
}
