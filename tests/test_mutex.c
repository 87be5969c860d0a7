/* SPDX-License-Identifier: MIT */
/* Mutexes: one holder, in turn, across awaits. */
#include "support/fixture.h"
#include "support/line.h"

/* ---- helpers ---- */

struct section {
  vt_mutex_t m;
  int inside;
  int most_inside;
  int order[8];
  int count;
};

struct visit_frame {
  vt_frame_t vt;
  struct section *s;
  int who;
};

static void enter(struct section *s) {
  if (++s->inside > s->most_inside)
    s->most_inside = s->inside;
}

static vt_t visit_body(void *frame) {
  struct visit_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_mutex_lock_async(&f->s->m));
  enter(f->s);
  VT_TRY(f, vt_yield());
  f->s->order[f->s->count++] = f->who;
  f->s->inside--;
  VT_RETURN(f, vt_from_int(vt_mutex_unlock(&f->s->m)));
  VT_END(f);
}

static vt_t visit(struct section *s, int who) {
  struct visit_frame f = {.s = s, .who = who};
  return vt_start(&f, visit_body);
}

/* Opened and locked, with one who waits. */
static void open_locked(vt_mutex_t *m, struct line *line) {
  assert_status(vt_mutex_init(m), 0);
  assert_true(vt_mutex_try_lock(m));
  line_await(line, vt_mutex_lock_async(m));
}

/* ---- it works ---- */

static void a_free_lock_is_in_hand(void **state) {
  vt_mutex_t m;
  (void)state;
  assert_status(vt_mutex_init(&m), 0);
  assert_false(vt_mutex_is_locked(&m));
  assert_true(vt_in_hand(vt_mutex_lock_async(&m)));
  assert_true(vt_mutex_is_locked(&m));
  assert_false(vt_mutex_try_lock(&m));
  assert_status(vt_mutex_unlock(&m), 0);
  assert_true(vt_mutex_try_lock(&m));
  assert_status(vt_mutex_unlock(&m), 0);
  assert_status(vt_mutex_close(&m, 0), 0);
}

static void one_holder_at_a_time_in_their_order(void **state) {
  struct fixture *f = *state;
  struct section s = {.count = 0};
  struct seen seen[8] = {{0}};
  assert_status(vt_mutex_init(&s.m), 0);
  for (int i = 0; i < 8; i++)
    vt_await(visit(&s, i), seen_k, &seen[i]);
  assert_true(fixture_run(f));
  assert_int_equal(s.most_inside, 1);
  for (int i = 0; i < 8; i++) {
    assert_seen_int(&seen[i], 0);
    assert_int_equal(s.order[i], i);
  }
  assert_false(vt_mutex_is_locked(&s.m));
  assert_status(vt_mutex_close(&s.m, 0), 0);
}

static void unlock_hands_over_and_runs_nothing(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_mutex_t m;
  open_locked(&m, &line);
  assert_status(vt_mutex_unlock(&m), 0);
  assert_int_equal(line.gone_on, 0);
  assert_false(vt_mutex_try_lock(&m)); /* no overtaking */
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, 0);
  assert_status(vt_mutex_unlock(&m), 0);
  assert_status(vt_mutex_close(&m, 0), 0);
}

static void a_cancelled_function_leaves_the_line(void **state) {
  struct fixture *f = *state;
  struct section s = {.count = 0};
  struct seen seen[3] = {{0}};
  vt_mutex_init(&s.m);
  vt_await(visit(&s, 0), seen_k, &seen[0]);
  vt_t second = visit(&s, 1);
  vt_await(second, seen_k, &seen[1]);
  vt_await(visit(&s, 2), seen_k, &seen[2]);
  assert_status(vt_cancel(second), 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen[0], 0);
  assert_seen_status(&seen[1], UV_ECANCELED);
  assert_seen_int(&seen[2], 0);
  assert_int_equal(s.count, 2);
  assert_status(vt_mutex_close(&s.m, 0), 0);
}

/* ---- it fails ---- */

static void what_is_not_locked_cannot_be_unlocked(void **state) {
  vt_mutex_t m;
  (void)state;
  assert_status(vt_mutex_init(NULL), UV_EINVAL);
  vt_mutex_init(&m);
  assert_status(vt_mutex_unlock(&m), UV_EPERM);
  assert_false(vt_mutex_is_locked(&m));
  assert_status(vt_mutex_close(&m, 0), 0);
}

static void close_ends_those_who_wait_and_lets_the_holder_unlock(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_mutex_t m;
  open_locked(&m, &line);
  assert_status(vt_mutex_close(&m, UV_EPIPE), 0);
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, UV_EPIPE);
  assert_status(vt_mutex_unlock(&m), 0);
  assert_status(vt_status(vt_mutex_lock_async(&m)), UV_EPIPE);
  assert_false(vt_mutex_try_lock(&m));
}

static void a_wait_is_named_in_reports(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_mutex_t m;
  open_locked(&m, &line);
  assert_status(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *report = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(report);
  assert_string_equal(report->what, "mutex");
  assert_status(vt_mutex_close(&m, 0), 0);
  assert_int_equal(line_turn(f, &line), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_free_lock_is_in_hand),
      fixture_test(one_holder_at_a_time_in_their_order),
      fixture_test(unlock_hands_over_and_runs_nothing),
      fixture_test(a_cancelled_function_leaves_the_line),
      fixture_test(what_is_not_locked_cannot_be_unlocked),
      fixture_test(close_ends_those_who_wait_and_lets_the_holder_unlock),
      fixture_test(a_wait_is_named_in_reports),
  };
  return fixture_main("mutex", tests);
}
