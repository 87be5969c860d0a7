/* SPDX-License-Identifier: MIT */
/* Scopes: who belongs to one, which one is current, and the join. Built three
 * times: plain, with VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/gate.h"

/* ---- helpers ---- */

static vt_scope_t *scope_new(void) {
  vt_scope_t *scope = NULL;
  assert_status(vt_scope_new(NULL, &scope), 0);
  return scope;
}

/* A gate begun in a scope. */
static vt_t gate_in(vt_scope_t *scope, struct gate *gate) {
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = gate_begin(gate);
  vt_scope_leave(before);
  return v;
}

/* The scope in which continuations ran. */
struct places {
  int count;
  vt_scope_t *scopes[8];
};

static void note_place(void *places, vt_result_t r) {
  struct places *p = places;
  (void)r;
  p->scopes[p->count++] = vt_scope_current();
}

struct walker_frame {
  vt_frame_t vt;
  vt_t first, second;
  struct places *places;
};

/* Notes its scope before, between and after two awaits. */
static vt_t walker_body(void *frame) {
  struct walker_frame *f = frame;
  VT_BEGIN(f);
  f->places->scopes[f->places->count++] = vt_scope_current();
  VT_TRY(f, f->first);
  f->places->scopes[f->places->count++] = vt_scope_current();
  VT_TRY(f, f->second);
  f->places->scopes[f->places->count++] = vt_scope_current();
  VT_END(f);
}

/* A continuation that begins a gate, in the scope in which it runs. */
struct chain {
  struct gate *next;
  struct seen *seen;
};

static void begin_next(void *state, vt_result_t r) {
  struct chain *c = state;
  (void)r;
  vt_await(gate_begin(c->next), seen_k, c->seen);
}

/* A continuation that joins the scope in which it runs. */
static void join_own(void *seen, vt_result_t r) {
  (void)r;
  vt_await(vt_scope_join(vt_scope_current()), seen_k, seen);
}

/* ---- it works ---- */

static void empty_is_joined_in_hand(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_scope_join(scope_new());
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), 0);
  assert_int_equal(fixture_pending(f), 0);
}

static void entered_and_left_is_as_before(void **state) {
  vt_scope_t *outer = scope_new(), *inner = scope_new();
  (void)state;
  assert_null(vt_scope_current());
  vt_scope_t *before = vt_scope_enter(outer);
  assert_null(before);
  assert_ptr_equal(vt_scope_current(), outer);
  vt_scope_t *middle = vt_scope_enter(inner);
  assert_ptr_equal(vt_scope_current(), inner);
  vt_scope_t *none = vt_scope_enter(NULL);
  assert_null(vt_scope_current());
  vt_scope_leave(none);
  assert_ptr_equal(vt_scope_current(), inner);
  vt_scope_leave(middle);
  assert_ptr_equal(vt_scope_current(), outer);
  vt_scope_leave(before);
  assert_null(vt_scope_current());
  assert_status(vt_status(vt_scope_join(inner)), 0);
  assert_status(vt_status(vt_scope_join(outer)), 0);
}

static void join_waits_for_all_that_was_begun(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}, {0}};
  struct seen seen[4] = {{0}, {0}, {0}, {0}}, joined = {0};
  vt_scope_t *scope = scope_new();
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(gate_begin(&gates[0]), seen_k, &seen[0]);
  vt_await(vt_delay(1), seen_k, &seen[1]);
  vt_await(vt_yield(), seen_k, &seen[2]);
  vt_await(gate_begin(&gates[1]), seen_k, &seen[3]);
  vt_scope_leave(before);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  gate_open(&gates[1], result_int(1));
  assert_true(fixture_run_until(f, &seen[1].count, 1));
  assert_true(fixture_run_until(f, &seen[2].count, 1));
  assert_int_equal(joined.count, 0);
  gate_open(&gates[0], result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], UV_EIO);
  assert_seen_int(&joined, 0);
}

static void what_is_begun_outside_is_not_joined(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  vt_scope_t *scope = scope_new();
  vt_await(gate_begin(&gate), seen_k, &seen);
  assert_true(vt_in_hand(vt_scope_join(scope)));
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
}

static void an_untaken_result_is_not_waited_for(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_new();
  vt_t v = gate_in(scope, &gate);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  gate_open(&gate, result_int(5));
  assert_true(fixture_run(f));
  assert_seen_int(&joined, 0);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  vt_await_with(v, VT_LATER, seen_k, &seen); /* its scope is gone */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
}

static void an_untaken_delay_is_not_waited_for(void **state) {
  struct fixture *f = *state;
  struct seen joined = {0};
  vt_scope_t *scope = scope_new();
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = vt_delay(1);
  vt_scope_leave(before);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_true(fixture_run(f));
  assert_seen_int(&joined, 0);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  assert_status(vt_get_result(v).status, 0);
}

