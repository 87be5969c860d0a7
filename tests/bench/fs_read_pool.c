/* SPDX-License-Identifier: MIT */
/* fs_read_pool: vt_fs_read on libuv's pool, one read at a time and 32 at once,
 * against uv_fs_read. */
#include "fs_read_pool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "uv_loop.h"

struct reads reads;

static char blocks[DEPTH_MAX][BLOCK];

struct reader_frame {
  vt_frame_t vt;
  char *block;
  uint64_t left;
  uint64_t at;
};

static vt_t reader_body(void *frame) {
  struct reader_frame *f = frame;
  vt_value_t count;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--, f->at++) {
    VT_TRY_VALUE(f, count,
                 vt_fs_read(reads.file, f->block, BLOCK, reads_offset(f->at)));
    if (count.u != BLOCK)
      VT_RETURN(f, vt_failed(UV_EOF));
  }
  VT_END(f);
}

static vt_t reader_async(unsigned i, uint64_t n) {
  struct reader_frame f = {.block = blocks[i], .left = n, .at = i};
  return vt_start(&f, reader_body);
}

static void on_reader(void *failed, vt_result_t r) {
  if (r.status != 0)
    *(bool *)failed = true;
}

static bool read_all(struct bench_uv *l, uint64_t n) {
  bool failed = false;
  for (unsigned i = 0; i < reads.depth; i++)
    vt_await(reader_async(i, n / reads.depth), on_reader, &failed);
  uv_run(&l->uv, UV_RUN_DEFAULT);
  return !failed;
}

static uint64_t own_allocations; /* of the last round, after warming up */

int fs_read_ours(uint64_t n, double *out_ns) {
  struct bench_uv l;
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  vt_fs_set_hot(l.vt, reads.hot);
  reads_begin();
  bool ok = read_all(&l, reads.depth);
  reads_begin();
  struct bench_allocs allocs = bench_allocs_now();
  uint64_t start = bench_cpu_ns();
  ok = read_all(&l, n) && ok;
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  own_allocations = bench_allocs_now().vt - allocs.vt;
  rc = bench_uv_close(&l);
  return ok ? rc : -1;
}

uv_file reads_make_file(unsigned count) {
  char path[] = "/tmp/vt-bench-XXXXXX";
  static const char block[BLOCK];
  int file = mkstemp(path);
  if (file < 0)
    return file;
  unlink(path);
  for (unsigned i = 0; i < count; i++)
    if (write(file, block, BLOCK) != (ssize_t)BLOCK)
      break;
  reads.file = file;
  reads.blocks = count;
  return file;
}

void reads_begin(void) {
  if (!reads.dropped)
    return;
  fsync(reads.file);
  posix_fadvise(reads.file, 0, 0, POSIX_FADV_RANDOM);
  posix_fadvise(reads.file, 0, 0, POSIX_FADV_DONTNEED);
}

void fs_read_compare(struct bench *b, bench_round_fn *baseline,
                     const struct bench_line *cpu, uint64_t n, unsigned depth) {
  struct bench_pair pair = {
      .ours = fs_read_ours,
      .baseline = baseline,
      .n = n,
      .rounds = b->quick ? 5 : 41,
  };
  struct bench_line allocs = {
      .bench = cpu->bench,
      .metric = "allocations",
      .baseline = cpu->baseline,
      .limit = 0,
  };
  reads.depth = depth;
  bench_compare(b, &pair, *cpu);
  allocs.value = (double)own_allocations;
  bench_print(b, &allocs);
}

static void compare(struct bench *b, const char *name, unsigned depth) {
  uint64_t n = b->quick ? 3200 : 12800;
  struct bench_line cpu = {
      .bench = name,
      .metric = "cpu",
      .baseline = "uv_fs_read",
      .limit = 1.05,
  };
  if (depth > 1) /* one at a time costs more */
    n *= 8;
  fs_read_compare(b, fs_read_pool_baseline, &cpu, n, depth);
}

void bench_fs_read_pool(struct bench *b) {
  if (reads_make_file(BLOCKS) < 0) {
    bench_fail(b, "fs_read_pool", "no temporary file");
    return;
  }
  reads.hot = false;
  compare(b, "fs_read_pool_1", 1);
  compare(b, "fs_read_pool_32", DEPTH_MAX);
  close(reads.file);
}
