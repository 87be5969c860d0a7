/* SPDX-License-Identifier: MIT */
/* vt_scope_start: functions in a scope, so many at once, and what a failure
 * does. Built three times: plain, with VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/gate.h"

/* ---- helpers ---- */

enum { MOST = 6 };

static vt_scope_t *scope_new(vt_scope_options_t options) {
  vt_scope_t *scope = NULL;
  assert_status(vt_scope_new(&options, &scope), 0);
  return scope;
}

/* What the jobs of a scope did. */
struct site {
  struct gate gates[MOST];
  int begun, ended;
  int order[MOST]; /* in which they began */
  int running, most;
};

struct job_frame {
  vt_frame_t vt;
  struct site *site;
  int who;
  vt_result_t hit; /* where it does not wait */
  bool waits;
  vt_result_t r;
};

static vt_t job_body(void *frame) {
  struct job_frame *f = frame;
  VT_BEGIN(f);
  f->site->order[f->site->begun++] = f->who;
  if (++f->site->running > f->site->most)
    f->site->most = f->site->running;
  f->r = f->hit;
  if (f->waits)
    VT_AWAIT(f, f->r, gate_begin(&f->site->gates[f->who]));
  f->site->running--;
  f->site->ended++;
  VT_RETURN(f, vt_from_result(f->r));
  VT_END(f);
}

static int start_job(vt_scope_t *scope, struct site *site, int who) {
  struct job_frame frame = {.site = site, .who = who, .waits = true};
  return vt_scope_start(scope, &frame, sizeof frame, job_body);
}

static void start_jobs(vt_scope_t *scope, struct site *site, int count) {
  for (int i = 0; i < count; i++)
    assert_status(start_job(scope, site, i), 0);
}

static int start_hit(vt_scope_t *scope, struct site *site, vt_result_t hit) {
  struct job_frame frame = {.site = site, .hit = hit};
  return vt_scope_start(scope, &frame, sizeof frame, job_body);
}

/* ---- it works ---- */

static void all_run_and_are_joined(void **state) {
  struct fixture *f = *state;
  struct site site = {0};
  struct seen joined = {0};
  vt_scope_t *scope = scope_new((vt_scope_options_t){0});
  start_jobs(scope, &site, MOST);
  assert_null(vt_scope_current());
  assert_int_equal(site.begun, MOST);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  for (int i = MOST; i-- > 0;) {
    assert_int_equal(joined.count, 0);
    gate_open(&site.gates[i], result_int(i));
  }
  assert_true(fixture_run(f));
  assert_int_equal(site.ended, MOST);
  assert_seen_int(&joined, 0);
}

static void what_does_not_wait_is_over_at_once(void **state) {
  struct site site = {0};
  (void)state;
  vt_scope_t *scope = scope_new((vt_scope_options_t){.limit = 1});
  assert_status(start_hit(scope, &site, result_int(1)), 0);
  assert_status(start_hit(scope, &site, result_failed(UV_EIO)), 0);
  assert_status(start_hit(scope, &site, result_failed(UV_EPIPE)), 0);
  assert_int_equal(site.ended, 3);
  vt_t v = vt_scope_join(scope);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_EIO); /* the first one */
}

static void so_many_at_once_and_in_order(void **state) {
  struct fixture *f = *state;
  for (size_t limit = 1; limit < MOST; limit++) {
    struct site site = {0};
    struct seen joined = {0};
    vt_scope_t *scope = scope_new((vt_scope_options_t){.limit = limit});
    start_jobs(scope, &site, MOST);
    vt_await(vt_scope_join(scope), seen_k, &joined);
    assert_int_equal(site.begun, limit);
    for (int i = 0; i < MOST; i++) {
      assert_non_null(site.gates[i].op);
      gate_open(&site.gates[i], result_int(0));
      fixture_turn(f);
    }
    assert_true(fixture_run(f));
    assert_int_equal(site.most, limit);
    assert_int_equal(site.ended, MOST);
    for (int i = 0; i < MOST; i++)
      assert_int_equal(site.order[i], i);
    assert_seen_int(&joined, 0);
  }
}

