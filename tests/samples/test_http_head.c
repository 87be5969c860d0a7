/* SPDX-License-Identifier: MIT */
/* Heads of HTTP requests: what is read, and what is refused with which status,
 * wherever the bytes are cut. */
#include "samples/http_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: x\r\n"
#define END "\r\n"

struct row {
  const char *input, *wanted;
};

static void expect_all(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    http_expect(rows[i].input, rows[i].wanted);
}

#define EXPECT_ALL(rows) expect_all(rows, sizeof(rows) / sizeof *(rows))

/* GET with one field in place of %s, each refused with the same status. */
static void expect_fields(const char *const *fields, size_t count,
                          const char *wanted) {
  char text[512];
  for (size_t i = 0; i < count; i++) {
    snprintf(text, sizeof text, GET HOST "%s" END, fields[i]);
    http_expect(text, wanted);
  }
}

#define EXPECT_FIELDS(fields, wanted)                                          \
  expect_fields(fields, sizeof(fields) / sizeof *(fields), wanted)

/* ---- what is read ---- */

static void requests_follow_each_other(void **state) {
  (void)state;
  static const struct row rows[] = {
      {GET HOST END, "[GET /]"},
      {"HEAD /a/b?c=d HTTP/1.1\r\nHost: example.org:8080\r\n\r\n",
       "[HEAD /a/b?c=d]"},
      {GET HOST END GET HOST END, "[GET /][GET /]"},
      {"\r\n" GET HOST END "\r\n" GET HOST END, "[GET /][GET /]"},
      {GET "host:x\r\nX:\r\nY:  \t\r\nZ: \xc3\xa4\t1\r\n\r\n", "[GET /]"},
      {"GET / HTTP/1.0\r\n\r\n", "[GET /-]"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "[GET /]"},
      {"POST /x HTTP/1.1\r\n" HOST END, "[POST *]"},
      {"OPTIONS * HTTP/1.1\r\n" HOST END, "[OPTIONS *]"},
      {"", ""},
      {"GET / HTTP/1.1\r\nHost: x\r\n", ""},
  };
  EXPECT_ALL(rows);
}

static void known_fields_are_read_like_others(void **state) {
  (void)state;
  static const struct row rows[] = {
      {GET HOST END "GET /a?b HTTP/1.1\r\n" HOST END "GET /c",
       "[GET /][GET /a?b]"},
      {GET HOST END "GET /.. HTTP/1.1\r\n" HOST END, "[GET /]!400"},
      {GET HOST END "GET / HTTP/1.0\r\n" HOST END, "[GET /][GET /-]"},
      {GET HOST END "GET / HTTP/1.1\r\n" HOST "X\r\n", "[GET /]!400"},
      {GET HOST END "GET  HTTP/1.1\r\n" HOST END, "[GET /]!400"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n" HOST END GET
       "Connection: keep-alive\r\n" HOST END GET HOST END,
       "[GET /][GET /][GET /]"},
      {GET "If-None-Match: x\r\n" HOST END GET "If-None-Match: x\r\n" HOST END,
       "[GET /][GET /]"},
      {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "[GET /-]"},
  };
  EXPECT_ALL(rows);
}

static void close_wins(void **state) {
  (void)state;
  static const char *const closing[] = {
      "Connection: close\r\n", "Connection: close, keep-alive\r\n",
      "Connection: keep-alive, CLOSE\r\n",
      "Connection: keep-alive\r\nConnection: close\r\n",
      "Connection: upgrade, close\r\nUpgrade: websocket\r\n"};
  static const char *const staying[] = {
      "Connection: keep-alive\r\n", "Connection: \r\n", "Connection: @\r\n",
      "Connection: upgrade\r\nUpgrade: h2c\r\n", "Upgrade: x\r\n"};
  EXPECT_FIELDS(closing, "[GET /-]");
  EXPECT_FIELDS(staying, "[GET /]");
}

/* ---- lines ---- */

