/* SPDX-License-Identifier: MIT */
/* Decodes targets and queries. */
#include "http_target.h"

#include <string.h>

#include "countries/utf8.h"

/* ---- bytes ---- */

/* A bit for each: may stand in a path or a query as it is (RFC 3986, pchar). */
static inline bool is_path_byte(char byte) {
  static const uint32_t bits[8] = {0, 0x2fff7fd2, 0x87ffffff, 0x47fffffe};
  unsigned char c = (unsigned char)byte;
  return bits[c >> 5] >> (c & 31) & 1;
}

/* The byte of %XX; -1 when it is none, or one that nothing may contain. */
static int decode(const char *at, const char *end) {
  if (end - at < 3)
    return -1;
  int high = http_hex(at[1]), low = http_hex(at[2]);
  int c = high < 0 || low < 0 ? -1 : high << 4 | low;
  return c < 0x20 || c == 0x7f ? -1 : c;
}

static bool is_utf8(const char *data, size_t size) {
  for (size_t at = 0; at < size;) {
    size_t n = (unsigned char)data[at] < 0x80 ? 1 : utf8_length(data + at);
    if (n == 0 || n > size - at)
      return false;
    at += n;
  }
  return true;
}

/* ---- authority ---- */

static bool is_host_byte(char c) {
  return c == '%' || (is_path_byte(c) && c != ':' && c != '@');
}

/* The end of a bracketed address, or 0. */
static size_t skip_ip_literal(struct http_text t) {
  size_t at = 1;
  while (at < t.size &&
         (http_hex(t.data[at]) >= 0 || t.data[at] == ':' || t.data[at] == '.'))
    at++;
  return at > 1 && at < t.size && t.data[at] == ']' ? at + 1 : 0;
}

bool http_is_authority(struct http_text t) {
  size_t at = 0;
  if (t.size > 0 && t.data[0] == '[')
    at = skip_ip_literal(t);
  else
    while (at < t.size && is_host_byte(t.data[at]))
      at++;
  if (at == 0 || at == t.size)
    return at > 0;
  if (t.data[at++] != ':' || t.size - at > 5)
    return false;
  while (at < t.size && http_is_digit(t.data[at]))
    at++;
  return at == t.size;
}

/* ---- the path ---- */

/* Decodes in place. The size that is left; 0 for what is refused. */
static size_t decode_path(char *path, size_t size) {
  const char *end = path + size;
  char *to = path;
  for (const char *at = path; at < end; at++) {
    int c = (unsigned char)*at;
    if (c == '%') {
      c = decode(at, end);
      at += 2;
      if (c < 0 || c == '/' || c == '\\')
        return 0;
    } else if (c != '/' && !is_path_byte((char)c)) {
      return 0;
    }
    *to++ = (char)c;
  }
  return (size_t)(to - path);
}

static bool is_dots(const char *segment, size_t size) {
  return (size == 1 && segment[0] == '.') ||
         (size == 2 && segment[0] == '.' && segment[1] == '.');
}

/* No segment is empty but the last, none is "." or "..". */
static bool has_good_segments(const char *path, size_t size) {
  const char *end = path + size;
  const char *segment = path + 1;
  for (;;) {
    const char *slash = memchr(segment, '/', (size_t)(end - segment));
    if (is_dots(segment, (size_t)((slash ? slash : end) - segment)))
      return false;
    if (!slash)
      return true;
    if (slash == segment)
      return false;
    segment = slash + 1;
  }
}

/* Plain bytes at the beginning of a path; *out_dull when no two of them could
 * be an empty segment, or one of dots: most paths are, and need no more. */
static size_t count_plain(const char *path, size_t size, bool *out_dull) {
  char before = 0;
  size_t at = 0;
  *out_dull = true;
  for (; at < size; at++) {
    char c = path[at];
    if (before == '/' && (c == '/' || c == '.'))
      *out_dull = false;
    if (!is_path_byte(c) && c != '/')
      break;
    before = c;
  }
  return at;
}

static bool read_path(struct http_text *out, char *path, size_t size) {
  bool dull;
  size_t plain = count_plain(path, size, &dull);
  *out = (struct http_text){path, size};
  if (plain == size && dull)
    return true;
  out->size = decode_path(path, size);
  return out->size > 0 && is_utf8(path, out->size) &&
         has_good_segments(path, out->size);
}

static bool has_good_bytes(struct http_text query) {
  for (size_t i = 0; i < query.size; i++) {
    char c = query.data[i];
    if (!is_path_byte(c) && c != '/' && c != '?' && c != '%')
      return false;
  }
  return true;
}

/* The size of "http://authority" in front; 0 without; size + 1: refused. */
static size_t skip_origin(const char *target, size_t size) {
  static const char scheme[] = "http://";
  const size_t n = sizeof scheme - 1;
  size_t at = n;
  if (*target == '/')
    return 0;
  if (size <= n || !http_is((struct http_text){target, n}, scheme, n))
    return size + 1;
  while (at < size && target[at] != '/' && target[at] != '?')
    at++;
  return http_is_authority((struct http_text){target + n, at - n}) ? at
                                                                   : size + 1;
}

bool http_target_read(struct http_target *out, char *target, size_t size) {
  size_t skip = skip_origin(target, size);
  *out = (struct http_target){{"/", 1}, {NULL, 0}};
  if (skip > size)
    return false;
  char *path = target + skip;
  size -= skip;
  char *mark = memchr(path, '?', size);
  size_t path_size = mark ? (size_t)(mark - path) : size;
  if (mark)
    out->query = (struct http_text){mark + 1, size - path_size - 1};
  if (path_size > 0 && !read_path(&out->path, path, path_size))
    return false;
  return has_good_bytes(out->query);
}

/* ---- the query ---- */

static int decode_value(const char *at, const char *end, char *out,
                        size_t size) {
  size_t n = 0;
  for (; at < end; at++) {
    int c = *at == '+' ? ' ' : (unsigned char)*at;
    if (c == '%') {
      c = decode(at, end);
      at += 2;
    }
    if (c < 0 || n + 1 == size)
      return -2;
    out[n++] = (char)c;
  }
  out[n] = '\0';
  return utf8_is_valid(out) ? (int)n : -2;
}

int http_query_get(struct http_text query, const char *name, char *out,
                   size_t size) {
  const char *at = query.data;
  const char *end = query.size ? query.data + query.size : at;
  size_t n = strlen(name);
  int found = -1;
  while (at < end) {
    const char *next = memchr(at, '&', (size_t)(end - at));
    const char *stop = next ? next : end;
    if ((size_t)(stop - at) > n && memcmp(at, name, n) == 0 && at[n] == '=') {
      if (found != -1)
        return -2;
      found = decode_value(at + n + 1, stop, out, size);
      if (found < 0)
        return found;
    }
    at = next ? next + 1 : end;
  }
  return found;
}
