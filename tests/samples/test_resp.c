/* SPDX-License-Identifier: MIT */
/* The RESP parser: each input is read whole, byte by byte, and cut in two at
 * every byte, and must always give the same transcript. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_server/resp.h"

/* ---- helpers: a reader that moves its bytes at every read ---- */

struct reader {
  struct resp_parser parser;
  char *held; /* exactly what is not used, so that a sanitizer sees overreads */
  size_t size;
  size_t most; /* the most that was held */
  bool over;
  char text[8192]; /* [arg|arg] a request, !error, # too big, ~ foreign */
  size_t length;
};

/* A warm parser has slots from an earlier request, so that it may take its short
 * cut. */
static void reader_init(struct reader *r, const struct resp_limits *limits,
                        bool warm) {
  char first[] = "*1\r\n$1\r\nx\r\n";
  size_t used;
  memset(r, 0, sizeof *r);
  resp_init(&r->parser, limits);
  if (warm)
    assert_int_equal(resp_next(&r->parser, first, sizeof first - 1, &used),
                     RESP_REQUEST);
}

static void reader_close(struct reader *r) {
  resp_close(&r->parser);
  free(r->held);
  r->held = NULL;
}

static void say(struct reader *r, const char *text) {
  size_t size = strlen(text);
  if (size >= sizeof r->text - r->length)
    size = sizeof r->text - r->length - 1;
  memcpy(r->text + r->length, text, size);
  r->length += size;
}

static void say_bytes(struct reader *r, const char *data, size_t size) {
  char hex[8];
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    snprintf(hex, sizeof hex, isprint(c) ? "%c" : "<%02x>", c);
    say(r, hex);
  }
}

static void note(struct reader *r, enum resp_event event) {
  if (event == RESP_REQUEST) {
    for (size_t i = 0; i < r->parser.argc; i++) {
      say(r, i ? "|" : "[");
      say_bytes(r, r->parser.argv[i].data, r->parser.argv[i].size);
    }
    say(r, "]");
    return;
  }
  r->over = event != RESP_TOO_BIG;
  say(r, event == RESP_FOREIGN ? "~" : event == RESP_TOO_BIG ? "#" : "!");
  if (event != RESP_FOREIGN)
    say(r, r->parser.error);
}

/* Keeps data[from..] in a block of its own, followed by more. */
static void hold(struct reader *r, size_t from, const char *more, size_t size) {
  size_t kept = r->size - from;
  char *held = malloc(kept + size + 1);
  assert_non_null(held);
  if (kept)
    memcpy(held, r->held + from, kept);
  if (size)
    memcpy(held + kept, more, size);
  held = realloc(held, kept + size ? kept + size : 1);
  free(r->held);
  r->held = held;
  r->size = kept + size;
  if (r->size > r->most)
    r->most = r->size;
}

static void feed(struct reader *r, const char *data, size_t size) {
  size_t used;
  if (r->over)
    return;
  hold(r, 0, data, size);
  for (;;) {
    enum resp_event event = resp_next(&r->parser, r->held, r->size, &used);
    assert_true(used <= r->size);
    if (event != RESP_MORE)
      note(r, event);
    hold(r, used, NULL, 0);
    if (event == RESP_MORE || r->over)
      return;
  }
}

/* The input, and what is to be made of it. */
struct input {
  const char *data;
  size_t size;
  const struct resp_limits *limits;
  const char *expected;
};

/* The first cut bytes at once, then the rest in pieces. */
static void expect_pieces(const struct input *in, size_t cut, size_t piece) {
  for (int warm = 0; warm < 2; warm++) {
    struct reader r;
    reader_init(&r, in->limits, warm);
    feed(&r, in->data, cut);
    for (size_t at = cut; at < in->size; at += piece)
      feed(&r, in->data + at, in->size - at < piece ? in->size - at : piece);
    if (strcmp(r.text, in->expected) != 0)
      print_error("cut at %zu, pieces of %zu:\n%s\nwanted\n%s\n", cut, piece,
                  r.text, in->expected);
    assert_string_equal(r.text, in->expected);
    reader_close(&r);
  }
}

static void expect_sized(const char *data, size_t size,
                         const struct resp_limits *limits,
                         const char *expected) {
  struct input in = {data, size, limits, expected};
  for (size_t piece = 1; piece < 8; piece++)
    expect_pieces(&in, 0, piece);
  for (size_t cut = 0; cut <= size; cut++)
    expect_pieces(&in, cut, size);
}

static void expect(const char *text, const char *expected) {
  expect_sized(text, strlen(text), NULL, expected);
}

/* Long inputs, cut at a few places. */
static void expect_long(const char *data, size_t size, const char *expected) {
  static const size_t pieces[] = {997, 4096, 65535, 65536, 65537, 1 << 20};
  struct input in = {data, size, NULL, expected};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
    expect_pieces(&in, 0, pieces[i]);
}

#define PROTOCOL "!ERR Protocol error: "
#define BAD_COUNT PROTOCOL "invalid multibulk length"
#define BAD_BULK PROTOCOL "invalid bulk length"
#define BAD_END PROTOCOL "bulk is not followed by CRLF"
#define BAD_TYPE PROTOCOL "expected an array or an inline request"
#define BAD_ZERO PROTOCOL "zero byte in inline request"

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
  feed(&r, "*1048576\r\n", 10);
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
  feed(&r, "*2\r\n$3\r\nGET\r\n$67108864\r\n", 24);
  for (int i = 0; i < 1024; i++)
    feed(&r, piece, sizeof piece);
  feed(&r, "\r\nPING\r\n", 8);
  assert_string_equal(r.text,
                      "#ERR argument exceeds the limit of 1048576 bytes[PING]");
  assert_true(r.most <= sizeof piece + 64);
  reader_close(&r);
}

/* ---- it fails ---- */

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
    feed(&whole, data, sizeof data);
    for (size_t i = 0; i < sizeof data; i++)
      feed(&bytes, data + i, 1);
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
      cmocka_unit_test(random_bytes_never_hurt),
      cmocka_unit_test(no_memory_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
