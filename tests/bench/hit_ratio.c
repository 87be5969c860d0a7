/* SPDX-License-Identifier: MIT */
/* hit_ratio: how many of a hundred requests miss a cache that holds 1, 10 and
 * 50 % of the keys, under our policy and under LRU, on traces from fixed
 * seeds. */
#include <stdio.h>

#include "benches.h"
#include "support/trace.h"

#define REQUESTS_QUICK 300000u
#define REQUESTS_FULL 3000000u

struct workload {
  const char *name;
  enum trace_kind kind;
  double number;
  bool of_capacity;  /* number is times that */
  uint32_t heaviest; /* of entries of many weights; 0: all are one */
};

static const struct workload workloads[] = {
    {"zipf 0.7", TRACE_ZIPF, 0.7, false, 0},
    {"zipf 0.8", TRACE_ZIPF, 0.8, false, 0},
    {"zipf 0.9", TRACE_ZIPF, 0.9, false, 0},
    {"zipf 1.0", TRACE_ZIPF, 1.0, false, 0},
    {"zipf 1.1", TRACE_ZIPF, 1.1, false, 0},
    {"scan", TRACE_SCAN, 0.9, false, 0},
    {"scan twice", TRACE_SCAN_TWICE, 0.9, false, 0},
    {"loop 1.1", TRACE_LOOP, 1.1, true, 0},
    {"loop 2", TRACE_LOOP, 2, true, 0},
    {"late loop 1.1", TRACE_LATE_LOOP, 1.1, true, 0},
    {"late loop 2", TRACE_LATE_LOOP, 2, true, 0},
    {"weighed zipf 0.9", TRACE_ZIPF, 0.9, false, 100},
    {"weighed scan", TRACE_SCAN, 0.9, false, 100},
    {"weighed loop 2", TRACE_LOOP, 2, true, 100},
    {"drift", TRACE_DRIFT, 0.9, false, 0},
};

static void print_misses(struct bench *b, const struct workload *w,
                         const struct trace *trace, unsigned percent) {
  char metric[64];
  size_t capacity = TRACE_KEYS / 100 * percent;
  struct bench_line line = {
      .bench = "hit_ratio",
      .metric = metric,
      .value = 100 * (1 - trace_ours(trace, capacity)),
      .baseline = "LRU",
      .baseline_value = 100 * (1 - trace_lru(trace, capacity)),
  };
  snprintf(metric, sizeof metric, "misses in 100, %s, room for %u %%", w->name,
           percent);
  /* Where popularity changes all the time LRU is right at times: shown. */
  line.limit = w->kind == TRACE_DRIFT ? BENCH_SHOWN : line.baseline_value;
  bench_print(b, &line);
}

static void compare(struct bench *b, const struct workload *w,
                    unsigned percent) {
  struct trace trace;
  double capacity = TRACE_KEYS / 100.0 * percent;
  double number = w->of_capacity ? w->number * capacity : w->number;
  if (!trace_make(&trace, w->kind, number,
                  b->quick ? REQUESTS_QUICK : REQUESTS_FULL)) {
    bench_fail(b, "hit_ratio", "no memory");
    return;
  }
  if (w->heaviest != 0)
    trace.heaviest = w->heaviest;
  print_misses(b, w, &trace, percent);
  trace_close(&trace);
}

void bench_hit_ratio(struct bench *b) {
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    compare(b, &workloads[i], 1);
    compare(b, &workloads[i], 10);
    compare(b, &workloads[i], 50);
  }
}
