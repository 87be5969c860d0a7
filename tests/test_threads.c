/* SPDX-License-Identifier: MIT */
/* Promises completed from four threads at random, while the loop awaits,
 * forgets and stops: whatever the order, the results add up. */
#include "support/fixture.h"
#include "support/own_source.h"

#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 4
#define ROUNDS 40
#define BATCH 100
#define COUNT (ROUNDS * BATCH)

/* ---- helpers ---- */

static uint32_t next_random(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

/* One promise, completed by whoever claims it; some by two threads at once. */
struct item {
  vt_promise_t *promise;
  vt_task_t *task;
  atomic_int wins;  /* completions that were answered with 0 */
  atomic_int loses; /* and with VT_EDONE */
  atomic_int tries; /* completers that are through */
  int64_t value;    /* of a win: one of two */
  int ran;          /* continuations, on the loop's thread */
  int64_t sum;
  bool stopped;
};

struct field {
  struct item items[COUNT];
  atomic_int published; /* items that may be completed */
  atomic_bool end;
};

struct worker {
  struct field *field;
  uv_thread_t thread;
  int number;
  int wrong; /* answers that were neither 0 nor VT_EDONE */
  struct seen *seen;
};

static void complete(struct worker *w, struct item *item, int64_t value) {
  int rc = vt_promise_set(item->promise, (vt_value_t){.i = value});
  if (rc == 0)
    atomic_fetch_add(&item->wins, 1);
  else if (rc == VT_EDONE)
    atomic_fetch_add(&item->loses, 1);
  else
    w->wrong++;
  if (rc == VT_EDONE && vt_task_status(item->task) == VT_PENDING)
    w->wrong++; /* the first result is visible to the loser */
  if (atomic_fetch_add(&item->tries, 1) == 1)
    vt_promise_free(item->promise); /* the second one through frees */
}

/* Every item is completed by two of the four threads. */
static void work(void *arg) {
  struct worker *w = arg;
  uint32_t seed = 99u + (uint32_t)w->number;
  int next = 0;
  while (next < COUNT) {
    int published = atomic_load(&w->field->published);
    for (; next < published; next++) {
      struct item *item = &w->field->items[next];
      int first = next % THREADS;
      for (uint32_t spin = next_random(&seed) % 64; spin > 0; spin--)
        atomic_load(&w->field->published);
      if (first == w->number)
        complete(w, item, 2 * next);
      else if ((first + 1) % THREADS == w->number)
        complete(w, item, 2 * next + 1);
    }
  }
}

static void item_k(void *state, vt_result_t result) {
  struct item *item = state;
  item->ran++;
  item->sum += result.value.i;
}

struct item_frame {
  vt_frame_t vt;
  struct item *item;
};

static vt_t item_body(void *frame) {
  struct item_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, value, vt_from_task(f->item->task));
  f->item->ran++;
  f->item->sum += value.i;
  VT_END(f);
}

/* What the loop does with an item, and how many continuations must run. */
static int use(struct item *item, uint32_t random) {
  vt_t v = vt_from_task(item->task);
  struct item_frame frame = {.item = item};
  switch (random % 6) {
  case 0:
    vt_await(v, item_k, item);
    return 1;
  case 1:
    vt_await_with(v, VT_LATER, item_k, item);
    vt_await(v, item_k, item);
    return 2;
  case 2:
    vt_forget(v);
    return 0;
  case 3:
    vt_forget(vt_start(&frame, item_body));
    return 1;
  case 4:
    vt_await_with(v, VT_LATER, item_k, item);
    item->stopped = vt_await_stop(v, item_k, item);
    return item->stopped ? 0 : 1;
  default:
    vt_await(v, item_k, item);
    item->stopped = vt_await_stop(v, item_k, item);
    return item->stopped ? 0 : 1;
  }
}

/* An own source that is completed and withdrawn at the same time. */
struct race {
  struct own_source own;
  vt_continuation_t copy;
  atomic_int go;
  atomic_int winners;
};

static void race_to_complete(void *arg) {
  struct race *r = arg;
  while (!atomic_load(&r->go))
    ;
  if (vt_resume(&r->copy, result_int(1)) == 0)
    atomic_fetch_add(&r->winners, 1);
}

