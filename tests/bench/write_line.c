/* SPDX-License-Identifier: MIT */
/* write_line_1k_clients: a thousand TCP connections, each given eight lines of
 * 32 bytes in a turn, by a corked writer each, against one uv_write a line. The
 * other ends are plain sockets, emptied between the turns; only the turns'
 * system calls that write, by the kernel's own count, and their CPU time count.
 * Nagle's algorithm is on, as it is by default: without it the baseline costs
 * more. Waiting for its last lines takes most of the bench's time. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "benches.h"
#include "tcp_pair.h"
#include "uv_loop.h"

enum { CLIENTS = 1000, LINES = 8, LINE = 32 };

static const char line[LINE + 1] = "a line of exactly thirty bytes\r\n";

struct client {
  vt_writer_t w;
  vt_byte_socket_t socket;
  uv_tcp_t tcp; /* of the baseline */
  uv_write_t reqs[LINES];
  int peer;
};

static struct client clients[CLIENTS];

/* ---- what the kernel counts ---- */

/* Calls of this process that write, in all; 0 where nobody counts them. */
static uint64_t write_calls(void) {
  static const char field[] = "syscw: ";
  char text[64];
  unsigned long long calls = 0;
  FILE *io = fopen("/proc/self/io", "r");
  while (io && fgets(text, sizeof text, io)) {
    if (strncmp(text, field, sizeof field - 1) == 0)
      sscanf(text + sizeof field - 1, "%llu", &calls);
  }
  if (io)
    fclose(io);
  return calls;
}

/* A turn's bytes of a client; -1 when they are others. */
static int read_out(const struct client *c) {
  char all[LINES * LINE];
  if (recv(c->peer, all, sizeof all, MSG_WAITALL) != sizeof all)
    return -1;
  for (int l = 0; l < LINES; l++)
    if (memcmp(all + l * LINE, line, LINE) != 0)
      return -1;
  return 0;
}

/* ---- one turn of each ---- */

struct side {
  int (*open)(uv_loop_t *uv, struct client *c, int fd);
  int (*put)(struct client *c, int l);
  void (*close)(struct client *c);
  double calls;         /* of a turn */
  uint64_t allocations; /* of all turns */
};

static int open_ours(uv_loop_t *uv, struct client *c, int fd) {
  static const vt_writer_options_t options = {
      .size = 512, .flags = VT_WRITER_CORK | VT_WRITER_OWNS};
  vt_stream_t *stream;
  (void)uv;
  int rc = vt_tcp_open(fd, &stream);
  if (rc == 0)
    rc = vt_byte_socket_init(&c->socket, stream);
  return rc == 0 ? vt_writer_init(&c->w, &c->socket.base, &options) : rc;
}

static int put_ours(struct client *c, int l) {
  (void)l;
  vt_t v = vt_writer_write_all_async(&c->w, line, LINE);
  return vt_is_succeeded(v) ? 0 : -1;
}

static void close_ours(struct client *c) {
  vt_forget(vt_writer_close_async(&c->w));
}

static int open_baseline(uv_loop_t *uv, struct client *c, int fd) {
  int rc = uv_tcp_init(uv, &c->tcp);
  return rc == 0 ? uv_tcp_open(&c->tcp, fd) : rc;
}

/* What did not come the other end tells. */
static void on_sent(uv_write_t *req, int status) {
  (void)req;
  (void)status;
}

static int put_baseline(struct client *c, int l) {
  uv_buf_t buf = uv_buf_init((char *)(uintptr_t)line, LINE);
  return uv_write(&c->reqs[l], (uv_stream_t *)&c->tcp, &buf, 1, on_sent);
}

static void close_baseline(struct client *c) {
  uv_close((uv_handle_t *)&c->tcp, NULL);
}

static struct side ours = {open_ours, put_ours, close_ours, 0, 0};
static struct side baseline = {open_baseline, put_baseline, close_baseline, 0,
                               0};

