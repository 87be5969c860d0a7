/* SPDX-License-Identifier: MIT */
/* A map from addresses to pointers: linear probing in a table of a power of
 * two, which grows and never shrinks. Zeroed, it is empty. */
#ifndef VT_BASE_TABLE_H
#define VT_BASE_TABLE_H

#include <stddef.h>

typedef struct vt__table_slot {
  const void *key; /* NULL: free */
  void *value;
} vt__table_slot_t;

typedef struct vt__table {
  vt__table_slot_t *slots;
  size_t capacity; /* 0 or a power of two */
  size_t count;    /* below three quarters of capacity */
} vt__table_t;

/* 0, UV_EEXIST for a key that is there, UV_ENOMEM. */
int vt__table_put(vt__table_t *table, const void *key, void *value);

/* The value, or NULL. */
void *vt__table_get(const vt__table_t *table, const void *key);

/* The value, out of the table, or NULL. */
void *vt__table_take(vt__table_t *table, const void *key);

/* Frees the memory; the table is empty again. */
void vt__table_close(vt__table_t *table);

#endif
