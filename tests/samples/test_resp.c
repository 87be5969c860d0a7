/* SPDX-License-Identifier: MIT */
/* The RESP parser: what it reads, its limits, and no memory. */
#include "samples/resp_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- it works ---- */

static void arrays_are_read(void **state) {
  (void)state;
  expect("*1\r\n$4\r\nPING\r\n", "[PING]");
  expect("*2\r\n$3\r\nGET\r\n$11\r\ncountry:276\r\n", "[GET|country:276]");
  expect("*1\r\n$0\r\n\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n", "[][a|]");
}

static void requests_are_pipelined(void **state) {
  (void)state;
  expect("*1\r\n$4\r\nPING\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nGET x\n",
         "[PING][PING][ECHO|hi][GET|x]");
}

static void arguments_are_binary(void **state) {
  (void)state;
  static const char data[] = "*2\r\n$3\r\nGET\r\n$9\r\n\0\r\n$*1\r\n\xff\r\n";
  expect_sized(data, sizeof data - 1, NULL,
               "[GET|<00><0d><0a>$*1<0d><0a><ff>]");
}

static void inline_commands_are_read(void **state) {
  (void)state;
  expect("PING\r\n", "[PING]");
  expect("PING\n", "[PING]");
  expect("  GET \t country:276  \r\n", "[GET|country:276]");
  expect("PING\f\v \fx\n", "[PING<0c><0b>|x]");
  expect("PING 'a'\fx\n", "[PING|a|x]");
}

static void inline_words_are_unquoted(void **state) {
  (void)state;
  expect("ECHO \"a b\" 'c d' e\n", "[ECHO|a b|c d|e]");
  expect("ECHO \"\" ''\n", "[ECHO||]");
  expect("ECHO \"\\x41\\xfg\\x0\\n\\r\\t\\b\\a\\\"\\\\\\q\"\n",
         "[ECHO|Axfgx0<0a><0d><09><08><07>\"\\q]");
  expect("ECHO 'it\\'s' '\\n' a\"b\" '\"' \"'\"\n", "[ECHO|it's|\\n|ab|\"|']");
  expect("ECHO \"\\x00\\xFf\"\r\n", "[ECHO|<00><ff>]");
}

static void empty_requests_are_ignored(void **state) {
  (void)state;
  expect("\r\n\n  \r\nPING\r\n\r\n", "[PING]");
  expect("*0\r\n*-1\r\nPING\r\n*0\r\n", "[PING]");
}

static void what_is_incomplete_waits(void **state) {
  (void)state;
  expect("*1000000\r\n", "");
  expect("*2\r\n$3\r\nGET\r\n$100\r\nabc", "");
  expect("PING\r", "");
  expect("*1\r", "");
  expect("*1\r\n$4\r\nPING\r", "");
  expect("*1\r\n$536870912\r\nabc", "");
}

static void a_declared_count_costs_nothing(void **state) {
  (void)state;
  struct reader r;
  reader_init(&r, NULL, false);
  reader_feed(&r, "*1048576\r\n", 10);
  assert_int_equal(r.parser.capacity, 0);
  assert_int_equal(r.size, 0);
  reader_close(&r);
}

static void many_arguments_are_read(void **state) {
  (void)state;
  enum { COUNT = 100000 };
  struct reader r;
  size_t size = 0;
  char *data = malloc(16 + COUNT * 7);
  assert_non_null(data);
  size += (size_t)sprintf(data, "*%d\r\n", COUNT);
  for (int i = 0; i < COUNT; i++)
    size += (size_t)sprintf(data + size, "$1\r\n%c\r\n", 'a' + i % 26);
  reader_init(&r, NULL, false);
  size_t used;
  assert_int_equal(resp_next(&r.parser, data, size, &used), RESP_REQUEST);
  assert_int_equal(used, size);
  assert_int_equal(r.parser.argc, COUNT);
  for (int i = 0; i < COUNT; i++)
    assert_int_equal(*r.parser.argv[i].data, 'a' + i % 26);
  assert_int_equal(resp_next(&r.parser, data, 0, &used), RESP_MORE);
  assert_true(r.parser.capacity <= 1024); /* the slots went again */
  reader_close(&r);
  free(data);
}

/* ---- limits ---- */

static void a_bulk_over_its_limit_is_skipped(void **state) {
  (void)state;
  struct resp_limits limits = {.bulk = 5, .request = 1000};
  static const char text[] = "*2\r\n$3\r\nGET\r\n$4\r\nabcd\r\n"
                             "*2\r\n$3\r\nGET\r\n$5\r\nabcde\r\n"
                             "*3\r\n$3\r\nGET\r\n$6\r\nabcdef\r\n$1\r\nx\r\n"
                             "PING\r\n";
  expect_sized(text, sizeof text - 1, &limits,
               "[GET|abcd][GET|abcde]"
               "#ERR argument exceeds the limit of 5 bytes[PING]");
}

