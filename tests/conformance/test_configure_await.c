/* SPDX-License-Identifier: MIT */
/* ConfigureAwait: where a continuation runs, wherever its completion comes
 * from. C#'s true is vt_await (the captured context is the loop of the await),
 * its false is VT_ANYWHERE. */
#include "support/own_source.h"
#include "support/peer.h"

#include <string.h>

/* ---- helpers ---- */

enum backing { TASK, SOURCE, BACKINGS };
enum completer { HERE, THREAD, WORKER, OTHER_LOOP, COMPLETERS };

/* Something pending, and who completed it. */
struct pending {
  enum backing backing;
  vt_promise_t *promise;
  struct own_source own;
  uv_thread_t completed_by;
};

static vt_t pending_begin(struct pending *p, enum backing backing) {
  memset(p, 0, sizeof *p);
  p->backing = backing;
  own_source_init(&p->own);
  assert_status(vt_promise_new(0, &p->promise), 0);
  return backing == TASK ? vt_from_task(vt_promise_task(p->promise))
                         : own_source_task(&p->own);
}

static void pending_end(struct pending *p) {
  if (p->backing == SOURCE)
    vt_promise_set(p->promise, (vt_value_t){0});
  vt_promise_free(p->promise);
}

/* Whatever thread this is called on completes it, with 42. */
static void complete(void *arg) {
  struct pending *p = arg;
  p->completed_by = uv_thread_self();
  if (p->backing == TASK)
    vt_promise_set(p->promise, (vt_value_t){.i = 42});
  else
    own_source_complete(&p->own, result_int(42));
}

static vt_result_t complete_by_worker(void *arg) {
  complete(arg);
  return result_int(0);
}

static vt_t complete_on_loop(void *arg) {
  complete(arg);
  return vt_done();
}

/* Has it completed by whom, and runs the loop to its end. */
static void complete_by(struct two_loops *loops, struct pending *p,
                        enum completer completer) {
  struct seen over = {0};
  vt_t v = vt_done();
  if (completer == HERE)
    complete(p);
  else if (completer == THREAD)
    fixture_on_thread(complete, p, 0);
  else if (completer == WORKER)
    v = vt_work(complete_by_worker, p);
  else
    v = vt_invoke_on(loops->peer.loop, complete_on_loop, p);
  vt_await(v, seen_k, &over);
  assert_true(fixture_run(&loops->f));
  assert_seen_int(&over, 0);
}

static bool is_here(uv_thread_t thread) {
  uv_thread_t self = uv_thread_self();
  return uv_thread_equal(&thread, &self);
}

typedef void variant_fn(struct two_loops *loops, enum backing backing,
                        enum completer completer);

static void for_all(struct two_loops *loops, variant_fn *fn) {
  for (int b = 0; b < BACKINGS; b++)
    for (int c = 0; c < COMPLETERS; c++)
      fn(loops, (enum backing)b, (enum completer)c);
}

struct note_frame {
  vt_frame_t vt;
  vt_t v;
  struct seen *seen;
};

static vt_t note_body(void *frame) {
  struct note_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, f->v);
  seen_k(f->seen, r);
  VT_RETURN(f, vt_from_result(r));
  VT_END(f);
}

static vt_t note_async(vt_t v, struct seen *seen) {
  struct note_frame f = {.v = v, .seen = seen};
  return vt_start(&f, note_body);
}

/* ---- true: the captured loop ---- */

static void captured(struct two_loops *loops, enum backing b,
                     enum completer c) {
  static const unsigned flags[] = {0, VT_LATER};
  for (size_t i = 0; i < 2; i++) {
    struct pending p;
    struct seen seen = {0};
    vt_await_with(pending_begin(&p, b), flags[i], seen_k, &seen);
    complete_by(loops, &p, c);
    assert_seen_int(&seen, 42);
    assert_true(is_here(seen.thread));
    assert_int_equal(is_here(p.completed_by), c == HERE);
    pending_end(&p);
  }
}

static void the_captured_loop_resumes_by_default(void **state) {
  for_all(*state, captured);
}

static void resumed(struct two_loops *loops, enum backing b, enum completer c) {
  struct pending p;
  struct seen inside = {0}, outside = {0};
  vt_t v = note_async(pending_begin(&p, b), &inside);
  vt_await_with(v, VT_ANYWHERE, seen_k, &outside);
  complete_by(loops, &p, c);
  assert_seen_int(&inside, 42);
  assert_seen_int(&outside, 42);
  assert_true(is_here(inside.thread));
  assert_true(is_here(outside.thread)); /* as the function ended here */
  pending_end(&p);
}

static void an_async_function_resumes_on_its_loop(void **state) {
  for_all(*state, resumed);
}

struct elsewhere {
  struct pending *p;
  struct seen seen;
};

static vt_t await_there(void *arg) {
  struct elsewhere *e = arg;
  vt_await(vt_from_task(vt_promise_task(e->p->promise)), seen_k, &e->seen);
  return vt_done();
}

static vt_t ask_there(void *arg) {
  return vt_from_int(((struct elsewhere *)arg)->seen.count);
}

