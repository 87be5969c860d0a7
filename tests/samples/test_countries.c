/* SPDX-License-Identifier: MIT */
/* The cache of countries over a real database: one load for all who wait, hits
 * without allocation, borrowing through an invalidation. What runs out of
 * memory is in test_countries_fault.c. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "countries/countries.h"
#include "countries/country_db.h"

#define CSV "../samples/countries/iso_3166-1.csv"

/* ---- fixture: a loop, a database, a cache ---- */

struct shop {
  struct fixture loop; /* first */
  char dir[64], db[96], csv[96];
  countries_t *countries;
};

/* The linker takes plain functions, so this must be static. Loads run on the
 * pool, one at a time; cases look when they are over. */
static int loads;

int __real_country_db_load(const char *path, const struct country_dict **out);
int __wrap_country_db_load(const char *path, const struct country_dict **out);

int __wrap_country_db_load(const char *path, const struct country_dict **out) {
  loads++;
  return __real_country_db_load(path, out);
}

static int setup(void **state) {
  struct shop *s = calloc(1, sizeof *s);
  if (!s || fixture_open(&s->loop))
    return -1;
  strcpy(s->dir, "/tmp/vt-countries-XXXXXX");
  if (!mkdtemp(s->dir))
    return -1;
  snprintf(s->db, sizeof s->db, "%s/c.db", s->dir);
  snprintf(s->csv, sizeof s->csv, "%s/c.csv", s->dir);
  loads = 0;
  *state = s;
  if (country_db_import(s->db, CSV, NULL, 0) != 0)
    return -1;
  return countries_open(s->db, &s->countries);
}

static int teardown(void **state) {
  struct shop *s = *state;
  countries_close(s->countries);
  if (s->loop.vt)
    fixture_run(&s->loop); /* the cache ends in a later turn */
  const char *problem = fixture_close(&s->loop);
  if (problem)
    print_error("%s\n", problem);
  unlink(s->db);
  unlink(s->csv);
  int status = rmdir(s->dir);
  free(s);
  return problem ? -1 : status;
}

/* ---- helpers ---- */

/* What a callback saw, copied while it was borrowed. */
struct told {
  int count;
  int64_t status;
  char name[64];
  int order; /* of all in this case */
  int *clock;
};

static void on_country(void *state, vt_result_t r) {
  struct told *t = state;
  t->count++;
  t->status = r.status;
  if (t->clock)
    t->order = ++*t->clock;
  snprintf(t->name, sizeof t->name, "%s",
           r.status != 0      ? "failed"
           : country_value(r) ? country_value(r)->name
                              : "none");
}

static void on_countries(void *state, vt_result_t r) {
  struct told *t = state;
  t->count++;
  t->status = r.status;
  snprintf(t->name, sizeof t->name, "failed");
  if (r.status == 0) {
    const struct country_dict *dict = country_dict_value(r);
    snprintf(t->name, sizeof t->name, "%zu %s", country_dict_count(dict),
             country_dict_rows(dict)[0].name);
  }
}

static void expect_name(const struct told *t, const char *name) {
  assert_int_equal(t->count, 1);
  assert_string_equal(t->name, name);
}

static void load_now(struct shop *s) {
  vt_result_t r = vt_loop_run(s->loop.vt, get_countries(s->countries));
  assert_status(r.status, 0);
  assert_true(countries_is_loaded(s->countries));
}

static void import_one(struct shop *s, const char *row) {
  FILE *file = fopen(s->csv, "w");
  assert_non_null(file);
  fprintf(file, "numeric,alpha_2,alpha_3,name,official_name,flag\n%s\n", row);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(country_db_import(s->db, s->csv, NULL, 0), 0);
}

/* ---- it works ---- */

static void the_first_call_waits_and_later_ones_do_not(void **state) {
  struct shop *s = *state;
  struct told first = {0}, second = {0};
  vt_await(get_country(s->countries, 276), on_country, &first);
  assert_int_equal(first.count, 0);
  assert_true(fixture_run(&s->loop));
  expect_name(&first, "Germany");
  vt_await(get_country(s->countries, 276), on_country, &second);
  expect_name(&second, "Germany");
  assert_int_equal(loads, 1);
}

