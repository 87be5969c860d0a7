/* SPDX-License-Identifier: MIT */
/* One-shot operations: taken once, by whatever takes them; success and failure
 * alike. Each is opened by hand, so that each state can be looked at. */
#include "support/fixture.h"
#include "support/gate.h"

#include <string.h>

/* ---- helpers ---- */

/* The ways in which a value task can be taken. */
static int64_t take_by_get_result(struct fixture *f, vt_t v) {
  (void)f;
  return vt_get_result(v).status;
}

static int64_t take_by_await(struct fixture *f, vt_t v) {
  struct seen seen = {0};
  vt_await(v, seen_k, &seen);
  fixture_run_until(f, &seen.count, 1);
  return seen.result.status;
}

static int64_t take_by_later(struct fixture *f, vt_t v) {
  struct seen seen = {0};
  vt_await_with(v, VT_LATER, seen_k, &seen);
  fixture_run_until(f, &seen.count, 1);
  return seen.result.status;
}

static int64_t take_by_as_task(struct fixture *f, vt_t v) {
  vt_task_t *task = vt_as_task(v);
  int64_t status = vt_loop_run(f->vt, vt_from_task(task)).status;
  vt_task_unref(task);
  return status;
}

static int64_t take_by_preserve(struct fixture *f, vt_t v) {
  vt_task_t *task;
  vt_t kept = vt_preserve(v, &task);
  int64_t status = vt_loop_run(f->vt, kept).status;
  vt_task_unref(task);
  return status;
}

static int64_t take_by_loop_run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v).status;
}

struct await_frame {
  vt_frame_t vt;
  vt_t v;
  vt_result_t r;
};

static vt_t await_body(void *frame) {
  struct await_frame *f = frame;
  VT_BEGIN(f);
  VT_AWAIT(f, f->r, f->v);
  VT_RETURN(f, vt_from_int(f->r.status));
  VT_END(f);
}

static int64_t take_by_async(struct fixture *f, vt_t v) {
  struct await_frame frame = {.v = v};
  return vt_loop_run(f->vt, vt_start(&frame, await_body)).value.i;
}

static const struct way {
  const char *name;
  int64_t (*take)(struct fixture *f, vt_t v);
} ways[] = {
    {"vt_get_result", take_by_get_result}, {"vt_await", take_by_await},
    {"VT_LATER", take_by_later},           {"vt_as_task", take_by_as_task},
    {"vt_preserve", take_by_preserve},     {"vt_loop_run", take_by_loop_run},
    {"VT_AWAIT", take_by_async},
};

#define WAYS (sizeof ways / sizeof *ways)

static void check_stale(struct fixture *f, vt_t v, const char *after) {
  if (vt_status(v) != VT_ESTALE)
    fail_msg("after %s the status is not VT_ESTALE", after);
  for (size_t i = 0; i < WAYS; i++)
    if (ways[i].take(f, v) != VT_ESTALE)
      fail_msg("after %s, %s is not VT_ESTALE", after, ways[i].name);
}

static vt_loop_stats_t stats_of(struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats;
}

/* ---- it works ---- */

static void each_way_takes_it_once(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < WAYS; i++) {
    for (int fails = 0; fails < 2; fails++) {
      struct gate gate = {0};
      vt_t v = gate_begin(&gate);
      int64_t status = fails ? UV_EIO : 0;
      gate_open(&gate, result_failed(status));
      assert_status(vt_status(v), status);
      if (ways[i].take(f, v) != status)
        fail_msg("%s gives another status", ways[i].name);
      check_stale(f, v, ways[i].name);
    }
  }
  assert_int_equal(fixture_pending(f), 0);
}

static void stop_needs_the_continuation_and_its_state(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0}, other = {0};
  vt_t v = gate_begin(&gate);
  assert_false(vt_await_stop(v, seen_k, &seen));
  vt_await(v, seen_k, &seen);
  assert_false(vt_await_stop(v, seen_k, &other));
  gate_open(&gate, result_int(1));
  assert_false(vt_await_stop(v, seen_k, &seen)); /* it has run */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 1);
}

static void stale_takings_do_not_hit_the_next_owner(void **state) {
  struct fixture *f = *state;
  struct gate old = {0}, now = {0};
  struct seen seen = {0};
  vt_t stale = gate_begin(&old), v;
  gate_open(&old, result_int(1));
  vt_get_result(stale);
  v = gate_begin(&now); /* takes the same memory, likely */
  vt_await(v, seen_k, &seen);
  vt_forget(stale);
  assert_status(vt_cancel(stale), VT_ESTALE);
  assert_false(vt_await_stop(stale, seen_k, &seen));
  check_stale(f, stale, "its end");
  assert_int_equal(now.cancels, 0);
  gate_open(&now, result_int(2));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 2);
}

