/* SPDX-License-Identifier: MIT */
/* Many async functions at once: on one loop, and on several in threads. */
#include "conformance/async_cases.h"

enum { WORKERS = 16, ROUNDS = 10, THREADS = 4 };

/* ---- helpers: on one loop ---- */

struct slow_frame {
  vt_frame_t vt;
  bool generic;
  int i;
};

static vt_t slow_body(void *frame) {
  struct slow_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(1));
  if (f->generic)
    VT_RETURN(f, vt_from_int(42 + f->i));
  VT_END(f);
}

static vt_t slow(start_fn *start, bool generic, int i) {
  struct slow_frame frame = {.generic = generic, .i = i};
  return start(&frame, sizeof frame, slow_body);
}

/* One after the other; how many gave what they should. */
struct worker_frame {
  vt_frame_t vt;
  start_fn *start;
  bool generic;
  int i;
  int64_t right;
};

static vt_t worker_body(void *frame) {
  struct worker_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  for (f->i = 0; f->i < ROUNDS; f->i++) {
    VT_TRY_VALUE(f, value, slow(f->start, f->generic, f->i));
    f->right += value.i == (f->generic ? 42 + f->i : 0);
  }
  VT_RETURN(f, vt_from_int(f->right));
  VT_END(f);
}

/* All workers on this thread's loop; what they gave in all. */
static int64_t work(struct fixture *f, start_fn *start, bool generic) {
  struct seen seen[WORKERS] = {{0}};
  int64_t right = 0;
  for (int i = 0; i < WORKERS; i++) {
    struct worker_frame frame = {.start = start, .generic = generic};
    vt_await(start(&frame, sizeof frame, worker_body), seen_k, &seen[i]);
  }
  fixture_run(f);
  for (int i = 0; i < WORKERS; i++)
    right += seen[i].count == 1 && seen[i].result.status == 0
                 ? seen[i].result.value.i
                 : 0;
  return right;
}

/* ---- helpers: on one loop each ---- */

struct crew {
  start_fn *start;
  bool generic;
  uv_barrier_t barrier;
  uint64_t warm, calls; /* allocations, when all are warm and at the end */
};

struct hand {
  struct crew *crew;
  uv_thread_t thread;
  bool first; /* notes the counts */
  int64_t right;
  const char *problem;
  struct fixture f;
};

/* When every thread is here, and before one goes on. */
static void meet(struct hand *h, uint64_t *calls) {
  uv_barrier_wait(&h->crew->barrier);
  if (h->first)
    *calls = fixture_allocations();
  uv_barrier_wait(&h->crew->barrier);
}

static void work_on_thread(void *arg) {
  struct hand *h = arg;
  struct crew *c = h->crew;
  h->problem = fixture_open_beside(&h->f);
  h->right = h->problem ? 0 : work(&h->f, c->start, c->generic);
  meet(h, &c->warm);
  for (int i = 0; i < 2 && !h->problem; i++)
    h->right += work(&h->f, c->start, c->generic);
  meet(h, &c->calls);
  if (!h->problem)
    h->problem = fixture_close(&h->f);
}

/* Warm, no loop asks for memory, whatever the others do. */
static void check_threads(start_fn *start, bool generic) {
  struct crew crew = {.start = start, .generic = generic};
  static struct hand hands[THREADS]; /* a fixture is large */
  assert_int_equal(uv_barrier_init(&crew.barrier, THREADS), 0);
  for (int i = 0; i < THREADS; i++) {
    hands[i] = (struct hand){.crew = &crew, .first = i == 0};
    uv_thread_create(&hands[i].thread, work_on_thread, &hands[i]);
  }
  for (int i = 0; i < THREADS; i++)
    uv_thread_join(&hands[i].thread);
  uv_barrier_destroy(&crew.barrier);
  for (int i = 0; i < THREADS; i++) {
    assert_null(hands[i].problem);
    assert_int_equal(hands[i].right, 3 * WORKERS * ROUNDS);
  }
#ifndef VT_DEBUG /* where frames move to fresh blocks */
  assert_int_equal(crew.calls, crew.warm);
#endif
}

static void check_concurrent(const struct method *m, bool generic) {
  int64_t right = work(m->f, m->start, generic);
  assert_int_equal(right, WORKERS * ROUNDS);
  if (!m->counted)
    check_threads(m->start, generic);
}

/* ---- the cases ---- */

void method_non_generic_concurrent_builders_work_correctly(
    const struct method *m) {
  check_concurrent(m, false);
}

void method_generic_concurrent_builders_work_correctly(const struct method *m) {
  check_concurrent(m, true);
}
