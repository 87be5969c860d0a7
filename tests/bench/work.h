/* SPDX-License-Identifier: MIT */
/* work: what ours and the baseline share. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

#define WORKERS_MAX 64u

extern unsigned work_depth; /* before a round: how much is under way at once */

/* n pieces of work; gives the CPU time of one, all threads together. */
int work_baseline(uint64_t n, double *out_ns);

#endif
