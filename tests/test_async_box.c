/* SPDX-License-Identifier: MIT */
/* Async functions: frames and their boxes. Built three times: plain, with
 * VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/gate.h"

#include <string.h>

/* ---- helpers: frames of many sizes ---- */

static unsigned char pattern(size_t i, unsigned seed) {
  return (unsigned char)(i * 31u + seed);
}

static void pattern_fill(unsigned char *bytes, size_t size, unsigned seed) {
  for (size_t i = 0; i < size; i++)
    bytes[i] = pattern(i, seed);
}

static int pattern_wrong(const unsigned char *bytes, size_t size,
                         unsigned seed) {
  int count = 0;
  for (size_t i = 0; i < size; i++)
    count += bytes[i] != pattern(i, seed);
  return count;
}

#define SIZED 1
#include "support/sized_frame.h"
#define SIZED 8
#include "support/sized_frame.h"
#define SIZED 15
#include "support/sized_frame.h"
#define SIZED 16
#include "support/sized_frame.h"
#define SIZED 17
#include "support/sized_frame.h"
#define SIZED 63
#include "support/sized_frame.h"
#define SIZED 100
#include "support/sized_frame.h"
#define SIZED 255
#include "support/sized_frame.h"
#define SIZED 512
#include "support/sized_frame.h"
#define SIZED 1000
#include "support/sized_frame.h"
#define SIZED 2048
#include "support/sized_frame.h"
#define SIZED 4096
#include "support/sized_frame.h"
#define SIZED 10000
#include "support/sized_frame.h"
#define SIZED 32768
#include "support/sized_frame.h"
#define SIZED 65536
#include "support/sized_frame.h"

static vt_t (*const sizes[])(void) = {
    sized_1,    sized_8,    sized_15,    sized_16,    sized_17,
    sized_63,   sized_100,  sized_255,   sized_512,   sized_1000,
    sized_2048, sized_4096, sized_10000, sized_32768, sized_65536};

#define SIZES (sizeof sizes / sizeof *sizes)

/* ---- helpers: others ---- */

/* Waits at one gate after the other. */
struct gates_frame {
  vt_frame_t vt;
  struct gate *gate;
  int left;
};

static vt_t gates_body(void *frame) {
  struct gates_frame *f = frame;
  VT_BEGIN(f);
  while (f->left-- > 0)
    VT_TRY(f, gate_begin(f->gate));
  VT_END(f);
}

/* Points into itself, and holds the buffer that somebody else fills. */
struct self_frame {
  vt_frame_t vt;
  struct self_frame *self;
  char *at;
  char buffer[200];
  struct gate *gate;
  char **where; /* told where the buffer is */
};

static vt_t self_body(void *frame) {
  struct self_frame *f = frame;
  VT_BEGIN(f);
  f->self = f;
  f->at = f->buffer + 10;
  *f->where = f->at;
  VT_TRY(f, vt_done());
  VT_TRY(f, gate_begin(f->gate));
  VT_TRY(f, vt_yield());
  VT_TRY(f, vt_done());
  if (f->self != f || f->at != f->buffer + 10)
    VT_RETURN(f, vt_failed(UV_EFAULT));
  VT_RETURN(f, vt_from_int(strcmp(f->buffer + 10, "filled")));
  VT_END(f);
}

/* Notes where its frame is, around a hit and around a wait. */
struct moved_frame {
  vt_frame_t vt;
  uintptr_t *at; /* four addresses */
};

static vt_t moved_body(void *frame) {
  struct moved_frame *f = frame;
  VT_BEGIN(f);
  f->at[0] = (uintptr_t)f;
  VT_TRY(f, vt_done());
  f->at[1] = (uintptr_t)f;
  VT_TRY(f, vt_yield());
  f->at[2] = (uintptr_t)f;
  VT_TRY(f, vt_yield());
  f->at[3] = (uintptr_t)f;
  VT_END(f);
}

/* Needs the strictest alignment that malloc gives. */
struct aligned_frame {
  vt_frame_t vt;
  char odd;
  max_align_t wide;
  int *wrong;
};

static bool is_aligned(const struct aligned_frame *f) {
  return (uintptr_t)f % _Alignof(struct aligned_frame) == 0;
}

static vt_t aligned_body(void *frame) {
  struct aligned_frame *f = frame;
  VT_BEGIN(f);
  *f->wrong += !is_aligned(f);
  VT_TRY(f, vt_yield());
  *f->wrong += !is_aligned(f);
  VT_TRY(f, vt_done());
  *f->wrong += !is_aligned(f);
  VT_END(f);
}

