/* SPDX-License-Identifier: MIT */
/* Registration with any source. */
#ifndef VT_CORE_VALUE_TASK_H
#define VT_CORE_VALUE_TASK_H

#include "vt/value_task.h"

/* vt_on_completed; flags may have VT__CONSUME too. */
int vt__register(vt_t v, unsigned flags, vt_continuation_fn *k, void *state);

/* The same for a source that wants a waiter, on a thread with a loop. */
int vt__register_waiter(vt_t v, unsigned flags, vt_continuation_fn *k,
                        void *state);

/* vt_cancel by a source that ends its own operands, and so may be completed by
 * them: continuations may run inside, to the depth bound. */
int vt__cancel(vt_t v);

#endif
