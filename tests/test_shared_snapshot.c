/* SPDX-License-Identifier: MIT */
/* Shared snapshots: one load and one value for the fronts of all loops. Fronts
 * of one loop here, those of several in test_shared_snapshot_threads.c. */
#include "support/line.h"
#include "support/stock.h"

/* ---- fixture: two fronts ---- */

struct shop {
  struct stock stock; /* its snapshot is the first front */
  vt_snapshot_t *other;
  vt_shared_snapshot_t *shared;
};

static void open_shop(struct shop *s, vt_snapshot_options_t options) {
  stock_options(&s->stock, &options);
  assert_status(vt_shared_snapshot_new(&options, &s->shared), 0);
  assert_status(vt_shared_snapshot_open(s->shared, &s->stock.snapshot), 0);
  assert_status(vt_shared_snapshot_open(s->shared, &s->other), 0);
}

static void close_shop(struct shop *s, struct fixture *f) {
  struct seen seen = {0};
  vt_await(vt_snapshot_close_async(s->other), seen_k, &seen);
  vt_shared_snapshot_unref(s->shared);
  stock_close(&s->stock, f);
  assert_seen_int(&seen, 0);
}

static void get_other(struct shop *s) {
  line_await(&s->stock.line, vt_snapshot_get(s->other));
}

static void assert_both(struct shop *s, int64_t value) {
  assert_int_equal((intptr_t)vt_snapshot_peek(s->stock.snapshot), value);
  assert_int_equal((intptr_t)vt_snapshot_peek(s->other), value);
}

/* ---- it works ---- */

static void all_fronts_make_one_load(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  stock_get(&s.stock);
  get_other(&s);
  get_other(&s);
  stock_end(&s.stock, 0, result_int(7));
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++)
    assert_int_equal(s.stock.line.waits[i].seen.result.value.i, 7);
  assert_both(&s, 7);
  assert_int_equal(s.stock.loads, 1);
  close_shop(&s, f);
  assert_int_equal(s.stock.drops, 1);
}

static void a_front_that_comes_later_loads_nothing(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  stock_has(&s.stock, 7);
  assert_in_hand(&s.stock, 7);
  vt_t v = vt_snapshot_get(s.other);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.i, 7);
  assert_int_equal(s.stock.loads, 1);
  close_shop(&s, f);
  assert_int_equal(s.stock.drops, 1);
}

static void a_put_is_for_all_at_once(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  assert_status(vt_snapshot_put(s.other, (void *)(intptr_t)7), 0);
  assert_both(&s, 7);
  assert_status(vt_shared_snapshot_put(s.shared, (void *)(intptr_t)8), 0);
  assert_both(&s, 8);
  assert_int_equal(s.stock.drops, 0);
  assert_true(fixture_run(f));
  assert_int_equal(s.stock.drops, 1);
  close_shop(&s, f);
  assert_int_equal(s.stock.drops, 2);
}

static void an_invalidate_is_for_all_at_once(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  assert_status(vt_snapshot_put(s.other, (void *)(intptr_t)7), 0);
  assert_status(vt_snapshot_invalidate(s.stock.snapshot), 0);
  assert_both(&s, 0);
  stock_has(&s.stock, 8);
  assert_in_hand(&s.stock, 8);
  assert_both(&s, 8); /* the other one is told of it */
  close_shop(&s, f);
  assert_int_equal(s.stock.drops, 2);
}

static void a_refresh_is_for_all(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  assert_status(vt_snapshot_put(s.other, (void *)(intptr_t)7), 0);
  line_await(&s.stock.line, vt_snapshot_refresh_async(s.stock.snapshot));
  line_await(&s.stock.line, vt_snapshot_refresh_async(s.other));
  assert_both(&s, 7);
  stock_end(&s.stock, 0, result_int(8));
  assert_true(fixture_run(f));
  assert_int_equal(s.stock.line.gone_on, 2);
  assert_both(&s, 8);
  assert_int_equal(s.stock.loads, 1);
  close_shop(&s, f);
}

/* ---- a load that is spoiled ---- */

static void an_invalidated_load_answers_and_is_not_kept(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  stock_get(&s.stock);
  get_other(&s);
  assert_status(vt_shared_snapshot_invalidate(s.shared), 0);
  stock_get(&s.stock);
  get_other(&s);
  assert_int_equal(s.stock.loads, 1);
  stock_end(&s.stock, 0, result_int(7));
  assert_true(fixture_run_until(f, &s.stock.loads, 2));
  assert_both(&s, 0);
  stock_end(&s.stock, 1, result_int(8));
  assert_true(fixture_run(f));
  for (int i = 0; i < 4; i++)
    assert_int_equal(s.stock.line.waits[i].seen.result.value.i, i < 2 ? 7 : 8);
  assert_both(&s, 8);
  assert_int_equal(s.stock.loads, 2);
  close_shop(&s, f);
  assert_int_equal(s.stock.drops, 2);
}

