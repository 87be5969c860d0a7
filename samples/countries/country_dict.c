/* SPDX-License-Identifier: MIT */
/* The look-ups of the dictionary of countries, and its count of references. */
#include "country_dict.h"
#include "country_key.h"

#include <stdlib.h>

/* Made by calloc, so not a const object. */
static atomic_size_t *references(const struct country_dict *dict) {
  return &((struct country_dict *)(uintptr_t)dict)->references;
}

const struct country_dict *
country_dict_retain(const struct country_dict *dict) {
  if (dict)
    atomic_fetch_add_explicit(references(dict), 1, memory_order_relaxed);
  return dict;
}

void country_dict_release(const struct country_dict *dict) {
  if (dict &&
      atomic_fetch_sub_explicit(references(dict), 1, memory_order_acq_rel) == 1)
    free((void *)(uintptr_t)dict);
}

/* Ends: an index is never more than half full. */
static const country_t *index_find(const struct country_dict *dict,
                                   const struct country_index *index,
                                   uint32_t key) {
  size_t mask = country_key_mask(index);
  size_t slot = country_key_slot(index, key);
  for (; index->rows[slot] != 0; slot = (slot + 1) & mask)
    if (index->keys[slot] == key)
      return &dict->rows[index->rows[slot] - 1];
  return NULL;
}

const country_t *country_dict_find(const struct country_dict *dict,
                                   int numeric) {
  if (numeric < 0)
    return NULL;
  return index_find(dict, &dict->by_numeric, (uint32_t)numeric);
}

const country_t *country_dict_by_alpha(const struct country_dict *dict,
                                       const char *code, size_t size) {
  uint32_t key = country_key_alpha(code, size);
  return key ? index_find(dict, &dict->by_alpha, key) : NULL;
}