static void a_pending_one_becomes_a_task_once(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen[2] = {{0}};
  vt_t v = gate_begin(&gate);
  vt_task_t *task = vt_as_task(v);
  assert_status(vt_task_status(task), VT_PENDING);
  assert_status(vt_task_result(vt_as_task(v)).status, VT_ESTALE);
  vt_await(v, seen_k, &seen[0]);
  assert_seen_status(&seen[0], VT_ESTALE);
  vt_await(vt_from_task(task), seen_k, &seen[1]);
  gate_open(&gate, result_int(6));
  assert_true(fixture_run(f));
  assert_seen_int(&seen[1], 6);
  assert_int_equal(vt_task_result(task).value.i, 6);
  vt_task_unref(task);
}

static void preserved_it_may_be_awaited_often(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen[3] = {{0}};
  vt_t v = gate_begin(&gate), kept;
  vt_task_t *task;
  kept = vt_preserve(v, &task);
  assert_false(vt_equal(kept, v));
  for (int i = 0; i < 3; i++)
    vt_await(kept, seen_k, &seen[i]);
  gate_open(&gate, result_int(6));
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++)
    assert_seen_int(&seen[i], 6);
  assert_int_equal(vt_get_result(kept).value.i, 6);
  vt_task_unref(task);
}

static void a_pending_one_keeps_the_loop(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_t v = gate_begin(&gate);
  assert_int_equal(fixture_pending(f), 1);
  assert_true(uv_loop_alive(&f->uv));
  assert_false(vt_await_stop(v, NULL, NULL)); /* nobody awaits it */
  gate_open(&gate, result_int(1));
  assert_false(vt_await_stop(v, NULL, NULL));
  assert_int_equal(fixture_pending(f), 0);
  assert_int_equal(stats_of(f).untaken, 1);
  assert_false(uv_loop_alive(&f->uv)); /* complete: nothing to wait for */
  assert_int_equal(vt_get_result(v).value.i, 1);
  assert_int_equal(stats_of(f).untaken, 0);
}

static void each_pending_one_keeps_the_loop(void **state) {
  struct fixture *f = *state;
  struct gate gates[3] = {{0}};
  for (int i = 0; i < 3; i++)
    vt_forget(gate_begin(&gates[i]));
  for (int i = 0; i < 3; i++) {
    assert_true(uv_loop_alive(&f->uv));
    gate_open(&gates[i], result_int(0));
  }
  assert_true(fixture_run(f));
  assert_false(uv_loop_alive(&f->uv));
}

/* A block remembers nothing of the operation before. */
static void the_next_owner_begins_anew(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen later = {0}, now = {0};
  vt_t first = gate_begin(&gate), v;
  vt_await_with(first, VT_LATER, seen_k, &later);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  v = gate_begin(&gate);
  vt_await(v, seen_k, &now);
  gate_open(&gate, result_int(2));
  assert_true(v.source == first.source); /* else it shows nothing */
  assert_seen_int(&now, 2); /* at once, as nobody asked for later */
  assert_seen_int(&later, 1);
}

static void forgotten_it_frees_itself(void **state) {
  struct fixture *f = *state;
  static const int64_t statuses[] = {0, UV_ECANCELED, UV_EIO};
  for (int i = 0; i < 6; i++) {
    int64_t status = statuses[i / 2];
    struct gate gate = {0};
    vt_t v = gate_begin(&gate);
    if (i % 2)
      gate_open(&gate, result_failed(status));
    vt_forget(v);
    assert_status(vt_get_result(v).status, VT_ESTALE);
    if (i % 2 == 0)
      gate_open(&gate, result_failed(status));
    assert_true(fixture_run(f));
    assert_int_equal(stats_of(f).untaken + fixture_pending(f), 0);
    if (status == UV_EIO)
      assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
    assert_int_equal(f->report_count, 0);
  }
}

