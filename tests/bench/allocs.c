/* SPDX-License-Identifier: MIT */
/* Allocations: vt counts its own; libuv's pass through these. */
#include "bench.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <vt.h>

static atomic_uint_fast64_t uv_calls; /* the pool's threads allocate too */

static void *counted_malloc(size_t size) {
  atomic_fetch_add_explicit(&uv_calls, 1, memory_order_relaxed);
  return malloc(size);
}

static void *counted_realloc(void *ptr, size_t size) {
  atomic_fetch_add_explicit(&uv_calls, 1, memory_order_relaxed);
  return realloc(ptr, size);
}

static void *counted_calloc(size_t count, size_t size) {
  atomic_fetch_add_explicit(&uv_calls, 1, memory_order_relaxed);
  return calloc(count, size);
}

int bench_allocs_init(void) {
  return uv_replace_allocator(counted_malloc, counted_realloc, counted_calloc,
                              free);
}

struct bench_allocs bench_allocs_now(void) {
  vt_alloc_stats_t stats;
  vt_alloc_stats(&stats);
  return (struct bench_allocs){
      .vt = stats.calls,
      .uv = atomic_load_explicit(&uv_calls, memory_order_relaxed),
  };
}

double bench_allocs_per(struct bench_allocs start, uint64_t n) {
  struct bench_allocs now = bench_allocs_now();
  return (double)(now.vt - start.vt + now.uv - start.uv) / (double)n;
}
