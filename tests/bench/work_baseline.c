/* SPDX-License-Identifier: MIT */
/* The baseline of work: uv_queue_work with callbacks. */
#include "work.h"

#include <uv.h>

#include "bench.h"

struct worker {
  _Alignas(64) uv_work_t req; /* no line is shared by two threads */
  uint64_t left;
  uint64_t result;
  int rc;
};

static void do_work(uv_work_t *req) {
  struct worker *w = req->data;
  w->result++;
}

static void after_work(uv_work_t *req, int status) {
  struct worker *w = req->data;
  if (status == 0 && --w->left > 0)
    status = uv_queue_work(req->loop, req, do_work, after_work);
  if (status != 0)
    w->rc = status;
}

int work_baseline(uint64_t n, double *out_ns) {
  static struct worker workers[WORKERS_MAX];
  uv_loop_t loop;
  int rc = uv_loop_init(&loop);
  if (rc != 0)
    return rc;
  uint64_t start = bench_cpu_ns();
  for (unsigned i = 0; i < work_depth; i++) {
    struct worker *w = &workers[i];
    *w = (struct worker){.req.data = w, .left = n / work_depth};
    w->rc = uv_queue_work(&loop, &w->req, do_work, after_work);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  for (unsigned i = 0; i < work_depth; i++)
    rc = workers[i].rc != 0 ? -1 : rc;
  return rc == 0 ? uv_loop_close(&loop) : rc;
}
