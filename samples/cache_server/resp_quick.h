/* SPDX-License-Identifier: MIT */
/* What is asked most is short and comes whole: it is read in one go, without a
 * state. Whatever is not so, good or bad, is left to the states of resp.c, and
 * nothing is decided here that they would decide otherwise. */
#ifndef RESP_QUICK_H
#define RESP_QUICK_H

#include <string.h>

#include "resp.h"

/* The shortest argument, $0 and two line ends. */
#define RESP_QUICK_MIN 6

/* One compare of two bytes. */
static inline bool resp_is_line_end(const char *s) {
  return memcmp(s, "\r\n", 2) == 0;
}

/* One or two digits and CRLF, of the four bytes at s: the value, and what is
 * behind; NULL for anything else. */
static inline const char *resp_read_digits(const char *s, size_t *out) {
  unsigned first = (unsigned char)s[0] - (unsigned)'0';
  unsigned second = (unsigned char)s[1] - (unsigned)'0';
  if (first <= 9 && resp_is_line_end(s + 1)) {
    *out = first;
    return s + 3;
  }
  *out = 10 * first + second;
  return first - 1 <= 8 && second <= 9 && resp_is_line_end(s + 2) ? s + 4
                                                                  : NULL;
}

/* The length behind a $, the argument, and CRLF; what is behind them, or
 * NULL. */
static inline const char *resp_read_bulk(const char *s, const char *end,
                                         struct resp_slice *out) {
  size_t length;
  s = resp_read_digits(s, &length);
  if (!s || (size_t)(end - s) < length + 2 || !resp_is_line_end(s + length))
    return NULL;
  *out = (struct resp_slice){.data = s, .size = length};
  return s + length + 2;
}

#define RESP_GET_BEGIN "*2\r\n$3\r\n"

/* The key of a GET, and what is behind it; NULL for any other request. */
static inline const char *resp_read_get(const char *s, const char *end,
                                        struct resp_slice *out_key) {
  const size_t begin = sizeof RESP_GET_BEGIN - 1;
  if ((size_t)(end - s) < begin + 5 + RESP_QUICK_MIN ||
      memcmp(s, RESP_GET_BEGIN, begin) != 0)
    return NULL;
  s += begin;
  if ((s[0] | 0x20) != 'g' || (s[1] | 0x20) != 'e' || (s[2] | 0x20) != 't' ||
      memcmp(s + 3, "\r\n$", 3) != 0)
    return NULL;
  return resp_read_bulk(s + 6, end, out_key);
}

#endif
