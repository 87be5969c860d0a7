/* SPDX-License-Identifier: MIT */
/* The cache's table by itself: its hash against published vectors, random steps
 * against a plain array, keys that were chosen to collide. */
#include "cache/hash.h"

#include <stdio.h>
#include <stdlib.h>

#include "op/random.h"
#include "support/fault.h"
#include "support/fixture.h"

#define KEYS 3000
#define KEY_SIZE 24

/* ---- helpers ---- */

static const vt__sip_key_t fixed = {UINT64_C(0x0706050403020100),
                                    UINT64_C(0x0f0e0d0c0b0a0908)};

struct entry {
  vt__hash_node_t node; /* first */
  char key[KEY_SIZE];
  bool here;
  int given; /* how often by a walk */
};

/* A table, and what should be in it. */
struct model {
  vt__hash_t table;
  struct entry entries[KEYS];
  size_t count;
  uint64_t seed;
};

static size_t draw(struct model *m, size_t below) {
  m->seed = m->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (size_t)(m->seed >> 33) % below;
}

static void model_open(struct model *m) {
  memset(m, 0, sizeof *m);
  m->seed = 7;
  vt__hash_init(&m->table, &fixed);
  for (size_t i = 0; i < KEYS; i++) {
    struct entry *entry = &m->entries[i];
    snprintf(entry->key, sizeof entry->key, "country:%zu", i);
    entry->node.key = entry->key;
    entry->node.size = i == 0 ? 0 : strlen(entry->key);
  }
}

static struct entry *find(struct model *m, const struct entry *entry) {
  return (struct entry *)vt__hash_find(&m->table, entry->node.key,
                                       entry->node.size);
}

static void put(struct model *m, struct entry *entry) {
  vt__hash_insert(&m->table, &entry->node,
                  vt__hash_of(&m->table, entry->node.key, entry->node.size));
  entry->here = true;
  m->count++;
}

static void take(struct model *m, struct entry *entry) {
  vt__hash_remove(&m->table, &entry->node);
  memset(&entry->node.next, 0xff, sizeof entry->node.next);
  entry->here = false;
  m->count--;
}

static void put_all(struct model *m) {
  for (size_t i = 0; i < KEYS; i++)
    put(m, &m->entries[i]);
}

/* Whether every entry is found that should be, and no other. */
static void check(struct model *m) {
  assert_int_equal(m->table.count, m->count);
  for (size_t i = 0; i < KEYS; i++) {
    struct entry *entry = &m->entries[i];
    assert_ptr_equal(find(m, entry), entry->here ? entry : NULL);
  }
}

static size_t longest_chain(const vt__hash_t *table) {
  size_t longest = 0;
  for (size_t i = 0; i < table->buckets; i++) {
    size_t length = 0;
    for (const vt__hash_node_t *n = *vt__hash_chain(table, i); n; n = n->next)
      length++;
    longest = length > longest ? length : longest;
  }
  return longest;
}

/* ---- the hash ---- */

/* SipHash-2-4 under the key 00 01 .. 0f, of the bytes 00 01 .. of each length:
 * the vectors that its authors publish, of which these are the first 16 and the
 * last. */
static void agrees_with_the_published_vectors(void **state) {
  static const uint64_t expected[] = {
      UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd),
      UINT64_C(0x0d6c8009d9a94f5a), UINT64_C(0x85676696d7fb7e2d),
      UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
      UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137),
      UINT64_C(0x93f5f5799a932462), UINT64_C(0x9e0082df0ba9e4b0),
      UINT64_C(0x7a5dbbc594ddb9f3), UINT64_C(0xf4b32f46226bada7),
      UINT64_C(0x751e8fbc860ee5fb), UINT64_C(0x14ea5627c0843d90),
      UINT64_C(0xf723ca908e7af2ee), UINT64_C(0xa129ca6149be45e5)};
  unsigned char bytes[64];
  (void)state;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (unsigned char)i;
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
    assert_true(vt__sip_rounds(&fixed, bytes, i, 2, 4) == expected[i]);
  assert_true(vt__sip_rounds(&fixed, bytes, 63, 2, 4) ==
              UINT64_C(0x958a324ceb064572));
}

