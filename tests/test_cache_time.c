/* SPDX-License-Identifier: MIT */
/* The times of a cache, on the simulated clock: what is fresh, what is stale,
 * what is over. */
#include <stdio.h>
#include <string.h>

#include <vt_sim.h>

#include "support/backend.h"

/* ---- helpers ---- */

struct world {
  struct backend b;
  vt_cache_options_t options;
  vt_body_fn *body;
  char wrong[160];
  int count;
};

struct time_frame {
  vt_frame_t vt;
  struct world *w;
  struct backend *b;
  struct got got;
};

/* In a body: the first that does not hold is told when it is over. */
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition) && !f->w->wrong[0])                                       \
      snprintf(f->w->wrong, sizeof f->w->wrong, "line %d: %s", __LINE__,       \
               #condition);                                                    \
  } while (0)

static bool is(const char *actual, const char *expected) {
  return actual && strcmp(actual, expected) == 0;
}

/* Virtual. */
#define SLEEP(ms) VT_TRY(f, vt_delay(ms))

static vt_t run(void *arg) {
  struct world *w = arg;
  struct time_frame f = {.w = w, .b = &w->b};
  backend_open(&w->b, w->options);
  return vt_start_boxed(&f, sizeof f, w->body);
}

static void run_world(struct world *w) {
  vt_sim_result_t result;
  vt_sim_options_t sim = {.seed = 1};
  int64_t status = vt_sim_run(&sim, run, w, &result);
  if (status != 0)
    fail_msg("%s", result.text);
  if (w->wrong[0])
    fail_msg("%s", w->wrong);
}

/* A case: how long a load takes, the options of the cache, and the body, which
 * closes it. */
#define TIME_CASE(name, delay, ...)                                            \
  static vt_t name##_body(void *frame);                                        \
  static void name(void **state) {                                             \
    struct world w = {.b = {.at_once = (delay) == 0, .delay_ms = (delay)},     \
                      .options = {__VA_ARGS__},                                \
                      .body = name##_body};                                    \
    (void)state;                                                               \
    run_world(&w);                                                             \
  }                                                                            \
  static vt_t name##_body(void *frame)

/* ---- fresh and over ---- */

TIME_CASE(a_value_lives_its_time, 0, .ttl_ms = 100) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  SLEEP(98);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->loads == 1);
  SLEEP(10);
  CHECK(!backend_peek(f->b, "a"));
  CHECK(is(backend_hit(f->b, "a"), "a2"));
  CHECK(backend_stats(f->b).expired == 1);
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(a_value_may_have_a_time_of_its_own, 0, .ttl_ms = 100) {
  struct time_frame *f = frame;
  vt_cache_value_t x = {"x", 1};
  VT_BEGIN(f);
  CHECK(vt_cache_put_for(f->b->cache, "a", 1, &x, 10) == 0);
  CHECK(vt_cache_put_for(f->b->cache, "b", 1, &x, 1000) == 0);
  CHECK(vt_cache_put_for(f->b->cache, "c", 1, &x, 0) == 0);
  SLEEP(20);
  CHECK(!backend_peek(f->b, "a"));
  CHECK(backend_peek(f->b, "b"));
  CHECK(backend_peek(f->b, "c"));
  SLEEP(100);
  CHECK(backend_peek(f->b, "b"));
  CHECK(!backend_peek(f->b, "c"));
  CHECK(vt_cache_sweep(f->b->cache) == 2);
  CHECK(backend_stats(f->b).entries == 1);
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(the_longest_time_is_for_ever, 0, .ttl_ms = UINT64_MAX) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  backend_put(f->b, "b", "x");
  SLEEP(1000);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(is(backend_peek(f->b, "b"), "x"));
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(what_is_no_value_is_not_pinned, 0, .ttl_ms = 10, .fail_ms = 10) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  backend_put(f->b, "a", "x");
  CHECK(vt_cache_pin(f->b->cache, "a", 1) == 0);
  SLEEP(20);
  CHECK(!backend_peek(f->b, "a"));
  CHECK(vt_cache_pin(f->b->cache, "a", 1) == UV_ENOENT);
  CHECK(vt_cache_unpin(f->b->cache, "a", 1) == 0); /* it has not left yet */
  f->b->status = UV_EIO;
  CHECK(!backend_hit(f->b, "b"));
  CHECK(vt_cache_pin(f->b->cache, "b", 1) == UV_ENOENT);
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(what_nobody_gets_is_idle, 0, .idle_ms = 100) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(is(backend_hit(f->b, "b"), "b2"));
  for (f->w->count = 0; f->w->count < 5; f->w->count++) {
    SLEEP(60);
    CHECK(is(backend_hit(f->b, "a"), "a1"));
  }
  CHECK(!backend_peek(f->b, "b"));
  SLEEP(60);
  CHECK(backend_peek(f->b, "a")); /* no use */
  SLEEP(60);
  CHECK(is(backend_hit(f->b, "a"), "a3"));
  CHECK(vt_cache_sweep(f->b->cache) == 1);
  backend_close(f->b);
  VT_END(f);
}

