/* SPDX-License-Identifier: MIT */
/* Scopes: cancelling, in which order, and what is refused afterwards. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/net.h"
#include "support/pair.h"
#include "support/plug.h"
#include "support/tmp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- helpers ---- */

#define FAR_MS UINT64_C(3600000)

static vt_scope_t *scope_new(void) {
  vt_scope_t *scope = NULL;
  assert_status(vt_scope_new(NULL, &scope), 0);
  return scope;
}

/* A scope, current until scope_done. */
static vt_scope_t *scope_open(void) {
  vt_scope_t *scope = scope_new();
  assert_null(vt_scope_enter(scope));
  return scope;
}

static void scope_done(vt_scope_t *scope, struct seen *joined) {
  vt_scope_leave(NULL);
  vt_await(vt_scope_join(scope), seen_k, joined);
}

/* An operation of its own kind, which notes when it is cancelled. */
struct noted_op {
  vt_op_t op;
  int who;
  struct noted {
    int count;
    int who[16];
    int rc; /* what cancel answers; 0: it completes */
  } * noted;
};

static int noted_cancel(vt_op_t *op) {
  struct noted_op *o = (struct noted_op *)op;
  struct noted *noted = o->noted;
  noted->who[noted->count++ & 15] = o->who;
  if (noted->rc == 0)
    vt_op_complete(o, result_failed(UV_ECANCELED));
  return noted->rc;
}

static const vt_op_kind_t noted_kind = {.ops = VT_OP_OPS("noted"),
                                        .size = sizeof(struct noted_op),
                                        .cancel = noted_cancel};

static vt_t noted_begin(struct noted *noted, int who) {
  struct noted_op *o;
  int rc = vt_op_begin(&noted_kind, &o);
  if (rc != 0)
    return vt_failed(rc);
  o->noted = noted;
  o->who = who;
  return vt_op_started(o, 0);
}

struct wait_frame {
  vt_frame_t vt;
  vt_t v;
};

static vt_t wait_body(void *frame) {
  struct wait_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->v);
  VT_END(f);
}

static vt_t wait_for(vt_t v) {
  struct wait_frame frame = {.v = v};
  return vt_start(&frame, wait_body);
}

static vt_result_t count_call(void *calls) {
  vt_result_t r = {0, {0}};
  ++*(int *)calls;
  return r;
}

static void cancel_scope(void *scope, vt_result_t r) {
  (void)r;
  vt_scope_cancel(scope, UV_ECANCELED);
}

/* ---- it works ---- */

static void the_last_begun_is_the_first_told(void **state) {
  struct fixture *f = *state;
  struct noted noted = {0};
  struct seen seen[4] = {{0}, {0}, {0}, {0}}, joined = {0};
  vt_scope_t *scope = scope_open();
  for (int i = 0; i < 4; i++)
    vt_await(noted_begin(&noted, i), seen_k, &seen[i]);
  scope_done(scope, &joined);
  assert_status(vt_scope_status(scope), 0);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), 0);
  assert_status(vt_scope_status(scope), UV_ECANCELED);
  assert_int_equal(seen[0].count + seen[3].count, 0); /* nothing ran inside */
  assert_true(fixture_run(f));
  assert_int_equal(noted.count, 4);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(noted.who[i], 3 - i);
    assert_seen_status(&seen[i], UV_ECANCELED);
  }
  assert_seen_status(&joined, UV_ECANCELED);
}

static void children_are_told_first(void **state) {
  struct fixture *f = *state;
  struct noted noted = {0};
  struct seen seen = {0}, joined[3] = {{0}, {0}, {0}};
  vt_scope_t *parent = scope_open();
  vt_forget(noted_begin(&noted, 0));
  for (int i = 1; i < 3; i++) {
    vt_scope_t *child = scope_new();
    vt_scope_t *before = vt_scope_enter(child);
    vt_forget(noted_begin(&noted, i));
    vt_scope_leave(before);
    vt_await(vt_scope_join(child), seen_k, &joined[i]);
  }
  vt_await(noted_begin(&noted, 3), seen_k, &seen);
  scope_done(parent, &joined[0]);
  vt_scope_cancel(parent, UV_EPIPE);
  assert_true(fixture_run(f));
  assert_int_equal(noted.count, 4);
  static const int order[] = {2, 1, 3, 0};
  for (int i = 0; i < 4; i++)
    assert_int_equal(noted.who[i], order[i]);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_seen_status(&joined[0], UV_EPIPE);
  assert_seen_status(&joined[1], UV_ECANCELED);
  assert_seen_status(&joined[2], UV_ECANCELED);
}