static void lines_end_with_crlf_only(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"GET / HTTP/1.1\nHost: x\n\n", "!400"},
      {GET "Host: x\n\r\n", "!400"},
      {GET HOST "\n", "!400"},
      {"GET / HTTP/1.1\rHost: x\r\r", "!400"},
      {GET "Host: x\rY: z\r\n\r\n", "!400"},
      {GET HOST "\rX: y\r\n\r\n", "!400"},
      {"\n" GET HOST END, "!400"},
      {"\r\n\r\n" GET HOST END, "!400"},
  };
  EXPECT_ALL(rows);
}

static void lines_are_not_folded(void **state) {
  (void)state;
  static const struct row rows[] = {
      {GET " X: y\r\n" HOST END, "!400"},
      {GET "\tX: y\r\n" HOST END, "!400"},
      {GET HOST "X: y\r\n z\r\n\r\n", "!400"},
      {GET HOST "X: y\r\n\tz\r\n\r\n", "!400"},
      {GET HOST " \r\n\r\n", "!400"},
  };
  EXPECT_ALL(rows);
}

static void names_are_tokens(void **state) {
  (void)state;
  static const char *const bad[] = {"X : y\r\n",   "X\t: y\r\n",
                                    "X\r\n",       ": y\r\n",
                                    "X y: z\r\n",  "X(: y\r\n",
                                    "X\"y: z\r\n", "X\xc3\xa4: y\r\n",
                                    "X@: y\r\n",   "Content-Length : 5\r\n",
                                    "X/y: z\r\n",  "[x]: y\r\n"};
  EXPECT_FIELDS(bad, "!400");
}

static void control_bytes_are_refused(void **state) {
  (void)state;
  for (int c = 0; c < 0x20; c++) {
    char text[] = GET HOST "X: a?b\r\n\r\n", line[] = "GET /? HTTP/1.1\r\n\r\n";
    if (c == '\t')
      continue;
    *strchr(text, '?') = (char)c;
    *strchr(line, '?') = (char)c;
    http_expect_sized(text, sizeof text - 1, "!400");
    http_expect_sized(line, sizeof line - 1, "!400");
  }
  http_expect(GET HOST "X: a\x7f"
                       "b\r\n\r\n",
              "!400");
  http_expect("GET /\t HTTP/1.1\r\n" HOST END, "!400");
}

/* ---- the request line ---- */

static void versions_other_than_ours_are_refused(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"GET /\r\n", "!400"},
      {"GET / \r\n" HOST END, "!400"},
      {"GET / HTTP/0.9\r\n" HOST END, "!505"},
      {"GET / HTTP/1.2\r\n" HOST END, "!505"},
      {"GET / HTTP/2.0\r\n" HOST END, "!505"},
      {"GET / HTTP/3.1\r\n" HOST END, "!505"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!505"},
      {"GET / HTTP/1.1x\r\n" HOST END, "!400"},
      {"GET / HTTP/11\r\n" HOST END, "!400"},
      {"GET / HTTP/1.10\r\n" HOST END, "!400"},
      {"GET / http/1.1\r\n" HOST END, "!400"},
      {"GET / ICY/1.1\r\n" HOST END, "!400"},
      {"GET / HTTP/1.1 \r\n" HOST END, "!400"},
      {"GET /  HTTP/1.1\r\n" HOST END, "!400"},
      {"GET  / HTTP/1.1\r\n" HOST END, "!400"},
      {" GET / HTTP/1.1\r\n" HOST END, "!400"},
      {"GET\t/ HTTP/1.1\r\n" HOST END, "!400"},
      {"GET /a b HTTP/1.1\r\n" HOST END, "!400"},
      {"GET / HTTP/1.1 HTTP/1.1\r\n" HOST END, "!400"},
      {"\x16\x03\x01\x02", "!400"},
  };
  EXPECT_ALL(rows);
}

