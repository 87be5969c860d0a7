/* SPDX-License-Identifier: MIT */
/* The functions of async_hit that lie in files of their own. */
#ifndef BENCH_ASYNC_HIT_H
#define BENCH_ASYNC_HIT_H

#include "call.h"

struct number_frame {
  vt_frame_t vt;
  const struct numbers *table;
  uint64_t index;
};

/* An async function: starter and body each in a file of its own. */
vt_t number_far(const struct numbers *t, uint64_t index);
vt_t number_far_body(void *frame);

/* The same by hand: a call that calls. */
struct outcome number_hand(const struct numbers *t, uint64_t index);
struct outcome number_hand_body(const struct numbers *t, uint64_t index);

#endif
