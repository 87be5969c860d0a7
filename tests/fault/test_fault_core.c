/* SPDX-License-Identifier: MIT */
/* Each allocation of each core scenario fails once, and from there on: no
 * crash, no leak, no hang, and every continuation is told exactly one clear
 * status. */
#include "support/own_source.h"
#include "support/scenario.h"

/* ---- helpers ---- */

static vt_promise_t *promise_or_null(struct run *r) {
  vt_promise_t *promise = NULL;
  int rc = vt_promise_new(0, &promise);
  if (!run_is_clear(rc) || (rc == 0) != (promise != NULL))
    run_tell(r, "vt_promise_new: neither a promise nor UV_ENOMEM");
  return promise;
}

static void set_on_thread(void *arg) {
  vt_promise_set(arg, (vt_value_t){.i = 1});
}

static void ignore_entry(void *arg, const vt_loop_entry_t *entry) {
  (void)arg;
  (void)entry;
}

static vt_result_t no_work(void *arg) {
  (void)arg;
  return result_int(1);
}

/* ---- attach, by itself ---- */

static const char *attach_run(uint64_t n, enum fault_mode mode) {
  vt_alloc_stats_t before, after;
  vt_loop_t *loop = NULL;
  uv_loop_t uv;
  int rc;
  vt_alloc_stats(&before);
  uv_loop_init(&uv);
  fault_arm(n, mode);
  rc = vt_loop_attach(&uv, &loop);
  if (!run_is_clear(rc))
    return vt_err_name(rc);
  if (rc == 0 && vt_loop_detach(loop, NULL) != 0)
    return "not detached";
  uv_run(&uv, UV_RUN_DEFAULT);
  fault_disarm();
  if (vt_loop_current() != NULL)
    return "still current";
  if (uv_loop_close(&uv) != 0)
    return "uv_loop_close";
  vt_alloc_stats(&after);
  return after.blocks == before.blocks ? NULL : "a leak";
}

static void attach_and_detach(void **state) {
  const char *problem = fault_walk(attach_run);
  (void)state;
  if (problem)
    fail_msg("%s", problem);
}

/* ---- operations ---- */

SCENARIO(a_delay_awaited) { run_await(r, vt_delay(1)); }

SCENARIO(a_delay_forgotten) {
  vt_forget(vt_delay(1));
  (void)r;
}

SCENARIO(a_delay_cancelled) {
  vt_t v = vt_delay(3600 * 1000);
  int rc = vt_in_hand(v) ? 0 : vt_cancel(v);
  if (rc != 0)
    run_tell(r, "not cancelled");
  vt_forget(v);
}

SCENARIO(many_delays) {
  for (int i = 0; i < 64; i++)
    run_await(r, vt_delay((uint64_t)(1 + i % 3)));
  for (int i = 0; i < 1000; i++)
    vt_forget(vt_delay(1));
}

SCENARIO(a_yield_awaited) { run_await(r, vt_yield()); }

SCENARIO(work_awaited) { run_await(r, vt_work(no_work, NULL)); }

static vt_t no_function(void *arg) { return vt_from_task(arg); }

SCENARIO(a_function_invoked) {
  run_await(r, vt_invoke_on(r->f.vt, no_function, vt_task_from_bool(true)));
}

SCENARIO(all_awaited) {
  run_await(r, VT_ALL(0, NULL, vt_delay(1), vt_yield(), vt_yield()));
}

SCENARIO(any_awaited) {
  run_await(r, VT_ANY(0, NULL, vt_delay(60000), vt_yield()));
}

static vt_t yield_of(void *arg, size_t index) {
  (void)arg;
  (void)index;
  return vt_yield();
}

SCENARIO(a_map_awaited) {
  run_await(r, vt_map_limit(&(vt_map_t){.fn = yield_of, .limit = 2}, 5, NULL));
}

static vt_t yield_again(void *arg, unsigned attempt) {
  (void)arg;
  return attempt == 0 ? vt_failed(UV_EAGAIN) : vt_yield();
}

static bool is_again(void *arg, int64_t status) {
  (void)arg;
  return status == UV_EAGAIN;
}

SCENARIO(a_retry_awaited) {
  run_await(r, vt_retry(&(vt_retry_t){
                   .fn = yield_again, .again = is_again, .first_ms = 1}));
}

SCENARIO(a_timeout_awaited) {
  run_await(r, vt_with_timeout(vt_yield(), 60000));
}

SCENARIO(a_hit_awaited_for_later) {
  for (int i = 0; i < 8; i++)
    vt_await_with(vt_from_int(i), VT_LATER, seen_k, &r->seen[r->owed++]);
}

/* ---- tasks and promises ---- */

SCENARIO(a_promise_awaited) {
  vt_promise_t *promise = promise_or_null(r);
  if (!promise)
    return;
  for (int i = 0; i < 8; i++)
    run_await(r, vt_from_task(vt_promise_task(promise)));
  if (vt_promise_set(promise, (vt_value_t){.i = 1}) != 0)
    run_tell(r, "not completed"); /* which needs no memory */
  vt_promise_free(promise);
}

SCENARIO(a_promise_completed_elsewhere) {
  vt_promise_t *promise = promise_or_null(r);
  if (!promise)
    return;
  run_await(r, vt_from_task(vt_promise_task(promise)));
  fixture_on_thread(set_on_thread, promise, 0);
  if (vt_task_status(vt_promise_task(promise)) != 0)
    run_tell(r, "not completed");
  vt_promise_free(promise);
}

