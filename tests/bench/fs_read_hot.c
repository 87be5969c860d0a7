/* SPDX-License-Identifier: MIT */
/* fs_read_hot: vt_fs_read of cached pages, by one reader and by 32, against
 * uv_fs_read and the system calls; and what asking costs when nothing is
 * cached. */
#include <unistd.h>

#include "benches.h"
#include "fs_read_pool.h"

static void compare(struct bench *b, bench_round_fn *baseline,
                    struct bench_line cpu, unsigned depth) {
  cpu.metric = "cpu";
  fs_read_compare(b, baseline, &cpu, b->quick ? 3200 : 6400, depth);
}

static void compare_hot(struct bench *b) {
  struct bench_line one = {
      .bench = "fs_read_hot_1", .baseline = "uv_fs_read", .limit = 0.05};
  struct bench_line many = {
      .bench = "fs_read_hot_32", .baseline = "uv_fs_read", .limit = 0.40};
  struct bench_line plain = {
      .bench = "fs_read_hot_1", .baseline = "pread", .limit = 1.2};
  struct bench_line bare = {
      .bench = "fs_read_hot_1", .baseline = "preadv2", .limit = 1.05};
  compare(b, fs_read_pool_baseline, one, 1);
  compare(b, fs_read_pool_baseline, many, DEPTH_MAX);
  compare(b, fs_read_pread, plain, 1);
  compare(b, fs_read_preadv2, bare, 1);
}

static void compare_dropped(struct bench *b) {
  struct bench_line cpu = {.bench = "fs_read_cold",
                           .metric = "cpu",
                           .baseline = "uv_fs_read",
                           .limit = 1.10};
  reads.dropped = true;
  fs_read_compare(b, fs_read_pool_baseline, &cpu, BLOCKS_DROPPED, 1);
  reads.dropped = false;
}

void bench_fs_read_hot(struct bench *b) {
  reads.hot = true;
  if (reads_make_file(BLOCKS) < 0) {
    bench_fail(b, "fs_read_hot", "no temporary file");
    return;
  }
  compare_hot(b);
  close(reads.file);
  if (reads_make_file(BLOCKS_DROPPED) < 0)
    return;
  compare_dropped(b);
  close(reads.file);
}