static void run_there(struct two_loops *loops, vt_invoke_fn *fn,
                      struct elsewhere *e, struct seen *seen) {
  vt_await(vt_invoke_on(loops->peer.loop, fn, e), seen_k, seen);
  assert_true(fixture_run(&loops->f));
}

static void the_loop_is_captured_at_the_await(void **state) {
  struct two_loops *loops = *state;
  struct pending p;
  struct elsewhere e = {.p = &p};
  struct seen begun = {0}, count = {0};
  pending_begin(&p, TASK); /* made here, completed here */
  run_there(loops, await_there, &e, &begun);
  complete(&p);
  run_there(loops, ask_there, &e, &count);
  assert_seen_int(&count, 1);
  assert_seen_int(&e.seen, 42);
  assert_false(is_here(e.seen.thread));
  pending_end(&p);
}

/* ---- false: wherever it completes ---- */

static void anywhere(struct two_loops *loops, enum backing b,
                     enum completer c) {
  struct pending p;
  struct seen seen = {0};
  vt_await_with(pending_begin(&p, b), VT_ANYWHERE, seen_k, &seen);
  complete_by(loops, &p, c);
  assert_seen_int(&seen, 42);
  assert_true(uv_thread_equal(&seen.thread, &p.completed_by));
  pending_end(&p);
}

static void anywhere_runs_on_the_completing_thread(void **state) {
  for_all(*state, anywhere);
}

/* ---- a hit ---- */

static void a_hit_stays_on_the_thread_whatever_is_asked(void **state) {
  static const unsigned flags[] = {0, VT_ANYWHERE};
  const vt_t hits[] = {vt_done(), vt_from_int(42), vt_failed(UV_EIO),
                       vt_from_task(vt_task_completed())};
  (void)state;
  for (size_t i = 0; i < sizeof hits / sizeof *hits; i++)
    for (size_t j = 0; j < 2; j++) {
      struct seen seen = {0};
      vt_await_with(hits[i], flags[j], seen_k, &seen);
      assert_int_equal(seen.count, 1);
      assert_true(is_here(seen.thread));
    }
}

/* ---- several loops ---- */

enum { LOOPS = 3, ROUNDS = 50 };

/* One loop's part: the next loop computes, by a worker of its own. */
struct station {
  vt_loop_t *next;
  vt_promise_t *sum; /* completed on the loop's thread, awaited at home */
  struct station *of_next;
  int64_t number;
};

static vt_result_t triple(void *arg) {
  return result_int(3 * ((struct station *)arg)->number);
}

static vt_t triple_by_worker(void *arg) { return vt_work(triple, arg); }

struct station_frame {
  vt_frame_t vt;
  struct station *s;
  int64_t sum;
  int left;
};

static vt_t station_body(void *frame) {
  struct station_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  for (f->left = ROUNDS; f->left > 0; f->left--) {
    VT_TRY_VALUE(f, value,
                 vt_invoke_on(f->s->next, triple_by_worker, f->s->of_next));
    f->sum += value.i;
  }
  vt_promise_set(f->s->sum, (vt_value_t){.i = f->sum});
  VT_END(f);
}

static vt_t station_start(void *arg) {
  struct station_frame f = {.s = arg};
  return vt_start(&f, station_body);
}

static void loops_exchange_tasks_promises_and_work(void **state) {
  static struct peer peers[LOOPS];
  struct two_loops *loops = *state;
  struct station stations[LOOPS];
  struct seen sums[LOOPS], ends[LOOPS];
  memset(sums, 0, sizeof sums);
  memset(ends, 0, sizeof ends);
  for (int i = 0; i < LOOPS; i++)
    assert_null(peer_start(&peers[i]));
  for (int i = 0; i < LOOPS; i++) {
    stations[i] = (struct station){peers[(i + 1) % LOOPS].loop, NULL,
                                   &stations[(i + 1) % LOOPS], i + 1};
    assert_status(vt_promise_new(0, &stations[i].sum), 0);
    vt_await(vt_from_task(vt_promise_task(stations[i].sum)), seen_k, &sums[i]);
  }
  for (int i = 0; i < LOOPS; i++)
    vt_await(vt_invoke_on(peers[i].loop, station_start, &stations[i]), seen_k,
             &ends[i]);
  assert_true(fixture_run(&loops->f));
  for (int i = 0; i < LOOPS; i++) {
    assert_seen_int(&ends[i], 0);
    assert_seen_int(&sums[i], 3 * ROUNDS * stations[(i + 1) % LOOPS].number);
    assert_true(is_here(sums[i].thread));
    vt_promise_free(stations[i].sum);
  }
  for (int i = 0; i < LOOPS; i++)
    assert_null(peer_stop(&peers[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      two_loops_test(the_captured_loop_resumes_by_default),
      two_loops_test(an_async_function_resumes_on_its_loop),
      two_loops_test(the_loop_is_captured_at_the_await),
      two_loops_test(anywhere_runs_on_the_completing_thread),
      two_loops_test(a_hit_stays_on_the_thread_whatever_is_asked),
      two_loops_test(loops_exchange_tasks_promises_and_work),
  };
  return fixture_main("configure_await", tests);
}