/* Returns an operation that borrows the frame's buffer. */
struct lender_frame {
  vt_frame_t vt;
  struct gate *gate;
  char **where;
  char buffer[100];
};

static vt_t lender_body(void *frame) {
  struct lender_frame *f = frame;
  VT_BEGIN(f);
  *f->where = f->buffer;
  VT_RETURN(f, gate_begin(f->gate));
  VT_END(f);
}

static void count_functions(void *arg, const vt_loop_entry_t *entry) {
  *(int *)arg += strcmp(entry->kind, "async function") == 0;
}

static void boxed_without_loop(void *arg) {
  struct gate gate = {0};
  char *where;
  struct self_frame frame = {.gate = &gate, .where = &where};
  *(vt_t *)arg = vt_start_boxed(&frame, sizeof frame, self_body);
}

static vt_loop_stats_t stats_of(struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats;
}

/* ---- it works ---- */

static void frames_of_any_size_keep_their_bytes(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < SIZES; i++) {
    vt_result_t r = vt_loop_run(f->vt, sizes[i]());
    assert_status(r.status, 0);
    assert_int_equal(r.value.i, 0);
  }
}

static void frames_of_all_sizes_wait_at_once(void **state) {
  struct fixture *f = *state;
  struct seen seen[3][SIZES] = {{{0}}};
  for (int n = 0; n < 3; n++)
    for (size_t i = 0; i < SIZES; i++)
      vt_await(sizes[i](), seen_k, &seen[n][i]);
  assert_true(fixture_run(f));
  for (int n = 0; n < 3; n++)
    for (size_t i = 0; i < SIZES; i++)
      assert_seen_int(&seen[n][i], 0);
}

/* A few blocks of its size, not many times that. */
static void a_frame_takes_what_it_needs(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < SIZES; i++) {
    uint64_t before = stats_of(f).allocated;
    vt_loop_run(f->vt, sizes[i]());
    assert_in_range(stats_of(f).allocated - before, 0, 512 * 1024);
  }
}

static void any_number_of_waits_takes_one_box(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  struct gates_frame frame = {.gate = &gate, .left = 100};
  vt_loop_stats_t first, now;
  vt_await(vt_start(&frame, gates_body), seen_k, &seen);
  first = stats_of(f);
  for (int i = 1; i < 100; i++) {
    int functions = 0;
    gate_open(&gate, result_int(0));
    fixture_turn(f);
    now = stats_of(f);
    vt_loop_walk(f->vt, count_functions, &functions);
    assert_int_equal(functions, 1);
    assert_int_equal(now.pending, first.pending);
#ifndef VT_DEBUG
    assert_int_equal(now.allocated, first.allocated);
    if (i > 1) /* the second gate stands beside the first's free block */
      assert_int_equal(now.pooled, first.pooled);
    first.pooled = now.pooled;
#endif
  }
  gate_open(&gate, result_int(0));
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
}

static void after_the_first_time_it_needs_no_memory(void **state) {
  struct fixture *f = *state;
  vt_alloc_stats_t before, after;
  for (size_t i = 0; i < SIZES; i++)
    vt_loop_run(f->vt, sizes[i]());
  vt_alloc_stats(&before);
  for (int n = 0; n < 50; n++)
    for (size_t i = 0; i < SIZES; i++)
      if (i < SIZES - 4) /* pages and more need not be pooled */
        vt_loop_run(f->vt, sizes[i]());
  vt_alloc_stats(&after);
  assert_int_equal(after.blocks, before.blocks);
#ifndef VT_DEBUG
  assert_int_equal(after.calls, before.calls);
#endif
}

static void boxed_from_the_start_it_never_moves(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  char *where = NULL;
  {
    struct self_frame frame = {.gate = &gate, .where = &where};
    vt_await(vt_start_boxed(&frame, sizeof frame, self_body), seen_k, &seen);
    assert_false(where >= (char *)&frame && where < (char *)(&frame + 1));
  }
  memcpy(where, "filled", 7); /* as an operation that borrows it does */
  gate_open(&gate, result_int(0));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
}

static void frames_are_aligned_for_anything(void **state) {
  struct fixture *f = *state;
  int wrong = 0;
  for (int i = 0; i < 4; i++) {
    struct aligned_frame frame = {.wrong = &wrong};
    vt_t v = i % 2 ? vt_start_boxed(&frame, sizeof frame, aligned_body)
                   : vt_start(&frame, aligned_body);
    assert_status(vt_loop_run(f->vt, v).status, 0);
  }
  assert_int_equal(wrong, 0);
}

