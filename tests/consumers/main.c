/* SPDX-License-Identifier: MIT */
/* A user's program: a loop of its own, one await in hand, one that waits. */
#include <stdio.h>
#include <vt.h>

static void on_result(void *state, vt_result_t r) {
  int *seen = state;
  if (r.status == 0)
    *seen += 1;
}

static void on_detached(uv_loop_t *loop) { (void)loop; }

int main(void) {
  uv_loop_t loop;
  vt_loop_t *vt = NULL;
  int seen = 0;
  int rc = uv_loop_init(&loop);

  if (rc == 0)
    rc = vt_loop_attach(&loop, &vt);
  if (rc != 0)
    return 1;

  vt_await(vt_done(), on_result, &seen);
  vt_await(vt_delay(1), on_result, &seen);
  uv_run(&loop, UV_RUN_DEFAULT);

  rc = vt_loop_detach(vt, on_detached);
  uv_run(&loop, UV_RUN_DEFAULT);
  if (rc == 0)
    rc = uv_loop_close(&loop);

  printf("vt %s: %d of 2 awaits completed\n", vt_version_string(), seen);
  return rc == 0 && seen == 2 ? 0 : 1;
}
