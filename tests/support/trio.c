/* SPDX-License-Identifier: MIT */
/* Three gates, and a sum. */
#include "support/trio.h"

#include <string.h>

void trio_begin(struct trio *t, unsigned flags) {
  vt_t v[TRIO];
  memset(t, 0, sizeof *t);
  for (int i = 0; i < TRIO; i++)
    v[i] = gate_begin(&t->gates[i]);
  assert_status(vt_each_new(v, TRIO, flags, &t->each), 0);
  memset(v, 0xff, sizeof v); /* read during the call only */
}

void trio_end(struct fixture *f, struct trio *t) {
  vt_each_free(t->each);
  assert_true(fixture_run(f));
}

void trio_open(struct trio *t, int i, int64_t value) {
  gate_open(&t->gates[i], result_int(value));
}

void trio_fail(struct trio *t, int i, int64_t status) {
  gate_open(&t->gates[i], result_failed(status));
}

void trio_next(struct trio *t) {
  t->seen.count = 0;
  vt_await(vt_each_next(t->each), seen_k, &t->seen);
}

struct sum_frame {
  vt_frame_t vt;
  vt_each_t *each;
  uint64_t sum;
  uint64_t order; /* the indices as digits; wraps */
};

static vt_t sum_body(void *frame) {
  struct sum_frame *f = frame;
  vt_value_t i;
  VT_BEGIN(f);
  while (vt_each_left(f->each) > 0) {
    VT_TRY_VALUE(f, i, vt_each_next(f->each));
    f->sum += vt_each_result(f->each, i.u).value.u;
    f->order = f->order * 10 + i.u;
  }
  VT_RETURN(f, vt_from_uint(f->order * 100 + f->sum));
  VT_FINALLY(f);
  vt_each_free(f->each);
  VT_END(f);
}

vt_t each_sum(vt_each_t *each) {
  struct sum_frame f = {.each = each};
  return vt_start(&f, sum_body);
}
