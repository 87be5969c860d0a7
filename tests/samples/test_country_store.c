/* SPDX-License-Identifier: MIT */
/* The store of countries: what becomes of a load that is forgotten, given up or
 * out of memory; over each kind of database. The leak detector tells of a
 * dictionary that nobody dropped, and the counts here of a block. */
#include "support/fault.h"
#include "support/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "countries/country_store.h"
#include "samples/database.h"

/* ---- fixture: a loop, a database, a store ---- */

struct shop {
  struct fixture loop; /* first */
  country_store_t *store;
};

static const char *open_shop(struct shop *s) {
  memset(s, 0, sizeof *s);
  return fixture_open(&s->loop);
}

static int setup(void **state) {
  struct shop *s = malloc(sizeof *s);
  if (!s || !database_fill() || open_shop(s))
    return -1;
  *state = s;
  return country_store_open(database_name(), &s->store);
}

static int teardown(void **state) {
  struct shop *s = *state;
  country_store_close(s->store);
  const char *problem = fixture_close(&s->loop);
  if (problem)
    print_error("%s\n", problem);
  free(s);
  return problem ? -1 : 0;
}

/* ---- dictionaries that are there ---- */

int __real_country_build_finish(const struct country_build *b,
                                const struct country_dict **out);
void __real_country_dict_release(const struct country_dict *dict);
int __wrap_country_build_finish(const struct country_build *b,
                                const struct country_dict **out);
void __wrap_country_dict_release(const struct country_dict *dict);

static atomic_int made, dropped;

int __wrap_country_build_finish(const struct country_build *b,
                                const struct country_dict **out) {
  int status = __real_country_build_finish(b, out);
  if (status == 0)
    atomic_fetch_add(&made, 1);
  return status;
}

void __wrap_country_dict_release(const struct country_dict *dict) {
  if (dict)
    atomic_fetch_add(&dropped, 1);
  __real_country_dict_release(dict);
}

static void start_to_count(void) {
  atomic_store(&made, 0);
  atomic_store(&dropped, 0);
}

/* Each case makes some, whatever it does with them. */
static void expect_all_dropped(int at_least) {
  assert_true(atomic_load(&made) >= at_least);
  assert_int_equal(atomic_load(&dropped), atomic_load(&made));
}

/* ---- the cases ---- */

static void a_load_is_given(void **state) {
  struct shop *s = *state;
  start_to_count();
  vt_result_t r = vt_loop_run(s->loop.vt, country_store_load(s->store));
  assert_status(r.status, 0);
  assert_int_equal(country_dict_count(r.value.p), 249);
  assert_int_equal(atomic_load(&dropped), 0);
  country_dict_release(r.value.p);
  expect_all_dropped(1);
}

static void a_load_that_is_forgotten_is_dropped(void **state) {
  struct shop *s = *state;
  start_to_count();
  for (int i = 0; i < 5; i++)
    vt_forget(country_store_load(s->store));
  assert_true(fixture_run(&s->loop));
  expect_all_dropped(5);
}

static void a_load_whose_store_is_closed_is_dropped(void **state) {
  struct shop *s = *state;
  start_to_count();
  vt_forget(country_store_load(s->store));
  country_store_close(s->store);
  s->store = NULL;
  assert_true(fixture_run(&s->loop));
  expect_all_dropped(1);
}

/* At any moment, by turns of the loop and at once. */
static void a_load_that_is_cancelled_is_dropped(void **state) {
  struct shop *s = *state;
  start_to_count();
  for (int turns = 0; turns < 30; turns++) {
    struct seen seen = {0};
    vt_t v = country_store_load(s->store);
    vt_await(v, seen_k, &seen);
    for (int i = 0; i < turns && seen.count == 0; i++)
      uv_run(&s->loop.uv, UV_RUN_NOWAIT);
    vt_cancel(v); /* UV_EBUSY where it is too late */
    assert_true(fixture_run(&s->loop));
    assert_int_equal(seen.count, 1);
    if (seen.result.status == 0)
      country_dict_release(seen.result.value.p);
    else
      assert_status(seen.result.status, UV_ECANCELED);
  }
  expect_all_dropped(0);
}

static void a_load_past_its_deadline_is_dropped(void **state) {
  struct shop *s = *state;
  start_to_count();
  for (int i = 0; i < 30; i++) {
    vt_t v = vt_with_timeout(country_store_load(s->store), (uint64_t)(i % 4));
    vt_result_t r = vt_loop_run(s->loop.vt, v);
    if (r.status == 0)
      country_dict_release(r.value.p);
    else
      assert_status(r.status, UV_ETIMEDOUT);
    assert_true(fixture_run(&s->loop));
  }
  expect_all_dropped(0);
}

static void a_load_that_fails_has_nothing_to_drop(void **state) {
  struct shop *s = *state;
  start_to_count();
  assert_true(database_sql("DROP TABLE country"));
  vt_result_t r = vt_loop_run(s->loop.vt, country_store_load(s->store));
  assert_status(r.status, UV_EINVAL);
  expect_all_dropped(0);
}

/* ---- out of memory ---- */

static const char *fault_session(uint64_t n, enum fault_mode mode) {
  static struct shop s; /* large */
  struct seen seen = {0};
  const char *problem = open_shop(&s);
  if (problem || country_store_open(database_name(), &s.store) != 0)
    return problem ? problem : "no store";
  fault_arm(n, mode);
  vt_await(country_store_load(s.store), seen_k, &seen);
  vt_forget(country_store_load(s.store));
  if (!fixture_run(&s.loop))
    problem = "hangs";
  fault_disarm();
  country_store_close(s.store);
  if (seen.count != 1)
    problem = "not told exactly once";
  else if (seen.result.status == 0)
    country_dict_release(seen.result.value.p);
  else if (seen.result.status != UV_ENOMEM)
    problem = "told another status";
  s.loop.report_count = 0; /* a failure may be nobody's */
  const char *left = fixture_close(&s.loop);
  if (!problem && atomic_load(&dropped) != atomic_load(&made))
    problem = "a dictionary was lost";
  return problem ? problem : left;
}

static void each_allocation_may_fail(void **state) {
  (void)state;
  start_to_count();
  const char *problem = fault_walk(fault_session);
  if (problem)
    fail_msg("%s", problem);
}

static int fill(void **state) {
  (void)state;
  return database_fill() ? 0 : -1;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_load_is_given),
      TEST(a_load_that_is_forgotten_is_dropped),
      TEST(a_load_whose_store_is_closed_is_dropped),
      TEST(a_load_that_is_cancelled_is_dropped),
      TEST(a_load_past_its_deadline_is_dropped),
      TEST(a_load_that_fails_has_nothing_to_drop),
      cmocka_unit_test_setup(each_allocation_may_fail, fill),
  };
  if (fault_install() != 0)
    return 1;
  return cmocka_run_group_tests(tests, database_open, database_close);
}
