/* SPDX-License-Identifier: MIT */
/* A value task where a task is wanted. */
/* expect: incompatible|could not convert|cannot convert|no viable|no matching */
/* also: c++ */
#include <vt.h>

int64_t status_of(vt_t v);

int64_t status_of(vt_t v) {
#ifdef WRONG
  return vt_task_status(v);
#else
  return vt_status(v);
#endif
}
