/* SPDX-License-Identifier: MIT */
/* write_byte: a byte at a time into a file, by 64 KiB buffers that libuv's pool
 * writes, against a double buffer by hand on uv_fs_write, and against stdio.
 *
 * All three keep what they can in locals: the bytes that are in hand are a loop
 * of their own, and one await follows. write_byte_await awaits each byte, from
 * the frame: a byte that is stored may be any of the frame's, for the compiler,
 * so that two words of it are loaded again for each. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benches.h"
#include "uv_loop.h"
#include "write_file.h"

struct write_file write_file;

struct bytes_frame {
  vt_frame_t vt;
  vt_writer_t *w;
  uint64_t done;
  uint64_t size;
};

typedef vt_t bytes_fn(vt_writer_t *w, uint64_t n);

/* Bytes as long as they are in hand: the value task of the last one. */
static inline vt_t put(struct bytes_frame *f) {
  vt_writer_t *w = f->w;
  uint64_t done = f->done, size = f->size;
  vt_t v = vt_done();
  while (done < size && v.source == 0)
    v = vt_writer_write_async(w, (uint8_t)done++);
  f->done = done;
  return v;
}

static inline vt_t bytes_body(void *frame) {
  struct bytes_frame *f = frame;
  VT_BEGIN(f);
  while (f->done < f->size)
    VT_TRY(f, put(f));
  VT_RETURN(f, vt_writer_flush_async(f->w));
  VT_END(f);
}

static BENCH_NOINLINE vt_t write_bytes(vt_writer_t *w, uint64_t n) {
  struct bytes_frame f = {.w = w, .size = n};
  return vt_start(&f, bytes_body);
}

static inline vt_t await_each_body(void *frame) {
  struct bytes_frame *f = frame;
  VT_BEGIN(f);
  for (; f->done < f->size; f->done++)
    VT_TRY(f, vt_writer_write_async(f->w, (uint8_t)f->done));
  VT_RETURN(f, vt_writer_flush_async(f->w));
  VT_END(f);
}

static BENCH_NOINLINE vt_t await_each(vt_writer_t *w, uint64_t n) {
  struct bytes_frame f = {.w = w, .size = n};
  return vt_start(&f, await_each_body);
}

static uint64_t own_allocations; /* of the last round, after warming up */

static int64_t write_round(struct bench_uv *l, bytes_fn *write, uint64_t n,
                           double *out_ns) {
  vt_byte_file_t file;
  vt_writer_t w;
  vt_byte_file_init(&file, write_file.file, 0);
  vt_writer_init(&w, &file.base, NULL);
  int64_t status = vt_loop_run(l->vt, write(&w, WARM_UP)).status;
  struct bench_allocs allocs = bench_allocs_now();
  uint64_t start = bench_cpu_ns();
  file.offset = 0;
  if (status == 0)
    status = vt_loop_run(l->vt, write(&w, n)).status;
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  own_allocations = bench_allocs_now().vt - allocs.vt;
  vt_forget(vt_writer_close_async(&w));
  return status;
}

static int round_of(bytes_fn *write, uint64_t n, double *out_ns) {
  struct bench_uv l;
  int rc = bench_uv_open(&l);
  if (rc != 0)
    return rc;
  int64_t status = write_round(&l, write, n, out_ns);
  rc = bench_uv_close(&l);
  return status == 0 ? rc : -1;
}

static int round_ours(uint64_t n, double *out_ns) {
  return round_of(write_bytes, n, out_ns);
}

static int round_await(uint64_t n, double *out_ns) {
  return round_of(await_each, n, out_ns);
}

static void compare(struct bench *b, struct bench_line line,
                    bench_round_fn *ours, bench_round_fn *baseline) {
  struct bench_pair pair = {
      .ours = ours,
      .baseline = baseline,
      .n = b->quick ? 1 << 22 : 1 << 25,
      .rounds = b->quick ? 3 : 21,
  };
  bench_compare(b, &pair, line);
}

void bench_write_byte(struct bench *b) {
  char path[] = "/tmp/vt-bench-XXXXXX";
  struct bench_line pool = {.bench = "write_byte",
                            .metric = "cpu",
                            .baseline = "a double buffer on uv_fs_write",
                            .limit = 1.05};
  struct bench_line stdio = {.bench = "write_byte",
                             .metric = "cpu",
                             .baseline = "putc_unlocked",
                             .limit = 1.8};
  struct bench_line allocs = {.bench = "write_byte",
                              .metric = "allocations",
                              .baseline = "a double buffer on uv_fs_write",
                              .limit = 0};
  write_file.file = mkstemp(path);
  if (write_file.file < 0) {
    bench_fail(b, "write_byte", "no temporary file");
    return;
  }
  unlink(path);
  compare(b, pool, round_ours, write_byte_pool_baseline);
  compare(b, stdio, round_ours, write_byte_stdio_baseline);
  allocs.value = (double)own_allocations;
  bench_print(b, &allocs);
  pool.bench = stdio.bench = "write_byte_await";
  pool.limit = stdio.limit = BENCH_SHOWN;
  compare(b, pool, round_await, write_byte_pool_baseline);
  compare(b, stdio, round_await, write_byte_stdio_baseline);
  close(write_file.file);
}
