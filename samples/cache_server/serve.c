/* SPDX-License-Identifier: MIT */
/* From requests to replies: parses what has come, runs each command, and writes
 * the replies of a batch at once, or in pieces when they are long.
 *
 * While a write waits nothing else happens to the client: that is what bounds
 * its memory when it does not read. */
#include "client.h"
#include "command.h"
#include "outbox.h"
#include "resp_quick.h"

/* A buffer of replies up to this size is kept. */
#define KEEP_REPLY ((size_t)4 * 1024)

struct serve_frame {
  vt_frame_t vt;
  struct client *c;
  vt_t begun; /* what is waited for first */
};

/* ---- writing ---- */

void client_reply_long(struct client *c, const char *data, size_t size,
                       const struct country_dict *dict) {
  if (c->reply.muted)
    return;
  reply_bulk_head(&c->reply, size);
  c->tail = (struct client_tail){data, size, countries_retain(dict)};
}

static void end_tail(struct client *c) {
  countries_release(c->tail.dict);
  c->tail = (struct client_tail){0};
}

/* What waits is looked at: by the sweeper, and by those who need memory. */
static vt_t write_out(struct client *c, const char *data, size_t size) {
  if (!c->stream)
    return vt_failed(UV_ECANCELED);
  server_count(&c->server->counts.bytes_out, size);
  vt_t v = vt_stream_write(c->stream, data, size);
  if (VT_LIKELY(vt_in_hand(v)))
    return v;
  client_set_phase(c, CLIENT_WRITING);
  c->progress.moved = size;
  client_account(c); /* one that is stopped here has its write cancelled */
  return v;
}

static void written(struct client *c) {
  reply_reset(&c->reply, KEEP_REPLY);
  c->charged = 0;
}

/* Leaves the end of a tail in the buffer, to go with what follows. */
static vt_t flush_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->begun);
  written(f->c);
  if (f->c->tail.data) {
    VT_TRY(f, write_out(f->c, f->c->tail.data, f->c->tail.size));
    end_tail(f->c);
    reply_raw(&f->c->reply, "\r\n", 2);
  }
  VT_END(f);
}

/* In hand, and without a frame, when the kernel takes all. */
static vt_t flush(struct client *c) {
  if (c->reply.status != 0)
    return vt_failed(c->reply.status);
  vt_t begun = write_out(c, c->reply.data, c->reply.size);
  if (!VT_LIKELY(vt_is_succeeded(begun) && !c->tail.data)) {
    struct serve_frame f = {.c = c, .begun = begun};
    return vt_start(&f, flush_body);
  }
  written(c);
  return vt_done();
}

/* Leaves the last of its replies to the outbox. False: it is to be written at
 * once, as by one whose peer was slow to take the one before. */
static bool post(struct client *c) {
  struct reply *r = &c->reply;
  if (c->leaving || c->phase == CLIENT_WRITING || c->tail.data ||
      r->status != 0 ||
      !outbox_post(c->server->outbox, &c->seat, r->data, r->size))
    return false;
  server_count(&c->server->counts.bytes_out, r->size);
  written(c);
  return true;
}

/* Whether to write before more is added. */
static inline bool is_full(const struct client *c) {
  if (c->budget <= 0 && c->reply.size > 0) /* it may wait long for its turn */
    return true;
  const struct server_options *o = &c->server->options;
  uint64_t most =
      c->session.authenticated ? o->output_max : o->guest_output_max;
  return c->tail.data || c->reply.size >= most || c->reply.status != 0;
}

/* ---- replies in pieces ---- */

void client_begin_cursor(struct client *c, bool (*step)(struct client *c),
                         size_t count, const struct country_dict *dict) {
  c->cursor = (struct client_cursor){
      .step = step, .count = count, .dict = countries_retain(dict)};
}

static void end_cursor(struct client *c) {
  countries_release(c->cursor.dict);
  c->cursor = (struct client_cursor){0};
}

void client_drop_reply(struct client *c) {
  end_tail(c);
  end_cursor(c);
}

vt_t client_take_turns(struct client *c) {
  if (VT_LIKELY(c->budget > 0))
    return vt_done();
  c->budget = CLIENT_BUDGET;
  return vt_yield();
}

static vt_t pump_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  while (f->c->cursor.step) {
    if (!f->c->cursor.step(f->c))
      end_cursor(f->c);
    if (is_full(f->c))
      VT_TRY(f, flush(f->c));
    VT_TRY(f, client_take_turns(f->c));
  }
  VT_END(f);
}

static vt_t pump(struct client *c) {
  struct serve_frame f = {.c = c};
  return vt_start(&f, pump_body);
}

/* ---- requests ---- */

static void leave(struct client *c, const char *error) {
  reply_error(&c->reply, error);
  c->leaving = true;
}

/* True with a request in the parser; false when there is no whole one, or none
 * may follow. */
