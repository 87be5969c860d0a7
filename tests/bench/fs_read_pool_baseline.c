/* SPDX-License-Identifier: MIT */
/* The baseline of fs_read_pool: uv_fs_read with callbacks. */
#include "fs_read_pool.h"

struct reader {
  uv_fs_t req;
  uint64_t left;
  uint64_t at;
  int rc;
  char block[BLOCK];
};

static void read_next(uv_loop_t *loop, struct reader *r);

static void on_read(uv_fs_t *req) {
  struct reader *r = req->data;
  ssize_t result = req->result;
  uv_loop_t *loop = req->loop;
  uv_fs_req_cleanup(req);
  if (result != (ssize_t)BLOCK) {
    r->rc = -1;
    return;
  }
  r->at++;
  if (--r->left > 0)
    read_next(loop, r);
}

static void read_next(uv_loop_t *loop, struct reader *r) {
  uv_buf_t buf = uv_buf_init(r->block, BLOCK);
  int rc = uv_fs_read(loop, &r->req, reads.file, &buf, 1, reads_offset(r->at),
                      on_read);
  if (rc != 0)
    r->rc = rc;
}

int fs_read_pool_baseline(uint64_t n, double *out_ns) {
  static struct reader readers[DEPTH_MAX];
  uv_loop_t loop;
  int rc = uv_loop_init(&loop);
  if (rc != 0)
    return rc;
  reads_begin();
  uint64_t start = bench_cpu_ns();
  for (unsigned i = 0; i < reads.depth; i++) {
    readers[i].req.data = &readers[i];
    readers[i].left = n / reads.depth;
    readers[i].at = i;
    readers[i].rc = 0;
    read_next(&loop, &readers[i]);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  for (unsigned i = 0; i < reads.depth; i++)
    rc = readers[i].rc != 0 ? -1 : rc;
  return rc == 0 ? uv_loop_close(&loop) : rc;
}
