/* SPDX-License-Identifier: MIT */
/* Shows: work in the background that nobody waits for: what the program is for
 * races with it, and when that is done the rest is cancelled and cleaned up.
 *
 * Usage: background MILLISECONDS
 * Try:   build/release/samples/background 1000
 */
#include <stdio.h>
#include <stdlib.h>
#include <vt.h>

enum { PAUSE_MS = 200 };

struct clean {
  vt_frame_t vt;
};

/* For ever: it ends by being cancelled. */
static vt_t clean_body(void *frame) {
  struct clean *f = frame;
  VT_BEGIN(f);
  for (;;) {
    printf("unused objects are freed\n");
    VT_TRY(f, vt_delay(PAUSE_MS));
  }
  VT_FINALLY(f);
  printf("the last objects are freed\n");
  VT_END(f);
}

struct job {
  vt_frame_t vt;
  uint64_t takes_ms;
};

/* It might be a download. */
static vt_t job_body(void *frame) {
  struct job *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(f->takes_ms));
  printf("the job is done\n");
  VT_END(f);
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  if (argc != 2 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  struct clean clean = {{0}};
  struct job job = {.takes_ms = strtoul(argv[1], NULL, 10)};
  vt_result_t r = vt_loop_run(
      loop, VT_RACE(0, vt_start(&clean, clean_body), vt_start(&job, job_body)));
  if (r.status != 0)
    fprintf(stderr, "background: %s\n", vt_strerror(r.status));
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && r.status == 0 ? 0 : 1;
}
