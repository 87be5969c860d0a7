/* SPDX-License-Identifier: MIT */
/* Loads of a cache: one for each key, whoever asks, whoever leaves. */
#include <string.h>

#include "support/backend.h"

/* ---- helpers ---- */

static const vt_cache_options_t plain;
static const vt_cache_options_t cancels = {.flags = VT_CACHE_CANCEL};

/* ---- it works ---- */

static void all_who_ask_share_one_load(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got[4] = {{0}};
  backend_open(&b, plain);
  for (int i = 0; i < 3; i++)
    backend_ask(&b, "a", &got[i]);
  backend_ask(&b, "b", &got[3]);
  assert_int_equal(b.loads, 2);
  assert_int_equal(backend_stats(&b).waiting, 4);
  assert_int_equal(backend_stats(&b).loading, 2);
  assert_null(backend_peek(&b, "a"));
  backend_answer(&b, 0, "one");
  assert_string_equal(backend_hit(&b, "a"), "one");
  assert_int_equal(got[0].count, 0); /* nobody inside */
  backend_turn(f);
  for (int i = 0; i < 3; i++)
    assert_got(&got[i], "one");
  assert_int_equal(got[3].count, 0);
  backend_answer(&b, 1, "two");
  backend_turn(f);
  assert_got(&got[3], "two");
  vt_cache_stats_t stats = backend_stats(&b);
  assert_int_equal(stats.misses, 4);
  assert_int_equal(stats.loads, 2);
  assert_int_equal(stats.hits, 1);
  assert_int_equal(stats.waiting + stats.loading + stats.failures, 0);
  backend_close(&b);
}

static void a_load_that_answers_at_once_is_in_hand(void **state) {
  struct backend b = {.at_once = true};
  (void)state;
  backend_open(&b, plain);
  assert_string_equal(backend_hit(&b, "a"), "a1");
  assert_string_equal(backend_hit(&b, "a"), "a1");
  b.status = UV_EIO;
  assert_status(vt_status(backend_get(&b, "b")), UV_EIO);
  assert_int_equal(b.loads, 2);
  backend_close(&b);
}

/* Asks again where it is told. */
struct again {
  struct backend *b;
  int count;
  bool hit;
};

static void again_k(void *state, vt_result_t r) {
  struct again *again = state;
  again->count += r.status == 0;
  again->hit = backend_hit(again->b, "a") != NULL;
}

static void who_is_told_hits(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct again again = {.b = &b};
  backend_open(&b, plain);
  vt_await(backend_get(&b, "a"), again_k, &again);
  backend_answer(&b, 0, "one");
  assert_true(fixture_run_until(f, &again.count, 1));
  assert_true(again.hit);
  assert_int_equal(b.loads, 1);
  backend_close(&b);
}

static void a_failure_is_told_to_all_and_tried_again(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got[3] = {{0}};
  backend_open(&b, plain);
  backend_ask(&b, "a", &got[0]);
  backend_ask(&b, "a", &got[1]);
  backend_fail(&b, 0, UV_EIO);
  backend_turn(f);
  assert_got_status(&got[0], UV_EIO);
  assert_got_status(&got[1], UV_EIO);
  backend_ask(&b, "a", &got[2]);
  assert_int_equal(b.loads, 2);
  gate_open(&b.gate[1], result_int(0)); /* has put nothing */
  backend_turn(f);
  assert_got_status(&got[2], UV_ENOENT);
  assert_int_equal(backend_stats(&b).failures, 2);
  backend_close(&b);
}

static void what_a_failed_load_put_is_seen_by_nobody(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got = {0};
  backend_open(&b, plain);
  backend_ask(&b, "a", &got);
  assert_status(vt_status(vt_cache_load_put(b.load[0], "x", 1)), 0);
  assert_null(backend_peek(&b, "a"));
  backend_fail(&b, 0, UV_EIO);
  backend_turn(f);
  assert_got_status(&got, UV_EIO);
  assert_null(backend_peek(&b, "a"));
  backend_close(&b);
}

/* The first one's scope is cancelled: the others do not notice. */
static void no_scope_ends_it_for_others(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got[2] = {{0}};
  vt_scope_t *scope = NULL;
  backend_open(&b, cancels);
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  backend_ask(&b, "a", &got[0]);
  vt_scope_leave(before);
  backend_ask(&b, "a", &got[1]);
  assert_false(b.in_scope);
  vt_t join = vt_scope_join(scope);
  struct seen seen = {0};
  vt_await(join, seen_k, &seen);
  assert_status(vt_cancel(join), 0);
  backend_turn(f);
  assert_got_status(&got[0], UV_ECANCELED);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(b.gate[0].cancels, 0);
  backend_answer(&b, 0, "one");
  backend_turn(f);
  assert_got(&got[1], "one");
  backend_close(&b);
}

