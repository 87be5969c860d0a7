/* SPDX-License-Identifier: MIT */
/* chain: what the bench, its -O0 program and the baseline share. */
#ifndef BENCH_CHAIN_H
#define BENCH_CHAIN_H

#include <stdint.h>

#define LINKS 1000000u

/* Builds a chain of n async functions, each awaiting the next one's value task,
 * completes the first operation, and runs the loop until the last has its
 * result. Gives the time from that completion on, a link. Negative when
 * anything is left. */
int chain_ours(uint64_t n, double *out_ns);

/* The same of a plain ready queue: each link's callback queues the next. */
int chain_baseline(uint64_t n, double *out_ns);

#endif
