/* SPDX-License-Identifier: MIT */
/* A value task is no truth: it is asked by name. */
/* expect: scalar|could not convert|not contextually convertible */
/* also: c++ */
#include <vt.h>

int is_there(vt_t v);

int is_there(vt_t v) {
#ifdef WRONG
  if (v)
#else
  if (vt_is_succeeded(v))
#endif
    return 1;
  return 0;
}
