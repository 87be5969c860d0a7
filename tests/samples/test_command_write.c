/* SPDX-License-Identifier: MIT */
/* The cache server's commands that write: what they change, what they refuse,
 * and who sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "samples/site.h"
#include "support/net.h"

#define SYNTAX "-ERR syntax error\r\n"
#define NOT_INTEGER "-ERR value is not an integer or out of range\r\n"
#define NOT_WRITTEN "-ERR only keys country:NUMBER can be written\r\n"
#define BAD_EXPIRY "-ERR invalid expire time in 'set' command\r\n"
#define NO_COUNTRY                                                             \
  "-ERR not a country: a new one needs a name, codes are of two and three "    \
  "letters, texts are UTF-8\r\n"

static void what_is_set_is_there(void **state) {
  static const struct site_exchange session[] = {
      {"SET country:DE Deutschland\r\nGET country:276\r\n",
       "+OK\r\n$11\r\nDeutschland\r\n"},
      {"HGET country:DEU official_name\r\n",
       "$27\r\nFederal Republic of Germany\r\n"},
      {"SET country:999 Nowhere\r\nGET country:999\r\nDBSIZE\r\n",
       "+OK\r\n$7\r\nNowhere\r\n:250\r\n"},
      {"HSET country:999 alpha_2 QZ name Here\r\nGET country:QZ\r\n",
       ":0\r\n$4\r\nHere\r\n"},
      {"HSET country:998 name A name B flag x numeric 998\r\n", ":3\r\n"},
      {"HMGET country:998 name flag alpha_2\r\n",
       "*3\r\n$1\r\nB\r\n$1\r\nx\r\n$0\r\n\r\n"},
      {"HMSET country:998 name C\r\nGET country:998\r\n", "+OK\r\n$1\r\nC\r\n"},
      {"DEL country:998 nothing country:QZ country:997\r\nDBSIZE\r\n",
       ":2\r\n:249\r\n"},
      {"UNLINK country:998\r\n", ":0\r\n"},
      {"GET country:998\r\n", "$-1\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void set_looks_before_it_writes(void **state) {
  static const struct site_exchange session[] = {
      {"SET country:DE x NX\r\n", "$-1\r\n"},
      {"SET country:999 x XX\r\n", "$-1\r\n"},
      {"SET country:999 x xx get\r\n", "$-1\r\n"},
      {"SET country:999 x NX GET\r\n", "$-1\r\n"},
      {"SET country:999 y NX GET\r\n", "$1\r\nx\r\n"},
      {"SET country:999 z XX GET KEEPTTL\r\n", "$1\r\nx\r\n"},
      {"GET country:999\r\n", "$1\r\nz\r\n"},
      {"SET country:999 z NX XX\r\n", SYNTAX},
      {"SET country:999 z FLY\r\n", SYNTAX},
      {"SET country:999 z EX\r\n", SYNTAX},
  };
  SITE_PLAYS(*state, session);
}

static void a_time_to_live_is_checked_then_refused(void **state) {
  static const struct site_exchange session[] = {
      {"SET country:4 x EX 0\r\n", BAD_EXPIRY},
      {"SET country:4 x EX -1\r\n", BAD_EXPIRY},
      {"SET country:4 x EX 9223372036854775807\r\n", BAD_EXPIRY},
      {"SET country:4 x EX 9223372036854775808\r\n", NOT_INTEGER},
      {"SET country:4 x PX nan\r\n", NOT_INTEGER},
      {"SET country:4 x EX 1e400\r\n", NOT_INTEGER},
      {"SET country:4 x EX 1 PX 1\r\n", SYNTAX},
      {"SET country:4 x KEEPTTL EX 1\r\n", SYNTAX},
      {"SET country:4 x EX 10\r\n", "-ERR countries do not expire\r\n"},
      {"SET country:4 x PXAT 10\r\n", "-ERR countries do not expire\r\n"},
      {"GET country:4\r\n", "$11\r\nAfghanistan\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void what_is_no_country_is_refused(void **state) {
  static const struct site_exchange session[] = {
      {"SET nothing x\r\n", NOT_WRITTEN},
      {"SET countries x\r\n", NOT_WRITTEN},
      {"SET country:QQ x\r\n", NOT_WRITTEN},
      {"HSET countries name x\r\n", NOT_WRITTEN},
      {"DEL country:DE countries\r\n", NOT_WRITTEN},
      {"SET country:999 \"\"\r\n", NO_COUNTRY},
      {"SET country:999 \"\\xff\"\r\n", NO_COUNTRY},
      {"HSET country:999 alpha_2 QZ\r\n", NO_COUNTRY},
      {"HSET country:999 name x alpha_2 q\r\n", NO_COUNTRY},
      {"HSET country:999 name x alpha_2 DE\r\n",
       "-ERR another country has that code\r\n"},
      {"SET country:999 \"a\\x00b\"\r\n",
       "-ERR a country's text has no zero bytes\r\n"},
      {"HSET country:999 numeric 998\r\n",
       "-ERR a country keeps its number\r\n"},
      {"HSET country:999 name x capital y\r\n",
       "-ERR a country has no field 'capital'\r\n"},
      {"HSET country:999 name\r\n",
       "-ERR wrong number of arguments for 'hset' command\r\n"},
      {"HMSET country:999 name x flag\r\n",
       "-ERR wrong number of arguments for 'hmset' command\r\n"},
      {"DEL\r\n", "-ERR wrong number of arguments for 'del' command\r\n"},
      {"DBSIZE\r\n", ":249\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void others_see_a_write_that_is_answered(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  int writer = site_connect(s), reader = site_connect(s);
  assert_true(site_says(reader, "GET country:4\r\n", "$11\r\nAfghanistan\r\n"));
  for (int i = 0; i < 20; i++) {
    char request[64], reply[64];
    snprintf(request, sizeof request, "SET country:4 name%d\r\n", i);
    snprintf(reply, sizeof reply, "$%d\r\nname%d\r\n", i < 10 ? 5 : 6, i);
    assert_true(site_says(writer, request, "+OK\r\n"));
    assert_true(site_says(reader, "GET country:4\r\n", reply));
  }
  close(writer);
  close(reader);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

/* ---- tables that are not ours ---- */

