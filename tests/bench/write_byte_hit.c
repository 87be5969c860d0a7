/* SPDX-License-Identifier: MIT */
/* write_byte_hit: one byte into the buffered writer, inlined in an async
 * function's loop, and through a call. */
#include "benches.h"
#include "loops.h"
#include "write_byte.h"

struct bytes_frame {
  vt_frame_t vt;
  vt_writer_t *writer;
  size_t done;
  size_t size;
};

typedef vt_t loop_fn(vt_writer_t *w, size_t n);
loop_fn loop_write_byte_hit;
loop_fn loop_write_byte_call;

/* "inline", so that gcc, whose limit for other functions is low, does it. */
static inline vt_t bytes_body(void *frame) {
  struct bytes_frame *f = frame;
  VT_BEGIN(f);
  for (; f->done < f->size; f->done++)
    VT_TRY(f, vt_writer_write_async(f->writer, (uint8_t)f->done));
  VT_END(f);
}

BENCH_NOINLINE vt_t loop_write_byte_hit(vt_writer_t *w, size_t n) {
  struct bytes_frame f = {.writer = w, .size = n};
  return vt_start(&f, bytes_body);
}

static void note(void *failed, vt_result_t r) {
  if (r.status != 0)
    *(bool *)failed = true;
}

BENCH_NOINLINE vt_t loop_write_byte_call(vt_writer_t *w, size_t n) {
  bool failed = false;
  for (size_t i = 0; i < n; i++)
    vt_await(write_byte_call(w, (uint8_t)i), note, &failed);
  return failed ? vt_failed(UV_EIO) : vt_done();
}

/* One for all rounds: its buffer is there. */
static vt_writer_t *writer(void) {
  static const vt_writer_options_t options = {.size = CHUNK};
  static vt_byte_file_t file;
  static vt_writer_t w;
  if (w.stream)
    return &w;
  if (vt_byte_file_init(&file, 0, 0) != 0 ||
      vt_writer_init(&w, &file.base, &options) != 0 ||
      !vt_is_succeeded(vt_writer_write_async(&w, 0)) ||
      vt_writer_discard(&w) != 0)
    return NULL;
  return &w;
}

/* A full buffer is dropped, not written: hits only. */
static int run(loop_fn *loop, uint64_t n) {
  vt_writer_t *w = writer();
  int rc = w ? 0 : -1;
  for (uint64_t done = 0; done < n && rc == 0; done += CHUNK) {
    if (!vt_is_succeeded(loop(w, n - done < CHUNK ? n - done : CHUNK)))
      return -1;
    rc = vt_writer_discard(w);
  }
  return rc;
}

static int run_hit(uint64_t n) { return run(loop_write_byte_hit, n); }

static int run_call(uint64_t n) { return run(loop_write_byte_call, n); }

const struct bench_loop write_byte_hit_loop = {"loop_write_byte_hit", run_hit};
const struct bench_loop write_byte_call_loop = {"loop_write_byte_call",
                                                run_call};

#ifdef __clang__
#define TIME_LIMIT 1.8
#else
#define TIME_LIMIT 1.15
#endif

void bench_write_byte_hit(struct bench *b) {
  static const struct bench_hit hit = {
      .bench = "write_byte_hit",
      .ours = &write_byte_hit_loop,
      .baseline = &write_byte_hand_loop,
      .what = "an inline buffer by hand",
      .instructions = 14,
      .ns = TIME_LIMIT,
      .allocations = 0,
  };
  static const struct bench_hit stdio = {
      .bench = "write_byte_hit",
      .ours = &write_byte_hit_loop,
      .baseline = &putc_unlocked_loop,
      .what = "putc_unlocked",
      .instructions = 14,
      .ns = 1.3,
      .allocations = 0,
  };
  static const struct bench_hit call = {
      .bench = "write_byte_call",
      .ours = &write_byte_call_loop,
      .baseline = &putc_loop,
      .what = "putc",
      .instructions = 19,
      .ns = BENCH_SHOWN,
      .allocations = 0,
  };
  bench_expect(b, "putc_unlocked", &putc_unlocked_loop, 9);
  bench_hit(b, &hit);
  bench_hit(b, &stdio);
  bench_hit(b, &call);
}
