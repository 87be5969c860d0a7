/* SPDX-License-Identifier: MIT */
/* Many keys of a cache at once: one call of the loader for all that are
 * missing. */
#include <string.h>

#include "support/backend.h"

/* ---- helpers ---- */

static const vt_cache_options_t plain;

/* Looks at all values where it is told. */
struct many {
  vt_cache_item_t items[4];
  struct seen seen;
  char texts[4][BACKEND_TEXT];
};

static void set_keys(struct many *m, const char *keys) {
  for (int i = 0; i < 4; i++) {
    m->items[i].key = &keys[i];
    m->items[i].key_size = 1;
  }
}

static void many_k(void *state, vt_result_t r) {
  struct many *m = state;
  seen_k(&m->seen, r);
  for (int i = 0; i < 4 && r.status == 0; i++) {
    const char *text = backend_text(m->items[i].result);
    snprintf(m->texts[i], BACKEND_TEXT, "%s", text ? text : "");
  }
}

static void get(struct backend *b, struct many *m, const char *keys) {
  set_keys(m, keys);
  vt_await(vt_cache_get_many(b->cache, m->items, 4), many_k, m);
}

static void answer(struct backend *b, int load, const char *text) {
  assert_status(vt_status(vt_cache_load_put(b->load[load], text, strlen(text))),
                0);
}

/* ---- it works ---- */

static void what_is_there_is_in_hand(void **state) {
  struct backend b = {0};
  struct many m = {0};
  (void)state;
  backend_open_many(&b, plain);
  for (char key[2] = "a"; key[0] < 'e'; key[0]++)
    assert_status(backend_put(&b, key, key), 0);
  uint64_t before = fixture_allocations();
  get(&b, &m, "abcd");
  assert_int_equal(fixture_allocations(), before);
  assert_seen_int(&m.seen, 4);
  assert_string_equal(m.texts[3], "d");
  assert_int_equal(b.calls, 0);
  assert_int_equal(vt_get_result(vt_cache_get_many(b.cache, NULL, 0)).value.u,
                   0);
  backend_close(&b);
}

static void what_is_missing_is_loaded_by_one_call(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct many m = {0};
  backend_open_many(&b, plain);
  assert_status(backend_put(&b, "b", "put"), 0);
  vt_forget(backend_get(&b, "c")); /* is under way */
  assert_int_equal(b.calls, 1);
  get(&b, &m, "abca");
  assert_int_equal(b.many_calls, 1);
  assert_int_equal(b.loads, 2); /* "a" once */
  answer(&b, 1, "A");
  gate_open(&b.gate[1], result_int(0));
  fixture_turn(f);
  assert_int_equal(m.seen.count, 0);
  vt_cache_invalidate_all(b.cache); /* nothing given is lost */
  fixture_turn(f);
  fixture_turn(f);
  backend_answer(&b, 0, "C");
  assert_true(fixture_run(f));
  assert_seen_int(&m.seen, 4);
  assert_string_equal(m.texts[0], "A");
  assert_string_equal(m.texts[1], "put");
  assert_string_equal(m.texts[2], "C");
  assert_string_equal(m.texts[3], "A");
  backend_close(&b);
}

static void a_loader_that_answers_at_once_is_in_hand(void **state) {
  struct fixture *f = *state;
  for (int many = 0; many < 2; many++) {
    struct backend b = {.at_once = true};
    struct many m = {0};
    if (many)
      backend_open_many(&b, plain);
    else
      backend_open(&b, plain);
    get(&b, &m, "abcd");
    assert_seen_int(&m.seen, 4);
    assert_string_equal(m.texts[3], many ? "d1" : "d4");
    assert_int_equal(b.calls, many ? 1 : 4);
    assert_string_equal(backend_hit(&b, "d"), m.texts[3]);
    backend_close(&b);
    assert_true(fixture_run(f));
  }
}

