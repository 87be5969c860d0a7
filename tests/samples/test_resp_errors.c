/* SPDX-License-Identifier: MIT */
/* The RESP parser: what it refuses, and with which words. */
#include "samples/resp_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_count_must_be_a_number(void **state) {
  (void)state;
  static const char *const counts[] = {
      "2147483648", "3000000000", "9223372036854775808",
      "1048577",    "abc",        "+1",
      "01",         " 1",         "1 ",
      "",           "-",          "-2",
      "-10",        "-0",         "-01",
      "1\r",        "1.0",        "0x1",
      "\t1",        "--1"};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    char text[64];
    snprintf(text, sizeof text, "PING\r\n*%s\r\nPING\r\n", counts[i]);
    expect(text, "[PING]" BAD_COUNT);
  }
}

static void a_bulk_length_must_be_a_number(void **state) {
  (void)state;
  static const char *const lengths[] = {
      "-1", "-10", "536870913", "x",  "18446744073709551616",
      "+1", "01",  " 1",        "1 ", "",
      "-0", "1\r", "\t1"};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char text[64];
    snprintf(text, sizeof text, "*1\r\n$%s\r\nPING\r\n", lengths[i]);
    expect(text, BAD_BULK);
  }
}

static void lengths_end_with_crlf(void **state) {
  (void)state;
  expect("*1\n$4\r\nPING\r\n", BAD_COUNT);
  expect("*1\r\n$4\nPING\r\n", BAD_BULK);
  expect("*1\rx\n", BAD_COUNT);
}

static void an_argument_is_a_bulk(void **state) {
  (void)state;
  expect("*1\r\n:3\r\n", PROTOCOL "expected '$', got ':'");
  expect("*1\r\n*1\r\n$4\r\nPING\r\n", PROTOCOL "expected '$', got '*'");
  expect("*1\r\nfoo\r\n", PROTOCOL "expected '$', got 'f'");
  expect("*1\r\n\r\n", PROTOCOL "expected '$', got '\\x0d'");
  expect("*2\r\n$1\r\na\r\n\xff", PROTOCOL "expected '$', got '\\xff'");
}

static void a_bulk_ends_with_crlf(void **state) {
  (void)state;
  expect("*1\r\n$4\r\nPINGxx", BAD_END);
  expect("*1\r\n$4\r\nPING\rx", BAD_END);
  expect("*1\r\n$4\r\nPING\n\r", BAD_END);
  expect("*1\r\n$3\r\nPING\r\n", BAD_END);
}

static void quotes_must_be_balanced(void **state) {
  (void)state;
  static const char *const words[] = {"\"a",    "'a",   "\"a'", "a\"b",
                                      "\"a\"b", "'a'b", "\"\\", "\"a\\\""};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    char text[64];
    snprintf(text, sizeof text, "ECHO %s\r\nPING\r\n", words[i]);
    expect(text, PROTOCOL "unbalanced quotes in request");
  }
}

static void other_types_are_refused(void **state) {
  (void)state;
  for (const char *c = "$+-:%~>|,#(!=_"; *c; c++) {
    char text[16] = "x1\r\nPING\r\n";
    text[0] = *c;
    expect(text, BAD_TYPE);
  }
}

static void zero_bytes_are_refused(void **state) {
  (void)state;
  expect_sized("\0", 1, NULL, BAD_ZERO);
  expect_sized("PING\r\nab\0cd\r\n", 13, NULL, "[PING]" BAD_ZERO);
  expect_sized("*\0\r\n", 4, NULL, BAD_COUNT);
  expect_sized("$\0\r\n", 4, NULL, BAD_TYPE);
  expect_sized("*1\r\n$\0\r\n", 8, NULL, BAD_BULK);
  expect_sized("\x16\x03\x01\x02\x00\x01\x00\x01", 8, NULL, BAD_ZERO);
}

static void http_is_closed_without_a_word(void **state) {
  (void)state;
  expect("GET / HTTP/1.1\r\nHost: x\r\n", "~");
  expect("PRI * HTTP/2.0\r\n\r\n", "~");
  expect("POST /x\r\n", "~");
  expect("post\n", "~");
  expect("Host: example.org\r\n", "~");
  expect("GET a b HTTP/1.1\r\n", "[GET|a|b|HTTP/1.1]");
}

static void endless_lines_are_refused(void **state) {
  (void)state;
  enum { SIZE = 70000 };
  char *data = malloc(SIZE);
  assert_non_null(data);
  memset(data, '1', SIZE);
  expect_long(data, SIZE, PROTOCOL "too big inline request");
  data[SIZE - 1] = '\n'; /* too late */
  expect_long(data, SIZE, PROTOCOL "too big inline request");
  data[0] = '*';
  expect_long(data, SIZE, PROTOCOL "too big mbulk count string");
  memcpy(data, "*1\r\n$", 5);
  expect_long(data, SIZE, PROTOCOL "too big bulk count string");
  free(data);
}

static void the_longest_inline_command_is_read(void **state) {
  (void)state;
  static char data[RESP_LINE_MAX];
  struct resp_parser p;
  size_t used;
  memset(data, 'a', sizeof data);
  data[sizeof data - 1] = '\n';
  resp_init(&p, NULL);
  assert_int_equal(resp_next(&p, data, 1, &used), RESP_MORE);
  assert_int_equal(resp_next(&p, data, sizeof data, &used), RESP_REQUEST);
  resp_close(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_count_must_be_a_number),
      cmocka_unit_test(a_bulk_length_must_be_a_number),
      cmocka_unit_test(lengths_end_with_crlf),
      cmocka_unit_test(an_argument_is_a_bulk),
      cmocka_unit_test(a_bulk_ends_with_crlf),
      cmocka_unit_test(quotes_must_be_balanced),
      cmocka_unit_test(other_types_are_refused),
      cmocka_unit_test(zero_bytes_are_refused),
      cmocka_unit_test(http_is_closed_without_a_word),
      cmocka_unit_test(endless_lines_are_refused),
      cmocka_unit_test(the_longest_inline_command_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
