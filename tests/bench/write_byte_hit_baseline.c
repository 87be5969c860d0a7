/* SPDX-License-Identifier: MIT */
/* The baselines of write_byte_hit: a buffer by hand, and stdio's. */
#include <stdio.h>
#include <string.h>

#include "loops.h"
#include "write_byte.h"

struct buffer {
  uint8_t *data;
  size_t count;
  size_t limit;
};

int loop_write_byte_hand(struct buffer *b, size_t n);
void loop_putc_unlocked(FILE *file, size_t n);
void loop_putc(FILE *file, size_t n);

static inline int buffer_put(struct buffer *b, uint8_t byte) {
  if (b->count >= b->limit)
    return -1;
  b->data[b->count++] = byte;
  return 0;
}

BENCH_NOINLINE int loop_write_byte_hand(struct buffer *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (buffer_put(b, (uint8_t)i) != 0)
      return -1;
  return 0;
}

BENCH_NOINLINE void loop_putc_unlocked(FILE *file, size_t n) {
  for (size_t i = 0; i < n; i++)
    putc_unlocked((int)i, file);
}

BENCH_NOINLINE void loop_putc(FILE *file, size_t n) {
  for (size_t i = 0; i < n; i++)
    putc((int)i, file);
}

static int run_hand(uint64_t n) {
  static uint8_t data[CHUNK];
  int rc = 0;
  for (uint64_t done = 0; done < n && rc == 0; done += CHUNK) {
    struct buffer b = {data, 0, sizeof data};
    rc = loop_write_byte_hand(&b, n - done < CHUNK ? n - done : CHUNK);
  }
  return rc;
}

static int run_stdio(void (*loop)(FILE *file, size_t n), uint64_t n) {
  FILE *file = fopen("/dev/null", "w");
  if (!file)
    return -1;
  setvbuf(file, NULL, _IOFBF, CHUNK);
  loop(file, n);
  return fclose(file);
}

static int run_unlocked(uint64_t n) { return run_stdio(loop_putc_unlocked, n); }

static int run_putc(uint64_t n) { return run_stdio(loop_putc, n); }

const struct bench_loop write_byte_hand_loop = {"loop_write_byte_hand",
                                                run_hand};
const struct bench_loop putc_unlocked_loop = {"loop_putc_unlocked",
                                              run_unlocked};
const struct bench_loop putc_loop = {"loop_putc", run_putc};