static void each_key_has_its_own_outcome(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct many m = {0};
  backend_open_many(&b, plain);
  get(&b, &m, "abcd");
  answer(&b, 0, "A");
  vt_cache_load_fail(b.load[1], UV_EACCES);
  gate_open(&b.gate[0], result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_seen_int(&m.seen, 1);
  assert_string_equal(m.texts[0], "A");
  assert_status(m.items[1].result.status, UV_EACCES);
  assert_status(m.items[2].result.status, UV_EIO);
  assert_status(m.items[3].result.status, UV_EIO);
  assert_string_equal(backend_hit(&b, "a"), "A");
  assert_int_equal(backend_stats(&b).failures, 3);
  backend_close(&b);
}

static void what_was_not_found_is_told(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct many m = {0};
  backend_open_many(&b, plain);
  get(&b, &m, "abcd");
  answer(&b, 3, "D");
  gate_open(&b.gate[0], result_int(0));
  assert_true(fixture_run(f));
  assert_seen_int(&m.seen, 1);
  assert_status(m.items[0].result.status, UV_ENOENT);
  assert_string_equal(m.texts[3], "D");
  backend_close(&b);
}

static void an_invalidated_one_is_loaded_again_alone(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct many m = {0};
  struct got got = {0};
  backend_open_many(&b, plain);
  get(&b, &m, "abcd");
  backend_invalidate(&b, "b");
  vt_await(backend_get(&b, "b"), got_k, &got);
  for (int i = 0; i < 4; i++)
    answer(&b, i, "old");
  gate_open(&b.gate[0], result_int(0));
  assert_int_equal(b.calls, 2);
  assert_int_equal(b.loads, 5);
  answer(&b, 4, "new");
  gate_open(&b.gate[1], result_int(0));
  assert_true(fixture_run(f));
  assert_seen_int(&m.seen, 4);
  assert_string_equal(m.texts[1], "old");
  assert_string_equal(got.text, "new");
  assert_string_equal(backend_hit(&b, "b"), "new");
  assert_string_equal(backend_hit(&b, "a"), "old");
  backend_close(&b);
}

static void cancelled_it_leaves_the_loads_alone(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct many m = {0};
  backend_open_many(&b, plain);
  set_keys(&m, "abcd");
  vt_t v = vt_cache_get_many(b.cache, m.items, 4);
  vt_await(v, many_k, &m);
  assert_status(vt_cancel(v), 0);
  assert_int_equal(m.seen.count, 0);
  fixture_turn(f);
  assert_seen_status(&m.seen, UV_ECANCELED);
  assert_int_equal(b.gate[0].cancels, 0);
  for (int i = 0; i < 4; i++)
    answer(&b, i, "x");
  gate_open(&b.gate[0], result_int(0));
  assert_string_equal(backend_hit(&b, "c"), "x");
  backend_close(&b);
}

static void a_batch_nobody_wants_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct many m = {0};
  struct got got = {0};
  backend_open_many(&b, (vt_cache_options_t){.flags = VT_CACHE_CANCEL});
  set_keys(&m, "abcd");
  vt_t v = vt_cache_get_many(b.cache, m.items, 4);
  vt_await(v, many_k, &m);
  vt_t other = backend_get(&b, "b");
  vt_await(other, got_k, &got);
  assert_status(vt_cancel(v), 0);
  fixture_turn(f);
  assert_int_equal(b.gate[0].cancels, 0);
  assert_status(vt_cancel(other), 0);
  assert_int_equal(b.gate[0].cancels, 1);
  assert_true(fixture_run(f));
  assert_int_equal(backend_stats(&b).loading, 0);
  backend_close(&b);
}

static void a_close_ends_it(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct many m = {0};
  backend_open_many(&b, plain);
  assert_status(backend_put(&b, "a", "A"), 0);
  get(&b, &m, "abcd");
  backend_close(&b);
  assert_true(fixture_run(f));
  assert_seen_int(&m.seen, 1);
  assert_string_equal(m.texts[0], "A");
  assert_status(m.items[1].result.status, UV_ECANCELED);
  assert_int_equal(b.gate[0].cancels, 1);
}

static void close_inside(struct backend *b) {
  if (b->calls == 1)
    backend_close(b);
}

static void a_loader_may_close_it(void **state) {
  struct fixture *f = *state;
  for (int many = 0; many < 2; many++) {
    struct backend b = {.at_once = true, .inside = close_inside};
    struct many m = {0};
    if (many)
      backend_open_many(&b, plain);
    else
      backend_open(&b, plain);
    get(&b, &m, "abcd");
    assert_true(fixture_run(f));
    assert_seen_int(&m.seen, 0);
    assert_int_equal(b.calls, 1);
    for (int i = 0; i < 4; i++)
      assert_status(m.items[i].result.status, UV_ECANCELED);
  }
}