static void what_is_forgotten_is_waited_for(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}, {0}};
  struct seen joined = {0}, stopped = {0};
  vt_scope_t *scope = scope_new();
  vt_forget(gate_in(scope, &gates[0]));
  vt_t v = gate_in(scope, &gates[1]);
  vt_await(v, seen_k, &stopped);
  assert_true(vt_await_stop(v, seen_k, &stopped));
  vt_await(vt_scope_join(scope), seen_k, &joined);
  gate_open(&gates[0], result_int(1));
  fixture_turn(f);
  assert_int_equal(joined.count, 0);
  gate_open(&gates[1], result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&joined, 0);
  assert_int_equal(stopped.count, 0);
}

static void what_was_refused_is_no_member(void **state) {
  static const vt_op_kind_t kind = {VT_OP_OPS("refused"),
                                    .size = sizeof(vt_op_t)};
  vt_scope_t *scope = scope_new();
  vt_op_t *op;
  (void)state;
  vt_scope_t *before = vt_scope_enter(scope);
  assert_status(vt_op_begin(&kind, &op), 0);
  assert_status(vt_status(vt_op_started(op, UV_EMFILE)), UV_EMFILE);
  vt_scope_leave(before);
  assert_true(vt_in_hand(vt_scope_join(scope)));
}

static void a_continuation_runs_in_the_scope_of_what_it_awaited(void **state) {
  struct fixture *f = *state;
  struct gate gates[3] = {{0}, {0}, {0}};
  struct places places = {0};
  struct seen joined = {0};
  vt_scope_t *scope = scope_new();
  vt_await(gate_in(scope, &gates[0]), note_place, &places);
  vt_await_with(gate_in(scope, &gates[1]), VT_LATER, note_place, &places);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(gate_in(NULL, &gates[2]), note_place, &places);
  vt_scope_leave(before);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  gate_open(&gates[0], result_int(1));
  gate_open(&gates[2], result_int(1));
  assert_int_equal(places.count, 2);
  gate_open(&gates[1], result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(places.count, 3);
  assert_ptr_equal(places.scopes[0], scope);
  assert_null(places.scopes[1]);
  assert_ptr_equal(places.scopes[2], scope);
  assert_null(vt_scope_current());
  assert_seen_int(&joined, 0);
}

static void a_function_stays_in_its_own(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}, {0}};
  struct places places = {0};
  struct seen seen = {0}, joined[2] = {{0}, {0}};
  vt_scope_t *own = scope_new(), *other = scope_new();
  struct walker_frame frame = {.places = &places};
  frame.first = gate_in(NULL, &gates[0]);
  frame.second = gate_in(other, &gates[1]);
  vt_scope_t *before = vt_scope_enter(own);
  vt_await(vt_start(&frame, walker_body), seen_k, &seen);
  vt_scope_leave(before);
  vt_await(vt_scope_join(own), seen_k, &joined[0]);
  vt_await(vt_scope_join(other), seen_k, &joined[1]);
  gate_open(&gates[0], result_int(1));
  fixture_turn(f);
  assert_int_equal(joined[0].count, 0);
  gate_open(&gates[1], result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(places.count, 3);
  for (int i = 0; i < 3; i++)
    assert_ptr_equal(places.scopes[i], own);
  assert_seen_int(&seen, 0);
  assert_seen_int(&joined[0], 0);
  assert_seen_int(&joined[1], 0);
}

static void what_a_continuation_begins_is_joined(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{0}, {0}};
  struct seen seen = {0}, joined = {0};
  struct chain chain = {&gates[1], &seen};
  vt_scope_t *scope = scope_new();
  vt_await(gate_in(scope, &gates[0]), begin_next, &chain);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  gate_open(&gates[0], result_int(1)); /* nobody was left for a moment */
  fixture_turn(f);
  fixture_turn(f);
  assert_int_equal(joined.count, 0);
  gate_open(&gates[1], result_int(2));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 2);
  assert_seen_int(&joined, 0);
}

static void its_last_continuation_may_join_it(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen joined = {0};
  vt_scope_t *scope = scope_new();
  vt_await(gate_in(scope, &gate), join_own, &joined);
  gate_open(&gate, result_int(1));
  assert_int_equal(joined.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&joined, 0);
}

/* Opens a gate of another scope, whose continuation joins this one, and begins
 * another one then. */
struct nest {
  vt_scope_t *scope;
  struct gate opened, begun;
  struct seen joined;
};

static void join_it(void *nest, vt_result_t r) {
  struct nest *n = nest;
  (void)r;
  vt_await(vt_scope_join(n->scope), seen_k, &n->joined);
}

static void open_and_begin(void *nest, vt_result_t r) {
  struct nest *n = nest;
  gate_open(&n->opened, r);
  vt_forget(gate_begin(&n->begun));
}

static void it_is_joined_above_its_own_continuation(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen other = {0};
  struct nest nest = {.scope = scope_new()};
  vt_scope_t *another = scope_new();
  vt_await(gate_in(nest.scope, &gate), open_and_begin, &nest);
  vt_await(gate_in(another, &nest.opened), join_it, &nest);
  vt_await(vt_scope_join(another), seen_k, &other);
  gate_open(&gate, result_int(0));
  fixture_turn(f);
  assert_int_equal(nest.joined.count, 0);
  gate_open(&nest.begun, result_int(0));
  assert_true(fixture_run(f));
  assert_seen_int(&nest.joined, 0);
  assert_seen_int(&other, 0);
}