/* Starts a server on a table of this form, with one more country. */
static int serve_table(struct site *s, const char *form) {
  sqlite3 *db;
  char sql[512];
  snprintf(sql, sizeof sql,
           "CREATE TABLE other %s; INSERT INTO other SELECT * FROM country;"
           "DROP TABLE country; ALTER TABLE other RENAME TO country;"
           "INSERT INTO country VALUES (0, NULL, 'x ', NULL, x'ff', 9.5)",
           form);
  assert_int_equal(sqlite3_open(s->db, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  assert_true(site_start(s, NULL, NULL));
  return site_connect(s);
}

static void a_table_without_a_key_can_be_written(void **state) {
  struct site *s = *state;
  int fd =
      serve_table(s, "(numeric, alpha_2, alpha_3, name, official_name, flag)");
  assert_true(site_says(fd, "GET country:0\r\n", "$0\r\n\r\n"));
  assert_true(site_says(fd, "SET country:999 New NX\r\n", "+OK\r\n"));
  assert_true(site_says(fd, "SET country:999 x NX GET\r\n", "$3\r\nNew\r\n"));
  assert_true(site_says(fd, "HSET country:DE flag x\r\n", ":0\r\n"));
  assert_true(site_says(fd, "HMGET country:276 name flag\r\n",
                        "*2\r\n$7\r\nGermany\r\n$1\r\nx\r\n"));
  assert_true(site_says(fd, "DEL country:276\r\n", ":1\r\n"));
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

static void what_the_table_refuses_is_not_the_clients_fault(void **state) {
  struct site *s = *state;
  int fd = serve_table(s, "(numeric, alpha_2, alpha_3, name, official_name,"
                          " flag, CHECK (name IS NULL OR length(name) < 60))");
  char request[128], name[64];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  snprintf(request, sizeof request, "SET country:4 %s\r\n", name);
  assert_true(site_says(
      fd, request, "-ERR the database did not take it: invalid argument\r\n"));
  assert_true(site_says(fd, "GET country:4\r\n", "$11\r\nAfghanistan\r\n"));
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

/* ---- many at once ---- */

enum { CLIENTS = 50 };

static void connect_all(const struct site *s, int *fds) {
  for (int i = 0; i < CLIENTS; i++)
    assert_true((fds[i] = site_connect(s)) >= 0);
}

static void close_all(const int *fds) {
  for (int i = 0; i < CLIENTS; i++)
    close(fds[i]);
}

/* One line of a reply; a bulk string is its text, "-1" where there is none. */
static void read_reply(int fd, char *text, size_t size) {
  for (int lines = 1; lines > 0; lines--) {
    size_t used = 0;
    while (used < size - 1 && read(fd, text + used, 1) == 1 &&
           text[used] != '\n')
      used++;
    assert_true(used > 0 && text[used] == '\n');
    text[used - 1] = '\0';
    lines += text[0] == '$' && strcmp(text, "$-1") != 0;
  }
}

/* Each client sends its own number in place of %d. */
static void send_all(const int *fds, const char *format) {
  for (int i = 0; i < CLIENTS; i++) {
    char request[96];
    int size = snprintf(request, sizeof request, format, i);
    assert_true(net_send(fds[i], request, (size_t)size));
  }
}

static void of_many_that_set_a_new_country_one_does(void **state) {
  struct site *s = *state;
  int fds[CLIENTS], winner = -1;
  char reply[64], request[64], wanted[64];
  assert_true(site_start(s, "--loops", "2"));
  connect_all(s, fds);
  for (int round = 0; round < 3; round++) {
    int winners = 0;
    snprintf(request, sizeof request, "SET country:99%d name%%02d NX\r\n",
             round);
    send_all(fds, request);
    for (int i = 0; i < CLIENTS; i++) {
      read_reply(fds[i], reply, sizeof reply);
      if (strcmp(reply, "+OK") == 0) {
        winner = i;
        winners++;
      } else {
        assert_string_equal(reply, "$-1");
      }
    }
    assert_int_equal(winners, 1);
    snprintf(request, sizeof request, "GET country:99%d\r\n", round);
    snprintf(wanted, sizeof wanted, "$6\r\nname%02d\r\n", winner);
    assert_true(site_says(fds[0], request, wanted));
  }
  close_all(fds);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

/* All old names and the last one are different: no write is overwritten
 * unseen. */
static void each_old_name_is_told_once(void **state) {
  struct site *s = *state;
  int fds[CLIENTS], last;
  char reply[64];
  bool told[CLIENTS] = {false}, none = false;
  assert_true(site_start(s, "--loops", "2"));
  connect_all(s, fds);
  send_all(fds, "SET country:999 name%02d GET\r\n");
  for (int i = 0; i <= CLIENTS; i++) {
    if (i == CLIENTS)
      assert_true(net_send(fds[0], "GET country:999\r\n", 17));
    read_reply(fds[i % CLIENTS], reply, sizeof reply);
    if (strcmp(reply, "$-1") == 0) {
      assert_false(none);
      none = true;
      continue;
    }
    assert_int_equal(sscanf(reply, "name%d", &last), 1);
    assert_in_range(last, 0, CLIENTS - 1);
    assert_false(told[last]);
    told[last] = true;
  }
  close_all(fds);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

static void fields_set_at_once_are_all_set(void **state) {
  struct site *s = *state;
  int fds[CLIENTS];
  char reply[64], request[96];
  assert_true(site_start(s, "--loops", "2"));
  connect_all(s, fds);
  for (int n = 1000; n < 1005; n++) {
    snprintf(request, sizeof request, "SET country:%d old\r\n", n);
    assert_true(site_says(fds[0], request, "+OK\r\n"));
  }
  for (int i = 0; i < CLIENTS; i++) {
    int size = snprintf(request, sizeof request, "HSET country:%d %s new\r\n",
                        1000 + i / 2 % 5, i % 2 ? "name" : "official_name");
    assert_true(net_send(fds[i], request, (size_t)size));
  }
  for (int i = 0; i < CLIENTS; i++) {
    read_reply(fds[i], reply, sizeof reply);
    assert_string_equal(reply, ":0");
  }
  for (int n = 1000; n < 1005; n++) {
    snprintf(request, sizeof request, "HMGET country:%d name official_name\r\n",
             n);
    assert_true(site_says(fds[0], request, "*2\r\n$3\r\nnew\r\n$3\r\nnew\r\n"));
  }
  close_all(fds);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

static void writes_outlive_the_server(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  int fd = site_connect(s);
  assert_true(site_says(fd, "SET country:999 Nowhere\r\n", "+OK\r\n"));
  close(fd);
  assert_int_equal(site_stop(s, SIGKILL), -1);
  assert_true(site_start(s, NULL, NULL));
  fd = site_connect(s);
  assert_true(site_says(fd, "GET country:999\r\n", "$7\r\nNowhere\r\n"));
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

static void a_writer_may_go_before_its_answer(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  for (int i = 0; i < 20; i++) {
    int fd = site_connect(s);
    assert_true(net_send(fd, "SET country:4 x\r\nDEL country:8\r\n", 32));
    close(fd);
  }
  assert_true(site_serves(s));
  assert_int_equal(site_stop(s, SIGTERM), 0);
  assert_string_equal(site_errors(s), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(what_is_set_is_there),
      site_test(set_looks_before_it_writes),
      site_test(a_time_to_live_is_checked_then_refused),
      site_test(what_is_no_country_is_refused),
      site_test(others_see_a_write_that_is_answered),
      site_test(a_table_without_a_key_can_be_written),
      site_test(what_the_table_refuses_is_not_the_clients_fault),
      site_test(of_many_that_set_a_new_country_one_does),
      site_test(each_old_name_is_told_once),
      site_test(fields_set_at_once_are_all_set),
      site_test(writes_outlive_the_server),
      site_test(a_writer_may_go_before_its_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
