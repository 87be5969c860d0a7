/* SPDX-License-Identifier: MIT */
/* A map from addresses to pointers. */
#include "base/table.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/alloc.h"

enum { TABLE_LEAST = 16 };

/* Addresses differ in their middle bits; a multiplication brings those up. */
static size_t home_of(const vt__table_t *table, const void *key) {
  uint64_t mixed = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);
  return (size_t)(mixed >> 32) & (table->capacity - 1);
}

static size_t after(const vt__table_t *table, size_t at) {
  return (at + 1) & (table->capacity - 1);
}

/* The slot of key, or the free one where it belongs. */
static size_t find(const vt__table_t *table, const void *key) {
  size_t at = home_of(table, key);
  while (table->slots[at].key && table->slots[at].key != key)
    at = after(table, at);
  return at;
}

static int grow(vt__table_t *table) {
  vt__table_t wider = {
      NULL, table->capacity ? table->capacity * 2 : TABLE_LEAST, table->count};
  wider.slots = vt__calloc(wider.capacity, sizeof *wider.slots);
  if (!wider.slots)
    return UV_ENOMEM;
  for (size_t i = 0; i < table->capacity; i++) {
    if (table->slots[i].key)
      wider.slots[find(&wider, table->slots[i].key)] = table->slots[i];
  }
  vt__free(table->slots);
  *table = wider;
  return 0;
}

int vt__table_put(vt__table_t *table, const void *key, void *value) {
  if (table->capacity != 0 && table->slots[find(table, key)].key)
    return UV_EEXIST;
  if (table->count + 1 > table->capacity / 4 * 3 && grow(table) != 0)
    return UV_ENOMEM;
  vt__table_slot_t slot = {key, value};
  table->slots[find(table, key)] = slot;
  table->count++;
  return 0;
}

void *vt__table_get(const vt__table_t *table, const void *key) {
  return table->capacity ? table->slots[find(table, key)].value : NULL;
}

/* Whether an entry that stands at from, with its home at home, may move to the
 * gap: the gap lies between the two, cyclically. */
static bool fills(size_t gap, size_t home, size_t from) {
  return from >= gap ? home <= gap || home > from : home <= gap && home > from;
}

void *vt__table_take(vt__table_t *table, const void *key) {
  vt__table_slot_t none = {NULL, NULL};
  if (table->capacity == 0)
    return NULL;
  size_t gap = find(table, key);
  void *value = table->slots[gap].value;
  if (!table->slots[gap].key)
    return NULL;
  for (size_t at = after(table, gap); table->slots[at].key;
       at = after(table, at)) {
    if (!fills(gap, home_of(table, table->slots[at].key), at))
      continue;
    table->slots[gap] = table->slots[at];
    gap = at;
  }
  table->slots[gap] = none;
  table->count--;
  return value;
}

void vt__table_close(vt__table_t *table) {
  vt__table_t empty = {NULL, 0, 0};
  vt__free(table->slots);
  *table = empty;
}
