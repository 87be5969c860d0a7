/* SPDX-License-Identifier: MIT */
/* The body of the async function that lies across files, and its counterpart
 * by hand. */
#include "async_hit.h"

vt_t number_far_body(void *frame) {
  struct number_frame *f = frame;
  vt_value_t number;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, number, number_vt(f->table, f->index));
  VT_RETURN(f, vt_from_value(number));
  VT_END(f);
}

struct outcome number_hand_body(const struct numbers *t, uint64_t index) {
  struct outcome r = number_struct(t, index);
  if (r.status != 0)
    r.value = 0;
  return r;
}
