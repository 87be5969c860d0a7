/* SPDX-License-Identifier: MIT */
/* What /metrics tells, in Prometheus' text form 0.0.4. Each loop counts for
 * itself, any thread may read (server_stats.h). */
#ifndef METRICS_H
#define METRICS_H

#include "reply.h"
#include "server_stats.h"

#define METRICS_BUCKETS 12u

/* Durations. Bucket i counts those of up to 4^i µs, but not those of the bucket
 * before; the last one all others. */
struct metrics_histogram {
  _Atomic uint64_t buckets[METRICS_BUCKETS + 1];
  _Atomic uint64_t sum_ns;
};

#define METRICS_STATUSES 14u /* as http_status_at has them */

/* The cache's statistics, as countries.h has them, for other threads. */
struct metrics_cache {
  _Atomic uint64_t hits, misses, loads, failures, waiting, invalidations;
};

struct metrics {
  _Atomic uint64_t answers[METRICS_STATUSES];
  _Atomic uint64_t connections; /* accepted */
  _Atomic uint64_t open;        /* now */
  _Atomic uint64_t bytes_in, bytes_out;
  struct metrics_histogram requests;
  struct metrics_histogram loads;
  struct metrics_cache cache;
  uint64_t load_ns; /* in the loads that are counted */
};

/* Counts count durations of ns each. */
void metrics_observe(struct metrics_histogram *h, uint64_t ns, uint64_t count);

/* Takes over what the cache has counted since; loads that ended between two
 * calls count with their mean. */
void metrics_tick(const struct server *s);

/* Adds the page of numbers, of all loops. */
void metrics_write(const struct server *s, struct reply *out);

#endif