static void in_a_cancelled_scope_nothing_is_loaded(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  vt_scope_t *scope = NULL;
  backend_open(&b, plain);
  assert_status(vt_scope_new(NULL, &scope), 0);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  assert_status(vt_status(backend_get(&b, "a")), UV_ECANCELED);
  vt_scope_leave(before);
  assert_int_equal(b.loads, 0);
  assert_int_equal(backend_stats(&b).loading, 0);
  vt_forget(vt_scope_join(scope));
  assert_true(fixture_run(f));
  backend_close(&b);
}

static void who_cancels_leaves_alone(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got[2] = {{0}};
  backend_open(&b, plain);
  vt_t first = backend_get(&b, "a");
  vt_await(first, got_k, &got[0]);
  vt_t timed = vt_with_timeout(backend_get(&b, "a"), 1);
  vt_await(timed, got_k, &got[1]);
  assert_status(vt_cancel(first), 0);
  assert_true(fixture_run_until(f, &got[1].count, 1));
  assert_got_status(&got[0], UV_ECANCELED);
  assert_got_status(&got[1], UV_ETIMEDOUT);
  assert_int_equal(b.gate[0].cancels, 0);
  backend_answer(&b, 0, "one"); /* kept for all that */
  assert_string_equal(backend_hit(&b, "a"), "one");
  backend_close(&b);
}

static void the_last_who_leaves_cancels_the_load(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got[2] = {{0}};
  backend_open(&b, cancels);
  vt_t v[2];
  for (int i = 0; i < 2; i++) {
    v[i] = backend_get(&b, "a");
    vt_await(v[i], got_k, &got[i]);
  }
  assert_status(vt_cancel(v[0]), 0);
  assert_int_equal(b.gate[0].cancels, 0);
  assert_true(vt_await_stop(v[1], got_k, &got[1]));
  assert_int_equal(b.gate[0].cancels, 1);
  backend_turn(f);
  assert_int_equal(backend_stats(&b).loading, 0);
  assert_int_equal(backend_stats(&b).failures, 1);
  assert_got_status(&got[0], UV_ECANCELED);
  backend_close(&b);
}

static void who_comes_to_a_cancelled_load_has_the_next(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got = {0};
  backend_open(&b, cancels);
  b.gate[0].cancel_rc = UV_EBUSY; /* goes on */
  vt_forget(backend_get(&b, "a"));
  assert_int_equal(b.gate[0].cancels, 1);
  backend_ask(&b, "a", &got);
  assert_int_equal(b.loads, 1); /* never two */
  backend_fail(&b, 0, UV_ECANCELED);
  backend_turn(f);
  assert_int_equal(b.loads, 2);
  backend_answer(&b, 1, "two");
  backend_turn(f);
  assert_got(&got, "two");
  backend_close(&b);
}

static void a_cancelled_load_that_succeeds_is_kept(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got = {0};
  backend_open(&b, cancels);
  b.gate[0].cancel_rc = UV_EBUSY;
  vt_forget(backend_get(&b, "a"));
  backend_ask(&b, "a", &got);
  backend_answer(&b, 0, "one");
  backend_turn(f);
  assert_got(&got, "one");
  assert_int_equal(b.loads, 1);
  backend_close(&b);
}

static void what_is_invalidated_is_not_kept(void **state) {
  struct fixture *f = *state;
  for (int how = 0; how < 4; how++) {
    struct backend b = {0};
    struct got got[3] = {{0}};
    backend_open(&b, plain);
    backend_ask(&b, "a", &got[0]);
    if (how == 0)
      assert_int_equal(backend_invalidate(&b, "a"), 0);
    else if (how == 1)
      assert_int_equal(vt_cache_invalidate_prefix(b.cache, "a", 1), 0);
    else if (how == 2)
      assert_int_equal(vt_cache_invalidate_all(b.cache), 0);
    else
      assert_null(vt_cache_take(b.cache, "a", 1));
    backend_ask(&b, "a", &got[1]);
    backend_ask(&b, "a", &got[2]);
    assert_int_equal(b.loads, 1);
    backend_answer(&b, 0, "old");
    backend_turn(f);
    assert_got(&got[0], "old");
    assert_int_equal(got[1].count, 0);
    assert_null(backend_peek(&b, "a"));
    assert_int_equal(b.loads, 2);
    backend_answer(&b, 1, "new");
    backend_turn(f);
    assert_got(&got[1], "new");
    assert_got(&got[2], "new");
    assert_string_equal(backend_hit(&b, "a"), "new");
    backend_close(&b);
  }
}

static void what_is_put_meanwhile_stays(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got = {0};
  backend_open(&b, plain);
  backend_ask(&b, "a", &got);
  assert_status(backend_put(&b, "a", "put"), 0);
  assert_string_equal(backend_hit(&b, "a"), "put");
  backend_answer(&b, 0, "loaded");
  backend_turn(f);
  assert_got(&got, "loaded");
  assert_string_equal(backend_hit(&b, "a"), "put");
  backend_close(&b);
}

