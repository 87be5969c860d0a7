/* SPDX-License-Identifier: MIT */
/* How a phase of a connection goes on: since when, and what has moved. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Read-only but for moved in a phase of writing: so many bytes wait to go. */
struct progress {
  uint64_t since_ms;     /* the phase began, or its last byte went out */
  size_t moved;          /* bytes that came in it */
  uint64_t window_ms;    /* the least progress is looked at since then */
  uint64_t window_moved; /* bytes since then, either way */
};

/* A phase begins. */
void progress_begin(struct progress *p, uint64_t now_ms);

/* Bytes have come. */
void progress_came(struct progress *p, size_t size);

/* Counts what has gone since the last look of what is written to stream. */
void progress_look(struct progress *p, const uv_stream_t *stream,
                   uint64_t now_ms);

/* True when a whole window has passed with less than rate bytes a second in it;
 * then another one begins. A rate of 0: never. */
bool progress_is_slow(struct progress *p, uint64_t rate, uint64_t window_ms,
                      uint64_t now_ms);

#endif
