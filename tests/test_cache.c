/* SPDX-License-Identifier: MIT */
/* Caches: what is there is in hand, and stays while it is borrowed. */
#include <string.h>

#include "support/backend.h"

/* ---- helpers ---- */

static const vt_cache_options_t plain;

/* Gets, and does something to the cache before it looks at the value. */
struct borrower {
  struct backend *b;
  void (*act)(struct backend *b);
  char text[BACKEND_TEXT];
  int count;
};

static void borrow_k(void *state, vt_result_t r) {
  struct borrower *borrower = state;
  const vt_cache_value_t *value = vt_cache_value(r);
  borrower->act(borrower->b);
  borrower->count++;
  if (value)
    memcpy(borrower->text, value->data, value->size + 1);
}

/* The same in a turn of the loop. */
static void borrow_later_k(void *state, vt_result_t r) {
  struct borrower *borrower = state;
  (void)r;
  vt_await(backend_get(borrower->b, "a"), borrow_k, borrower);
}

static void assert_borrows(struct fixture *f, struct backend *b,
                           void (*act)(struct backend *b)) {
  struct borrower borrower = {.b = b, .act = act};
  vt_await(vt_yield(), borrow_later_k, &borrower);
  assert_true(fixture_run_until(f, &borrower.count, 1));
  assert_string_equal(borrower.text, "one");
}

/* ---- it works ---- */

static void what_was_put_is_in_hand(void **state) {
  struct backend b = {0};
  (void)state;
  backend_open(&b, plain);
  assert_status(backend_put(&b, "a", "one"), 0);
  assert_string_equal(backend_hit(&b, "a"), "one");
  assert_string_equal(backend_peek(&b, "a"), "one");
  assert_null(backend_peek(&b, "b"));
  assert_status(backend_put(&b, "a", "two"), 0);
  assert_string_equal(backend_hit(&b, "a"), "two");
  vt_cache_stats_t stats = backend_stats(&b);
  assert_int_equal(stats.hits, 2);
  assert_int_equal(stats.misses, 0);
  assert_int_equal(stats.entries, 1);
  assert_int_equal(stats.bytes, 4 + VT_CACHE_ENTRY_BYTES);
  backend_close(&b);
}

static void keys_and_values_are_any_bytes(void **state) {
  struct backend b = {0};
  const char key[] = {0, 1, 0};
  (void)state;
  backend_open(&b, plain);
  assert_status(vt_cache_put(b.cache, key, 3, "x", 1), 0);
  assert_status(vt_cache_put(b.cache, key, 2, "\0y", 2), 0);
  assert_status(vt_cache_put(b.cache, NULL, 0, NULL, 0), 0);
  const vt_cache_value_t *value = vt_cache_peek(b.cache, key, 2);
  assert_int_equal(value->size, 2);
  assert_memory_equal(value->data, "\0y", 3);
  assert_int_equal((uintptr_t)value->data % sizeof(uint64_t), 0);
  value = vt_cache_peek(b.cache, NULL, 0);
  assert_int_equal(value->size, 0);
  assert_string_equal(value->data, "");
  backend_close(&b);
}

static void a_hit_allocates_nothing(void **state) {
  struct backend b = {0};
  char key[16];
  (void)state;
  backend_open(&b, plain);
  for (int i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "%d", i);
    assert_status(backend_put(&b, key, key), 0);
  }
  uint64_t before = fixture_allocations();
  for (int i = 0; i < 1000; i++) {
    snprintf(key, sizeof key, "%d", i % 100);
    assert_string_equal(backend_hit(&b, key), key);
  }
  assert_int_equal(fixture_allocations(), before);
  backend_close(&b);
}

static void without_a_loader_a_miss_is_told(void **state) {
  vt_cache_t *cache = NULL;
  (void)state;
  assert_status(vt_cache_new(NULL, &cache), 0);
  assert_status(vt_status(vt_cache_get(cache, "a", 1)), UV_ENOENT);
  assert_status(vt_status(vt_cache_close_async(cache)), 0);
  assert_status(vt_status(vt_cache_close_async(NULL)), 0);
}

static void invalidate_a(struct backend *b) { backend_invalidate(b, "a"); }
static void invalidate_all(struct backend *b) {
  vt_cache_invalidate_all(b->cache);
}
static void replace(struct backend *b) { backend_put(b, "a", "two"); }
static void take(struct backend *b) {
  vt_cache_release(vt_cache_take(b->cache, "a", 1));
}
static void crowd(struct backend *b) {
  char key[16];
  for (int i = 0; i < 200; i++) {
    snprintf(key, sizeof key, "%d", i);
    backend_put(b, key, key);
  }
}