static void any_number_of_callers_make_one_load(void **state) {
  struct shop *s = *state;
  enum { CALLERS = 1000 };
  struct told *told = calloc(CALLERS, sizeof *told);
  int clock = 0;
  assert_non_null(told);
  for (int i = 0; i < CALLERS; i++) {
    told[i].clock = &clock;
    vt_await(get_country(s->countries, 4), on_country, &told[i]);
  }
  assert_true(fixture_run(&s->loop));
  assert_int_equal(loads, 1);
  for (int i = 0; i < CALLERS; i++) {
    expect_name(&told[i], "Afghanistan");
    assert_int_equal(told[i].order, i + 1);
  }
  free(told);
}

static void a_country_has_three_codes(void **state) {
  struct shop *s = *state;
  struct told cold[4] = {{0}}, warm[4] = {{0}};
  countries_t *c = s->countries;
  for (int round = 0; round < 2; round++) {
    struct told *t = round ? warm : cold;
    vt_await(get_country_by_alpha(c, "DE", 2), on_country, &t[0]);
    vt_await(get_country_by_alpha(c, "DEU", 3), on_country, &t[1]);
    vt_await(get_country_by_alpha(c, "DEUTSCHLAND", 11), on_country, &t[2]);
    vt_await(get_country(c, 999), on_country, &t[3]);
    assert_true(fixture_run(&s->loop));
    expect_name(&t[0], "Germany");
    expect_name(&t[1], "Germany");
    expect_name(&t[2], "none");
    expect_name(&t[3], "none");
  }
  assert_int_equal(loads, 1);
}

static void the_whole_dictionary_is_given(void **state) {
  struct shop *s = *state;
  struct told first = {0}, second = {0};
  vt_await(get_countries(s->countries), on_countries, &first);
  assert_true(fixture_run(&s->loop));
  vt_await(get_countries(s->countries), on_countries, &second);
  expect_name(&first, "249 Afghanistan");
  expect_name(&second, "249 Afghanistan");
}

static void a_hit_allocates_nothing(void **state) {
  struct shop *s = *state;
  struct told t = {0};
  vt_loop_stats_t before, after;
  load_now(s);
  assert_true(fixture_run(&s->loop));
  uint64_t allocations = fixture_allocations();
  vt_loop_stats(s->loop.vt, &before);
  for (int i = 0; i < 1000; i++) {
    vt_await(get_country(s->countries, 276), on_country, &t);
    vt_await(get_country_by_alpha(s->countries, "DE", 2), on_country, &t);
    vt_await(get_countries(s->countries), on_countries, &t);
  }
  vt_loop_stats(s->loop.vt, &after);
  assert_int_equal(t.count, 3000);
  assert_int_equal(fixture_allocations(), allocations);
  assert_int_equal(after.pending, before.pending);
}

static void an_invalidation_makes_the_next_call_load(void **state) {
  struct shop *s = *state;
  struct told t = {0};
  load_now(s);
  import_one(s, "5,,,New,,");
  countries_invalidate(s->countries);
  assert_false(countries_is_loaded(s->countries));
  vt_await(get_countries(s->countries), on_countries, &t);
  assert_true(fixture_run(&s->loop));
  expect_name(&t, "1 New");
  assert_int_equal(loads, 2);
}

static void an_invalidated_load_answers_and_is_not_kept(void **state) {
  struct shop *s = *state;
  struct told first = {0}, second = {0};
  vt_await(get_countries(s->countries), on_countries, &first);
  countries_invalidate(s->countries);
  assert_true(fixture_run(&s->loop));
  expect_name(&first, "249 Afghanistan");
  assert_int_equal(loads, 1);
  assert_false(countries_is_loaded(s->countries));
  vt_await(get_countries(s->countries), on_countries, &second);
  assert_true(fixture_run(&s->loop));
  expect_name(&second, "249 Afghanistan");
  assert_true(countries_is_loaded(s->countries));
}

