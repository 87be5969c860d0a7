/* SPDX-License-Identifier: MIT */
/* resp_get: GET country:276 from vt-cache-server against redis-server, and a
 * bare libuv responder that looks nothing up; the same client for all: the
 * server's CPU time a request. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "child.h"
#include "server.h"

static struct server ours, other;
static unsigned pipeline;

static int round_ours(uint64_t n, double *out_ns) {
  return server_get(&ours, pipeline, n, out_ns);
}

static int round_other(uint64_t n, double *out_ns) {
  return server_get(&other, pipeline, n, out_ns);
}

static void compare_at(struct bench *b, unsigned depth, const char *baseline,
                       double limit) {
  char name[32];
  struct bench_pair pair = {
      .ours = round_ours,
      .baseline = round_other,
      .n = b->quick ? 50000 : 400000,
      .rounds = b->quick ? 3 : 7,
  };
  struct bench_line line = {
      .bench = name,
      .metric = "cpu",
      .baseline = baseline,
      .limit = limit,
  };
  snprintf(name, sizeof name, "resp_get_p%u", depth);
  pipeline = depth;
  bench_compare(b, &pair, line);
}

struct against {
  const char *name;
  double limit_p1, limit_p16;
};

static void compare(struct bench *b, int started, struct against against) {
  char why[64];
  if (started == 0) {
    compare_at(b, 1, against.name, against.limit_p1);
    compare_at(b, 16, against.name, against.limit_p16);
    server_stop(&other);
    return;
  }
  snprintf(why, sizeof why, "%s %s", against.name,
           started == CHILD_ABSENT ? "not installed" : "did not start");
  if (started == CHILD_ABSENT)
    bench_skip(b, "resp_get", why);
  else
    bench_fail(b, "resp_get", why);
}

static void compare_all(struct bench *b, const char *folder) {
  struct against redis = {"redis-server", 0.92, 0.65};
  struct against bare = {"libuv", 1.05, 1.10};
  int rc = server_start_vt(&ours, b->program, folder);
  if (rc == CHILD_ABSENT) {
    bench_skip(b, "resp_get", "vt-cache-server not built");
    return;
  }
  if (rc != 0) {
    bench_fail(b, "resp_get", "vt-cache-server did not start");
    return;
  }
  compare(b, server_start_redis(&other), redis);
  compare(b, server_start_bare_resp(&other, b->program), bare);
  if (server_stop(&ours) != 0)
    bench_fail(b, "resp_get", "vt-cache-server did not stop cleanly");
}

void bench_resp_get(struct bench *b) {
  char folder[] = "/tmp/vt-bench-XXXXXX", db[64];
  if (!mkdtemp(folder)) {
    bench_fail(b, "resp_get", "no temporary folder");
    return;
  }
  compare_all(b, folder);
  snprintf(db, sizeof db, "%s/countries.db", folder);
  unlink(db);
  rmdir(folder);
}
