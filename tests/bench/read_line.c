/* SPDX-License-Identifier: MIT */
/* read_line: lines of a hot file by the reader, in an async function's loop,
 * against getline with a buffer of the same size. The long form reads all of a
 * file of VT_BENCH_MIB=1024 in each round. */
#include "read_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "loops.h"
#include "uv_loop.h"

/* ---- the file ---- */

static uint64_t next_random(uint64_t *seed) {
  *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return *seed >> 33;
}

static uint64_t lines_count;

static void write_lines(FILE *file, uint64_t size) {
  uint64_t seed = 1;
  char line[128];
  for (uint64_t at = 0; at < size;) {
    size_t n = next_random(&seed) % 100;
    for (size_t i = 0; i < n; i++)
      line[i] = (char)('a' + (at + i) % 26);
    line[n] = '\n';
    at += fwrite(line, 1, n + 1, file);
    lines_count++;
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

struct hot_lines {
  vt_byte_file_t file;
  vt_reader_t r;
};

static int rewind_file(struct hot_lines *l) {
  l->file.offset = 0;
  return vt_reader_resume(&l->r);
}

struct lines_frame {
  vt_frame_t vt;
  struct hot_lines *l;
  uint64_t left;
  struct lines_seen seen;
  struct lines_seen *out;
};

vt_t loop_read_line(struct hot_lines *l, uint64_t n, struct lines_seen *out);

static inline vt_t lines_body(void *frame) {
  struct lines_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (f->left > 0) {
    VT_AWAIT(f, r, vt_reader_read_line(&f->l->r));
    if (r.status == UV_EOF && rewind_file(f->l) == 0)
      continue;
    if (r.status != 0)
      VT_RETURN(f, vt_from_result(r));
    f->seen.bytes += r.value.u;
    f->seen.first += r.value.u ? f->l->r.data[0] : 0;
    f->left--;
  }
  *f->out = f->seen;
  VT_END(f);
}

BENCH_NOINLINE vt_t loop_read_line(struct hot_lines *l, uint64_t n,
                                   struct lines_seen *out) {
  struct lines_frame f = {.l = l, .left = n, .out = out};
  return vt_start(&f, lines_body);
}

/* Where the pages are not in memory, or a tool does not know the system call,
 * the pool reads. */
static int run(uint64_t n) {
  struct bench_uv *uv = bench_uv_shared();
  struct lines_seen seen = {0, 0};
  struct hot_lines l;
  int file = lines_file();
  if (!uv || file < 0 || vt_byte_file_init(&l.file, file, 0) != 0 ||
      vt_reader_init(&l.r, &l.file.base, NULL) != 0)
    return -1;
  int64_t status = vt_loop_run(uv->vt, loop_read_line(&l, n, &seen)).status;
  if (status != 0 || !vt_is_succeeded(vt_reader_close(&l.r)))
    return -1;
  return lines_compare(n, seen);
}

const struct bench_loop read_line_loop = {"loop_read_line", run};

/* A full round reads the file from end to end. */
void bench_read_line(struct bench *b) {
  struct bench_hit hit = {
      .bench = "read_line",
      .ours = &read_line_loop,
      .baseline = &getline_loop,
      .what = "getline",
      .n = b->quick || lines_file() < 0 ? 0 : lines_count,
      .instructions = BENCH_SHOWN,
      .ns = 1.2,
      .allocations = 0.01,
  };
  bench_hit(b, &hit);
  if (bench_uv_shared_close() != 0)
    bench_fail(b, "read_line", "something is left on the loop");
}
