/* SPDX-License-Identifier: MIT */
/* From requests to answers: finds whole requests in what has come, has each
 * answered, and writes the answers of a batch at once.
 *
 * A head with a body stays at the front of the input, and is read again when
 * the body is over; what comes of the body is dropped at once. While a write
 * waits nothing else happens to the client: that is what bounds its memory. */
#include "http_reply.h"

#include <string.h>

#include "outbox.h"

#define STEP_ROWS 64u
#define STEP_COST 64

struct serve_frame {
  vt_frame_t vt;
  struct http_client *c;
};

/* ---- writing ---- */

static void end_tail(struct http_client *c) {
  http_snapshot_release(c->tail.snapshot);
  c->tail = (struct http_tail){0};
}

static void end_search(struct http_client *c) {
  http_search_free(c->search);
  c->search = NULL;
}

void http_drop_answer(struct http_client *c) {
  end_tail(c);
  end_search(c);
}

/* The requests of a batch take as long as the batch. */
static void count_batch(struct http_client *c, size_t size) {
  struct metrics *m = &c->http->metrics;
  server_count(&m->bytes_out, size);
  if (c->timed)
    metrics_observe(&m->requests, uv_hrtime() - c->began_ns, c->answered);
  c->answered = 0;
  c->timed = false;
}

static vt_t write_out(struct http_client *c) {
  uv_buf_t bufs[2] = {uv_buf_init(c->out.data, (unsigned)c->out.size)};
  if (!c->stream)
    return vt_failed(UV_ECANCELED);
  http_set_phase(c, HTTP_WRITING);
  c->progress.moved = c->out.size + c->tail.size;
  count_batch(c, c->progress.moved);
  if (!c->tail.data)
    return vt_stream_write(c->stream, c->out.data, c->out.size);
  bufs[1].base = (char *)(uintptr_t)c->tail.data;
  bufs[1].len = c->tail.size;
  return vt_stream_writev(c->stream, bufs, 2);
}

static vt_t flush_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  if (f->c->out.status != 0)
    VT_RETURN(f, vt_failed(f->c->out.status));
  if (!http_account(f->c))
    VT_RETURN(f, vt_failed(UV_ENOBUFS));
  VT_TRY(f, write_out(f->c));
  reply_reset(&f->c->out, HTTP_KEPT_OUTPUT);
  end_tail(f->c);
  VT_END(f);
}

static vt_t flush(struct http_client *c) {
  struct serve_frame f = {.c = c};
  return vt_start(&f, flush_body);
}

/* Leaves the last of its answers to the outbox. False: it is to be written at
 * once, as by one whose peer was slow to take the one before. */
static bool post(struct http_client *c) {
  const struct reply *out = &c->out;
  if (c->leaving || c->phase == HTTP_WRITING || c->tail.data ||
      out->status != 0 ||
      !outbox_post(c->server->outbox, &c->seat, out->data, out->size))
    return false;
  count_batch(c, out->size);
  reply_reset(&c->out, HTTP_KEPT_OUTPUT);
  return true;
}

/* One buffer, which stays hot, serves all clients that are answered at once. */
static void borrow_output(struct http_client *c) {
  if (c->out.data || !c->http->spare.data)
    return;
  c->out = c->http->spare;
  reply_init(&c->http->spare);
}

static void return_output(struct http_client *c) {
  if (c->http->spare.data) {
    reply_close(&c->out);
    return;
  }
  c->http->spare = c->out;
  reply_init(&c->out);
}

/* Whether to write before more is added. */
static bool is_full(const struct http_client *c) {
  return c->tail.data || c->out.size >= HTTP_OUTPUT_MAX || c->out.status != 0;
}

/* Lets others have their turn when the budget is spent. */
static vt_t take_turns(struct http_client *c) {
  if (VT_LIKELY(c->budget > 0))
    return vt_done();
  c->budget = HTTP_BUDGET;
  return vt_yield();
}

/* ---- searches ---- */

/* The head of a search that has been measured; its body follows. */
static void begin_search_answer(struct http_client *c) {
  struct http_search *s = c->search;
  struct http_answer a = {.status = 200,
                          .fields = s->snapshot->fields,
                          .fields_size = s->snapshot->fields_size,
                          .size = s->size,
                          .follows = true};
  if (http_search_rewind(s) != 0) {
    http_reply_status(c, 503, "");
    end_search(c);
    return;
  }
  http_reply(c, &a);
  if (c->head.verb == HTTP_VERB_HEAD)
    end_search(c);
}

static void step_search(struct http_client *c) {
  c->budget -= STEP_ROWS * STEP_COST;
  if (c->search->writing) {
    if (!http_search_write(c->search, &c->out, STEP_ROWS))
      end_search(c);
  } else if (!http_search_measure(c->search, STEP_ROWS)) {
    begin_search_answer(c);
  }
}

static vt_t pump_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  while (f->c->search) {
    step_search(f->c);
    if (is_full(f->c))
      VT_TRY(f, flush(f->c));
    VT_TRY(f, take_turns(f->c));
  }
  VT_END(f);
}

static vt_t pump(struct http_client *c) {
  struct serve_frame f = {.c = c};
  return vt_start(&f, pump_body);
}

