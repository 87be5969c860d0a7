/* SPDX-License-Identifier: MIT */
/* read_line: lines of a hot file by the reader, in an async function's loop,
 * against getline with a buffer of the same size. The stream reads by pread, as
 * a file does whose pages are in memory. VT_BENCH_MIB=1024 is the long form. */
#include "read_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <vt.h>

#include "benches.h"
#include "loops.h"

/* ---- the file ---- */

static uint64_t next_random(uint64_t *seed) {
  *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return *seed >> 33;
}

static void write_lines(FILE *file, uint64_t size) {
  uint64_t seed = 1;
  char line[128];
  for (uint64_t at = 0; at < size;) {
    size_t n = next_random(&seed) % 100;
    for (size_t i = 0; i < n; i++)
      line[i] = (char)('a' + (at + i) % 26);
    line[n] = '\n';
    at += fwrite(line, 1, n + 1, file);
  }
}

int lines_file(void) {
  static FILE *file;
  const char *mib = getenv("VT_BENCH_MIB");
  if (!file) {
    file = tmpfile();
    if (!file)
      return -1;
    write_lines(file, (mib ? strtoull(mib, NULL, 10) : 64) << 20);
    fflush(file);
  }
  return fileno(file);
}

int lines_compare(uint64_t n, struct lines_seen seen) {
  static uint64_t last_n;
  static struct lines_seen last;
  bool same =
      n != last_n || (seen.bytes == last.bytes && seen.first == last.first);
  last_n = n;
  last = seen;
  return same ? 0 : -1;
}

/* ---- the reader ---- */

struct hot_file {
  vt_byte_stream_t base;
  int64_t offset;
  int fd;
};

static vt_t hot_read(vt_byte_stream_t *s, void *buffer, size_t size) {
  struct hot_file *file = (struct hot_file *)(void *)s;
  ssize_t n = pread(file->fd, buffer, size, file->offset);
  if (n == 0) { /* from the beginning again */
    file->offset = 0;
    n = pread(file->fd, buffer, size, 0);
  }
  if (n < 0)
    return vt_failed(UV_EIO);
  file->offset += n;
  return vt_from_int(n);
}

struct lines_frame {
  vt_frame_t vt;
  vt_reader_t *r;
  uint64_t left;
  struct lines_seen seen;
  struct lines_seen *out;
};

vt_t loop_read_line(vt_reader_t *r, uint64_t n, struct lines_seen *out);

static inline vt_t lines_body(void *frame) {
  struct lines_frame *f = frame;
  vt_value_t size;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY_VALUE(f, size, vt_reader_read_line(f->r));
    f->seen.bytes += size.u;
    f->seen.first += size.u ? f->r->data[0] : 0;
  }
  *f->out = f->seen;
  VT_END(f);
}

BENCH_NOINLINE vt_t loop_read_line(vt_reader_t *r, uint64_t n,
                                   struct lines_seen *out) {
  struct lines_frame f = {.r = r, .left = n, .out = out};
  return vt_start(&f, lines_body);
}

static int run(uint64_t n) {
  static const vt_byte_stream_ops_t ops = {.read = hot_read};
  struct hot_file file = {.base = {&ops}, .fd = lines_file()};
  struct lines_seen seen = {0, 0};
  vt_reader_t r;
  if (file.fd < 0 || vt_reader_init(&r, &file.base, NULL) != 0)
    return -1;
  vt_t v = loop_read_line(&r, n, &seen);
  if (!vt_is_succeeded(v) || !vt_is_succeeded(vt_reader_close(&r)))
    return -1;
  return lines_compare(n, seen);
}

const struct bench_loop read_line_loop = {"loop_read_line", run};

void bench_read_line(struct bench *b) {
  static const struct bench_hit hit = {
      .bench = "read_line",
      .ours = &read_line_loop,
      .baseline = &getline_loop,
      .what = "getline",
      .instructions = BENCH_SHOWN,
      .ns = 1.2,
      .allocations = 0.01,
  };
  bench_hit(b, &hit);
}
