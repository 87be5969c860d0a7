/* SPDX-License-Identifier: MIT */
/* The commands about the fields of a country. */
#include "command_key.h"

#include <stdio.h>

const char *const key_fields[KEY_FIELDS] = {
    "numeric", "alpha_2", "alpha_3", "name", "official_name", "flag"};

struct field_text {
  const char *data;
  size_t size;
  char number[16]; /* data of a number */
};

size_t key_field(const struct resp_slice *name) {
  size_t i = 0;
  while (i < KEY_FIELDS &&
         !(name->size == strlen(key_fields[i]) &&
           memcmp(name->data, key_fields[i], name->size) == 0))
    i++;
  return i;
}

/* The value at a place, which lives in *out or in the dictionary. */
static void field_value(const country_t *country, size_t place,
                        struct field_text *out) {
  const char *const texts[KEY_FIELDS] = {
      out->number,   country->alpha_2,       country->alpha_3,
      country->name, country->official_name, country->flag};
  if (place == 0)
    snprintf(out->number, sizeof out->number, "%d", country->numeric);
  out->data = texts[place];
  out->size = strlen(out->data);
}

static void reply_field(struct reply *r, const country_t *country,
                        size_t place) {
  struct field_text text;
  if (!country || place == KEY_FIELDS) {
    reply_null(r);
    return;
  }
  field_value(country, place, &text);
  reply_bulk(r, text.data, text.size);
}

/* The country of argument 1. False, with the error added, for the key that is
 * no hash. */
static bool find_hash(struct client *c, const struct country_dict *dict,
                      const country_t **out) {
  const struct resp_slice *key = &c->parser.argv[1];
  *out = key_find(dict, key);
  if (*out || !key_is_all(key))
    return true;
  reply_error(&c->reply, COMMAND_WRONG_TYPE);
  return false;
}

void command_hget(struct client *c, const struct country_dict *dict) {
  const country_t *country;
  if (find_hash(c, dict, &country))
    reply_field(&c->reply, country, key_field(&c->parser.argv[2]));
}

void command_hexists(struct client *c, const struct country_dict *dict) {
  const country_t *country;
  if (find_hash(c, dict, &country))
    reply_integer(&c->reply,
                  country && key_field(&c->parser.argv[2]) < KEY_FIELDS);
}

void command_hstrlen(struct client *c, const struct country_dict *dict) {
  const country_t *country;
  struct field_text text = {NULL, 0, ""};
  if (!find_hash(c, dict, &country))
    return;
  size_t place = key_field(&c->parser.argv[2]);
  if (country && place < KEY_FIELDS)
    field_value(country, place, &text);
  reply_integer(&c->reply, (int64_t)text.size);
}

void command_hlen(struct client *c, const struct country_dict *dict) {
  const country_t *country;
  if (find_hash(c, dict, &country))
    reply_integer(&c->reply, country ? (int64_t)KEY_FIELDS : 0);
}

void command_hgetall(struct client *c, const struct country_dict *dict) {
  const country_t *country;
  if (!find_hash(c, dict, &country))
    return;
  reply_map(&c->reply, country ? KEY_FIELDS : 0);
  for (size_t i = 0; country && i < KEY_FIELDS; i++) {
    reply_bulk_string(&c->reply, key_fields[i]);
    reply_field(&c->reply, country, i);
  }
}

void command_hkeys(struct client *c, const struct country_dict *dict) {
  const country_t *country;
  if (!find_hash(c, dict, &country))
    return;
  reply_array(&c->reply, country ? KEY_FIELDS : 0);
  for (size_t i = 0; country && i < KEY_FIELDS; i++)
    reply_bulk_string(&c->reply, key_fields[i]);
}

void command_hvals(struct client *c, const struct country_dict *dict) {
  const country_t *country;
  if (!find_hash(c, dict, &country))
    return;
  reply_array(&c->reply, country ? KEY_FIELDS : 0);
  for (size_t i = 0; country && i < KEY_FIELDS; i++)
    reply_field(&c->reply, country, i);
}

/* ---- many fields: in steps ---- */

static bool step_hmget(struct client *c) {
  struct client_cursor *at = &c->cursor;
  const struct resp_slice *argv = c->parser.argv;
  c->budget -= KEY_COST;
  reply_field(&c->reply, key_find(at->dict, &argv[1]),
              key_field(&argv[at->next]));
  return ++at->next < at->count;
}

void command_hmget(struct client *c, const struct country_dict *dict) {
  const country_t *country;
  if (!find_hash(c, dict, &country))
    return;
  reply_array(&c->reply, c->parser.argc - 2);
  client_begin_cursor(c, step_hmget, c->parser.argc, dict);
  c->cursor.next = 2;
}
