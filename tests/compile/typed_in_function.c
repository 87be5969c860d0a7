/* SPDX-License-Identifier: MIT */
/* The same in an async function. */
/* expect: incompatible */
#include <vt.h>

VT_DEFINE(count, uint64_t, u)

count_vt_t count_all(void);
vt_t show(void);

struct show_frame {
  vt_frame_t vt;
};

static vt_t show_body(void *frame) {
  struct show_frame *f = frame;
  VT_BEGIN(f);
#ifdef WRONG
  VT_TRY(f, count_all());
#else
  VT_TRY(f, count_all().vt);
#endif
  VT_END(f);
}

vt_t show(void) {
  struct show_frame frame;
  return vt_start(&frame, show_body);
}
