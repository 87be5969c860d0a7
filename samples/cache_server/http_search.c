/* SPDX-License-Identifier: MIT */
/* Searches in names and codes, without regard to case. */
#include "http_search.h"
#include "http_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- case ---- */

/* The second byte of a character of two, in lower case, for the letters of
 * Latin-1 and Latin Extended-A: their small letters lie at a fixed distance, or
 * next to the capital. */
static unsigned char lower_second(unsigned char first, unsigned char c) {
  if (first == 0xc3)
    return c >= 0x80 && c <= 0x9e && c != 0x97 ? c | 0x20 : c;
  if (first == 0xc4 && (c < 0xb9 && c != 0xb0 && c != 0xb1 && c != 0xb8))
    return c | 1;
  if (first == 0xc5 && c >= 0x8a && c <= 0xb7)
    return c | 1;
  return c;
}

/* The byte at at in lower case; before is the one in front of it. */
static unsigned char lower_at(unsigned char before, unsigned char c) {
  if (c < 0x80)
    return (unsigned char)http_lower((char)c);
  return lower_second(before, c);
}

static void fold(char *text) {
  unsigned char before = 0;
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    *text = (char)lower_at(before, c);
    before = c;
  }
}

static bool begins(const char *text, const char *needle) {
  unsigned char before = 0;
  for (; *needle; text++, needle++) {
    unsigned char c = (unsigned char)*text;
    if (lower_at(before, c) != (unsigned char)*needle)
      return false;
    before = c;
  }
  return true;
}

static bool contains(const char *text, const char *needle) {
  for (; *text; text++)
    if (begins(text, needle))
      return true;
  return false;
}

static bool matches(const struct http_search *s, const country_t *country) {
  char number[16];
  const char *needle = s->needle;
  snprintf(number, sizeof number, "%03d", country->numeric);
  return !*needle || begins(country->alpha_2, needle) ||
         begins(country->alpha_3, needle) || begins(number, needle) ||
         contains(country->name, needle) ||
         contains(country->official_name, needle);
}

/* ---- the query ---- */

static int find_field(const char *name, size_t size) {
  for (unsigned i = 0; i < HTTP_COUNTRY_FIELDS; i++)
    if (strlen(http_country_fields[i]) == size &&
        memcmp(http_country_fields[i], name, size) == 0)
      return (int)i;
  return -1;
}

/* Adds one by its name; false when it is unknown, or there already. */
static bool add_field(struct http_search *s, const char *name, size_t size) {
  int field = find_field(name, size);
  if (field < 0 || memchr(s->fields, field, s->field_count))
    return false;
  s->fields[s->field_count++] = (unsigned char)field;
  return true;
}

static bool read_fields(struct http_search *s, struct http_text query) {
  char names[80];
  int size = http_query_get(query, "fields", names, sizeof names);
  if (size == -1) {
    static const unsigned char all[] = {0, 1, 2, 3, 4, 5};
    memcpy(s->fields, all, sizeof all);
    s->field_count = sizeof all;
    return true;
  }
  if (size < 0)
    return false;
  for (const char *at = names;;) {
    size_t n = strcspn(at, ",");
    if (!add_field(s, at, n))
      return false;
    if (at[n] == '\0')
      return true;
    at += n + 1;
  }
}

static bool read_query(struct http_search *s, struct http_text query) {
  int size = http_query_get(query, "q", s->needle, sizeof s->needle);
  if (size == -2)
    return false;
  if (size == -1)
    s->needle[0] = '\0';
  fold(s->needle);
  return read_fields(s, query);
}

int http_search_new(struct http_snapshot *snapshot, struct http_text query,
                    struct http_search **out) {
  struct http_search *s = calloc(1, sizeof *s);
  if (!s)
    return UV_ENOMEM;
  if (!read_query(s, query)) {
    free(s);
    return UV_EINVAL;
  }
  s->snapshot = http_snapshot_retain(snapshot);
  s->size = 2;
  *out = s;
  return 0;
}

void http_search_free(struct http_search *s) {
  if (!s)
    return;
  http_snapshot_release(s->snapshot);
  free(s->piece);
  free(s);
}

/* ---- the two walks ---- */

/* The next row that matches, of at most *rows, which it counts down. */
static const country_t *next_match(struct http_search *s, size_t *rows) {
  const struct country_dict *dict = s->snapshot->dict;
  while (*rows > 0 && s->next < country_dict_count(dict)) {
    const country_t *country = &country_dict_rows(dict)[s->next++];
    --*rows;
    if (matches(s, country))
      return country;
  }
  return NULL;
}

static bool is_over(const struct http_search *s) {
  return s->next == country_dict_count(s->snapshot->dict);
}

bool http_search_measure(struct http_search *s, size_t rows) {
  const country_t *country;
  while ((country = next_match(s, &rows))) {
    size_t size = http_country_put(NULL, country, s->fields, s->field_count);
    if (size > s->longest)
      s->longest = size;
    s->size += size + s->some;
    s->some = true;
  }
  return !is_over(s);
}

int http_search_rewind(struct http_search *s) {
  s->piece = malloc(s->longest + 1);
  if (!s->piece)
    return UV_ENOMEM;
  s->next = 0;
  s->some = false;
  s->writing = true;
  return 0;
}

bool http_search_write(struct http_search *s, struct reply *out, size_t rows) {
  const country_t *country;
  if (s->next == 0)
    reply_raw(out, "[", 1);
  while ((country = next_match(s, &rows))) {
    size_t size =
        http_country_put(s->piece, country, s->fields, s->field_count);
    reply_raw(out, ",", s->some);
    reply_raw(out, s->piece, size);
    s->some = true;
  }
  if (!is_over(s))
    return true;
  reply_raw(out, "]", 1);
  return false;
}
