/* SPDX-License-Identifier: MIT */
/* vt_bench_chain_o0 N: a chain of N async functions, everything built at -O0,
 * in a thread with 64 KiB of stack. Prints the ns a link; exits with 0 when it
 * completed and all was freed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "chain.h"

#define STACK 65536u

struct run {
  uint64_t n;
  double ns;
  int rc;
};

static void *run_chain(void *arg) {
  struct run *run = arg;
  run->rc = chain_ours(run->n, &run->ns);
  return NULL;
}

static int run_in_thread(struct run *run) {
  pthread_t thread;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  int rc = pthread_attr_setstacksize(&attr, STACK);
  if (rc == 0)
    rc = pthread_create(&thread, &attr, run_chain, run);
  pthread_attr_destroy(&attr);
  return rc == 0 ? pthread_join(thread, NULL) : rc;
}

int main(int argc, char **argv) {
  struct run run = {.n = argc > 1 ? strtoull(argv[1], NULL, 10) : LINKS};
  int rc = run_in_thread(&run);
  if (rc != 0 || run.rc != 0) {
    fprintf(stderr, "chain of %llu: %d, %d\n", (unsigned long long)run.n, rc,
            run.rc);
    return EXIT_FAILURE;
  }
  printf("%.2f\n", run.ns);
  return EXIT_SUCCESS;
}