static void collecting_the_others_go_on(void **state) {
  struct fixture *f = *state;
  struct site site = {0};
  struct seen joined = {0};
  vt_scope_t *scope = scope_new((vt_scope_options_t){.limit = 2});
  start_jobs(scope, &site, 4);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  gate_open(&site.gates[1], result_failed(UV_EIO));
  fixture_turn(f);
  gate_open(&site.gates[0], result_failed(UV_EPIPE));
  fixture_turn(f);
  assert_status(vt_scope_status(scope), 0);
  gate_open(&site.gates[2], result_int(0));
  gate_open(&site.gates[3], result_int(0));
  assert_true(fixture_run(f));
  assert_int_equal(site.ended, 4);
  assert_seen_status(&joined, UV_EIO);
}

static void fail_fast_the_first_failure_ends_the_rest(void **state) {
  struct fixture *f = *state;
  struct site site = {0};
  struct seen joined = {0};
  vt_scope_t *scope =
      scope_new((vt_scope_options_t){.flags = VT_SCOPE_FAIL_FAST, .limit = 3});
  start_jobs(scope, &site, MOST);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  gate_open(&site.gates[1], result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_int_equal(site.begun, 3); /* those that waited never begin */
  assert_int_equal(site.ended, 3);
  assert_int_equal(site.gates[0].cancels, 1);
  assert_int_equal(site.gates[2].cancels, 1);
  assert_seen_status(&joined, UV_EIO);
}

static void fail_fast_at_the_start_too(void **state) {
  struct fixture *f = *state;
  struct site site = {0};
  struct seen joined = {0};
  vt_scope_t *scope =
      scope_new((vt_scope_options_t){.flags = VT_SCOPE_FAIL_FAST});
  start_jobs(scope, &site, 2);
  assert_status(start_hit(scope, &site, result_failed(UV_EPIPE)), 0);
  assert_status(vt_scope_status(scope), UV_EPIPE);
  assert_status(start_job(scope, &site, 3), UV_ECANCELED);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_true(fixture_run(f));
  assert_int_equal(site.ended, 3);
  assert_seen_status(&joined, UV_EPIPE);
}

static void a_cancel_drops_those_that_wait(void **state) {
  struct fixture *f = *state;
  struct site site = {0};
  struct seen joined = {0};
  vt_scope_t *scope = scope_new((vt_scope_options_t){.limit = 2});
  start_jobs(scope, &site, MOST);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  assert_true(fixture_run(f));
  assert_int_equal(site.begun, 2);
  assert_int_equal(site.ended, 2);
  assert_seen_status(&joined, UV_ECANCELED);
}

static void again_and_again_allocates_nothing(void **state) {
  struct fixture *f = *state;
  uint64_t before = 0;
  for (int i = 0; i < 100; i++) {
    struct site site = {0};
    struct seen joined = {0};
    if (i == 2)
      before = fixture_allocations();
    vt_scope_t *scope = scope_new((vt_scope_options_t){.limit = 1});
    start_jobs(scope, &site, 3);
    vt_await(vt_scope_join(scope), seen_k, &joined);
    for (int at = 0; at < 3; at++) {
      gate_open(&site.gates[at], result_int(0));
      fixture_turn(f);
    }
    assert_true(fixture_run(f));
    assert_seen_int(&joined, 0);
  }
  assert_int_equal(fixture_allocations(), before); /* boxed: never moved */
}

/* ---- it fails ---- */

static void what_cannot_be_started_is_told(void **state) {
  struct job_frame frame = {0};
  (void)state;
  vt_scope_t *scope = scope_new((vt_scope_options_t){0});
  assert_status(vt_scope_start(NULL, &frame, sizeof frame, job_body),
                UV_EINVAL);
  assert_status(vt_scope_start(scope, NULL, sizeof frame, job_body), UV_EINVAL);
  assert_status(vt_scope_start(scope, &frame, 1, job_body), UV_EINVAL);
  assert_status(vt_scope_start(scope, &frame, sizeof frame, NULL), UV_EINVAL);
  assert_status(vt_scope_start(scope, &frame, SIZE_MAX / 4, job_body),
                UV_ENOMEM);
  assert_true(vt_in_hand(vt_scope_join(scope)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(all_run_and_are_joined),
      fixture_test(what_does_not_wait_is_over_at_once),
      fixture_test(so_many_at_once_and_in_order),
      fixture_test(collecting_the_others_go_on),
      fixture_test(fail_fast_the_first_failure_ends_the_rest),
      fixture_test(fail_fast_at_the_start_too),
      fixture_test(a_cancel_drops_those_that_wait),
      fixture_test(again_and_again_allocates_nothing),
      fixture_test(what_cannot_be_started_is_told),
  };
  return fixture_main("scope_start", tests);
}