static void a_child_keeps_its_parent(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0}, joined[2] = {{0}, {0}};
  vt_scope_t *parent = scope_new();
  vt_scope_t *before = vt_scope_enter(parent);
  vt_scope_t *child = scope_new();
  vt_scope_leave(before);
  vt_await(gate_in(child, &gate), seen_k, &seen);
  vt_await(vt_scope_join(parent), seen_k, &joined[0]);
  fixture_turn(f);
  vt_await(vt_scope_join(child), seen_k, &joined[1]);
  fixture_turn(f);
  assert_int_equal(joined[0].count + joined[1].count, 0);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&joined[1], 0);
  assert_seen_int(&joined[0], 0);
}

static void again_and_again_allocates_nothing(void **state) {
  struct fixture *f = *state;
  uint64_t before = 0;
  for (int i = 0; i < 100; i++) {
    struct gate gate = {0};
    struct places places = {0};
    struct seen seen[2] = {{0}, {0}};
    if (i == 2)
      before = fixture_allocations();
    vt_scope_t *scope = scope_new();
    vt_scope_t *outer = vt_scope_enter(scope);
    struct walker_frame frame = {.first = vt_yield(), .places = &places};
    frame.second = gate_begin(&gate);
    vt_t v = vt_start(&frame, walker_body);
    vt_scope_leave(outer);
    vt_await(v, seen_k, &seen[0]);
    vt_await(vt_scope_join(scope), seen_k, &seen[1]);
    gate_open(&gate, result_int(0));
    assert_true(fixture_run(f));
    assert_seen_int(&seen[1], 0);
  }
#ifndef VT_DEBUG /* frames move to fresh blocks there */
  assert_int_equal(fixture_allocations(), before);
#else
  (void)before;
#endif
}

/* ---- it fails ---- */

static void joined_twice_is_refused(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_new();
  vt_await(gate_in(scope, &gate), seen_k, &seen);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_status(vt_status(vt_scope_join(scope)), VT_EAWAITED);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&joined, 0);
}

static void never_joined_is_named_at_detach(void **state) {
  struct fixture *f = *state;
  vt_scope_t *scope = scope_new();
  assert_status(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *r = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(r);
  assert_string_equal(r->what, "scope");
#ifdef VT_DEBUG
  assert_true(r->has_file);
#endif
  assert_true(vt_in_hand(vt_scope_join(scope)));
}

static void nothing_is_no_scope(void **state) {
  (void)state;
  assert_status(vt_scope_new(NULL, NULL), UV_EINVAL);
  assert_status(vt_scope_cancel(NULL, UV_ECANCELED), UV_EINVAL);
  assert_status(vt_scope_status(NULL), UV_EINVAL);
  assert_status(vt_status(vt_scope_join(NULL)), UV_EINVAL);
}

struct other {
  vt_scope_t *scope;
  int64_t made, cancelled, status, joined;
  bool entered;
};

static void use_elsewhere(void *arg) {
  struct other *o = arg;
  vt_scope_t *made;
  o->made = vt_scope_new(NULL, &made);
  o->cancelled = vt_scope_cancel(o->scope, UV_ECANCELED);
  o->status = vt_scope_status(o->scope);
  o->joined = vt_status(vt_scope_join(o->scope));
  vt_scope_leave(vt_scope_enter(o->scope));
  o->entered = vt_scope_current() != NULL;
}

static void another_thread_is_told(void **state) {
  struct other other = {.scope = scope_new()};
  (void)state;
  fixture_on_thread(use_elsewhere, &other, 0);
  assert_status(other.made, VT_ENOLOOP);
  assert_status(other.cancelled, VT_ETHREAD);
  assert_status(other.status, VT_ETHREAD);
  assert_status(other.joined, VT_ETHREAD);
  assert_false(other.entered);
  assert_true(vt_in_hand(vt_scope_join(other.scope)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(empty_is_joined_in_hand),
      fixture_test(entered_and_left_is_as_before),
      fixture_test(join_waits_for_all_that_was_begun),
      fixture_test(what_is_begun_outside_is_not_joined),
      fixture_test(an_untaken_result_is_not_waited_for),
      fixture_test(an_untaken_delay_is_not_waited_for),
      fixture_test(what_is_forgotten_is_waited_for),
      fixture_test(what_was_refused_is_no_member),
      fixture_test(a_continuation_runs_in_the_scope_of_what_it_awaited),
      fixture_test(a_function_stays_in_its_own),
      fixture_test(what_a_continuation_begins_is_joined),
      fixture_test(its_last_continuation_may_join_it),
      fixture_test(it_is_joined_above_its_own_continuation),
      fixture_test(a_child_keeps_its_parent),
      fixture_test(again_and_again_allocates_nothing),
      fixture_test(joined_twice_is_refused),
      fixture_test(never_joined_is_named_at_detach),
      fixture_test(nothing_is_no_scope),
      fixture_test(another_thread_is_told),
  };
  return fixture_main("scope", tests);
}
