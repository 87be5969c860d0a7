/* SPDX-License-Identifier: MIT */
/* The baselines of fs_hot: libuv's requests with callbacks. */
#include "fs_hot.h"

struct turns {
  uv_fs_t req;
  uint64_t left;
  int rc;
};

static void open_next(uv_loop_t *loop, struct turns *t);
static void fstat_next(uv_loop_t *loop, struct turns *t);

static ssize_t result_of(uv_fs_t *req) {
  ssize_t result = req->result;
  uv_fs_req_cleanup(req);
  return result;
}

static void on_close(uv_fs_t *req) {
  struct turns *t = req->data;
  t->rc = (int)result_of(req);
  if (t->rc == 0 && --t->left > 0)
    open_next(req->loop, t);
}

static void on_open(uv_fs_t *req) {
  struct turns *t = req->data;
  ssize_t file = result_of(req);
  t->rc = file < 0 ? (int)file
                   : uv_fs_close(req->loop, req, (uv_file)file, on_close);
}

static void open_next(uv_loop_t *loop, struct turns *t) {
  t->rc = uv_fs_open(loop, &t->req, hot_file.path, UV_FS_O_RDONLY, 0, on_open);
}

static void on_fstat(uv_fs_t *req) {
  struct turns *t = req->data;
  t->rc = (int)result_of(req);
  if (t->rc == 0 && --t->left > 0)
    fstat_next(req->loop, t);
}

static void fstat_next(uv_loop_t *loop, struct turns *t) {
  t->rc = uv_fs_fstat(loop, &t->req, hot_file.file, on_fstat);
}

static void stat_next(uv_loop_t *loop, struct turns *t);

static void on_stat(uv_fs_t *req) {
  struct turns *t = req->data;
  t->rc = (int)result_of(req);
  if (t->rc == 0 && --t->left > 0)
    stat_next(req->loop, t);
}

static void stat_next(uv_loop_t *loop, struct turns *t) {
  t->rc = uv_fs_stat(loop, &t->req, hot_file.path, on_stat);
}

static int turn(void (*next)(uv_loop_t *, struct turns *), uint64_t n,
                double *out_ns) {
  struct turns t = {.left = n};
  uv_loop_t loop;
  int rc = uv_loop_init(&loop);
  if (rc != 0)
    return rc;
  t.req.data = &t;
  uint64_t start = bench_cpu_ns();
  next(&loop, &t);
  uv_run(&loop, UV_RUN_DEFAULT);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  rc = uv_loop_close(&loop);
  return t.rc != 0 ? t.rc : rc;
}

int fs_open_close_baseline(uint64_t n, double *out_ns) {
  return turn(open_next, n, out_ns);
}

int fs_stat_baseline(uint64_t n, double *out_ns) {
  return turn(stat_next, n, out_ns);
}

int fs_fstat_baseline(uint64_t n, double *out_ns) {
  return turn(fstat_next, n, out_ns);
}
