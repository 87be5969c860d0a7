/* SPDX-License-Identifier: MIT */
/* Snapshots: in hand once loaded, loaded once for all, borrowed through what
 * happens meanwhile. Times are in test_snapshot_time.c, ends in
 * test_snapshot_end.c. */
#include "support/stock.h"

/* ---- helpers ---- */

static void load_now(struct stock *s, int64_t value) {
  bool before = s->at_once;
  stock_has(s, value);
  assert_in_hand(s, value);
  s->at_once = before;
}

/* Does something to the snapshot and looks at what it borrowed. */
struct reader {
  struct stock *stock;
  int count;
  int drops; /* values dropped when it looked */
  int64_t value;
};

static void invalidate_and_read(void *state, vt_result_t r) {
  struct reader *reader = state;
  reader->count++;
  reader->value = r.value.i;
  vt_snapshot_invalidate(reader->stock->snapshot);
  reader->drops = reader->stock->drops;
}

static void read_it(void *state, vt_result_t r) {
  struct reader *reader = state;
  reader->count++;
  reader->value = r.value.i;
  reader->drops = reader->stock->drops;
}

/* ---- it works ---- */

static void the_first_get_loads_and_later_ones_are_in_hand(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  assert_int_equal(s.loads, 0);
  stock_get(&s);
  assert_int_equal(s.loads, 1);
  stock_end(&s, 0, result_int(7));
  assert_int_equal(s.line.gone_on, 0); /* nobody inside */
  assert_in_hand(&s, 7);
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went_with(&s.line, 0, 1, 7);
  assert_int_equal(s.loads, 1);
  stock_close(&s, f);
  assert_int_equal(s.drops, 1);
}

static void any_number_of_callers_make_one_load(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  for (int i = 0; i < LINE_MAX_WAITS; i++)
    stock_get(&s);
  assert_int_equal(stock_stats(&s).waiting, LINE_MAX_WAITS);
  stock_end(&s, 0, result_int(7));
  assert_int_equal(line_turn(f, &s.line), LINE_MAX_WAITS);
  for (int i = 0; i < LINE_MAX_WAITS; i++)
    assert_went_with(&s.line, i, i + 1, 7);
  assert_int_equal(s.loads, 1);
  stock_close(&s, f);
}

static void a_hit_allocates_nothing(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){.ttl_ms = 1000000});
  load_now(&s, 7);
  uint64_t before = fixture_allocations();
  uint64_t pending = fixture_pending(f);
  for (int i = 0; i < 1000; i++)
    assert_in_hand(&s, 7);
  assert_int_equal(fixture_allocations(), before);
  assert_int_equal(fixture_pending(f), pending);
  stock_close(&s, f);
}

static void a_load_in_hand_is_a_get_in_hand(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  stock_has(&s, 7);
  s.inside = stock_get; /* who asks in the middle of it waits for it */
  assert_in_hand(&s, 7);
  assert_in_hand(&s, 7);
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went_with(&s.line, 0, 1, 7);
  assert_int_equal(s.loads, 1);
  stock_close(&s, f);
}

static void a_load_is_of_no_scope(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  struct seen joined = {0};
  vt_scope_t *scope;
  stock_open(&s, (vt_snapshot_options_t){0});
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  stock_get(&s);
  vt_scope_leave(before);
  stock_get(&s);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_int_equal(s.gates[0].cancels, 0);
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went(&s.line, 0, 1, UV_ECANCELED);
  stock_end(&s, 0, result_int(7));
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ECANCELED);
  assert_went_with(&s.line, 1, 2, 7);
  stock_close(&s, f);
}

/* ---- invalidate, put, refresh ---- */

static void an_invalidate_makes_the_next_get_load(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  load_now(&s, 7);
  assert_status(vt_snapshot_invalidate(s.snapshot), 0);
  assert_null(vt_snapshot_peek(s.snapshot));
  load_now(&s, 8);
  assert_int_equal(s.loads, 2);
  fixture_turn(f);
  assert_int_equal(s.drops, 1);
  assert_int_equal(s.dropped, 7);
  stock_close(&s, f);
  assert_int_equal(s.drops, 2);
}

