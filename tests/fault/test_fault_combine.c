/* SPDX-License-Identifier: MIT */
/* Each allocation of each scenario of ticks, rates, debounce and vt_each fails
 * once, and from there on: who is refused is told so, and nobody else is. */
#include "support/scenario.h"
#include "support/tmp.h"
#include "support/trio.h"

#include <string.h>

/* ---- pace ---- */

enum { WAITS = 5 };

SCENARIO(ticks) {
  static vt_tick_t tick;
  vt_tick_init(&tick, 1);
  for (int i = 0; i < WAITS; i++)
    run_await(r, vt_tick_async(&tick));
}

SCENARIO(a_rate) {
  vt_rate_t rate;
  vt_rate_init(&rate, 1000, 2);
  for (int i = 0; i < 2 * WAITS; i++) {
    uint64_t granted = rate.free_ns;
    vt_t v = vt_rate_async(&rate, 1);
    if (vt_is_failed(v) && rate.free_ns != granted)
      run_tell(r, "a refused wait has taken some of the rate");
    run_await(r, v);
  }
}

enum { CALLS = 1000 }; /* more delays than a slab has */

/* The last one that was begun goes on, those before it are cancelled. */
SCENARIO(a_debounce) {
  static struct seen seen[CALLS];
  vt_debounce_t debounce = {0};
  int last = -1, gone_on = 0;
  memset(seen, 0, sizeof seen);
  for (int i = 0; i < CALLS; i++) {
    vt_t v = vt_debounce_async(&debounce, 1);
    last = vt_is_failed(v) ? last : i;
    vt_await(v, seen_k, &seen[i]);
  }
  fixture_run(&r->f);
  for (int i = 0; i < CALLS; i++) {
    int64_t status = seen[i].result.status;
    if (seen[i].count != 1)
      run_tell(r, "a continuation did not run exactly once");
    if (!run_is_clear(status) && status != UV_ECANCELED)
      run_tell(r, vt_err_name(status));
    gone_on += status == 0;
  }
  if (gone_on > 1 || (last >= 0 && seen[last].result.status != 0))
    run_tell(r, "it was not the last one that went on");
}

/* Needs no memory. */
SCENARIO(a_throttle) {
  vt_throttle_t throttle = {0};
  if (!vt_throttle_try(&throttle, 1000) || vt_throttle_try(&throttle, 1000))
    run_tell(r, "it was not true once");
  run_await(r, vt_yield());
}

/* ---- each ---- */

enum { OPERANDS = 12 };

/* Some of each kind, few of them in hand; 0 when the vt_each_t is there. */
static int begin_each(struct run *r, vt_promise_t *promise, vt_each_t **out) {
  vt_t v[OPERANDS];
  for (int i = 0; i < OPERANDS; i++)
    v[i] = i % 3 == 0   ? vt_yield()
           : i % 3 == 1 ? vt_delay(1)
                        : vt_from_task(vt_promise_task(promise));
  int rc = vt_each_new(v, OPERANDS, 0, out);
  if (!run_is_clear(rc) || (rc == 0) != (*out != NULL))
    run_tell(r, "vt_each_new: neither one nor UV_ENOMEM");
  return rc;
}

static void complete(vt_promise_t *promise) {
  vt_promise_set(promise, (vt_value_t){.i = 1});
  vt_promise_free(promise);
}

SCENARIO(each_in_a_function) {
  vt_promise_t *promise;
  vt_each_t *each = NULL;
  if (vt_promise_new(0, &promise) != 0)
    return;
  if (begin_each(r, promise, &each) == 0)
    run_await(r, each_sum(each));
  complete(promise);
}

/* A wait that was refused has lost none. */
SCENARIO(each_given_once) {
  vt_promise_t *promise;
  vt_each_t *each = NULL;
  int given[OPERANDS] = {0};
  if (vt_promise_new(0, &promise) != 0)
    return;
  int rc = begin_each(r, promise, &each);
  while (vt_each_left(each) > 0) {
    vt_t next = vt_each_next(each);
    vt_await(next, seen_k, &r->seen[0]);
    if (vt_is_failed(next) && vt_status(next) != UV_ENOMEM)
      run_tell(r, vt_err_name(vt_status(next)));
    if (promise)
      complete(promise);
    promise = NULL;
    fixture_run(&r->f);
    if (r->seen[0].result.status == 0)
      given[r->seen[0].result.value.u]++;
  }
  for (int i = 0; i < OPERANDS && rc == 0; i++)
    if (given[i] != 1)
      run_tell(r, "not each of them was given once");
  vt_each_free(each);
  if (promise)
    complete(promise);
}

/* ---- what members own ---- */

static vt_t open_file(void) {
  return vt_fs_open("/dev/null", UV_FS_O_RDONLY, 0);
}

static vt_t retried(void *arg, unsigned attempt) {
  (void)arg;
  (void)attempt;
  return open_file();
}

static vt_t mapped(void *arg, size_t index) {
  (void)arg;
  (void)index;
  return open_file();
}

/* Giving it up, and giving it back, need no memory. */
SCENARIO(files_that_nobody_takes) {
  vt_retry_t retry = {.fn = retried, .attempts = 1};
  vt_map_t map = {.fn = mapped, .limit = 2};
  int fds = tmp_count_fds();
  vt_forget(VT_ALL(0, NULL, open_file(), vt_yield(), open_file()));
  vt_forget(VT_ANY(0, NULL, open_file(), open_file()));
  vt_forget(vt_with_timeout(VT_RACE(0, open_file(), open_file()), 1000));
  vt_forget(vt_retry(&retry));
  vt_forget(vt_map_limit(&map, 4, NULL));
  if (!fixture_run(&r->f))
    run_tell(r, "the loop did not end");
  if (tmp_count_fds() > fds)
    run_tell(r, "a file was left open");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ticks),
      cmocka_unit_test(a_rate),
      cmocka_unit_test(a_debounce),
      cmocka_unit_test(a_throttle),
      cmocka_unit_test(each_in_a_function),
      cmocka_unit_test(each_given_once),
      cmocka_unit_test(files_that_nobody_takes),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault_combine", tests);
}
