/* SPDX-License-Identifier: MIT */
/* The cache server over a PostgreSQL server that has a bad day: what is loaded
 * goes on being served, writes are refused by their reason, and both are as
 * before when it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "countries/country_store.h"
#include "samples/pg_server.h"
#include "samples/site.h"

#define DISCONNECT                                                             \
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"                     \
  " WHERE application_name = 'vt-countries'"

/* ---- fixture: a database server for all cases, a cache server for each ---- */

struct shop {
  struct site *site;
  int fd;
};

static struct shop shop;

/* ---- helpers ---- */

static void sql(const char *text) { assert_true(pg_server_sql(&pg, text)); }

/* One line of a reply; a bulk string is its text. */
static void read_reply(struct shop *s, char *text, size_t size) {
  for (int lines = 1; lines > 0; lines--) {
    size_t used = 0;
    while (used < size - 1 && read(s->fd, text + used, 1) == 1 &&
           text[used] != '\n')
      used++;
    assert_true(used > 0 && text[used] == '\n');
    text[used - 1] = '\0';
    lines += text[0] == '$' && strcmp(text, "$-1") != 0;
  }
}

static void ask(struct shop *s, const char *request, char *text, size_t size) {
  ssize_t n = (ssize_t)strlen(request);
  assert_int_equal(write(s->fd, request, (size_t)n), n);
  read_reply(s, text, size);
}

static void is_served(struct shop *s, const char *name) {
  char reply[256];
  ask(s, "GET country:276\r\n", reply, sizeof reply);
  assert_string_equal(reply, name);
}

/* As often as it takes; a read is answered with this name between the tries. */
static void set_at_last(struct shop *s, const char *name) {
  char reply[256] = "";
  while (strcmp(reply, "+OK") != 0) {
    is_served(s, name);
    ask(s, "SET country:4 New\r\n", reply, sizeof reply);
  }
  is_served(s, name); /* it is loaded again */
}

static void set_by_others(const char *name) {
  char text[96];
  snprintf(text, sizeof text,
           "UPDATE country SET name = '%s' WHERE numeric = 276", name);
  sql(text);
}

static void wait_for_name(struct shop *s, const char *name) {
  char reply[256] = "";
  while (strcmp(reply, name) != 0)
    ask(s, "GET country:276\r\n", reply, sizeof reply);
}

static void is_refused(struct shop *s, const char *why) {
  char reply[256];
  ask(s, "SET country:4 New\r\n", reply, sizeof reply);
  if (!strstr(reply, why))
    print_error("%s\n", reply);
  assert_non_null(strstr(reply, why));
}

/* All is as it was before, and what others change is heard of again. */
static void is_well(struct shop *s) {
  set_at_last(s, "Germany");
  set_by_others("Changed");
  wait_for_name(s, "Changed");
}

/* ---- each case ---- */

static int setup(void **state) {
  char error[COUNTRY_ERROR_SIZE];
  const char *const arguments[] = {"--port", "0", "--db", pg.url, NULL};
  void *site;
  memset(&shop, 0, sizeof shop);
  *state = &shop;
  if (pg.pid == 0 && !pg_server_start(&pg))
    return -1;
  if (country_store_prepare(pg.url, SITE_CSV, error, sizeof error) != 0 ||
      site_setup(&site) != 0)
    return -1;
  shop.site = site;
  if (!site_run(shop.site, arguments))
    return -1;
  shop.fd = site_connect(shop.site);
  /* heard of: nothing makes it load again on its own any more */
  set_by_others("Start");
  wait_for_name(&shop, "Start");
  set_by_others("Germany");
  wait_for_name(&shop, "Germany");
  return 0;
}

static int teardown(void **state) {
  struct shop *s = *state;
  void *site = s->site;
  close(s->fd);
  int status = site_stop(s->site, SIGTERM);
  return site_teardown(&site) == 0 ? status : -1;
}

/* ---- the cases ---- */

static void connections_are_ended_again_and_again(void **state) {
  struct shop *s = *state;
  for (int i = 0; i < 10; i++) {
    sql(DISCONNECT);
    for (int n = 0; n < 20; n++)
      is_served(s, "Germany");
    set_at_last(s, "Germany");
  }
  is_well(s);
}

static void the_server_is_restarted_under_load(void **state) {
  struct shop *s = *state;
  for (int i = 0; i < 2; i++) {
    set_at_last(s, "Germany");
    pg_server_kill(&pg);
    for (int n = 0; n < 20; n++)
      is_served(s, "Germany");
    is_refused(s, "did not take it");
    assert_true(pg_server_start(&pg));
    set_at_last(s, "Germany");
  }
  is_well(s);
}

/* A connection made again counts as a change, so it tries to load. */
static void the_table_is_taken_away(void **state) {
  struct shop *s = *state;
  sql("ALTER TABLE country RENAME TO other; " DISCONNECT);
  for (int n = 0; n < 100; n++) {
    is_served(s, "Germany");
    is_refused(s, "did not take it");
  }
  sql("ALTER TABLE other RENAME TO country");
  is_well(s);
}

static void rows_become_odd(void **state) {
  struct shop *s = *state;
  sql("UPDATE country SET numeric = -5 WHERE numeric = 8");
  for (int n = 0; n < 100; n++)
    is_served(s, "Germany");
  sql("UPDATE country SET numeric = 8 WHERE numeric = -5");
  is_well(s);
}

static void the_role_may_not_log_in(void **state) {
  struct shop *s = *state;
  sql("SET client_min_messages = error; DROP ROLE IF EXISTS boss;"
      "CREATE ROLE boss SUPERUSER LOGIN");
  sql("ALTER ROLE tester NOLOGIN; " DISCONNECT);
  for (int n = 0; n < 20; n++) {
    is_served(s, "Germany");
    is_refused(s, "did not take it");
  }
  char url[192];
  strcpy(url, pg.url);
  strcpy(strstr(pg.url, "user="), "user=boss");
  sql("ALTER ROLE tester LOGIN");
  strcpy(pg.url, url);
  is_well(s);
}

static void it_is_read_only_for_a_while(void **state) {
  struct shop *s = *state;
  sql("ALTER ROLE tester SET default_transaction_read_only = on; " DISCONNECT);
  for (int n = 0; n < 5; n++) {
    is_served(s, "Germany");
    is_refused(s, "read-only");
  }
  sql("SET transaction_read_only = off;"
      "ALTER ROLE tester RESET default_transaction_read_only; " DISCONNECT);
  is_well(s);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(connections_are_ended_again_and_again),
      TEST(the_server_is_restarted_under_load),
      TEST(the_table_is_taken_away),
      TEST(rows_become_odd),
      TEST(the_role_may_not_log_in),
      TEST(it_is_read_only_for_a_while),
  };
  return cmocka_run_group_tests(tests, pg_setup, pg_teardown);
}
