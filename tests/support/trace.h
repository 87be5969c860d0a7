/* SPDX-License-Identifier: MIT */
/* Traces of requests, each from a fixed seed, and what share of them a cache
 * answers: one under the library's policy, and one that drops what was asked
 * for the longest ago (LRU). For tests and benches that see lib/. */
#ifndef VT_TEST_TRACE_H
#define VT_TEST_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_KEYS = 10000 }; /* that popularity is spread over */

enum trace_kind {
  TRACE_ZIPF, /* number: the exponent */
  TRACE_SCAN, /* the same, every other key asked for once and never more */
  TRACE_SCAN_TWICE, /* the same, those asked for twice in a row */
  TRACE_LOOP,       /* round and round; number: the keys */
  TRACE_LATE_LOOP,  /* that, after three tenths of Zipf 0.9 */
  TRACE_DRIFT       /* Zipf whose popular keys change by and by */
};

struct trace {
  uint32_t *keys;
  size_t count;
  uint32_t top;      /* keys are below */
  uint32_t heaviest; /* entries weigh from 1 to this; trace_make: 1 */
};

/* A trace of about count requests. False: no memory. */
bool trace_make(struct trace *trace, enum trace_kind kind, double number,
                size_t count);

void trace_close(struct trace *trace);

/* Hits per request of a cache of so many entries of mean weight; negative: no
 * memory. */
double trace_ours(const struct trace *trace, size_t capacity);
double trace_lru(const struct trace *trace, size_t capacity);

#endif