/* ---- refresh ahead and stale ---- */

TIME_CASE(an_older_value_is_refreshed_ahead, 5, .ttl_ms = 100,
          .refresh_ms = 50) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, backend_get(f->b, "a"));
  SLEEP(40);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->loads == 1);
  SLEEP(20);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->loads == 2); /* one */
  SLEEP(10);
  CHECK(is(backend_hit(f->b, "a"), "a2"));
  CHECK(backend_stats(f->b).misses == 1);
  CHECK(backend_stats(f->b).stale == 0);
  SLEEP(80); /* its time began anew */
  CHECK(is(backend_hit(f->b, "a"), "a2"));
  SLEEP(10);
  CHECK(is(backend_hit(f->b, "a"), "a3"));
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(a_stale_value_is_given_while_one_loads, 5, .ttl_ms = 100,
          .stale_ms = 200) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, backend_get(f->b, "a"));
  SLEEP(110);
  CHECK(f->b->loads == 1);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->loads == 2);
  CHECK(backend_stats(f->b).stale == 2);
  SLEEP(10);
  CHECK(is(backend_hit(f->b, "a"), "a2"));
  SLEEP(310); /* too old */
  CHECK(!backend_hit(f->b, "a"));
  CHECK(f->b->loads == 3);
  SLEEP(10);
  CHECK(is(backend_hit(f->b, "a"), "a3"));
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(a_failed_refresh_keeps_what_is_stale, 5, .ttl_ms = 100,
          .stale_ms = 200, .fail_ms = 50) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, backend_get(f->b, "a"));
  SLEEP(110);
  f->b->status = UV_EIO;
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  SLEEP(20);
  CHECK(f->b->loads == 2);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->loads == 2); /* the next one waits */
  SLEEP(50);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->loads == 3);
  SLEEP(130); /* until its limit */
  CHECK(!backend_hit(f->b, "a"));
  CHECK(f->b->loads == 4);
  SLEEP(10);
  CHECK(vt_status(backend_get(f->b, "a")) == UV_EIO);
  CHECK(f->b->loads == 4); /* a failure that is kept */
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(a_failed_refresh_waits_for_the_next, 5, .ttl_ms = 100,
          .stale_ms = 5000) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, backend_get(f->b, "a"));
  SLEEP(110);
  f->b->status = UV_EIO;
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  SLEEP(500);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->loads == 2);
  SLEEP(600);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->loads == 3);
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(an_invalidated_refresh_is_not_kept, 5, .refresh_ms = 50) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, backend_get(f->b, "a"));
  SLEEP(60);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(backend_invalidate(f->b, "a") == 1);
  CHECK(!backend_hit(f->b, "a")); /* forgotten, and loaded all the same */
  vt_await(backend_get(f->b, "a"), got_k, &f->got);
  CHECK(f->b->loads == 2);
  SLEEP(20);
  CHECK(f->b->loads == 3);
  CHECK(f->got.count == 1 && is(f->got.text, "a3"));
  backend_close(f->b);
  VT_END(f);
}

static void close_second(struct backend *b) {
  if (b->calls == 2)
    backend_close(b);
}

