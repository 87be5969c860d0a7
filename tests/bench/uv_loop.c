/* SPDX-License-Identifier: MIT */
/* A uv loop with vt attached, for the benches that wait. */
#include "uv_loop.h"

int bench_uv_open(struct bench_uv *l) {
  int rc = uv_loop_init(&l->uv);
  if (rc != 0)
    return rc;
  rc = vt_loop_attach(&l->uv, &l->vt);
  if (rc != 0) {
    uv_loop_close(&l->uv);
    return rc;
  }
  vt_loop_set_report(l->vt, vt_report_stderr, NULL);
  return 0;
}

int bench_uv_close(struct bench_uv *l) {
  int rc = vt_loop_detach(l->vt, NULL);
  if (rc != 0)
    return rc;
  uv_run(&l->uv, UV_RUN_DEFAULT);
  return uv_loop_close(&l->uv);
}

static struct bench_uv shared;
static bool shared_open;

struct bench_uv *bench_uv_shared(void) {
  if (!shared_open)
    shared_open = bench_uv_open(&shared) == 0;
  return shared_open ? &shared : NULL;
}

int bench_uv_shared_close(void) {
  if (!shared_open)
    return 0;
  shared_open = false;
  return bench_uv_close(&shared);
}
