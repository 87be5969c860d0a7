/* SPDX-License-Identifier: MIT */
/* Time: interleaved rounds, and their medians. */
#include "bench.h"

#include <stdlib.h>
#include <time.h>

#define ROUNDS_MAX 64u

uint64_t bench_cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, unsigned count) {
  qsort(values, count, sizeof *values, by_value);
  return count % 2 ? values[count / 2]
                   : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int bench_interleave(const struct bench_pair *pair, double *out_ours,
                     double *out_baseline) {
  double ours[ROUNDS_MAX], baseline[ROUNDS_MAX];
  unsigned rounds = pair->rounds < ROUNDS_MAX ? pair->rounds : ROUNDS_MAX;
  int rc = pair->ours(pair->n, ours);
  if (rc == 0)
    rc = pair->baseline(pair->n, baseline);
  for (unsigned i = 0; i < rounds && rc == 0; i++) {
    rc = pair->ours(pair->n, &ours[i]);
    if (rc == 0)
      rc = pair->baseline(pair->n, &baseline[i]);
  }
  if (rc != 0)
    return rc;
  *out_ours = median(ours, rounds);
  *out_baseline = median(baseline, rounds);
  return 0;
}

void bench_compare(struct bench *b, const struct bench_pair *pair,
                   struct bench_line line) {
  if (bench_interleave(pair, &line.value, &line.baseline_value) != 0)
    bench_fail(b, line.bench, "a round did not complete");
  else
    bench_print(b, &line);
}
