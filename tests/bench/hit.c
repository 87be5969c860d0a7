/* SPDX-License-Identifier: MIT */
/* A loop of ours against a baseline's: instructions, time, allocations. */
#include "bench.h"

#define HITS_QUICK 200000u
#define HITS_FULL 5000000u

static int timed(const struct bench_loop *loop, uint64_t n, double *out_ns) {
  uint64_t start = bench_cpu_ns();
  int rc = loop->run(n);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  return rc;
}

/* The rounds take no argument, so the pair of loops stands here meanwhile. */
static const struct bench_hit *current;

static int round_ours(uint64_t n, double *out_ns) {
  return timed(current->ours, n, out_ns);
}

static int round_baseline(uint64_t n, double *out_ns) {
  return timed(current->baseline, n, out_ns);
}

static void hit_instructions(struct bench *b, const struct bench_hit *hit) {
  struct bench_line line = {
      .bench = hit->bench,
      .metric = "instructions",
      .baseline = hit->what,
      .limit = hit->instructions,
  };
  if (bench_count(b, hit->bench, hit->ours, &line.value) &&
      bench_count(b, hit->bench, hit->baseline, &line.baseline_value))
    bench_print(b, &line);
}

static void hit_ns(struct bench *b, const struct bench_hit *hit) {
  uint64_t usual = b->quick ? HITS_QUICK : HITS_FULL;
  struct bench_pair pair = {
      .ours = round_ours,
      .baseline = round_baseline,
      .n = hit->n > 0 ? hit->n : usual,
      .rounds = b->quick ? 5 : 15,
  };
  struct bench_line line = {
      .bench = hit->bench,
      .metric = "ns",
      .baseline = hit->what,
      .limit = hit->ns,
  };
  current = hit;
  bench_compare(b, &pair, line);
}

static void hit_allocations(struct bench *b, const struct bench_hit *hit) {
  struct bench_line line = {
      .bench = hit->bench,
      .metric = "allocations",
      .baseline = hit->what,
      .limit = hit->allocations,
  };
  struct bench_allocs start = bench_allocs_now();
  int rc = hit->ours->run(HITS_QUICK);
  line.value = bench_allocs_per(start, HITS_QUICK);
  start = bench_allocs_now();
  if (rc == 0)
    rc = hit->baseline->run(HITS_QUICK);
  line.baseline_value = bench_allocs_per(start, HITS_QUICK);
  if (rc != 0)
    bench_fail(b, hit->bench, "a loop gave a wrong result");
  else
    bench_print(b, &line);
}

void bench_hit(struct bench *b, const struct bench_hit *hit) {
  hit_instructions(b, hit);
  hit_ns(b, hit);
  hit_allocations(b, hit);
}
