/* SPDX-License-Identifier: MIT */
/* The keys of the dictionary's indexes: how a code becomes a number, and a
 * number a slot. */
#ifndef COUNTRY_KEY_H
#define COUNTRY_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "country_dict.h"

/* Two or three upper-case letters as a number, never 0; 0 for anything else. An
 * alpha-2 code never equals an alpha-3 code, so one index serves both. */
static inline uint32_t country_key_alpha(const char *code, size_t size) {
  uint32_t key = 0;
  if (size != 2 && size != 3)
    return 0;
  for (size_t i = 0; i < size; i++) {
    if (code[i] < 'A' || code[i] > 'Z')
      return 0;
    key = key << 8 | (unsigned char)code[i];
  }
  return key;
}

/* The slots of an index, less one. */
static inline size_t country_key_mask(const struct country_index *index) {
  return ((size_t)1 << (64 - index->shift)) - 1;
}

/* The first slot to look at. The second product takes the order out of numbers
 * that stand at the same distance from each other. */
static inline size_t country_key_slot(const struct country_index *index,
                                      uint32_t key) {
  uint64_t hash = key * index->multiplier + index->addend;
  hash = (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
  return (size_t)(hash >> index->shift);
}

#endif
