/* SPDX-License-Identifier: MIT */
/* fs_read_pool: what ours and the baseline share. */
#ifndef BENCH_FS_READ_POOL_H
#define BENCH_FS_READ_POOL_H

#include <stdint.h>
#include <uv.h>

#define BLOCK 4096u
#define BLOCKS 256u /* of the file, all in the page cache */
#define DEPTH_MAX 32u

/* Before a round: the file, and how many reads are under way at once. */
struct reads {
  uv_file file;
  unsigned depth;
};
extern struct reads reads;

/* Where the i-th read reads. */
static inline int64_t reads_offset(uint64_t i) {
  return (int64_t)(i % BLOCKS) * BLOCK;
}

/* n reads of a block; gives the CPU time of one, all threads together. */
int fs_read_pool_baseline(uint64_t n, double *out_ns);

#endif