SCENARIO(an_await_stopped) {
  vt_promise_t *promise = promise_or_null(r);
  struct seen seen = {0};
  vt_t v;
  if (!promise)
    return;
  v = vt_from_task(vt_promise_task(promise));
  vt_await(v, seen_k, &seen);
  if (seen.count == 0 && !vt_await_stop(v, seen_k, &seen))
    run_tell(r, "not stopped");
  vt_promise_set(promise, (vt_value_t){.i = 1});
  vt_promise_free(promise);
  fixture_run(&r->f);
  if (seen.count > 1 || (seen.count == 1 && seen.result.status != UV_ENOMEM))
    run_tell(r, "it ran");
}

SCENARIO(tasks_made) {
  vt_task_t *tasks[3];
  tasks[0] = vt_task_from_int(1000);
  tasks[1] = vt_task_from_result(result_failed(UV_ECANCELED));
  tasks[2] = vt_as_task(vt_from_int(1000));
  for (int i = 0; i < 3; i++) {
    int64_t status = vt_task_result(tasks[i]).status;
    if (!run_is_clear(status) && !(i == 1 && status == UV_ECANCELED))
      run_tell(r, "a task that is neither");
    vt_task_unref(tasks[i]);
  }
}

/* Without memory v is untouched: it can be taken in another way. */
SCENARIO(a_task_of_an_operation) {
  vt_t v = vt_delay(1);
  vt_task_t *task = vt_as_task(v);
  if (vt_task_status(task) == UV_ENOMEM && !vt_in_hand(v)) {
    if (vt_status(v) != VT_PENDING)
      run_tell(r, "v was touched");
    run_await(r, v);
  } else {
    run_await(r, vt_from_task(task));
  }
  vt_task_unref(task);
}

SCENARIO(a_preserved_operation) {
  vt_task_t *task = NULL;
  vt_t v = vt_delay(1), kept = vt_preserve(v, &task);
  int64_t status = vt_status(kept);
  if (!run_is_clear(status) && status != VT_PENDING)
    run_tell(r, vt_err_name(status));
  if (status == UV_ENOMEM && !vt_in_hand(v))
    vt_forget(v); /* untouched */
  for (int i = 0; i < 3; i++)
    run_await(r, kept);
  vt_task_unref(task);
}

/* ---- sources ---- */

SCENARIO(an_own_source_awaited) {
  static struct own_source own;
  own_source_init(&own);
  run_await(r, own_source_task(&own));
  own_source_complete(&own, result_int(1));
}

/* What is complete has nothing to wait for, and needs nothing to do it. */
SCENARIO(what_is_complete_awaited) {
  static struct own_source own;
  static vt_reset_source_t s;
  own_source_init(&own);
  vt_reset_source_init(&s, 0);
  own_source_complete(&own, result_int(1));
  vt_reset_source_set(&s, result_int(1));
  run_await(r, own_source_task(&own));
  run_await(r, vt_reset_source_task(&s));
  run_await(r, vt_from_task(vt_task_completed()));
  for (int i = 0; i < 3; i++)
    if (r->seen[i].result.status != 0)
      run_tell(r, "a result that was there was not given");
}

/* A second chance: an await refused for memory left the source alone. */
SCENARIO(an_own_source_awaited_again) {
  static struct own_source own;
  own_source_init(&own);
  run_await(r, own_source_task(&own));
  if (r->seen[0].count == 1)
    run_await(r, own_source_task(&own));
  own_source_complete(&own, result_int(1));
}

SCENARIO(a_reset_source_awaited) {
  static vt_reset_source_t s;
  vt_reset_source_init(&s, 0);
  for (int i = 0; i < 8; i++) {
    run_await(r, vt_reset_source_task(&s));
    if (vt_reset_source_set(&s, result_int(i)) != 0)
      run_tell(r, "not set");
    if (vt_reset_source_reset(&s) != 0)
      run_tell(r, "not reset");
  }
}

SCENARIO(a_reset_source_completed_later) {
  static vt_reset_source_t s;
  vt_reset_source_init(&s, VT_COMPLETE_LATER);
  run_await(r, vt_reset_source_task(&s));
  if (vt_reset_source_set(&s, result_int(1)) != 0)
    run_tell(r, "not set");
}

/* ---- seeing ---- */

SCENARIO(a_walk_and_the_counters) {
  vt_loop_stats_t stats;
  run_await(r, vt_delay(1));
  vt_loop_walk(r->f.vt, ignore_entry, NULL);
  vt_loop_stats(r->f.vt, &stats);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attach_and_detach),
      cmocka_unit_test(a_delay_awaited),
      cmocka_unit_test(a_delay_forgotten),
      cmocka_unit_test(a_delay_cancelled),
      cmocka_unit_test(many_delays),
      cmocka_unit_test(a_yield_awaited),
      cmocka_unit_test(work_awaited),
      cmocka_unit_test(a_function_invoked),
      cmocka_unit_test(all_awaited),
      cmocka_unit_test(any_awaited),
      cmocka_unit_test(a_map_awaited),
      cmocka_unit_test(a_retry_awaited),
      cmocka_unit_test(a_timeout_awaited),
      cmocka_unit_test(a_hit_awaited_for_later),
      cmocka_unit_test(a_promise_awaited),
      cmocka_unit_test(a_promise_completed_elsewhere),
      cmocka_unit_test(an_await_stopped),
      cmocka_unit_test(tasks_made),
      cmocka_unit_test(a_task_of_an_operation),
      cmocka_unit_test(a_preserved_operation),
      cmocka_unit_test(an_own_source_awaited),
      cmocka_unit_test(what_is_complete_awaited),
      cmocka_unit_test(an_own_source_awaited_again),
      cmocka_unit_test(a_reset_source_awaited),
      cmocka_unit_test(a_reset_source_completed_later),
      cmocka_unit_test(a_walk_and_the_counters),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault_core", tests);
}
