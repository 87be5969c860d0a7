/* SPDX-License-Identifier: MIT */
/* A user's test: a day of delays on the simulated libuv, which takes no time.
 * */
#include <stdio.h>
#include <vt_sim.h>

static vt_t wait_long(void *arg) {
  (void)arg;
  return vt_delay(86400000);
}

int main(void) {
  vt_sim_options_t options = {.seed = 1, .limit_ms = 86400001};
  vt_sim_result_t out;
  int rc = vt_sim_run(&options, wait_long, NULL, &out);
  printf("vt %s: %llu ms of virtual time, %s\n", vt_version_string(),
         (unsigned long long)out.passed_ms, vt_sim_err_name(rc));
  return rc == 0 && out.passed_ms == 86400000 ? 0 : 1;
}
