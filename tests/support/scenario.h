/* SPDX-License-Identifier: MIT */
/* A scenario of a fault test: a body that is run on an attached loop with each
 * of its allocations refused in turn, and owes its continuations one clear
 * status each. */
#ifndef VT_TEST_SCENARIO_H
#define VT_TEST_SCENARIO_H

#include "support/fault.h"
#include "support/fixture.h"

/* One run: a fixture, the faults, and how many continuations are owed. */
struct run {
  struct fixture f;
  const char *problem;
  struct seen seen[64];
  int owed;
};

typedef void run_body_fn(struct run *r);

/* Notes what went wrong; the first one stays. */
void run_tell(struct run *r, const char *problem);

/* Success, or no memory: nothing else may come of a fault. */
bool run_is_clear(int64_t status);

/* Awaits v; its continuation must run once, with a clear status. */
void run_await(struct run *r, vt_t v);

/* Runs body with the n-th allocation refused. Forgotten and unobserved failures
 * are reported then, which is right. */
const char *run_with(run_body_fn *body, uint64_t n, enum fault_mode mode);

/* A case: SCENARIO(name) { the body, r is the run }. */
#define SCENARIO(name)                                                         \
  static void name##_body(struct run *r);                                      \
  static const char *name##_run(uint64_t n, enum fault_mode mode) {            \
    return run_with(name##_body, n, mode);                                     \
  }                                                                            \
  static void name(void **state) {                                             \
    const char *problem = fault_walk(name##_run);                              \
    (void)state;                                                               \
    if (problem)                                                               \
      fail_msg("%s", problem);                                                 \
  }                                                                            \
  static void name##_body(struct run *r)

#endif
