/* SPDX-License-Identifier: MIT */
/* The pools, through what they promise: blocks are used again, memory stays a
 * source, a stale value task never reaches the next owner. */
#include "support/fixture.h"
#include "support/gate.h"

#include <stdlib.h>

/* ---- helpers ---- */

static vt_loop_stats_t stats_of(struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats;
}

/* An operation of a size of its own, on the public bridge. */
struct large_op {
  vt_op_t op;
  unsigned char bytes[3000];
};

static const vt_op_kind_t large_kind = {.ops = VT_OP_OPS("large"),
                                        .size = sizeof(struct large_op)};

/* Everything that can be done to a stale value task. */
static int touch_stale(vt_t v) {
  struct seen seen = {0};
  int wrong = 0;
  wrong += vt_status(v) != VT_ESTALE;
  wrong += vt_get_result(v).status != VT_ESTALE;
  wrong += vt_cancel(v) != VT_ESTALE;
  wrong += vt_await_stop(v, seen_k, &seen);
  wrong += vt_on_completed(v, 0, seen_k, &seen) != VT_ESTALE;
  wrong += vt_task_result(vt_as_task(v)).status != VT_ESTALE;
  vt_forget(v);
  vt_await(v, seen_k, &seen);
  wrong += seen.count != 1 || seen.result.status != VT_ESTALE;
  return wrong;
}

/* ---- it works ---- */

static void one_after_the_other_takes_one_block(void **state) {
  struct fixture *f = *state;
  uint64_t before;
  vt_loop_run(f->vt, vt_delay(1));
  before = fixture_allocations();
  for (int i = 0; i < 100; i++) {
    struct gate gate = {0};
    vt_t v = gate_begin(&gate);
    gate_open(&gate, result_int(i));
    assert_int_equal(vt_get_result(v).value.i, i);
  }
  assert_true(fixture_allocations() - before <= 1);
}

static void after_the_first_crowd_it_needs_no_memory(void **state) {
  struct fixture *f = *state;
  enum { COUNT = 5000 };
  struct gate *gates = calloc(COUNT, sizeof *gates);
  uint64_t allocations = 0, allocated = 0;
  for (int round = 0; round < 5; round++) {
    for (int i = 0; i < COUNT; i++)
      vt_forget(gate_begin(&gates[i]));
    assert_int_equal(fixture_pending(f), COUNT);
    for (int i = 0; i < COUNT; i++)
      gate_open(&gates[i], result_int(i));
    if (round == 0) {
      allocations = fixture_allocations();
      allocated = stats_of(f).allocated;
    }
  }
  assert_int_equal(fixture_allocations(), allocations);
  assert_int_equal(stats_of(f).allocated, allocated);
  assert_true(stats_of(f).pooled >= COUNT);
  free(gates);
}

static void sizes_do_not_mix(void **state) {
  struct fixture *f = *state;
  struct large_op *ops[50];
  vt_t v[50];
  for (int i = 0; i < 50; i++) {
    struct gate gate = {0};
    vt_t small = gate_begin(&gate);
    assert_status(vt_op_begin(&large_kind, &ops[i]), 0);
    for (size_t b = 0; b < sizeof ops[i]->bytes; b++)
      ops[i]->bytes[b] = (unsigned char)i;
    v[i] = vt_op_started(ops[i], 0);
    gate_open(&gate, result_int(0));
    vt_get_result(small);
  }
  for (int i = 0; i < 50; i++) {
    int wrong = 0;
    for (size_t b = 0; b < sizeof ops[i]->bytes; b++)
      wrong += ops[i]->bytes[b] != (unsigned char)i;
    assert_int_equal(wrong, 0);
    vt_op_complete(ops[i], result_int(i));
    assert_int_equal(vt_get_result(v[i]).value.i, i);
  }
  assert_int_equal(fixture_pending(f), 0);
}

/* ---- it fails ---- */

