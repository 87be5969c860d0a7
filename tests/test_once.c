/* SPDX-License-Identifier: MIT */
/* Onces: done by the first, for all; a failure may be tried again. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/line.h"

/* ---- helpers ---- */

/* What is done once: a gate, opened by hand, or a result that is there. */
struct job {
  vt_once_t once;
  struct gate gate;
  vt_t in_hand; /* with at_once */
  bool at_once;
  bool again;  /* fn asks for it itself */
  bool closes; /* fn closes it */
  int calls;
  struct line *line;
};

static vt_t job_fn(void *arg);

static void ask(struct job *job) {
  line_await(job->line, vt_once_run_async(&job->once, job_fn, job));
}

static vt_t job_fn(void *arg) {
  struct job *job = arg;
  job->calls++;
  if (job->again)
    ask(job);
  if (job->closes)
    vt_once_close(&job->once, UV_EPIPE);
  return job->at_once ? job->in_hand : gate_begin(&job->gate);
}

static void open_job(struct job *job, struct line *line) {
  assert_status(vt_once_init(&job->once), 0);
  job->line = line;
}

static void close_job(struct job *job) {
  assert_status(vt_once_close(&job->once, 0), 0);
}

/* ---- it works ---- */

static void all_get_the_result_of_the_first(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct job job = {.calls = 0};
  open_job(&job, &line);
  for (int i = 0; i < 4; i++)
    ask(&job);
  assert_int_equal(job.calls, 1);
  assert_false(vt_once_is_done(&job.once));
  gate_open(&job.gate, result_int(7));
  assert_int_equal(line.gone_on, 0); /* nobody inside */
  assert_true(vt_once_is_done(&job.once));
  vt_t v = vt_once_run_async(&job.once, job_fn, &job);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.i, 7);
  assert_int_equal(line_turn(f, &line), 4);
  for (int i = 0; i < 4; i++)
    assert_went_with(&line, i, i + 1, 7);
  assert_int_equal(job.calls, 1);
  close_job(&job);
}

static void what_is_there_is_in_hand(void **state) {
  struct fixture *f = *state;
  uint64_t before = 0;
  for (int round = 0; round < 2; round++) {
    struct line line = {0};
    struct job job = {
        .at_once = true, .again = true, .in_hand = vt_from_int(7)};
    before = fixture_allocations();
    open_job(&job, &line);
    assert_int_equal(
        vt_get_result(vt_once_run_async(&job.once, job_fn, &job)).value.i, 7);
    assert_int_equal(line_turn(f, &line), 1); /* who asked inside */
    assert_went_with(&line, 0, 1, 7);
    assert_int_equal(job.calls, 1);
    close_job(&job);
  }
  assert_int_equal(fixture_allocations(), before);
}

static void a_source_that_is_complete_is_taken(void **state) {
  struct line line = {0};
  struct job job = {.at_once = true};
  (void)state;
  open_job(&job, &line);
  job.in_hand = gate_begin(&job.gate);
  gate_open(&job.gate, result_int(7));
  ask(&job);
  assert_went_with(&line, 0, 1, 7);
  close_job(&job);
}

static void a_failure_is_told_to_all_and_tried_again(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct job job = {.calls = 0};
  open_job(&job, &line);
  ask(&job);
  ask(&job);
  gate_open(&job.gate, result_failed(UV_EIO));
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, UV_EIO);
  assert_went(&line, 1, 2, UV_EIO);
  job.at_once = true;
  job.in_hand = vt_failed(UV_ENOENT);
  ask(&job);
  assert_went(&line, 2, 3, UV_ENOENT);
  job.in_hand = vt_from_int(7);
  ask(&job);
  assert_went_with(&line, 3, 4, 7);
  assert_int_equal(job.calls, 3);
  close_job(&job);
}

/* ---- who does not wait any longer ---- */

static void nobody_who_leaves_ends_it_for_the_others(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct job job = {.calls = 0};
  open_job(&job, &line);
  for (int i = 0; i < 3; i++)
    ask(&job);
  assert_status(vt_cancel(line.waits[0].v), 0);
  assert_true(line_stop(&line, 1));
  assert_int_equal(job.gate.cancels, 0);
  gate_open(&job.gate, result_int(7));
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, UV_ECANCELED);
  assert_went_with(&line, 2, 2, 7);
  close_job(&job);
}

/* ---- it ends, it fails ---- */

static void close_ends_all_that_wait(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct job job = {.calls = 0};
  open_job(&job, &line);
  ask(&job);
  ask(&job);
  assert_status(vt_once_close(&job.once, UV_EPIPE), 0);
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, UV_EPIPE);
  assert_went(&line, 1, 2, UV_EPIPE);
  gate_open(&job.gate, result_int(7));
  assert_int_equal(job.gate.discards, 1);
  ask(&job);
  assert_went(&line, 2, 3, UV_EPIPE);
  assert_int_equal(job.calls, 1);
  close_job(&job);
}

static void closed_when_done_it_is_no_more(void **state) {
  struct line line = {0};
  struct job job = {.at_once = true, .in_hand = vt_from_int(7)};
  (void)state;
  open_job(&job, &line);
  ask(&job);
  close_job(&job);
  assert_false(vt_once_is_done(&job.once));
  ask(&job);
  assert_went(&line, 1, 2, UV_ECANCELED);
}

static void its_function_may_close_it(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct job job = {.closes = true, .again = true};
  open_job(&job, &line);
  ask(&job);
  gate_open(&job.gate, result_int(7));
  assert_int_equal(job.gate.discards, 1);
  assert_int_equal(line_turn(f, &line), 2);
  assert_int_equal(line.waits[0].seen.result.status, UV_EPIPE);
  assert_int_equal(line.waits[1].seen.result.status, UV_EPIPE);
}

static void what_cannot_be_awaited_is_its_failure(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  struct seen seen = {0};
  struct job job = {.at_once = true};
  assert_status(vt_once_init(NULL), UV_EINVAL);
  open_job(&job, &line);
  assert_status(vt_status(vt_once_run_async(&job.once, NULL, NULL)), UV_EINVAL);
  job.in_hand = vt_yield();
  vt_await(job.in_hand, seen_k, &seen);
  ask(&job);
  assert_went(&line, 0, 1, VT_EAWAITED);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0); /* the other one has it */
  close_job(&job);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(all_get_the_result_of_the_first),
      fixture_test(what_is_there_is_in_hand),
      fixture_test(a_source_that_is_complete_is_taken),
      fixture_test(a_failure_is_told_to_all_and_tried_again),
      fixture_test(nobody_who_leaves_ends_it_for_the_others),
      fixture_test(close_ends_all_that_wait),
      fixture_test(closed_when_done_it_is_no_more),
      fixture_test(its_function_may_close_it),
      fixture_test(what_cannot_be_awaited_is_its_failure),
  };
  return fixture_main("once", tests);
}
