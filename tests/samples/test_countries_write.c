/* SPDX-License-Identifier: MIT */
/* Writing through the cache of countries: what is in the database, what the
 * cache says next, what is refused, and the statistics; over each kind of
 * database. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "countries/countries.h"
#include "samples/database.h"

/* ---- fixture: a loop, a database, a cache ---- */

struct shop {
  struct fixture loop; /* first */
  countries_t *countries;
};

static struct countries_stats stats_of(struct shop *s) {
  struct countries_stats stats;
  countries_stats(s->countries, &stats);
  return stats;
}

static int setup(void **state) {
  struct shop *s = calloc(1, sizeof *s);
  if (!s || !database_fill() || fixture_open(&s->loop))
    return -1;
  *state = s;
  if (countries_open(database_name(), &s->countries) != 0)
    return -1;
  while (database_is_watched() && stats_of(s).invalidations == 0)
    uv_run(&s->loop.uv, UV_RUN_ONCE); /* the watch begins with one */
  return 0;
}

static int teardown(void **state) {
  struct shop *s = *state;
  countries_close(s->countries);
  if (s->loop.vt)
    fixture_run(&s->loop); /* the cache ends in a later turn */
  const char *problem = fixture_close(&s->loop);
  if (problem)
    print_error("%s\n", problem);
  free(s);
  return problem ? -1 : 0;
}

/* ---- helpers ---- */

static vt_result_t write_it(struct shop *s,
                            const struct country_change *change) {
  return vt_loop_run(s->loop.vt, countries_write(s->countries, change));
}

/* The texts of a country as the cache has them, copied while borrowed. */
struct described {
  int count;
  char text[256];
};

static void describe(void *state, vt_result_t r) {
  struct described *d = state;
  const country_t *c = country_value(r);
  char *text = d->text;
  d->count++;
  if (r.status != 0)
    snprintf(text, 256, "failed: %s", vt_strerror(r.status));
  else if (!c)
    snprintf(text, 256, "none");
  else
    snprintf(text, 256, "%s|%s|%s|%s|%s", c->alpha_2, c->alpha_3, c->name,
             c->official_name, c->flag);
}

static void expect_country(struct shop *s, int numeric, const char *wanted) {
  struct described d = {0};
  vt_await(get_country(s->countries, numeric), describe, &d);
  assert_true(fixture_run_until(&s->loop, &d.count, 1));
  assert_string_equal(d.text, wanted);
}

/* ---- it works ---- */

static void a_new_country_is_found(void **state) {
  struct shop *s = *state;
  struct country_change change = {999, {"ZZ", "ZZZ", "Zed", NULL, "z"}};
  expect_country(s, 999, "none");
  vt_result_t r = write_it(s, &change);
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 1);
  expect_country(s, 999, "ZZ|ZZZ|Zed||z");
}

static void a_change_leaves_what_it_does_not_name(void **state) {
  struct shop *s = *state;
  struct country_change change = {4, {[COUNTRY_NAME] = "Afghania"}};
  expect_country(s, 4,
                 "AF|AFG|Afghanistan|Islamic Republic of Afghanistan|"
                 "\xf0\x9f\x87\xa6\xf0\x9f\x87\xab");
  vt_result_t r = write_it(s, &change);
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 0);
  expect_country(s, 4,
                 "AF|AFG|Afghania|Islamic Republic of Afghanistan|"
                 "\xf0\x9f\x87\xa6\xf0\x9f\x87\xab");
}

static void an_empty_text_is_a_text(void **state) {
  struct shop *s = *state;
  struct country_change change = {4, {"", "", NULL, "", ""}};
  assert_status(write_it(s, &change).status, 0);
  expect_country(s, 4, "||Afghanistan||");
  change = (struct country_change){8, {"", "", NULL, "", ""}};
  assert_status(write_it(s, &change).status, 0);
  expect_country(s, 8, "||Albania||");
}

