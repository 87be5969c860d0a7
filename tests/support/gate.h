/* SPDX-License-Identifier: MIT */
/* A one-shot operation that a test opens by hand, written on the public bridge
 * as a user would. */
#ifndef VT_TEST_GATE_H
#define VT_TEST_GATE_H

#include <vt.h>

/* What became of a gate; it outlives the operation. */
struct gate {
  void *op;          /* of gate_open; NULL once it is open */
  int cancels;       /* calls of the kind's cancel */
  int cancel_rc;     /* what that answers; 0 completes it with UV_ECANCELED */
  int discards;      /* results that nobody took */
  vt_result_t late;  /* the last of them */
  const char *about; /* what describe tells */
};

/* Begins an operation of kind "gate", which has cancel, describe, discard. */
VT_MUST_USE vt_t gate_begin(struct gate *gate);

/* The same of kind "plain gate", which has none of them. */
VT_MUST_USE vt_t gate_begin_plain(struct gate *gate);

/* The same of kind "detachable gate": gate_begin's, and detachable. */
VT_MUST_USE vt_t gate_begin_detachable(struct gate *gate);

/* Completes the operation. */
void gate_open(struct gate *gate, vt_result_t result);

#endif
