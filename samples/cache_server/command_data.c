/* SPDX-License-Identifier: MIT */
/* The commands about countries. A key is country:CODE, which is a text (the
 * name) to GET and a hash (six fields) to HGETALL, or countries, the whole as
 * JSON. */
#include "command.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "glob.h"

#define PREFIX "country:"
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define ALL "countries"
#define STEP_COST 64 /* of the client's budget; a key found and shown */
#define WRONG_TYPE                                                             \
  "WRONGTYPE Operation against a key holding the wrong kind of value"

static bool is_all(const struct resp_slice *key) {
  return key->size == sizeof ALL - 1 && memcmp(key->data, ALL, key->size) == 0;
}

/* Zeros in front are skipped; ten digits reach beyond INT_MAX. -1 for what is
 * not a number, or too large for one of a country. */
static int read_number(const char *digits, size_t size) {
  int64_t number = 0;
  for (; size > 1 && *digits == '0'; size--)
    digits++;
  if (size > 10)
    return -1;
  for (size_t i = 0; i < size; i++) {
    unsigned digit = (unsigned char)digits[i] - (unsigned)'0';
    if (digit > 9)
      return -1;
    number = 10 * number + digit;
  }
  return number > INT_MAX ? -1 : (int)number;
}

/* The country of a key, or NULL. */
static const country_t *find(const struct country_dict *dict,
                             const struct resp_slice *key) {
  if (key->size <= PREFIX_SIZE || memcmp(key->data, PREFIX, PREFIX_SIZE) != 0)
    return NULL;
  const char *code = key->data + PREFIX_SIZE;
  size_t size = key->size - PREFIX_SIZE;
  if (*code < '0' || *code > '9')
    return country_dict_by_alpha(dict, code, size);
  int number = read_number(code, size);
  return number < 0 ? NULL : country_dict_by_numeric(dict, number);
}

static void reply_value(struct client *c, const struct country_dict *dict,
                        const struct resp_slice *key) {
  size_t size;
  const country_t *country = find(dict, key);
  if (country) {
    reply_bulk_string(&c->reply, country->name);
  } else if (is_all(key)) {
    const char *json = country_dict_json(dict, &size);
    client_reply_bulk(c, json, size, dict);
  } else {
    reply_null(&c->reply);
  }
}

void command_get(struct client *c, const struct country_dict *dict) {
  reply_value(c, dict, &c->parser.argv[1]);
}

void command_dbsize(struct client *c, const struct country_dict *dict) {
  reply_integer(&c->reply, (int64_t)country_dict_count(dict));
}

/* ---- fields, in the order of the CSV ---- */

static void reply_number(struct reply *r, int number) {
  char text[16];
  int size = snprintf(text, sizeof text, "%d", number);
  reply_bulk(r, text, (size_t)size);
}

void command_hgetall(struct client *c, const struct country_dict *dict) {
  const struct resp_slice *key = &c->parser.argv[1];
  const country_t *country = find(dict, key);
  struct reply *r = &c->reply;
  if (!country && is_all(key)) {
    reply_error(r, WRONG_TYPE);
    return;
  }
  reply_array(r, country ? 12 : 0);
  if (!country)
    return;
  reply_bulk_string(r, "numeric");
  reply_number(r, country->numeric);
  reply_bulk_string(r, "alpha_2");
  reply_bulk_string(r, country->alpha_2);
  reply_bulk_string(r, "alpha_3");
  reply_bulk_string(r, country->alpha_3);
  reply_bulk_string(r, "name");
  reply_bulk_string(r, country->name);
  reply_bulk_string(r, "official_name");
  reply_bulk_string(r, country->official_name);
  reply_bulk_string(r, "flag");
  reply_bulk_string(r, country->flag);
}

static bool is_field(const struct resp_slice *s, const char *name) {
  return s->size == strlen(name) && memcmp(s->data, name, s->size) == 0;
}

/* NULL for a name that is no field of text. */
static const char *text_field(const country_t *country,
                              const struct resp_slice *name) {
  if (is_field(name, "alpha_2"))
    return country->alpha_2;
  if (is_field(name, "alpha_3"))
    return country->alpha_3;
  if (is_field(name, "name"))
    return country->name;
  if (is_field(name, "official_name"))
    return country->official_name;
  return is_field(name, "flag") ? country->flag : NULL;
}

void command_hget(struct client *c, const struct country_dict *dict) {
  const struct resp_slice *argv = c->parser.argv;
  const country_t *country = find(dict, &argv[1]);
  const char *text = country ? text_field(country, &argv[2]) : NULL;
  if (!country && is_all(&argv[1]))
    reply_error(&c->reply, WRONG_TYPE);
  else if (text)
    reply_bulk_string(&c->reply, text);
  else if (country && is_field(&argv[2], "numeric"))
    reply_number(&c->reply, country->numeric);
  else
    reply_null(&c->reply);
}

/* ---- many keys: made in steps ---- */

static bool step_mget(struct client *c) {
  struct client_cursor *at = &c->cursor;
  c->budget -= STEP_COST;
  reply_value(c, at->dict, &c->parser.argv[at->next]);
  return ++at->next < at->count;
}

void command_mget(struct client *c, const struct country_dict *dict) {
  reply_array(&c->reply, c->parser.argc - 1);
  client_begin_cursor(c, step_mget, c->parser.argc, dict);
  c->cursor.next = 1;
}

static bool step_exists(struct client *c) {
  struct client_cursor *at = &c->cursor;
  const struct resp_slice *key = &c->parser.argv[at->next];
  c->budget -= STEP_COST;
  at->sum += find(at->dict, key) || is_all(key);
  if (++at->next < at->count)
    return true;
  reply_integer(&c->reply, at->sum);
  return false;
}

void command_exists(struct client *c, const struct country_dict *dict) {
  client_begin_cursor(c, step_exists, c->parser.argc, dict);
  c->cursor.next = 1;
}

/* Key i of all: the countries in their order, then the whole. Its size. */
static size_t key_name(const struct country_dict *dict, size_t i,
                       char text[32]) {
  int size = snprintf(text, 32, "%s", ALL);
  if (i < country_dict_count(dict))
    size = snprintf(text, 32, PREFIX "%d", country_dict_rows(dict)[i].numeric);
  return (size_t)size;
}

static bool is_asked(struct client *c, const char *key, size_t size) {
  const struct resp_slice *pattern = &c->parser.argv[1];
  c->budget -= STEP_COST + (int64_t)pattern->size;
  return glob_match(pattern->data, pattern->size, key, size);
}

static bool step_keys(struct client *c) {
  char key[32];
  struct client_cursor *at = &c->cursor;
  size_t size = key_name(at->dict, at->next, key);
  if (is_asked(c, key, size))
    reply_bulk(&c->reply, key, size);
  return ++at->next < at->count;
}

/* An array says first how long it is. */
static bool step_count_keys(struct client *c) {
  char key[32];
  struct client_cursor *at = &c->cursor;
  at->sum += is_asked(c, key, key_name(at->dict, at->next, key));
  if (++at->next < at->count)
    return true;
  reply_array(&c->reply, (size_t)at->sum);
  at->next = 0;
  at->step = step_keys;
  return at->sum > 0;
}

void command_keys(struct client *c, const struct country_dict *dict) {
  client_begin_cursor(c, step_count_keys, country_dict_count(dict) + 1, dict);
}
