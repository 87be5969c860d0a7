/* SPDX-License-Identifier: MIT */
/* Lines of the log: both forms, escaping, cutting, and their longest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cache_server/log_line.h"

/* ---- helpers ---- */

#define SLICE(text)                                                            \
  { (text), sizeof(text) - 1 }

static void expect(const struct log_line *line, bool json, const char *wanted) {
  char out[LOG_LINE_MAX + 1];
  size_t size = log_line_write(line, json, out);
  assert_true(size <= LOG_LINE_MAX);
  out[size] = '\0';
  assert_string_equal(out, wanted);
}

static const struct resp_slice get[] = {SLICE("GET"), SLICE("country:276"),
                                        SLICE("a b")};

static struct log_line command(const struct resp_slice *argv, size_t argc) {
  return (struct log_line){.time = "2025-01-02T03:04:05.678Z",
                           .level = "info",
                           .event = "command",
                           .client = "[::1]:4711",
                           .id = 7,
                           .argv = argv,
                           .argc = argc,
                           .us = 12};
}

/* ---- cases ---- */

static void a_command_is_a_line_of_either_form(void **state) {
  struct log_line line = command(get, 3);
  (void)state;
  expect(&line, false,
         "time=2025-01-02T03:04:05.678Z level=info event=command "
         "client=[::1]:4711 id=7 command=GET args=\"country:276 a b\" us=12\n");
  expect(&line, true,
         "{\"time\":\"2025-01-02T03:04:05.678Z\",\"level\":\"info\","
         "\"event\":\"command\",\"client\":\"[::1]:4711\",\"id\":7,"
         "\"command\":\"GET\",\"args\":[\"country:276\",\"a b\"],\"us\":12}\n");
}

static void what_is_not_there_is_left_out(void **state) {
  struct log_line line = {.event = "dropped", .detail = "3 lines"};
  (void)state;
  expect(&line, false, "event=dropped detail=\"3 lines\"\n");
  expect(&line, true, "{\"event\":\"dropped\",\"detail\":\"3 lines\"}\n");
}

static void a_client_cannot_end_or_forge_a_line(void **state) {
  static const struct resp_slice argv[] = {
      SLICE("G\nT"), SLICE("\"\\\r\n\0\x7f\xc3\xa5 level=error")};
  struct log_line line = command(argv, 2);
  (void)state;
  line.time = line.level = line.event = line.client = NULL;
  line.id = 0;
  expect(&line, false,
         "command=\"G\\u000aT\" args=\"\\\"\\\\\\u000d\\u000a\\u0000\\u007f"
         "\\u00c3\\u00a5 level=error\" us=12\n");
  expect(&line, true,
         "{\"command\":\"G\\u000aT\",\"args\":[\"\\\"\\\\\\u000d\\u000a\\u0000"
         "\\u007f\\u00c3\\u00a5 level=error\"],\"us\":12}\n");
}

static void passwords_are_not_written(void **state) {
  static const struct resp_slice auth[] = {SLICE("Auth"), SLICE("me"),
                                           SLICE("secret")};
  static const struct resp_slice hello[] = {SLICE("HELLO"), SLICE("3"),
                                            SLICE("AUTH"), SLICE("secret")};
  char out[LOG_LINE_MAX + 1];
  (void)state;
  for (int json = 0; json < 2; json++) {
    struct log_line line = command(auth, 3);
    out[log_line_write(&line, json, out)] = '\0';
    assert_null(strstr(out, "secret"));
    line = command(hello, 4);
    out[log_line_write(&line, json, out)] = '\0';
    assert_null(strstr(out, "secret"));
  }
}

static void the_longest_line_fits(void **state) {
  static char bytes[4096];
  struct resp_slice argv[8] = {{NULL, 0}};
  struct log_line line = command(argv, 8);
  char out[LOG_LINE_MAX + 1], detail[512];
  (void)state;
  memset(bytes, 1, sizeof bytes);
  memset(detail, 1, sizeof detail);
  detail[sizeof detail - 1] = '\0';
  for (size_t i = 0; i < 8; i++)
    argv[i] = (struct resp_slice){bytes, sizeof bytes};
  line.id = UINT64_MAX;
  line.us = UINT64_MAX - 1;
  line.client = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";
  for (int json = 0; json < 2; json++)
    assert_true(log_line_write(&line, json, out) <= LOG_LINE_MAX);
  line.argc = 0;
  line.detail = detail;
  for (int json = 0; json < 2; json++)
    assert_true(log_line_write(&line, json, out) <= LOG_LINE_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_command_is_a_line_of_either_form),
      cmocka_unit_test(what_is_not_there_is_left_out),
      cmocka_unit_test(a_client_cannot_end_or_forge_a_line),
      cmocka_unit_test(passwords_are_not_written),
      cmocka_unit_test(the_longest_line_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
