/* SPDX-License-Identifier: MIT */
/* resp_get: GET country:276 from vt-cache-server against redis-server, the same
 * client for both: the server's CPU time a request. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "child.h"
#include "server.h"

static struct server ours, redis;
static unsigned pipeline;

static int round_ours(uint64_t n, double *out_ns) {
  return server_get(&ours, pipeline, n, out_ns);
}

static int round_redis(uint64_t n, double *out_ns) {
  return server_get(&redis, pipeline, n, out_ns);
}

static void compare(struct bench *b, unsigned depth, double limit) {
  char name[32];
  struct bench_pair pair = {
      .ours = round_ours,
      .baseline = round_redis,
      .n = b->quick ? 50000 : 400000,
      .rounds = b->quick ? 3 : 7,
  };
  struct bench_line line = {
      .bench = name,
      .metric = "cpu",
      .baseline = "redis-server",
      .limit = limit,
  };
  snprintf(name, sizeof name, "resp_get_p%u", depth);
  pipeline = depth;
  bench_compare(b, &pair, line);
}

static void compare_both(struct bench *b, const char *folder) {
  int rc = server_start_redis(&redis);
  if (rc == CHILD_ABSENT) {
    bench_skip(b, "resp_get", "redis-server not installed");
    return;
  }
  if (rc != 0) {
    bench_fail(b, "resp_get", "redis-server did not start");
    return;
  }
  rc = server_start_vt(&ours, b->program, folder);
  if (rc == CHILD_ABSENT) {
    bench_skip(b, "resp_get", "vt-cache-server not built");
  } else if (rc != 0) {
    bench_fail(b, "resp_get", "vt-cache-server did not start");
  } else {
    compare(b, 1, 0.92);
    compare(b, 16, 0.65);
    if (server_stop(&ours) != 0)
      bench_fail(b, "resp_get", "vt-cache-server did not stop cleanly");
  }
  server_stop(&redis);
}

void bench_resp_get(struct bench *b) {
  char folder[] = "/tmp/vt-bench-XXXXXX", db[64];
  if (!mkdtemp(folder)) {
    bench_fail(b, "resp_get", "no temporary folder");
    return;
  }
  compare_both(b, folder);
  snprintf(db, sizeof db, "%s/countries.db", folder);
  unlink(db);
  rmdir(folder);
}
