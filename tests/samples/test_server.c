/* SPDX-License-Identifier: MIT */
/* The cache server from outside: what it answers on real data, how it starts,
 * refuses to start, and stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "countries/country_db.h"
#include "samples/site.h"

/* ---- helpers ---- */

static int start_and_connect(struct site *s) {
  assert_true(site_start(s, NULL, NULL));
  int fd = site_connect(s);
  assert_true(fd >= 0);
  return fd;
}

static void stop_well(struct site *s) {
  int status = site_stop(s, SIGTERM);
  assert_string_equal(site_errors(s), "");
  assert_int_equal(status, 0);
}

/* ---- what it answers ---- */

static void countries_are_found_by_all_codes(void **state) {
  static const struct site_exchange session[] = {
      {"GET country:276\r\n", "$7\r\nGermany\r\n"},
      {"GET country:DE\r\n", "$7\r\nGermany\r\n"},
      {"GET country:DEU\r\n", "$7\r\nGermany\r\n"},
      {"GET country:4\r\n", "$11\r\nAfghanistan\r\n"},
      {"GET country:004\r\n", "$11\r\nAfghanistan\r\n"},
      {"GET country:0000000000000004\r\n", "$11\r\nAfghanistan\r\n"},
      {"GET country:AX\r\n", "$14\r\n\xc3\x85land Islands\r\n"},
      {"get COUNTRY:276\r\n", "$-1\r\n"},
      {"GET country:de\r\n", "$-1\r\n"},
      {"GET country:999\r\n", "$-1\r\n"},
      {"GET country:4x\r\n", "$-1\r\n"},
      {"GET country:-4\r\n", "$-1\r\n"},
      {"GET country:18446744073709551620\r\n", "$-1\r\n"},
      {"GET country:\r\n", "$-1\r\n"},
      {"GET nothing\r\n", "$-1\r\n"},
      {"*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "$-1\r\n"},
      {"EXISTS country:276 country:DE countries nothing\r\n", ":3\r\n"},
      {"MGET country:4 nothing country:DE\r\n",
       "*3\r\n$11\r\nAfghanistan\r\n$-1\r\n$7\r\nGermany\r\n"},
      {"DBSIZE\r\n", ":249\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void fields_come_in_the_order_of_the_csv(void **state) {
  static const struct site_exchange session[] = {
      {"HGETALL country:DE\r\n",
       "*12\r\n$7\r\nnumeric\r\n$3\r\n276\r\n$7\r\nalpha_2\r\n$2\r\nDE\r\n"
       "$7\r\nalpha_3\r\n$3\r\nDEU\r\n$4\r\nname\r\n$7\r\nGermany\r\n"
       "$13\r\nofficial_name\r\n$27\r\nFederal Republic of Germany\r\n"
       "$4\r\nflag\r\n$8\r\n\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\r\n"},
      {"HGET country:010 numeric\r\n", "$2\r\n10\r\n"},
      {"HGET country:AQ official_name\r\n", "$0\r\n\r\n"},
      {"HGET country:AQ capital\r\n", "$-1\r\n"},
      {"HGET nothing name\r\n", "$-1\r\n"},
      {"HGETALL nothing\r\n", "*0\r\n"},
      {"HGETALL countries\r\n", "-WRONGTYPE Operation against a key holding "
                                "the wrong kind of value\r\n"},
      {"KEYS country:27[56]\r\n",
       "*2\r\n$11\r\ncountry:275\r\n$11\r\ncountry:276\r\n"},
      {"KEYS c*s\r\n", "*1\r\n$9\r\ncountries\r\n"},
      {"KEYS x*\r\n", "*0\r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void commands_answer_as_redis_does(void **state) {
  static const struct site_exchange session[] = {
      {"PING\r\n", "+PONG\r\n"},
      {"ping hello\r\n", "$5\r\nhello\r\n"},
      {"ECHO \"a b\"\r\n", "$3\r\na b\r\n"},
      {"SELECT 0\r\n", "+OK\r\n"},
      {"SELECT 1\r\n", "-ERR DB index is out of range\r\n"},
      {"SELECT x\r\n", "-ERR value is not an integer or out of range\r\n"},
      {"FLUSHALL\r\n", "+OK\r\n"},
      {"FLUSHALL async\r\n", "+OK\r\n"},
      {"FLUSHALL now\r\n", "-ERR syntax error\r\n"},
      {"CONFIG GET save\r\n", "*2\r\n$4\r\nsave\r\n$0\r\n\r\n"},
      {"CONFIG GET appendonly\r\n", "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n"},
      {"CONFIG GET nothing\r\n", "*0\r\n"},
      {"CONFIG SET save x\r\n",
       "-ERR unknown subcommand 'SET'. Try CONFIG HELP.\r\n"},
      {"COMMAND COUNT\r\n", ":44\r\n"},
      {"COMMAND DOCS nothing\r\n", "*0\r\n"},
      {"COMMAND INFO nothing\r\n", "*1\r\n$-1\r\n"},
      {"CLIENT SETNAME me\r\n", "+OK\r\n"},
      {"CLIENT GETNAME\r\n", "$2\r\nme\r\n"},
      {"CLIENT ID\r\n", ":1\r\n"},
      {"FLY\r\n", "-ERR unknown command 'FLY', with args beginning with: \r\n"},
      {"FLY a \"b c\"\r\n", "-ERR unknown command 'FLY', with args beginning "
                            "with: 'a' 'b c' \r\n"},
      {"GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n"},
      {"get a b\r\n", "-ERR wrong number of arguments for 'get' command\r\n"},
      {"ping a b\r\n", "-ERR wrong number of arguments for 'ping' command\r\n"},
      {"MGET\r\n", "-ERR wrong number of arguments for 'mget' command\r\n"},
      {"*1\r\n$0\r\n\r\n",
       "-ERR unknown command '', with args beginning with: \r\n"},
  };
  SITE_PLAYS(*state, session);
}

static void the_dictionary_is_json(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  static const char start[] = "{\"4\":\"Afghanistan\",\"8\":\"Albania\",";
  char head[8] = "";
  assert_true(site_says(fd, "GET countries\r\n", "$"));
  for (size_t i = 0; i < sizeof head - 1 && (i == 0 || head[i - 1] != '\n');
       i++)
    assert_int_equal(recv(fd, head + i, 1, 0), 1);
  size_t size = (size_t)atoi(head);
  assert_true(size > 3000);
  assert_true(site_says(fd, NULL, start));
  char *rest = malloc(size);
  assert_non_null(rest);
  size_t left = size - (sizeof start - 1);
  assert_int_equal(recv(fd, rest, left, MSG_WAITALL), left);
  assert_memory_equal(rest + left - 2, "\"}", 2);
  free(rest);
  assert_true(site_says(fd, "PING\r\n", "\r\n+PONG\r\n"));
  close(fd);
  stop_well(s);
}

/* ---- how it talks ---- */

static void a_batch_is_answered_in_order(void **state) {
  struct site *s = *state;
  enum { COUNT = 10000 };
  int fd = start_and_connect(s);
  char *request = calloc(COUNT, 32), *wanted = calloc(COUNT, 32);
  size_t size = 0, wanted_size = 0;
  assert_non_null(request);
  assert_non_null(wanted);
  for (int i = 0; i < COUNT; i++) {
    size += (size_t)sprintf(request + size, "ECHO %05d\r\n", i);
    wanted_size += (size_t)sprintf(wanted + wanted_size, "$5\r\n%05d\r\n", i);
  }
  assert_true(site_ask(fd, request, size, wanted, wanted_size));
  free(request);
  free(wanted);
  close(fd);
  stop_well(s);
}

static void a_request_may_come_byte_by_byte(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  for (const char *c = "*2\r\n$3\r\nGET\r\n$10\r\ncountry:DE\r\n"; *c; c++) {
    assert_int_equal(send(fd, c, 1, 0), 1);
    usleep(500);
  }
  assert_true(site_says(fd, NULL, "$7\r\nGermany\r\n"));
  close(fd);
  stop_well(s);
}

static void a_large_argument_comes_back(void **state) {
  struct site *s = *state;
  size_t size = 8 << 20;
  char *request = malloc(size + 64), *wanted = malloc(size + 64);
  int fd = start_and_connect(s);
  assert_non_null(request);
  assert_non_null(wanted);
  int head = sprintf(request, "*2\r\n$4\r\nECHO\r\n$%zu\r\n", size);
  int wanted_head = sprintf(wanted, "$%zu\r\n", size);
  for (size_t i = 0; i < size; i++)
    request[(size_t)head + i] = wanted[(size_t)wanted_head + i] =
        (char)(i * 7 + i / 1000);
  memcpy(request + (size_t)head + size, "\r\n", 2);
  memcpy(wanted + (size_t)wanted_head + size, "\r\n", 2);
  assert_true(site_ask(fd, request, (size_t)head + size + 2, wanted,
                       (size_t)wanted_head + size + 2));
  free(request);
  free(wanted);
  close(fd);
  stop_well(s);
}

static void half_a_close_still_gets_its_reply(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  assert_int_equal(send(fd, "GET country:DE\r\n", 16, 0), 16);
  assert_int_equal(shutdown(fd, SHUT_WR), 0);
  assert_true(site_says(fd, NULL, "$7\r\nGermany\r\n"));
  assert_true(site_is_closed(fd));
  close(fd);
  stop_well(s);
}

static void quit_closes(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  assert_true(site_says(fd, "PING\r\nQUIT\r\nPING\r\n", "+PONG\r\n+OK\r\n"));
  assert_true(site_is_closed(fd));
  close(fd);
  stop_well(s);
}

/* ---- the cache ---- */

static void flushall_loads_again(void **state) {
  struct site *s = *state;
  static const char csv[] = "numeric,alpha_2,alpha_3,name,official_name,flag\n"
                            "276,DE,DEU,Changed,,\n";
  int fd = start_and_connect(s);
  assert_true(site_says(fd, "GET country:DE\r\n", "$7\r\nGermany\r\n"));
  assert_true(site_write(s->csv, csv, sizeof csv - 1));
  assert_int_equal(country_db_import(s->db, s->csv, NULL, 0), 0);
  assert_true(site_says(fd, "GET country:DE\r\n", "$7\r\nGermany\r\n"));
  assert_true(site_says(fd, "FLUSHALL\r\n", "+OK\r\n"));
  assert_true(site_says(fd, "GET country:DE\r\n", "$7\r\nChanged\r\n"));
  assert_true(site_says(fd, "DBSIZE\r\n", ":1\r\n"));
  close(fd);
  stop_well(s);
}

static void a_failed_load_is_an_error_and_not_kept(void **state) {
  struct site *s = *state;
  int fd = start_and_connect(s);
  assert_int_equal(unlink(s->db), 0);
  assert_true(site_says(fd, "GET country:DE\r\nPING\r\n",
                        "-ERR the countries cannot be loaded: no such file or "
                        "directory\r\n+PONG\r\n"));
  assert_int_equal(country_db_import(s->db, SITE_CSV, NULL, 0), 0);
  assert_true(site_says(fd, "GET country:DE\r\n", "$7\r\nGermany\r\n"));
  close(fd);
  stop_well(s);
}

/* ---- starting and stopping ---- */

static void it_imports_at_the_start(void **state) {
  struct site *s = *state;
  assert_int_equal(unlink(s->db), 0);
  assert_true(site_start(s, "--import", SITE_CSV));
  int fd = site_connect(s);
  assert_true(site_says(fd, "DBSIZE\r\n", ":249\r\n"));
  close(fd);
  stop_well(s);
}

static void each_command_is_logged(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, "--log", s->log));
  int fd = site_connect(s);
  assert_true(site_says(fd, "*2\r\n$3\r\nGET\r\n$12\r\ncountry\"\r\n\x01x\r\n",
                        "$-1\r\n"));
  stop_well(s);
  close(fd);
  assert_non_null(strstr(site_read(s, s->log),
                         "Z level=info event=command client=127.0.0.1:"));
  assert_non_null(strstr(s->text, " id=1 command=GET args=\"country\\\""
                                  "\\u000d\\u000a\\u0001x\" us="));
}

/* Sends that many PINGs at once and reads the replies. */
static void ping_in_bulk(int fd, size_t count) {
  char *request = calloc(count, 6), *wanted = calloc(count, 7);
  assert_non_null(request);
  assert_non_null(wanted);
  for (size_t i = 0; i < count; i++) {
    memcpy(request + 6 * i, "PING\r\n", 6);
    memcpy(wanted + 7 * i, "+PONG\r\n", 7);
  }
  assert_true(site_ask(fd, request, 6 * count, wanted, 7 * count));
  free(request);
  free(wanted);
}

static size_t count_lines(const char *path) {
  FILE *file = fopen(path, "r");
  size_t lines = 0;
  assert_non_null(file);
  for (int c; (c = getc(file)) != EOF;)
    lines += c == '\n';
  fclose(file);
  return lines;
}

static void each_line_of_a_burst_is_logged(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, "--log", s->log));
  int fd = site_connect(s);
  ping_in_bulk(fd, 50000);
  close(fd);
  stop_well(s);
  assert_int_equal(count_lines(s->log), 50000);
}

/* A pipe that nobody reads stands for a disk that does not answer. */
static void a_log_that_hangs_does_not_stop_the_service(void **state) {
  struct site *s = *state;
  assert_int_equal(mkfifo(s->log, 0600), 0);
  int reader = open(s->log, O_RDONLY | O_NONBLOCK);
  assert_true(reader >= 0);
  assert_true(site_start(s, "--log", s->log));
  int fd = site_connect(s);
  ping_in_bulk(fd, 20000);
  assert_true(site_serves(s));
  close(fd);
  close(reader);
  assert_int_equal(site_stop(s, SIGTERM), 0);
  assert_non_null(strstr(site_errors(s), "access log: broken pipe"));
}

static void signals_stop_it_with_clients_connected(void **state) {
  struct site *s = *state;
  static const int numbers[] = {SIGTERM, SIGINT};
  for (size_t n = 0; n < 2; n++) {
    int fds[20];
    assert_true(site_start(s, "--log", s->log));
    for (size_t i = 0; i < 20; i++) {
      fds[i] = site_connect(s);
      assert_true(site_says(fds[i], "PING\r\n", "+PONG\r\n"));
    }
    assert_int_equal(send(fds[0], "*2\r\n$3\r\nGET", 11, 0), 11);
    assert_int_equal(site_stop(s, numbers[n]), 0);
    assert_string_equal(site_errors(s), "");
    for (size_t i = 0; i < 20; i++) {
      assert_true(site_is_closed(fds[i]));
      close(fds[i]);
    }
    assert_int_equal(count_lines(s->log), 20 * (n + 1));
  }
}

static void a_full_disk_does_not_stop_the_service(void **state) {
  struct site *s = *state;
  assert_true(site_start(s, "--log", "/dev/full"));
  int fd = site_connect(s);
  for (int i = 0; i < 5; i++) {
    assert_true(site_says(fd, "GET country:DE\r\n", "$7\r\nGermany\r\n"));
    usleep(200000);
  }
  close(fd);
  assert_int_equal(site_stop(s, SIGTERM), 0);
  assert_non_null(strstr(site_errors(s), "access log: no space left"));
}

/* One line on stderr with part in it, and not success. */
static void refuses(struct site *s, const char *const *arguments,
                    const char *part) {
  assert_false(site_run(s, arguments));
  assert_int_equal(site_wait(s), 1);
  const char *errors = site_errors(s);
  if (!strstr(errors, part))
    print_error("wanted: %s\n", part);
  assert_non_null(strstr(errors, part));
  assert_ptr_equal(strchr(errors, '\n'), errors + strlen(errors) - 1);
}

#define REFUSES(s, part, ...)                                                  \
  refuses((s), (const char *const[]){__VA_ARGS__, NULL}, part)

static void it_refuses_bad_data(void **state) {
  struct site *s = *state;
  static const char bad[] = "numeric,alpha_2,alpha_3,name,official_name,flag\n"
                            "4,AF,AFG,A,,\n8,AL,ALB,,,\n";
  REFUSES(s, "no such file", "--port", "0", "--db", "/nowhere/c.db");
  assert_true(site_write(s->csv, bad, sizeof bad - 1));
  REFUSES(s, "line 3: name is empty", "--port", "0", "--db", s->db, "--import",
          s->csv);
  REFUSES(s, "no such file", "--port", "0", "--db", s->db, "--import",
          "/nowhere");
  int fd = start_and_connect(s);
  assert_true(site_says(fd, "DBSIZE\r\n", ":249\r\n"));
  close(fd);
  stop_well(s);
  assert_int_equal(truncate(s->db, 6000), 0);
  REFUSES(s, "malformed", "--port", "0", "--db", s->db);
  assert_true(site_write(s->db, bad, sizeof bad - 1));
  REFUSES(s, "not a database", "--port", "0", "--db", s->db);
  assert_true(site_write(s->db, "", 0));
  REFUSES(s, "no such table", "--port", "0", "--db", s->db);
}

static void it_refuses_a_port_in_use(void **state) {
  struct site *s = *state;
  struct site second = *s;
  char port[16];
  assert_true(site_start(s, NULL, NULL));
  snprintf(port, sizeof port, "%d", s->port);
  strcpy(second.errors, s->csv);
  REFUSES(&second, "address already in use", "--port", port, "--db", s->db);
  assert_true(site_serves(s));
  stop_well(s);
}

static void it_refuses_a_log_that_cannot_be_written(void **state) {
  struct site *s = *state;
  REFUSES(s, "/nowhere/log: no such file", "--port", "0", "--db", s->db,
          "--log", "/nowhere/log");
  REFUSES(s, "illegal operation on a directory", "--port", "0", "--db", s->db,
          "--log", s->dir);
}

static void it_refuses_bad_options(void **state) {
  struct site *s = *state;
  REFUSES(s, "--db is missing", "--port", "0");
  REFUSES(s, "option --fast is unknown", "--fast");
  REFUSES(s, "option --port needs a value", "--db", "x", "--port");
  REFUSES(s, "option --db is given twice", "--db", "x", "--db", "y");
  REFUSES(s, "--port 70000 is not a number", "--db", "x", "--port", "70000");
  REFUSES(s, "--port -1 is not a number", "--db", "x", "--port", "-1");
  REFUSES(s, "--bind here is not a numeric address", "--db", "x", "--bind",
          "here");
  REFUSES(s, "192.0.2.1:0: address not available", "--port", "0", "--db", s->db,
          "--bind", "192.0.2.1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(countries_are_found_by_all_codes),
      site_test(fields_come_in_the_order_of_the_csv),
      site_test(commands_answer_as_redis_does),
      site_test(the_dictionary_is_json),
      site_test(a_batch_is_answered_in_order),
      site_test(a_request_may_come_byte_by_byte),
      site_test(a_large_argument_comes_back),
      site_test(half_a_close_still_gets_its_reply),
      site_test(quit_closes),
      site_test(flushall_loads_again),
      site_test(a_failed_load_is_an_error_and_not_kept),
      site_test(it_imports_at_the_start),
      site_test(each_command_is_logged),
      site_test(each_line_of_a_burst_is_logged),
      site_test(a_log_that_hangs_does_not_stop_the_service),
      site_test(signals_stop_it_with_clients_connected),
      site_test(a_full_disk_does_not_stop_the_service),
      site_test(it_refuses_bad_data),
      site_test(it_refuses_a_port_in_use),
      site_test(it_refuses_a_log_that_cannot_be_written),
      site_test(it_refuses_bad_options),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
