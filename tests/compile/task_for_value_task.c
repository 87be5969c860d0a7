/* SPDX-License-Identifier: MIT */
/* A task where a value task is wanted. */
/* expect: incompatible|could not convert|cannot convert|no viable|no matching */
/* also: c++ */
#include <vt.h>

vt_result_t result_of(vt_task_t *task);

vt_result_t result_of(vt_task_t *task) {
#ifdef WRONG
  return vt_get_result(task);
#else
  return vt_get_result(vt_from_task(task));
#endif
}
