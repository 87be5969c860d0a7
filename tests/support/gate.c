/* SPDX-License-Identifier: MIT */
/* A one-shot operation that a test opens by hand. */
#include "support/gate.h"

#include <stdio.h>

struct gate_op {
  vt_op_t op;
  struct gate *gate;
};

static int gate_cancel(vt_op_t *op) {
  struct gate *gate = ((struct gate_op *)op)->gate;
  vt_result_t cancelled = {.status = UV_ECANCELED};
  gate->cancels++;
  if (gate->cancel_rc == 0)
    gate_open(gate, cancelled);
  return gate->cancel_rc;
}

static void gate_describe(const vt_op_t *op, char *text, size_t size) {
  const struct gate *gate = ((const struct gate_op *)op)->gate;
  snprintf(text, size, "%s", gate->about ? gate->about : "");
}

static void gate_discard(vt_op_t *op, vt_result_t late) {
  struct gate *gate = ((struct gate_op *)op)->gate;
  gate->discards++;
  gate->late = late;
}

static const vt_op_kind_t gate_kind = {.ops = VT_OP_OPS("gate"),
                                       .size = sizeof(struct gate_op),
                                       .cancel = gate_cancel,
                                       .describe = gate_describe,
                                       .discard = gate_discard};

static const vt_op_kind_t plain_kind = {.ops = VT_OP_OPS("plain gate"),
                                        .size = sizeof(struct gate_op)};

static const vt_op_kind_t detachable_kind = {.ops =
                                                 VT_OP_OPS("detachable gate"),
                                             .size = sizeof(struct gate_op),
                                             .cancel = gate_cancel,
                                             .describe = gate_describe,
                                             .discard = gate_discard,
                                             .detachable = true};

static vt_t begin(const vt_op_kind_t *kind, struct gate *gate) {
  struct gate_op *op;
  int rc = vt_op_begin(kind, &op);
  gate->op = NULL;
  if (rc != 0)
    return vt_failed(rc);
  op->gate = gate;
  gate->op = op;
  return vt_op_started(op, 0);
}

vt_t gate_begin(struct gate *gate) { return begin(&gate_kind, gate); }

vt_t gate_begin_plain(struct gate *gate) { return begin(&plain_kind, gate); }

vt_t gate_begin_detachable(struct gate *gate) {
  return begin(&detachable_kind, gate);
}

void gate_open(struct gate *gate, vt_result_t result) {
  void *op = gate->op;
  gate->op = NULL;
  vt_op_complete(op, result);
}
