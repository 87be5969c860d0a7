/* SPDX-License-Identifier: MIT */
/* delay_million: what ours and the baseline share. */
#ifndef BENCH_DELAY_MILLION_H
#define BENCH_DELAY_MILLION_H

#include <stdbool.h>
#include <stdint.h>

#define MILLION 1000000u

#define DELAY_MS_MAX 1000u

/* The i-th delay: 1 to 1000 ms, spread without order (a Weyl sequence). */
static inline uint64_t delay_ms(uint64_t i) {
  return 1 + ((i * 0x9e3779b97f4a7c15u >> 32) * DELAY_MS_MAX >> 32);
}

/* What has ended: how many, and whether those of one length ended in the order
 * they were begun. */
struct delays {
  uint64_t ended;
  bool disordered;
  uint32_t next[DELAY_MS_MAX + 1]; /* of each length, at least */
};

/* The i-th delay has ended. */
static inline void delays_note(struct delays *d, uint64_t i) {
  uint32_t *next = &d->next[delay_ms(i)];
  if (i < *next)
    d->disordered = true;
  *next = (uint32_t)i + 1;
  d->ended++;
}

/* n delays pending at once; gives the CPU time of one, begun and ended. */
int delay_million_baseline(uint64_t n, double *out_ns);

#endif
