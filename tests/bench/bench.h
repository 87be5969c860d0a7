/* SPDX-License-Identifier: MIT */
/* What every bench shares: its lines of result, the clocks, the counters. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_NOINLINE __attribute__((noinline))

/* ---- one run of the program ---- */

struct bench {
  const char *program; /* its own path, for children */
  bool quick;
  bool failed;  /* a bench could not run, or a counted limit was missed */
  bool over;    /* a time is over its limit */
  bool skipped; /* a tool was missing */
};

/* ---- results ---- */

#define BENCH_SHOWN (-1.0) /* no limit */

/* limit is of value when the metric is counted (instructions, allocations,
 * bytes), of the ratio when it is a time (ns, cpu). */
struct bench_line {
  const char *bench;
  const char *metric;
  double value;
  const char *baseline;
  double baseline_value;
  double limit;
};

/* Prints the line as one JSON object and notes in b whether it is within its
 * limit. */
void bench_print(struct bench *b, const struct bench_line *line);

/* Says that a bench could not run, or was left out. */
void bench_fail(struct bench *b, const char *name, const char *why);
void bench_skip(struct bench *b, const char *name, const char *why);

/* Counted instructions bind the optimized code of gcc, for which the limits
 * were set; of other compilers they are shown. */
bool bench_instructions_bind(void);

/* ---- time ---- */

uint64_t bench_cpu_ns(void); /* of the process, all threads */

/* One round of n units; gives the cost of one in ns. 0 or negative. */
typedef int bench_round_fn(uint64_t n, double *out_ns);

/* Two things to be compared, and how long. */
struct bench_pair {
  bench_round_fn *ours;
  bench_round_fn *baseline;
  uint64_t n;
  unsigned rounds;
};

/* Runs rounds A B A B ... after one of each to warm up, and gives the medians.
 * 0, or what a round answered. */
int bench_interleave(const struct bench_pair *pair, double *out_ours,
                     double *out_baseline);

/* bench_interleave, and its line. */
void bench_compare(struct bench *b, const struct bench_pair *pair,
                   struct bench_line line);

/* ---- instructions ---- */

/* A loop that callgrind counts: run prepares and calls the function named
 * symbol, and only the instructions inside that one count. */
struct bench_loop {
  const char *symbol;
  int (*run)(uint64_t n); /* 0, or negative when the result is wrong */
};

/* Instructions of one iteration. False: it has said why. */
bool bench_count(struct bench *b, const char *name,
                 const struct bench_loop *loop, double *out);

/* Fails unless the loop has that many instructions, one more or less. */
void bench_expect(struct bench *b, const char *name,
                  const struct bench_loop *loop, double instructions);

/* The child's side of bench_count. Gives the exit status. */
int bench_count_child(const char *symbol, const char *n);

/* ---- two loops against each other ---- */

struct bench_hit {
  const char *bench;
  const struct bench_loop *ours;
  const struct bench_loop *baseline;
  const char *what;    /* the baseline in words */
  uint64_t n;          /* of a round that is timed; 0: the usual number */
  double instructions; /* limits, or BENCH_SHOWN */
  double ns;
  double allocations; /* per iteration */
};

/* Counts both, times both, and prints three lines. */
void bench_hit(struct bench *b, const struct bench_hit *hit);

/* ---- allocations ---- */

struct bench_allocs {
  uint64_t vt; /* through vt's allocator */
  uint64_t uv; /* through libuv's */
};

/* Replaces libuv's allocator by one that counts. Before all else. */
int bench_allocs_init(void);
struct bench_allocs bench_allocs_now(void);
/* Those since start, vt's and libuv's together, per unit of n. */
double bench_allocs_per(struct bench_allocs start, uint64_t n);

#endif
