/* SPDX-License-Identifier: MIT */
/* A result is not a value task, though both are two words. */
/* expect: incompatible|could not convert|cannot convert|no viable|no matching */
/* also: c++ */
#include <vt.h>

bool is_good(vt_result_t r);

bool is_good(vt_result_t r) {
#ifdef WRONG
  return vt_is_succeeded(r);
#else
  return vt_is_succeeded(vt_from_result(r));
#endif
}