static void every_kind_is_reached(void **state) {
  struct fixture *f = *state;
  enum { KINDS = 9 };
  struct seen seen[KINDS], joined = {0};
  struct gate gates[3] = {{0}, {0}, {0}};
  struct plug plug;
  int calls = 0;
  char byte, stream_byte;
  struct pair pair = pair_open(f);
  int fd = tmp_fd();
  memset(seen, 0, sizeof seen);
  plug_in(&plug, &f->uv);
  vt_scope_t *scope = scope_open();
  vt_t all[] = {gate_begin(&gates[1]), vt_delay(FAR_MS)};
  vt_t members[KINDS] = {
      vt_delay(FAR_MS),
      vt_yield(),
      vt_work(count_call, &calls),
      vt_fs_read(fd, &byte, 1, 0),
      vt_stream_read(pair.stream, &stream_byte, 1),
      wait_for(wait_for(gate_begin(&gates[0]))),
      vt_all(all, 2, 0, NULL),
      vt_with_timeout(gate_begin(&gates[2]), FAR_MS),
      vt_with_timeout(vt_delay(FAR_MS), FAR_MS),
  };
  bool read_waits = !vt_in_hand(members[3]); /* else memory answered */
  for (int i = 0; i < KINDS; i++)
    vt_await(members[i], seen_k, &seen[i]);
  scope_done(scope, &joined);
  vt_scope_cancel(scope, UV_ECANCELED);
  plug_out(&plug);
  assert_true(fixture_run(f));
  for (int i = 0; i < KINDS; i++)
    if (i != 3 || read_waits)
      assert_seen_status(&seen[i], UV_ECANCELED);
  assert_int_equal(calls, 0);
  assert_seen_status(&joined, UV_ECANCELED);
  for (int i = 0; i < 3; i++)
    assert_int_equal(gates[i].cancels, 1);
  close(fd);
  pair_close(f, &pair);
}

static void nothing_begins_any_more(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  int calls = 0;
  char byte;
  int fd = tmp_fd();
  vt_scope_t *inner = NULL;
  vt_scope_t *scope = scope_open();
  vt_scope_cancel(scope, UV_ETIMEDOUT);
  const vt_t refused[] = {
      gate_begin(&gate),    vt_delay(1),
      vt_yield(),           vt_work(count_call, &calls),
      wait_for(vt_yield()), vt_with_timeout(gate_begin(&gate), 1),
  };
  assert_status(vt_scope_new(NULL, &inner), UV_ECANCELED);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    assert_status(vt_status(refused[i]), UV_ECANCELED);
  assert_null(gate.op);
  vt_t read = vt_fs_read(fd, &byte, 1, 0);
  assert_true(vt_in_hand(read));
  vt_scope_leave(NULL);
  assert_status(vt_status(vt_scope_join(scope)), UV_ETIMEDOUT);
  assert_true(fixture_run(f));
  assert_int_equal(calls, 0);
  close(fd);
}

/* Else it would leak what it was to close. */
static void a_close_begins_all_the_same(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  int fd = tmp_fd();
  vt_scope_t *scope = scope_open();
  vt_scope_cancel(scope, UV_ECANCELED);
  vt_await(vt_fs_close(fd), seen_k, &seen);
  vt_scope_leave(NULL);
  vt_await(vt_scope_join(scope), NULL, NULL);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
  assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void what_is_bounded_there_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen joined = {0};
  vt_t outside = gate_begin(&gate);
  vt_scope_t *scope = scope_open();
  vt_scope_cancel(scope, UV_ECANCELED);
  assert_status(vt_status(vt_with_timeout(outside, FAR_MS)), UV_ECANCELED);
  scope_done(scope, &joined);
  assert_int_equal(gate.cancels, 1);
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ECANCELED);
}

static void what_cannot_be_stopped_is_waited_for(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.cancel_rc = UV_EBUSY};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_open();
  vt_await(wait_for(gate_begin(&gate)), seen_k, &seen);
  scope_done(scope, &joined);
  vt_scope_cancel(scope, UV_ECANCELED);
  fixture_turn(f);
  fixture_turn(f);
  assert_true(gate.cancels > 0);
  assert_int_equal(seen.count + joined.count, 0);
  gate_open(&gate, result_int(4)); /* it won */
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
  assert_seen_status(&joined, UV_ECANCELED);
}

