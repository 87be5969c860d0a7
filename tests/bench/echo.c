/* SPDX-License-Identifier: MIT */
/* echo: messages of 64 bytes from 50 connections, answered by an async function
 * each, against a server written on libuv by hand: the server's CPU time and
 * its instructions, libuv's among them. */
#include "echo.h"

#include <unistd.h>

#include "benches.h"
#include "loops.h"
#include "uv_loop.h"

struct client_frame {
  vt_frame_t vt;
  vt_stream_t *stream;
  struct echo *echo;
  char buffer[ECHO_SIZE * 2];
};

static vt_t client_body(void *frame) {
  struct client_frame *f = frame;
  vt_value_t n;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, n, vt_stream_read(f->stream, f->buffer, sizeof f->buffer));
    VT_TRY(f, vt_stream_write(f->stream, f->buffer, n.u));
    f->echo->echoed++;
  }
  VT_FINALLY(f);
  VT_TRY(f, vt_stream_close(f->stream));
  VT_END(f);
}

/* The end of a connection, which is how each client ends. */
static void on_client(void *left, vt_result_t r) {
  if (r.status == UV_EOF)
    --*(int *)left;
}

static int left; /* clients that are served */

static int client_open(struct echo *e, int fd, unsigned i) {
  struct client_frame f = {.echo = e};
  (void)i;
  if (vt_tcp_open(fd, &f.stream) != 0) {
    close(fd);
    return -1;
  }
  left++;
  vt_await(vt_start_boxed(&f, sizeof f, client_body), on_client, &left);
  return 0;
}

static BENCH_NOINLINE void echo_serve(struct echo *e, uint64_t target) {
  while (e->echoed < target)
    uv_run(e->uv, UV_RUN_ONCE);
}

static double allocations; /* a message, after the first round */

int echo_round_ours(uint64_t n, double *out_ns) {
  struct bench_uv l;
  struct echo e = {0};
  double warm;
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  e.uv = &l.uv;
  left = 0;
  rc = echo_connect(&e, client_open);
  if (rc == 0)
    rc = echo_run(&e, echo_serve, ECHO_CONNECTIONS, &warm);
  struct bench_allocs allocs = bench_allocs_now();
  if (rc == 0)
    rc = echo_run(&e, echo_serve, n, out_ns);
  allocations = bench_allocs_per(allocs, n);
  echo_disconnect(&e);
  uv_run(&l.uv, UV_RUN_DEFAULT);
  return bench_uv_close(&l) == 0 && left == 0 ? rc : -1;
}

static int ours_loop(uint64_t n) {
  double ns;
  return echo_round_ours(n, &ns);
}

const struct bench_loop echo_loop = {"echo_serve", ours_loop};

void bench_echo(struct bench *b) {
  struct bench_pair pair = {
      .ours = echo_round_ours,
      .baseline = echo_round_baseline,
      .n = b->quick ? 20000 : 200000,
      .rounds = b->quick ? 3 : 21,
  };
  struct bench_line line = {
      .bench = "echo",
      .metric = "cpu",
      .baseline = "libuv by hand",
      .limit = 1.03,
  };
  bench_compare(b, &pair, line);
  line.metric = "allocations";
  line.value = allocations;
  line.limit = 0;
  bench_print(b, &line);
  line.metric = "instructions";
  line.limit = 600;
  if (bench_count(b, "echo", &echo_loop, &line.value) &&
      bench_count(b, "echo", &echo_hand_loop, &line.baseline_value))
    bench_print(b, &line);
}