static void text_is_never_sql(void **state) {
  struct shop *s = *state;
  const char *name = "a'); DROP TABLE country; --\"";
  struct country_change change = {999, {[COUNTRY_NAME] = name}};
  assert_status(write_it(s, &change).status, 0);
  expect_country(s, 999, "||a'); DROP TABLE country; --\"||");
  expect_country(s, 276,
                 "DE|DEU|Germany|Federal Republic of Germany|"
                 "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa");
}

static void what_is_removed_is_gone(void **state) {
  struct shop *s = *state;
  const int numerics[] = {4, 999, 276, 4};
  vt_result_t r =
      vt_loop_run(s->loop.vt, countries_remove(s->countries, numerics, 4));
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 2);
  expect_country(s, 4, "none");
  expect_country(s, 276, "none");
  r = vt_loop_run(s->loop.vt, countries_remove(s->countries, numerics, 0));
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 0);
}

static void a_request_is_copied(void **state) {
  struct shop *s = *state;
  char name[] = "First";
  int numerics[] = {4};
  struct country_change change = {999, {[COUNTRY_NAME] = name}};
  struct seen written = {0}, removed = {0};
  vt_await(countries_write(s->countries, &change), seen_k, &written);
  vt_await(countries_remove(s->countries, numerics, 1), seen_k, &removed);
  memset(name, 'x', sizeof name - 1);
  memset(&change, 0, sizeof change);
  numerics[0] = 276;
  assert_true(fixture_run_until(&s->loop, &written.count, 1));
  assert_true(fixture_run_until(&s->loop, &removed.count, 1));
  assert_seen_int(&written, 1);
  assert_seen_int(&removed, 1);
  expect_country(s, 999, "||First||");
  expect_country(s, 4, "none");
}

/* What the write found is told, and what is loaded stays where nothing has
 * changed. */
