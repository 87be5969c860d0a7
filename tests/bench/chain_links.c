/* SPDX-License-Identifier: MIT */
/* A chain of async functions, each awaiting the next one's value task. Built
 * twice: into vt_bench, and at -O0 with the library into vt_bench_chain_o0. */
#include "bench.h"
#include "chain.h"
#include "uv_loop.h"

static const vt_op_kind_t first_kind = {VT_OP_OPS("first link"),
                                        .size = sizeof(vt_op_t)};

struct link_frame {
  vt_frame_t vt;
  vt_t next;
};

static vt_t link_body(void *frame) {
  struct link_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->next);
  VT_END(f);
}

static vt_t link_async(vt_t next) {
  struct link_frame f = {.next = next};
  return vt_start(&f, link_body);
}

static void on_end(void *ended, vt_result_t r) {
  *(bool *)ended = r.status == 0;
}

/* Completes the operation that the first link awaits, from inside uv_run. */
static void on_turn(uv_idle_t *idle) {
  vt_result_t done = {0, {0}};
  uv_idle_stop(idle);
  vt_op_complete(idle->data, done);
}

static int chain_run(struct bench_uv *l, uint64_t n, double *out_ns) {
  uv_idle_t idle;
  vt_op_t *first;
  bool ended = false;
  int rc = vt_op_begin(&first_kind, &first);
  if (rc != 0)
    return rc;
  vt_t chain = vt_op_started(first, 0);
  for (uint64_t i = 0; i < n; i++)
    chain = link_async(chain);
  vt_await(chain, on_end, &ended);
  uv_idle_init(&l->uv, &idle);
  idle.data = first;
  uv_idle_start(&idle, on_turn);
  uint64_t start = bench_cpu_ns();
  uv_run(&l->uv, UV_RUN_DEFAULT);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  uv_close((uv_handle_t *)&idle, NULL);
  uv_run(&l->uv, UV_RUN_DEFAULT);
  return ended ? 0 : -1;
}

int chain_ours(uint64_t n, double *out_ns) {
  struct bench_uv l;
  vt_alloc_stats_t before, after;
  vt_alloc_stats(&before);
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  rc = chain_run(&l, n, out_ns);
  int closed = bench_uv_close(&l);
  vt_alloc_stats(&after);
  if (rc == 0)
    rc = closed;
  return rc == 0 && after.blocks != before.blocks ? -1 : rc;
}