static int turn(const struct side *side, uv_loop_t *uv) {
  int rc = 0;
  for (int l = 0; l < LINES && rc == 0; l++)
    for (int i = 0; i < CLIENTS && rc == 0; i++)
      rc = side->put(&clients[i], l);
  uv_run(uv, UV_RUN_DEFAULT);
  return rc;
}

/* ---- rounds ---- */

static int open_all(const struct side *side, uv_loop_t *uv) {
  struct sockaddr_in addr;
  int listener = tcp_listen(&addr, 16), rc = listener < 0 ? -1 : 0;
  for (int i = 0; i < CLIENTS && rc == 0; i++) {
    int fds[2];
    rc = tcp_pair(listener, &addr, fds);
    clients[i].peer = fds[1];
    if (rc == 0)
      rc = side->open(uv, &clients[i], fds[0]);
  }
  close(listener);
  return rc;
}

static int read_all(void) {
  int rc = 0;
  for (int i = 0; i < CLIENTS && rc == 0; i++)
    rc = read_out(&clients[i]);
  return rc;
}

static int turns(struct side *side, uv_loop_t *uv, uint64_t n, double *out_ns) {
  uint64_t cpu = 0, calls = 0;
  int rc = turn(side, uv);
  if (rc == 0)
    rc = read_all();
  struct bench_allocs allocs = bench_allocs_now();
  for (uint64_t i = 0; i < n && rc == 0; i++) {
    uint64_t before = write_calls(), start = bench_cpu_ns();
    rc = turn(side, uv);
    cpu += bench_cpu_ns() - start;
    calls += write_calls() - before;
    if (rc == 0)
      rc = read_all();
  }
  side->allocations = bench_allocs_now().vt - allocs.vt;
  side->calls = (double)calls / (double)n;
  *out_ns = (double)cpu / (double)(n * CLIENTS * LINES);
  return rc;
}

static int rounds(struct side *side, uint64_t n, double *out_ns) {
  struct bench_uv l;
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  rc = open_all(side, &l.uv);
  if (rc != 0)
    return rc;
  rc = turns(side, &l.uv, n, out_ns);
  for (int i = 0; i < CLIENTS; i++) {
    side->close(&clients[i]);
    close(clients[i].peer);
  }
  uv_run(&l.uv, UV_RUN_DEFAULT);
  int closed = bench_uv_close(&l);
  return rc != 0 ? rc : closed;
}

static int round_ours(uint64_t n, double *out_ns) {
  return rounds(&ours, n, out_ns);
}

static int round_baseline(uint64_t n, double *out_ns) {
  return rounds(&baseline, n, out_ns);
}

/* Both ends are this process's. */
static bool raise_files(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    return false;
  if (files.rlim_cur < 3 * CLIENTS && files.rlim_max >= 3 * CLIENTS)
    files.rlim_cur = 3 * CLIENTS;
  return setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= 3 * CLIENTS;
}

void bench_write_line(struct bench *b) {
  struct bench_pair pair = {.ours = round_ours,
                            .baseline = round_baseline,
                            .n = b->quick ? 1 : 4,
                            .rounds = b->quick ? 3 : 11};
  struct bench_line l = {.bench = "write_line_1k_clients",
                         .metric = "cpu",
                         .baseline = "uv_write",
                         .limit = 0.8};
  if (!raise_files()) {
    bench_skip(b, l.bench, "too few files may be open");
    return;
  }
  bench_compare(b, &pair, l);
  l.metric = "syscalls";
  l.value = ours.calls;
  l.baseline_value = baseline.calls;
  l.limit = CLIENTS * LINES / 2.0;
  if (baseline.calls >= CLIENTS * LINES)
    bench_print(b, &l);
  else
    bench_skip(b, l.bench, "the kernel does not count system calls");
  l.metric = "allocations";
  l.value = (double)ours.allocations;
  l.baseline_value = (double)baseline.allocations;
  l.limit = 0;
  bench_print(b, &l);
}
