/* SPDX-License-Identifier: MIT */
/* What read_line and its baseline share: a file of lines, hot in the cache. */
#ifndef BENCH_READ_LINE_H
#define BENCH_READ_LINE_H

#include <stdint.h>

enum { LINES_BUFFER = 64 << 10 };

/* The file, made when it is first asked for and gone with the program: 64 MiB,
 * or as many as VT_BENCH_MIB says. Negative when there is none. */
int lines_file(void);

/* Both read n lines, from the beginning again after the end, and tell what they
 * have seen: the two must be the same. */
struct lines_seen {
  uint64_t bytes; /* of lines, without their ends */
  uint64_t first; /* the sum of their first bytes */
};

/* 0, or -1 where the last round of n lines saw others. */
int lines_compare(uint64_t n, struct lines_seen seen);

#endif
