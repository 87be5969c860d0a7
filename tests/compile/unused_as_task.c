/* SPDX-License-Identifier: MIT */
/* A task that nobody keeps: its reference would be lost. */
/* expect: unused-result */
/* also: c++ */
#include <vt.h>

void convert(vt_t v);

void convert(vt_t v) {
#ifdef WRONG
  vt_as_task(v);
#else
  vt_task_unref(vt_as_task(v));
#endif
}
