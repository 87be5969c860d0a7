/* SPDX-License-Identifier: MIT */
/* await_pending: async functions of ten awaits that really wait, completed by
 * the loop (vt_yield); and await_pending_op, where the operation awaited is the
 * bench's own, made with the bridge and completed from an idle callback. */
#include "await_pending.h"

#include "benches.h"
#include "uv_loop.h"

struct step_op {
  vt_op_t op;
  struct step_op *next;
  uint64_t value;
};

struct queue {
  struct step_op *first;
  struct step_op **end;
  unsigned running;
  uint64_t total;
  vt_body_fn *body;
  uv_idle_t idle;
};

static const vt_op_kind_t step_kind = {VT_OP_OPS("step"),
                                       .size = sizeof(struct step_op)};

static vt_t step_async(struct queue *q, uint64_t value) {
  struct step_op *s;
  int rc = vt_op_begin(&step_kind, &s);
  if (rc != 0)
    return vt_failed(rc);
  s->value = value;
  s->next = NULL;
  *q->end = s;
  q->end = &s->next;
  return vt_op_started(s, 0);
}

struct steps_frame {
  vt_frame_t vt;
  struct queue *queue;
  uint64_t sum;
  uint64_t left;
};

static vt_t steps_body(void *frame) {
  struct steps_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY_VALUE(f, value, step_async(f->queue, f->left));
    f->sum += value.u;
  }
  VT_RETURN(f, vt_from_uint(f->sum));
  VT_END(f);
}

static vt_t yields_body(void *frame) {
  struct steps_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY(f, vt_yield());
    f->sum += f->left;
  }
  VT_RETURN(f, vt_from_uint(f->sum));
  VT_END(f);
}

static vt_t steps_async(struct queue *q) {
  struct steps_frame f = {.queue = q, .left = STEPS};
  return vt_start(&f, q->body);
}

static void on_steps(void *queue, vt_result_t r) {
  struct queue *q = queue;
  q->running--;
  if (r.status == 0)
    q->total += r.value.u;
}

static void on_turn(uv_idle_t *idle) {
  struct queue *q = idle->data;
  struct step_op *s = q->first;
  q->first = NULL;
  q->end = &q->first;
  while (s) {
    struct step_op *next = s->next;
    vt_result_t r = {0, {.u = s->value}};
    vt_op_complete(s, r);
    s = next;
  }
  if (q->running == 0)
    uv_idle_stop(idle);
}

static void batch(struct bench_uv *l, struct queue *q) {
  for (uint64_t i = 0; i < FUNCTIONS; i++) {
    q->running++;
    vt_await(steps_async(q), on_steps, q);
  }
  if (q->body == steps_body)
    uv_idle_start(&q->idle, on_turn);
  uv_run(&l->uv, UV_RUN_DEFAULT);
}

static double allocations; /* an await, after the first batch */

static int round_of(vt_body_fn *body, uint64_t n, double *out_ns) {
  struct bench_uv l;
  struct queue q = {.end = &q.first, .body = body};
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  uv_idle_init(&l.uv, &q.idle);
  q.idle.data = &q;
  batch(&l, &q);
  q.total = 0;
  struct bench_allocs allocs = bench_allocs_now();
  uint64_t start = bench_cpu_ns();
  for (uint64_t done = 0; done < n; done += AWAITS)
    batch(&l, &q);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  allocations = bench_allocs_per(allocs, n);
  uv_close((uv_handle_t *)&q.idle, NULL);
  rc = bench_uv_close(&l);
  return q.total == n / AWAITS * SUM ? rc : -1;
}

int await_pending_yields(uint64_t n, double *out_ns) {
  return round_of(yields_body, n, out_ns);
}

static int round_steps(uint64_t n, double *out_ns) {
  return round_of(steps_body, n, out_ns);
}

static void compare(struct bench *b, const char *name,
                    int (*ours)(uint64_t n, double *out_ns), double limit) {
  struct bench_pair pair = {
      .ours = ours,
      .baseline = await_pending_baseline,
      .n = (b->quick ? 20u : 200u) * AWAITS,
      .rounds = b->quick ? 5 : 15,
  };
  struct bench_line ns = {
      .bench = name,
      .metric = "ns",
      .baseline = "callbacks by hand",
      .limit = limit,
  };
  struct bench_line allocs = {
      .bench = name,
      .metric = "allocations",
      .baseline = "callbacks by hand",
      .limit = 0,
  };
  bench_compare(b, &pair, ns);
  allocs.value = allocations;
  bench_print(b, &allocs);
}

void bench_await_pending(struct bench *b) {
  compare(b, "await_pending", await_pending_yields, 5);
  compare(b, "await_pending_op", round_steps, BENCH_SHOWN);
}
