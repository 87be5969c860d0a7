/* SPDX-License-Identifier: MIT */
/* What the sweeper, four times a second, thinks of an HTTP connection: each
 * phase has its deadline, and a peer that is to send or to take bytes must not
 * only do so now and then. */
#include "http_client.h"

#define DRAIN_MS 2000

/* A head has its time as a whole, whatever comes of it; a body must move. */
static uint64_t allowed_ms(const struct http_client *c) {
  const struct server_options *o = &c->server->options;
  switch (c->phase) {
  case HTTP_IDLE:
    return o->http.idle_ms;
  case HTTP_HEAD:
    return o->http.head_ms;
  case HTTP_BODY:
    return o->stall_ms + c->progress.moved;
  case HTTP_DRAINING:
    return DRAIN_MS;
  case HTTP_ANSWERING:
    return UINT64_MAX;
  default:
    return o->stall_ms;
  }
}

/* Half a request is told 408; the read ends for that. */
static void time_is_over(struct http_client *c) {
  if (c->phase != HTTP_DRAINING)
    server_count(&c->server->counts.timed_out, !c->late);
  bool is_half = c->phase == HTTP_HEAD || c->phase == HTTP_BODY;
  if (is_half && !c->late && vt_status(c->reading) == VT_PENDING) {
    c->late = true;
    vt_cancel(c->reading);
  } else {
    http_client_stop(c);
  }
}

static bool is_late(struct http_client *c, uint64_t now_ms) {
  const struct server_options *o = &c->server->options;
  struct progress *p = &c->progress;
  if (c->phase == HTTP_WRITING)
    progress_look(p, vt_stream_uv(c->stream), now_ms);
  if (now_ms - p->since_ms > allowed_ms(c))
    return true;
  return (c->phase == HTTP_WRITING || c->phase == HTTP_BODY) &&
         progress_is_slow(p, o->progress_rate, o->progress_ms, now_ms);
}

void http_sweep(struct http_client *c, uint64_t now_ms) {
  if (c->stream && is_late(c, now_ms))
    time_is_over(c);
}
