/* SPDX-License-Identifier: MIT */
/* The one rule for statuses that users hand in. */
#ifndef VT_CORE_STATUS_H
#define VT_CORE_STATUS_H

#include "vt/value_task.h"

/* A status that is 0 or a negative number a value task can carry; anything else
 * is VT_ESTATUS. */
static inline int64_t vt__status_checked(int64_t status) {
  if (VT_LIKELY(status <= 0 && status >= INTPTR_MIN / 2))
    return status;
  return VT_ESTATUS;
}

#endif
