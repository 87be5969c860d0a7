/* SPDX-License-Identifier: MIT */
/* The dictionary of countries: an immutable, counted snapshot in one block of
 * memory, found by number and by code. */
#ifndef COUNTRY_DICT_H
#define COUNTRY_DICT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* One country. Absent text is "". Lives as long as its dictionary. */
typedef struct country {
  int numeric;
  const char *alpha_2;
  const char *alpha_3;
  const char *name;
  const char *official_name;
  const char *flag;
} country_t;

/* How many texts a country has: those above, in that order. */
#define COUNTRY_TEXTS 5

/* An index with open addressing: the key of slot i is keys[i], its row rows[i],
 * 0 for an empty slot, else the row's place plus one. Its hash has a secret, as
 * who writes countries chooses their numbers. */
struct country_index {
  const uint32_t *keys;
  const uint32_t *rows;
  uint64_t multiplier, addend; /* random, the first one odd */
  unsigned shift;              /* of a 64-bit hash, down to a slot */
};

/* Visible so that a look-up by number can be inlined. The fields are
 * private. */
struct country_dict {
  const country_t *const *direct; /* by number, NULL for none */
  size_t direct_size;             /* numbers below it are in direct */
  const country_t *rows;          /* by number, ascending */
  size_t count;
  const char *json;
  size_t json_size;
  struct country_index by_numeric;
  struct country_index by_alpha; /* alpha-2 and alpha-3 together */
  atomic_size_t references;
};

/* Adds a reference and returns the dictionary; NULL gives NULL. Its contents
 * stay const, only the count moves. Any thread. */
const struct country_dict *country_dict_retain(const struct country_dict *dict);

/* Drops a reference; the last one frees. NULL is accepted. Any thread. */
void country_dict_release(const struct country_dict *dict);

/* The look-up for numbers that have no place in the direct table. */
const country_t *country_dict_find(const struct country_dict *dict,
                                   int numeric);

/* The country of a number, or NULL. Borrows from the dictionary. */
static inline const country_t *
country_dict_by_numeric(const struct country_dict *dict, int numeric) {
  if ((unsigned)numeric < dict->direct_size)
    return dict->direct[numeric];
  return country_dict_find(dict, numeric);
}

/* The country of an alpha-2 or alpha-3 code of size bytes, in upper case, or
 * NULL; anything may be asked. Borrows code until it returns, and the result
 * from the dictionary. */
const country_t *country_dict_by_alpha(const struct country_dict *dict,
                                       const char *code, size_t size);

/* How many countries there are. */
static inline size_t country_dict_count(const struct country_dict *dict) {
  return dict->count;
}

/* The countries in the order of their numbers, count of them. Borrows. */
static inline const country_t *
country_dict_rows(const struct country_dict *dict) {
  return dict->rows;
}

/* {"4":"Afghanistan",...} in the order of the numbers, with its size; a zero
 * byte follows. Borrows. */
static inline const char *country_dict_json(const struct country_dict *dict,
                                            size_t *out_size) {
  *out_size = dict->json_size;
  return dict->json;
}

/* ---- making one ---- */

/* What has been read so far; grows with it. Caller's memory, private. */
struct country_build {
  struct country_build_row *rows;
  size_t count, capacity;
  char *text; /* all texts, each with its zero; "" stands at 0 */
  size_t size, text_capacity;
};

/* Begins with nothing. Cannot fail. */
void country_build_init(struct country_build *b);

/* Adds a country; copies the texts, NULL counts as "". Numbers must ascend from
 * 0 (UV_EINVAL). UV_ENOMEM; UV_EFBIG past 2^28 rows or 4 GiB of text. After a
 * failure only country_build_close may follow. */
int country_build_add(struct country_build *b, int64_t numeric,
                      const char *const texts[COUNTRY_TEXTS]);

/* Gives the dictionary of what was added (country_dict_release). UV_ENOMEM, or
 * a status of uv_random. Of two countries with one alpha code the one with the
 * lower number is found. */
int country_build_finish(const struct country_build *b,
                         const struct country_dict **out);

/* Frees what the build holds, not the dictionary. */
void country_build_close(struct country_build *b);

#endif
