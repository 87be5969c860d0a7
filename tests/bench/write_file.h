/* SPDX-License-Identifier: MIT */
/* write_byte: what ours and the baselines share. */
#ifndef BENCH_WRITE_FILE_H
#define BENCH_WRITE_FILE_H

#include <stdint.h>
#include <uv.h>

#define BUFFER_SIZE 65536u
#define WARM_UP (4 * BUFFER_SIZE)

/* Before a round: the file, written from its beginning. */
struct write_file {
  uv_file file;
};
extern struct write_file write_file;

/* n bytes; give the CPU time of one, all threads together. */
int write_byte_pool_baseline(uint64_t n, double *out_ns);
int write_byte_stdio_baseline(uint64_t n, double *out_ns);

#endif
