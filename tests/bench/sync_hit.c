/* SPDX-License-Identifier: MIT */
/* semaphore_hit, mutex_hit, channel_hit: a permit taken and given back, a lock
 * locked and unlocked, an item sent and received, by an async function, where
 * nobody waits. Ours and the bare structures are inlined alike. */
#include "benches.h"
#include "loops.h"
#include "sync.h"
#include "uv_loop.h"

struct hits_frame {
  vt_frame_t vt;
  void *what;
  uint64_t left;
  uint64_t sum;
};

typedef vt_t hits_fn(void *what, uint64_t n);
hits_fn loop_semaphore_hit;
hits_fn loop_mutex_hit;
hits_fn loop_channel_hit;

static inline vt_t semaphore_body(void *frame) {
  struct hits_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY(f, vt_semaphore_acquire_async(f->what, 1));
    between();
    if (vt_semaphore_release(f->what, 1) != 0)
      VT_RETURN(f, vt_failed(UV_EIO));
    between();
  }
  VT_END(f);
}

static inline vt_t mutex_body(void *frame) {
  struct hits_frame *f = frame;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY(f, vt_mutex_lock_async(f->what));
    between();
    if (vt_mutex_unlock(f->what) != 0)
      VT_RETURN(f, vt_failed(UV_EIO));
    between();
  }
  VT_END(f);
}

static inline vt_t channel_body(void *frame) {
  struct hits_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  for (; f->left > 0; f->left--) {
    VT_TRY(f, vt_channel_send_async(f->what, (vt_value_t){.u = f->left}));
    between();
    VT_TRY_VALUE(f, value, vt_channel_receive_async(f->what));
    f->sum += value.u;
    between();
  }
  VT_RETURN(f, vt_from_uint(f->sum));
  VT_END(f);
}

BENCH_NOINLINE vt_t loop_semaphore_hit(void *what, uint64_t n) {
  struct hits_frame f = {.what = what, .left = n};
  return vt_start(&f, semaphore_body);
}

BENCH_NOINLINE vt_t loop_mutex_hit(void *what, uint64_t n) {
  struct hits_frame f = {.what = what, .left = n};
  return vt_start(&f, mutex_body);
}

BENCH_NOINLINE vt_t loop_channel_hit(void *what, uint64_t n) {
  struct hits_frame f = {.what = what, .left = n};
  return vt_start(&f, channel_body);
}

static int run_semaphore(uint64_t n) {
  vt_semaphore_t s;
  vt_semaphore_init(&s, 1);
  return vt_is_succeeded(loop_semaphore_hit(&s, n)) ? 0 : -1;
}

static int run_mutex(uint64_t n) {
  vt_mutex_t m;
  vt_mutex_init(&m);
  return vt_is_succeeded(loop_mutex_hit(&m, n)) ? 0 : -1;
}

/* One for all runs: making it is not what is counted. */
static int run_channel(uint64_t n) {
  static vt_channel_t *c;
  if (!bench_uv_shared() || (!c && vt_channel_new(RING_SLOTS, &c) != 0))
    return -1;
  vt_t v = loop_channel_hit(c, n);
  return vt_in_hand(v) && vt_get_result(v).value.u == n * (n + 1) / 2 ? 0 : -1;
}

const struct bench_loop semaphore_hit_loop = {"loop_semaphore_hit",
                                              run_semaphore};
const struct bench_loop mutex_hit_loop = {"loop_mutex_hit", run_mutex};
const struct bench_loop channel_hit_loop = {"loop_channel_hit", run_channel};

enum { COUNTER = 8, FLAG = 6, RING = 22, OVER = 20 };

void bench_sync_hit(struct bench *b) {
  static const struct bench_hit hits[] = {
      {.bench = "semaphore_hit",
       .ours = &semaphore_hit_loop,
       .baseline = &counter_hand_loop,
       .what = "a bare counter",
       .instructions = COUNTER + OVER,
       .ns = BENCH_SHOWN},
      {.bench = "mutex_hit",
       .ours = &mutex_hit_loop,
       .baseline = &flag_hand_loop,
       .what = "a bare flag",
       .instructions = FLAG + OVER,
       .ns = BENCH_SHOWN},
      {.bench = "channel_hit",
       .ours = &channel_hit_loop,
       .baseline = &ring_hand_loop,
       .what = "a bare ring",
       .instructions = RING + OVER,
       .ns = BENCH_SHOWN},
  };
  bench_expect(b, "counter", &counter_hand_loop, COUNTER);
  bench_expect(b, "flag", &flag_hand_loop, FLAG);
  bench_expect(b, "ring", &ring_hand_loop, RING);
  for (size_t i = 0; i < sizeof hits / sizeof *hits; i++)
    bench_hit(b, &hits[i]);
  if (bench_uv_shared_close() != 0)
    bench_fail(b, "sync_hit", "the loop was not free at the end");
}