/* ---- it works ---- */

static void results_of_four_threads_add_up(void **state) {
  struct fixture *f = *state;
  struct field *field = calloc(1, sizeof *field);
  struct worker workers[THREADS];
  int *expected = calloc(COUNT, sizeof *expected);
  uint32_t seed = 7;
  int wrong = 0, ran = 0, wanted = 0, failed_new = 0;
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (struct worker){.field = field, .number = i};
    uv_thread_create(&workers[i].thread, work, &workers[i]);
  }
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = round * BATCH; i < (round + 1) * BATCH; i++) {
      struct item *item = &field->items[i];
      failed_new += vt_promise_new(0, &item->promise) != 0;
      item->task = vt_task_ref(vt_promise_task(item->promise));
      if (i % 2) /* awaited before, or while, it is completed */
        expected[i] = use(item, next_random(&seed));
    }
    atomic_store(&field->published, (round + 1) * BATCH);
    for (int i = round * BATCH; i < (round + 1) * BATCH; i += 2)
      expected[i] = use(&field->items[i], next_random(&seed));
    fixture_turn(f);
  }
  fixture_run(f);
  for (int i = 0; i < THREADS; i++) {
    uv_thread_join(&workers[i].thread);
    wrong += workers[i].wrong;
  }
  fixture_run(f);
  for (int i = 0; i < COUNT; i++) {
    struct item *item = &field->items[i];
    int64_t value = vt_task_result(item->task).value.i;
    wrong += atomic_load(&item->wins) != 1 || atomic_load(&item->loses) != 1;
    wrong += value / 2 != i || item->sum != item->ran * value;
    wrong += item->ran != expected[i];
    ran += item->ran;
    wanted += expected[i];
    vt_task_unref(item->task);
  }
  free(expected);
  free(field);
  assert_int_equal(failed_new, 0);
  assert_int_equal(ran, wanted);
  assert_int_equal(wrong, 0);
}

/* Two resumes on threads, and vt_await_stop on the loop: one of them wins. */
static void a_resume_and_a_stop_have_one_winner(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 300; i++) {
    struct race r;
    struct seen seen = {0};
    uv_thread_t threads[2];
    bool stopped;
    int winners;
    own_source_init(&r.own);
    atomic_init(&r.go, 0);
    atomic_init(&r.winners, 0);
    vt_await(own_source_task(&r.own), seen_k, &seen);
    r.copy = r.own.continuation;
    for (int t = 0; t < 2; t++)
      uv_thread_create(&threads[t], race_to_complete, &r);
    atomic_store(&r.go, 1);
    stopped = vt_await_stop(own_source_task(&r.own), seen_k, &seen);
    for (int t = 0; t < 2; t++)
      uv_thread_join(&threads[t]);
    fixture_run(f);
    fixture_turn(f); /* a stopped one does not keep the loop, but is posted */
    winners = atomic_load(&r.winners);
    assert_in_range(winners, stopped ? 0 : 1, 1);
    assert_int_equal(seen.count, stopped ? 0 : 1);
    assert_int_equal(fixture_pending(f), 0);
  }
}

/* Tasks made on one thread, read and released on another, with a loop and
 * without: each slot is exchanged for one's own. */
#define SLOTS 8

struct market {
  _Atomic(vt_task_t *) slots[SLOTS];
  atomic_int wrong;
};

static void trade(struct market *m, uint32_t seed) {
  for (int i = 0; i < 3000; i++) {
    uint32_t slot = next_random(&seed) % SLOTS;
    vt_task_t *task = vt_task_from_int(1000 + (int64_t)slot), *other;
    vt_task_ref(task);
    other = atomic_exchange(&m->slots[slot], task);
    if (other && vt_task_result(other).value.i != 1000 + (int64_t)slot)
      atomic_fetch_add(&m->wrong, 1);
    vt_task_unref(other);
    vt_task_unref(task);
  }
}

static void trade_on_thread(void *arg) { trade(arg, (uint32_t)uv_hrtime()); }

