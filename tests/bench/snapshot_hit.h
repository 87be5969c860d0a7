/* SPDX-License-Identifier: MIT */
/* snapshot_hit: what is read, by a snapshot and by hand. */
#ifndef BENCH_SNAPSHOT_HIT_H
#define BENCH_SNAPSHOT_HIT_H

#include <stdint.h>

enum { SNAPSHOT_VALUE = 7 };

/* By hand: the pointer that somebody keeps, in another unit. */
const uint64_t *snapshot_call(void);

#endif
