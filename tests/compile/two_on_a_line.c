/* SPDX-License-Identifier: MIT */
/* Two awaits on a line would share a state. */
/* expect: duplicate|redefinition */
#include <vt.h>

struct pair_frame {
  vt_frame_t vt;
};

vt_t pair(void);

static vt_t pair_body(void *frame) {
  struct pair_frame *f = frame;
  VT_BEGIN(f);
#ifdef WRONG
  /* clang-format off */
  VT_TRY(f, vt_delay(1)); VT_TRY(f, vt_delay(2));
  /* clang-format on */
#else
  VT_TRY(f, vt_delay(1));
  VT_TRY(f, vt_delay(2));
#endif
  VT_END(f);
}

vt_t pair(void) {
  struct pair_frame frame;
  return vt_start(&frame, pair_body);
}
