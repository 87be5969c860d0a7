/* SPDX-License-Identifier: MIT */
/* What can be awaited, of each kind, complete or completed later, with each
 * outcome: by number, for cases that go through all of it. */
#ifndef VT_TEST_CONFORMANCE_OPERAND_H
#define VT_TEST_CONFORMANCE_OPERAND_H

#include "support/gate.h"
#include "support/own_source.h"

enum backing {
  IN_HAND, /* pending: an async function that waits first */
  TASK,
  OWN_SOURCE,
  RESET_SOURCE,
  ONE_SHOT,
  BACKINGS
};

enum { OUTCOMES = 3, OPERANDS = BACKINGS * OUTCOMES * 2 };

struct operand {
  enum backing backing;
  bool pending; /* operand_complete has something to do */
  vt_result_t result;
  vt_promise_t *promise;
  struct own_source own;
  vt_reset_source_t reset;
  struct gate gate;
};

void operand_init(struct operand *o);

/* Begins number 0 to OPERANDS - 1: the even ones are complete. */
VT_MUST_USE vt_t operand_begin(struct operand *o, int number);

/* Begins a pending one that is going to succeed with 42. */
VT_MUST_USE vt_t operand_begin_pending(struct operand *o, enum backing backing);

/* Completes what is pending. */
void operand_complete(struct operand *o);

/* Releases what begin made; it must have been awaited. */
void operand_end(struct operand *o);

#endif