static bool next_request(struct client *c) {
  while (!c->leaving) {
    size_t used;
    enum resp_event event = resp_next(&c->parser, c->in + c->in_start,
                                      c->in_size - c->in_start, &used);
    c->in_start += used;
    c->budget -= (int64_t)used;
    if (VT_LIKELY(event == RESP_REQUEST))
      return true;
    switch (event) {
    case RESP_TOO_BIG:
      reply_error(&c->reply, c->parser.error);
      break;
    case RESP_BAD:
      leave(c, c->parser.error);
      break;
    case RESP_NOMEM:
      leave(c, "ERR not enough memory");
      break;
    case RESP_FOREIGN:
      client_stop(c);
      c->leaving = true;
      break;
    default:
      return false;
    }
  }
  return false;
}

static vt_t room_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  while (!access_log_has_room(f->c->server->log))
    VT_TRY(f, access_log_wait(f->c->server->log));
  VT_END(f);
}

/* Waits until a line for the next request has room in the log. */
static vt_t room_in_log(struct client *c) {
  struct serve_frame f = {.c = c};
  if (!c->server->log)
    return vt_done();
  c->began_ns = uv_hrtime();
  return vt_start(&f, room_body);
}

static void log_request(struct client *c) {
  if (!c->server->log)
    return;
  struct log_line line = {.event = "command", .client = c->peer, .id = c->id};
  line.argv = c->parser.argv;
  line.argc = c->parser.argc;
  line.us = (uv_hrtime() - c->began_ns) / 1000;
  access_log_add(c->server->log, &line);
}

/* What the sweeper is to think of a client that waits for bytes: half a request
 * has its time from its first bytes on. */
static void settle(struct client *c) {
  enum client_phase phase =
      resp_is_within(&c->parser) ? CLIENT_WITHIN : CLIENT_IDLE;
  if (phase != c->phase || phase == CLIENT_IDLE)
    client_set_phase(c, phase);
}

/* Takes what was added to the reply off the budget: a short request may have a
 * long one. */
static void charge(struct client *c) {
  if (c->reply.size > c->charged)
    c->budget -= (int64_t)(c->reply.size - c->charged);
  c->charged = c->reply.size;
}

/* ---- the request that is asked most ---- */

/* Whether a GET is nothing but a look-up. Who has not said the password has a
 * parser that is guarded, and so not quick. */
static bool may_be_quick(const struct client *c) {
  return c->session.replies == SESSION_REPLIES && !c->leaving &&
         !c->server->log && resp_is_quick(&c->parser);
}

/* Answers a GET that has come whole as command_run would. False: there is none,
 * or the countries are not in hand. */
static bool serve_get(struct client *c) {
  const char *data = c->in + c->in_start;
  countries_t *countries = server_countries(c->server);
  struct resp_slice key;
  const char *behind = resp_read_get(data, c->in + c->in_size, &key);
  if (!behind || !countries_is_in_hand(countries))
    return false;
  vt_t v = get_countries(countries);
  if (!VT_LIKELY(vt_is_succeeded(v))) { /* another loop was in between */
    vt_forget(v);
    return false;
  }
  c->in_start += (size_t)(behind - data);
  c->budget -= behind - data;
  server_count(&c->server->counts.commands, 1);
  command_get_key(c, country_dict_value(vt_get_result(v)), &key);
  charge(c);
  return true;
}

/* Answers those in front, until others have their turn. False: none. */
static bool serve_gets(struct client *c) {
  if (!may_be_quick(c) || !serve_get(c))
    return false;
  c->phase = CLIENT_SERVING;
  c->session.command = command_list;
  while (c->budget > 0 && !is_full(c) && serve_get(c))
    ;
  return true;
}

/* ---- all of them ---- */

/* Nothing is left to answer, or to write. */
static void served(struct client *c) {
  settle(c);
  client_give_spare(c);
  client_account(c);
}

static vt_t serve_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->begun);
  for (;;) {
    if (!serve_gets(f->c)) {
      if (!next_request(f->c))
        break;
      f->c->phase = CLIENT_SERVING; /* it waits for us */
      VT_TRY(f, room_in_log(f->c));
      VT_TRY(f, command_run(f->c));
      log_request(f->c);
      charge(f->c);
      if (f->c->cursor.step)
        VT_TRY(f, pump(f->c));
    }
    if (is_full(f->c))
      VT_TRY(f, flush(f->c));
    VT_TRY(f, client_take_turns(f->c));
  }
  while (client_owes(f->c) && !post(f->c))
    VT_TRY(f, flush(f->c));
  served(f->c);
  VT_END(f);
}

/* In hand, and without a frame, where all that has come are a few GETs. */
vt_t client_serve(struct client *c) {
  struct serve_frame f = {.c = c, .begun = vt_done()};
  outbox_settle(c->server->outbox, &c->seat);
  client_take_spare(c);
  if (serve_gets(c) && c->in_start == c->in_size && post(c)) {
    served(c);
    return vt_done();
  }
  return vt_start(&f, serve_body);
}
