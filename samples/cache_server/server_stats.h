/* SPDX-License-Identifier: MIT */
/* What a server counts. Each loop's server has counts of its own, which only
 * its thread changes and any thread may read; the statistics are their sums
 * over all loops of the process. */
#ifndef SERVER_STATS_H
#define SERVER_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct server;

/* Of one loop. Counted since the start; connected and client_memory are what
 * there is now. Zeroed: nothing yet. */
struct server_counts {
  _Atomic uint64_t connections; /* accepted, those refused at once included */
  _Atomic uint64_t commands;
  _Atomic uint64_t bytes_in;
  _Atomic uint64_t bytes_out;
  _Atomic uint64_t connected;
  _Atomic uint64_t rejected;      /* one connection too many */
  _Atomic uint64_t evicted;       /* closed so that others have room */
  _Atomic uint64_t timed_out;     /* closed by a deadline */
  _Atomic uint64_t client_memory; /* bytes of all clients' buffers */
  _Atomic uint64_t log_dropped;   /* lines, as of the last tick */
};

struct server_stats {
  uint64_t connections;
  uint64_t commands;
  uint64_t bytes_in;
  uint64_t bytes_out;
  uint64_t connected;
  uint64_t rejected;
  uint64_t evicted;
  uint64_t timed_out;
  uint64_t client_memory;
  uint64_t log_dropped; /* lines of the log */
  uint64_t uptime_ms;
  uint64_t loops;
};

/* Sums over all loops of the process. Any thread, while the server runs. */
void server_stats(const struct server *s, struct server_stats *out);

/* Adds to a count; on the thread of the loop that it belongs to. A plain
 * addition: there is one writer. */
static inline void server_count(_Atomic uint64_t *count, uint64_t more) {
  uint64_t now = atomic_load_explicit(count, memory_order_relaxed);
  atomic_store_explicit(count, now + more, memory_order_relaxed);
}

static inline void server_uncount(_Atomic uint64_t *count, uint64_t less) {
  server_count(count, (uint64_t)0 - less);
}

static inline uint64_t server_read(const _Atomic uint64_t *count) {
  return atomic_load_explicit(count, memory_order_relaxed);
}

#endif
