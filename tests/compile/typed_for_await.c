/* SPDX-License-Identifier: MIT */
/* A typed value task is awaited through its member. */
/* expect: incompatible|could not convert|cannot convert|no viable|no matching */
/* also: c++ */
#include <vt.h>

VT_DEFINE(count, uint64_t, u)

void show(count_vt_t count, vt_continuation_fn *k);

void show(count_vt_t count, vt_continuation_fn *k) {
#ifdef WRONG
  vt_await(count, k, NULL);
#else
  vt_await(count.vt, k, NULL);
#endif
}
