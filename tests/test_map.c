/* SPDX-License-Identifier: MIT */
/* vt_map_limit: how many at once, in which order, and how it ends. */
#include "support/fixture.h"
#include "support/gate.h"

#include <string.h>

/* ---- helpers ---- */

enum { MOST = 8 };

/* Numbers that are gates; those below hits are in hand. */
struct field {
  struct gate gates[MOST];
  size_t begun;
  bool out_of_order;
  size_t hits;
  vt_result_t out[MOST];
  struct seen seen;
};

static vt_t begin(void *arg, size_t index) {
  struct field *f = arg;
  f->out_of_order |= index != f->begun++;
  return index < f->hits ? vt_from_uint(index) : gate_begin(&f->gates[index]);
}

static vt_t start(struct field *f, size_t count, size_t limit, unsigned flags) {
  vt_map_t what = {.fn = begin, .arg = f, .limit = limit, .flags = flags};
  return vt_map_limit(&what, count, f->out);
}

static void open_int(struct field *f, int i) {
  gate_open(&f->gates[i], result_int(10 + i));
}

/* ---- it works ---- */

static void hits_are_in_hand(void **state) {
  struct field f = {.hits = MOST};
  (void)state;
  vt_t v = start(&f, MOST, 2, 0);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, MOST);
  for (int i = 0; i < MOST; i++)
    assert_int_equal(f.out[i].value.i, i);
  assert_int_equal(vt_get_result(start(&f, 0, 2, 0)).value.u, 0);
}

static void no_more_than_the_limit_are_under_way(void **state) {
  struct field f = {.hits = 0};
  (void)state;
  vt_await(start(&f, 5, 2, 0), seen_k, &f.seen);
  assert_int_equal(f.begun, 2);
  open_int(&f, 1);
  assert_int_equal(f.begun, 3);
  open_int(&f, 2);
  open_int(&f, 0);
  assert_int_equal(f.begun, 5);
  open_int(&f, 3);
  assert_int_equal(f.seen.count, 0);
  open_int(&f, 4);
  assert_seen_int(&f.seen, 5);
  for (int i = 0; i < 5; i++)
    assert_int_equal(f.out[i].value.i, 10 + i);
  assert_false(f.out_of_order);
}

static void without_a_limit_all_begin_at_once(void **state) {
  struct field f = {.hits = 0};
  (void)state;
  vt_await(start(&f, 5, 0, 0), seen_k, &f.seen);
  assert_int_equal(f.begun, 5);
  for (int i = 5; i-- > 0;)
    open_int(&f, i);
  assert_seen_int(&f.seen, 5);
}

static void hits_between_waits_go_on_at_once(void **state) {
  struct field f = {.hits = 3};
  (void)state;
  vt_await(start(&f, 5, 1, 0), seen_k, &f.seen);
  assert_int_equal(f.begun, 4);
  open_int(&f, 3);
  open_int(&f, 4);
  assert_seen_int(&f.seen, 5);
}

static vt_t hit(void *arg, size_t index) {
  ++*(size_t *)arg;
  return vt_from_uint(index);
}

static void many_hits_let_io_in(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  size_t begun = 0;
  vt_map_t what = {.fn = hit, .arg = &begun, .limit = 1};
  vt_await(vt_map_limit(&what, 10000, NULL), seen_k, &seen);
  assert_int_equal(begun, 1024);
  fixture_turn(f);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 10000);
}

static vt_t yield(void *arg, size_t index) {
  (void)arg;
  (void)index;
  return vt_yield();
}

static void again_and_again_allocates_nothing(void **state) {
  struct fixture *f = *state;
  vt_map_t what = {.fn = yield, .limit = 4};
  uint64_t before = 0;
  for (int i = 0; i < 50; i++) {
    struct seen seen = {0};
    if (i == 2)
      before = fixture_allocations();
    vt_await(vt_map_limit(&what, 100, NULL), seen_k, &seen);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 100);
  }
  assert_int_equal(fixture_allocations(), before);
}

static void very_many_may_be_under_way_at_once(void **state) {
  enum { COUNT = 100000 };
  vt_map_t what = {.fn = yield};
  struct seen seen = {0};
  vt_await(vt_map_limit(&what, COUNT, NULL), seen_k, &seen);
  assert_true(fixture_run(*state));
  assert_seen_int(&seen, COUNT);
}

/* ---- it fails ---- */

static void a_failure_lets_the_others_go_on(void **state) {
  struct field f = {.hits = 0};
  (void)state;
  vt_await(start(&f, 4, 2, 0), seen_k, &f.seen);
  gate_open(&f.gates[1], result_failed(UV_EIO));
  gate_open(&f.gates[0], result_failed(UV_EACCES));
  open_int(&f, 2);
  open_int(&f, 3);
  assert_seen_status(&f.seen, UV_EACCES);
  assert_status(f.out[1].status, UV_EIO);
  assert_int_equal(f.out[3].value.i, 13);
}

static void fail_fast_begins_no_more(void **state) {
  struct field f = {.hits = 0};
  (void)state;
  vt_await(start(&f, 5, 2, VT_FAIL_FAST), seen_k, &f.seen);
  gate_open(&f.gates[1], result_failed(UV_EIO));
  assert_seen_status(&f.seen, UV_EIO);
  assert_int_equal(f.begun, 2);
  assert_int_equal(f.gates[0].cancels, 1);
  assert_status(f.out[0].status, UV_ECANCELED);
  assert_status(f.out[4].status, UV_ECANCELED);
}

static void cancelled_it_ends_what_is_under_way(void **state) {
  struct fixture *fixture = *state;
  struct field f = {.hits = 0};
  vt_t v = start(&f, 5, 2, 0);
  vt_await(v, seen_k, &f.seen);
  f.gates[0].cancel_rc = UV_EBUSY;
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run_until(fixture, &f.gates[1].cancels, 1));
  assert_int_equal(f.seen.count, 0);
  open_int(&f, 0);
  fixture_turn(fixture);
  assert_seen_status(&f.seen, UV_ECANCELED);
  assert_int_equal(f.begun, 2);
  assert_int_equal(f.out[0].value.i, 10);
}

static void bad_arguments_are_refused(void **state) {
  vt_map_t none = {.limit = 1};
  vt_map_t some = {.fn = yield};
  (void)state;
  assert_status(vt_status(vt_map_limit(NULL, 1, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_map_limit(&none, 1, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_map_limit(&some, SIZE_MAX, NULL)), UV_ENOMEM);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(hits_are_in_hand),
      fixture_test(no_more_than_the_limit_are_under_way),
      fixture_test(without_a_limit_all_begin_at_once),
      fixture_test(hits_between_waits_go_on_at_once),
      fixture_test(many_hits_let_io_in),
      fixture_test(again_and_again_allocates_nothing),
      fixture_test(a_failure_lets_the_others_go_on),
      fixture_test(fail_fast_begins_no_more),
      fixture_test(cancelled_it_ends_what_is_under_way),
      fixture_test(very_many_may_be_under_way_at_once),
      fixture_test(bad_arguments_are_refused),
  };
  return fixture_main("map", tests);
}
