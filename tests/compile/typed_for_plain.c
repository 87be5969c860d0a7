/* SPDX-License-Identifier: MIT */
/* A typed value task where a plain one is wanted. */
/* expect: incompatible|could not convert|cannot convert|no viable|no matching */
/* also: c++ */
#include <vt.h>

VT_DEFINE(count, uint64_t, u)

uint64_t count_now(uint64_t n);

uint64_t count_now(uint64_t n) {
#ifdef WRONG
  return count_value(vt_get_result(count_done(n)));
#else
  return count_value(vt_get_result(count_from(count_done(n).vt).vt));
#endif
}
