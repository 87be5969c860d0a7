/* SPDX-License-Identifier: MIT */
/* From requests to replies: parses what has come, runs each command, and writes
 * the replies of a batch at once, or in pieces when they are long.
 *
 * While a write waits nothing else happens to the client: that is what bounds
 * its memory when it does not read. */
#include "client.h"
#include "command.h"

/* A longer reply is written from where it is. */
#define COPY_MAX ((size_t)16 * 1024)
/* A buffer of replies up to this size is kept. */
#define KEEP_REPLY ((size_t)4 * 1024)

struct serve_frame {
  vt_frame_t vt;
  struct client *c;
};

/* ---- writing ---- */

void client_reply_bulk(struct client *c, const char *data, size_t size,
                       const struct country_dict *dict) {
  if (size <= COPY_MAX) {
    reply_bulk(&c->reply, data, size);
    return;
  }
  reply_bulk_head(&c->reply, size);
  c->tail = (struct client_tail){data, size, countries_retain(dict)};
}

static void end_tail(struct client *c) {
  countries_release(c->tail.dict);
  c->tail = (struct client_tail){0};
}

static vt_t write_out(struct client *c, const char *data, size_t size) {
  if (!c->stream)
    return vt_failed(UV_ECANCELED);
  client_set_phase(c, CLIENT_WRITING);
  c->moved = size;
  return vt_stream_write(c->stream, data, size);
}

/* Leaves the end of a tail in the buffer, to go with what follows. */
static vt_t flush_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  if (f->c->reply.status != 0)
    VT_RETURN(f, vt_failed(f->c->reply.status));
  VT_TRY(f, write_out(f->c, f->c->reply.data, f->c->reply.size));
  reply_reset(&f->c->reply, KEEP_REPLY);
  if (f->c->tail.data) {
    VT_TRY(f, write_out(f->c, f->c->tail.data, f->c->tail.size));
    end_tail(f->c);
    reply_raw(&f->c->reply, "\r\n", 2);
  }
  VT_END(f);
}

static vt_t flush(struct client *c) {
  struct serve_frame f = {.c = c};
  return vt_start(&f, flush_body);
}

/* Whether to write before more is added. */
static bool is_full(const struct client *c) {
  return c->tail.data || c->reply.size >= CLIENT_OUTPUT_MAX ||
         c->reply.status != 0;
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

/* Lets others have their turn when the budget is spent. */
static vt_t take_turns(struct client *c) {
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
    VT_TRY(f, take_turns(f->c));
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
    switch (event) {
    case RESP_REQUEST:
      return true;
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

static vt_t log_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  while (!access_log_has_room(f->c->server->log))
    VT_TRY(f, access_log_wait(f->c->server->log));
  access_log_add(f->c->server->log, f->c->peer, f->c->parser.argv,
                 f->c->parser.argc);
  VT_END(f);
}

static vt_t log_request(struct client *c) {
  struct serve_frame f = {.c = c};
  return c->server->log ? vt_start(&f, log_body) : vt_done();
}

/* What the sweeper is to think of a client that waits for bytes: half a request
 * has its time from its first bytes on. */
static void settle(struct client *c) {
  enum client_phase phase =
      resp_is_within(&c->parser) ? CLIENT_WITHIN : CLIENT_IDLE;
  if (phase != c->phase)
    client_set_phase(c, phase);
}

static vt_t serve_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  while (next_request(f->c)) {
    VT_TRY(f, log_request(f->c));
    VT_TRY(f, command_run(f->c));
    if (f->c->cursor.step)
      VT_TRY(f, pump(f->c));
    if (is_full(f->c))
      VT_TRY(f, flush(f->c));
    VT_TRY(f, take_turns(f->c));
  }
  while (f->c->reply.size > 0 || f->c->reply.status != 0)
    VT_TRY(f, flush(f->c));
  settle(f->c);
  VT_END(f);
}

vt_t client_serve(struct client *c) {
  struct serve_frame f = {.c = c};
  return vt_start(&f, serve_body);
}
