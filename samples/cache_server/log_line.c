/* SPDX-License-Identifier: MIT */
/* Formats lines of the log. The bounds add up: see LOG_LINE_MAX. */
#include "log_line.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 4u /* of a request */
#define WORD_MAX 64u /* bytes of each */
#define DETAIL_MAX 128u

struct text {
  char *at;
  bool json;
  bool first;
};

static void add(struct text *t, const char *text) {
  size_t size = strlen(text);
  memcpy(t->at, text, size);
  t->at += size;
}

/* At most six bytes for each. */
static void add_escaped(struct text *t, const char *data, size_t size) {
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    if (c < 0x20 || c > 0x7e) {
      t->at += sprintf(t->at, "\\u%04x", c);
      continue;
    }
    if (c == '"' || c == '\\')
      *t->at++ = '\\';
    *t->at++ = (char)c;
  }
}

static void add_name(struct text *t, const char *name) {
  if (!t->first)
    add(t, t->json ? "," : " ");
  t->first = false;
  if (t->json)
    *t->at++ = '"';
  add(t, name);
  add(t, t->json ? "\":" : "=");
}

static size_t cut(size_t size, size_t most) {
  return size < most ? size : most;
}

/* Without quotes where the plain form needs none. */
static void add_word(struct text *t, const char *data, size_t size) {
  static const char plain[] = "0123456789-_.:[]%/"
                              "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  bool quoted = t->json || size == 0;
  for (size_t i = 0; i < size && !quoted; i++)
    quoted = !data[i] || !strchr(plain, data[i]);
  if (quoted)
    *t->at++ = '"';
  add_escaped(t, data, size);
  if (quoted)
    *t->at++ = '"';
}

static void add_string(struct text *t, const char *name, const char *value) {
  if (!value)
    return;
  add_name(t, name);
  add_word(t, value, cut(strlen(value), DETAIL_MAX));
}

static void add_number(struct text *t, const char *name, uint64_t value) {
  add_name(t, name);
  t->at += sprintf(t->at, "%llu", (unsigned long long)value);
}

/* What follows these is nobody's business. */
static bool is_secret(const struct resp_slice *name) {
  return (name->size == 4 && strncasecmp(name->data, "auth", 4) == 0) ||
         (name->size == 5 && strncasecmp(name->data, "hello", 5) == 0);
}

static void add_arguments(struct text *t, const struct resp_slice *argv,
                          size_t argc) {
  add_name(t, "args");
  add(t, t->json ? "[" : "\"");
  for (size_t i = 0; i < argc; i++) {
    if (i > 0)
      add(t, t->json ? "," : " ");
    if (t->json)
      add_word(t, argv[i].data, cut(argv[i].size, WORD_MAX));
    else
      add_escaped(t, argv[i].data, cut(argv[i].size, WORD_MAX));
  }
  add(t, t->json ? "]" : "\"");
}

static void add_command(struct text *t, const struct log_line *line) {
  const struct resp_slice *argv = line->argv;
  add_name(t, "command");
  add_word(t, argv[0].data, cut(argv[0].size, WORD_MAX));
  if (line->argc > 1 && !is_secret(&argv[0]))
    add_arguments(t, argv + 1, cut(line->argc, WORDS_MAX) - 1);
  if (line->us != LOG_LINE_UNTIMED)
    add_number(t, "us", line->us);
}

size_t log_line_write(const struct log_line *line, bool json, char *out) {
  struct text t = {.at = out, .json = json, .first = true};
  if (json)
    *t.at++ = '{';
  add_string(&t, "time", line->time);
  add_string(&t, "level", line->level);
  add_string(&t, "event", line->event);
  add_string(&t, "client", line->client);
  if (line->id != 0)
    add_number(&t, "id", line->id);
  if (line->argc > 0)
    add_command(&t, line);
  add_string(&t, "detail", line->detail);
  if (json)
    *t.at++ = '}';
  *t.at++ = '\n';
  return (size_t)(t.at - out);
}