/* One round a word and three at the end, and every byte counts. */
static void hashes_every_byte_with_1_and_3_rounds(void **state) {
  char bytes[40] = {0};
  (void)state;
  for (size_t size = 0; size <= sizeof bytes; size++) {
    uint64_t plain = vt__sip_hash(&fixed, bytes, size);
    assert_true(plain == vt__sip_rounds(&fixed, bytes, size, 1, 3));
    for (size_t i = 0; i < size; i++) {
      bytes[i] = 1;
      assert_true(vt__sip_hash(&fixed, bytes, size) != plain);
      bytes[i] = 0;
    }
  }
}

static void random_keys_differ(void **state) {
  vt__sip_key_t one, two;
  (void)state;
  assert_int_equal(vt__random_now(&one, sizeof one), 0);
  assert_int_equal(vt__random_now(&two, sizeof two), 0);
  assert_memory_not_equal(&one, &two, sizeof one);
  assert_true(vt__sip_hash(&one, "a", 1) != vt__sip_hash(&two, "a", 1));
}

/* ---- it works ---- */

static void holds_what_was_put_and_not_taken(void **state) {
  static struct model m;
  (void)state;
  model_open(&m);
  for (int round = 0; round < 8; round++) {
    size_t puts = round % 2 == 0 ? 7 : 1; /* in 8: grows, then shrinks */
    for (size_t i = 0; i < KEYS * 4; i++) {
      struct entry *entry = &m.entries[draw(&m, KEYS)];
      if (draw(&m, 8) < puts && !entry->here)
        put(&m, entry);
      else if (draw(&m, 8) >= puts && entry->here)
        take(&m, entry);
    }
    check(&m);
  }
  vt__hash_close(&m.table);
}

/* Twice as wide as it holds entries, and so again when they have left. */
static void grows_and_shrinks_with_its_entries(void **state) {
  static struct model m;
  uint64_t blocks = fault_alive();
  (void)state;
  model_open(&m);
  assert_int_equal(fault_alive(), blocks);
  put_all(&m);
  assert_in_range(m.table.buckets, KEYS * 2, KEYS * 2 + 1);
  assert_in_range(longest_chain(&m.table), 1, 10);
  for (size_t i = 0; i < KEYS; i++)
    take(&m, &m.entries[i]);
  assert_int_equal(m.table.buckets, VT__HASH_LEAST);
  assert_int_equal(fault_alive(), blocks + 1); /* the directory */
  put_all(&m);
  check(&m);
  vt__hash_close(&m.table);
  assert_int_equal(fault_alive(), blocks);
}

/* The next one too, and any other. */
static void a_walk_survives_the_removal_of_every_entry(void **state) {
  static struct model m;
  vt__hash_walk_t walk, inner;
  (void)state;
  model_open(&m);
  put_all(&m);
  vt__hash_walk_begin(&m.table, &walk);
  vt__hash_walk_begin(&m.table, &inner);
  for (;;) {
    struct entry *entry = (struct entry *)vt__hash_walk_next(&m.table, &walk);
    if (!entry)
      break;
    assert_true(entry->here);
    entry->given++;
    take(&m, entry);
    struct entry *other = (struct entry *)vt__hash_walk_next(&m.table, &inner);
    if (other) {
      assert_true(other->here);
      other->given++;
      take(&m, other);
    }
  }
  vt__hash_walk_end(&m.table, &walk);
  vt__hash_walk_end(&m.table, &inner);
  assert_int_equal(m.table.count, 0);
  for (size_t i = 0; i < KEYS; i++)
    assert_int_equal(m.entries[i].given, 1);
  vt__hash_close(&m.table);
}

/* What stays from its begin to its end is given once, whatever else comes and
 * goes; the width is caught up with afterwards. */
