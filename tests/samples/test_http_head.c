/* SPDX-License-Identifier: MIT */
/* Heads of HTTP requests: what is read, and that all of the table of abuse is
 * read alike wherever the bytes are cut, also by one who knows the fields. */
#include "samples/http_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples/abuse.h"

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

static void targets_are_decoded_once(void **state) {
  (void)state;
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
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST END, good[i].input);
    http_expect(text, good[i].wanted);
  }
}

/* ---- the table of abuse ---- */

/* What the reader refuses: not what is answered by the routes. */
static int refusal_of(const struct abuse *a) {
  int status = 0;
  if (a->end != LEAVES)
    return 0;
  for (const char *word = a->out.head; *word; word = strchr(word, ' ') + 1)
    status = atoi(word + (*word == 'H'));
  return status == 200 ? 0 : status;
}

static void expect_part(const struct abuse_part *part) {
  for (size_t i = 0; i < part->count; i++) {
    const struct abuse *a = &part->abuses[i];
    size_t size;
    if (a->out.times > 0) /* its transcript is as long */
      continue;
    char *data = abuse_make(&a->in, &size);
    assert_non_null(data);
    http_expect_alike(data, size, refusal_of(a));
    free(data);
  }
}

static void the_table_is_read_alike_however_cut(void **state) {
  (void)state;
  expect_part(&abuse_http_lines);
  expect_part(&abuse_http_fields);
  expect_part(&abuse_http_bodies);
  expect_part(&abuse_http_targets);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_follow_each_other),
      cmocka_unit_test(known_fields_are_read_like_others),
      cmocka_unit_test(targets_are_decoded_once),
      cmocka_unit_test(the_table_is_read_alike_however_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
