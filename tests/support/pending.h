/* SPDX-License-Identifier: MIT */
/* A value task of each kind that may be pending, completed by hand. */
#ifndef VT_TEST_PENDING_H
#define VT_TEST_PENDING_H

#include "support/gate.h"

enum pending_kind { ONE_SHOT, TASK_BACKED, RESETTABLE, PENDING_KINDS };

struct pending {
  enum pending_kind kind;
  struct gate gate;         /* of a one-shot operation */
  vt_promise_t *promise;    /* of a task; NULL for the others */
  vt_reset_source_t source; /* resettable */
  vt_t v;
};

void pending_begin(struct pending *p, enum pending_kind kind);

/* Completes it with a value. */
void pending_complete(struct pending *p, int64_t value);

/* The same with a failure. */
void pending_fail(struct pending *p, int64_t status);

/* Frees the promise of a task-backed one. */
void pending_end(struct pending *p);

#endif