static void methods_unknown_are_not_implemented(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"FLY / HTTP/1.1\r\n" HOST END, "!501"},
      {"GETX / HTTP/1.1\r\n" HOST END, "!501"},
      {"get / HTTP/1.1\r\n" HOST END, "!501"},
      {"G@T / HTTP/1.1\r\n" HOST END, "!400"},
      {"ABCDEFGHIJABCDEFGHIJABCDEFGHIJAB / HTTP/1.1\r\n" HOST END, "!501"},
      {"ABCDEFGHIJABCDEFGHIJABCDEFGHIJABC / HTTP/1.1\r\n" HOST END, "!400"},
      {"DELETE / HTTP/1.1\r\n" HOST END, "[DELETE *]"},
      {"TRACE / HTTP/1.1\r\n" HOST END, "[TRACE *]"},
  };
  EXPECT_ALL(rows);
}

static void targets_are_normalised_once(void **state) {
  (void)state;
  static const char *const bad[] = {
      "/../x",     "/x/..",       "/x/.",        "/./",        "/%2e%2e/x",
      "/%2E/x",    "/x/%2e%2e",   "/x%2fy",      "/x%2Fy",     "/%00",
      "/x%0d%0ay", "/%zz",        "/%4",         "/%",         "//",
      "//x",       "/x//y",       "/x\\y",       "/%5c",       "/%c0%af",
      "/%ff",      "/%e2%82",     "/x#y",        "/<x>",       "/%ed%a0%80",
      "x",         "*",           "x:80",        "https://x/", "http://",
      "http:///",  "http://u@x/", "http://x y/", "ftp://x/",   "/?%zz\\",
      "/?a=\"b\"", "/{x}",        "/|",          "/%7f",       "http://x:y/"};
  static const struct row good[] = {
      {"/", "[GET /]"},
      {"/x/", "[GET /x/]"},
      {"/%78%C3%A4", "[GET /x\xc3\xa4]"},
      {"/%2578", "[GET /%78]"},
      {"/...", "[GET /...]"},
      {"/.x", "[GET /.x]"},
      {"http://x", "[GET /]"},
      {"http://x?a", "[GET /?a]"},
      {"HTTP://x:80/y?z=%C3%A4", "[GET /y?z=%C3%A4]"},
      {"/?a=/..//?", "[GET /?a=/..//?]"},
  };
  char text[128];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST END, bad[i]);
    http_expect(text, "!400");
  }
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST END, good[i].input);
    http_expect(text, good[i].wanted);
  }
}

/* ---- fields ---- */

static void one_good_host_is_wanted(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "Host:\r\n",
                                    "Host: \r\n",
                                    HOST HOST,
                                    "Host: x\r\nHost: y\r\n",
                                    "Host: x y\r\n",
                                    "Host: u@x\r\n",
                                    "Host: u:p@x\r\n",
                                    "Host: x/\r\n",
                                    "Host: x?y\r\n",
                                    "Host: x:y\r\n",
                                    "Host: x:123456\r\n",
                                    "Host: [::1\r\n",
                                    "Host: []\r\n",
                                    "Host: [::g]\r\n",
                                    "Host: x, y\r\n",
                                    "Host: :80\r\n",
                                    "Host: \xc3\xa4\r\n"};
  static const char *const good[] = {"x",
                                     "x:80",
                                     "x:",
                                     "[::1]",
                                     "[::1]:80",
                                     "127.0.0.1:8080",
                                     "a-b.example.org",
                                     " x "};
  char text[128];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(text, sizeof text, GET "%s" END, bad[i]);
    http_expect(text, "!400");
  }
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    snprintf(text, sizeof text, GET "Host:%s\r\n" END, good[i]);
    http_expect(text, "[GET /]");
  }
  http_expect("GET / HTTP/1.0\r\n" HOST HOST END, "!400");
}