static void one_that_waits_for_the_next_load_begins_it(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  stock_get(&s.stock);
  vt_shared_snapshot_invalidate(s.shared);
  get_other(&s); /* has nothing to do with the first */
  stock_end(&s.stock, 0, result_failed(UV_EIO));
  assert_true(fixture_run_until(f, &s.stock.loads, 2));
  stock_end(&s.stock, 1, result_int(8));
  assert_true(fixture_run(f));
  assert_went(&s.stock.line, 0, 1, UV_EIO);
  assert_went_with(&s.stock.line, 1, 2, 8);
  assert_both(&s, 8);
  close_shop(&s, f);
}

static void a_put_answers_who_waits_for_the_next_load(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  stock_get(&s.stock);
  vt_shared_snapshot_invalidate(s.shared);
  get_other(&s);
  assert_status(vt_shared_snapshot_put(s.shared, (void *)(intptr_t)9), 0);
  stock_end(&s.stock, 0, result_int(7));
  assert_true(fixture_run(f));
  assert_went_with(&s.stock.line, 0, 1, 7);
  assert_went_with(&s.stock.line, 1, 2, 9);
  assert_both(&s, 9);
  assert_int_equal(s.stock.loads, 1);
  close_shop(&s, f);
  assert_int_equal(s.stock.drops, 2);
}

/* ---- who leaves ---- */

static void a_front_that_leaves_does_not_end_the_load(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){.flags = VT_SNAPSHOT_CANCEL});
  stock_get(&s.stock); /* runs it */
  get_other(&s);
  assert_true(line_stop(&s.stock.line, 0));
  assert_int_equal(s.stock.gates[0].cancels, 0);
  stock_end(&s.stock, 0, result_int(7));
  assert_true(fixture_run(f));
  assert_went_with(&s.stock.line, 1, 1, 7);
  close_shop(&s, f);
}

static void the_last_front_that_leaves_ends_the_load(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){.flags = VT_SNAPSHOT_CANCEL});
  stock_get(&s.stock);
  get_other(&s);
  assert_true(line_stop(&s.stock.line, 1));
  assert_int_equal(s.stock.gates[0].cancels, 0);
  assert_true(line_stop(&s.stock.line, 0));
  assert_int_equal(s.stock.gates[0].cancels, 1);
  get_other(&s); /* does not join what is cancelled */
  assert_true(fixture_run_until(f, &s.stock.loads, 2));
  stock_end(&s.stock, 1, result_int(8));
  assert_true(fixture_run(f));
  assert_went_with(&s.stock.line, 2, 1, 8);
  close_shop(&s, f);
}

static void a_front_may_close_while_another_one_waits(void **state) {
  struct fixture *f = *state;
  for (int first = 0; first < 2; first++) {
    struct shop s = {0};
    struct seen closed = {0};
    open_shop(&s, (vt_snapshot_options_t){0});
    stock_get(&s.stock);
    get_other(&s);
    vt_snapshot_t *closes = first ? s.stock.snapshot : s.other;
    vt_snapshot_t *stays = first ? s.other : s.stock.snapshot;
    vt_await(vt_snapshot_close_async(closes), seen_k, &closed);
    fixture_turn(f);
    stock_end(&s.stock, 0, result_int(7));
    assert_true(fixture_run(f));
    assert_seen_int(&closed, 0);
    assert_went(&s.stock.line, !first, 1, UV_ECANCELED);
    assert_went_with(&s.stock.line, first, 2, 7);
    assert_int_equal((intptr_t)vt_snapshot_peek(stays), 7);
    s.stock.snapshot = stays;
    s.other = NULL;
    close_shop(&s, f);
    assert_int_equal(s.stock.drops, 1);
  }
}

static void one_that_is_about_to_begin_may_leave(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){.flags = VT_SNAPSHOT_CANCEL});
  stock_get(&s.stock);
  vt_shared_snapshot_invalidate(s.shared);
  get_other(&s);
  stock_end(&s.stock, 0, result_int(7)); /* queues the other one */
  assert_true(line_stop(&s.stock.line, 1));
  assert_true(fixture_run(f));
  assert_int_equal(s.stock.loads, 1);
  close_shop(&s, f);
  assert_int_equal(s.stock.drops, 1);
}

