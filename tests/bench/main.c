/* SPDX-License-Identifier: MIT */
/* vt_bench [--quick] [NAME...]: the benches of those names, or all. One JSON
 * object a line. Exit status 1 when a bench could not run or a counted limit
 * was missed, and, without --quick, when a time is over its limit; 77 when a
 * tool was missing. (--count SYMBOL N is for the program itself.) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "benches.h"

#define EXIT_SKIPPED 77

static const struct {
  const char *name;
  void (*run)(struct bench *b);
} benches[] = {
    {"await_hit", bench_await_hit},
    {"all_hit", bench_all_hit},
    {"async_hit", bench_async_hit},
    {"write_byte_hit", bench_write_byte_hit},
    {"write_byte", bench_write_byte},
    {"write_line_1k_clients", bench_write_line},
    {"read_line", bench_read_line},
    {"task_hit", bench_task_hit},
    {"sync_hit", bench_sync_hit},
    {"snapshot_hit", bench_snapshot_hit},
    {"country_hit", bench_country_hit},
    {"cache_hit", bench_cache_hit},
    {"miss_storm", bench_miss_storm},
    {"hit_ratio", bench_hit_ratio},
    {"await_pending", bench_await_pending},
    {"ping_pong", bench_ping_pong},
    {"chain", bench_chain},
    {"fs_read_pool", bench_fs_read_pool},
    {"fs_read_hot", bench_fs_read_hot},
    {"fs_hot", bench_fs_hot},
    {"work", bench_work},
    {"delay_million", bench_delay_million},
    {"any_million", bench_any_million},
    {"tick_drift", bench_tick_drift},
    {"echo", bench_echo},
    {"resp_get", bench_resp_get},
    {"resp_loops", bench_resp_loops},
    {"http_get", bench_http_get},
};
#define BENCHES (sizeof benches / sizeof *benches)

static int run_all(struct bench *b) {
  for (size_t i = 0; i < BENCHES; i++)
    benches[i].run(b);
  return 0;
}

static int run_named(struct bench *b, const char *name) {
  for (size_t i = 0; i < BENCHES; i++) {
    if (strcmp(benches[i].name, name) == 0) {
      benches[i].run(b);
      return 0;
    }
  }
  fprintf(stderr, "vt_bench: no bench is named %s\n", name);
  return -1;
}

static int verdict(const struct bench *b) {
  if (b->failed || (b->over && !b->quick))
    return EXIT_FAILURE;
  if (b->skipped)
    return getenv("VT_REQUIRE_TOOLS") ? EXIT_FAILURE : EXIT_SKIPPED;
  return EXIT_SUCCESS;
}

static const char *own_path(void) {
  static char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0)
    return NULL;
  path[length] = '\0';
  return path;
}

int main(int argc, char **argv) {
  struct bench b = {.program = own_path()};
  int next = 1;
  if (bench_allocs_init() != 0 || !b.program)
    return EXIT_FAILURE;
  if (argc == 4 && strcmp(argv[1], "--count") == 0)
    return bench_count_child(argv[2], argv[3]);
  if (next < argc && strcmp(argv[next], "--quick") == 0) {
    b.quick = true;
    next++;
  }
  int rc = next == argc ? run_all(&b) : 0;
  for (; next < argc && rc == 0; next++)
    rc = run_named(&b, argv[next]);
  return rc == 0 ? verdict(&b) : EXIT_FAILURE;
}
