/* SPDX-License-Identifier: MIT */
/* The cache of countries over PostgreSQL: what others write is heard of, a
 * server that goes away and comes back, refusals by their status, and two cache
 * servers on one database. What is the same for all databases is in
 * test_countries_write.c. */
#include "support/fixture.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "countries/countries.h"
#include "countries/country_store.h"
#include "samples/pg_server.h"
#include "samples/site.h"

/* ---- fixture: a server for all cases; a loop, the countries, a cache ---- */

struct shop {
  struct fixture loop; /* first */
  countries_t *countries;
};

/* On a thread of its own: this one may have a loop. */
struct prepared {
  const char *url, *csv;
  char error[COUNTRY_ERROR_SIZE];
  int status;
};

static void run_prepare(void *arg) {
  struct prepared *p = arg;
  p->status = country_store_prepare(p->url, p->csv, p->error, sizeof p->error);
}

static void prepare(struct prepared *p) {
  fixture_on_thread(run_prepare, p, 0);
}

static bool fill(void) {
  struct prepared p = {.url = pg.url, .csv = SITE_CSV};
  if (pg.pid == 0 && !pg_server_start(&pg))
    return false;
  prepare(&p);
  return p.status == 0;
}

static struct countries_stats stats_of(struct shop *s) {
  struct countries_stats stats;
  countries_stats(s->countries, &stats);
  return stats;
}

static void wait_for_invalidations(struct shop *s, uint64_t count) {
  while (stats_of(s).invalidations < count)
    uv_run(&s->loop.uv, UV_RUN_ONCE);
}

