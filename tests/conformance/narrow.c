/* SPDX-License-Identifier: MIT */
/* A thread with a small stack, painted before the chain runs on it. */
#define _GNU_SOURCE /* pthread_getattr_np */
#include "narrow.h"

#include <pthread.h>
#include <stdlib.h>

/* The short chain: longer than what runs inline (8 deep, 1024 links of
 * functions each), so that both chains use the ready queue. */
#define FEW 20000u

/* What may differ between two chains: the first call of a function of a shared
 * library goes through the linker, malloc may have to grow. */
#define SLACK 2048u

/* What a sanitizer adds to a stack that was asked for. */
#ifdef NARROW_SANITIZED
#define ADDED ((size_t)1 << 20)
#else
#define ADDED 8192u
#endif

#define PAINT 0xa5

static bool under_tool(void) {
#ifdef NARROW_SANITIZED
  return true;
#else
  return getenv("VT_VALGRIND") != NULL;
#endif
}

uint64_t narrow_scaled(uint64_t links) {
  return under_tool() ? links / 100 : links;
}

uint64_t narrow_round(struct narrow *n, uint64_t begun) {
  uint64_t left = n->links - begun, deep = narrow_scaled(NARROW_DEEP);
  return left < deep ? left : deep;
}

void narrow_round_end(struct narrow *n) {
  vt_loop_stats_t stats;
  vt_loop_stats(n->f->vt, &stats);
  if (n->rounds++ == 0)
    n->allocated = stats.allocated;
  n->grown += stats.allocated > n->allocated;
  n->left += stats.pending + stats.untaken + stats.queued;
}

void narrow_note(struct narrow *n, int rc) { n->wrong += rc != 0; }

/* ---- the stack ---- */

/* The lowest byte of this thread's stack that may be touched. */
static uintptr_t stack_low(size_t *out_size) {
  pthread_attr_t attr;
  void *low = NULL;
  size_t guard = 0;
  *out_size = 0;
  if (pthread_getattr_np(pthread_self(), &attr) != 0)
    return 0;
  pthread_attr_getstack(&attr, &low, out_size);
  pthread_attr_getguardsize(&attr, &guard);
  pthread_attr_destroy(&attr);
  return (uintptr_t)low + guard;
}

/* Paints what lies below this call, its red zone left out; gives where this
 * call is. */
static VT_NOINLINE void paint(uintptr_t low, uintptr_t *out_top) {
  volatile unsigned char here = PAINT;
  for (uintptr_t at = low; at < (uintptr_t)&here - 256; at++)
    *(volatile unsigned char *)at = here;
  *out_top = (uintptr_t)&here;
}

static VT_NOINLINE size_t painted_over(uintptr_t low, uintptr_t top) {
  uintptr_t at = low;
  while (at < top && *(volatile unsigned char *)at == PAINT)
    at++;
  return top - at;
}

/* ---- the thread ---- */

struct job {
  struct narrow n;
  narrow_fn *run;
};

static void close_down(struct narrow *n) {
  vt_loop_stats_t stats;
  vt_loop_stats(n->f->vt, &stats);
  n->reports = stats.reports;
  n->left += stats.pending + stats.untaken + stats.queued;
  n->problem = fixture_close(n->f);
  if (n->problem)
    print_error("%s\n", n->problem);
  else
    free(n->f);
}

static void on_thread(void *arg) {
  struct job *job = arg;
  struct narrow *n = &job->n;
  uintptr_t low = stack_low(&n->stack_size), top = 0;
  n->f = malloc(sizeof *n->f);
  n->problem = n->f ? fixture_open(n->f) : "no memory";
  if (n->problem)
    return;
  if (!under_tool())
    paint(low, &top);
  job->run(n);
  if (!under_tool())
    n->used = painted_over(low, top);
  close_down(n);
}

struct narrow narrow_run(narrow_fn *run, const void *kind, uint64_t links) {
  struct job job = {.n = {.links = links, .kind = kind}, .run = run};
  fixture_on_thread(on_thread, &job, NARROW_STACK);
  assert_null(job.n.problem);
  assert_in_range(job.n.stack_size, NARROW_STACK / 2, NARROW_STACK + ADDED);
  return job.n;
}

/* ---- asserts ---- */

static void assert_whole(const struct narrow *n) {
  assert_int_equal(n->done, n->links);
  assert_int_equal(n->wrong, 0);
  assert_int_equal(n->left, 0);
  assert_int_equal(n->grown, 0);
  assert_int_equal(n->reports, 0);
  assert_in_range(n->used, 0, NARROW_BOUND);
}

void narrow_assert_keeps(narrow_fn *run, const void *kind, uint64_t links) {
  struct narrow few = narrow_run(run, kind, FEW);
  struct narrow many = narrow_run(run, kind, narrow_scaled(links));
  assert_whole(&few);
  assert_whole(&many);
  assert_in_range(many.used, 0, few.used + SLACK);
  if (getenv("VT_SHOW"))
    print_message("stack: %zu bytes of %zu for %llu links, %zu for %u\n",
                  many.used, many.stack_size, (unsigned long long)many.links,
                  few.used, FEW);
}