static void
who_comes_after_an_invalidation_waits_for_another_load(void **state) {
  struct shop *s = *state;
  struct told first = {0}, second = {0};
  vt_await(get_countries(s->countries), on_countries, &first);
  countries_invalidate(s->countries);
  vt_await(get_countries(s->countries), on_countries, &second);
  assert_true(fixture_run(&s->loop));
  expect_name(&first, "249 Afghanistan");
  expect_name(&second, "249 Afghanistan");
  assert_int_equal(loads, 2);
  assert_true(countries_is_loaded(s->countries));
}

/* ---- borrowing ---- */

struct invalidator {
  countries_t *c;
  struct told *told;
};

static void invalidate_then_read(void *state, vt_result_t r) {
  struct invalidator *i = state;
  countries_invalidate(i->c);
  on_country(i->told, r);
}

static void what_was_given_outlives_an_invalidation(void **state) {
  struct shop *s = *state;
  struct told t = {0};
  struct invalidator i = {s->countries, &t};
  load_now(s);
  vt_await(get_country(s->countries, 276), invalidate_then_read, &i);
  expect_name(&t, "Germany");
}

static void one_waiter_may_invalidate_before_the_others(void **state) {
  struct shop *s = *state;
  enum { CALLERS = 300 };
  struct told told[CALLERS] = {{0}};
  struct invalidator i[CALLERS];
  for (int n = 0; n < CALLERS; n++) {
    i[n] = (struct invalidator){s->countries, &told[n]};
    vt_await(get_country(s->countries, 276),
             n % 7 ? on_country : invalidate_then_read,
             n % 7 ? (void *)&told[n] : (void *)&i[n]);
  }
  assert_true(fixture_run(&s->loop));
  for (int n = 0; n < CALLERS; n++)
    expect_name(&told[n], "Germany");
}

/* Returns what it got through that many async functions. */
struct deep_frame {
  vt_frame_t vt;
  countries_t *c;
  int depth;
};

static vt_t deep(void *frame) {
  struct deep_frame *f = frame;
  VT_BEGIN(f);
  if (f->depth > 0) {
    struct deep_frame inner = {.c = f->c, .depth = f->depth - 1};
    VT_RETURN(f, vt_start(&inner, deep));
  }
  VT_RETURN(f, get_country(f->c, 276));
  VT_END(f);
}

static void a_country_may_be_returned_through_many_functions(void **state) {
  struct shop *s = *state;
  struct told last = {0}, t = {0};
  struct invalidator i = {s->countries, &t};
  struct deep_frame f = {.c = s->countries, .depth = 100};
  vt_await(vt_start(&f, deep), on_country, &last);
  vt_await(get_country(s->countries, 276), invalidate_then_read, &i);
  assert_true(fixture_run(&s->loop));
  expect_name(&last, "Germany");
  expect_name(&t, "Germany");
}

static void keep(void *state, vt_result_t r) {
  const struct country_dict **kept = state;
  if (r.status == 0)
    *kept = countries_retain(country_dict_value(r));
}

static void what_was_retained_lives_until_its_release(void **state) {
  struct shop *s = *state;
  const struct country_dict *kept = NULL;
  vt_await(get_countries(s->countries), keep, &kept);
  assert_true(fixture_run(&s->loop));
  countries_invalidate(s->countries);
  load_now(s);
  assert_true(fixture_run(&s->loop));
  assert_non_null(kept);
  assert_string_equal(country_dict_by_numeric(kept, 276)->name, "Germany");
  countries_release(kept);
}

/* An async function that asks in its middle. */
struct ask_frame {
  vt_frame_t vt;
  countries_t *c;
  struct told *told;
};

static vt_t ask(void *frame) {
  struct ask_frame *f = frame;
  vt_value_t country;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, country, get_country(f->c, 276));
  countries_invalidate(f->c);
  on_country(f->told, (vt_result_t){0, country});
  VT_RETURN(f, vt_done());
  VT_END(f);
}

