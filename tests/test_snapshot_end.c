/* SPDX-License-Identifier: MIT */
/* Snapshots: who leaves, what fails, how it ends. */
#include "support/stock.h"

/* ---- who does not wait any longer ---- */

static void a_cancelled_caller_leaves_the_others(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  for (int i = 0; i < 4; i++)
    stock_get(&s);
  assert_status(vt_cancel(s.line.waits[0].v), 0);
  assert_true(line_stop(&s.line, 1));
  assert_int_equal(stock_stats(&s).waiting, 2);
  stock_end(&s, 0, result_int(7));
  assert_int_equal(line_turn(f, &s.line), 3);
  assert_went(&s.line, 0, 1, UV_ECANCELED);
  assert_went_with(&s.line, 2, 2, 7);
  assert_went_with(&s.line, 3, 3, 7);
  assert_int_equal(s.gates[0].cancels, 0);
  stock_close(&s, f);
}

static void the_load_goes_on_when_the_last_one_leaves(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  stock_get(&s);
  assert_true(line_stop(&s.line, 0));
  assert_int_equal(s.gates[0].cancels, 0);
  stock_end(&s, 0, result_int(7));
  assert_in_hand(&s, 7);
  stock_close(&s, f);
}

static void the_last_one_that_leaves_cancels_by_option(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){.flags = VT_SNAPSHOT_CANCEL});
  stock_get(&s);
  stock_get(&s);
  assert_status(vt_cancel(s.line.waits[0].v), 0);
  assert_int_equal(s.gates[0].cancels, 0);
  assert_true(line_stop(&s.line, 1));
  assert_int_equal(s.gates[0].cancels, 1);
  stock_get(&s); /* does not join the cancelled one */
  assert_true(fixture_run_until(f, &s.loads, 2));
  stock_end(&s, 1, result_int(7));
  assert_true(fixture_run(f));
  assert_went_with(&s.line, 2, 2, 7);
  assert_int_equal(stock_stats(&s).failures, 1);
  stock_close(&s, f);
}

static void what_cannot_be_cancelled_is_joined(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  s.gates[0].cancel_rc = UV_EBUSY;
  stock_open(&s, (vt_snapshot_options_t){.flags = VT_SNAPSHOT_CANCEL});
  stock_get(&s);
  assert_true(line_stop(&s.line, 0));
  assert_int_equal(s.gates[0].cancels, 1);
  stock_get(&s);
  stock_end(&s, 0, result_int(7));
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went_with(&s.line, 1, 1, 7);
  assert_int_equal(s.loads, 1);
  stock_close(&s, f);
}

static void one_that_leaves_an_invalidated_load_leaves_the_next(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){.flags = VT_SNAPSHOT_CANCEL});
  stock_get(&s);
  vt_snapshot_invalidate(s.snapshot);
  stock_get(&s);
  assert_true(line_stop(&s.line, 1)); /* of a load that has not begun */
  assert_int_equal(s.gates[0].cancels, 0);
  stock_end(&s, 0, result_int(7));
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went_with(&s.line, 0, 1, 7);
  assert_int_equal(s.loads, 1);
  stock_close(&s, f);
}

static void a_load_in_the_background_goes_on_without_waiters(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){.ttl_ms = 1,
                                         .stale_ms = 1000000,
                                         .flags = VT_SNAPSHOT_CANCEL});
  assert_status(vt_snapshot_put(s.snapshot, &s), 0);
  f->uv.time += 10; /* until the next turn */
  vt_t v = vt_snapshot_get(s.snapshot);
  assert_true(vt_in_hand(v));
  line_await(&s.line, vt_snapshot_refresh_async(s.snapshot));
  assert_int_equal(s.loads, 1);
  assert_true(line_stop(&s.line, 0));
  assert_int_equal(s.gates[0].cancels, 0);
  stock_end(&s, 0, result_int(7));
  assert_in_hand(&s, 7);
  stock_close(&s, f);
}

static void no_more_wait_than_may(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){.max_waiters = 2});
  for (int i = 0; i < 3; i++)
    stock_get(&s);
  assert_went(&s.line, 2, 1, UV_EBUSY);
  stock_end(&s, 0, result_int(7));
  assert_int_equal(line_turn(f, &s.line), 3);
  stock_close(&s, f);
}

/* ---- it fails ---- */