/* What is given is borrowed all the same. */
TIME_CASE(a_refresh_may_close_it, 0, .refresh_ms = 50) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  f->b->inside = close_second;
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  SLEEP(60);
  CHECK(is(backend_hit(f->b, "a"), "a1"));
  CHECK(f->b->calls == 2 && !f->b->cache);
  VT_END(f);
}

/* ---- failures ---- */

TIME_CASE(a_failure_is_kept_its_own_time, 0, .fail_ms = 50) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  f->b->status = UV_EIO;
  CHECK(vt_status(backend_get(f->b, "a")) == UV_EIO);
  CHECK(vt_status(backend_get(f->b, "a")) == UV_EIO);
  CHECK(f->b->loads == 1);
  CHECK(!backend_peek(f->b, "a"));
  CHECK(backend_stats(f->b).hits == 1);
  SLEEP(60);
  f->b->status = 0;
  CHECK(is(backend_hit(f->b, "a"), "a2"));
  SLEEP(60); /* a value is not concerned */
  CHECK(is(backend_hit(f->b, "a"), "a2"));
  f->b->status = UV_EIO;
  CHECK(vt_status(backend_get(f->b, "b")) == UV_EIO);
  CHECK(backend_put(f->b, "b", "put") == 0);
  CHECK(is(backend_hit(f->b, "b"), "put"));
  backend_close(f->b);
  VT_END(f);
}

TIME_CASE(a_cancellation_is_never_kept, 0, .fail_ms = 50) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  f->b->status = UV_ECANCELED;
  CHECK(vt_status(backend_get(f->b, "a")) == UV_ECANCELED);
  CHECK(vt_status(backend_get(f->b, "a")) == UV_ECANCELED);
  CHECK(f->b->loads == 2);
  backend_close(f->b);
  VT_END(f);
}

/* ---- jitter ---- */

/* How many of a hundred are there so many milliseconds later. */
static int alive(struct backend *b) {
  char key[16];
  int count = 0;
  for (int i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "%d", i);
    count += backend_peek(b, key) != NULL;
  }
  return count;
}

static void fill(struct backend *b) {
  char key[16];
  for (int i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "%d", i);
    if (backend_put(b, key, "x") != 0)
      return;
  }
}

TIME_CASE(what_came_together_does_not_go_together, 0, .ttl_ms = 1000,
          .jitter = 50, .seed = 7) {
  struct time_frame *f = frame;
  VT_BEGIN(f);
  fill(f->b);
  SLEEP(490);
  CHECK(alive(f->b) == 100);
  SLEEP(260);
  CHECK(alive(f->b) > 25 && alive(f->b) < 75);
  f->w->count = alive(f->b);
  SLEEP(260);
  CHECK(alive(f->b) == 0);
  fill(f->b);
  backend_close(f->b);
  VT_END(f);
}

static void a_seed_repeats_the_jitter(void **state) {
  struct world w[2];
  (void)state;
  for (int i = 0; i < 2; i++) {
    w[i] = (struct world){.b = {.at_once = true},
                          .options = {.ttl_ms = 1000, .jitter = 50, .seed = 7},
                          .body = what_came_together_does_not_go_together_body};
    run_world(&w[i]);
  }
  assert_int_equal(w[0].count, w[1].count);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_value_lives_its_time),
      cmocka_unit_test(a_value_may_have_a_time_of_its_own),
      cmocka_unit_test(the_longest_time_is_for_ever),
      cmocka_unit_test(what_is_no_value_is_not_pinned),
      cmocka_unit_test(what_nobody_gets_is_idle),
      cmocka_unit_test(an_older_value_is_refreshed_ahead),
      cmocka_unit_test(a_stale_value_is_given_while_one_loads),
      cmocka_unit_test(a_failed_refresh_keeps_what_is_stale),
      cmocka_unit_test(a_failed_refresh_waits_for_the_next),
      cmocka_unit_test(an_invalidated_refresh_is_not_kept),
      cmocka_unit_test(a_refresh_may_close_it),
      cmocka_unit_test(a_failure_is_kept_its_own_time),
      cmocka_unit_test(a_cancellation_is_never_kept),
      cmocka_unit_test(what_came_together_does_not_go_together),
      cmocka_unit_test(a_seed_repeats_the_jitter),
  };
  return fixture_main("cache_time", tests);
}