/* ---- it fails ---- */

static void a_failure_is_told_to_all_and_not_kept(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){0});
  stock_get(&s.stock);
  get_other(&s);
  stock_end(&s.stock, 0, result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_int_equal(s.stock.line.waits[0].seen.result.status, UV_EIO);
  assert_int_equal(s.stock.line.waits[1].seen.result.status, UV_EIO);
  stock_has(&s.stock, 7);
  assert_in_hand(&s.stock, 7);
  assert_int_equal(s.stock.loads, 2);
  close_shop(&s, f);
}

static void a_failure_is_kept_for_all_by_option(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){.fail_ms = 1000000});
  s.stock.at_once = true;
  s.stock.result = result_failed(UV_EIO);
  stock_get(&s.stock);
  get_other(&s);
  assert_went(&s.stock.line, 0, 1, UV_EIO);
  assert_went(&s.stock.line, 1, 2, UV_EIO);
  assert_int_equal(s.stock.loads, 1);
  vt_shared_snapshot_invalidate(s.shared);
  stock_has(&s.stock, 7);
  get_other(&s);
  assert_went_with(&s.stock.line, 2, 3, 7);
  close_shop(&s, f);
}

static void an_old_value_is_loaded_again_once(void **state) {
  struct fixture *f = *state;
  struct shop s = {0};
  open_shop(&s, (vt_snapshot_options_t){.ttl_ms = 1, .stale_ms = 1000000});
  assert_status(vt_snapshot_put(s.other, (void *)(intptr_t)7), 0);
  f->uv.time += 1000; /* until the next turn */
  stock_get(&s.stock);
  get_other(&s);
  assert_went_with(&s.stock.line, 0, 1, 7);
  assert_went_with(&s.stock.line, 1, 2, 7);
  assert_int_equal(s.stock.loads, 1);
  stock_end(&s.stock, 0, result_int(8));
  assert_true(fixture_run(f));
  assert_both(&s, 8);
  close_shop(&s, f);
  assert_int_equal(s.stock.drops, 2);
}

static void wrong_arguments_are_refused(void **state) {
  struct fixture *f = *state;
  vt_snapshot_options_t options = {.flags = 4};
  vt_shared_snapshot_t *shared = NULL;
  vt_snapshot_t *front = NULL;
  assert_status(vt_shared_snapshot_new(&options, &shared), UV_EINVAL);
  assert_status(vt_shared_snapshot_new(NULL, &shared), UV_EINVAL);
  assert_status(vt_shared_snapshot_open(NULL, &front), UV_EINVAL);
  assert_status(vt_shared_snapshot_put(NULL, NULL), UV_EINVAL);
  assert_status(vt_shared_snapshot_invalidate(NULL), UV_EINVAL);
  assert_null(vt_shared_snapshot_ref(NULL));
  vt_shared_snapshot_unref(NULL);
  options.flags = 0;
  assert_status(vt_shared_snapshot_new(&options, &shared), 0);
  assert_status(vt_shared_snapshot_open(shared, NULL), UV_EINVAL);
  assert_status(vt_shared_snapshot_open(shared, &front), 0);
  assert_status(vt_status(vt_snapshot_get(front)), UV_ENOENT);
  assert_status(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  assert_status(vt_status(vt_snapshot_close_async(front)), 0);
  vt_shared_snapshot_unref(shared);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(all_fronts_make_one_load),
      fixture_test(a_front_that_comes_later_loads_nothing),
      fixture_test(a_put_is_for_all_at_once),
      fixture_test(an_invalidate_is_for_all_at_once),
      fixture_test(a_refresh_is_for_all),
      fixture_test(an_invalidated_load_answers_and_is_not_kept),
      fixture_test(one_that_waits_for_the_next_load_begins_it),
      fixture_test(a_put_answers_who_waits_for_the_next_load),
      fixture_test(a_front_that_leaves_does_not_end_the_load),
      fixture_test(the_last_front_that_leaves_ends_the_load),
      fixture_test(a_front_may_close_while_another_one_waits),
      fixture_test(one_that_is_about_to_begin_may_leave),
      fixture_test(a_failure_is_told_to_all_and_not_kept),
      fixture_test(a_failure_is_kept_for_all_by_option),
      fixture_test(an_old_value_is_loaded_again_once),
      fixture_test(wrong_arguments_are_refused),
  };
  return fixture_main("shared_snapshot", tests);
}
