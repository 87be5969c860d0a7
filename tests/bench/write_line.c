/* SPDX-License-Identifier: MIT */
/* write_line_1k_clients: a thousand sockets, each given eight lines of 32 bytes
 * in a turn, by a corked writer each, against one uv_write a line. Both on the
 * same sockets; only the process's CPU and its system calls count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "benches.h"
#include "uv_loop.h"

enum { CLIENTS = 1000, LINES = 8, LINE = 32 };

static const char line[LINE + 1] = "a line of exactly thirty bytes\r\n";

struct client {
  vt_writer_t w;
  vt_byte_stream_t stream;
  uv_tcp_t tcp;
  int peer;
};

static struct client clients[CLIENTS];
static uint64_t calls; /* of the kernel, in a round */

static void read_out(void) {
  char all[LINES * LINE + 1];
  for (int i = 0; i < CLIENTS; i++)
    while (recv(clients[i].peer, all, sizeof all, MSG_DONTWAIT) > 0)
      ;
}

/* The same uv_try_write under both; what it does not take is an error here, as
 * the peers read all between the rounds. */
static vt_t socket_write(vt_byte_stream_t *s, const uv_buf_t blocks[],
                         unsigned count) {
  struct client *c =
      (struct client *)(void *)((char *)s - offsetof(struct client, stream));
  int n = uv_try_write((uv_stream_t *)&c->tcp, blocks, count);
  calls++;
  return n < 0 ? vt_failed(n) : vt_from_uint((uint64_t)n);
}

static const vt_byte_stream_ops_t ops = {.write = socket_write};

static int open_client(uv_loop_t *uv, struct client *c) {
  static const vt_writer_options_t options = {.size = 512,
                                              .flags = VT_WRITER_CORK};
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
    return -1;
  c->peer = fds[1];
  c->stream.ops = &ops;
  int rc = uv_tcp_init(uv, &c->tcp);
  if (rc == 0)
    rc = uv_tcp_open(&c->tcp, fds[0]);
  if (rc == 0)
    rc = vt_writer_init(&c->w, &c->stream, &options);
  return rc;
}

static void close_client(struct client *c) {
  vt_forget(vt_writer_close_async(&c->w));
  uv_close((uv_handle_t *)&c->tcp, NULL);
  close(c->peer);
}

/* ---- one turn of each ---- */

static int turn_ours(uv_loop_t *uv) {
  int rc = 0;
  for (int l = 0; l < LINES; l++)
    for (int i = 0; i < CLIENTS; i++)
      if (!vt_is_succeeded(
              vt_writer_write_all_async(&clients[i].w, line, LINE)))
        rc = -1;
  uv_run(uv, UV_RUN_DEFAULT);
  return rc;
}

static void on_sent(uv_write_t *req, int status) {
  (void)status;
  free(req);
}

static int turn_baseline(uv_loop_t *uv) {
  int rc = 0;
  for (int l = 0; l < LINES; l++) {
    for (int i = 0; i < CLIENTS; i++) {
      uv_buf_t buf = uv_buf_init((char *)(uintptr_t)line, LINE);
      uv_write_t *req = malloc(sizeof *req);
      if (!req ||
          uv_write(req, (uv_stream_t *)&clients[i].tcp, &buf, 1, on_sent) != 0)
        rc = -1;
      calls++;
    }
  }
  uv_run(uv, UV_RUN_DEFAULT);
  return rc;
}

static double calls_of[2];
static uint64_t own_allocations;

static int rounds(uint64_t n, double *out_ns, int (*turn)(uv_loop_t *uv),
                  int which) {
  struct bench_uv l;
  uint64_t cpu = 0;
  int rc = bench_uv_open(&l);
  for (int i = 0; i < CLIENTS && rc == 0; i++)
    rc = open_client(&l.uv, &clients[i]);
  if (rc == 0)
    rc = turn(&l.uv);
  read_out();
  calls = 0;
  struct bench_allocs allocs = bench_allocs_now();
  for (uint64_t i = 0; i < n && rc == 0; i++) {
    uint64_t start = bench_cpu_ns();
    rc = turn(&l.uv);
    cpu += bench_cpu_ns() - start;
    read_out();
  }
  own_allocations = bench_allocs_now().vt - allocs.vt;
  calls_of[which] = (double)calls / (double)n;
  *out_ns = (double)cpu / (double)(n * CLIENTS * LINES);
  for (int i = 0; i < CLIENTS; i++)
    close_client(&clients[i]);
  uv_run(&l.uv, UV_RUN_DEFAULT);
  int closed = bench_uv_close(&l);
  return rc != 0 ? rc : closed;
}

static int round_baseline(uint64_t n, double *out_ns) {
  return rounds(n, out_ns, turn_baseline, 1);
}

static int round_ours(uint64_t n, double *out_ns) {
  return rounds(n, out_ns, turn_ours, 0);
}

void bench_write_line(struct bench *b) {
  const char *baseline = "uv_write";
  struct bench_pair pair = {.ours = round_ours,
                            .baseline = round_baseline,
                            .n = b->quick ? 2 : 20,
                            .rounds = b->quick ? 3 : 11};
  struct bench_line cpu = {.bench = "write_line_1k_clients",
                           .metric = "cpu",
                           .baseline = baseline,
                           .limit = 0.8};
  bench_compare(b, &pair, cpu);
  struct bench_line sent = {.bench = "write_line_1k_clients",
                            .metric = "syscalls",
                            .value = calls_of[0],
                            .baseline = baseline,
                            .baseline_value = calls_of[1],
                            .limit = CLIENTS * LINES / 2.0};
  bench_print(b, &sent);
  struct bench_line allocs = {.bench = "write_line_1k_clients",
                              .metric = "allocations",
                              .value = (double)own_allocations,
                              .baseline = baseline,
                              .limit = 0};
  bench_print(b, &allocs);
}
