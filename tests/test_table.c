/* SPDX-License-Identifier: MIT */
/* The map from addresses to pointers by itself, against a plain array. */
#include "base/table.h"

#include "support/fault.h"
#include "support/fixture.h"

#define KEYS 500

/* ---- helpers ---- */

/* Two hundred thousand random steps; values[i] is what key i should have. */
struct model {
  vt__table_t table;
  char keys[KEYS * 16]; /* addresses with gaps, as those of objects are */
  void *values[KEYS];
  size_t count;
  uint64_t seed;
};

static const void *key_of(struct model *m, size_t i) {
  return &m->keys[i * 16];
}

static size_t draw(struct model *m, size_t below) {
  m->seed = m->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (size_t)(m->seed >> 33) % below;
}

static void step(struct model *m) {
  size_t i = draw(m, KEYS);
  void *expected = m->values[i];
  assert_ptr_equal(vt__table_get(&m->table, key_of(m, i)), expected);
  if (draw(m, 2) == 0) {
    int rc = vt__table_put(&m->table, key_of(m, i), &m->values[i]);
    assert_int_equal(rc, expected ? UV_EEXIST : 0);
    m->count += !expected;
    m->values[i] = &m->values[i];
  } else {
    assert_ptr_equal(vt__table_take(&m->table, key_of(m, i)), expected);
    m->count -= expected != NULL;
    m->values[i] = NULL;
  }
  assert_int_equal(m->table.count, m->count);
}

/* ---- it works ---- */

static void empty_it_has_nothing(void **state) {
  vt__table_t table = {NULL, 0, 0};
  (void)state;
  assert_null(vt__table_get(&table, &table));
  assert_null(vt__table_take(&table, &table));
  vt__table_close(&table);
}

static void holds_what_was_put_and_not_taken(void **state) {
  static struct model m = {.seed = 7};
  (void)state;
  for (int i = 0; i < 200000; i++)
    step(&m);
  for (size_t i = 0; i < KEYS; i++)
    assert_ptr_equal(vt__table_get(&m.table, key_of(&m, i)), m.values[i]);
  vt__table_close(&m.table);
  assert_int_equal(m.table.count, 0);
}

/* ---- it fails ---- */

static void without_memory_keeps_what_it_has(void **state) {
  vt__table_t table = {NULL, 0, 0};
  char keys[13];
  (void)state;
  for (size_t i = 0; i < 12; i++)
    assert_int_equal(vt__table_put(&table, &keys[i], &keys[i]), 0);
  fault_arm(1, FAULT_FROM);
  int rc = vt__table_put(&table, &keys[12], &keys[12]);
  fault_disarm();
  assert_int_equal(rc, UV_ENOMEM);
  assert_null(vt__table_get(&table, &keys[12]));
  for (size_t i = 0; i < 12; i++)
    assert_ptr_equal(vt__table_get(&table, &keys[i]), &keys[i]);
  vt__table_close(&table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(empty_it_has_nothing),
      cmocka_unit_test(holds_what_was_put_and_not_taken),
      cmocka_unit_test(without_memory_keeps_what_it_has),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("table", tests);
}
