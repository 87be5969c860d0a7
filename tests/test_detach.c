/* SPDX-License-Identifier: MIT */
/* Detaching in difficult moments: what libuv still holds, what a discard
 * begins, what another thread has posted, inside continuations, and attaching
 * again. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

/* ---- helpers ---- */

static vt_loop_stats_t stats_of(struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats;
}

static void resume_elsewhere(void *arg) {
  struct own_source *own = arg;
  own_source_complete(own, result_int(1));
}

/* Detaches from inside a continuation. */
struct leaving {
  struct fixture *f;
  int rc;
  int count;
  struct gate *gate;
};

static void on_idle(uv_idle_t *idle) {
  struct leaving *l = idle->data;
  uv_idle_stop(idle);
  gate_open(l->gate, result_int(0));
  l->rc = vt_loop_detach(l->f->vt, NULL);
  l->count++;
}

static int left_callbacks;

static void on_left(struct uv_loop_s *uv) {
  (void)uv;
  left_callbacks++;
}

static void close_one(uv_handle_t *handle, void *arg) {
  (void)arg;
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void detach_k(void *state, vt_result_t result) {
  struct leaving *l = state;
  (void)result;
  l->rc = vt_loop_detach(l->f->vt, on_left);
  if (l->rc == 0)
    l->f->vt = NULL;
  l->count++;
}

/* An operation whose discard closes something in turn, and forgets that. */
struct closing_op {
  vt_op_t op;
  int64_t *begun; /* the status of what was begun */
};

static void closing_discard(vt_op_t *op, vt_result_t late) {
  struct closing_op *c = (struct closing_op *)op;
  vt_t v = vt_delay(1);
  (void)late;
  *c->begun = vt_status(v);
  if (*c->begun == VT_PENDING)
    vt_forget(v);
}

static const vt_op_kind_t closing_kind = {.ops = VT_OP_OPS("closing"),
                                          .size = sizeof(struct closing_op),
                                          .discard = closing_discard};

/* Attaches again when a detach is complete. */
static vt_loop_t *attached_again;
static int attach_rc;

static void attach_again(struct uv_loop_s *uv) {
  attach_rc = vt_loop_attach(uv, &attached_again);
}

/* ---- it works ---- */

static void detach_works_inside_a_continuation(void **state) {
  struct fixture *f = *state;
  struct leaving l = {.f = f};
  left_callbacks = 0;
  vt_await_with(vt_done(), VT_LATER, detach_k, &l);
  fixture_run_until(f, &l.count, 1);
  fixture_run(f);
  assert_status(l.rc, 0);
  assert_null(vt_loop_current());
  assert_int_equal(left_callbacks, 1);
  f->detached = 1;
}

static void detach_works_inside_an_operations_continuation(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct leaving l = {.f = f};
  left_callbacks = 0;
  vt_await(gate_begin(&gate), detach_k, &l);
  gate_open(&gate, result_int(1)); /* which gives up its hold only then */
  fixture_run(f);
  assert_status(l.rc, 0);
  assert_int_equal(left_callbacks, 1);
  f->detached = 1;
}

static void attaching_at_once_gives_another_loop(void **state) {
  uv_loop_t uv;
  vt_loop_t *first, *second;
  vt_alloc_stats_t before, after;
  (void)state;
  vt_alloc_stats(&before);
  uv_loop_init(&uv);
  assert_status(vt_loop_attach(&uv, &first), 0);
  assert_status(vt_loop_run(first, vt_delay(1)).status, 0);
  assert_status(vt_loop_detach(first, NULL), 0);
  assert_status(vt_loop_attach(&uv, &second), 0); /* first still closes */
  assert_status(vt_loop_run(second, vt_delay(1)).status, 0);
  assert_status(vt_loop_detach(second, NULL), 0);
  uv_run(&uv, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&uv), 0);
  vt_alloc_stats(&after);
  assert_int_equal(after.blocks, before.blocks);
}

static void attaching_in_the_callback_works(void **state) {
  uv_loop_t uv;
  vt_loop_t *loop;
  (void)state;
  attach_rc = 1;
  uv_loop_init(&uv);
  assert_status(vt_loop_attach(&uv, &loop), 0);
  assert_status(vt_loop_detach(loop, attach_again), 0);
  uv_run(&uv, UV_RUN_DEFAULT);
  assert_status(attach_rc, 0);
  assert_status(vt_loop_run(attached_again, vt_delay(1)).status, 0);
  assert_status(vt_loop_detach(attached_again, NULL), 0);
  uv_run(&uv, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&uv), 0);
}

/* A callback of the user's completes what vt_loop_run waits for, and detaches:
 * either that is refused, or vt_loop_run looks at nothing that is freed. */
static void detach_works_under_a_loop_run(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct leaving l = {.f = f, .gate = &gate};
  vt_result_t r;
  uv_idle_t idle;
  vt_t v = gate_begin(&gate);
  uv_idle_init(&f->uv, &idle);
  idle.data = &l;
  uv_idle_start(&idle, on_idle);
  r = vt_loop_run(f->vt, v);
  uv_close((uv_handle_t *)&idle, NULL);
  fixture_run(f);
  assert_status(r.status, 0);
  assert_int_equal(l.count, 1);
  if (l.rc == 0) {
    f->vt = NULL;
    f->detached = 1;
  }
}

