/* SPDX-License-Identifier: MIT */
/* Reads inputs with the RESP parser: whole, byte by byte, and cut in two at
 * every byte, and always wants the same transcript. */
#ifndef VT_TEST_RESP_READER_H
#define VT_TEST_RESP_READER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_server/resp.h"

#define PROTOCOL "!ERR Protocol error: "
#define BAD_COUNT PROTOCOL "invalid multibulk length"
#define BAD_BULK PROTOCOL "invalid bulk length"
#define BAD_END PROTOCOL "bulk is not followed by CRLF"
#define BAD_TYPE PROTOCOL "expected an array or an inline request"
#define BAD_ZERO PROTOCOL "zero byte in inline request"

/* A reader that moves its bytes at every read. */
struct reader {
  struct resp_parser parser;
  char *held; /* exactly what is not used, so that a sanitizer sees overreads */
  size_t size;
  size_t most; /* the most that was held */
  bool over;
  char text[8192]; /* [arg|arg] a request, !error, # too big, ~ foreign */
  size_t length;
};

/* A warm parser has slots from an earlier request, so that it may take its
 * short cut. */
void reader_init(struct reader *r, const struct resp_limits *limits, bool warm);
void reader_close(struct reader *r);

/* More bytes; the transcript goes on in r->text. */
void reader_feed(struct reader *r, const char *data, size_t size);

/* A string without limits of its own, cut everywhere. */
void expect(const char *text, const char *expected);

/* Any bytes, cut everywhere. */
void expect_sized(const char *data, size_t size,
                  const struct resp_limits *limits, const char *expected);

/* Long inputs, cut at a few places. */
void expect_long(const char *data, size_t size, const char *expected);

#endif
