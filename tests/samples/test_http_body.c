/* SPDX-License-Identifier: MIT */
/* Bodies of HTTP requests: where they end must be beyond doubt, or they are
 * refused, wherever the bytes are cut. */
#include "cache_server/http_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples/http_reader.h"

#define POST "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define NEXT "HEAD /n HTTP/1.1\r\nHost: x\r\n\r\n"

/* A head with these fields, and bytes behind it. */
static void expect_fields(const char *const *fields, size_t count,
                          const char *wanted) {
  char text[512];
  for (size_t i = 0; i < count; i++) {
    snprintf(text, sizeof text, POST "%s\r\nabcde" NEXT, fields[i]);
    http_expect(text, wanted);
  }
}

#define EXPECT_FIELDS(fields, wanted)                                          \
  expect_fields(fields, sizeof(fields) / sizeof *(fields), wanted)

/* ---- lengths ---- */

static void lengths_and_codings_exclude_each_other(void **state) {
  (void)state;
  static const char *const bad[] = {
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
      "content-length:5\r\ntransfer-encoding:chunked\r\n"};
  EXPECT_FIELDS(bad, "!400");
}

static void there_is_one_length(void **state) {
  (void)state;
  static const char *const bad[] = {
      "Content-Length: 5\r\nContent-Length: 6\r\n",
      "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5, 6\r\n",
      "Content-Length: 5, 5\r\n", "Content-Length: 5,5\r\n"};
  EXPECT_FIELDS(bad, "!400");
}

static void a_length_is_digits(void **state) {
  (void)state;
  static const char *const bad[] = {"Content-Length: +5\r\n",
                                    "Content-Length: -1\r\n",
                                    "Content-Length: 0x10\r\n",
                                    "Content-Length: 5 \r\n",
                                    "Content-Length: 5\t\r\n",
                                    "Content-Length: 5 5\r\n",
                                    "Content-Length:\r\n",
                                    "Content-Length: \r\n",
                                    "Content-Length: 1e3\r\n",
                                    "Content-Length: 18446744073709551616\r\n",
                                    "Content-Length: 99999999999999999999\r\n",
                                    "Content-Length: \"5\"\r\n",
                                    "Content-Length: 5.0\r\n",
                                    "Content-Length: five\r\n"};
  static const char *const good[] = {
      "Content-Length: 5\r\n", "Content-Length:5\r\n",
      "Content-Length: \t 5\r\n", "Content-Length: 0005\r\n"};
  EXPECT_FIELDS(bad, "!400");
  EXPECT_FIELDS(good, "[POST *]{5}[HEAD /n]");
  http_expect(POST "Content-Length: 0\r\n\r\n" NEXT, "[POST *][HEAD /n]");
}

static void bodies_have_a_limit(void **state) {
  (void)state;
  size_t size = (size_t)HTTP_BODY_MAX;
  char *text = malloc(size + 256);
  assert_non_null(text);
  size_t head = (size_t)sprintf(text, POST "Content-Length: %zu\r\n\r\n", size);
  memset(text + head, 'x', size);
  http_expect_long(text, head + size, "[POST *]{65536}");
  head = (size_t)sprintf(text, POST "Content-Length: %zu\r\n\r\n", size + 1);
  http_expect_long(text, head, "!413");
  head = (size_t)sprintf(text, CHUNKED "ffff\r\n");
  memset(text + head, 'x', 0xffff);
  head += 0xffff;
  sprintf(text + head, "\r\n1\r\ny\r\n0\r\n\r\n");
  http_expect_long(text, strlen(text), "[POST *]{65554}");
  sprintf(text + head, "\r\n2\r\nyy\r\n0\r\n\r\n");
  http_expect_long(text, strlen(text), "[POST *]!413");
  free(text);
  http_expect(CHUNKED "10001\r\n", "[POST *]!413");
  http_expect(CHUNKED "ffffffffffffffff\r\n", "[POST *]!413");
  http_expect(POST "Content-Length: 9223372036854775807\r\n\r\n", "!413");
}

/* ---- codings ---- */

static void codings_are_chunked_or_none(void **state) {
  (void)state;
  static const char *const tricks[] = {
      "Transfer-Encoding: chunked, identity\r\n",
      "Transfer-Encoding: identity, chunked\r\n",
      "Transfer-Encoding: chunked, chunked\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked \r\n",
      "Transfer-Encoding: chunked\t\r\n",
      "Transfer-Encoding: \"chunked\"\r\n",
      "Transfer-Encoding: chunked;x=y\r\n",
      "Transfer-Encoding:\r\n",
      "Transfer-Encoding: chun ked\r\n",
      "Transfer-Encoding : chunked\r\n",
      "Transfer-Encoding: ,chunked\r\n",
      "Transfer-Encoding: \013chunked\r\n"};
  static const char *const unknown[] = {
      "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: gzip\r\n",
      "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunkedx\r\n"};
  EXPECT_FIELDS(unknown, "!501");
  for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++) {
    char text[256];
    snprintf(text, sizeof text, POST "%s\r\n", tricks[i]);
    if (strstr(tricks[i], "identity\r\nT"))
      http_expect(text, "!501");
    else
      http_expect(text, "!400");
  }
  http_expect("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "!400");
  http_expect(POST "TRANSFER-ENCODING:\t CHUNKED\r\n\r\n0\r\n\r\n" NEXT,
              "[POST *]{5}[HEAD /n]");
}

