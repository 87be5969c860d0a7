/* SPDX-License-Identifier: MIT */
/* Lines of result: one JSON object each. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

bool bench_instructions_bind(void) {
#if defined(__OPTIMIZE__) && defined(__GNUC__) && !defined(__clang__)
  return true;
#else
  return false;
#endif
}

static bool is_time(const struct bench_line *line) {
  return strcmp(line->metric, "ns") == 0 || strcmp(line->metric, "cpu") == 0;
}

static bool is_bound(const struct bench_line *line) {
  return strcmp(line->metric, "instructions") != 0 || bench_instructions_bind();
}

/* Half of the last digit shown: 14.0002 instructions are 14. */
static bool is_within(const struct bench_line *line, double ratio) {
  double figure = is_time(line) ? ratio : line->value;
  return figure <= line->limit + 0.005;
}

static void print_limit(struct bench *b, const struct bench_line *line,
                        double ratio) {
  bool within = is_within(line, ratio);
  printf(",\"limit\":%.4g,\"met\":%s", line->limit, within ? "true" : "false");
  if (within || !is_bound(line))
    return;
  if (is_time(line))
    b->over = true;
  else
    b->failed = true;
}

void bench_print(struct bench *b, const struct bench_line *line) {
  double ratio = -1;
  printf(
      "{\"bench\":\"%s\",\"metric\":\"%s\",\"value\":%.4g,\"baseline\":\"%s\"",
      line->bench, line->metric, line->value, line->baseline);
  printf(",\"baseline_value\":%.4g", line->baseline_value);
  if (line->baseline_value > 0) {
    ratio = line->value / line->baseline_value;
    printf(",\"ratio\":%.3f", ratio);
  } else {
    printf(",\"ratio\":null");
  }
  if (line->limit >= 0)
    print_limit(b, line, ratio);
  printf("}\n");
  fflush(stdout);
}

void bench_fail(struct bench *b, const char *name, const char *why) {
  b->failed = true;
  printf("{\"bench\":\"%s\",\"failed\":\"%s\"}\n", name, why);
  fflush(stdout);
}

void bench_skip(struct bench *b, const char *name, const char *why) {
  b->skipped = true;
  printf("{\"bench\":\"%s\",\"skipped\":\"%s\"}\n", name, why);
  fflush(stdout);
}
