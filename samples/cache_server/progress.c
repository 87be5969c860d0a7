/* SPDX-License-Identifier: MIT */
/* The progress of a connection. */
#include "progress.h"

void progress_begin(struct progress *p, uint64_t now_ms) {
  *p = (struct progress){.since_ms = now_ms, .window_ms = now_ms};
}

void progress_came(struct progress *p, size_t size) {
  p->moved += size;
  p->window_moved += size;
}

void progress_look(struct progress *p, const uv_stream_t *stream,
                   uint64_t now_ms) {
  size_t waiting = uv_stream_get_write_queue_size(stream);
  if (waiting < p->moved) {
    p->window_moved += p->moved - waiting;
    p->since_ms = now_ms;
  }
  p->moved = waiting;
}

bool progress_is_slow(struct progress *p, uint64_t rate, uint64_t window_ms,
                      uint64_t now_ms) {
  uint64_t passed = now_ms - p->window_ms;
  if (rate == 0 || passed < window_ms)
    return false;
  bool slow = p->window_moved < rate * passed / 1000;
  p->window_ms = now_ms;
  p->window_moved = 0;
  return slow;
}
