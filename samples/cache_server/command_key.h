/* SPDX-License-Identifier: MIT */
/* The keys. country:CODE is a text (the name) to GET and its kin, and a hash
 * (six fields) to HGETALL and its kin; TYPE calls it a hash. countries is the
 * whole as JSON, a text. None of them expires. */
#ifndef COMMAND_KEY_H
#define COMMAND_KEY_H

#include <string.h>

#include "command.h"

#define KEY_PREFIX "country:"
#define KEY_PREFIX_SIZE (sizeof KEY_PREFIX - 1)
#define KEY_ALL "countries"
/* Of a client's budget: a key found and shown. */
#define KEY_COST 64

/* A value of GET: none when data is NULL. */
struct key_text {
  const char *data;
  size_t size;
};

static inline bool key_is_all(const struct resp_slice *key) {
  return key->size == sizeof KEY_ALL - 1 &&
         memcmp(key->data, KEY_ALL, key->size) == 0;
}

/* True for country:, whatever follows. */
static inline bool key_is_country(const struct resp_slice *key) {
  return key->size > KEY_PREFIX_SIZE &&
         memcmp(key->data, KEY_PREFIX, KEY_PREFIX_SIZE) == 0;
}

/* The number of a country in digits, with any zeros in front; -1 for what is
 * none. */
int key_number(const struct resp_slice *key);

/* The country of a key, or NULL. Borrows from the dictionary. */
const country_t *key_find(const struct country_dict *dict,
                          const struct resp_slice *key);

/* True for a key that has a value. */
bool key_exists(const struct country_dict *dict, const struct resp_slice *key);

/* What GET gives for a key. Borrows from the dictionary. */
struct key_text key_value(const struct country_dict *dict,
                          const struct resp_slice *key);

/* The fields of a country, in the order of the CSV; its number is the first. */
#define KEY_FIELDS 6u
extern const char *const key_fields[KEY_FIELDS];

/* The place of a field's name; KEY_FIELDS for others. */
size_t key_field(const struct resp_slice *name);

#endif
