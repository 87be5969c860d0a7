/* SPDX-License-Identifier: MIT */
/* Bodies of HTTP requests: where they end must be beyond doubt, wherever the
 * bytes are cut. What is refused is in the table of abuse. */
#include <stdio.h>

#include "samples/http_reader.h"

#define POST "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define NEXT "HEAD /n HTTP/1.1\r\nHost: x\r\n\r\n"

static void bodies_are_as_long_as_they_say(void **state) {
  (void)state;
  static const char *const fields[] = {"Content-Length: 5", "Content-Length:5",
                                       "Content-Length: \t 5",
                                       "Content-Length: 0005"};
  char text[512];
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    snprintf(text, sizeof text, POST "%s\r\n\r\nabcde" NEXT, fields[i]);
    http_expect(text, "[POST *]{5}[HEAD /n]");
  }
  http_expect(POST "Content-Length: 0\r\n\r\n" NEXT, "[POST *][HEAD /n]");
}

static void chunks_are_read_to_their_end(void **state) {
  (void)state;
  http_expect(CHUNKED "0\r\n\r\n" NEXT, "[POST *]{5}[HEAD /n]");
  http_expect(CHUNKED "5\r\nabcde\r\n0\r\n\r\n" NEXT, "[POST *]{15}[HEAD /n]");
  http_expect(CHUNKED "A;b=\"c\"\r\n0123456789\r\n00\r\n\r\n" NEXT,
              "[POST *]{27}[HEAD /n]");
  http_expect(CHUNKED "1\r\n\r\r\n1\r\n\n\r\n0\r\nT: u\r\nV:\r\n\r\n" NEXT,
              "[POST *]{27}[HEAD /n]");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bodies_are_as_long_as_they_say),
      cmocka_unit_test(chunks_are_read_to_their_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