static void a_result_that_nobody_takes_is_discarded(void **state) {
  struct fixture *f = *state;
  struct gate gates[4] = {{0}};
  struct seen seen = {0};
  vt_t v;
  v = gate_begin(&gates[0]); /* forgotten, then complete */
  vt_forget(v);
  gate_open(&gates[0], result_int(10));
  v = gate_begin(&gates[1]); /* complete, then forgotten */
  gate_open(&gates[1], result_int(11));
  vt_forget(v);
  v = gate_begin(&gates[2]); /* its awaiter went away */
  vt_await(v, seen_k, &seen);
  assert_true(vt_await_stop(v, seen_k, &seen));
  gate_open(&gates[2], result_int(12));
  v = gate_begin(&gates[3]); /* taken: nothing to discard */
  gate_open(&gates[3], result_int(13));
  vt_get_result(v);
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++) {
    assert_int_equal(gates[i].discards, 1);
    assert_int_equal(gates[i].late.value.i, 10 + i);
  }
  assert_int_equal(gates[3].discards, 0);
  assert_int_equal(seen.count, 0);
}

static void a_positive_status_is_estatus(void **state) {
  struct gate gate = {0};
  vt_t v = gate_begin(&gate);
  (void)state;
  gate_open(&gate, result_failed(3));
  assert_status(vt_get_result(v).status, VT_ESTATUS);
}

static void an_operation_not_started_is_taken_back(void **state) {
  struct fixture *f = *state;
  static const vt_op_kind_t kind = {.ops = VT_OP_OPS("never"),
                                    .size = sizeof(vt_op_t)};
  vt_op_t *op;
  vt_t v;
  assert_status(vt_op_begin(&kind, &op), 0);
  assert_ptr_equal(vt_op_uv(op), &f->uv);
  v = vt_op_started(op, UV_EMFILE);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_EMFILE);
  assert_int_equal(fixture_pending(f), 0);
  assert_false(uv_loop_alive(&f->uv));
}

/* Complete, its continuation queued: a stop is in time, and what would have
 * been given is dropped as of a forgotten one. */
static void stopped_while_it_is_queued_it_never_runs(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 4; i++) {
    struct gate gate = {0};
    struct seen seen = {0};
    vt_t v = gate_begin(&gate);
    int64_t status = i & 1 ? UV_EIO : 0;
    if (i & 2)
      gate_open(&gate, result_failed(status));
    vt_await_with(v, VT_LATER, seen_k, &seen);
    if (!(i & 2))
      gate_open(&gate, result_failed(status));
    assert_true(vt_await_stop(v, seen_k, &seen));
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, 0);
    assert_int_equal(gate.discards, status == 0);
    if (status != 0)
      assert_report(f, VT_REPORT_FORGOTTEN, UV_EIO);
    assert_int_equal(fixture_pending(f) + stats_of(f).untaken, 0);
  }
}

/* ---- it works: cancel ---- */

static void cancel_reaches_the_operation(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  vt_t v = gate_begin(&gate);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_int_equal(gate.cancels, 1);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_cancel(v), VT_ESTALE);
  assert_int_equal(f->report_count, 0);
}

static void cancel_does_not_consume(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  vt_t v = gate_begin(&gate);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_true(vt_is_cancelled(v));
  assert_status(vt_cancel(v), UV_EALREADY);
  assert_int_equal(gate.cancels, 1);
  assert_status(vt_get_result(v).status, UV_ECANCELED);
}

static void what_libuv_cannot_stop_goes_on(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.cancel_rc = UV_EBUSY}, plain = {0};
  struct seen seen = {0}, other = {0};
  vt_t v = gate_begin(&gate), p = gate_begin_plain(&plain);
  vt_await(v, seen_k, &seen);
  vt_await(p, seen_k, &other);
  assert_status(vt_cancel(v), UV_EBUSY);
  assert_status(vt_cancel(p), UV_ENOSYS);
  fixture_turn(f);
  assert_int_equal(seen.count + other.count, 0);
  gate_open(&gate, result_int(4));
  gate_open(&plain, result_int(5));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 4);
  assert_seen_int(&other, 5);
  assert_int_equal(gate.discards, 0);
}

static void what_holds_no_memory_is_answered_at_once(void **state) {
  struct fixture *f = *state;
  for (int early = 0; early < 2; early++) {
    struct gate gate = {.cancel_rc = UV_EBUSY};
    struct seen seen = {0};
    vt_t v = gate_begin_detachable(&gate);
    vt_await(v, seen_k, &seen);
    assert_status(vt_cancel(v), 0);
    if (!early) { /* libuv is done after the awaiter ran, or before */
      fixture_run_until(f, &seen.count, 1);
      assert_seen_status(&seen, UV_ECANCELED);
      assert_status(vt_status(v), VT_ESTALE);
    }
    assert_true(uv_loop_alive(&f->uv)); /* its callback has yet to come */
    gate_open(&gate, result_int(99));
    assert_true(fixture_run(f));
    assert_seen_status(&seen, UV_ECANCELED);
    assert_int_equal(gate.discards, 1);
    assert_int_equal(gate.late.value.i, 99);
    assert_int_equal(fixture_pending(f), 0);
  }
}

