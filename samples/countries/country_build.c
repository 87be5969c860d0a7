/* SPDX-License-Identifier: MIT */
/* Makes a dictionary of countries: gathers rows in two growing arrays, then
 * lays everything out in one block.
 *
 * The block holds the head, the rows, the direct table, the two indexes, the
 * texts and the JSON text, in this order, so that each part is aligned by the
 * one before it. One block: one allocation that can fail, one free, and rows
 * that stand together in the cache. */
#include "country_dict.h"
#include "country_key.h"
#include "json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* The direct table has room for the usual numbers always, for others while it
 * costs no more than eight places a row. */
#define DIRECT_USUAL 1000u
#define DIRECT_PER_ROW 8u
/* So that the slots of an index, four a row, can be counted in 32 bits. */
#define ROWS_MAX ((size_t)1 << 28)

struct country_build_row {
  int numeric;
  uint32_t texts[COUNTRY_TEXTS];
};

/* The sizes of the parts. */
struct layout {
  size_t direct, slots, text, json;
};

/* For the hash of the indexes. */
struct secret {
  uint64_t multiplier, addend;
};

void country_build_init(struct country_build *b) {
  *b = (struct country_build){0};
}

void country_build_close(struct country_build *b) {
  free(b->rows);
  free(b->text);
  country_build_init(b);
}

static int add_text(struct country_build *b, const char *text, uint32_t *out) {
  size_t size = strlen(text) + 1;
  if (size > UINT32_MAX - b->size)
    return UV_EFBIG;
  if (b->size + size > b->text_capacity) {
    size_t capacity = 2 * (b->size + size) + 256;
    char *grown = realloc(b->text, capacity);
    if (!grown)
      return UV_ENOMEM;
    b->text = grown;
    b->text_capacity = capacity;
  }
  memcpy(b->text + b->size, text, size);
  *out = (uint32_t)b->size;
  b->size += size;
  return 0;
}

static int add_row(struct country_build *b) {
  if (b->count < b->capacity)
    return 0;
  if (b->count >= ROWS_MAX)
    return UV_EFBIG;
  size_t capacity = b->capacity ? 2 * b->capacity : 64;
  void *grown = realloc(b->rows, capacity * sizeof *b->rows);
  if (!grown)
    return UV_ENOMEM;
  b->rows = grown;
  b->capacity = capacity;
  return 0;
}

int country_build_add(struct country_build *b, int64_t numeric,
                      const char *const texts[COUNTRY_TEXTS]) {
  int64_t last = b->count ? b->rows[b->count - 1].numeric : -1;
  uint32_t empty;
  int status = 0;
  if (numeric <= last || numeric > INT_MAX)
    return UV_EINVAL;
  if (b->size == 0)
    status = add_text(b, "", &empty);
  if (status == 0)
    status = add_row(b);
  if (status != 0)
    return status;
  struct country_build_row *row = &b->rows[b->count];
  row->numeric = (int)numeric;
  for (size_t i = 0; i < COUNTRY_TEXTS && status == 0; i++) {
    row->texts[i] = 0;
    if (texts[i] && *texts[i])
      status = add_text(b, texts[i], &row->texts[i]);
  }
  if (status == 0)
    b->count++;
  return status;
}

/* ---- JSON ---- */

static size_t json_number(char *out, int number) {
  char text[16];
  size_t at = sizeof text;
  unsigned rest = (unsigned)number;
  text[--at] = '"';
  do
    text[--at] = (char)('0' + rest % 10);
  while (rest /= 10);
  text[--at] = '"';
  return json_put(out, text + at, sizeof text - at);
}

/* The whole text, or only its size when out is NULL. */
static size_t write_json(const struct country_build *b, char *out) {
  size_t size = json_put(out, "{", 1);
  for (size_t i = 0; i < b->count; i++) {
    const struct country_build_row *row = &b->rows[i];
    if (i > 0)
      size += json_put(out ? out + size : NULL, ",", 1);
    size += json_number(out ? out + size : NULL, row->numeric);
    size += json_put(out ? out + size : NULL, ":", 1);
    size += json_string(out ? out + size : NULL, b->text + row->texts[2]);
  }
  return size + json_put(out ? out + size : NULL, "}", 1);
}

/* ---- the block ---- */

static size_t direct_size(const struct country_build *b) {
  if (b->count == 0)
    return 0;
  size_t wanted = (size_t)b->rows[b->count - 1].numeric + 1;
  if (wanted <= DIRECT_USUAL || wanted / DIRECT_PER_ROW <= b->count)
    return wanted;
  return DIRECT_USUAL;
}

