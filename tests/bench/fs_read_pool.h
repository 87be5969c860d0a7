/* SPDX-License-Identifier: MIT */
/* fs_read_pool, fs_read_hot: what ours and the baselines share. */
#ifndef BENCH_FS_READ_POOL_H
#define BENCH_FS_READ_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "bench.h"

#define BLOCK 4096u
#define BLOCKS 256u /* of a file that is all in the page cache */
#define BLOCKS_DROPPED 4096u
#define DEPTH_MAX 32u

/* Before a round: the file, and how many reads are under way at once. */
struct reads {
  uv_file file;
  unsigned depth;
  unsigned blocks;
  bool hot;     /* ours may ask memory */
  bool dropped; /* no page is cached when a round begins */
};
extern struct reads reads;

/* A file without a name, its pages in the page cache; negative on failure. */
uv_file reads_make_file(unsigned blocks);

/* Begins a round. */
void reads_begin(void);

/* Where the i-th read reads. */
static inline int64_t reads_offset(uint64_t i) {
  return (int64_t)(i % reads.blocks) * BLOCK;
}

/* n reads of a block; gives the CPU time of one, all threads together. */
int fs_read_pool_baseline(uint64_t n, double *out_ns);

/* The same by vt_fs_read; and, of what is cached, by a system call alone: by
 * pread, and by preadv2 with RWF_NOWAIT. */
int fs_read_ours(uint64_t n, double *out_ns);
int fs_read_pread(uint64_t n, double *out_ns);
int fs_read_preadv2(uint64_t n, double *out_ns);

/* Compares ours with a baseline at a depth, within limit, and prints the
 * allocations of ours. */
void fs_read_compare(struct bench *b, bench_round_fn *baseline,
                     const struct bench_line *cpu, uint64_t n, unsigned depth);

#endif