static void a_failure_is_told_to_all_and_not_kept(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  stock_get(&s);
  stock_get(&s);
  stock_end(&s, 0, result_failed(UV_EIO));
  assert_int_equal(line_turn(f, &s.line), 2);
  assert_went(&s.line, 0, 1, UV_EIO);
  assert_went(&s.line, 1, 2, UV_EIO);
  s.at_once = true;
  s.result = result_failed(UV_ENOENT);
  stock_get(&s);
  assert_went(&s.line, 2, 3, UV_ENOENT);
  stock_has(&s, 7);
  assert_in_hand(&s, 7);
  assert_int_equal(s.loads, 3);
  assert_int_equal(stock_stats(&s).failures, 2);
  assert_int_equal(s.drops, 0);
  stock_close(&s, f);
}

static void a_failure_after_an_invalidate_is_tried_again(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){.fail_ms = 1000000});
  stock_get(&s);
  vt_snapshot_invalidate(s.snapshot);
  stock_get(&s);
  stock_end(&s, 0, result_failed(UV_EIO));
  stock_end(&s, 1, result_int(7));
  assert_int_equal(line_turn(f, &s.line), 2);
  assert_went(&s.line, 0, 1, UV_EIO);
  assert_went_with(&s.line, 1, 2, 7);
  stock_close(&s, f);
}

static void a_loader_may_be_missing(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  vt_snapshot_options_t options = {.flags = 4};
  assert_status(vt_snapshot_new(&options, &s.snapshot), UV_EINVAL);
  assert_status(vt_snapshot_new(NULL, &s.snapshot), UV_EINVAL);
  options.flags = 0;
  assert_status(vt_snapshot_new(&options, NULL), UV_EINVAL);
  assert_status(vt_snapshot_new(&options, &s.snapshot), 0);
  assert_status(vt_status(vt_snapshot_get(s.snapshot)), UV_ENOENT);
  assert_status(vt_status(vt_snapshot_refresh_async(s.snapshot)), UV_ENOENT);
  assert_status(vt_snapshot_put(s.snapshot, &s), 0);
  assert_ptr_equal(vt_snapshot_peek(s.snapshot), &s);
  stock_close(&s, f);
}

static vt_t awaited_by_another(void *arg) {
  vt_t v = vt_yield();
  vt_await(v, seen_k, arg);
  return v;
}

static void what_cannot_be_awaited_is_a_failed_load(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  struct seen seen = {0};
  vt_snapshot_options_t options = {.load = awaited_by_another, .arg = &seen};
  assert_status(vt_snapshot_new(&options, &s.snapshot), 0);
  stock_get(&s);
  assert_went(&s.line, 0, 1, VT_EAWAITED);
  assert_int_equal(stock_stats(&s).failures, 1);
  stock_close(&s, f);
  assert_seen_int(&seen, 0); /* the other one has it */
}

/* ---- it ends ---- */

static void closing_ends_the_load_and_all_that_wait(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  struct seen closed = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  stock_get(&s);
  vt_snapshot_invalidate(s.snapshot);
  stock_get(&s);
  vt_await(vt_snapshot_close_async(s.snapshot), seen_k, &closed);
  assert_int_equal(closed.count, 0);
  assert_int_equal(s.gates[0].cancels, 1);
  assert_true(fixture_run(f));
  assert_int_equal(s.line.waits[0].seen.result.status, UV_ECANCELED);
  assert_int_equal(s.line.waits[1].seen.result.status, UV_ECANCELED);
  assert_seen_int(&closed, 0);
  assert_int_equal(s.loads, 1);
}

static void closing_waits_for_what_cannot_be_cancelled(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  struct seen closed = {0};
  s.gates[0].cancel_rc = UV_EBUSY;
  stock_open(&s, (vt_snapshot_options_t){0});
  stock_get(&s);
  vt_await(vt_snapshot_close_async(s.snapshot), seen_k, &closed);
  assert_int_equal(line_turn(f, &s.line), 1);
  assert_went(&s.line, 0, 1, UV_ECANCELED);
  assert_int_equal(closed.count, 0);
  stock_end(&s, 0, result_int(7));
  assert_true(fixture_run(f));
  assert_seen_int(&closed, 0);
  assert_int_equal(s.drops, 1); /* nobody has got it */
}

static void closing_drains_by_option(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  struct seen closed = {0};
  stock_open(&s, (vt_snapshot_options_t){.flags = VT_SNAPSHOT_DRAIN});
  stock_get(&s);
  vt_snapshot_invalidate(s.snapshot);
  stock_get(&s);
  vt_await(vt_snapshot_close_async(s.snapshot), seen_k, &closed);
  stock_end(&s, 0, result_int(7));
  assert_true(fixture_run(f));
  assert_went(&s.line, 1, 1, UV_ECANCELED);
  assert_went_with(&s.line, 0, 2, 7);
  assert_seen_int(&closed, 0);
  assert_int_equal(s.loads, 1);
  assert_int_equal(s.drops, 1);
}

