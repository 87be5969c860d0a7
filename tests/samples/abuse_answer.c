/* SPDX-License-Identifier: MIT */
/* Reads answers of HTTP by the letter: a status line that is known, fields that
 * the server has and each of them once, CRLF and nothing else at their ends, a
 * body as long as it says. So no byte of a request can have become a field. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples/abuse.h"

#define HEAD_MAX 1024u
#define BAD "? "

static const char *const lines[] = {
    "100 Continue",
    "200 OK",
    "304 Not Modified",
    "400 Bad Request",
    "404 Not Found",
    "405 Method Not Allowed",
    "408 Request Timeout",
    "413 Content Too Large",
    "414 URI Too Long",
    "417 Expectation Failed",
    "431 Request Header Fields Too Large",
    "501 Not Implemented",
    "503 Service Unavailable",
    "505 HTTP Version Not Supported",
};

enum field { LENGTH, CONNECTION, DATE };

static const char *const names[] = {
    "Content-Length: ",
    "Connection: ",
    "Date: ",
    "Content-Type: ",
    "Cache-Control: ",
    "ETag: ",
    "Allow: ",
    "Retry-After: ",
    "Content-Security-Policy: ",
    "X-Content-Type-Options: ",
    "Referrer-Policy: ",
};

struct answer {
  int status;
  unsigned fields; /* a bit for each name */
  size_t length;
  char mark; /* of what becomes of the connection; 0: nothing is said */
};

static bool is(const char *data, size_t size, const char *text) {
  return size == strlen(text) && memcmp(data, text, size) == 0;
}

static bool read_status(struct answer *a, const char *line, size_t size) {
  static const char version[] = "HTTP/1.1 ";
  const size_t n = sizeof version - 1;
  for (size_t i = 0; size > n && i < sizeof lines / sizeof *lines; i++)
    if (is(line + n, size - n, lines[i]))
      a->status = atoi(lines[i]);
  return a->status != 0 && memcmp(line, version, n) == 0;
}

static bool read_value(struct answer *a, size_t field, const char *value,
                       size_t size) {
  if (field == LENGTH) {
    char *end;
    a->length = strtoul(value, &end, 10);
    return size > 0 && end == value + size;
  }
  if (field == CONNECTION) {
    a->mark = is(value, size, "close") ? '-' : '+';
    return a->mark == '-' || is(value, size, "keep-alive");
  }
  return size > 0;
}

static bool read_field(struct answer *a, const char *line, size_t size) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t n = strlen(names[i]);
    if (size < n || memcmp(line, names[i], n) != 0)
      continue;
    bool again = a->fields & 1u << i;
    a->fields |= 1u << i;
    return !again && read_value(a, i, line + n, size - n);
  }
  return false;
}

/* Which fields there must be. */
static bool is_whole(const struct answer *a) {
  unsigned length = a->fields & 1u << LENGTH, date = a->fields & 1u << DATE;
  if (a->status == 100)
    return a->fields == 0;
  return date && (a->status == 304) == !length;
}

/* The size of the head; 0 for one that is none, -1 for more. */
static long read_head(struct answer *a, const char *data, size_t size) {
  for (size_t at = 0, line = 0;; at++) {
    if (at + 1 >= size)
      return at > HEAD_MAX ? 0 : -1;
    unsigned char c = (unsigned char)data[at];
    if (c >= ' ' && c != 0x7f)
      continue;
    if (c != '\r' || data[at + 1] != '\n')
      return 0;
    if (at == line)
      return is_whole(a) ? (long)at + 2 : 0;
    if (line == 0 ? !read_status(a, data, at)
                  : !read_field(a, data + line, at - line))
      return 0;
    line = at + 2;
    at++;
  }
}

size_t abuse_answer(const char *data, size_t size, bool bodiless,
                    char out[ABUSE_WORD]) {
  struct answer a = {0};
  long head = read_head(&a, data, size);
  if (head < 0)
    return 0;
  if (head == 0) {
    strcpy(out, BAD);
    return size;
  }
  size_t body = bodiless ? 0 : a.length;
  if (size - (size_t)head < body)
    return 0;
  snprintf(out, ABUSE_WORD, "%s%d%.1s ", bodiless ? "H" : "", a.status,
           a.mark ? &a.mark : "");
  return (size_t)head + body;
}
