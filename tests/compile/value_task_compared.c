/* SPDX-License-Identifier: MIT */
/* Value tasks are not compared by ==. */
/* expect: invalid operands|no match for */
/* also: c++ */
#include <vt.h>

bool is_same(vt_t a, vt_t b);

bool is_same(vt_t a, vt_t b) {
#ifdef WRONG
  return a == b;
#else
  return vt_equal(a, b);
#endif
}
