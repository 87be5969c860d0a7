/* SPDX-License-Identifier: MIT */
/* await_pending: what ours and the baseline have in common. */
#ifndef BENCH_AWAIT_PENDING_H
#define BENCH_AWAIT_PENDING_H

#include <stdint.h>

#define STEPS UINT64_C(10)       /* awaits of one function */
#define FUNCTIONS UINT64_C(1000) /* at once: they share a turn's cost */
#define AWAITS (STEPS * FUNCTIONS)

/* What the values 10, 9, ... 1 of all functions add up to. */
#define SUM (FUNCTIONS * (STEPS * (STEPS + 1) / 2))

/* One round of n awaits, a multiple of AWAITS; gives the cost of one. */
int await_pending_baseline(uint64_t n, double *out_ns);

/* The same of ours. */
int await_pending_yields(uint64_t n, double *out_ns);

#endif