static void a_borrowed_value_outlives_what_others_do(void **state) {
  struct fixture *f = *state;
  void (*const acts[])(struct backend *) = {
      invalidate_a, invalidate_all, replace, take, crowd, backend_close};
  for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
    struct backend b = {0};
    backend_open(&b, (vt_cache_options_t){.max_entries = 20});
    assert_status(backend_put(&b, "a", "one"), 0);
    assert_borrows(f, &b, acts[i]);
    if (b.cache)
      backend_close(&b);
    assert_true(fixture_run(f));
  }
}

static void a_value_goes_when_nobody_can_have_it(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  char a, c;
  backend_open_pointers(&b, plain);
  assert_status(vt_cache_put(b.cache, "a", 1, &a, 1), 0);
  assert_status(vt_cache_put(b.cache, "b", 1, &c, 1), 0);
  assert_ptr_equal(backend_peek(&b, "a"), &a);
  backend_invalidate(&b, "a");
  assert_int_equal(b.dropped, 0);
  fixture_turn(f);
  assert_int_equal(b.dropped, 1);
  backend_close(&b);
  fixture_turn(f);
  assert_int_equal(b.dropped, 2);
}

static void a_retained_value_outlives_the_cache(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  char a;
  backend_open_pointers(&b, plain);
  assert_status(vt_cache_put(b.cache, "a", 1, &a, 7), 0);
  const vt_cache_value_t *kept =
      vt_cache_retain(vt_cache_peek(b.cache, "a", 1));
  const vt_cache_value_t *taken = vt_cache_take(b.cache, "a", 1);
  assert_ptr_equal(kept, taken);
  assert_null(vt_cache_take(b.cache, "a", 1));
  backend_close(&b);
  fixture_turn(f);
  vt_cache_release(kept);
  assert_int_equal(b.dropped, 0);
  assert_ptr_equal(taken->data, &a);
  assert_int_equal(taken->size, 7);
  vt_cache_release(taken);
  assert_int_equal(b.dropped, 1);
  assert_null(vt_cache_retain(NULL));
  vt_cache_release(NULL);
}

static void prefixes_and_all_are_dropped(void **state) {
  struct backend b = {0};
  (void)state;
  backend_open(&b, plain);
  const char *const keys[] = {"user:1", "user:2", "user", "us", "order:1"};
  for (int i = 0; i < 5; i++)
    assert_status(backend_put(&b, keys[i], "x"), 0);
  assert_int_equal(vt_cache_invalidate_prefix(b.cache, "user:", 5), 2);
  assert_null(backend_peek(&b, "user:1"));
  assert_non_null(backend_peek(&b, "user"));
  assert_int_equal(backend_invalidate(&b, "user"), 1);
  assert_int_equal(backend_invalidate(&b, "user"), 0);
  assert_int_equal(vt_cache_invalidate_all(b.cache), 2);
  assert_int_equal(backend_stats(&b).entries, 0);
  assert_int_equal(backend_stats(&b).bytes, 0);
  backend_close(&b);
}

static void it_stays_within_its_bounds(void **state) {
  struct backend b = {0};
  char key[16];
  (void)state;
  const uint64_t most = 60 + 8 * VT_CACHE_ENTRY_BYTES;
  backend_open(&b, (vt_cache_options_t){.max_entries = 10, .max_bytes = most});
  for (int i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "%02d", i);
    assert_status(backend_put(&b, key, i % 2 ? "long text" : "x"), 0);
    assert_in_range(backend_stats(&b).entries, 1, 10);
    assert_in_range(backend_stats(&b).bytes, 1, most);
  }
  assert_int_equal(backend_stats(&b).evictions,
                   100 - backend_stats(&b).entries);
  static char big[60 + 8 * VT_CACHE_ENTRY_BYTES];
  size_t size = (size_t)most - VT_CACHE_ENTRY_BYTES - 2;
  assert_status(vt_cache_put(b.cache, "98", 2, big, size), 0);
  assert_status(vt_cache_put(b.cache, "99", 2, big, size + 1), UV_E2BIG);
  assert_null(backend_peek(&b, "99"));
  backend_close(&b);
}

static void what_is_pinned_stays(void **state) {
  struct fixture *f = *state;
  struct backend b = {0};
  backend_open(&b, (vt_cache_options_t){.max_entries = 10});
  assert_status(vt_cache_pin(b.cache, "a", 1), UV_ENOENT);
  assert_status(backend_put(&b, "a", "one"), 0);
  assert_status(vt_cache_unpin(b.cache, "a", 1), UV_ENOENT);
  assert_status(vt_cache_pin(b.cache, "a", 1), 0);
  assert_status(vt_cache_pin(b.cache, "a", 1), 0);
  crowd(&b);
  assert_string_equal(backend_peek(&b, "a"), "one");
  assert_status(backend_put(&b, "a", "two"), 0); /* inherits */
  assert_status(vt_cache_unpin(b.cache, "a", 1), 0);
  crowd(&b);
  assert_string_equal(backend_peek(&b, "a"), "two");
  assert_status(vt_cache_unpin(b.cache, "a", 1), 0);
  fixture_turn(f);
  crowd(&b);
  assert_null(backend_peek(&b, "a"));
  backend_close(&b);
}

