/* SPDX-License-Identifier: MIT */
/* Instructions: the program runs itself under callgrind, which collects while
 * one function is entered. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "loops.h"

#define ITERATIONS "100000"
#define COLLECTED "Collected : "

int bench_count_child(const char *symbol, const char *n) {
  const struct bench_loop *loop = bench_loop_find(symbol);
  if (!loop)
    return EXIT_FAILURE;
  return loop->run(strtoull(n, NULL, 10)) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Instructions that callgrind collected inside symbol; 0: none. */
static int run_callgrind(const struct bench *b, const char *symbol,
                         double *out_collected) {
  char toggle[128], text[8192];
  snprintf(toggle, sizeof toggle, "--toggle-collect=%s", symbol);
  const char *argv[] = {
      "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
      toggle,     b->program,         "--count",
      symbol,     ITERATIONS,         NULL};
  int status = child_capture(argv, 2, text, sizeof text);
  const char *at = strstr(text, COLLECTED);
  *out_collected = at ? strtod(at + strlen(COLLECTED), NULL) : 0;
  return status;
}

bool bench_count(struct bench *b, const char *name,
                 const struct bench_loop *loop, double *out) {
  double collected;
  int status = run_callgrind(b, loop->symbol, &collected);
  if (status == CHILD_ABSENT) {
    bench_skip(b, name, "valgrind not installed");
    return false;
  }
  if (status != 0 || collected <= 0) {
    bench_fail(b, name, "no count from callgrind");
    return false;
  }
  *out = collected / strtod(ITERATIONS, NULL);
  return true;
}

void bench_expect(struct bench *b, const char *name,
                  const struct bench_loop *loop, double instructions) {
  struct bench_line line = {
      .bench = name,
      .metric = "instructions",
      .baseline = "expected",
      .baseline_value = instructions,
      .limit = instructions + 1,
  };
  if (!bench_count(b, name, loop, &line.value))
    return;
  bench_print(b, &line);
  if (line.value < instructions - 1.005 && bench_instructions_bind())
    bench_fail(b, name, "fewer instructions than this baseline must have");
}
