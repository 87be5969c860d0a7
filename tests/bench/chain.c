/* SPDX-License-Identifier: MIT */
/* chain: a million waiting async functions, the first operation completes; at
 * -O2 here, at -O0 in a program of its own. */
#include "chain.h"

#include <stdio.h>
#include <stdlib.h>

#include "benches.h"
#include "child.h"

/* vt_bench_chain_o0 lies beside this program. */
static void chain_o0(struct bench *b) {
  char path[4096], links[32], text[64];
  struct bench_line line = {
      .bench = "chain_o0",
      .metric = "ns",
      .baseline = "a plain ready queue at -O2",
      .limit = BENCH_SHOWN,
  };
  child_beside(b->program, "vt_bench_chain_o0", path, sizeof path);
  snprintf(links, sizeof links, "%u", LINKS);
  const char *argv[] = {path, links, NULL};
  if (child_capture(argv, 1, text, sizeof text) != 0) {
    bench_fail(b, line.bench, "did not complete in 64 KiB of stack at -O0");
    return;
  }
  line.value = strtod(text, NULL);
  if (chain_baseline(LINKS, &line.baseline_value) == 0)
    bench_print(b, &line);
}

void bench_chain(struct bench *b) {
  struct bench_pair pair = {
      .ours = chain_ours,
      .baseline = chain_baseline,
      .n = LINKS,
      .rounds = b->quick ? 3 : 15,
  };
  struct bench_line line = {
      .bench = "chain",
      .metric = "ns",
      .baseline = "a plain ready queue",
      .limit = 6,
  };
  bench_compare(b, &pair, line);
  chain_o0(b);
}
