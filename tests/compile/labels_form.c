/* SPDX-License-Identifier: MIT */
/* VT_BEGIN_LABELS is there with VT_LABELS only; a body need not await. */
/* expect: VT_BEGIN_LABELS */
#ifndef WRONG
#define VT_LABELS
#endif
#include <vt.h>

struct add_frame {
  vt_frame_t vt;
  int64_t a, b;
};

vt_t add(int64_t a, int64_t b);

static vt_t add_body(void *frame) {
  struct add_frame *f = frame;
  VT_BEGIN_LABELS(f);
  VT_RETURN(f, vt_from_int(f->a + f->b));
  VT_END(f);
}

vt_t add(int64_t a, int64_t b) {
  struct add_frame frame = {.a = a, .b = b};
  return vt_start(&frame, add_body);
}