static void an_invalidated_load_answers_and_is_not_kept(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  stock_get(&s);
  vt_snapshot_invalidate(s.snapshot);
  stock_get(&s); /* waits for another load */
  stock_get(&s);
  assert_int_equal(s.loads, 1); /* which begins when this one is over */
  stock_end(&s, 0, result_int(7));
  assert_int_equal(s.loads, 2);
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went_with(&s.line, 0, 1, 7);
  assert_null(vt_snapshot_peek(s.snapshot));
  stock_end(&s, 1, result_int(8));
  assert_in_hand(&s, 8);
  assert_int_equal(line_turn(f, &s.line), 3);
  assert_went_with(&s.line, 1, 2, 8);
  assert_went_with(&s.line, 2, 3, 8);
  assert_int_equal(s.loads, 2);
  stock_close(&s, f);
  assert_int_equal(s.drops, 2);
}

static void invalidate_it(struct stock *s) {
  vt_snapshot_invalidate(s->snapshot);
}

static void one_invalidated_by_its_own_load_is_not_kept(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  s.inside = invalidate_it;
  load_now(&s, 7);
  assert_null(vt_snapshot_peek(s.snapshot));
  s.inside = invalidate_it;
  stock_get(&s);
  stock_end(&s, 1, result_int(8));
  assert_null(vt_snapshot_peek(s.snapshot));
  assert_true(fixture_run(f));
  assert_went_with(&s.line, 0, 1, 8);
  assert_int_equal(s.drops, 2);
  stock_close(&s, f);
}

static void a_put_swaps_at_once(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  assert_status(vt_snapshot_put(s.snapshot, (void *)7), 0);
  assert_in_hand(&s, 7);
  assert_status(vt_snapshot_put(s.snapshot, (void *)8), 0);
  assert_in_hand(&s, 8);
  assert_int_equal(s.drops, 0);
  fixture_turn(f);
  assert_int_equal(s.dropped, 7);
  assert_int_equal(s.loads, 0);
  stock_close(&s, f);
  assert_int_equal(s.drops, 2);
}

static void a_put_is_not_replaced_by_the_load_under_way(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  stock_get(&s);
  assert_status(vt_snapshot_put(s.snapshot, (void *)8), 0);
  assert_in_hand(&s, 8);
  stock_end(&s, 0, result_int(7));
  assert_in_hand(&s, 8);
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went_with(&s.line, 0, 1, 7);
  stock_close(&s, f);
  assert_int_equal(s.drops, 2);
}

static void a_refresh_serves_the_old_value_meanwhile(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  load_now(&s, 7);
  line_await(&s.line, vt_snapshot_refresh_async(s.snapshot));
  line_await(&s.line, vt_snapshot_refresh_async(s.snapshot));
  assert_int_equal(s.loads, 2);
  assert_in_hand(&s, 7);
  stock_end(&s, 1, result_int(8));
  assert_in_hand(&s, 8);
  assert_int_equal(line_turn(f, &s.line), 2);
  assert_went_with(&s.line, 0, 1, 8);
  assert_went_with(&s.line, 1, 2, 8);
  stock_close(&s, f);
}

static void a_failed_refresh_keeps_the_old_value(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  load_now(&s, 7);
  line_await(&s.line, vt_snapshot_refresh_async(s.snapshot));
  stock_end(&s, 1, result_failed(UV_EIO));
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went(&s.line, 0, 1, UV_EIO);
  assert_in_hand(&s, 7);
  assert_int_equal(s.loads, 2);
  stock_close(&s, f);
}

/* ---- borrowing ---- */

static void what_was_given_outlives_an_invalidate(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  struct reader readers[40] = {{0}};
  stock_open(&s, (vt_snapshot_options_t){0});
  for (int i = 0; i < 40; i++) {
    readers[i].stock = &s;
    vt_await(vt_snapshot_get(s.snapshot), i % 7 ? read_it : invalidate_and_read,
             &readers[i]);
  }
  stock_end(&s, 0, result_int(7));
  assert_true(fixture_run(f));
  for (int i = 0; i < 40; i++) {
    assert_int_equal(readers[i].count, 1);
    assert_int_equal(readers[i].value, 7);
    assert_int_equal(readers[i].drops, 0);
  }
  assert_int_equal(s.drops, 1);
  stock_close(&s, f);
}

