/* SPDX-License-Identifier: MIT */
/* A typed value task that nobody takes. */
/* expect: unused-result */
/* also: c++ */
#include <vt.h>

VT_DEFINE(count, uint64_t, u)

void count_to(uint64_t n);

void count_to(uint64_t n) {
#ifdef WRONG
  count_from(vt_from_uint(n));
#else
  vt_forget(count_from(vt_from_uint(n)).vt);
#endif
}
