/* SPDX-License-Identifier: MIT */
/* Keys, and the commands about one of them or its text. */
#include "command_key.h"

#include <limits.h>

/* ---- keys ---- */

/* Zeros in front are skipped; ten digits reach beyond INT_MAX. -1 for what is
 * not a number, or too large for one of a country. */
static inline int read_number(const char *digits, size_t size) {
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

int key_number(const struct resp_slice *key) {
  if (!key_is_country(key))
    return -1;
  return read_number(key->data + KEY_PREFIX_SIZE, key->size - KEY_PREFIX_SIZE);
}

static inline const country_t *find(const struct country_dict *dict,
                                    const struct resp_slice *key) {
  if (!key_is_country(key))
    return NULL;
  const char *code = key->data + KEY_PREFIX_SIZE;
  size_t size = key->size - KEY_PREFIX_SIZE;
  if (*code < '0' || *code > '9')
    return country_dict_by_alpha(dict, code, size);
  int number = read_number(code, size);
  return number < 0 ? NULL : country_dict_by_numeric(dict, number);
}

const country_t *key_find(const struct country_dict *dict,
                          const struct resp_slice *key) {
  return find(dict, key);
}

bool key_exists(const struct country_dict *dict, const struct resp_slice *key) {
  return find(dict, key) || key_is_all(key);
}

struct key_text key_value(const struct country_dict *dict,
                          const struct resp_slice *key) {
  struct key_text text = {NULL, 0};
  const country_t *country = find(dict, key);
  if (country) {
    text.data = country->name;
    text.size = strlen(text.data);
  } else if (key_is_all(key)) {
    text.data = country_dict_json(dict, &text.size);
  }
  return text;
}

/* ---- the text ---- */

static inline void reply_value(struct client *c,
                               const struct country_dict *dict,
                               const struct resp_slice *key) {
  struct key_text text = key_value(dict, key);
  if (text.data)
    client_reply_bulk(c, text.data, text.size, dict);
  else
    reply_null(&c->reply);
}

void command_get_key(struct client *c, const struct country_dict *dict,
                     const struct resp_slice *key) {
  reply_value(c, dict, key);
}

void command_get(struct client *c, const struct country_dict *dict) {
  reply_value(c, dict, &c->parser.argv[1]);
}

void command_strlen(struct client *c, const struct country_dict *dict) {
  struct key_text text = key_value(dict, &c->parser.argv[1]);
  reply_integer(&c->reply, (int64_t)text.size);
}

/* From the end when negative; out of the text is at its edge. */
static int64_t place(int64_t at, int64_t size) {
  if (at < 0)
    at = at < -size ? 0 : at + size;
  return at;
}

void command_getrange(struct client *c, const struct country_dict *dict) {
  const struct resp_slice *argv = c->parser.argv;
  int64_t from, to;
  if (!command_integer(&argv[2], &from) || !command_integer(&argv[3], &to)) {
    reply_error(&c->reply, COMMAND_NOT_INTEGER);
    return;
  }
  struct key_text text = key_value(dict, &argv[1]);
  int64_t size = (int64_t)text.size;
  bool crossed = from < 0 && to < 0 && from > to;
  from = place(from, size);
  to = place(to, size);
  if (to >= size)
    to = size - 1;
  if (crossed || from > to)
    reply_bulk(&c->reply, "", 0);
  else
    client_reply_bulk(c, text.data + from, (size_t)(to - from + 1), dict);
}

/* ---- about a key ---- */

void command_type(struct client *c, const struct country_dict *dict) {
  const struct resp_slice *key = &c->parser.argv[1];
  if (key_find(dict, key))
    reply_simple(&c->reply, "hash");
  else
    reply_simple(&c->reply, key_is_all(key) ? "string" : "none");
}

/* Nothing expires: there is no time to tell in any unit. */
void command_ttl(struct client *c, const struct country_dict *dict) {
  reply_integer(&c->reply, key_exists(dict, &c->parser.argv[1]) ? -1 : -2);
}

static bool are_samples(struct client *c) {
  const struct resp_parser *p = &c->parser;
  int64_t count = 0;
  if (p->argc == 3)
    return true;
  if (p->argc != 5 || !command_is(&p->argv[3], "samples")) {
    reply_error(&c->reply, COMMAND_SYNTAX);
    return false;
  }
  if (!command_integer(&p->argv[4], &count))
    reply_error(&c->reply, COMMAND_NOT_INTEGER);
  else if (count < 0)
    reply_error(&c->reply, COMMAND_SYNTAX);
  else
    return true;
  return false;
}

/* What the key adds to the dictionary, its places in the indices aside. */
void command_memory_usage(struct client *c, const struct country_dict *dict) {
  const struct resp_slice *key = &c->parser.argv[2];
  if (!are_samples(c))
    return;
  const country_t *country = key_find(dict, key);
  if (country)
    reply_integer(&c->reply,
                  (int64_t)(sizeof *country + strlen(country->alpha_2) +
                            strlen(country->alpha_3) + strlen(country->name) +
                            strlen(country->official_name) +
                            strlen(country->flag) + COUNTRY_TEXTS));
  else if (key_is_all(key))
    reply_integer(&c->reply, (int64_t)key_value(dict, key).size + 1);
  else
    reply_null(&c->reply);
}

/* ---- many keys: in steps ---- */

static bool step_mget(struct client *c) {
  struct client_cursor *at = &c->cursor;
  c->budget -= KEY_COST;
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
  c->budget -= KEY_COST;
  at->sum += key_exists(at->dict, &c->parser.argv[at->next]);
  if (++at->next < at->count)
    return true;
  reply_integer(&c->reply, at->sum);
  return false;
}

void command_exists(struct client *c, const struct country_dict *dict) {
  client_begin_cursor(c, step_exists, c->parser.argc, dict);
  c->cursor.next = 1;
}
