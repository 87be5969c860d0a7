/* SPDX-License-Identifier: MIT */
/* sync_hit: what ours and the bare structures have in common. */
#ifndef BENCH_SYNC_H
#define BENCH_SYNC_H

#include <stdatomic.h>

#define RING_SLOTS 8u

/* What was taken is not put back at once: nothing is merged across this. */
static inline void between(void) { atomic_signal_fence(memory_order_seq_cst); }

#endif