/* ---- chunks ---- */

static void chunks_are_read_to_their_end(void **state) {
  (void)state;
  http_expect(CHUNKED "0\r\n\r\n" NEXT, "[POST *]{5}[HEAD /n]");
  http_expect(CHUNKED "5\r\nabcde\r\n0\r\n\r\n" NEXT, "[POST *]{15}[HEAD /n]");
  http_expect(CHUNKED "A;b=\"c\"\r\n0123456789\r\n00\r\n\r\n" NEXT,
              "[POST *]{27}[HEAD /n]");
  http_expect(CHUNKED "1\r\n\r\r\n1\r\n\n\r\n0\r\nT: u\r\nV:\r\n\r\n" NEXT,
              "[POST *]{27}[HEAD /n]");
}

static void sizes_of_chunks_are_digits(void **state) {
  (void)state;
  static const char *const bad[] = {
      "-1\r\n", "+1\r\n",    "0x5\r\n",    "FFFFFFFFFFFFFFFF0\r\n",
      "\r\n",   ";x\r\n",    "g\r\n",      " 5\r\n",
      "5 \r\n", "5\t;x\r\n", "5\n",        "5\r",
      "5\rx",   "5;x\n",     "5;\x01\r\n", "00000000000000005\r\n",
      "5;x\ry", "5\r\r\n",   "5,5\r\n"};
  char text[256];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(text, sizeof text, CHUNKED "%s+", bad[i]);
    http_expect(text, "[POST *]!400");
  }
}

static void a_chunk_ends_with_crlf(void **state) {
  (void)state;
  static const char *const bad[] = {"5\r\nabcdefg0\r\n\r\n",
                                    "5\r\nabcde0\r\n\r\n",
                                    "5\r\nabcde\n0\r\n\r\n",
                                    "5\r\nabcde\rx0\r\n\r\n",
                                    "5\r\nabcde\n\r0\r\n\r\n",
                                    "0\r\n\n",
                                    "0\r\n\rx"};
  char text[256];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(text, sizeof text, CHUNKED "%s", bad[i]);
    http_expect(text, "[POST *]!400");
  }
}

/* count times what, behind a chunked head. */
static void expect_many(const char *begin, const char *what, size_t count,
                        const char *end, const char *wanted) {
  size_t size = strlen(what);
  char *text = malloc(sizeof CHUNKED + size * count + 64);
  assert_non_null(text);
  size_t at = (size_t)sprintf(text, CHUNKED "%s", begin);
  for (size_t i = 0; i < count; i++, at += size)
    memcpy(text + at, what, size);
  at += (size_t)sprintf(text + at, "%s", end);
  http_expect_long(text, at, wanted);
  free(text);
}

static void extensions_have_a_limit(void **state) {
  (void)state;
  expect_many("0;", "x", 4096, "\r\n\r\n", "[POST *]{4102}");
  expect_many("0;", "x", 4097, "\r\n\r\n", "[POST *]!400");
  expect_many("1;", "x", 1 << 20, "", "[POST *]!400");
  expect_many("", "1;xxxxxxxxx\r\na\r\n", 1000, "", "[POST *]!400");
}

static void trailers_have_the_limits_of_fields(void **state) {
  (void)state;
  expect_many("0\r\n", "a:b\r\n", 100, "\r\n", "[POST *]{505}");
  expect_many("0\r\n", "a:b\r\n", 101, "\r\n", "[POST *]!431");
  expect_many("0\r\na:", "b", 20000, "\r\n\r\n", "[POST *]!431");
  expect_many("0\r\n", "b", 20000, ":\r\n\r\n", "[POST *]!431");
  http_expect(CHUNKED "0\r\n x: y\r\n\r\n", "[POST *]!400");
  http_expect(CHUNKED "0\r\nx y: z\r\n\r\n", "[POST *]!400");
  http_expect(CHUNKED "0\r\nx\r\n\r\n", "[POST *]!400");
  http_expect(CHUNKED "0\r\nx: y\n\r\n", "[POST *]!400");
  http_expect(CHUNKED "0\r\nx: y\r\n z\r\n\r\n", "[POST *]!400");
  http_expect(CHUNKED "0\r\n: y\r\n\r\n", "[POST *]!400");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_and_codings_exclude_each_other),
      cmocka_unit_test(there_is_one_length),
      cmocka_unit_test(a_length_is_digits),
      cmocka_unit_test(bodies_have_a_limit),
      cmocka_unit_test(codings_are_chunked_or_none),
      cmocka_unit_test(chunks_are_read_to_their_end),
      cmocka_unit_test(sizes_of_chunks_are_digits),
      cmocka_unit_test(a_chunk_ends_with_crlf),
      cmocka_unit_test(extensions_have_a_limit),
      cmocka_unit_test(trailers_have_the_limits_of_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
