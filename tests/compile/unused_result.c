/* SPDX-License-Identifier: MIT */
/* A value task that nobody takes. */
/* expect: unused-result */
/* also: c++ */
#include <vt.h>

void pause_a_while(void);

void pause_a_while(void) {
#ifdef WRONG
  vt_delay(1);
#else
  vt_forget(vt_delay(1));
#endif
}
