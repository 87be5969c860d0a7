/* SPDX-License-Identifier: MIT */
/* Recognises well-formed UTF-8. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character at s, a string, or 0 where the bytes are not
 * UTF-8 (RFC 3629: no overlong forms, no surrogates). 1 at the end of s. */
static inline size_t utf8_length(const char *s) {
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char first = (unsigned char)*s;
  if (first < 0x80)
    return 1;
  if (first < 0xc2 || first > 0xf4)
    return 0;
  size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  unsigned code = first & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    unsigned char next = (unsigned char)s[i];
    if ((next & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (next & 0x3fu);
  }
  bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < least[n] || code > 0x10ffff || surrogate ? 0 : n;
}

/* True when all of s is UTF-8. */
static inline bool utf8_is_valid(const char *s) {
  for (size_t n; *s; s += n)
    if ((n = utf8_length(s)) == 0)
      return false;
  return true;
}

#endif
