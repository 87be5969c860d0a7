/* SPDX-License-Identifier: MIT */
/* C#'s ValueTaskTests: equality. One case for each method, named after it;
 * methods.md has both lists. */
#include "conformance/backing.h"

#include <string.h>

/* ---- helpers ---- */

enum { PAIRS = 16 };

/* What C#'s cases compare. */
struct table {
  struct own_source sources[2];
  vt_task_t *tasks[2];
  struct {
    vt_t a, b;
    bool equal;
  } pairs[PAIRS];
  int count;
};

static void add(struct table *t, vt_t a, vt_t b, bool equal) {
  t->pairs[t->count].a = a;
  t->pairs[t->count].b = b;
  t->pairs[t->count].equal = equal;
  t->count++;
}

static vt_t with_token(struct own_source *own, uint64_t token) {
  own->source.token = token;
  return own_source_task(own);
}

static void add_in_hand(struct table *t, vt_t v) {
  add(t, v, vt_from_value(v.value), true);
  add(t, v, vt_failed(UV_EIO), false);
  add(t, vt_failed(UV_EIO), number_failed(UV_EIO).vt, true);
  add(t, vt_failed(UV_EIO), vt_failed(UV_ECANCELED), false);
  add(t, v, vt_from_int(v.value.i + 1), false);
}

static void add_tasks(struct table *t, vt_t v) {
  vt_t task = vt_from_task(t->tasks[0]);
  add(t, task, vt_from_task(t->tasks[0]), true);
  add(t, task, vt_from_task(t->tasks[1]), false);
  add(t, task, v, false); /* 42, and a task of 42 */
}

static void add_sources(struct table *t, vt_t v) {
  vt_t source = with_token(&t->sources[0], 17);
  add(t, source, with_token(&t->sources[0], 17), true);
  add(t, source, with_token(&t->sources[0], 18), false);
  add(t, source, with_token(&t->sources[1], 17), false);
  add(t, source, vt_from_task(t->tasks[0]), false);
  add(t, source, vt_from_uint(17), false);
  add(t, source, v, false);
}

static void table_open(struct table *t, enum form form) {
  int64_t value = form_value(form);
  vt_t v = form == GENERIC ? number_done(value).vt : vt_done();
  memset(t, 0, sizeof *t);
  for (int i = 0; i < 2; i++) {
    own_source_init(&t->sources[i]);
    t->tasks[i] = vt_task_from_result(result_int(value));
  }
  add_in_hand(t, v);
  add_tasks(t, v);
  add_sources(t, v);
}

static void table_close(struct table *t) {
  vt_task_unref(t->tasks[0]);
  vt_task_unref(t->tasks[1]);
}

/* One function stands for C#'s two operators and Equals; each case asks it in
 * another way. */
typedef bool compare_fn(vt_t a, vt_t b);

static bool forwards(vt_t a, vt_t b) { return vt_equal(a, b); }

static bool backwards(vt_t a, vt_t b) { return vt_equal(b, a); }

/* Through copies in other memory. */
static bool copied(vt_t a, vt_t b) {
  vt_t copies[2];
  memcpy(&copies[0], &a, sizeof a);
  memcpy(&copies[1], &b, sizeof b);
  return vt_equal(copies[0], copies[1]);
}

static void check_equality(enum form form, compare_fn *compare) {
  struct table t;
  table_open(&t, form);
  for (int i = 0; i < t.count; i++)
    if (compare(t.pairs[i].a, t.pairs[i].b) != t.pairs[i].equal)
      fail_msg("pair %d: equal should be %d", i, t.pairs[i].equal);
  for (int i = 0; i < t.count; i++)
    assert_true(compare(t.pairs[i].a, t.pairs[i].a));
  table_close(&t);
}

/* What a pointer points to is not compared. */
static void check_pointers(compare_fn *compare) {
  char a[] = "hello", b[] = "hello";
  assert_true(compare(vt_from_ptr(a), vt_from_ptr(a)));
  assert_true(compare(vt_from_ptr(NULL), vt_from_ptr(NULL)));
  assert_false(compare(vt_from_ptr(a), vt_from_ptr(b)));
  assert_false(compare(vt_from_ptr(a), vt_from_ptr(NULL)));
}

/* ---- the cases ---- */

static void non_generic_operator_equals(void **state) {
  (void)state;
  check_equality(NON_GENERIC, forwards);
}

static void generic_operator_equals(void **state) {
  (void)state;
  check_equality(GENERIC, forwards);
  check_pointers(forwards);
}

static void non_generic_operator_not_equals(void **state) {
  (void)state;
  check_equality(NON_GENERIC, backwards);
}

static void generic_operator_not_equals(void **state) {
  (void)state;
  check_equality(GENERIC, backwards);
  check_pointers(backwards);
}

static void non_generic_equals_value_task(void **state) {
  (void)state;
  check_equality(NON_GENERIC, copied);
}

static void generic_equals_value_task(void **state) {
  (void)state;
  check_equality(GENERIC, copied);
  check_pointers(copied);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(non_generic_operator_equals),
      cmocka_unit_test(generic_operator_equals),
      cmocka_unit_test(non_generic_operator_not_equals),
      cmocka_unit_test(generic_operator_not_equals),
      cmocka_unit_test(non_generic_equals_value_task),
      cmocka_unit_test(generic_equals_value_task),
  };
  return fixture_main("conformance/value_task_equal", tests);
}