/* The host's own shutdown closes every handle that uv_walk shows, ours too. */
static void a_host_that_closed_all_handles_can_detach(void **state) {
  (void)state;
  for (int turns = 0; turns < 3; turns++) {
    vt_alloc_stats_t before, after;
    uv_loop_t uv;
    vt_loop_t *loop;
    left_callbacks = 0;
    vt_alloc_stats(&before);
    uv_loop_init(&uv);
    assert_status(vt_loop_attach(&uv, &loop), 0);
    assert_status(vt_loop_run(loop, vt_delay(1)).status, 0);
    uv_walk(&uv, close_one, NULL);
    for (int i = 0; i < turns; i++)
      uv_run(&uv, UV_RUN_NOWAIT);
    assert_status(vt_loop_detach(loop, on_left), 0);
    uv_run(&uv, UV_RUN_DEFAULT);
    assert_int_equal(left_callbacks, 1);
    assert_int_equal(uv_loop_close(&uv), 0);
    vt_alloc_stats(&after);
    assert_int_equal(after.blocks, before.blocks);
  }
}

/* Nobody waits any more, and the source is through: nothing is left. */
static void a_stopped_await_completed_elsewhere_is_not_left(void **state) {
  struct fixture *f = *state;
  struct own_source own;
  struct seen seen = {0};
  own_source_init(&own);
  vt_await(own_source_task(&own), seen_k, &seen);
  assert_true(vt_await_stop(own_source_task(&own), seen_k, &seen));
  fixture_on_thread(resume_elsewhere, &own, 0);
  assert_true(fixture_run(f));
  assert_status(fixture_detach(f), 0);
  assert_int_equal(seen.count, 0);
}

/* ---- it fails ---- */

/* Cancelled and answered, but libuv's callback is still to come. */
static void what_libuv_holds_is_left(void **state) {
  struct fixture *f = *state;
  for (int taken = 0; taken < 2; taken++) {
    struct gate gate = {.cancel_rc = UV_EBUSY};
    vt_t v = gate_begin_detachable(&gate);
    int rc;
    assert_status(vt_cancel(v), 0);
    assert_true(fixture_pending(f) + stats_of(f).untaken > 0);
    if (taken)
      assert_status(vt_get_result(v).status, UV_ECANCELED);
    rc = vt_loop_detach(f->vt, NULL);
    if (rc == 0)
      f->vt = NULL; /* its memory is freed under libuv's feet */
    assert_status(rc, UV_EBUSY);
    assert_report(f, VT_REPORT_LEFT, 0);
    gate_open(&gate, result_int(5));
    assert_int_equal(gate.discards, 1);
    if (!taken)
      assert_status(vt_get_result(v).status, UV_ECANCELED);
  }
}

static void a_refused_detach_drops_nothing(void **state) {
  struct fixture *f = *state;
  struct gate done = {0}, pending = {0};
  vt_t v = gate_begin(&done), w = gate_begin(&pending);
  gate_open(&done, result_int(3));
  for (int i = 0; i < 2; i++) {
    assert_status(vt_loop_detach(f->vt, NULL), UV_EBUSY);
    assert_int_equal(f->report_count, 1);
    assert_report(f, VT_REPORT_LEFT, 0);
  }
  assert_int_equal(done.discards, 0);
  assert_int_equal(vt_get_result(v).value.i, 3);
  gate_open(&pending, result_int(4));
  assert_int_equal(vt_get_result(w).value.i, 4);
}

static void inside_the_continuation_it_waits_for_it_is_refused(void **state) {
  struct fixture *f = *state;
  struct leaving l = {.f = f};
  struct gate gate = {0};
  struct seen seen = {0};
  vt_await(gate_begin(&gate), seen_k, &seen);
  vt_await_with(vt_done(), VT_LATER, detach_k, &l);
  fixture_run_until(f, &l.count, 1);
  assert_status(l.rc, UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  gate_open(&gate, result_int(1));
  assert_seen_int(&seen, 1);
}

/* Either the begin is refused, or the detach: what is accepted completes. */
static void what_a_discard_begins_is_not_lost(void **state) {
  struct fixture *f = *state;
  struct closing_op *op;
  int64_t begun = 0;
  vt_t v;
  int rc;
  assert_status(vt_op_begin(&closing_kind, &op), 0);
  op->begun = &begun;
  v = vt_op_started(op, 0);
  vt_op_complete(op, result_int(1));
  (void)v; /* never taken */
  rc = vt_loop_detach(f->vt, NULL);
  if (rc == 0) {
    f->vt = NULL;
    f->detached = 1;
    fixture_run(f);
  }
  fixture_take_report(f, VT_REPORT_NEVER_AWAITED);
  while (fixture_take_report(f, VT_REPORT_LEFT))
    ;
  if (rc == 0)
    assert_status(begun, VT_ENOLOOP);
  else
    assert_status(rc, UV_EBUSY);
  fixture_run(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(detach_works_inside_a_continuation),
      fixture_test(detach_works_inside_an_operations_continuation),
      fixture_test(detach_works_under_a_loop_run),
      cmocka_unit_test(attaching_at_once_gives_another_loop),
      cmocka_unit_test(attaching_in_the_callback_works),
      cmocka_unit_test(a_host_that_closed_all_handles_can_detach),
      fixture_test(a_stopped_await_completed_elsewhere_is_not_left),
      fixture_test(what_libuv_holds_is_left),
      fixture_test(a_refused_detach_drops_nothing),
      fixture_test(inside_the_continuation_it_waits_for_it_is_refused),
      fixture_test(what_a_discard_begins_is_not_lost),
  };
  return fixture_main("detach", tests);
}