/* The box lives while an operation that it returned may use its buffer. */
static void boxed_from_the_start_it_lends_its_buffer(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}};
  char *where[2] = {NULL, NULL};
  struct seen seen[2] = {{0}};
  for (int i = 0; i < 2; i++) {
    struct lender_frame frame = {.gate = &gates[i], .where = &where[i]};
    vt_await(vt_start_boxed(&frame, sizeof frame, lender_body), seen_k,
             &seen[i]);
  }
  assert_ptr_not_equal(where[0], where[1]);
  memset(where[0], 1, 100); /* as the operation does */
  for (int i = 0; i < 2; i++)
    gate_open(&gates[i], result_int(i));
  assert_true(fixture_run(f));
  for (int i = 0; i < 2; i++)
    assert_seen_int(&seen[i], i);
}

static void boxed_from_the_start_it_may_not_wait(void **state) {
  struct fixture *f = *state;
  struct gates_frame frame = {.left = 0};
  vt_t v = vt_start_boxed(&frame, sizeof frame, gates_body);
  assert_status(vt_status(v), 0);
  assert_status(vt_loop_run(f->vt, v).status, 0);
  assert_int_equal(fixture_pending(f), 0);
}

static void boxed_from_the_start_it_is_cancelled_like_any(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  char *where = NULL;
  struct self_frame frame = {.gate = &gate, .where = &where};
  vt_t v = vt_start_boxed(&frame, sizeof frame, self_body);
  assert_status(vt_cancel(v), 0);
  assert_status(vt_loop_run(f->vt, v).status, UV_ECANCELED);
  assert_int_equal(gate.cancels, 1);
}

static void a_frame_moves_when_it_must(void **state) {
  struct fixture *f = *state;
  uintptr_t at[4] = {0};
  struct moved_frame frame = {.at = at};
  vt_result_t r;
  vt_loop_run(f->vt, vt_start_boxed(&frame, sizeof frame, moved_body));
  assert_true(at[0] == at[1] && at[1] == at[2] && at[2] == at[3]);
  r = vt_loop_run(f->vt, vt_start(&frame, moved_body)); /* the same box */
  assert_status(r.status, 0);
#ifdef VT_DEBUG /* at the start and at every await */
  assert_true(at[0] != (uintptr_t)&frame);
  assert_true(at[1] != at[0]);
  assert_true(at[2] != at[1]);
  assert_true(at[3] != at[2]);
#else /* at the first wait */
  assert_true(at[0] == (uintptr_t)&frame);
  assert_true(at[1] == at[0]);
  assert_true(at[2] != at[1]);
  assert_true(at[3] == at[2]);
#endif
}

static void a_box_is_free_when_its_result_is_taken(void **state) {
  struct fixture *f = *state;
  uint64_t blocks = 0;
  for (int i = 0; i < 10; i++) {
    struct gate gate = {0};
    struct gates_frame frame = {.gate = &gate, .left = 1};
    vt_alloc_stats_t now;
    vt_t v = vt_start(&frame, gates_body);
    gate_open(&gate, result_int(0));
    assert_true(fixture_run(f));
    assert_int_equal(stats_of(f).untaken, 1);
    assert_status(vt_get_result(v).status, 0);
    assert_int_equal(stats_of(f).untaken, 0);
    vt_alloc_stats(&now);
    if (i > 0)
      assert_int_equal(now.blocks, blocks);
    blocks = now.blocks;
  }
}

/* ---- it fails ---- */

static void boxed_without_a_loop_is_enoloop(void **state) {
  vt_t v = vt_done();
  (void)state;
  fixture_on_thread(boxed_without_loop, &v, 0);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), VT_ENOLOOP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(frames_of_any_size_keep_their_bytes),
      fixture_test(frames_of_all_sizes_wait_at_once),
      fixture_test(a_frame_takes_what_it_needs),
      fixture_test(any_number_of_waits_takes_one_box),
      fixture_test(after_the_first_time_it_needs_no_memory),
      fixture_test(boxed_from_the_start_it_never_moves),
      fixture_test(frames_are_aligned_for_anything),
      fixture_test(boxed_from_the_start_it_lends_its_buffer),
      fixture_test(boxed_from_the_start_it_may_not_wait),
      fixture_test(boxed_from_the_start_it_is_cancelled_like_any),
      fixture_test(a_frame_moves_when_it_must),
      fixture_test(a_box_is_free_when_its_result_is_taken),
      fixture_test(boxed_without_a_loop_is_enoloop),
  };
  return fixture_main("async_box", tests);
}
