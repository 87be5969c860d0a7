/* SPDX-License-Identifier: MIT */
/* The keys of the dictionary's indexes: how a code becomes a number, and a
 * number a slot. */
#ifndef COUNTRY_KEY_H
#define COUNTRY_KEY_H

#include <stddef.h>
#include <stdint.h>

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

/* The first slot to look at. Multiplying by 2^32 over the golden ratio spreads
 * keys that stand close together; the top bits are the best ones. */
static inline size_t country_key_slot(uint32_t key, unsigned shift) {
  return (size_t)((key * UINT32_C(2654435769)) >> shift);
}

#endif