/* Returns what it got through that many async functions. */
struct deep_frame {
  vt_frame_t vt;
  vt_snapshot_t *snapshot;
  int depth;
};

static vt_t deep(void *frame) {
  struct deep_frame *f = frame;
  VT_BEGIN(f);
  if (f->depth > 0) {
    struct deep_frame inner = {.snapshot = f->snapshot, .depth = f->depth - 1};
    VT_RETURN(f, vt_start(&inner, deep));
  }
  VT_RETURN(f, vt_snapshot_get(f->snapshot));
  VT_END(f);
}

static void a_value_may_be_returned_through_many_functions(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  struct reader last = {.stock = &s}, first = {.stock = &s};
  stock_open(&s, (vt_snapshot_options_t){0});
  struct deep_frame frame = {.snapshot = s.snapshot, .depth = 100};
  vt_await_with(vt_start(&frame, deep), VT_LATER, read_it, &last);
  vt_await(vt_snapshot_get(s.snapshot), invalidate_and_read, &first);
  stock_end(&s, 0, result_int(7));
  assert_true(fixture_run(f));
  assert_int_equal(last.value, 7);
  assert_int_equal(last.drops, 0);
  assert_int_equal(first.drops, 0);
  assert_int_equal(s.drops, 1);
  stock_close(&s, f);
}

static void a_result_that_waits_to_be_taken_keeps_its_value(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  vt_t v = vt_snapshot_get(s.snapshot);
  vt_t dropped = vt_snapshot_get(s.snapshot);
  stock_end(&s, 0, result_int(7));
  vt_snapshot_invalidate(s.snapshot);
  for (int i = 0; i < 3; i++)
    fixture_turn(f);
  assert_int_equal(s.drops, 0);
  assert_int_equal(vt_get_result(v).value.i, 7);
  assert_true(fixture_run(f));
  assert_int_equal(s.drops, 0);
  vt_forget(dropped);
  assert_true(fixture_run(f));
  assert_int_equal(s.drops, 1);
  stock_close(&s, f);
}

static void what_vt_loop_run_gives_is_there_when_it_returns(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  struct reader first = {.stock = &s};
  s.inside = NULL;
  vt_await(vt_snapshot_get(s.snapshot), invalidate_and_read, &first);
  vt_snapshot_invalidate(s.snapshot);
  stock_end(&s, 0, result_int(7));
  stock_has(&s, 8);
  vt_t v = vt_snapshot_get(s.snapshot);
  vt_snapshot_invalidate(s.snapshot);
  assert_int_equal(vt_loop_run(f->vt, v).value.i, 8);
  assert_int_equal(s.drops, 0);
  assert_true(fixture_run(f));
  assert_int_equal(s.drops, 2);
  stock_close(&s, f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(the_first_get_loads_and_later_ones_are_in_hand),
      fixture_test(any_number_of_callers_make_one_load),
      fixture_test(a_hit_allocates_nothing),
      fixture_test(a_load_in_hand_is_a_get_in_hand),
      fixture_test(a_load_is_of_no_scope),
      fixture_test(an_invalidate_makes_the_next_get_load),
      fixture_test(an_invalidated_load_answers_and_is_not_kept),
      fixture_test(one_invalidated_by_its_own_load_is_not_kept),
      fixture_test(a_put_swaps_at_once),
      fixture_test(a_put_is_not_replaced_by_the_load_under_way),
      fixture_test(a_refresh_serves_the_old_value_meanwhile),
      fixture_test(a_failed_refresh_keeps_the_old_value),
      fixture_test(what_was_given_outlives_an_invalidate),
      fixture_test(a_value_may_be_returned_through_many_functions),
      fixture_test(a_result_that_waits_to_be_taken_keeps_its_value),
      fixture_test(what_vt_loop_run_gives_is_there_when_it_returns),
  };
  return fixture_main("snapshot", tests);
}
