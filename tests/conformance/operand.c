/* SPDX-License-Identifier: MIT */
/* What can be awaited, of each kind. */
#include "conformance/operand.h"

#include <string.h>

struct slow_frame {
  vt_frame_t vt;
  vt_result_t result;
};

static vt_t slow_body(void *frame) {
  struct slow_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, vt_from_result(f->result));
  VT_END(f);
}

void operand_init(struct operand *o) {
  memset(o, 0, sizeof *o);
  own_source_init(&o->own);
  vt_reset_source_init(&o->reset, 0);
}

/* Pending. */
static vt_t begin(struct operand *o) {
  struct slow_frame frame = {.result = o->result};
  switch (o->backing) {
  case TASK:
    if (vt_promise_new(0, &o->promise) != 0)
      return vt_failed(UV_ENOMEM);
    return vt_from_task(vt_promise_task(o->promise));
  case OWN_SOURCE:
    own_source_next(&o->own);
    return own_source_task(&o->own);
  case RESET_SOURCE:
    if (vt_reset_source_reset(&o->reset) != 0)
      return vt_failed(UV_EBUSY);
    return vt_reset_source_task(&o->reset);
  case ONE_SHOT:
    return gate_begin(&o->gate);
  default:
    return vt_start(&frame, slow_body);
  }
}

vt_t operand_begin(struct operand *o, int number) {
  static const int64_t statuses[OUTCOMES] = {0, UV_EPROTO, UV_ECANCELED};
  bool pending = number % 2;
  vt_t v;
  operand_end(o);
  o->backing = (enum backing)(number / 2 / OUTCOMES);
  o->result.status = statuses[number / 2 % OUTCOMES];
  o->result.value.i = o->result.status == 0 ? 42 : 0;
  if (o->backing == IN_HAND && !pending)
    return vt_from_result(o->result);
  v = begin(o);
  o->pending = o->backing != IN_HAND;
  if (!pending)
    operand_complete(o);
  return v;
}

vt_t operand_begin_pending(struct operand *o, enum backing backing) {
  return operand_begin(o, (int)backing * OUTCOMES * 2 + 1);
}

void operand_complete(struct operand *o) {
  if (!o->pending)
    return;
  o->pending = false; /* what is resumed now may begin the next one */
  switch (o->backing) {
  case TASK:
    if (o->result.status == 0)
      vt_promise_set(o->promise, o->result.value);
    else
      vt_promise_fail(o->promise, o->result.status);
    break;
  case OWN_SOURCE:
    own_source_complete(&o->own, o->result);
    break;
  case RESET_SOURCE:
    vt_reset_source_set(&o->reset, o->result);
    break;
  default:
    gate_open(&o->gate, o->result);
  }
}

void operand_end(struct operand *o) {
  vt_promise_free(o->promise);
  o->promise = NULL;
}