static int setup(void **state) {
  struct shop *s = calloc(1, sizeof *s);
  if (!s || !fill() || fixture_open(&s->loop))
    return -1;
  *state = s;
  if (countries_open(pg.url, &s->countries) != 0)
    return -1;
  wait_for_invalidations(s, 1); /* the watch begins with one */
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

static const char *name_of(struct shop *s, int numeric) {
  vt_result_t r = vt_loop_run(s->loop.vt, get_country(s->countries, numeric));
  assert_status(r.status, 0);
  return country_value(r) ? country_value(r)->name : "none";
}

static int64_t status_of_get(struct shop *s) {
  return vt_loop_run(s->loop.vt, get_countries(s->countries)).status;
}

static void sql(const char *text) { assert_true(pg_server_sql(&pg, text)); }

/* ---- it works ---- */

static void the_real_countries_are_there(void **state) {
  struct shop *s = *state;
  char text[64];
  vt_result_t r = vt_loop_run(s->loop.vt, get_countries(s->countries));
  assert_int_equal(country_dict_count(country_dict_value(r)), 249);
  assert_string_equal(name_of(s, 276), "Germany");
  assert_string_equal(name_of(s, 384), "C\xc3\xb4te d'Ivoire");
  assert_true(pg_server_ask(&pg, "SELECT flag FROM country WHERE numeric = 276",
                            text, sizeof text));
  assert_string_equal(text, "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa");
}

static void a_change_by_others_is_heard_of(void **state) {
  struct shop *s = *state;
  static const struct {
    const char *sql, *name;
  } rows[] = {
      {"UPDATE country SET name = 'Changed' WHERE numeric = 276", "Changed"},
      {"DELETE FROM country WHERE numeric = 276", "none"},
      {"INSERT INTO country VALUES (276, '', '', 'Back', '', '')", "Back"},
      {"TRUNCATE country", "none"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_status(status_of_get(s), 0);
    uint64_t before = stats_of(s).invalidations;
    sql(rows[i].sql);
    assert_true(countries_is_loaded(s->countries));
    wait_for_invalidations(s, before + 1);
    assert_string_equal(name_of(s, 276), rows[i].name);
  }
}

static void what_is_not_committed_is_not_heard_of(void **state) {
  struct shop *s = *state;
  assert_string_equal(name_of(s, 276), "Germany");
  uint64_t before = stats_of(s).invalidations;
  sql("BEGIN; DELETE FROM country; ROLLBACK");
  sql("UPDATE country SET name = 'Changed' WHERE numeric = 276");
  wait_for_invalidations(s, before + 1);
  assert_int_equal(stats_of(s).invalidations, before + 1);
  assert_string_equal(name_of(s, 276), "Changed");
}

static void an_import_while_others_read_is_whole(void **state) {
  struct shop *s = *state;
  for (int i = 0; i < 5; i++) {
    countries_invalidate(s->countries);
    assert_true(fill());
    vt_result_t r = vt_loop_run(s->loop.vt, get_countries(s->countries));
    assert_int_equal(country_dict_count(country_dict_value(r)), 249);
  }
}

static void a_large_table_is_read(void **state) {
  struct shop *s = *state;
  char name[16384];
  struct country_change change = {1000000, {[COUNTRY_NAME] = name}};
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  sql("INSERT INTO country SELECT n, '', '', 'Country ' || n, repeat('x', 100),"
      " '' FROM generate_series(1001, 51000) AS n");
  countries_invalidate(s->countries);
  assert_string_equal(name_of(s, 51000), "Country 51000");
  vt_result_t r =
      vt_loop_run(s->loop.vt, countries_write(s->countries, &change));
  assert_status(r.status, 0);
  assert_string_equal(name_of(s, 1000000), name);
}

/* ---- the server goes away ---- */

static void a_server_that_was_away_is_found_again(void **state) {
  struct shop *s = *state;
  struct country_change change = {999, {[COUNTRY_NAME] = "New"}};
  assert_string_equal(name_of(s, 276), "Germany");
  uint64_t before = stats_of(s).invalidations;
  pg_server_kill(&pg);
  assert_true(pg_server_start(&pg));
  sql("UPDATE country SET name = 'Missed' WHERE numeric = 276");
  wait_for_invalidations(s, before + 1); /* by the new connection */
  assert_string_equal(name_of(s, 276), "Missed");
  before = stats_of(s).invalidations;
  sql("UPDATE country SET name = 'Heard' WHERE numeric = 276");
  wait_for_invalidations(s, before + 1);
  assert_string_equal(name_of(s, 276), "Heard");
  vt_result_t r =
      vt_loop_run(s->loop.vt, countries_write(s->countries, &change));
  assert_status(r.status, 0);
}

static void without_a_server_what_is_loaded_stays(void **state) {
  struct shop *s = *state;
  const int numeric = 4;
  assert_string_equal(name_of(s, 276), "Germany");
  pg_server_kill(&pg);
  vt_result_t r =
      vt_loop_run(s->loop.vt, countries_remove(s->countries, &numeric, 1));
  assert_status(r.status, UV_ECONNREFUSED);
  assert_non_null(strstr(countries_error(s->countries), "postgresql://"));
  assert_string_equal(name_of(s, 276), "Germany");
  countries_invalidate(s->countries);
  assert_status(status_of_get(s), UV_ECONNREFUSED);
  assert_true(pg_server_start(&pg));
  assert_status(status_of_get(s), 0);
  assert_string_equal(name_of(s, 4), "Afghanistan");
}

static void a_lost_connection_is_made_again(void **state) {
  struct shop *s = *state;
  assert_string_equal(name_of(s, 276), "Germany");
  uint64_t before = stats_of(s).invalidations;
  sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE application_name = 'vt-countries'");
  wait_for_invalidations(s, before + 1);
  countries_invalidate(s->countries);
  assert_status(status_of_get(s), 0);
}

static void closing_while_the_server_is_away_ends(void **state) {
  struct shop *s = *state;
  struct seen seen = {0};
  pg_server_kill(&pg);
  vt_await(get_countries(s->countries), seen_k, &seen);
  countries_close(s->countries);
  s->countries = NULL;
  assert_true(fixture_run(&s->loop));
  assert_seen_status(&seen, UV_ECONNREFUSED);
}

/* The lock has its time on the server, the connect has it here. */
static void what_takes_too_long_is_given_up(void **state) {
  struct shop *s = *state;
  struct country_change change = {999, {[COUNTRY_NAME] = "New"}};
  struct seen written = {0}, read = {0};
  countries_t *other;
  assert_string_equal(name_of(s, 276), "Germany");
  PGconn *holder = PQconnectdb(pg.url);
  PQclear(PQexec(holder, "BEGIN; LOCK TABLE country IN ACCESS EXCLUSIVE MODE"));
  assert_int_equal(PQtransactionStatus(holder), PQTRANS_INTRANS);
  vt_await(countries_write(s->countries, &change), seen_k, &written);
  kill(pg.pid, SIGSTOP); /* who is connected is served, nobody else */
  int status = countries_open(pg.url, &other);
  vt_await(get_countries(other), seen_k, &read);
  while (written.count == 0 || read.count == 0)
    uv_run(&s->loop.uv, UV_RUN_ONCE);
  kill(pg.pid, SIGCONT);
  PQfinish(holder);
  countries_close(other);
  assert_status(status, 0);
  assert_seen_status(&written, UV_EBUSY);
  assert_seen_status(&read, UV_ETIMEDOUT);
  assert_true(countries_is_loaded(s->countries));
}

/* ---- it refuses ---- */

static void expect_error(const char *url, const char *csv, int status,
                         const char *part) {
  struct prepared p = {.url = url, .csv = csv};
  prepare(&p);
  assert_status(p.status, status);
  if (!strstr(p.error, part))
    print_error("message: %s\nwanted: %s\n", p.error, part);
  assert_non_null(strstr(p.error, part));
  assert_null(strchr(p.error, '\n'));
  assert_null(strstr(p.error, "secret"));
}

static void what_cannot_be_used_is_named(void **state) {
  char url[256];
  (void)state;
  expect_error("postgresql://a:secret%zz@b/", NULL, UV_EINVAL, "URL");
  expect_error("mysql://a:secret@b/", NULL, UV_EPROTONOSUPPORT, "kind");
  expect_error("postgresql://u:secret@/x?host=/nowhere", NULL, UV_ECONNREFUSED,
               "/nowhere");
  snprintf(url, sizeof url, "postgresql:///none?host=%s&user=tester", pg.dir);
  expect_error(url, NULL, UV_ECONNREFUSED, "\"none\" does not exist");
  expect_error(pg.url, "/no/such.csv", UV_ENOENT, "/no/such.csv");
  sql("CREATE SCHEMA IF NOT EXISTS empty");
  snprintf(url, sizeof url, "%s&options=-csearch_path%%3Dempty", pg.url);
  expect_error(url, NULL, UV_EINVAL, "country");
}

static void a_password_is_asked_for(void **state) {
  char path[128], url[256];
  (void)state;
  snprintf(path, sizeof path, "%s/data/pg_hba.conf", pg.dir);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("local all locked scram-sha-256\nlocal all all trust\n", file);
  assert_int_equal(fclose(file), 0);
  sql("SET client_min_messages = error; DROP ROLE IF EXISTS locked;"
      "CREATE ROLE locked LOGIN PASSWORD 'right'; SELECT pg_reload_conf()");
  pg_server_kill(&pg); /* what it does with the reload, and when, is its own */
  assert_true(pg_server_start(&pg));
  snprintf(url, sizeof url, "postgresql://locked:secret@/postgres?host=%s",
           pg.dir);
  expect_error(url, NULL, UV_EACCES, "password authentication failed");
  snprintf(url, sizeof url, "postgresql://locked@/postgres?host=%s", pg.dir);
  expect_error(url, NULL, UV_EACCES, "password");
  snprintf(url, sizeof url, "postgresql://locked:right@/postgres?host=%s",
           pg.dir);
  expect_error(url, NULL, UV_EACCES, "permission denied");
}

static void bad_rows_change_nothing(void **state) {
  struct shop *s = *state;
  char path[] = "/tmp/vt-rows-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  static const char header[] = "numeric,alpha_2,alpha_3,name,official_name,flag"
                               "\n4,AF,,A,,\n";
  static const struct {
    const char *row, *part;
  } rows[] = {{"4,,,B,,\n", "already exists"},
              {"8,AF,,B,,\n", "already exists"},
              {"8,af,,B,,\n", "line 3"},
              {"x,,,B,,\n", "line 3"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, header, strlen(header), 0), strlen(header));
    assert_int_equal(
        pwrite(fd, rows[i].row, strlen(rows[i].row), (off_t)strlen(header)),
        strlen(rows[i].row));
    expect_error(pg.url, path, UV_EINVAL, rows[i].part);
  }
  close(fd);
  unlink(path);
  assert_string_equal(name_of(s, 4), "Afghanistan");
}

/* ---- two cache servers ---- */

static bool serve(struct site *s) {
  const char *const arguments[] = {"--port", "0", "--db", pg.url, NULL};
  return site_run(s, arguments);
}

/* Asks until the name is this one: it must come, and nothing tells when. */
static void wait_for_name(int fd, const char *wanted) {
  char got[16] = "";
  for (int tries = 0; tries < 100000 && !strstr(got, wanted); tries++) {
    assert_int_equal(write(fd, "GET country:276\r\n", 17), 17);
    assert_int_equal(recv(fd, got, 13, MSG_WAITALL), 13);
  }
  assert_non_null(strstr(got, wanted));
}

enum { SERVERS = 2 };

struct shared {
  struct site *sites[SERVERS];
  int fds[SERVERS];
};

static void open_shared(struct shared *s) {
  for (int i = 0; i < SERVERS; i++) {
    void *site;
    assert_int_equal(site_setup(&site), 0);
    s->sites[i] = site;
    assert_true(serve(s->sites[i]));
    s->fds[i] = site_connect(s->sites[i]);
    assert_true(
        site_says(s->fds[i], "GET country:276\r\n", "$7\r\nGermany\r\n"));
  }
}

static void close_shared(struct shared *s) {
  for (int i = 0; i < SERVERS; i++) {
    void *site = s->sites[i];
    close(s->fds[i]);
    assert_int_equal(site_stop(s->sites[i], 15), 0);
    assert_int_equal(site_teardown(&site), 0);
  }
}

static void two_servers_share_one_database(void **state) {
  struct shared s;
  (void)state;
  open_shared(&s);
  assert_true(site_says(s.fds[0], "SET country:276 Changed\r\n", "+OK\r\n"));
  assert_true(site_says(s.fds[0], "GET country:276\r\n", "$7\r\nChanged\r\n"));
  wait_for_name(s.fds[1], "Changed");
  sql("UPDATE country SET name = 'Another' WHERE numeric = 276");
  for (int i = 0; i < SERVERS; i++)
    wait_for_name(s.fds[i], "Another");
  close_shared(&s);
}

/* Whatever their caches say: what a server has been told of another's write may
 * be on its way. */
static void the_database_decides_between_two_servers(void **state) {
  struct shared s;
  int fds[SERVERS][25], winners = 0;
  char reply[8];
  (void)state;
  open_shared(&s);
  for (int i = 0; i < SERVERS * 25; i++) {
    int *fd = &fds[i % SERVERS][i / SERVERS];
    *fd = site_connect(s.sites[i % SERVERS]);
    assert_int_equal(write(*fd, "SET country:999 New NX\r\n", 24), 24);
  }
  for (int i = 0; i < SERVERS * 25; i++) {
    assert_int_equal(recv(fds[i % SERVERS][i / SERVERS], reply, 5, MSG_WAITALL),
                     5);
    winners += memcmp(reply, "+OK\r\n", 5) == 0;
    close(fds[i % SERVERS][i / SERVERS]);
  }
  assert_int_equal(winners, 1);
  for (int i = 0; i < 20; i++) {
    assert_true(site_says(s.fds[0], "SET country:998 First NX\r\n", "+OK\r\n"));
    assert_true(
        site_says(s.fds[1], "SET country:998 x XX GET\r\n", "$5\r\nFirst\r\n"));
    assert_true(site_says(s.fds[0], "DEL country:998\r\n", ":1\r\n"));
    assert_true(site_says(s.fds[1], "SET country:998 x XX\r\n", "$-1\r\n"));
    assert_true(site_says(s.fds[1], "SET country:998 x NX GET\r\n", "$-1\r\n"));
    assert_true(site_says(s.fds[0], "DEL country:998\r\n", ":1\r\n"));
  }
  close_shared(&s);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(the_real_countries_are_there),
      TEST(a_change_by_others_is_heard_of),
      TEST(what_is_not_committed_is_not_heard_of),
      TEST(an_import_while_others_read_is_whole),
      TEST(a_large_table_is_read),
      TEST(a_server_that_was_away_is_found_again),
      TEST(without_a_server_what_is_loaded_stays),
      TEST(a_lost_connection_is_made_again),
      TEST(closing_while_the_server_is_away_ends),
      TEST(what_takes_too_long_is_given_up),
      TEST(what_cannot_be_used_is_named),
      TEST(a_password_is_asked_for),
      TEST(bad_rows_change_nothing),
      TEST(two_servers_share_one_database),
      TEST(the_database_decides_between_two_servers),
  };
  return cmocka_run_group_tests(tests, pg_setup, pg_teardown);
}
