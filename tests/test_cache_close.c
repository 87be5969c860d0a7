/* SPDX-License-Identifier: MIT */
/* The end of a cache, and who may not use it. */
#include "support/backend.h"

static const vt_cache_options_t plain;

/* ---- it works ---- */

static void close_answers_all_who_wait(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got[3] = {{0}};
  struct seen seen = {0};
  backend_open(&b, plain);
  b.gate[0].cancel_rc = UV_EBUSY;
  backend_ask(&b, "a", &got[0]);
  backend_invalidate(&b, "a");
  backend_ask(&b, "a", &got[1]);
  backend_ask(&b, "b", &got[2]);
  vt_await(vt_cache_close_async(b.cache), seen_k, &seen);
  backend_turn(f);
  for (int i = 0; i < 3; i++)
    assert_got_status(&got[i], UV_ECANCELED);
  assert_int_equal(b.gate[0].cancels, 1);
  assert_int_equal(b.gate[1].cancels, 1);
  assert_int_equal(seen.count, 0); /* the first goes on */
  backend_answer(&b, 0, "one");
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
  assert_int_equal(b.loads, 2);
}

static void a_close_begins_in_a_cancelled_scope(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got = {0};
  struct seen closed = {0}, joined = {0};
  vt_scope_t *scope = NULL;
  backend_open(&b, plain);
  b.gate[0].cancel_rc = UV_EBUSY;
  backend_ask(&b, "a", &got);
  assert_status(vt_scope_new(NULL, &scope), 0);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(vt_cache_close_async(b.cache), seen_k, &closed);
  vt_scope_leave(before);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  backend_turn(f);
  assert_int_equal(closed.count + joined.count, 0);
  backend_fail(&b, 0, UV_EIO);
  assert_true(fixture_run(f));
  assert_seen_int(&closed, 0);
  assert_seen_status(&joined, UV_ECANCELED);
  assert_got_status(&got, UV_ECANCELED);
}

static void close_inside(struct backend *b) { backend_close(b); }

static void a_loader_may_close_it(void **state) {
  struct fixture *f = *state;
  struct backend b = {.inside = close_inside, .at_once = true};
  struct got got = {0};
  backend_open(&b, plain);
  backend_ask(&b, "a", &got);
  assert_got_status(&got, UV_ECANCELED);
  assert_true(fixture_run(f));
  struct backend later = {.inside = close_inside};
  struct got other = {0};
  backend_open(&later, plain);
  backend_ask(&later, "a", &other);
  assert_got_status(&other, UV_ECANCELED);
  assert_true(fixture_run(f));
  assert_int_equal(later.gate[0].cancels, 1);
}

/* ---- it fails ---- */

static void on_thread_with_a_loop(void *arg) {
  static struct fixture other;
  struct backend *b = arg;
  if (fixture_open_beside(&other))
    return;
  b->status = vt_status(backend_get(b, "a"));
  if (vt_status(vt_cache_load_put(b->load[0], "x", 1)) == VT_ETHREAD &&
      vt_status(vt_cache_close_async(b->cache)) == VT_ETHREAD)
    b->dropped = backend_put(b, "a", "x");
  fixture_close(&other);
}

static void another_loop_is_refused(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct got got = {0};
  backend_open(&b, plain);
  backend_ask(&b, "a", &got);
  fixture_on_thread(on_thread_with_a_loop, &b, 0);
  assert_status(b.status, VT_ETHREAD);
  assert_status(b.dropped, VT_ETHREAD);
  backend_answer(&b, 0, "one");
  backend_turn(f);
  assert_got(&got, "one");
  backend_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(close_answers_all_who_wait),
      fixture_test(a_close_begins_in_a_cancelled_scope),
      fixture_test(a_loader_may_close_it),
      fixture_test(another_loop_is_refused),
  };
  return fixture_main("cache_close", tests);
}
