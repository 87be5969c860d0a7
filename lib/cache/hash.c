/* SPDX-License-Identifier: MIT */
/* The table of the cache: linear hashing. */
#include "cache/hash.h"

#include "base/alloc.h"

void vt__hash_init(vt__hash_t *table, const vt__sip_key_t *key) {
  memset(table, 0, sizeof *table);
  table->key = *key;
  table->buckets = VT__HASH_LEAST;
  table->mask = VT__HASH_LEAST - 1;
  table->piece = table->least;
  table->pieces = &table->piece;
  table->room = 1;
}

static size_t pieces_of(size_t buckets) {
  return (buckets + VT__HASH_PIECE - 1) >> VT__HASH_PIECE_BITS;
}

void vt__hash_close(vt__hash_t *table) {
  for (size_t i = 0; i < pieces_of(table->buckets); i++) {
    if (table->pieces[i] != table->least)
      vt__free(table->pieces[i]);
  }
  if (table->pieces != &table->piece)
    vt__free(table->pieces);
  table->pieces = NULL;
}

/* ---- growing ---- */

/* Place for one more piece in the directory. */
static bool widen_directory(vt__hash_t *table) {
  size_t room = table->room * 2;
  bool own = table->pieces == &table->piece;
  vt__hash_node_t ***wider =
      vt__realloc(own ? NULL : table->pieces, room * sizeof *wider);
  if (!wider)
    return false;
  if (own)
    wider[0] = table->piece;
  table->pieces = wider;
  table->room = room;
  return true;
}

/* A piece for bucket number `at`, which is the first that has none. */
static bool add_piece(vt__hash_t *table, size_t at) {
  size_t piece = at >> VT__HASH_PIECE_BITS;
  if (piece == table->room && !widen_directory(table))
    return false;
  vt__hash_node_t **buckets = vt__calloc(VT__HASH_PIECE, sizeof *buckets);
  if (!buckets)
    return false;
  if (at == VT__HASH_LEAST)
    memcpy(buckets, table->least, sizeof table->least);
  table->pieces[piece] = buckets;
  return true;
}

static bool needs_piece(size_t at) {
  return at == VT__HASH_LEAST || (at & (VT__HASH_PIECE - 1)) == 0;
}

/* One more bucket, which takes its share of the chain it was part of. */
static bool split(vt__hash_t *table) {
  size_t at = table->buckets;
  if (needs_piece(at) && !add_piece(table, at))
    return false;
  vt__hash_node_t **rest = vt__hash_chain(table, at);
  vt__hash_node_t *node = *rest;
  if (at > table->mask)
    table->mask = table->mask * 2 + 1;
  table->buckets++;
  vt__hash_node_t **moved = vt__hash_chain(table, at);
  for (; node; node = node->next) {
    if (((size_t)node->hash & table->mask) == at) {
      *moved = node;
      moved = &node->next;
    } else {
      *rest = node;
      rest = &node->next;
    }
  }
  *rest = NULL;
  *moved = NULL;
  return true;
}

/* ---- shrinking ---- */

static void drop_piece(vt__hash_t *table, size_t at) {
  size_t piece = at >> VT__HASH_PIECE_BITS;
  vt__hash_node_t **buckets = table->pieces[piece];
  if (at == VT__HASH_LEAST) {
    memcpy(table->least, buckets, sizeof table->least);
    table->pieces[piece] = table->least;
  }
  vt__free(buckets);
}

/* One bucket fewer: its chain goes to the end of the one it came from. */
static void join(vt__hash_t *table) {
  size_t at = table->buckets - 1;
  vt__hash_node_t *chain = *vt__hash_chain(table, at);
  table->buckets--;
  if (table->buckets - 1 == table->mask >> 1)
    table->mask >>= 1;
  vt__hash_node_t **end = vt__hash_chain(table, at);
  while (*end)
    end = &(*end)->next;
  *end = chain;
  if (needs_piece(at))
    drop_piece(table, at);
}

/* ---- entries ---- */

static bool is_narrow(const vt__hash_t *table) {
  return table->count > table->buckets / 2;
}

static bool is_wide(const vt__hash_t *table) {
  return table->buckets > VT__HASH_LEAST && table->count < table->buckets / 8;
}

/* Eight for each entry that comes or goes: two are enough to grow with the
 * entries and seven to shrink with them; the rest is for a table that a walk or
 * want of memory held back. */
enum { STEPS = 8 };

static void adjust(vt__hash_t *table) {
  if (table->walks)
    return;
  for (int i = 0; i < STEPS && is_narrow(table) && split(table); i++)
    ;
  for (int i = 0; i < STEPS && is_wide(table); i++)
    join(table);
}

void vt__hash_insert(vt__hash_t *table, vt__hash_node_t *node, uint64_t hash) {
  vt__hash_node_t **chain = vt__hash_chain(table, hash);
  node->hash = hash;
  node->next = *chain;
  *chain = node;
  table->count++;
  adjust(table);
}

void vt__hash_remove(vt__hash_t *table, vt__hash_node_t *node) {
  vt__hash_node_t **link = vt__hash_chain(table, node->hash);
  while (*link != node)
    link = &(*link)->next;
  *link = node->next;
  for (vt__hash_walk_t *walk = table->walks; walk; walk = walk->outer) {
    if (walk->next == node)
      walk->next = node->next;
  }
  table->count--;
  adjust(table);
}

/* ---- walks ---- */

void vt__hash_walk_begin(vt__hash_t *table, vt__hash_walk_t *walk) {
  walk->outer = table->walks;
  walk->next = NULL;
  walk->bucket = 0;
  table->walks = walk;
}

vt__hash_node_t *vt__hash_walk_next(const vt__hash_t *table,
                                    vt__hash_walk_t *walk) {
  while (!walk->next && walk->bucket < table->buckets)
    walk->next = *vt__hash_chain(table, walk->bucket++);
  vt__hash_node_t *node = walk->next;
  if (node)
    walk->next = node->next;
  return node;
}

void vt__hash_walk_end(vt__hash_t *table, vt__hash_walk_t *walk) {
  vt__hash_walk_t **link = &table->walks;
  while (*link != walk)
    link = &(*link)->outer;
  *link = walk->outer;
}
