/* SPDX-License-Identifier: MIT */
/* any_million: a million vt_any over one long-lived task and a short operand.
 * What the task and the loop keep of them, and whether the last ones cost what
 * the first ones did. */
#include "benches.h"
#include "uv_loop.h"

#define WARM_UP 1000u

/* One part of them. */
struct part {
  vt_t task;
  uint64_t n;
};

struct part_frame {
  vt_frame_t vt;
  const struct part *part;
  uint64_t i;
};

static vt_t part_body(void *frame) {
  struct part_frame *f = frame;
  vt_value_t first;
  VT_BEGIN(f);
  for (; f->i < f->part->n; f->i++) {
    VT_TRY_VALUE(f, first, VT_ANY(0, NULL, f->part->task, vt_yield()));
    if (first.u != 1)
      VT_RETURN(f, vt_failed(UV_EPROTO));
  }
  VT_END(f);
}

/* Runs n of them; gives the CPU time of one. */
static int part_run(struct bench_uv *l, vt_t task, uint64_t n, double *out_ns) {
  struct part part = {.task = task, .n = n};
  struct part_frame f = {.part = &part};
  uint64_t start = bench_cpu_ns();
  vt_result_t r = vt_loop_run(l->vt, vt_start(&f, part_body));
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  return (int)r.status;
}

/* Blocks of the loop, used and free: those of the task's waiters with them. */
static double blocks_of(const struct bench_uv *l) {
  vt_loop_stats_t stats;
  vt_loop_stats(l->vt, &stats);
  return (double)(stats.pending + stats.untaken + stats.pooled);
}

/* What is measured of the tenths: by what the last one differs. */
struct growth {
  double first_ns, last_ns;
  double blocks;
  double allocations; /* each */
};

static int tenths_run(struct bench_uv *l, vt_t task, uint64_t n,
                      struct growth *out) {
  double ns;
  int rc = part_run(l, task, WARM_UP, &ns);
  struct bench_allocs allocs = bench_allocs_now();
  double blocks = blocks_of(l);
  for (int tenth = 0; tenth < 10 && rc == 0; tenth++) {
    rc = part_run(l, task, n / 10, &ns);
    if (tenth == 0)
      out->first_ns = ns;
  }
  out->last_ns = ns;
  out->blocks = blocks_of(l) - blocks;
  out->allocations = bench_allocs_per(allocs, n);
  return rc;
}

static int growth_of(uint64_t n, struct growth *out) {
  struct bench_uv l;
  vt_promise_t *promise;
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  rc = vt_promise_new(0, &promise);
  if (rc == 0) {
    rc = tenths_run(&l, vt_from_task(vt_promise_task(promise)), n, out);
    vt_promise_set(promise, (vt_value_t){0});
    vt_promise_free(promise);
  }
  int closed = bench_uv_close(&l);
  return rc != 0 ? rc : closed;
}

void bench_any_million(struct bench *b) {
  struct growth growth = {0};
  if (growth_of(b->quick ? 100000 : 1000000, &growth) != 0) {
    bench_fail(b, "any_million", "a part did not complete");
    return;
  }
  struct bench_line line = {
      .bench = "any_million",
      .metric = "ns",
      .value = growth.last_ns,
      .baseline = "the first tenth",
      .baseline_value = growth.first_ns,
      .limit = 1.25,
  };
  bench_print(b, &line);
  line.metric = "blocks";
  line.value = growth.blocks;
  line.baseline = "after the first thousand";
  line.baseline_value = 0;
  line.limit = 0;
  bench_print(b, &line);
  line.metric = "allocations";
  line.value = growth.allocations;
  bench_print(b, &line);
}
