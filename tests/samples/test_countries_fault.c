/* SPDX-License-Identifier: MIT */
/* The cache of countries, out of memory: each allocation of the library, and of
 * the cache itself, fails once, and from there on; over each kind of database.
 * */
#include "support/fault.h"
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "countries/countries.h"
#include "samples/database.h"

static int setup(void **state) {
  int status = database_open(state);
  return status == 0 && database_fill() ? 0 : -1;
}

/* ---- helpers ---- */

/* What a callback saw, copied while it was borrowed. */
struct told {
  int count;
  int64_t status;
  char name[64];
};

static void on_country(void *state, vt_result_t r) {
  struct told *t = state;
  t->count++;
  t->status = r.status;
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

struct invalidator {
  countries_t *c;
  struct told *told;
};

static void invalidate_then_read(void *state, vt_result_t r) {
  struct invalidator *i = state;
  countries_invalidate(i->c);
  on_country(i->told, r);
}

/* ---- the allocator of the cache itself ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

/* Of the thread that arms; the pool's threads see -1. */
static _Thread_local int calls_left = -1;
static _Thread_local bool call_failed;

static bool fails(void) {
  if (calls_left > 0)
    calls_left--;
  call_failed |= calls_left == 0;
  return calls_left == 0;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}

static bool is_good(int64_t status) {
  return status == 0 || status == UV_ENOMEM;
}

/* Asks, and twice more after a pause, when the database may be looked at. */
static const char *pause_and_ask(struct fixture *f, countries_t *c) {
  struct told told[3] = {{0}};
  struct seen seen = {0};
  vt_await(get_country(c, 276), on_country, &told[0]);
  if (!fixture_run_until(f, &told[0].count, 1))
    return "hangs";
  int pause = database_is_watched() ? 0 : 100;
  for (int i = 0; i < pause && countries_is_in_hand(c); i++) {
    seen.count = 0;
    vt_await(vt_delay(1), seen_k, &seen);
    fixture_run_until(f, &seen.count, 1);
  }
  vt_await(get_country(c, 276), on_country, &told[1]);
  vt_await(get_country(c, 276), on_country, &told[2]);
  for (int n = 0; n < 3; n++) {
    if (!fixture_run_until(f, &told[n].count, 1) || told[n].count != 1)
      return "not told exactly once after a pause";
    if (told[n].status == 0 ? strcmp(told[n].name, "Germany") != 0
                            : told[n].status != UV_ENOMEM)
      return "told nonsense after a pause";
  }
  return NULL;
}

/* Asks twice, invalidates while borrowing, writes, asks again. */
static const char *use(struct fixture *f, countries_t *c) {
  struct told told[4] = {{0}};
  struct seen written = {0};
  struct invalidator i = {c, &told[1]};
  struct country_change change = {276, {[COUNTRY_NAME] = "Germany"}};
  vt_await(get_country(c, 276), on_country, &told[0]);
  vt_await(get_country(c, 276), invalidate_then_read, &i);
  if (!fixture_run_until(f, &told[0].count, 1) ||
      !fixture_run_until(f, &told[1].count, 1))
    return "hangs";
  struct country_found *found = country_found_new();
  vt_await(countries_write_if(c, &change, COUNTRY_IF_THERE, found), seen_k,
           &written);
  vt_counted_release(found);
  vt_await(get_country_by_alpha(c, "DE", 2), on_country, &told[2]);
  vt_await(get_countries(c), on_countries, &told[3]);
  countries_invalidate(c);
  countries_close(c);
  if (!fixture_run(f))
    return "hangs";
  if (written.count != 1 || !is_good(written.result.status))
    return "the write told another status";
  for (int n = 0; n < 4; n++) {
    if (told[n].count != 1)
      return "not told exactly once";
    bool ended = n > 1 && told[n].status == UV_ECANCELED; /* by the close */
    if (!is_good(told[n].status) && !ended)
      return "told another status";
    if (n < 3 && told[n].status == 0 && strcmp(told[n].name, "Germany") != 0)
      return "told nonsense";
  }
  return NULL;
}

static const char *session(struct fixture *f) {
  countries_t *c;
  int status = countries_open(database_name(), &c);
  if (status != 0)
    return status == UV_ENOMEM ? NULL : "open has another status";
  countries_look_every(c, 1);
  const char *problem = pause_and_ask(f, c);
  const char *after = use(f, c);
  return problem ? problem : after;
}

static const char *fault_session(uint64_t n, enum fault_mode mode) {
  static struct fixture f; /* large */
  memset(&f, 0, sizeof f);
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  fault_arm(n, mode);
  problem = session(&f);
  fault_disarm();
  f.report_count = 0; /* out of memory, a failure may be nobody's */
  const char *left = fixture_close(&f);
  return problem ? problem : left;
}

static void each_allocation_of_the_library_may_fail(void **state) {
  (void)state;
  const char *problem = fault_walk(fault_session);
  if (problem)
    print_error("%s\n", problem);
  assert_null(problem);
}

static void each_allocation_of_its_own_may_fail(void **state) {
  (void)state;
  static struct fixture f;
  assert_null(fixture_open(&f));
  for (int n = 1; n < 100; n++) {
    call_failed = false;
    calls_left = n;
    const char *problem = session(&f);
    calls_left = -1;
    f.report_count = 0;
    if (problem)
      print_error("call %d: %s\n", n, problem);
    assert_null(problem);
    if (!call_failed)
      break;
  }
  assert_false(call_failed);
  assert_null(fixture_close(&f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_allocation_of_the_library_may_fail),
      cmocka_unit_test(each_allocation_of_its_own_may_fail),
  };
  if (fault_install() != 0)
    return 1;
  return cmocka_run_group_tests(tests, setup, database_close);
}
