/* SPDX-License-Identifier: MIT */
/* ping_pong: two async functions of one loop and two channels of one place; a
 * round goes there and back, and waits twice. Against await_pending's own await
 * (vt_yield), of which a round may cost three. */
#include "await_pending.h"
#include "benches.h"
#include "uv_loop.h"

struct player_frame {
  vt_frame_t vt;
  vt_channel_t *in, *out;
  uint64_t left;
  uint64_t sum;
};

static vt_t player_body(void *frame) {
  struct player_frame *f = frame;
  vt_value_t ball;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY_VALUE(f, ball, vt_channel_receive_async(f->in));
    f->sum += ball.u;
    VT_TRY(f, vt_channel_send_async(f->out, ball));
  }
  VT_RETURN(f, vt_from_uint(f->sum));
  VT_END(f);
}

static void add(void *sum, vt_result_t r) {
  if (r.status == 0)
    *(uint64_t *)sum += r.value.u;
}

/* The ball lies in the first channel, before and after. */
static uint64_t play(struct bench_uv *l, vt_channel_t *c[2], uint64_t rounds) {
  uint64_t sum = 0;
  for (int i = 0; i < 2; i++) {
    struct player_frame f = {.in = c[i], .out = c[!i], .left = rounds};
    vt_await(vt_start(&f, player_body), add, &sum);
  }
  uv_run(&l->uv, UV_RUN_DEFAULT);
  return sum;
}

static double allocations; /* a round, after the first ones */

static int round_of_games(uint64_t n, double *out_ns) {
  struct bench_uv l;
  vt_channel_t *c[2] = {NULL, NULL};
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  for (int i = 0; i < 2 && rc == 0; i++)
    rc = vt_channel_new(1, &c[i]);
  if (rc == 0)
    rc = vt_channel_try_send(c[0], (vt_value_t){.u = 1});
  uint64_t sum = rc == 0 ? play(&l, c, 10) : 0;
  struct bench_allocs allocs = bench_allocs_now();
  uint64_t start = bench_cpu_ns();
  sum += rc == 0 ? play(&l, c, n) : 0;
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  allocations = bench_allocs_per(allocs, n);
  for (int i = 0; i < 2; i++)
    vt_channel_unref(c[i]);
  if (rc == 0)
    rc = bench_uv_close(&l);
  return sum == 2 * (n + 10) ? rc : -1;
}

void bench_ping_pong(struct bench *b) {
  struct bench_pair pair = {
      .ours = round_of_games,
      .baseline = await_pending_yields,
      .n = b->quick ? 200000 : 2000000,
      .rounds = b->quick ? 5 : 15,
  };
  struct bench_line ns = {
      .bench = "ping_pong",
      .metric = "ns",
      .baseline = "await_pending",
      .limit = 3,
  };
  struct bench_line allocs = {
      .bench = "ping_pong",
      .metric = "allocations",
      .baseline = "await_pending",
      .limit = 0,
  };
  bench_compare(b, &pair, ns);
  allocs.value = allocations;
  bench_print(b, &allocs);
}
