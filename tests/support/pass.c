/* SPDX-License-Identifier: MIT */
/* An async function that hands on what it is given. */
#include "support/pass.h"

struct pass_frame {
  vt_frame_t vt;
  vt_t v;
  unsigned how;
  struct seen *seen;
};

static vt_t pass_body(void *frame) {
  struct pass_frame *f = frame;
  vt_result_t r = {0, {0}};
  VT_BEGIN(f);
  if (f->how & PASS_WAITS)
    VT_TRY(f, vt_yield());
  if (f->how & PASS_RETURNS)
    VT_RETURN(f, f->v);
  if (f->how & PASS_AWAITS)
    VT_AWAIT(f, r, f->v);
  else
    VT_TRY_VALUE(f, r.value, f->v);
  if (f->seen)
    seen_k(f->seen, r);
  VT_RETURN(f, vt_from_result(r));
  VT_END(f);
}

static vt_t clean_body(void *frame) {
  struct pass_frame *f = frame;
  VT_BEGIN(f);
  if (f->how & PASS_WAITS)
    VT_TRY(f, vt_yield());
  VT_RETURN(f, f->v);
  VT_FINALLY(f);
  VT_TRY(f, vt_done());
  VT_END(f);
}

vt_t pass_seen(vt_t v, unsigned how, struct seen *seen) {
  struct pass_frame frame = {.v = v, .how = how, .seen = seen};
  return vt_start(&frame, how & PASS_CLEANS ? clean_body : pass_body);
}

vt_t pass(vt_t v, unsigned how) { return pass_seen(v, how, NULL); }