/* ---- requests ---- */

static void use(struct http_client *c, size_t size) {
  c->in_start += size;
  c->budget -= (int64_t)size;
}

/* The head at the front of the input, size bytes. 0, or what refuses it. */
static int begin_request(struct http_client *c, size_t size) {
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  int status = http_head_read(&c->head, c->in + c->in_start, size);
  c->scan = (struct http_scan){0};
  if (status == 0)
    status = http_body_begin(&c->body, &c->head);
  if (status != 0)
    return status;
  c->head_size = size;
  http_memo_keep(&c->http->memo, &c->head, c->in + c->in_start, size);
  if (c->head.expects)
    reply_raw(&c->out, go_on, sizeof go_on - 1);
  return 0;
}

/* What has come of the body, which is taken out of the input. */
static int drop_body(struct http_client *c) {
  char *body = c->in + c->in_start + c->head_size;
  size_t size = c->in_size - c->in_start - c->head_size, used;
  int status = http_body_take(&c->body, body, size, &used);
  if (used > 0)
    memmove(body, body + used, size - used);
  c->in_size -= used;
  c->budget -= (int64_t)used;
  return status;
}

/* Finds a head at the front of the input. 0, or what refuses it. */
static int find_head(struct http_client *c) {
  const char *data = c->in + c->in_start;
  size_t size = c->in_size - c->in_start;
  c->body.state = HTTP_BODY_DONE;
  c->head_size = http_memo_read(&c->http->memo, &c->head, data, size);
  if (c->head_size > 0) {
    c->scan = (struct http_scan){0};
    return 0;
  }
  long n = http_scan(&c->scan, data, size);
  return n > 0 ? begin_request(c, (size_t)n) : (int)-n;
}

/* True with a whole request at the front; *out_status: what refuses it. */
static bool find_request(struct http_client *c, int *out_status) {
  bool had_body = c->head_size > 0;
  *out_status = had_body ? 0 : find_head(c);
  if (c->head_size == 0 || *out_status != 0)
    return false;
  if (c->body.state == HTTP_BODY_DONE)
    return true;
  *out_status = drop_body(c);
  if (*out_status != 0 || c->body.state != HTTP_BODY_DONE)
    return false;
  if (had_body) /* the input may have moved */
    http_head_read(&c->head, c->in + c->in_start, c->head_size);
  return true;
}

/* The first of a batch may begin its time. */
static void count_request(struct http_client *c) {
  if (c->answered++ > 0 || c->http->batches++ % HTTP_TIMED != 0)
    return;
  c->timed = true;
  c->began_ns = uv_hrtime();
}

/* True with a request in c->head, whose bytes are used: they stay where they
 * are until the next read. */
static bool next_request(struct http_client *c) {
  int status;
  if (c->leaving)
    return false;
  if (find_request(c, &status)) {
    use(c, c->head_size);
    c->head_size = 0;
    c->phase = HTTP_ANSWERING;
    count_request(c);
    return true;
  }
  if (status != 0) {
    c->head = (struct http_head){.is_old = c->head.is_old};
    http_refuse(c, status);
  }
  return false;
}

static vt_t log_body(void *frame) {
  struct serve_frame *f = frame;
  struct resp_slice words[2];
  struct log_line line = {
      .event = "request", .argc = 2, .us = LOG_LINE_UNTIMED};
  VT_BEGIN(f);
  while (!access_log_has_room(f->c->server->log))
    VT_TRY(f, access_log_wait(f->c->server->log));
  words[0] =
      (struct resp_slice){f->c->head.method.data, f->c->head.method.size};
  words[1] =
      (struct resp_slice){f->c->head.target.data, f->c->head.target.size};
  line.client = f->c->peer;
  line.id = f->c->id;
  line.argv = words;
  access_log_add(f->c->server->log, &line);
  VT_END(f);
}

static vt_t log_request(struct http_client *c) {
  struct serve_frame f = {.c = c};
  return c->server->log ? vt_start(&f, log_body) : vt_done();
}

/* What the sweeper is to think of a client that waits for bytes. */
static void settle(struct http_client *c) {
  enum http_phase phase = c->head_size > 0           ? HTTP_BODY
                          : c->in_size > c->in_start ? HTTP_HEAD
                                                     : HTTP_IDLE;
  if (phase != c->phase)
    http_set_phase(c, phase);
}

static vt_t serve_body(void *frame) {
  struct serve_frame *f = frame;
  VT_BEGIN(f);
  borrow_output(f->c);
  while (next_request(f->c)) {
    VT_TRY(f, log_request(f->c));
    VT_TRY(f, http_route(f->c));
    if (f->c->search)
      VT_TRY(f, pump(f->c));
    if (is_full(f->c))
      VT_TRY(f, flush(f->c));
    VT_TRY(f, take_turns(f->c));
  }
  while (http_owes(f->c) && !post(f->c))
    VT_TRY(f, flush(f->c));
  return_output(f->c);
  settle(f->c);
  VT_END(f);
}

vt_t http_serve(struct http_client *c) {
  struct serve_frame f = {.c = c};
  outbox_settle(c->server->outbox, &c->seat);
  return vt_start(&f, serve_body);
}
