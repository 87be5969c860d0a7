/* SPDX-License-Identifier: MIT */
/* tick_drift: what ours and the baseline share. */
#ifndef BENCH_TICK_DRIFT_H
#define BENCH_TICK_DRIFT_H

#include <stdint.h>

enum { TICK_MS = 10, TICK_WORK_US = 2000 };

struct drift {
  uint64_t start_ns;
  uint64_t ticks;    /* to come in all */
  uint64_t taken;    /* so far */
  uint64_t least_ns; /* lateness of the most punctual of the last tenth */
};

void drift_begin(struct drift *drift, uint64_t ticks);

/* count ticks came now: notes the last of them, and works. */
void drift_tick(struct drift *drift, uint64_t count);

/* n ticks of a uv_timer_t that repeats; gives its drift in ms. 0, or
 * negative. */
int tick_drift_baseline(uint64_t n, double *out_ms);

#endif
