/* SPDX-License-Identifier: MIT */
/* fs_hot: vt_fs_open and vt_fs_close, and the stats, of a file that memory
 * knows, against libuv's pool. A close is the pool's in both. */
#include "fs_hot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benches.h"
#include "uv_loop.h"

struct hot_file hot_file;

struct turns_frame {
  vt_frame_t vt;
  uint64_t left;
};

static vt_t open_close_body(void *frame) {
  struct turns_frame *f = frame;
  vt_value_t file;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY_VALUE(f, file, vt_fs_open(hot_file.path, UV_FS_O_RDONLY, 0));
    VT_TRY(f, vt_fs_close((uv_file)file.i));
  }
  VT_END(f);
}

static vt_t fstat_body(void *frame) {
  static uv_stat_t st;
  struct turns_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--)
    VT_TRY(f, vt_fs_fstat(hot_file.file, &st));
  VT_END(f);
}

static vt_t stat_body(void *frame) {
  static uv_stat_t st;
  struct turns_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--)
    VT_TRY(f, vt_fs_stat(hot_file.path, &st));
  VT_END(f);
}

static uint64_t own_allocations; /* of the last round, after warming up */

static int turn(vt_body_fn *body, uint64_t n, double *out_ns) {
  struct bench_uv l;
  struct turns_frame warm = {.left = 1}, f = {.left = n};
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  vt_result_t r = vt_loop_run(l.vt, vt_start(&warm, body));
  struct bench_allocs allocs = bench_allocs_now();
  uint64_t start = bench_cpu_ns();
  if (r.status == 0)
    r = vt_loop_run(l.vt, vt_start(&f, body));
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  own_allocations = bench_allocs_now().vt - allocs.vt;
  rc = bench_uv_close(&l);
  return r.status != 0 ? (int)r.status : rc;
}

static int open_close_ours(uint64_t n, double *out_ns) {
  return turn(open_close_body, n, out_ns);
}

static int fstat_ours(uint64_t n, double *out_ns) {
  return turn(fstat_body, n, out_ns);
}

static int stat_ours(uint64_t n, double *out_ns) {
  return turn(stat_body, n, out_ns);
}

static void compare(struct bench *b, bench_round_fn *ours,
                    bench_round_fn *baseline, struct bench_line cpu) {
  struct bench_pair pair = {.ours = ours,
                            .baseline = baseline,
                            .n = b->quick ? 1600 : 3200,
                            .rounds = b->quick ? 5 : 41};
  struct bench_line allocs = cpu;
  cpu.metric = "cpu";
  bench_compare(b, &pair, cpu);
  allocs.metric = "allocations";
  allocs.value = (double)own_allocations;
  allocs.limit = 0;
  bench_print(b, &allocs);
}

void bench_fs_hot(struct bench *b) {
  struct bench_line opens = {
      .bench = "fs_open_close_hot", .baseline = "uv_fs_open", .limit = 0.6};
  struct bench_line stats = {
      .bench = "fs_stat_hot", .baseline = "uv_fs_stat", .limit = 0.15};
  struct bench_line fstats = {
      .bench = "fs_fstat_hot", .baseline = "uv_fs_fstat", .limit = 0.15};
  strcpy(hot_file.path, "/tmp/vt-bench-XXXXXX");
  hot_file.file = mkstemp(hot_file.path);
  if (hot_file.file < 0) {
    bench_fail(b, "fs_hot", "no temporary file");
    return;
  }
  compare(b, open_close_ours, fs_open_close_baseline, opens);
  compare(b, stat_ours, fs_stat_baseline, stats);
  compare(b, fstat_ours, fs_fstat_baseline, fstats);
  close(hot_file.file);
  unlink(hot_file.path);
}