static void a_write_may_depend_on_what_is_there(void **state) {
  struct shop *s = *state;
  static const struct {
    int numeric;
    enum country_when when;
    bool done, was_there;
    const char *name;
  } rows[] = {
      {999, COUNTRY_IF_THERE, false, false, NULL},
      {999, COUNTRY_IF_NEW, true, false, NULL},
      {999, COUNTRY_IF_NEW, false, true, "Changed"},
      {4, COUNTRY_IF_NEW, false, true, "Afghanistan"},
      {4, COUNTRY_IF_THERE, true, true, "Afghanistan"},
      {4, COUNTRY_ALWAYS, true, true, "Changed"},
      {998, COUNTRY_ALWAYS, true, false, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct country_change change = {rows[i].numeric,
                                    {[COUNTRY_NAME] = "Changed"}};
    struct country_found *found = country_found_new();
    assert_status(vt_loop_run(s->loop.vt, get_countries(s->countries)).status,
                  0);
    vt_result_t r =
        vt_loop_run(s->loop.vt, countries_write_if(s->countries, &change,
                                                   rows[i].when, found));
    assert_status(r.status, 0);
    assert_int_equal(r.value.u, rows[i].done && !rows[i].was_there);
    assert_int_equal(found->done, rows[i].done);
    assert_int_equal(found->was_there, rows[i].was_there);
    if (rows[i].name)
      assert_string_equal(found->name, rows[i].name);
    if (!rows[i].done && !database_is_watched()) /* who tells of the others */
      assert_true(countries_is_loaded(s->countries));
    vt_counted_release(found);
  }
}

static void many_writers_at_once_all_succeed(void **state) {
  struct shop *s = *state;
  struct seen seen[50] = {{0}};
  for (int i = 0; i < 50; i++) {
    struct country_change change = {1000 + i, {[COUNTRY_NAME] = "New"}};
    vt_await(countries_write(s->countries, &change), seen_k, &seen[i]);
  }
  for (int i = 0; i < 50; i++) {
    assert_true(fixture_run_until(&s->loop, &seen[i].count, 1));
    assert_seen_int(&seen[i], 1);
    expect_country(s, 1000 + i, "||New||");
  }
}

static void a_write_that_nobody_waits_for_is_done(void **state) {
  struct shop *s = *state;
  struct country_change change = {999, {[COUNTRY_NAME] = "New"}};
  vt_forget(countries_write(s->countries, &change));
  countries_close(s->countries);
  assert_true(fixture_run(&s->loop));
  assert_status(countries_open(database_name(), &s->countries), 0);
  expect_country(s, 999, "||New||");
}

static void closing_lets_a_write_end(void **state) {
  struct shop *s = *state;
  struct country_change change = {999, {[COUNTRY_NAME] = "New"}};
  struct seen seen = {0};
  vt_await(countries_write(s->countries, &change), seen_k, &seen);
  countries_close(s->countries);
  s->countries = NULL;
  assert_true(fixture_run(&s->loop));
  assert_seen_int(&seen, 1);
  assert_status(countries_open(database_name(), &s->countries), 0);
  expect_country(s, 999, "||New||");
}

static void a_load_under_way_is_not_kept_over_a_write(void **state) {
  struct shop *s = *state;
  struct country_change change = {999, {[COUNTRY_NAME] = "New"}};
  struct seen seen = {0};
  for (int i = 0; i < 20; i++) {
    int numeric = 999;
    seen.count = 0;
    vt_await(get_country(s->countries, 4), seen_k, &seen);
    vt_await(countries_write(s->countries, &change), seen_k, &seen);
    assert_true(fixture_run_until(&s->loop, &seen.count, 2));
    expect_country(s, 999, "||New||");
    assert_status(
        vt_loop_run(s->loop.vt, countries_remove(s->countries, &numeric, 1))
            .status,
        0);
    expect_country(s, 999, "none");
  }
}

/* ---- several loops ---- */

/* A loop of its own on a thread of its own. */
struct other {
  struct fixture loop;
  vt_cache_bus_t *bus;
  uv_thread_t thread;
  uv_sem_t loaded, written;
  char before[64], after[64];
  const char *problem;
};

static void read_name(struct other *o, countries_t *c, char *name) {
  vt_result_t r = vt_loop_run(o->loop.vt, get_country(c, 4));
  snprintf(name, 64, "%s", r.status == 0 ? country_value(r)->name : "failed");
}

static const char *read_twice(struct other *o) {
  countries_t *c;
  if (countries_open_on(database_name(), o->bus, &c) != 0)
    return "no cache";
  read_name(o, c, o->before);
  uv_sem_post(&o->loaded);
  uv_sem_wait(&o->written);
  vt_loop_run(o->loop.vt, vt_yield()); /* it has until the next turn */
  read_name(o, c, o->after);
  countries_close(c);
  return fixture_run(&o->loop) ? NULL : "hangs";
}

static void run_other(void *arg) {
  struct other *o = arg;
  o->problem = fixture_open_beside(&o->loop);
  if (!o->problem)
    o->problem = read_twice(o);
  if (o->problem)
    uv_sem_post(&o->loaded);
  const char *left = fixture_close(&o->loop);
  if (!o->problem)
    o->problem = left;
}

static void a_write_on_one_loop_is_seen_on_another(void **state) {
  struct shop *s = *state;
  static struct other o; /* large */
  struct country_change change = {4, {[COUNTRY_NAME] = "Changed"}};
  memset(&o, 0, sizeof o);
  assert_status(vt_cache_bus_new(&o.bus), 0);
  uv_sem_init(&o.loaded, 0);
  uv_sem_init(&o.written, 0);
  countries_t *c;
  assert_status(countries_open_on(database_name(), o.bus, &c), 0);
  assert_int_equal(uv_thread_create(&o.thread, run_other, &o), 0);
  uv_sem_wait(&o.loaded);
  vt_result_t r = vt_loop_run(s->loop.vt, countries_write(c, &change));
  uv_sem_post(&o.written);
  uv_thread_join(&o.thread);
  countries_close(c);
  vt_cache_bus_unref(o.bus);
  uv_sem_destroy(&o.loaded);
  uv_sem_destroy(&o.written);
  assert_status(r.status, 0);
  assert_null(o.problem);
  assert_string_equal(o.before, "Afghanistan");
  assert_string_equal(o.after, "Changed");
}

static void a_cache_on_a_bus_is_as_any_other(void **state) {
  struct shop *s = *state;
  vt_cache_bus_t *bus;
  struct countries_stats stats;
  struct seen seen = {0};
  countries_close(s->countries);
  assert_status(vt_cache_bus_new(&bus), 0);
  assert_status(countries_open_on(database_name(), bus, &s->countries), 0);
  vt_cache_bus_unref(bus);
  while (database_is_watched() && stats_of(s).invalidations == 0)
    uv_run(&s->loop.uv, UV_RUN_ONCE);
  expect_country(s, 999, "none");
  vt_await(get_country(s->countries, 4), seen_k, &seen);
  vt_await(get_countries(s->countries), seen_k, &seen);
  assert_int_equal(seen.count, 2);
  stats = stats_of(s);
  assert_int_equal(stats.hits, 2);
  countries_invalidate(s->countries);
  assert_false(countries_is_loaded(s->countries));
  assert_int_equal(stats_of(s).invalidations, stats.invalidations + 1);
}

/* ---- it fails ---- */

/* Nothing has changed, and the cache is as it was. */
static void expect_refused(struct shop *s, const struct country_change *change,
                           int status, const char *why) {
  assert_status(vt_loop_run(s->loop.vt, get_countries(s->countries)).status, 0);
  uint64_t loads = stats_of(s).loads;
  assert_status(write_it(s, change).status, status);
  assert_non_null(strstr(countries_error(s->countries), why));
  assert_true(countries_is_loaded(s->countries));
  countries_invalidate(s->countries);
  vt_result_t r = vt_loop_run(s->loop.vt, get_countries(s->countries));
  assert_int_equal(country_dict_count(country_dict_value(r)), 249);
  assert_int_equal(stats_of(s).loads, loads + 1);
}

static void a_bad_country_is_refused(void **state) {
  struct shop *s = *state;
  static const struct {
    struct country_change change;
    int status;
    const char *why;
  } rows[] = {
      {{999, {"ZZ", "ZZZ", NULL, "", ""}}, UV_EINVAL, "needs a name"},
      {{999, {"ZZ", "ZZZ", "", "", ""}}, UV_EINVAL, "name is empty"},
      {{4, {[COUNTRY_NAME] = ""}}, UV_EINVAL, "name is empty"},
      {{0, {[COUNTRY_NAME] = "a"}}, UV_EINVAL, "numeric"},
      {{-4, {[COUNTRY_NAME] = "a"}}, UV_EINVAL, "numeric"},
      {{4, {"A", NULL, NULL, NULL, NULL}}, UV_EINVAL, "alpha_2"},
      {{4, {"af", NULL, NULL, NULL, NULL}}, UV_EINVAL, "alpha_2"},
      {{4, {NULL, "AF", NULL, NULL, NULL}}, UV_EINVAL, "alpha_3"},
      {{4, {[COUNTRY_NAME] = "\xff"}}, UV_EINVAL, "UTF-8"},
      {{4, {"DE", NULL, NULL, NULL, NULL}}, UV_EEXIST, "another country"},
      {{4, {NULL, "DEU", NULL, NULL, NULL}}, UV_EEXIST, "another country"},
      {{999, {"DE", NULL, "a", NULL, NULL}}, UV_EEXIST, "another country"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_refused(s, &rows[i].change, rows[i].status, rows[i].why);
}

static void a_table_without_indexes_keeps_codes_single_too(void **state) {
  struct shop *s = *state;
  struct country_change change = {4, {"DE", NULL, NULL, NULL, NULL}};
  assert_true(
      database_sql("DROP INDEX country_alpha_2; DROP INDEX country_alpha_3"));
  expect_refused(s, &change, UV_EEXIST, "another country");
}

static void a_database_that_cannot_be_written_is_named(void **state) {
  struct shop *s = *state;
  struct country_change change = {999, {[COUNTRY_NAME] = "New"}};
  const int numeric = 4;
  assert_true(database_sql("DROP TABLE country"));
  assert_status(write_it(s, &change).status, UV_EINVAL);
  assert_non_null(strstr(countries_error(s->countries), "country"));
  int gone = database_lose();
  assert_status(write_it(s, &change).status, gone);
  assert_true(*countries_error(s->countries));
  assert_status(
      vt_loop_run(s->loop.vt, countries_remove(s->countries, &numeric, 1))
          .status,
      gone);
}

static void a_name_of_no_database_is_refused(void **state) {
  countries_t *c;
  (void)state;
  assert_status(countries_open("mysql://host/name", &c), UV_EPROTONOSUPPORT);
  assert_status(countries_open("sqlite3:/tmp/x", &c), UV_EPROTONOSUPPORT);
}

/* ---- statistics ---- */

static void ask_three_times(struct shop *s, struct seen *seen) {
  vt_await(get_country(s->countries, 4), seen_k, seen);
  vt_await(get_countries(s->countries), seen_k, seen);
  vt_await(get_country_by_alpha(s->countries, "DE", 2), seen_k, seen);
}

static void what_happens_is_counted(void **state) {
  struct shop *s = *state;
  struct country_change change = {999, {[COUNTRY_NAME] = "New"}};
  struct seen seen = {0};
  struct countries_stats stats = stats_of(s);
  uint64_t invalidations = stats.invalidations;
  assert_int_equal(stats.hits + stats.misses + stats.loads, 0);
  ask_three_times(s, &seen);
  assert_int_equal(stats_of(s).waiting, 3);
  assert_true(fixture_run_until(&s->loop, &seen.count, 3));
  stats = stats_of(s);
  assert_int_equal(stats.misses, 3);
  assert_int_equal(stats.loads, 1);
  assert_int_equal(stats.waiting, 0);
  assert_true(stats.load_ns > 0 && stats.load_ns == stats.load_ns_last);
  ask_three_times(s, &seen);
  assert_int_equal(stats_of(s).hits, 3);
  assert_status(write_it(s, &change).status, 0);
  assert_true(stats_of(s).invalidations > invalidations);
  int gone = database_lose();
  countries_invalidate(s->countries);
  vt_result_t r = vt_loop_run(s->loop.vt, get_countries(s->countries));
  assert_status(r.status, gone);
  stats = stats_of(s);
  /* more where its own change is heard of in between */
  assert_true(stats.loads == 2 || (database_is_watched() && stats.loads < 5));
  assert_true(stats.failures >= 1 && stats.failures < stats.loads);
  assert_true(stats.load_ns > stats.load_ns_last);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_new_country_is_found),
      TEST(a_change_leaves_what_it_does_not_name),
      TEST(an_empty_text_is_a_text),
      TEST(text_is_never_sql),
      TEST(what_is_removed_is_gone),
      TEST(a_request_is_copied),
      TEST(a_write_may_depend_on_what_is_there),
      TEST(many_writers_at_once_all_succeed),
      TEST(a_write_that_nobody_waits_for_is_done),
      TEST(closing_lets_a_write_end),
      TEST(a_load_under_way_is_not_kept_over_a_write),
      TEST(a_write_on_one_loop_is_seen_on_another),
      TEST(a_cache_on_a_bus_is_as_any_other),
      TEST(a_bad_country_is_refused),
      TEST(a_table_without_indexes_keeps_codes_single_too),
      TEST(a_database_that_cannot_be_written_is_named),
      TEST(a_name_of_no_database_is_refused),
      TEST(what_happens_is_counted),
  };
  return cmocka_run_group_tests(tests, database_open, database_close);
}
