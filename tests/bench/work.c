/* SPDX-License-Identifier: MIT */
/* work: vt_work, one piece at a time and 64 at once, against uv_queue_work. */
#include "work.h"

#include "benches.h"
#include "uv_loop.h"

unsigned work_depth;

/* What a worker's function touches: a cache line each, as the pool's threads
 * write to them at once. */
static struct { _Alignas(64) uint64_t result; } workers[WORKERS_MAX];

static vt_result_t do_work(void *arg) {
  uint64_t *result = arg;
  vt_result_t r = {0, {.u = ++*result}};
  return r;
}

struct worker_frame {
  vt_frame_t vt;
  uint64_t *result;
  uint64_t left;
};

static vt_t worker_body(void *frame) {
  struct worker_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--)
    VT_TRY(f, vt_work(do_work, f->result));
  VT_END(f);
}

static vt_t worker_async(unsigned i, uint64_t n) {
  struct worker_frame f = {.result = &workers[i].result, .left = n};
  return vt_start(&f, worker_body);
}

static void on_worker(void *failed, vt_result_t r) {
  if (r.status != 0)
    *(bool *)failed = true;
}

static int round_ours(uint64_t n, double *out_ns) {
  struct bench_uv l;
  bool failed = false;
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  uint64_t start = bench_cpu_ns();
  for (unsigned i = 0; i < work_depth; i++)
    vt_await(worker_async(i, n / work_depth), on_worker, &failed);
  uv_run(&l.uv, UV_RUN_DEFAULT);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  rc = bench_uv_close(&l);
  return failed ? -1 : rc;
}

static void compare(struct bench *b, const char *name, unsigned depth) {
  uint64_t n = b->quick ? 6400 : 16000;
  struct bench_pair pair = {
      .ours = round_ours,
      .baseline = work_baseline,
      .n = depth == 1 ? n : n * 8, /* one at a time costs more */
      .rounds = b->quick ? 5 : 41,
  };
  struct bench_line line = {
      .bench = name,
      .metric = "cpu",
      .baseline = "uv_queue_work",
      .limit = 1.05,
  };
  work_depth = depth;
  bench_compare(b, &pair, line);
}

void bench_work(struct bench *b) {
  compare(b, "work_1", 1);
  compare(b, "work_64", WORKERS_MAX);
}