/* All pinned, it is over its bound, until one is no more. */
static void unpinned_the_bound_counts_again(void **state) {
  struct backend b = {0};
  char key[2] = "a";
  (void)state;
  backend_open(&b, (vt_cache_options_t){.max_entries = 2});
  for (key[0] = 'a'; key[0] < 'e'; key[0]++) {
    assert_status(backend_put(&b, key, "x"), 0);
    vt_cache_pin(b.cache, key, 1);
  }
  assert_in_range(backend_stats(&b).entries, 2, 4);
  for (key[0] = 'a'; key[0] < 'e'; key[0]++)
    vt_cache_unpin(b.cache, key, 1);
  assert_int_equal(backend_stats(&b).entries, 2);
  backend_close(&b);
}

static void it_tells_why_a_value_left(void **state) {
  struct fixture *f = *state;
  struct backend b = {.tells = true};
  backend_open(&b,
               (vt_cache_options_t){.max_bytes = 20 + VT_CACHE_ENTRY_BYTES});
  assert_status(backend_put(&b, "a", "one"), 0);
  assert_status(backend_put(&b, "a", "two"), 0);
  assert_int_equal(b.left[VT_CACHE_REPLACED], 0); /* not inside */
  fixture_turn(f);
  assert_int_equal(b.left[VT_CACHE_REPLACED], 1);
  assert_string_equal(b.last_left, "a=one");
  backend_invalidate(&b, "a");
  fixture_turn(f);
  assert_int_equal(b.left[VT_CACHE_INVALIDATED], 1);
  assert_string_equal(b.last_left, "a=two");
  assert_status(backend_put(&b, "a", "0123456789"), 0);
  assert_status(backend_put(&b, "b", "0123456789"), 0);
  fixture_turn(f);
  assert_int_equal(b.left[VT_CACHE_EVICTED], 1);
  vt_t v = vt_cache_close_async(b.cache);
  assert_int_equal(vt_status(v), VT_PENDING); /* somebody is to be told */
  struct seen seen = {0};
  vt_await(v, seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
  assert_int_equal(b.left[VT_CACHE_CLOSED], 1);
}

/* ---- it fails ---- */

static void wrong_options_are_refused(void **state) {
  vt_cache_t *cache = NULL;
  (void)state;
  assert_status(vt_cache_new(&(vt_cache_options_t){.jitter = 101}, &cache),
                UV_EINVAL);
  assert_status(vt_cache_new(&(vt_cache_options_t){.flags = 2}, &cache),
                UV_EINVAL);
  assert_status(vt_cache_new(NULL, NULL), UV_EINVAL);
  assert_status(vt_status(vt_cache_get(NULL, "a", 1)), UV_EINVAL);
  assert_null(cache);
}

static void on_other_thread(void *arg) {
  struct backend *b = arg;
  vt_cache_t *cache = NULL;
  b->status = vt_cache_new(NULL, &cache);
  b->calls = (int)vt_status(backend_get(b, "a"));
  b->loads = backend_put(b, "a", "two");
  b->dropped = vt_cache_invalidate_all(b->cache) == 0 &&
               !vt_cache_peek(b->cache, "a", 1) &&
               vt_status(vt_cache_close_async(b->cache)) == VT_ENOLOOP;
}

static void another_thread_is_refused(void **state) {
  struct backend b = {0};
  (void)state;
  backend_open(&b, plain);
  assert_status(backend_put(&b, "a", "one"), 0);
  fixture_on_thread(on_other_thread, &b, 0);
  assert_status(b.status, VT_ENOLOOP);
  assert_status(b.calls, VT_ENOLOOP);
  assert_status(b.loads, VT_ENOLOOP);
  assert_true(b.dropped);
  assert_string_equal(backend_hit(&b, "a"), "one");
  backend_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(what_was_put_is_in_hand),
      fixture_test(keys_and_values_are_any_bytes),
      fixture_test(a_hit_allocates_nothing),
      fixture_test(without_a_loader_a_miss_is_told),
      fixture_test(a_borrowed_value_outlives_what_others_do),
      fixture_test(a_value_goes_when_nobody_can_have_it),
      fixture_test(a_retained_value_outlives_the_cache),
      fixture_test(prefixes_and_all_are_dropped),
      fixture_test(it_stays_within_its_bounds),
      fixture_test(what_is_pinned_stays),
      fixture_test(unpinned_the_bound_counts_again),
      fixture_test(it_tells_why_a_value_left),
      fixture_test(wrong_options_are_refused),
      fixture_test(another_thread_is_refused),
  };
  return fixture_main("cache", tests);
}
