/* SPDX-License-Identifier: MIT */
/* A value task of each kind that may be pending. */
#include "support/pending.h"

#include "support/fixture.h"

void pending_begin(struct pending *p, enum pending_kind kind) {
  *p = (struct pending){.kind = kind};
  if (kind == ONE_SHOT) {
    p->v = gate_begin(&p->gate);
  } else if (kind == TASK_BACKED) {
    assert_status(vt_promise_new(0, &p->promise), 0);
    p->v = vt_from_task(vt_promise_task(p->promise));
  } else {
    vt_reset_source_init(&p->source, 0);
    p->v = vt_reset_source_task(&p->source);
  }
}

void pending_complete(struct pending *p, int64_t value) {
  if (p->kind == ONE_SHOT)
    gate_open(&p->gate, result_int(value));
  else if (p->kind == TASK_BACKED)
    vt_promise_set(p->promise, (vt_value_t){.i = value});
  else
    vt_reset_source_set(&p->source, result_int(value));
}

void pending_fail(struct pending *p, int64_t status) {
  if (p->kind == ONE_SHOT)
    gate_open(&p->gate, result_failed(status));
  else if (p->kind == TASK_BACKED)
    vt_promise_fail(p->promise, status);
  else
    vt_reset_source_set(&p->source, result_failed(status));
}

void pending_end(struct pending *p) { vt_promise_free(p->promise); }