static void what_holds_nothing_is_not_waited_for(void **state) {
  struct fixture *f = *state;
  struct gate gates[2] = {{.cancel_rc = UV_EBUSY}, {.cancel_rc = UV_EBUSY}};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_open();
  vt_await(gate_begin_detachable(&gates[0]), seen_k, &seen);
  vt_t untaken = gate_begin_detachable(&gates[1]);
  scope_done(scope, &joined);
  vt_scope_cancel(scope, UV_ECANCELED);
  assert_true(fixture_run_until(f, &joined.count, 1));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_seen_status(&joined, UV_ECANCELED);
  assert_status(vt_get_result(untaken).status, UV_ECANCELED);
  for (int i = 0; i < 2; i++) {
    gate_open(&gates[i], result_int(4)); /* libuv lets go only now */
    assert_int_equal(gates[i].discards, 1);
  }
  assert_true(fixture_run(f));
}

static void once_and_for_ever(void **state) {
  struct fixture *f = *state;
  struct gate gate = {.cancel_rc = UV_EBUSY};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_open();
  vt_await(gate_begin(&gate), seen_k, &seen);
  scope_done(scope, &joined);
  assert_status(vt_scope_cancel(scope, UV_ETIMEDOUT), 0);
  assert_status(vt_scope_cancel(scope, UV_ECANCELED), UV_EALREADY);
  assert_status(vt_scope_status(scope), UV_ETIMEDOUT);
  assert_int_equal(gate.cancels, 1);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ETIMEDOUT);
}

static void a_continuation_of_a_member_may_cancel(void **state) {
  struct fixture *f = *state;
  struct noted noted = {0};
  struct gate gate = {0};
  struct seen joined = {0};
  vt_scope_t *scope = scope_open();
  vt_forget(noted_begin(&noted, 0));
  vt_await(gate_begin(&gate), cancel_scope, scope);
  vt_forget(noted_begin(&noted, 1));
  scope_done(scope, &joined);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(noted.count, 2);
  assert_int_equal(noted.who[0], 1);
  assert_seen_status(&joined, UV_ECANCELED);
}

static void cancelling_the_join_cancels(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_open();
  vt_await(gate_begin(&gate), seen_k, &seen);
  vt_scope_leave(NULL);
  vt_t join = vt_scope_join(scope);
  vt_await(join, seen_k, &joined);
  assert_status(vt_cancel(join), 0);
  assert_status(vt_cancel(join), UV_EALREADY);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_seen_status(&joined, UV_ECANCELED);
}

static void of_an_empty_one_the_join_tells_it(void **state) {
  vt_scope_t *scope = scope_new();
  (void)state;
  assert_status(vt_scope_cancel(scope, UV_EPIPE), 0);
  vt_t v = vt_scope_join(scope);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_EPIPE);
}

/* ---- many ---- */

static void a_million_members_are_told_once_each(void **state) {
  struct fixture *f = *state;
  int many = getenv("VT_VALGRIND") ? 10000 : 1000000;
  struct noted noted = {0};
  struct seen joined = {0};
  vt_scope_t *scope = scope_open();
  for (int i = 0; i < many; i++)
    vt_forget(noted_begin(&noted, i));
  scope_done(scope, &joined);
  vt_scope_cancel(scope, UV_ECANCELED);
  assert_int_equal(noted.count, many);
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ECANCELED);
}

/* ---- it fails ---- */

static void a_reason_is_negative(void **state) {
  vt_scope_t *scope = scope_new();
  (void)state;
  assert_status(vt_scope_cancel(scope, 0), UV_EINVAL);
  assert_status(vt_scope_cancel(scope, 1), UV_EINVAL);
  assert_status(vt_scope_status(scope), 0);
  assert_status(vt_status(vt_scope_join(scope)), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(the_last_begun_is_the_first_told),
      fixture_test(children_are_told_first),
      fixture_test(every_kind_is_reached),
      fixture_test(nothing_begins_any_more),
      fixture_test(a_close_begins_all_the_same),
      fixture_test(what_is_bounded_there_is_cancelled),
      fixture_test(what_cannot_be_stopped_is_waited_for),
      fixture_test(what_holds_nothing_is_not_waited_for),
      fixture_test(once_and_for_ever),
      fixture_test(a_continuation_of_a_member_may_cancel),
      fixture_test(cancelling_the_join_cancels),
      fixture_test(of_an_empty_one_the_join_tells_it),
      fixture_test(a_million_members_are_told_once_each),
      fixture_test(a_reason_is_negative),
  };
  plug_prepare();
  return fixture_main("scope_cancel", tests);
}
