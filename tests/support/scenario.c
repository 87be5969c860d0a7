/* SPDX-License-Identifier: MIT */
/* Scenarios of fault tests. */
#include "support/scenario.h"

#include <string.h>

void run_tell(struct run *r, const char *problem) {
  if (!r->problem)
    r->problem = problem;
}

bool run_is_clear(int64_t status) { return status == 0 || status == UV_ENOMEM; }

void run_await(struct run *r, vt_t v) {
  vt_await(v, seen_k, &r->seen[r->owed++]);
}

static void run_check(struct run *r) {
  for (int i = 0; i < r->owed; i++) {
    if (r->seen[i].count != 1)
      run_tell(r, "a continuation did not run exactly once");
    else if (!run_is_clear(r->seen[i].result.status))
      run_tell(r, vt_err_name(r->seen[i].result.status));
  }
}

const char *run_with(run_body_fn *body, uint64_t n, enum fault_mode mode) {
  static struct run r;
  const char *problem;
  memset(&r, 0, sizeof r);
  r.problem = fixture_open(&r.f);
  if (r.problem)
    return r.problem;
  fault_arm(n, mode);
  body(&r);
  if (!fixture_run(&r.f))
    run_tell(&r, "the loop did not end");
  fault_disarm();
  run_check(&r);
  while (fixture_take_report(&r.f, VT_REPORT_FORGOTTEN) ||
         fixture_take_report(&r.f, VT_REPORT_UNOBSERVED))
    ;
  problem = fixture_close(&r.f);
  return r.problem ? r.problem : problem;
}
