/* SPDX-License-Identifier: MIT */
/* The commands that go through the keys: the countries by their numbers, then
 * the whole.
 *
 * A cursor of SCAN is the number from which to go on, not a place: so a country
 * that stays is found once, whatever comes and goes meanwhile. */
#include "command_key.h"

#include <limits.h>
#include <stdio.h>

#include "glob.h"

#define COUNT_DEFAULT 10
/* The cursor of the whole, behind all numbers. */
#define CURSOR_ALL ((uint64_t)INT_MAX + 1)

enum types { TYPE_NONE = 0, TYPE_HASH = 1, TYPE_STRING = 2, TYPE_ANY = 3 };

void command_dbsize(struct client *c, const struct country_dict *dict) {
  reply_integer(&c->reply, (int64_t)country_dict_count(dict));
}

/* ---- an array of the keys in a range that are asked for ---- */

/* Key i of all. Its size. */
static size_t key_name(const struct country_dict *dict, size_t i,
                       char text[32]) {
  int size = snprintf(text, 32, "%s", KEY_ALL);
  if (i < country_dict_count(dict))
    size =
        snprintf(text, 32, KEY_PREFIX "%d", country_dict_rows(dict)[i].numeric);
  return (size_t)size;
}

/* Gives the size of the name, 0 for a key that is not asked for. */
static size_t next_key(struct client *c, char text[32]) {
  struct client_cursor *at = &c->cursor;
  const struct resp_slice *pattern = at->pattern;
  bool whole = at->next == country_dict_count(at->dict);
  size_t size = key_name(at->dict, at->next++, text);
  c->budget -= KEY_COST;
  if (!(at->types & (whole ? TYPE_STRING : TYPE_HASH)))
    return 0;
  if (!pattern)
    return size;
  c->budget -= (int64_t)pattern->size;
  return glob_match(pattern->data, pattern->size, text, size) ? size : 0;
}

static bool step_keys(struct client *c) {
  char text[32];
  size_t size = next_key(c, text);
  if (size > 0)
    reply_bulk(&c->reply, text, size);
  return c->cursor.next < c->cursor.count;
}

static void reply_cursor(struct reply *r, uint64_t cursor) {
  char text[24];
  int size = snprintf(text, sizeof text, "%llu", (unsigned long long)cursor);
  reply_array(r, 2);
  reply_bulk(r, text, (size_t)size);
}

/* An array says first how long it is. */
static bool step_count_keys(struct client *c) {
  char text[32];
  struct client_cursor *at = &c->cursor;
  at->sum += next_key(c, text) > 0;
  if (at->next < at->count)
    return true;
  if (at->scans)
    reply_cursor(&c->reply, at->after);
  reply_array(&c->reply, (size_t)at->sum);
  at->next = at->from;
  at->step = step_keys;
  return at->sum > 0;
}

void command_keys(struct client *c, const struct country_dict *dict) {
  client_begin_cursor(c, step_count_keys, country_dict_count(dict) + 1, dict);
  c->cursor.pattern = &c->parser.argv[1];
  c->cursor.types = TYPE_ANY;
}

/* ---- SCAN ---- */

struct scan {
  uint64_t cursor;
  int64_t count;
  const struct resp_slice *pattern;
  unsigned types;
};

/* As strtoull reads it, which Redis uses: with a plus, zeros in front, or
 * nothing at all. What is negative is beyond all numbers. */
static bool read_cursor(const struct resp_slice *s, uint64_t *out) {
  size_t i = s->size > 0 && (*s->data == '+' || *s->data == '-');
  uint64_t n = 0;
  if (i == s->size && i > 0)
    return false;
  for (; i < s->size; i++) {
    unsigned digit = (unsigned char)s->data[i] - (unsigned)'0';
    if (digit > 9 || n > (UINT64_MAX - digit) / 10)
      return false;
    n = 10 * n + digit;
  }
  *out = s->size > 0 && *s->data == '-' ? 0 - n : n;
  return true;
}

static unsigned read_type(const struct resp_slice *s) {
  if (command_is(s, "hash"))
    return TYPE_HASH;
  return command_is(s, "string") ? TYPE_STRING : TYPE_NONE;
}

/* NULL, or what is wrong. */
static const char *read_options(const struct resp_parser *p, struct scan *s) {
  for (size_t i = 2; i < p->argc; i += 2) {
    const struct resp_slice *name = &p->argv[i], *value = &p->argv[i + 1];
    if (i + 1 == p->argc)
      return COMMAND_SYNTAX;
    if (command_is(name, "count")) {
      if (!command_integer(value, &s->count))
        return COMMAND_NOT_INTEGER;
      if (s->count < 1)
        return COMMAND_SYNTAX;
    } else if (command_is(name, "match")) {
      s->pattern = value;
    } else if (command_is(name, "type")) {
      s->types = read_type(value);
    } else {
      return COMMAND_SYNTAX;
    }
  }
  return NULL;
}

/* The first key whose number is not below the cursor; past all keys for a
 * cursor past all. */
static size_t seek(const struct country_dict *dict, uint64_t cursor) {
  const country_t *rows = country_dict_rows(dict);
  size_t low = 0, high = country_dict_count(dict);
  if (cursor > CURSOR_ALL)
    return high + 1;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if ((uint64_t)rows[middle].numeric < cursor)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The cursor of key i; 0 past the last one. */
static uint64_t cursor_of(const struct country_dict *dict, size_t i) {
  if (i > country_dict_count(dict))
    return 0;
  if (i == country_dict_count(dict))
    return CURSOR_ALL;
  return (uint64_t)country_dict_rows(dict)[i].numeric;
}

static void scan(struct client *c, const struct country_dict *dict,
                 const struct scan *s) {
  size_t all = country_dict_count(dict) + 1;
  size_t from = seek(dict, s->cursor);
  size_t left = all - from;
  size_t to = (uint64_t)s->count < left ? from + (size_t)s->count : all;
  if (left == 0) {
    reply_cursor(&c->reply, 0);
    reply_array(&c->reply, 0);
    return;
  }
  client_begin_cursor(c, step_count_keys, to, dict);
  c->cursor.next = c->cursor.from = from;
  c->cursor.after = cursor_of(dict, to);
  c->cursor.pattern = s->pattern;
  c->cursor.types = s->types;
  c->cursor.scans = true;
}

void command_scan(struct client *c, const struct country_dict *dict) {
  struct scan s = {.count = COUNT_DEFAULT, .types = TYPE_ANY};
  const char *wrong = NULL;
  if (!read_cursor(&c->parser.argv[1], &s.cursor))
    wrong = "ERR invalid cursor";
  else
    wrong = read_options(&c->parser, &s);
  if (wrong)
    reply_error(&c->reply, wrong);
  else
    scan(c, dict, &s);
}
