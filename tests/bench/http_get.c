/* SPDX-License-Identifier: MIT */
/* http_get: 100 bytes of JSON from vt-cache-server, found in the cache, against
 * nginx that returns a text of its own, and a bare libuv responder that parses
 * nothing; the same client for all: the server's CPU time a request. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "child.h"
#include "server.h"

static struct server ours, other;

static int round_ours(uint64_t n, double *out_ns) {
  (void)n;
  return server_http_get(&ours, "/countries/276", out_ns);
}

static int round_other(uint64_t n, double *out_ns) {
  (void)n;
  return server_http_get(&other, "/countries/276", out_ns);
}

static void compare(struct bench *b, int started, const char *name,
                    double limit) {
  struct bench_pair pair = {
      .ours = round_ours,
      .baseline = round_other,
      .n = 1,
      .rounds = b->quick ? 3 : 11,
  };
  struct bench_line line = {
      .bench = "http_get", .metric = "cpu", .baseline = name, .limit = limit};
  char why[64];
  if (started == 0) {
    bench_compare(b, &pair, line);
    server_stop(&other);
    return;
  }
  snprintf(why, sizeof why,
           started == CHILD_ABSENT ? "%s not installed" : "%s did not start",
           name);
  if (started == CHILD_ABSENT)
    bench_skip(b, "http_get", why);
  else
    bench_fail(b, "http_get", why);
}

static void compare_both(struct bench *b, const char *folder) {
  char text[256];
  const char *argv[] = {"wrk", "--version", NULL};
  if (child_capture(argv, 1, text, sizeof text) == CHILD_ABSENT) {
    bench_skip(b, "http_get", "wrk not installed");
    return;
  }
  int rc = server_start_vt_http(&ours, b->program, folder);
  if (rc != 0) {
    bench_skip(b, "http_get", "vt-cache-server not built, or without HTTP");
    return;
  }
  compare(b, server_start_nginx(&other, folder), "nginx", 0.97);
  compare(b, server_start_bare_http(&other, b->program), "libuv", 1.07);
  if (server_stop(&ours) != 0)
    bench_fail(b, "http_get", "vt-cache-server did not stop cleanly");
}

void bench_http_get(struct bench *b) {
  char folder[] = "/tmp/vt-bench-XXXXXX", db[64];
  if (!mkdtemp(folder)) {
    bench_fail(b, "http_get", "no temporary folder");
    return;
  }
  compare_both(b, folder);
  snprintf(db, sizeof db, "%s/countries.db", folder);
  unlink(db);
  snprintf(db, sizeof db, "%s/nginx.pid", folder);
  unlink(db);
  rmdir(folder);
}