static void a_walk_gives_what_stays_once(void **state) {
  static struct model m;
  vt__hash_walk_t walk;
  size_t steps = 0;
  (void)state;
  model_open(&m);
  for (size_t i = 0; i < KEYS / 2; i++)
    put(&m, &m.entries[i]);
  vt__hash_walk_begin(&m.table, &walk);
  for (;;) {
    struct entry *entry = (struct entry *)vt__hash_walk_next(&m.table, &walk);
    if (!entry)
      break;
    entry->given++;
    if (steps < KEYS / 2)
      put(&m, &m.entries[KEYS / 2 + steps]);
    if (steps % 3 == 0 && m.entries[steps % KEYS].here)
      take(&m, &m.entries[steps % KEYS]);
    steps++;
  }
  vt__hash_walk_end(&m.table, &walk);
  for (size_t i = 0; i < KEYS / 2; i++)
    assert_in_range(m.entries[i].given, m.entries[i].here ? 1 : 0, 1);
  for (size_t i = 0; i < KEYS; i++) {
    if (m.entries[i].here)
      take(&m, &m.entries[i]);
  }
  assert_int_equal(m.table.buckets, VT__HASH_LEAST);
  vt__hash_close(&m.table);
}

/* "Ez" and "FY" are one to a hash that multiplies by 33, so all words of them
 * of one length are. */
static void keys_that_collide_elsewhere_do_not_here(void **state) {
  static struct model m;
  vt__sip_key_t secret;
  uint32_t first = 0;
  (void)state;
  model_open(&m);
  assert_int_equal(vt__random_now(&secret, sizeof secret), 0);
  vt__hash_init(&m.table, &secret);
  for (size_t i = 0; i < 2048; i++) {
    struct entry *entry = &m.entries[i];
    uint32_t weak = 5381;
    for (size_t bit = 0; bit < 11; bit++)
      memcpy(entry->key + bit * 2, i >> bit & 1 ? "Ez" : "FY", 2);
    entry->node.size = 22;
    for (size_t j = 0; j < 22; j++)
      weak = weak * 33 + (unsigned char)entry->key[j];
    assert_true(i == 0 || weak == first);
    first = weak;
    put(&m, entry);
  }
  assert_in_range(longest_chain(&m.table), 1, 16);
  vt__hash_close(&m.table);
}

/* ---- it fails ---- */

static void without_memory_takes_what_comes(void **state) {
  static struct model m;
  (void)state;
  model_open(&m);
  fault_arm(1, FAULT_FROM);
  put_all(&m);
  fault_disarm();
  assert_int_equal(m.table.buckets, VT__HASH_LEAST);
  check(&m);
  for (size_t i = 0; i < KEYS; i += 2)
    take(&m, &m.entries[i]);
  for (size_t i = 0; i < KEYS; i += 2)
    put(&m, &m.entries[i]);
  assert_in_range(m.table.buckets, KEYS, KEYS * 2 + 1);
  check(&m);
  vt__hash_close(&m.table);
}

static const char *fill(uint64_t n, enum fault_mode mode) {
  static struct model m;
  const char *problem = NULL;
  model_open(&m);
  fault_arm(n, mode);
  put_all(&m);
  fault_disarm();
  for (size_t i = 0; i < KEYS && !problem; i++) {
    if (find(&m, &m.entries[i]) != &m.entries[i])
      problem = "an entry is lost";
  }
  vt__hash_close(&m.table);
  return problem;
}

static void any_allocation_may_fail(void **state) {
  const char *problem = fault_walk(fill);
  (void)state;
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agrees_with_the_published_vectors),
      cmocka_unit_test(hashes_every_byte_with_1_and_3_rounds),
      cmocka_unit_test(random_keys_differ),
      cmocka_unit_test(holds_what_was_put_and_not_taken),
      cmocka_unit_test(grows_and_shrinks_with_its_entries),
      cmocka_unit_test(a_walk_survives_the_removal_of_every_entry),
      cmocka_unit_test(a_walk_gives_what_stays_once),
      cmocka_unit_test(keys_that_collide_elsewhere_do_not_here),
      cmocka_unit_test(without_memory_takes_what_comes),
      cmocka_unit_test(any_allocation_may_fail),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("hash", tests);
}