static void so_many_may_wait_and_no_more(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got[2] = {{0}};
  backend_open(&b, (vt_cache_options_t){.max_waiters = 2});
  backend_ask(&b, "a", &got[0]);
  backend_invalidate(&b, "a");
  backend_ask(&b, "a", &got[1]);
  assert_status(vt_status(backend_get(&b, "a")), UV_EBUSY);
  vt_forget(backend_get(&b, "b"));
  backend_answer(&b, 0, "one");
  backend_turn(f);
  assert_got(&got[0], "one");
  backend_answer(&b, 2, "two");
  backend_turn(f);
  assert_got(&got[1], "two");
  backend_answer(&b, 1, "b");
  backend_close(&b);
}

static void invalidate_inside(struct backend *b) {
  if (b->calls == 1)
    backend_invalidate(b, "a");
}

static void a_loader_may_invalidate(void **state) {
  struct backend b = {.inside = invalidate_inside, .at_once = true};
  (void)state;
  backend_open(&b, plain);
  assert_string_equal(backend_hit(&b, "a"), "a1");
  assert_null(backend_peek(&b, "a"));
  assert_string_equal(backend_hit(&b, "a"), "a2");
  assert_non_null(backend_peek(&b, "a"));
  backend_close(&b);
}

/* A load behind a task: nothing of it can be cancelled. */
struct task_load {
  vt_promise_t *promise;
  vt_cache_load_t *load;
};

static vt_t load_task(void *arg, vt_cache_load_t *load) {
  struct task_load *t = arg;
  t->load = load;
  return vt_from_task(vt_promise_task(t->promise));
}

static void a_load_may_be_a_task(void **state) {
  struct fixture *f = *state;
  struct task_load t = {.promise = fixture_promise(0)};
  vt_cache_options_t options = {.load = load_task, .arg = &t};
  vt_cache_t *cache = NULL;
  struct got got = {0};
  assert_status(vt_cache_new(&options, &cache), 0);
  vt_await(vt_cache_get(cache, "a", 1), got_k, &got);
  assert_status(vt_status(vt_cache_load_put(t.load, "one", 3)), 0);
  assert_status(vt_promise_set(t.promise, (vt_value_t){0}), 0);
  backend_turn(f);
  assert_got(&got, "one");
  assert_status(vt_status(vt_cache_close_async(cache)), 0);
  vt_promise_free(t.promise);
}

static void what_is_to_live_no_time_is_told_only(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got = {0};
  backend_open(&b, plain);
  backend_ask(&b, "a", &got);
  vt_cache_load_set_ttl(b.load[0], 0);
  backend_answer(&b, 0, "one");
  assert_null(backend_peek(&b, "a"));
  backend_turn(f);
  assert_got(&got, "one");
  backend_close(&b);
}

static void what_is_too_big_is_told_only(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got = {0};
  backend_open(&b, (vt_cache_options_t){.max_bytes = 3 + VT_CACHE_ENTRY_BYTES});
  backend_ask(&b, "a", &got);
  backend_answer(&b, 0, "long");
  assert_null(backend_peek(&b, "a"));
  backend_turn(f);
  assert_got(&got, "long");
  backend_close(&b);
}

static void a_storm_of_misses_loads_each_key_once(void **state) {
  enum { CALLERS = 10000, KEYS = 1000 };
  struct fixture *f = *state;
  static struct got got[CALLERS];
  struct backend b = {.delay_ms = 1};
  char key[16];
  memset(got, 0, sizeof got);
  backend_open(&b, plain);
  for (int i = 0; i < CALLERS; i++) {
    snprintf(key, sizeof key, "%d", i * 7 % KEYS);
    backend_ask(&b, key, &got[i]);
  }
  assert_int_equal(backend_stats(&b).waiting, CALLERS);
  assert_true(fixture_run(f));
  for (int i = 0; i < CALLERS; i++)
    assert_got(&got[i], got[i].text);
  assert_int_equal(b.loads, KEYS);
  assert_int_equal(backend_stats(&b).loads, KEYS);
  backend_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(all_who_ask_share_one_load),
      fixture_test(a_load_that_answers_at_once_is_in_hand),
      fixture_test(who_is_told_hits),
      fixture_test(a_failure_is_told_to_all_and_tried_again),
      fixture_test(what_a_failed_load_put_is_seen_by_nobody),
      fixture_test(no_scope_ends_it_for_others),
      fixture_test(in_a_cancelled_scope_nothing_is_loaded),
      fixture_test(who_cancels_leaves_alone),
      fixture_test(the_last_who_leaves_cancels_the_load),
      fixture_test(who_comes_to_a_cancelled_load_has_the_next),
      fixture_test(a_cancelled_load_that_succeeds_is_kept),
      fixture_test(what_is_invalidated_is_not_kept),
      fixture_test(what_is_put_meanwhile_stays),
      fixture_test(so_many_may_wait_and_no_more),
      fixture_test(a_loader_may_invalidate),
      fixture_test(a_load_may_be_a_task),
      fixture_test(what_is_to_live_no_time_is_told_only),
      fixture_test(what_is_too_big_is_told_only),
      fixture_test(a_storm_of_misses_loads_each_key_once),
  };
  return fixture_main("cache_load", tests);
}
