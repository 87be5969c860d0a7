/* SPDX-License-Identifier: MIT */
/* The cache of countries over an SQLite file that others change: what it sees,
 * when it looks, and that it goes on with what it has. */
#include "support/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "countries/countries.h"
#include "countries/country_db.h"
#include "countries/country_look.h"
#include "samples/site.h"

/* ---- fixture: a loop, a folder with a database, a cache that looks often ----
 */

struct shop {
  struct fixture loop; /* first */
  struct site *site;
  countries_t *countries;
};

static atomic_int looks;

bool __real_country_look_has_changed(struct country_look *look,
                                     const char *path);
bool __wrap_country_look_has_changed(struct country_look *look,
                                     const char *path);

bool __wrap_country_look_has_changed(struct country_look *look,
                                     const char *path) {
  atomic_fetch_add(&looks, 1);
  return __real_country_look_has_changed(look, path);
}

static int setup(void **state) {
  struct shop *s = calloc(1, sizeof *s);
  void *site;
  if (!s || site_setup(&site) != 0 || fixture_open(&s->loop))
    return -1;
  s->site = site;
  *state = s;
  atomic_store(&looks, 0);
  if (countries_open(s->site->db, &s->countries) != 0)
    return -1;
  countries_look_every(s->countries, 1);
  return 0;
}

static int teardown(void **state) {
  struct shop *s = *state;
  void *site = s->site;
  countries_close(s->countries);
  fixture_run(&s->loop); /* the cache ends in a later turn */
  const char *problem = fixture_close(&s->loop);
  if (problem)
    print_error("%s\n", problem);
  int status = site_teardown(&site);
  free(s);
  return problem ? -1 : status;
}

/* ---- helpers ---- */

static sqlite3 *open_database(const char *path) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  sqlite3_busy_timeout(db, 30000); /* while the cache reads */
  return db;
}