static void close_under_way(struct backend *b) {
  b->inside = NULL;
  b->status = UV_EIO;
  vt_forget(vt_cache_close_async(b->cache));
}

static void closed_by_one_loader_it_joins_no_other(void **state) {
  struct fixture *f = *state;
  struct backend b = {.at_once = false};
  struct many m = {0};
  struct got got = {0};
  backend_open(&b, plain);
  b.gate[0].cancel_rc = UV_EBUSY;
  backend_ask(&b, "b", &got);
  b.inside = close_under_way;
  b.at_once = true;
  get(&b, &m, "abba");
  backend_answer(&b, 0, "late");
  assert_true(fixture_run(f));
  assert_seen_int(&m.seen, 0);
  assert_got_status(&got, UV_ECANCELED);
  for (int i = 0; i < 4; i++)
    assert_status(m.items[i].result.status, UV_ECANCELED);
  assert_int_equal(b.calls, 2);
}

static void closed_by_its_loader_it_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct backend b = {.inside = close_inside};
  struct many m = {0};
  backend_open_many(&b, plain);
  get(&b, &m, "abcd");
  assert_int_equal(b.gate[0].cancels, 1);
  assert_true(fixture_run(f));
  assert_seen_int(&m.seen, 0);
}

static vt_scope_t *scope_inside;

static void cancel_inside(struct backend *b) {
  b->status = vt_scope_cancel(scope_inside, UV_ECANCELED);
}

static void cancelled_by_its_loader_it_ends(void **state) {
  struct fixture *f = *state;
  struct backend b = {.inside = cancel_inside};
  struct many m = {0};
  struct seen joined = {0};
  backend_open_many(&b, (vt_cache_options_t){.flags = VT_CACHE_CANCEL});
  assert_status(vt_scope_new(NULL, &scope_inside), 0);
  vt_scope_t *before = vt_scope_enter(scope_inside);
  get(&b, &m, "abcd");
  vt_scope_leave(before);
  assert_status(b.status, 0);
  vt_await(vt_scope_join(scope_inside), seen_k, &joined);
  assert_true(fixture_run(f));
  assert_seen_status(&m.seen, UV_ECANCELED);
  assert_seen_status(&joined, UV_ECANCELED);
  assert_int_equal(b.gate[0].cancels, 1);
  backend_close(&b);
}

/* ---- it fails ---- */

static void wrong_calls_are_refused(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  struct many m = {0};
  backend_open(&b, (vt_cache_options_t){.max_waiters = 1});
  assert_status(vt_status(vt_cache_get_many(NULL, m.items, 4)), UV_EINVAL);
  assert_status(vt_status(vt_cache_get_many(b.cache, NULL, 4)), UV_EINVAL);
  vt_forget(backend_get(&b, "a"));
  vt_t v = backend_get(&b, "b");
  get(&b, &m, "bbbb");
  assert_seen_int(&m.seen, 0);
  assert_status(m.items[0].result.status, UV_EBUSY);
  vt_forget(v);
  backend_close(&b);
  assert_true(fixture_run(f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_is_there_is_in_hand),
      fixture_test(what_is_missing_is_loaded_by_one_call),
      fixture_test(a_loader_that_answers_at_once_is_in_hand),
      fixture_test(each_key_has_its_own_outcome),
      fixture_test(what_was_not_found_is_told),
      fixture_test(an_invalidated_one_is_loaded_again_alone),
      fixture_test(cancelled_it_leaves_the_loads_alone),
      fixture_test(a_batch_nobody_wants_is_cancelled),
      fixture_test(a_close_ends_it),
      fixture_test(a_loader_may_close_it),
      fixture_test(closed_by_one_loader_it_joins_no_other),
      fixture_test(closed_by_its_loader_it_is_cancelled),
      fixture_test(cancelled_by_its_loader_it_ends),
      fixture_test(wrong_calls_are_refused),
  };
  return fixture_main("cache_many", tests);
}
