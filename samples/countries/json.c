/* SPDX-License-Identifier: MIT */
/* Writes JSON strings, or measures them. */
#include "json.h"

#include <string.h>

#include "utf8.h"

size_t json_put(char *out, const char *bytes, size_t size) {
  if (out)
    memcpy(out, bytes, size);
  return size;
}

static size_t json_escape(char *out, unsigned char c) {
  static const char hex[] = "0123456789abcdef";
  char text[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
  if (c == '"' || c == '\\') {
    text[1] = (char)c;
    return json_put(out, text, 2);
  }
  return json_put(out, text, sizeof text);
}

size_t json_string(char *out, const char *s) {
  size_t size = json_put(out, "\"", 1);
  while (*s) {
    char *to = out ? out + size : NULL;
    unsigned char c = (unsigned char)*s;
    size_t n = utf8_length(s);
    if (n == 0) /* text of a database may be anything */
      size += json_put(to, "\\ufffd", 6);
    else if (c < 0x20 || c == '"' || c == '\\')
      size += json_escape(to, c);
    else
      size += json_put(to, s, n);
    s += n ? n : 1;
  }
  return size + json_put(out ? out + size : NULL, "\"", 1);
}
