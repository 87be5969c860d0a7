/* SPDX-License-Identifier: MIT */
/* The table of the cache: keys of bytes, under a keyed hash. Intrusive: an
 * entry embeds a vt__hash_node_t and owns it and the key, so that inserting
 * makes nothing and cannot fail.
 *
 * Chains in buckets that are split one at a time as the table grows, and joined
 * one at a time as it shrinks (linear hashing), with two buckets for an entry:
 * no operation moves more than eight chains, or asks for more than a piece of
 * VT__HASH_PIECE buckets and seldom a directory of the pieces. Without memory
 * the table stays as wide as it is, chains grow, and a later insertion tries
 * again.
 *
 * Slots with open addressing were measured beside it (13-byte keys, three
 * quarters full at most; gcc 12, ns): a hit 15 and 15 in a table of 249, 28 and
 * 28 of 10,000, 243 and 192 of 1,000,000. But doubling such a table of a
 * million stops the loop for 28 ms, where no insertion here takes 0.2, and must
 * have memory where a load that has succeeded wants its place.
 *
 * One thread. The struct must not move while it is in use. */
#ifndef VT_CACHE_HASH_H
#define VT_CACHE_HASH_H

#include <stdbool.h>
#include <string.h>

#include "cache/sip.h"

enum { VT__HASH_PIECE_BITS = 8, VT__HASH_PIECE = 1 << VT__HASH_PIECE_BITS };

typedef struct vt__hash_node {
  struct vt__hash_node *next; /* the table's */
  uint64_t hash;              /* set by vt__hash_insert */
  const void *key;            /* the entry's, while it is in the table */
  size_t size;                /* of the key, in bytes */
} vt__hash_node_t;

/* A walk over the entries; the caller's memory, until vt__hash_walk_end. */
typedef struct vt__hash_walk {
  struct vt__hash_walk *outer; /* begun before this one, and not ended */
  vt__hash_node_t *next;
  size_t bucket; /* after that of next */
} vt__hash_walk_t;

enum { VT__HASH_LEAST = 16 }; /* buckets that every table has */

/* Invariant: bucket i of buckets holds those whose hash ends in i, by the bits
 * of mask, and by one bit fewer where that names a bucket that is not there. */
typedef struct vt__hash {
  vt__hash_node_t ***pieces; /* VT__HASH_PIECE buckets each */
  size_t buckets;
  size_t mask;  /* a power of two - 1, the least that is >= buckets - 1 */
  size_t count; /* entries */
  size_t room;  /* pieces that the directory has place for */
  vt__sip_key_t key;
  vt__hash_walk_t *walks;
  vt__hash_node_t **piece; /* the directory of a small table */
  vt__hash_node_t *least[VT__HASH_LEAST];
} vt__hash_t;

/* An empty table, which has allocated nothing; the key is copied, and secret:
 * vt__random_now gives one. */
void vt__hash_init(vt__hash_t *table, const vt__sip_key_t *key);

/* Frees the table's memory. The entries are the caller's, and untouched. */
void vt__hash_close(vt__hash_t *table);

static inline uint64_t vt__hash_of(const vt__hash_t *table, const void *key,
                                   size_t size) {
  return vt__sip_hash(&table->key, key, size);
}

/* Where the chain of a hash begins. */
static inline vt__hash_node_t **vt__hash_chain(const vt__hash_t *table,
                                               uint64_t hash) {
  size_t at = (size_t)hash & table->mask;
  if (at >= table->buckets)
    at &= table->mask >> 1;
  return &table->pieces[at >> VT__HASH_PIECE_BITS][at & (VT__HASH_PIECE - 1)];
}

/* The entry of a key, or NULL. Borrows key until it returns; hash is
 * vt__hash_of(table, key, size). */
static inline vt__hash_node_t *vt__hash_find_hashed(const vt__hash_t *table,
                                                    uint64_t hash,
                                                    const void *key,
                                                    size_t size) {
  vt__hash_node_t *node = *vt__hash_chain(table, hash);
  while (node && (node->hash != hash || node->size != size ||
                  (size != 0 && memcmp(node->key, key, size) != 0)))
    node = node->next;
  return node;
}

static inline vt__hash_node_t *vt__hash_find(const vt__hash_t *table,
                                             const void *key, size_t size) {
  return vt__hash_find_hashed(table, vt__hash_of(table, key, size), key, size);
}

/* Borrows node, whose key and size are set and whose key is not in the table,
 * until it is removed. hash is vt__hash_of its key. */
void vt__hash_insert(vt__hash_t *table, vt__hash_node_t *node, uint64_t hash);

/* Takes out a node that is in the table. */
void vt__hash_remove(vt__hash_t *table, vt__hash_node_t *node);

/* A walk gives each entry that is in the table from begin to end once, in no
 * order; of those inserted or removed meanwhile it may give or leave out any,
 * but none after its removal. Everything may be done between two steps, also
 * freeing the entry it gave. The table keeps its width as long as a walk is
 * under way. */
void vt__hash_walk_begin(vt__hash_t *table, vt__hash_walk_t *walk);
vt__hash_node_t *vt__hash_walk_next(const vt__hash_t *table,
                                    vt__hash_walk_t *walk);
void vt__hash_walk_end(vt__hash_t *table, vt__hash_walk_t *walk);

#endif
