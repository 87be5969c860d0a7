/* SPDX-License-Identifier: MIT */
/* A uv loop with vt attached, for the benches that wait. */
#ifndef BENCH_UV_LOOP_H
#define BENCH_UV_LOOP_H

#include <vt.h>

struct bench_uv {
  uv_loop_t uv;
  vt_loop_t *vt;
};

/* 0 or negative. */
int bench_uv_open(struct bench_uv *l);

/* Detaches and closes; negative when anything is left. */
int bench_uv_close(struct bench_uv *l);

/* A loop for several rounds, opened by the first call; NULL on failure. */
struct bench_uv *bench_uv_shared(void);

/* Closes it if it is open; the other loops need the thread to themselves. */
int bench_uv_shared_close(void);

#endif