static void an_async_function_borrows_until_it_waits(void **state) {
  struct shop *s = *state;
  struct told cold = {0}, warm = {0};
  struct ask_frame f = {.c = s->countries, .told = &cold};
  assert_status(vt_loop_run(s->loop.vt, vt_start(&f, ask)).status, 0);
  expect_name(&cold, "Germany");
  load_now(s);
  f = (struct ask_frame){.c = s->countries, .told = &warm};
  assert_status(vt_loop_run(s->loop.vt, vt_start(&f, ask)).status, 0);
  expect_name(&warm, "Germany");
}

/* ---- it fails ---- */

static void a_failed_load_is_told_to_all_and_not_kept(void **state) {
  struct shop *s = *state;
  struct told a = {0}, b = {0}, c = {0};
  assert_int_equal(unlink(s->db), 0);
  vt_await(get_country(s->countries, 276), on_country, &a);
  vt_await(get_countries(s->countries), on_countries, &b);
  assert_true(fixture_run(&s->loop));
  assert_int_equal(a.count, 1);
  assert_int_equal(b.count, 1);
  assert_status(a.status, UV_ENOENT);
  assert_status(b.status, UV_ENOENT);
  assert_int_equal(loads, 1);
  assert_false(countries_is_loaded(s->countries));
  import_one(s, "5,,,New,,");
  vt_await(get_country(s->countries, 5), on_country, &c);
  assert_true(fixture_run(&s->loop));
  expect_name(&c, "New");
}

static void a_withdrawn_caller_is_not_called(void **state) {
  struct shop *s = *state;
  struct told gone = {0}, here = {0};
  vt_t v = get_country(s->countries, 276);
  vt_await(v, on_country, &gone);
  vt_await(get_country(s->countries, 276), on_country, &here);
  assert_true(vt_await_stop(v, on_country, &gone));
  assert_true(fixture_run(&s->loop));
  assert_int_equal(gone.count, 0);
  expect_name(&here, "Germany");
}

static void closing_lets_those_who_wait_have_their_answer(void **state) {
  struct shop *s = *state;
  struct told t = {0};
  vt_await(get_country(s->countries, 276), on_country, &t);
  countries_close(s->countries);
  s->countries = NULL;
  assert_true(fixture_run(&s->loop));
  expect_name(&t, "Germany");
}

static void close_it(void *state, vt_result_t r) {
  struct invalidator *i = state;
  on_country(i->told, r);
  countries_close(i->c);
}

static void a_waiter_may_close(void **state) {
  struct shop *s = *state;
  struct told t = {0};
  struct invalidator i = {s->countries, &t};
  vt_await(get_country(s->countries, 276), close_it, &i);
  s->countries = NULL;
  assert_true(fixture_run(&s->loop));
  expect_name(&t, "Germany");
}

static void open_without_a_loop(void *arg) {
  countries_t *c;
  *(int *)arg = countries_open("/nowhere", &c);
}

static void a_cache_needs_a_loop(void **state) {
  (void)state;
  int status = 0;
  fixture_on_thread(open_without_a_loop, &status, 0);
  assert_status(status, VT_ENOLOOP);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(the_first_call_waits_and_later_ones_do_not),
      TEST(any_number_of_callers_make_one_load),
      TEST(a_country_has_three_codes),
      TEST(the_whole_dictionary_is_given),
      TEST(a_hit_allocates_nothing),
      TEST(an_invalidation_makes_the_next_call_load),
      TEST(an_invalidated_load_answers_and_is_not_kept),
      TEST(who_comes_after_an_invalidation_waits_for_another_load),
      TEST(what_was_given_outlives_an_invalidation),
      TEST(one_waiter_may_invalidate_before_the_others),
      TEST(a_country_may_be_returned_through_many_functions),
      TEST(what_was_retained_lives_until_its_release),
      TEST(an_async_function_borrows_until_it_waits),
      TEST(a_failed_load_is_told_to_all_and_not_kept),
      TEST(a_withdrawn_caller_is_not_called),
      TEST(closing_lets_those_who_wait_have_their_answer),
      TEST(a_waiter_may_close),
      TEST(a_cache_needs_a_loop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
