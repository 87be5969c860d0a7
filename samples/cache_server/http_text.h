/* SPDX-License-Identifier: MIT */
/* Pieces of a request: bytes that lie in the input, and what HTTP calls a
 * token. */
#ifndef HTTP_TEXT_H
#define HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes. data is NULL for what is not there. */
struct http_text {
  const char *data;
  size_t size;
};

/* A byte of a token (RFC 9110, 5.6.2): a bit for each. */
static inline bool http_is_token(unsigned char c) {
  static const uint32_t bits[8] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
  return bits[c >> 5] >> (c & 31) & 1;
}

static inline char http_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool http_is_digit(char c) { return c >= '0' && c <= '9'; }

/* The value of a hexadecimal digit, or -1. */
static inline int http_hex(char c) {
  char low = http_lower(c);
  if (http_is_digit(c))
    return c - '0';
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* True for the word, which is in lower case, in any case. */
bool http_is(struct http_text t, const char *word, size_t size);
#define HTTP_IS(t, word) http_is((t), "" word, sizeof word - 1)

/* Without spaces and tabs at either end. */
struct http_text http_trim(struct http_text t);

#endif