static void tasks_change_hands(void **state) {
  struct market m = {.wrong = 0};
  uv_thread_t threads[THREADS];
  (void)state;
  for (int i = 0; i < SLOTS; i++)
    atomic_init(&m.slots[i], NULL);
  for (int i = 0; i < THREADS; i++)
    uv_thread_create(&threads[i], trade_on_thread, &m);
  trade(&m, 1);
  for (int i = 0; i < THREADS; i++)
    uv_thread_join(&threads[i]);
  for (int i = 0; i < SLOTS; i++)
    vt_task_unref(atomic_load(&m.slots[i]));
  assert_int_equal(atomic_load(&m.wrong), 0);
}

/* ---- it works: loops in threads ---- */

/* Every thread has a loop, awaits the tasks of all, completes its own. */
struct ring {
  vt_promise_t *promises[THREADS];
  vt_task_t *tasks[THREADS];
  uv_barrier_t barrier;
};

struct ring_worker {
  struct ring *ring;
  int number;
  uv_thread_t thread;
  struct seen seen[THREADS];
  const char *problem;
};

static void ring_work(void *arg) {
  struct ring_worker *w = arg;
  struct fixture *f = malloc(sizeof *f);
  w->problem = fixture_open_beside(f);
  for (int i = 0; i < THREADS; i++)
    vt_await(vt_from_task(w->ring->tasks[i]), seen_k, &w->seen[i]);
  uv_barrier_wait(&w->ring->barrier);
  vt_promise_set(w->ring->promises[w->number], (vt_value_t){.i = w->number});
  fixture_run(f);
  if (!w->problem)
    w->problem = fixture_close(f);
  if (!w->problem)
    free(f);
}

static void loops_in_threads_await_each_other(void **state) {
  vt_alloc_stats_t before, after;
  (void)state;
  vt_alloc_stats(&before);
  for (int round = 0; round < 20; round++) {
    struct ring ring;
    struct ring_worker workers[THREADS];
    uv_barrier_init(&ring.barrier, THREADS);
    for (int i = 0; i < THREADS; i++) {
      assert_status(vt_promise_new(0, &ring.promises[i]), 0);
      ring.tasks[i] = vt_promise_task(ring.promises[i]);
    }
    for (int i = 0; i < THREADS; i++) {
      workers[i] = (struct ring_worker){.ring = &ring, .number = i};
      uv_thread_create(&workers[i].thread, ring_work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++)
      uv_thread_join(&workers[i].thread);
    for (int i = 0; i < THREADS; i++) {
      if (workers[i].problem)
        fail_msg("%s", workers[i].problem);
      for (int j = 0; j < THREADS; j++)
        assert_seen_int(&workers[i].seen[j], j);
      vt_promise_free(ring.promises[i]);
    }
    uv_barrier_destroy(&ring.barrier);
  }
  vt_alloc_stats(&after);
  assert_int_equal(after.blocks, before.blocks);
}

/* A loop is detached at once when the last completion of another thread came:
 * whoever sends must be through with the loop's memory. */
static void set_on_thread(void *arg) {
  vt_promise_set(arg, (vt_value_t){.i = 1});
}

static void a_detach_waits_for_senders(void **state) {
  (void)state;
  for (int i = 0; i < 100; i++) {
    struct fixture f;
    struct seen seen = {0};
    vt_promise_t *promise;
    uv_thread_t thread;
    const char *problem = fixture_open(&f);
    int rc;
    assert_null(problem);
    assert_status(vt_promise_new(0, &promise), 0);
    vt_await(vt_from_task(vt_promise_task(promise)), seen_k, &seen);
    uv_thread_create(&thread, set_on_thread, promise);
    fixture_run_until(&f, &seen.count, 1);
    rc = fixture_detach(&f);
    uv_thread_join(&thread);
    vt_promise_free(promise);
    problem = fixture_close(&f);
    assert_status(rc, 0);
    if (problem)
      fail_msg("%s", problem);
    assert_seen_int(&seen, 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(results_of_four_threads_add_up),
      fixture_test(a_resume_and_a_stop_have_one_winner),
      fixture_test(tasks_change_hands),
      cmocka_unit_test(tasks_change_hands), /* with no loop anywhere */
      cmocka_unit_test(loops_in_threads_await_each_other),
      cmocka_unit_test(a_detach_waits_for_senders),
  };
  return fixture_main("threads", tests);
}