static void a_long_gone_value_task_is_stale(void **state) {
  struct fixture *f = *state;
  enum { COUNT = 10000 };
  vt_t *gone = calloc(COUNT, sizeof *gone);
  struct gate gate = {0};
  int wrong = 0;
  for (int i = 0; i < COUNT; i++) {
    gone[i] = gate_begin(&gate);
    gate_open(&gate, result_int(i));
    vt_get_result(gone[i]);
  }
  for (int i = 0; i < COUNT; i++)
    wrong += touch_stale(gone[i]);
  assert_int_equal(wrong, 0);
  assert_int_equal(fixture_pending(f), 0);
  free(gone);
}

/* Each block has a new owner, which no touch of the old value task changes. */
static void the_next_owner_is_never_hit(void **state) {
  struct fixture *f = *state;
  enum { COUNT = 1000 };
  struct gate *gates = calloc(COUNT, sizeof *gates);
  struct seen *seen = calloc(COUNT, sizeof *seen);
  vt_t *gone = calloc(COUNT, sizeof *gone), *now = calloc(COUNT, sizeof *now);
  int wrong = 0, reused = 0;
  for (int i = 0; i < COUNT; i++)
    gone[i] = gate_begin(&gates[i]);
  for (int i = 0; i < COUNT; i++) {
    gate_open(&gates[i], result_int(i));
    vt_get_result(gone[i]);
  }
  for (int i = 0; i < COUNT; i++)
    now[i] = gate_begin(&gates[i]);
  for (int i = 0; i < COUNT; i++) {
    for (int j = 0; j < COUNT; j++)
      reused += gone[i].source == now[j].source;
    vt_await(now[i], seen_k, &seen[i]);
  }
  for (int i = 0; i < COUNT; i++)
    wrong += touch_stale(gone[i]);
  assert_int_equal(wrong, 0);
  assert_int_equal(fixture_pending(f), COUNT);
  for (int i = 0; i < COUNT; i++)
    gate_open(&gates[i], result_int(i));
  assert_true(fixture_run(f));
  for (int i = 0; i < COUNT; i++) {
    assert_seen_int(&seen[i], i);
    assert_int_equal(gates[i].cancels + gates[i].discards, 0);
  }
  assert_true(reused > COUNT / 2); /* else the case shows nothing */
  free(gates);
  free(seen);
  free(gone);
  free(now);
}

static void a_double_forget_frees_once(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0}, other = {0};
  vt_t v = gate_begin(&gate), w;
  gate_open(&gate, result_int(1));
  vt_forget(v);
  vt_forget(v);
  v = gate_begin(&gate);
  w = gate_begin(&other);
  assert_false(vt_equal(v, w));
  assert_true(v.source != w.source);
  assert_int_equal(fixture_pending(f), 2);
  gate_open(&gate, result_int(2));
  gate_open(&other, result_int(3));
  assert_int_equal(vt_get_result(v).value.i, 2);
  assert_int_equal(vt_get_result(w).value.i, 3);
}

/* A token pasted to another source's: an error, not a crash. */
static void a_torn_value_task_is_stale(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}};
  vt_t a = gate_begin(&gates[0]), b, torn;
  gate_open(&gates[0], result_int(0));
  vt_get_result(a);
  a = gate_begin(&gates[0]);
  b = gate_begin(&gates[1]);
  torn = a;
  torn.value.u = UINT64_MAX;
  assert_int_equal(touch_stale(torn), 0);
  torn.value.u = a.value.u + 1;
  assert_int_equal(touch_stale(torn), 0);
  torn.value.u = b.value.u;
  assert_int_equal(touch_stale(torn), 0);
  gate_open(&gates[0], result_int(1));
  gate_open(&gates[1], result_int(2));
  assert_int_equal(vt_get_result(a).value.i, 1);
  assert_int_equal(vt_get_result(b).value.i, 2);
  assert_int_equal(fixture_pending(f), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(one_after_the_other_takes_one_block),
      fixture_test(after_the_first_crowd_it_needs_no_memory),
      fixture_test(sizes_do_not_mix),
      fixture_test(a_long_gone_value_task_is_stale),
      fixture_test(the_next_owner_is_never_hit),
      fixture_test(a_double_forget_frees_once),
      fixture_test(a_torn_value_task_is_stale),
  };
  return fixture_main("pool", tests);
}
