/* SPDX-License-Identifier: MIT */
/* Async functions that await each other. */
#include "support/functions.h"

struct link_frame {
  vt_frame_t vt;
  vt_t next;
  vt_value_t value;
};

static vt_t link_body(void *frame) {
  struct link_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, f->value, f->next);
  VT_RETURN(f, vt_from_int(f->value.i + 1));
  VT_END(f);
}

static vt_t tail_body(void *frame) {
  struct link_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_done());
  VT_RETURN(f, f->next);
  VT_END(f);
}

static vt_t late_tail_body(void *frame) {
  struct link_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, f->next);
  VT_END(f);
}

static vt_t clean_body(void *frame) {
  struct link_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, f->value, f->next);
  VT_RETURN(f, vt_from_int(f->value.i + 1));
  VT_FINALLY(f);
  VT_TRY(f, vt_done());
  VT_END(f);
}

static vt_t start(vt_t next, vt_body_fn *body) {
  struct link_frame f = {.next = next};
  return vt_start(&f, body);
}

vt_t functions_link(vt_t v) { return start(v, link_body); }

vt_t functions_tail(vt_t v) { return start(v, tail_body); }

vt_t functions_late_tail(vt_t v) { return start(v, late_tail_body); }

vt_t functions_boxed(vt_t v) {
  struct link_frame f = {.next = v};
  return vt_start_boxed(&f, sizeof f, link_body);
}

vt_t functions_clean(vt_t v) { return start(v, clean_body); }

vt_t functions_chain(vt_t (*link)(vt_t), vt_t v, uint64_t links) {
  for (uint64_t i = 0; i < links; i++)
    v = link(v);
  return v;
}
