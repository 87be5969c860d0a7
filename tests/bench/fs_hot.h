/* SPDX-License-Identifier: MIT */
/* fs_hot: what ours and the baselines share. */
#ifndef BENCH_FS_HOT_H
#define BENCH_FS_HOT_H

#include <stdint.h>
#include <uv.h>

#include "bench.h"

/* The file, by its name and open. */
struct hot_file {
  char path[32];
  uv_file file;
};
extern struct hot_file hot_file;

/* n times in turn, the CPU time of one, all threads together. */
int fs_open_close_baseline(uint64_t n, double *out_ns);
int fs_stat_baseline(uint64_t n, double *out_ns);
int fs_fstat_baseline(uint64_t n, double *out_ns);

#endif