static void close_it(struct stock *s) {
  vt_forget(vt_snapshot_close_async(s->snapshot));
}

static void its_load_may_close_it(void **state) {
  struct fixture *f = *state;
  for (int pending = 0; pending < 2; pending++) {
    struct stock s = {0};
    stock_open(&s, (vt_snapshot_options_t){0});
    if (!pending)
      stock_has(&s, 7);
    s.inside = close_it;
    stock_get(&s);
    assert_went(&s.line, 0, 1, UV_ECANCELED);
    assert_int_equal(s.gates[0].cancels, pending);
    assert_true(fixture_run(f));
    assert_int_equal(s.drops, !pending);
  }
}

/* Closes it, and looks at what it borrowed. */
static void close_and_read(void *state, vt_result_t r) {
  struct stock *s = state;
  close_it(s);
  s->result = r;
  s->loads += 10 * s->drops;
}

static void a_waiter_may_close_it(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  vt_await(vt_snapshot_get(s.snapshot), close_and_read, &s);
  stock_get(&s);
  stock_end(&s, 0, result_int(7));
  assert_true(fixture_run(f));
  assert_int_equal(s.result.value.i, 7);
  assert_int_equal(s.loads, 1); /* nothing was dropped by then */
  assert_went_with(&s.line, 0, 1, 7);
  assert_int_equal(s.drops, 1);
}

static void what_was_not_taken_outlives_the_close(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  vt_t v = vt_snapshot_get(s.snapshot);
  stock_end(&s, 0, result_int(7));
  stock_close(&s, f);
  assert_int_equal(s.drops, 0);
  assert_int_equal(vt_get_result(v).value.i, 7);
  assert_true(fixture_run(f));
  assert_int_equal(s.drops, 1);
}

static void closing_nothing_is_done(void **state) {
  (void)state;
  assert_status(vt_status(vt_snapshot_close_async(NULL)), 0);
}

/* ---- threads ---- */

static void on_another_thread(void *arg) {
  struct stock *s = arg;
  vt_snapshot_options_t options = {.load = NULL};
  vt_snapshot_t *other;
  s->loads += vt_snapshot_new(&options, &other) == VT_ENOLOOP;
  s->loads += vt_status(vt_snapshot_get(s->snapshot)) == VT_ENOLOOP;
  s->loads += vt_status(vt_snapshot_refresh_async(s->snapshot)) == VT_ENOLOOP;
  s->loads += vt_snapshot_put(s->snapshot, s) == VT_ENOLOOP;
  s->loads += vt_snapshot_invalidate(s->snapshot) == VT_ENOLOOP;
  s->loads += vt_status(vt_snapshot_close_async(s->snapshot)) == VT_ENOLOOP;
  s->loads += vt_snapshot_peek(s->snapshot) == NULL;
}

static void it_is_its_threads_alone(void **state) {
  struct fixture *f = *state;
  struct stock s = {0};
  stock_open(&s, (vt_snapshot_options_t){0});
  fixture_on_thread(on_another_thread, &s, 0);
  assert_int_equal(s.loads, 7);
  s.loads = 0;
  stock_close(&s, f);
  assert_int_equal(s.drops, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_cancelled_caller_leaves_the_others),
      fixture_test(the_load_goes_on_when_the_last_one_leaves),
      fixture_test(the_last_one_that_leaves_cancels_by_option),
      fixture_test(what_cannot_be_cancelled_is_joined),
      fixture_test(one_that_leaves_an_invalidated_load_leaves_the_next),
      fixture_test(a_load_in_the_background_goes_on_without_waiters),
      fixture_test(no_more_wait_than_may),
      fixture_test(a_failure_is_told_to_all_and_not_kept),
      fixture_test(a_failure_after_an_invalidate_is_tried_again),
      fixture_test(a_loader_may_be_missing),
      fixture_test(what_cannot_be_awaited_is_a_failed_load),
      fixture_test(closing_ends_the_load_and_all_that_wait),
      fixture_test(closing_waits_for_what_cannot_be_cancelled),
      fixture_test(closing_drains_by_option),
      fixture_test(its_load_may_close_it),
      fixture_test(a_waiter_may_close_it),
      fixture_test(what_was_not_taken_outlives_the_close),
      fixture_test(closing_nothing_is_done),
      fixture_test(it_is_its_threads_alone),
  };
  return fixture_main("snapshot_end", tests);
}
