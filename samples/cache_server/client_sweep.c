/* SPDX-License-Identifier: MIT */
/* What the sweeper, four times a second, thinks of a client: each phase has its
 * deadline, and a peer that is to send or to take bytes must not only do so now
 * and then. */
#include "client.h"

#define DRAIN_MS 1000
/* A client that is idle for so long does not need its buffers. */
#define TRIM_MS 2000

static uint64_t allowed_ms(const struct client *c) {
  const struct server_options *o = &c->server->options;
  switch (c->phase) {
  case CLIENT_IDLE:
    return o->idle_ms > 0 ? o->idle_ms : UINT64_MAX;
  case CLIENT_SERVING: /* that is the server's time */
    return UINT64_MAX;
  case CLIENT_DRAINING:
    return DRAIN_MS;
  case CLIENT_WITHIN:
    return o->stall_ms + c->progress.moved;
  default:
    return o->stall_ms;
  }
}

static bool is_late(struct client *c, uint64_t now_ms) {
  const struct server_options *o = &c->server->options;
  struct progress *p = &c->progress;
  if (c->phase == CLIENT_WRITING)
    progress_look(p, vt_stream_uv(c->stream), now_ms);
  if (now_ms - p->since_ms > allowed_ms(c))
    return true;
  return (c->phase == CLIENT_WRITING || c->phase == CLIENT_WITHIN) &&
         progress_is_slow(p, o->progress_rate, o->progress_ms, now_ms);
}

void client_sweep(struct client *c, uint64_t now_ms) {
  if (!c->stream)
    return;
  if (is_late(c, now_ms)) {
    if (c->phase != CLIENT_DRAINING)
      server_count(&c->server->counts.timed_out, 1);
    client_stop(c);
  } else if (c->phase == CLIENT_IDLE &&
             now_ms - c->progress.since_ms > TRIM_MS) {
    client_trim(c);
  }
}
