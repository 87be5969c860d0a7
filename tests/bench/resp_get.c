/* SPDX-License-Identifier: MIT */
/* resp_get: GET country:276 from vt-cache-server against redis-server, and a
 * bare libuv responder that looks nothing up; the same client for all: the
 * server's CPU time a request. resp_loops: with two loops against one. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "child.h"
#include "server.h"

static struct server ours, other;
static unsigned pipeline;
static const char *bench_name = "resp_get";

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
  snprintf(name, sizeof name, "%s_p%u", bench_name, depth);
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
    bench_skip(b, bench_name, why);
  else
    bench_fail(b, bench_name, why);
}

static void compare_all(struct bench *b, const char *folder) {
  struct against redis = {"redis-server", 0.92, 0.65};
  struct against bare = {"libuv", 1.05, 1.10};
  (void)folder;
  compare(b, server_start_redis(&other), redis);
  compare(b, server_start_bare_resp(&other, b->program), bare);
}

static void compare_loops(struct bench *b, const char *folder) {
  struct against one = {"one loop", 1.05, 1.05};
  compare(b, server_start_vt(&other, b->program, folder), one);
}

/* Both servers share the database, which the first one to start has made. */
static void run(struct bench *b, const char *name, const char *loops,
                void (*compare_with)(struct bench *b, const char *folder)) {
  char folder[] = "/tmp/vt-bench-XXXXXX", db[64];
  bench_name = name;
  if (!mkdtemp(folder)) {
    bench_fail(b, name, "no temporary folder");
    return;
  }
  int rc = server_start_vt_loops(&ours, b->program, folder, loops);
  if (rc == CHILD_ABSENT) {
    bench_skip(b, name, "vt-cache-server not built");
  } else if (rc != 0) {
    bench_fail(b, name, "vt-cache-server did not start");
  } else {
    compare_with(b, folder);
    if (server_stop(&ours) != 0)
      bench_fail(b, name, "vt-cache-server did not stop cleanly");
  }
  snprintf(db, sizeof db, "%s/countries.db", folder);
  unlink(db);
  rmdir(folder);
}

void bench_resp_get(struct bench *b) { run(b, "resp_get", "1", compare_all); }

void bench_resp_loops(struct bench *b) {
  run(b, "resp_loops", "2", compare_loops);
}