/* At least twice the keys, of which a row has up to two by alpha code. */
static size_t slot_count(const struct country_build *b) {
  size_t slots = 16;
  while (slots < 4 * b->count)
    slots *= 2;
  return slots;
}

static struct layout measure(const struct country_build *b) {
  return (struct layout){.direct = direct_size(b),
                         .slots = slot_count(b),
                         .text = b->size ? b->size : 1,
                         .json = write_json(b, NULL)};
}

static void index_add(struct country_index *index, uint32_t key, size_t row) {
  uint32_t *keys = (uint32_t *)(uintptr_t)index->keys;
  uint32_t *rows = (uint32_t *)(uintptr_t)index->rows;
  size_t mask = country_key_mask(index);
  size_t slot = country_key_slot(index, key);
  while (rows[slot] != 0 && keys[slot] != key)
    slot = (slot + 1) & mask;
  if (rows[slot] != 0)
    return;
  keys[slot] = key;
  rows[slot] = (uint32_t)row + 1;
}

static void fill_indexes(struct country_dict *dict) {
  const country_t **direct =
      (const country_t **)(uintptr_t)(const void *)dict->direct;
  for (size_t i = 0; i < dict->count; i++) {
    const country_t *c = &dict->rows[i];
    uint32_t alpha_2 = country_key_alpha(c->alpha_2, strlen(c->alpha_2));
    uint32_t alpha_3 = country_key_alpha(c->alpha_3, strlen(c->alpha_3));
    if ((size_t)c->numeric < dict->direct_size)
      direct[c->numeric] = c;
    else
      index_add(&dict->by_numeric, (uint32_t)c->numeric, i);
    if (alpha_2)
      index_add(&dict->by_alpha, alpha_2, i);
    if (alpha_3)
      index_add(&dict->by_alpha, alpha_3, i);
  }
}

static void fill_rows(const struct country_build *b, country_t *rows,
                      const char *text) {
  for (size_t i = 0; i < b->count; i++) {
    const uint32_t *at = b->rows[i].texts;
    rows[i] = (country_t){.numeric = b->rows[i].numeric,
                          .alpha_2 = text + at[0],
                          .alpha_3 = text + at[1],
                          .name = text + at[2],
                          .official_name = text + at[3],
                          .flag = text + at[4]};
  }
}

static void *cut(char **block, size_t size) {
  void *part = *block;
  *block += size;
  return part;
}

static void cut_index(struct country_index *index, char **block, size_t slots,
                      const struct secret *secret) {
  index->keys = cut(block, slots * sizeof(uint32_t));
  index->rows = cut(block, slots * sizeof(uint32_t));
  index->multiplier = secret->multiplier | 1;
  index->addend = secret->addend;
  index->shift = 64;
  for (; slots > 1; slots /= 2)
    index->shift--;
}

static void fill(const struct country_build *b, const struct layout *l,
                 const struct secret *secret, struct country_dict *dict) {
  char *block = (char *)(dict + 1);
  country_t *rows = cut(&block, b->count * sizeof *rows);
  dict->direct = cut(&block, l->direct * sizeof *dict->direct);
  cut_index(&dict->by_numeric, &block, l->slots, secret);
  cut_index(&dict->by_alpha, &block, l->slots, secret);
  char *text = cut(&block, l->text);
  dict->rows = rows;
  dict->count = b->count;
  dict->direct_size = l->direct;
  if (b->size)
    memcpy(text, b->text, b->size);
  fill_rows(b, rows, text);
  fill_indexes(dict);
  dict->json = block;
  dict->json_size = write_json(b, block);
}

int country_build_finish(const struct country_build *b,
                         const struct country_dict **out) {
  struct layout l = measure(b);
  struct secret secret;
  int status = uv_random(NULL, NULL, &secret, sizeof secret, 0, NULL);
  if (status != 0)
    return status;
  size_t size = sizeof(struct country_dict) + b->count * sizeof(country_t) +
                l.direct * sizeof(country_t *) +
                4 * l.slots * sizeof(uint32_t) + l.text + l.json + 1;
  struct country_dict *dict = calloc(1, size);
  if (!dict)
    return UV_ENOMEM;
  atomic_init(&dict->references, 1);
  fill(b, &l, &secret, dict);
  *out = dict;
  return 0;
}
