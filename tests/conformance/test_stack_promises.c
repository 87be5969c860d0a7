/* SPDX-License-Identifier: MIT */
/* Ten million awaits of promises in a stack of 64 KiB, and a million on a
 * thread that has no loop. */
#include "links.h"

#include <stdlib.h>

/* ---- helpers ---- */

/* Many await one task: all but the first run from the ready queue. */
static void count_k(void *state, vt_result_t r) {
  struct narrow *n = state;
  n->wrong += r.value.i != 7;
  n->done++;
}

static void run_awaiters(struct narrow *n) {
  for (uint64_t links; (links = narrow_round(n, n->done)) > 0;) {
    vt_promise_t *promise = NULL;
    narrow_note(n, vt_promise_new(0, &promise));
    for (uint64_t i = 0; i < links; i++)
      vt_await(vt_from_task(vt_promise_task(promise)), count_k, n);
    narrow_note(n, vt_promise_set(promise, (vt_value_t){.i = 7}));
    fixture_run(n->f);
    vt_promise_free(promise);
    narrow_round_end(n);
  }
}

/* A chain that a thread without a loop completes: its awaiters take any
 * thread. */
struct anywhere {
  struct narrow *n;
  vt_promise_t **promises;
  uint64_t count;
  uint64_t next;
};

static void anywhere_k(void *state, vt_result_t r) {
  struct anywhere *a = state;
  a->n->wrong += r.value.u != a->n->done;
  a->n->done++;
  if (a->next < a->count)
    vt_promise_set(a->promises[a->next++], (vt_value_t){.u = a->n->done});
}

static void complete_elsewhere(void *state) {
  struct anywhere *a = state;
  vt_promise_set(a->promises[a->next++], (vt_value_t){.u = 0});
}

static void run_elsewhere(struct narrow *n) {
  struct anywhere a = {.n = n, .count = n->links};
  a.promises = calloc(n->links, sizeof(vt_promise_t *));
  if (!a.promises)
    return;
  for (uint64_t i = 0; i < a.count; i++) {
    narrow_note(n, vt_promise_new(0, &a.promises[i]));
    vt_await_with(vt_from_task(vt_promise_task(a.promises[i])), VT_ANYWHERE,
                  anywhere_k, &a);
  }
  fixture_on_thread(complete_elsewhere, &a, NARROW_STACK);
  fixture_run(n->f);
  for (uint64_t i = 0; i < a.count; i++)
    vt_promise_free(a.promises[i]);
  free(a.promises);
}

/* ---- it works ---- */

static void promises_that_complete_each_other(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_rolling, &links_promise, NARROW_LINKS);
  narrow_assert_keeps(links_run_built, &links_promise, NARROW_DEEP);
}

static void promises_that_have_completed(void **state) {
  (void)state;
  narrow_assert_keeps(links_run_ready, &links_promise, NARROW_LINKS);
}

static void awaiters_of_one_task(void **state) {
  (void)state;
  narrow_assert_keeps(run_awaiters, NULL, NARROW_LINKS);
}

/* That thread is not painted: its stack is as small. */
static void promises_that_complete_each_other_without_a_loop(void **state) {
  (void)state;
  narrow_assert_keeps(run_elsewhere, NULL, NARROW_DEEP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(promises_that_complete_each_other),
      cmocka_unit_test(promises_that_have_completed),
      cmocka_unit_test(awaiters_of_one_task),
      cmocka_unit_test(promises_that_complete_each_other_without_a_loop),
  };
  return fixture_main("stack_promises", tests);
}
