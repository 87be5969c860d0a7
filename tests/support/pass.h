/* SPDX-License-Identifier: MIT */
/* An async function that hands on what it is given, in the ways that functions
 * have. */
#ifndef VT_TEST_PASS_H
#define VT_TEST_PASS_H

#include "support/fixture.h"

enum {
  PASS_WAITS = 1,   /* really waits before it: the frame is boxed then */
  PASS_RETURNS = 2, /* VT_RETURN of v, where else VT_TRY_VALUE awaits it */
  PASS_AWAITS = 4,  /* VT_AWAIT: goes on after a failure, and returns it */
  PASS_CLEANS = 8   /* VT_RETURN in a function that has a clean-up */
};

/* Completes with the result of v. */
VT_MUST_USE vt_t pass(vt_t v, unsigned how);

/* The same; seen gets what the function goes on with after its await. */
VT_MUST_USE vt_t pass_seen(vt_t v, unsigned how, struct seen *seen);

#endif