static void run_sql(sqlite3 *db, const char *text) {
  assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

static void sql(struct shop *s, const char *text) {
  sqlite3 *db = open_database(s->site->db);
  run_sql(db, text);
  sqlite3_close(db);
}

static const char *name_of(struct shop *s, int numeric) {
  vt_result_t r = vt_loop_run(s->loop.vt, get_country(s->countries, numeric));
  assert_status(r.status, 0);
  return country_value(r) ? country_value(r)->name : "none";
}

static uint64_t loads(struct shop *s) {
  struct countries_stats stats;
  countries_stats(s->countries, &stats);
  return stats.loads;
}

static void turn(struct shop *s) {
  assert_status(vt_loop_run(s->loop.vt, vt_delay(1)).status, 0);
}

/* Asks until the name is this one, which must come. */
static void wait_for_name(struct shop *s, const char *name) {
  while (strcmp(name_of(s, 276), name) != 0)
    turn(s);
}

/* Asks until so many looks were made. */
static void wait_for_looks(struct shop *s, int count) {
  for (count += atomic_load(&looks); atomic_load(&looks) < count; turn(s))
    assert_true(*name_of(s, 276));
}

static void wait_for_a_pause(struct shop *s) {
  while (countries_is_in_hand(s->countries))
    turn(s);
}

/* ---- it sees ---- */

static void a_change_by_others_is_seen(void **state) {
  struct shop *s = *state;
  assert_string_equal(name_of(s, 276), "Germany");
  sql(s, "UPDATE country SET name = 'Changed' WHERE numeric = 276");
  wait_for_name(s, "Changed");
  sql(s, "DELETE FROM country WHERE numeric = 276");
  wait_for_name(s, "none");
}

static void a_change_beside_a_write_ahead_log_is_seen(void **state) {
  struct shop *s = *state;
  sqlite3 *db = open_database(s->site->db);
  run_sql(db, "PRAGMA journal_mode = WAL");
  assert_string_equal(name_of(s, 276), "Germany");
  run_sql(db, "UPDATE country SET name = 'Changed' WHERE numeric = 276");
  wait_for_name(s, "Changed");
  wait_for_a_pause(s);
  run_sql(db, "UPDATE country SET name = 'Again' WHERE numeric = 276");
  assert_string_equal(name_of(s, 276), "Again");
  sqlite3_close(db);
}

/* However long the pause was. */
static void the_first_call_after_a_pause_is_not_old(void **state) {
  struct shop *s = *state;
  for (int i = 0; i < 10; i++) {
    char text[96], name[16];
    assert_true(*name_of(s, 276));
    wait_for_a_pause(s);
    snprintf(name, sizeof name, "name%d", i);
    snprintf(text, sizeof text,
             "UPDATE country SET name = '%s' WHERE numeric = 276", name);
    sql(s, text);
    assert_string_equal(name_of(s, 276), name);
  }
}

static void all_who_ask_after_a_pause_wait_for_one_look(void **state) {
  struct shop *s = *state;
  struct seen seen = {0};
  assert_string_equal(name_of(s, 276), "Germany");
  wait_for_a_pause(s);
  int before = atomic_load(&looks);
  for (int i = 0; i < 100; i++)
    vt_await(get_country(s->countries, 276), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run_until(&s->loop, &seen.count, 100));
  assert_status(seen.result.status, 0);
  /* the timer's own come beside it where the machine is slow */
  assert_in_range(atomic_load(&looks), before + 1, before + 9);
  assert_int_equal(loads(s), 1);
}

static void a_file_in_the_place_of_the_old_one_is_seen(void **state) {
  struct shop *s = *state;
  char path[128];
  snprintf(path, sizeof path, "%s.new", s->site->db);
  assert_string_equal(name_of(s, 276), "Germany");
  assert_int_equal(country_db_import(path, SITE_CSV, NULL, 0), 0);
  sqlite3 *db = open_database(path);
  run_sql(db, "UPDATE country SET name = 'Another' WHERE numeric = 276");
  sqlite3_close(db);
  assert_int_equal(rename(path, s->site->db), 0);
  wait_for_name(s, "Another");
}

/* ---- it does not do more than it must ---- */

static void what_has_not_changed_is_not_loaded_again(void **state) {
  struct shop *s = *state;
  struct country_change change = {4, {[COUNTRY_NAME] = "Changed"}};
  assert_string_equal(name_of(s, 276), "Germany");
  const struct country_dict *dict = countries_peek(s->countries);
  wait_for_looks(s, 5);
  assert_int_equal(loads(s), 1);
  assert_ptr_equal(countries_peek(s->countries), dict);
  vt_result_t r =
      vt_loop_run(s->loop.vt, countries_write(s->countries, &change));
  assert_status(r.status, 0);
  wait_for_looks(s, 5);
  assert_int_equal(loads(s), 2);
}

static void nobody_asks_and_nothing_wakes_up(void **state) {
  struct shop *s = *state;
  assert_string_equal(name_of(s, 276), "Germany");
  wait_for_a_pause(s);
  int before = atomic_load(&looks);
  for (int i = 0; i < 20; i++)
    turn(s);
  assert_int_equal(atomic_load(&looks), before);
  assert_false(uv_loop_alive(&s->loop.uv));
  assert_true(countries_is_loaded(s->countries));
}

static void looking_can_be_turned_off(void **state) {
  struct shop *s = *state;
  countries_look_every(s->countries, 0);
  assert_string_equal(name_of(s, 276), "Germany");
  sql(s, "DELETE FROM country");
  for (int i = 0; i < 20; i++, turn(s))
    assert_true(countries_is_in_hand(s->countries));
  assert_string_equal(name_of(s, 276), "Germany");
  assert_int_equal(atomic_load(&looks), 0);
}

/* ---- the database cannot be read ---- */

static void while_others_hold_the_lock_the_old_is_served(void **state) {
  struct shop *s = *state;
  sqlite3 *db = open_database(s->site->db);
  assert_string_equal(name_of(s, 276), "Germany");
  run_sql(db, "BEGIN EXCLUSIVE;"
              "UPDATE country SET name = 'Changed' WHERE numeric = 276");
  wait_for_looks(s, 3);
  wait_for_a_pause(s);
  assert_string_equal(name_of(s, 276), "Germany");
  run_sql(db, "COMMIT");
  wait_for_name(s, "Changed");
  sqlite3_close(db);
}

static void without_its_file_the_old_is_served(void **state) {
  struct shop *s = *state;
  char path[128];
  snprintf(path, sizeof path, "%s.away", s->site->db);
  assert_string_equal(name_of(s, 276), "Germany");
  assert_int_equal(rename(s->site->db, path), 0);
  wait_for_looks(s, 3);
  assert_string_equal(name_of(s, 276), "Germany");
  assert_int_equal(rename(path, s->site->db), 0);
  wait_for_looks(s, 2);
  assert_int_equal(loads(s), 1);
  sql(s, "UPDATE country SET name = 'Changed' WHERE numeric = 276");
  wait_for_name(s, "Changed");
}

/* Seen, and not read: again until it can be. */
static void what_cannot_be_loaded_leaves_the_old(void **state) {
  struct shop *s = *state;
  assert_string_equal(name_of(s, 276), "Germany");
  sql(s, "ALTER TABLE country RENAME TO other");
  wait_for_looks(s, 5);
  assert_string_equal(name_of(s, 276), "Germany");
  assert_true(loads(s) > 2);
  sql(s, "ALTER TABLE other RENAME TO country;"
         "UPDATE country SET name = 'Changed' WHERE numeric = 276");
  wait_for_name(s, "Changed");
}

static void a_file_that_is_no_database_leaves_the_old(void **state) {
  struct shop *s = *state;
  char path[128];
  snprintf(path, sizeof path, "%s.new", s->site->db);
  assert_string_equal(name_of(s, 276), "Germany");
  assert_true(site_write(path, "this is no database, but a text", 31));
  assert_int_equal(rename(path, s->site->db), 0);
  wait_for_looks(s, 3);
  assert_string_equal(name_of(s, 276), "Germany");
}

/* ---- it ends ---- */

static void closing_lets_a_look_end(void **state) {
  struct shop *s = *state;
  struct seen seen = {0};
  assert_string_equal(name_of(s, 276), "Germany");
  wait_for_a_pause(s);
  vt_await(get_country(s->countries, 276), seen_k, &seen);
  countries_close(s->countries);
  s->countries = NULL;
  assert_true(fixture_run(&s->loop));
  assert_int_equal(seen.count, 1);
  assert_status(seen.result.status, 0);
}

static void a_call_that_is_cancelled_leaves_the_look_to_others(void **state) {
  struct shop *s = *state;
  struct seen gone = {0}, stays = {0};
  assert_string_equal(name_of(s, 276), "Germany");
  wait_for_a_pause(s);
  vt_t v = get_country(s->countries, 276);
  vt_await(v, seen_k, &gone);
  vt_await(get_country(s->countries, 276), seen_k, &stays);
  vt_cancel(v);
  assert_true(fixture_run_until(&s->loop, &stays.count, 1));
  assert_true(fixture_run_until(&s->loop, &gone.count, 1));
  assert_status(gone.result.status, UV_ECANCELED);
  assert_status(stays.result.status, 0);
}

/* ---- the server ---- */

static void the_server_shows_what_others_change(void **state) {
  struct shop *s = *state;
  char got[16] = "";
  assert_true(site_start(s->site, "--loops", "2"));
  int fd = site_connect(s->site);
  assert_true(site_says(fd, "GET country:276\r\n", "$7\r\nGermany\r\n"));
  sql(s, "UPDATE country SET name = 'Changed' WHERE numeric = 276");
  while (!strstr(got, "Changed")) {
    turn(s);
    assert_int_equal(write(fd, "GET country:276\r\n", 17), 17);
    assert_int_equal(read(fd, got, 13), 13);
  }
  close(fd);
  assert_int_equal(site_stop(s->site, 15), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_change_by_others_is_seen),
      TEST(a_change_beside_a_write_ahead_log_is_seen),
      TEST(the_first_call_after_a_pause_is_not_old),
      TEST(all_who_ask_after_a_pause_wait_for_one_look),
      TEST(a_file_in_the_place_of_the_old_one_is_seen),
      TEST(what_has_not_changed_is_not_loaded_again),
      TEST(nobody_asks_and_nothing_wakes_up),
      TEST(looking_can_be_turned_off),
      TEST(while_others_hold_the_lock_the_old_is_served),
      TEST(without_its_file_the_old_is_served),
      TEST(what_cannot_be_loaded_leaves_the_old),
      TEST(a_file_that_is_no_database_leaves_the_old),
      TEST(closing_lets_a_look_end),
      TEST(a_call_that_is_cancelled_leaves_the_look_to_others),
      TEST(the_server_shows_what_others_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
