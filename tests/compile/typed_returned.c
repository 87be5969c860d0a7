/* SPDX-License-Identifier: MIT */
/* A plain value task where a typed one is promised. */
/* expect: incompatible|could not convert|no viable conversion */
/* also: c++ */
#include <vt.h>

VT_DEFINE(count, uint64_t, u)

count_vt_t count_later(void);

count_vt_t count_later(void) {
#ifdef WRONG
  return vt_delay(1);
#else
  return count_from(vt_delay(1));
#endif
}
