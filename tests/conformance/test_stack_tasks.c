/* SPDX-License-Identifier: MIT */
/* Ten million async functions and tasks that await each other by turns, in a
 * stack of 64 KiB. */
#include "narrow.h"
#include "support/functions.h"
#include "support/gate.h"

/* ---- helpers ---- */

/* Each function awaits the task of the one before it. */
static vt_task_t *task_chain(vt_t first, uint64_t links) {
  vt_task_t *task = vt_as_task(first);
  for (uint64_t i = 0; i < links; i++) {
    vt_task_t *next = vt_as_task(functions_link(vt_from_task(task)));
    vt_task_unref(task); /* the registered await holds its own */
    task = next;
  }
  return task;
}

static void run_tasks(struct narrow *n) {
  for (uint64_t links; (links = narrow_round(n, n->done)) > 0;) {
    struct gate gate = {0};
    struct seen seen = {0};
    vt_task_t *task = task_chain(gate_begin(&gate), links);
    vt_await(vt_from_task(task), seen_k, &seen);
    gate_open(&gate, result_int(0));
    fixture_run(n->f);
    n->wrong += seen.count != 1 || seen.result.value.i != (int64_t)links;
    n->done += links;
    vt_task_unref(task);
    narrow_round_end(n);
  }
}

/* ---- it works ---- */

static void functions_that_await_each_others_tasks(void **state) {
  (void)state;
  narrow_assert_keeps(run_tasks, NULL, NARROW_LINKS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(functions_that_await_each_others_tasks),
  };
  return fixture_main("stack_tasks", tests);
}
