/* SPDX-License-Identifier: MIT */
/* A generator on the resettable source, C#'s IAsyncEnumerator: it counts from
 * 0, and one source serves each pull with no allocation of its own. */
#ifndef VT_TEST_CONFORMANCE_COUNTER_H
#define VT_TEST_CONFORMANCE_COUNTER_H

#include <vt.h>

struct counter {
  vt_reset_source_t source;
  int items, next;
  int current; /* the item */
  int every;
  int waited;  /* pulls that were not answered at once */
  int refused; /* resets and sets that were not answered with 0 */
};

/* Item number n is there at once when n % every is 0, the others a turn later;
 * every 0: none is. */
void counter_init(struct counter *c, int items, int every);

/* 1 with the next item in current, 0 at the end: MoveNextAsync. */
VT_MUST_USE vt_t counter_next(struct counter *c);

#endif
