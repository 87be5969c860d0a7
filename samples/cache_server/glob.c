/* SPDX-License-Identifier: MIT */
/* Matches patterns without recursion: when it goes wrong, the last * takes one
 * byte more. */
#include "glob.h"

struct pattern {
  const char *at, *end;
};

/* One byte of a class, perhaps behind a backslash. */
static unsigned char class_byte(struct pattern *p) {
  if (*p->at == '\\' && p->end - p->at >= 2)
    p->at++;
  return (unsigned char)*p->at++;
}

/* Behind [: moves behind ], or to the end where it is missing. */
static bool match_class(struct pattern *p, unsigned char c) {
  bool negative = p->at < p->end && *p->at == '^';
  bool found = false;
  if (negative)
    p->at++;
  while (p->at < p->end && *p->at != ']') {
    unsigned char low = class_byte(p);
    unsigned char high = low;
    if (p->end - p->at >= 2 && *p->at == '-') {
      p->at++;
      high = class_byte(p);
    }
    if (low > high) {
      unsigned char swap = low;
      low = high;
      high = swap;
    }
    found |= c >= low && c <= high;
  }
  if (p->at < p->end)
    p->at++;
  return found != negative;
}

/* One element that is no *, against one byte. Moves behind it. */
static bool match_one(struct pattern *p, unsigned char c) {
  char first = *p->at++;
  if (first == '?')
    return true;
  if (first == '[')
    return match_class(p, c);
  if (first == '\\' && p->at < p->end)
    first = *p->at++;
  return (unsigned char)first == c;
}

bool glob_match(const char *pattern, size_t pattern_size, const char *text,
                size_t text_size) {
  struct pattern p = {pattern, pattern + pattern_size};
  struct pattern star = {0}; /* behind the last *, and what it has taken */
  const char *taken = text;
  const char *end = text + text_size;
  while (text < end) {
    if (p.at < p.end && *p.at == '*') {
      p.at++;
      star = p;
      taken = text;
    } else if (p.at < p.end && match_one(&p, (unsigned char)*text)) {
      text++;
    } else if (star.at) {
      p = star;
      text = ++taken;
    } else {
      return false;
    }
  }
  while (p.at < p.end && *p.at == '*')
    p.at++;
  return p.at == p.end;
}
