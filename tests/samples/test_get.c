/* SPDX-License-Identifier: MIT */
/* GET, the one request that is answered by a way of its own when it comes as an
 * array and whole: in any company, mode and shape the answer is that of the
 * long way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "samples/site.h"

#define GET(size, key) "*2\r\n$3\r\nGET\r\n$" #size "\r\n" key "\r\n"
#define GERMANY "$7\r\nGermany\r\n"

static void it_gives_what_the_long_way_gives(void **state) {
  static const struct site_exchange session[] = {
      {GET(10, "country:DE"), GERMANY},
      {GET(11, "country:276"), GERMANY},
      {GET(14, "country:000276"), GERMANY},
      {"*2\r\n$3\r\ngEt\r\n$11\r\ncountry:DEU\r\n", GERMANY},
      {GET(10, "country:de"), "$-1\r\n"},
      {GET(11, "country:277"), "$-1\r\n"},
      {GET(8, "country:"), "$-1\r\n"},
      {GET(9, "country:\n"), "$-1\r\n"},
      {GET(9, "country:-"), "$-1\r\n"},
      {GET(19, "country:99999999999"), "$-1\r\n"},
      {GET(0, ""), "$-1\r\n"},
      {"HSET country:900 name 'With the longest name'\r\n", ":1\r\n"},
      {GET(11, "country:900"), "$21\r\nWith the longest name\r\n"},
      {"DEL country:900\r\n", ":1\r\n"},
      {GET(11, "country:900"), "$-1\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void it_keeps_its_place_among_others(void **state) {
  static const struct site_exchange session[] = {
      {GET(10, "country:DE") GET(10, "country:GQ") GET(1, "x"),
       GERMANY "$17\r\nEquatorial Guinea\r\n$-1\r\n"},
      {GET(10, "country:DE") "SET country:276 Changed\r\n" GET(
           11, "country:276") "PING\r\n" GET(10, "country:DE"),
       GERMANY "+OK\r\n$7\r\nChanged\r\n+PONG\r\n$7\r\nChanged\r\n"},
      {"STRLEN countries\r\n" GET(3, "x\r\n") GET(2, "\r\n"),
       ":5009\r\n$-1\r\n$-1\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void it_obeys_the_mode_of_replies(void **state) {
  static const struct site_exchange session[] = {
      {"CLIENT REPLY SKIP\r\n" GET(10, "country:DE") GET(1, "x"), "$-1\r\n"},
      {"CLIENT REPLY OFF\r\n" GET(10, "country:DE") "CLIENT REPLY ON\r\n",
       "+OK\r\n"},
  };
  SITE_PLAYS(*state, session);
}

/* What comes up to an end; "" when that does not come. */
static const char *read_until(int fd, const char *end) {
  static char text[8192];
  size_t size = 0;
  while (size < sizeof text - 1) {
    ssize_t n = read(fd, text + size, sizeof text - 1 - size);
    if (n <= 0)
      return "";
    size += (size_t)n;
    text[size] = '\0';
    if (strstr(text, end))
      return text;
  }
  return "";
}

static void what_is_missing_has_its_type_in_resp3(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  int fd = site_connect(s);
  assert_true(site_says(fd, "HELLO 3\r\nPING\r\n", "%7\r\n"));
  assert_string_not_equal(read_until(fd, "+PONG\r\n"), "");
  assert_true(
      site_says(fd, GET(1, "x") GET(10, "country:DE"), "_\r\n" GERMANY));
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

static void a_bad_one_is_told_as_any_other(void **state) {
  static const char *const bad[][2] = {
      {GET(-1, ""), "-ERR Protocol error: invalid bulk length\r\n"},
      {GET(011, "country:276"), "-ERR Protocol error: invalid bulk length\r\n"},
      {GET(4, "x\r\n"),
       "-ERR Protocol error: bulk is not followed by CRLF\r\n"},
      {"*2\r\n$3\r\nGET\r\n:10\r\n",
       "-ERR Protocol error: expected '$', got ':'\r\n"},
  };
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int fd = site_connect(s);
    assert_true(site_says(fd, bad[i][0], bad[i][1]));
    close(fd);
  }
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

static void each_one_is_logged(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, "--log", s->log));
  int fd = site_connect(s);
  assert_true(site_says(fd, GET(10, "country:DE") GET(10, "country:DE"),
                        GERMANY GERMANY));
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
  const char *first = strstr(site_read(s, s->log), "country:DE");
  assert_non_null(first);
  assert_non_null(strstr(first + 1, "country:DE"));
}

static void nothing_is_given_without_the_password(void **state) {
  struct site *s = *state;
  assert_true(site_write(s->csv, "secret\n", 7));
  assert_int_equal(chmod(s->csv, 0600), 0);
  assert_true(site_start(s, "--password-file", s->csv));
  for (int loaded = 0; loaded < 2; loaded++) { /* then they are in hand */
    int fd = site_connect(s);
    assert_true(site_says(
        fd, GET(10, "country:DE") "AUTH secret\r\n" GET(10, "country:DE"),
        "-NOAUTH Authentication required.\r\n+OK\r\n" GERMANY));
    close(fd);
  }
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

static void it_counts_as_a_command(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  int fd = site_connect(s);
  assert_true(
      site_says(fd, GET(10, "country:DE") GET(1, "x"), GERMANY "$-1\r\n"));
  assert_int_equal(write(fd, "INFO stats\r\nPING\r\n", 18), 18);
  const char *told = read_until(fd, "+PONG\r\n");
  assert_non_null(strstr(told, "total_commands_processed:3\r\n"));
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

static void it_is_told_of_to_others(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, NULL, NULL));
  int fd = site_connect(s), other = site_connect(s);
  assert_true(site_says(fd, "PING\r\n", "+PONG\r\n"));
  assert_true(site_says(fd, GET(10, "country:DE"), GERMANY));
  assert_int_equal(write(other, "CLIENT LIST\r\nPING\r\n", 19), 19);
  const char *told = read_until(other, "+PONG\r\n");
  assert_non_null(strstr(told, " cmd=get "));
  close(fd);
  close(other);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

/* Now and then it waits for a look into the database first. */
static void it_waits_where_the_long_way_waits(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, "--db-look", "1ms"));
  int fd = site_connect(s);
  for (int i = 0; i < 100; i++) {
    assert_true(
        site_says(fd, GET(10, "country:DE") GET(1, "x"), GERMANY "$-1\r\n"));
    poll(NULL, 0, 3); /* most times two looks fall due */
  }
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(it_gives_what_the_long_way_gives),
      site_test(it_keeps_its_place_among_others),
      site_test(it_obeys_the_mode_of_replies),
      site_test(what_is_missing_has_its_type_in_resp3),
      site_test(a_bad_one_is_told_as_any_other),
      site_test(each_one_is_logged),
      site_test(nothing_is_given_without_the_password),
      site_test(it_counts_as_a_command),
      site_test(it_is_told_of_to_others),
      site_test(it_waits_where_the_long_way_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
