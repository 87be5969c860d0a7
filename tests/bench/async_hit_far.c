/* SPDX-License-Identifier: MIT */
/* The starter of the async function that lies across files. */
#include "async_hit.h"

vt_t number_far(const struct numbers *t, uint64_t index) {
  struct number_frame f = {.table = t, .index = index};
  return vt_start(&f, number_far_body);
}

struct outcome number_hand(const struct numbers *t, uint64_t index) {
  return number_hand_body(t, index);
}
