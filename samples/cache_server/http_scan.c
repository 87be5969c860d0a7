/* SPDX-License-Identifier: MIT */
/* Finds the end of a head and holds each of its lines to the rules that the
 * parser does not know: lines end with CRLF and nothing else, no control bytes,
 * no folded lines, no space around a name, limits. */
#include "http_head.h"

#include <string.h>

#define METHOD_MAX 32u

bool http_is(struct http_text t, const char *word, size_t size) {
  if (t.size != size)
    return false;
  for (size_t i = 0; i < size; i++)
    if (http_lower(t.data[i]) != word[i])
      return false;
  return true;
}

struct http_text http_trim(struct http_text t) {
  while (t.size > 0 && (*t.data == ' ' || *t.data == '\t')) {
    t.data++;
    t.size--;
  }
  while (t.size > 0 &&
         (t.data[t.size - 1] == ' ' || t.data[t.size - 1] == '\t'))
    t.size--;
  return t;
}

static size_t count_token(const char *line, size_t size) {
  size_t n = 0;
  while (n < size && http_is_token((unsigned char)line[n]))
    n++;
  return n;
}

static int check_version(const char *text, size_t size) {
  if (size != 8 || memcmp(text, "HTTP/", 5) != 0 || !http_is_digit(text[5]) ||
      text[6] != '.' || !http_is_digit(text[7]))
    return 400;
  return text[5] == '1' && text[7] <= '1' ? 0 : 505;
}

/* METHOD SP target SP version; 0 or the status that refuses it. */
static int check_request_line(const char *line, size_t size) {
  size_t method = count_token(line, size);
  if (method == 0 || method > METHOD_MAX || method == size ||
      line[method] != ' ')
    return 400;
  size_t at = method + 1;
  while (at < size && line[at] > ' ' && line[at] < 0x7f)
    at++;
  if (at == method + 1 || at == size || line[at] != ' ')
    return 400;
  return check_version(line + at + 1, size - at - 1);
}

/* A line that grows too long: what it begins with tells what is too long. */
static int too_long(const char *line) {
  size_t method = count_token(line, METHOD_MAX + 1);
  return method > 0 && method <= METHOD_MAX && line[method] == ' ' ? 414 : 400;
}

/* 1 at the empty line that ends a head, 0 to go on, or a status, negated. */
static int end_line(struct http_scan *s, const char *data, size_t end) {
  const char *line = data + s->line;
  size_t size = end - s->line;
  if (s->fields == 0) {
    if (size == 0 && s->line == 0)
      return 0; /* one empty line before a request is let pass */
    s->fields = end + 2;
    return -check_request_line(line, size);
  }
  if (size == 0)
    return 1;
  if (++s->count > HTTP_FIELD_COUNT_MAX)
    return -431;
  size_t name = count_token(line, size);
  return name > 0 && name < size && line[name] == ':' ? 0 : -400;
}

static int check_size(const struct http_scan *s, const char *data) {
  if (s->fields == 0)
    return s->at - s->line > HTTP_LINE_MAX ? -too_long(data + s->line) : 0;
  return s->at - s->fields > HTTP_FIELDS_MAX ? -431 : 0;
}

/* The byte behind the last that there is room for. */
static size_t limit(const struct http_scan *s, size_t size) {
  size_t most =
      s->fields ? s->fields + HTTP_FIELDS_MAX + 1 : s->line + HTTP_LINE_MAX + 1;
  return size < most ? size : most;
}

static bool is_plain(unsigned char c) {
  return (c >= 0x20 && c != 0x7f) || c == '\t';
}

long http_scan(struct http_scan *s, const char *data, size_t size) {
  for (;;) {
    size_t end = limit(s, size), at = s->at;
    while (at < end && is_plain((unsigned char)data[at]))
      at++;
    s->at = at;
    int status = check_size(s, data);
    if (status != 0)
      return status;
    if (at == size || (data[at] == '\r' && at + 1 == size))
      return 0;
    if (data[at] != '\r' || data[at + 1] != '\n')
      return -400;
    status = end_line(s, data, at);
    s->at = s->line = at + 2;
    if (status != 0)
      return status < 0 ? status : (long)s->at;
  }
}
