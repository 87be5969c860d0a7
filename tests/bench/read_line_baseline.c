/* SPDX-License-Identifier: MIT */
/* The baseline of read_line: stdio's getline, its buffer as large. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loops.h"
#include "read_line.h"

int loop_getline(FILE *file, uint64_t n, struct lines_seen *out);

BENCH_NOINLINE int loop_getline(FILE *file, uint64_t n,
                                struct lines_seen *out) {
  char *line = NULL;
  size_t room = 0;
  while (n > 0) {
    ssize_t size = getline(&line, &room, file);
    if (size < 0) {
      rewind(file);
      continue;
    }
    out->bytes += (uint64_t)size - 1;
    out->first += size > 1 ? (unsigned char)line[0] : 0u;
    n--;
  }
  free(line);
  return 0;
}

static int run(uint64_t n) {
  struct lines_seen seen = {0, 0};
  FILE *file = fdopen(dup(lines_file()), "r");
  if (!file)
    return -1;
  setvbuf(file, NULL, _IOFBF, LINES_BUFFER);
  rewind(file);
  int rc = loop_getline(file, n, &seen);
  if (fclose(file) != 0 || rc != 0)
    return -1;
  return lines_compare(n, seen);
}

const struct bench_loop getline_loop = {"loop_getline", run};
