/* SPDX-License-Identifier: MIT */
/* The baseline of chain: a plain ready queue. Completing a link queues the one
 * that waits for it. */
#include "chain.h"

#include <stdlib.h>

#include "bench.h"

struct link {
  struct link *next; /* in the ready queue */
  void (*run)(struct link *link);
  struct link *awaiter; /* NULL: the last */
};

static struct link *ready_first;
static struct link **ready_end = &ready_first;
static bool ended;

static void ready_put(struct link *link) {
  link->next = NULL;
  *ready_end = link;
  ready_end = &link->next;
}

static void on_ready(struct link *link) {
  if (link->awaiter)
    ready_put(link->awaiter);
  else
    ended = true;
}

static void ready_run(void) {
  while (ready_first) {
    struct link *link = ready_first;
    ready_first = link->next;
    if (!ready_first)
      ready_end = &ready_first;
    link->run(link);
  }
}

int chain_baseline(uint64_t n, double *out_ns) {
  struct link *links = malloc(n * sizeof *links);
  if (!links)
    return -1;
  for (uint64_t i = 0; i < n; i++)
    links[i] = (struct link){.run = on_ready,
                             .awaiter = i + 1 < n ? &links[i + 1] : NULL};
  ended = false;
  uint64_t start = bench_cpu_ns();
  ready_put(&links[0]);
  ready_run();
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  free(links);
  return ended ? 0 : -1;
}