/* Nobody waits for the answer, so none is given before libuv is done. */
static void a_stopped_one_may_be_cancelled(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.cancel_rc = UV_EBUSY};
  struct seen seen = {0};
  vt_t v = gate_begin_detachable(&gate);
  vt_await(v, seen_k, &seen);
  assert_true(vt_await_stop(v, seen_k, &seen));
  vt_cancel(v);
  fixture_turn(f);
  assert_true(uv_loop_alive(&f->uv));
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(gate.discards, 1);
  assert_int_equal(seen.count, 0);
  assert_int_equal(fixture_pending(f), 0);
}

/* ---- it fails ---- */

static void a_result_before_completion_is_refused(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0};
  vt_t v = gate_begin(&gate);
  assert_status(vt_status(v), VT_PENDING);
  assert_false(vt_is_completed(v) || vt_is_failed(v));
  assert_status(vt_get_result(v).status, VT_EPENDING);
  vt_await(v, seen_k, &seen);
  assert_true(vt_get_result(v).status < 0);
  assert_int_equal(seen.count, 0);
  gate_open(&gate, result_int(4));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 4);
}

static void an_awaited_one_is_refused_to_others(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen first = {0}, second = {0};
  vt_t v = gate_begin(&gate), kept;
  vt_task_t *task;
  vt_await(v, seen_k, &first);
  vt_await(v, seen_k, &second);
  assert_seen_status(&second, VT_EAWAITED);
  assert_status(vt_on_completed(v, 0, seen_k, &second), VT_EAWAITED);
  assert_status(vt_task_result(vt_as_task(v)).status, VT_EAWAITED);
  kept = vt_preserve(v, &task);
  assert_status(vt_get_result(kept).status, VT_EAWAITED);
  vt_task_unref(task);
  vt_forget(v); /* misuse: the continuation is untouched */
  gate_open(&gate, result_int(7));
  assert_true(fixture_run(f));
  assert_seen_int(&first, 7);
  assert_seen_status(&second, VT_EAWAITED);
  assert_int_equal(gate.discards, 0);
}

static void never_taken_it_is_reported_at_detach(void **state) {
  struct fixture *f = *state;
  struct gate gates[3] = {{.about = "first"}, {.about = "second"}, {0}};
  const struct fixture_report *r;
  static const int64_t statuses[] = {0, UV_EIO, UV_ECANCELED};
  for (int i = 0; i < 3; i++) {
    vt_t v = gate_begin(&gates[i]);
    gate_open(&gates[i], result_failed(statuses[i]));
    (void)v;
  }
  assert_int_equal(f->report_count, 0);
  assert_status(fixture_detach(f), 0);
  for (int i = 0; i < 2; i++) {
    r = fixture_take_report(f, VT_REPORT_NEVER_AWAITED);
    assert_non_null(r);
    assert_string_equal(r->what, "gate");
    assert_true(r->status == 0 || r->status == UV_EIO);
  }
  assert_int_equal(f->report_count, 0); /* cancellation never is */
  assert_int_equal(gates[0].discards, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(each_way_takes_it_once),
      fixture_test(stop_needs_the_continuation_and_its_state),
      fixture_test(stale_takings_do_not_hit_the_next_owner),
      fixture_test(a_pending_one_becomes_a_task_once),
      fixture_test(preserved_it_may_be_awaited_often),
      fixture_test(a_pending_one_keeps_the_loop),
      fixture_test(each_pending_one_keeps_the_loop),
      fixture_test(the_next_owner_begins_anew),
      fixture_test(forgotten_it_frees_itself),
      fixture_test(a_result_that_nobody_takes_is_discarded),
      fixture_test(a_positive_status_is_estatus),
      fixture_test(an_operation_not_started_is_taken_back),
      fixture_test(stopped_while_it_is_queued_it_never_runs),
      fixture_test(cancel_reaches_the_operation),
      fixture_test(cancel_does_not_consume),
      fixture_test(what_libuv_cannot_stop_goes_on),
      fixture_test(what_holds_no_memory_is_answered_at_once),
      fixture_test(a_stopped_one_may_be_cancelled),
      fixture_test(a_result_before_completion_is_refused),
      fixture_test(an_awaited_one_is_refused_to_others),
      fixture_test(never_taken_it_is_reported_at_detach),
  };
  return fixture_main("one_shot", tests);
}
