/* SPDX-License-Identifier: MIT */
/* The baselines of fs_read_hot: the system call that a hit makes, plainly, and
 * the one that a program would make. */
#define _GNU_SOURCE /* preadv2 */
#include <sys/uio.h>
#include <unistd.h>

#include "fs_read_pool.h"

static char block[BLOCK];

static ssize_t read_plainly(int64_t offset) {
  return pread(reads.file, block, BLOCK, offset);
}

static ssize_t read_cached(int64_t offset) {
#ifdef RWF_NOWAIT
  struct iovec iov = {block, BLOCK};
  return preadv2(reads.file, &iov, 1, offset, RWF_NOWAIT);
#else
  return read_plainly(offset);
#endif
}

static int turn(ssize_t (*read_at)(int64_t), uint64_t n, double *out_ns) {
  uint64_t start = bench_cpu_ns();
  for (uint64_t i = 0; i < n; i++)
    if (read_at(reads_offset(i)) != (ssize_t)BLOCK)
      return -1;
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  return 0;
}

int fs_read_pread(uint64_t n, double *out_ns) {
  return turn(read_plainly, n, out_ns);
}

int fs_read_preadv2(uint64_t n, double *out_ns) {
  return turn(read_cached, n, out_ns);
}
