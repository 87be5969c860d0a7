/* SPDX-License-Identifier: MIT */
/* Splits inline commands into words. A word never grows by unquoting, so the
 * writing end stays behind the reading end. */
#include "inline.h"

#include <string.h>
#include <strings.h>

struct cursor {
  char *read, *write, *end;
};

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* As in redis: of the blanks between words, some do not end one. */
static bool ends_word(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char unescape(char c) {
  switch (c) {
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  case 'b':
    return '\b';
  case 'a':
    return '\a';
  default:
    return c;
  }
}

/* Behind a backslash inside double quotes; at least one byte is there. */
static char read_escape(struct cursor *c) {
  if (c->end - c->read >= 3 && *c->read == 'x') {
    int high = hex_digit(c->read[1]);
    int low = hex_digit(c->read[2]);
    if (high >= 0 && low >= 0) {
      c->read += 3;
      return (char)(unsigned char)(high << 4 | low);
    }
  }
  return unescape(*c->read++);
}

/* Behind an opening quote. False when the closing one is missing, or is not the
 * end of its word. */
static bool read_quoted(struct cursor *c, char quote) {
  while (c->read < c->end) {
    char byte = *c->read++;
    bool more = c->read < c->end;
    if (byte == quote)
      return !more || is_space(*c->read);
    if (byte == '\\' && more && quote == '"')
      byte = read_escape(c);
    else if (byte == '\\' && more && *c->read == '\'')
      byte = *c->read++;
    *c->write++ = byte;
  }
  return false;
}

enum inline_word inline_next(char **at, char *end, struct resp_slice *out) {
  struct cursor c = {.read = *at, .end = end};
  while (c.read < end && is_space(*c.read))
    c.read++;
  if (c.read == end)
    return INLINE_END;
  c.write = c.read;
  out->data = c.read;
  bool more = true; /* a closing quote ends the word */
  while (more && c.read < end && !ends_word(*c.read)) {
    char byte = *c.read++;
    more = byte != '"' && byte != '\'';
    if (more)
      *c.write++ = byte;
    else if (!read_quoted(&c, byte))
      return INLINE_UNBALANCED;
  }
  out->size = (size_t)(c.write - out->data);
  *at = c.read;
  return INLINE_WORD;
}

static bool is_word(const struct resp_slice *s, const char *word) {
  return s->size == strlen(word) && strncasecmp(s->data, word, s->size) == 0;
}

bool inline_is_http(const struct resp_slice *argv, size_t argc) {
  if (argc == 0)
    return false;
  if (is_word(&argv[0], "post") || is_word(&argv[0], "host:"))
    return true;
  return argc == 3 && argv[2].size >= 5 &&
         strncmp(argv[2].data, "HTTP/", 5) == 0;
}
