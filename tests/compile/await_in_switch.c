/* SPDX-License-Identifier: MIT */
/* An await inside a switch of the user's own: only with VT_LABELS. */
/* expect: switch|case|overflow|constant-conversion */
#ifndef WRONG
#define VT_LABELS
#endif
#include <vt.h>

struct pick_frame {
  vt_frame_t vt;
  int which;
};

vt_t pick(int which);

static vt_t pick_body(void *frame) {
  struct pick_frame *f = frame;
  VT_BEGIN(f);
  switch (f->which) {
  case 1:
    VT_TRY(f, vt_delay(1));
    break;
  case 2:
    VT_TRY(f, vt_delay(2));
    break;
  default:
    break;
  }
  VT_END(f);
}

vt_t pick(int which) {
  struct pick_frame frame = {.which = which};
  return vt_start(&frame, pick_body);
}