static void expectations_are_few(void **state) {
  (void)state;
  static const struct row rows[] = {
      {GET HOST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na",
       "[GET /+100]{1}"},
      {GET HOST "Expect: 100-Continue\r\n\r\n", "[GET /]"},
      {GET HOST "Expect: x\r\n\r\n", "!417"},
      {GET HOST "Expect: 100-continue, x\r\n\r\n", "!417"},
      {GET HOST "Expect:\r\n\r\n", "!417"},
  };
  EXPECT_ALL(rows);
}

/* ---- limits ---- */

/* A request whose target has so many bytes. */
static void expect_target(size_t size, const char *wanted) {
  static const char end[] = " HTTP/1.1\r\n" HOST END;
  char *text = malloc(size + 64);
  assert_non_null(text);
  memcpy(text, *wanted == '!' ? "GET " : "PUT ", 4);
  memset(text + 4, 'a', size);
  text[4] = '/';
  memcpy(text + 4 + size, end, sizeof end);
  http_expect_long(text, 4 + size + sizeof end - 1, wanted);
  free(text);
}

static void request_lines_have_a_limit(void **state) {
  (void)state;
  size_t around = strlen("PUT  HTTP/1.1");
  expect_target(HTTP_LINE_MAX - around, "[PUT *]");
  expect_target(HTTP_LINE_MAX - around + 1, "!414");
  expect_target(100000, "!414");
}

static void methods_have_a_limit(void **state) {
  (void)state;
  enum { SIZE = 1 << 20 };
  char *text = malloc(SIZE);
  assert_non_null(text);
  memset(text, 'A', SIZE);
  http_expect_long(text, SIZE, "!400");
  free(text);
}

/* A head whose fields have so many bytes, each field so many. */
static void expect_field_sizes(size_t total, size_t each, const char *wanted) {
  char *text = malloc(total + 64);
  assert_non_null(text);
  size_t begin = (size_t)sprintf(text, GET HOST);
  size_t end = strlen(GET) + total;
  for (size_t at = begin; at < end;) {
    size_t size = end - at < 2 * each ? end - at : each;
    memset(text + at, 'a', size);
    text[at + 1] = ':';
    memcpy(text + at + size - 2, "\r\n", 2);
    at += size;
  }
  memcpy(text + end, "\r\n", 2);
  http_expect_long(text, end + 2, wanted);
  free(text);
}

static void heads_have_a_limit(void **state) {
  (void)state;
  expect_field_sizes(HTTP_FIELDS_MAX, 1000, "[GET /]");
  expect_field_sizes(HTTP_FIELDS_MAX, 1 << 20, "[GET /]");
  expect_field_sizes(HTTP_FIELDS_MAX + 1, 1000, "!431");
  expect_field_sizes(HTTP_FIELDS_MAX + 1, 1 << 20, "!431");
  expect_field_sizes(200000, 1 << 20, "!431");
}

static void fields_have_a_limit(void **state) {
  (void)state;
  char text[2048];
  for (unsigned count = 99; count <= 100; count++) {
    size_t size = (size_t)sprintf(text, GET HOST);
    for (unsigned i = 0; i < count; i++)
      size += (size_t)sprintf(text + size, "a: %u\r\n", i);
    size += (size_t)sprintf(text + size, END);
    http_expect(text, count == 99 ? "[GET /]" : "!431");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_follow_each_other),
      cmocka_unit_test(known_fields_are_read_like_others),
      cmocka_unit_test(close_wins),
      cmocka_unit_test(lines_end_with_crlf_only),
      cmocka_unit_test(lines_are_not_folded),
      cmocka_unit_test(names_are_tokens),
      cmocka_unit_test(control_bytes_are_refused),
      cmocka_unit_test(versions_other_than_ours_are_refused),
      cmocka_unit_test(methods_unknown_are_not_implemented),
      cmocka_unit_test(targets_are_normalised_once),
      cmocka_unit_test(one_good_host_is_wanted),
      cmocka_unit_test(expectations_are_few),
      cmocka_unit_test(request_lines_have_a_limit),
      cmocka_unit_test(methods_have_a_limit),
      cmocka_unit_test(heads_have_a_limit),
      cmocka_unit_test(fields_have_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