static void a_request_over_its_limit_is_skipped(void **state) {
  (void)state;
  struct resp_limits limits = {.bulk = 5, .request = 8};
  static const char text[] =
      "*3\r\n$3\r\nGET\r\n$5\r\nabcde\r\n$0\r\n\r\n"
      "*3\r\n$3\r\nGET\r\n$5\r\nabcde\r\n$1\r\nf\r\n*1\r\n$1\r\na\r\n";
  expect_sized(text, sizeof text - 1, &limits,
               "[GET|abcde|]#ERR request exceeds the limit of 8 bytes[a]");
}

static void what_is_skipped_is_checked(void **state) {
  (void)state;
  struct resp_limits limits = {.bulk = 2, .request = 8};
  static const char end[] = "*2\r\n$3\r\nGETxx";
  static const char length[] = "*2\r\n$3\r\nGET\r\n$x\r\n";
  expect_sized(end, sizeof end - 1, &limits, BAD_END);
  expect_sized(length, sizeof length - 1, &limits, BAD_BULK);
}

static void skipping_holds_nothing(void **state) {
  (void)state;
  struct resp_limits limits = {.bulk = 1 << 20};
  char piece[65536];
  struct reader r;
  memset(piece, 'x', sizeof piece);
  reader_init(&r, &limits, true);
  reader_feed(&r, "*2\r\n$3\r\nGET\r\n$67108864\r\n", 24);
  for (int i = 0; i < 1024; i++)
    reader_feed(&r, piece, sizeof piece);
  reader_feed(&r, "\r\nPING\r\n", 8);
  assert_string_equal(r.text,
                      "#ERR argument exceeds the limit of 1048576 bytes[PING]");
  assert_true(r.most <= sizeof piece + 64);
  reader_close(&r);
}

static void random_bytes_never_hurt(void **state) {
  (void)state;
  static const char alphabet[] = "*$012349\r\n\r\n\r\n-\"'\\x aP:\0\xff";
  uint32_t seed = 1;
  for (int round = 0; round < 20000; round++) {
    char data[48];
    struct reader whole, bytes;
    for (size_t i = 0; i < sizeof data; i++) {
      seed = seed * 1664525u + 1013904223u;
      data[i] = alphabet[(seed >> 8) % (sizeof alphabet - 1)];
    }
    if (round % 2)
      memcpy(data, "*2\r\n$1\r\n", 8);
    reader_init(&whole, NULL, true);
    reader_init(&bytes, NULL, false);
    reader_feed(&whole, data, sizeof data);
    for (size_t i = 0; i < sizeof data; i++)
      reader_feed(&bytes, data + i, 1);
    assert_string_equal(whole.text, bytes.text);
    reader_close(&whole);
    reader_close(&bytes);
  }
}

/* ---- faults ---- */

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* The linker takes plain functions, so this must be static. -1: none fails. */
static int reallocs_left = -1;

void *__wrap_realloc(void *block, size_t size) {
  if (reallocs_left > 0)
    reallocs_left--;
  return reallocs_left == 0 ? NULL : __real_realloc(block, size);
}

static void no_memory_is_told(void **state) {
  (void)state;
  char array[] = "*9\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n"
                 "$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n";
  char line[] = "a b c d e f g h i\n";
  for (int n = 0; n < 4; n++) {
    struct resp_parser p;
    size_t used;
    bool inline_form = n >= 2;
    resp_init(&p, NULL);
    reallocs_left = 1 + n % 2;
    enum resp_event event =
        resp_next(&p, inline_form ? line : array,
                  inline_form ? sizeof line - 1 : sizeof array - 1, &used);
    reallocs_left = -1;
    assert_int_equal(event, RESP_NOMEM);
    resp_close(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arrays_are_read),
      cmocka_unit_test(requests_are_pipelined),
      cmocka_unit_test(arguments_are_binary),
      cmocka_unit_test(inline_commands_are_read),
      cmocka_unit_test(inline_words_are_unquoted),
      cmocka_unit_test(empty_requests_are_ignored),
      cmocka_unit_test(what_is_incomplete_waits),
      cmocka_unit_test(a_declared_count_costs_nothing),
      cmocka_unit_test(many_arguments_are_read),
      cmocka_unit_test(a_bulk_over_its_limit_is_skipped),
      cmocka_unit_test(a_request_over_its_limit_is_skipped),
      cmocka_unit_test(what_is_skipped_is_checked),
      cmocka_unit_test(skipping_holds_nothing),
      cmocka_unit_test(random_bytes_never_hurt),
      cmocka_unit_test(no_memory_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
