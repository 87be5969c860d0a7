/* SPDX-License-Identifier: MIT */
/* The baseline of echo: a server as one writes it on libuv by hand. */
#include <string.h>

#include "echo.h"
#include "loops.h"

struct hand_client {
  uv_tcp_t tcp;
  struct echo *echo;
  char buffer[ECHO_SIZE * 2];
};

static struct hand_client hand_clients[ECHO_CONNECTIONS];

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  struct hand_client *c = (struct hand_client *)handle;
  (void)suggested;
  buf->base = c->buffer;
  buf->len = sizeof c->buffer;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  struct hand_client *c = (struct hand_client *)stream;
  uv_buf_t out = *buf;
  if (n == 0)
    return;
  out.len = n > 0 ? (size_t)n : 0;
  if (n < 0 || uv_try_write(stream, &out, 1) != n)
    uv_close((uv_handle_t *)stream, NULL);
  else
    c->echo->echoed++;
}

static int hand_open(struct echo *e, int fd, unsigned i) {
  struct hand_client *c = &hand_clients[i];
  c->echo = e;
  if (uv_tcp_init(e->uv, &c->tcp) != 0 || uv_tcp_open(&c->tcp, fd) != 0)
    return -1;
  return uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

static BENCH_NOINLINE void echo_serve_hand(struct echo *e, uint64_t target) {
  while (e->echoed < target)
    uv_run(e->uv, UV_RUN_ONCE);
}

int echo_round_baseline(uint64_t n, double *out_ns) {
  uv_loop_t uv;
  struct echo e = {.uv = &uv};
  if (uv_loop_init(&uv) != 0)
    return -1;
  int rc = echo_connect(&e, hand_open);
  if (rc == 0)
    rc = echo_run(&e, echo_serve_hand, n, out_ns);
  echo_disconnect(&e);
  uv_run(&uv, UV_RUN_DEFAULT);
  return uv_loop_close(&uv) == 0 ? rc : -1;
}

static int hand_loop(uint64_t n) {
  double ns;
  return echo_round_baseline(n, &ns);
}

const struct bench_loop echo_hand_loop = {"echo_serve_hand", hand_loop};
