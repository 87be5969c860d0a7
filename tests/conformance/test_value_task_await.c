/* SPDX-License-Identifier: MIT */
/* C#'s ValueTaskTests: awaits, awaiters, contexts. One case for each method,
 * named after it; methods.md has both lists.
 *
 * No ConfigureAwait and ConfigureAwait(true) are an await without flags,
 * ConfigureAwait(false) is VT_ANYWHERE. An awaiter's OnCompleted is
 * vt_on_completed with VT_LATER, which calls back from the loop also when there
 * is nothing to wait for; its UnsafeOnCompleted, which leaves out an execution
 * context that there is none of here, is vt_await_with and VT_LATER. The
 * captured context is the loop: what is posted to it, it runs. */
#include "conformance/backing.h"

/* ---- helpers: awaits ---- */

enum mode { NOT_CONFIGURED, CONFIGURED_TRUE, CONFIGURED_FALSE, MODES };

static void await_in_mode(vt_t v, enum mode mode, struct seen *seen) {
  if (mode == NOT_CONFIGURED)
    vt_await(v, seen_k, seen);
  else
    vt_await_with(v, mode == CONFIGURED_FALSE ? VT_ANYWHERE : 0, seen_k, seen);
}

/* An async function that awaits v, and again when it has completed. */
struct pass_frame {
  vt_frame_t vt;
  vt_t awaited;
  int times;
  vt_result_t result;
};

static vt_t pass_body(void *frame) {
  struct pass_frame *f = frame;
  VT_BEGIN(f);
  do
    VT_AWAIT(f, f->result, f->awaited);
  while (--f->times > 0);
  VT_RETURN(f, vt_from_result(f->result));
  VT_END(f);
}

static vt_t await_in_function(vt_t v) {
  struct pass_frame frame = {.awaited = v, .times = 2};
  return vt_start(&frame, pass_body);
}

static uint64_t run_by(const struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats.continuations;
}

static uint64_t queued_on(const struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats.queued;
}

static void check_ran_on(const struct seen *seen, uv_thread_t thread) {
  assert_true(uv_thread_equal(&seen->thread, &thread));
}

static void check_await_completed(struct fixture *f, enum form form) {
  for (enum backing_kind kind = IN_HAND; kind < BACKING_KINDS; kind++) {
    struct backing b;
    vt_t v;
    backing_begin_completed(&b, kind, form, 0);
    for (enum mode mode = NOT_CONFIGURED; mode < MODES; mode++) {
      struct seen seen = {0};
      await_in_mode(b.v, mode, &seen);
      backing_check_seen(&b, &seen, 0); /* before the loop had a turn */
      check_ran_on(&seen, uv_thread_self());
    }
    v = await_in_function(b.v);
    assert_true(vt_in_hand(v));
    backing_check_result(&b, vt_get_result(v), 0);
    assert_int_equal(run_by(f) + queued_on(f) + fixture_pending(f), 0);
    backing_end(&b);
  }
}

static void check_await_pending(struct fixture *f, enum backing_kind kind,
                                enum form form) {
  for (enum mode mode = NOT_CONFIGURED; mode <= MODES;
       mode++) { /* the last: in a function */
    struct backing b;
    struct seen seen = {0};
    backing_begin(&b, kind, form);
    if (mode < MODES)
      await_in_mode(b.v, mode, &seen);
    else
      vt_await(await_in_function(b.v), seen_k, &seen);
    fixture_turn(f);
    assert_int_equal(seen.count, 0);
    assert_status(backing_complete(&b, 0), 0);
    assert_true(fixture_run(f));
    backing_check_seen(&b, &seen, 0);
    check_ran_on(&seen, uv_thread_self());
    backing_end(&b);
  }
}

static void check_await_pending_source(struct fixture *f, enum form form) {
  check_await_pending(f, OWN_SOURCE, form);
  check_await_pending(f, RESET_SOURCE, form);
}

/* ---- helpers: awaiters ---- */

static int on_completed(vt_t v, unsigned flags, struct seen *seen) {
  return vt_on_completed(v, flags | VT_LATER, seen_k, seen);
}

static int unsafe_on_completed(vt_t v, unsigned flags, struct seen *seen) {
  vt_await_with(v, flags | VT_LATER, seen_k, seen);
  return 0;
}

typedef int awaiter_fn(vt_t v, unsigned flags, struct seen *seen);

/* Completed, it calls back once, and never inside. */
static void check_awaiter(struct fixture *f, awaiter_fn *awaiter,
                          enum form form, unsigned flags) {
  for (enum backing_kind kind = IN_HAND; kind < BACKING_KINDS; kind++) {
    struct backing b;
    struct seen seen = {0}, never = {0};
    backing_begin_completed(&b, kind, form, 0);
    assert_int_equal(vt_on_completed(b.v, flags, seen_k, &never), VT_COMPLETED);
    assert_status(awaiter(b.v, flags, &seen), 0);
    assert_int_equal(seen.count, 0);
    assert_true(fixture_run(f));
    backing_check_seen(&b, &seen, 0);
    assert_int_equal(never.count, 0);
    backing_end(&b);
  }
}

static void check_configured_awaiter(struct fixture *f, awaiter_fn *awaiter,
                                     enum form form) {
  check_awaiter(f, awaiter, form, 0);
  check_awaiter(f, awaiter, form, VT_ANYWHERE);
}

/* ---- helpers: contexts ---- */

/* Completed by a thread without a loop; a resettable source is completed on its
 * own loop only, where its awaiter is. */
struct hop {
  struct backing b;
  struct seen seen;
  uv_thread_t completer;
  int rc;
  bool at_once; /* the continuation had run when the completion returned */
};

static void complete_elsewhere(void *arg) {
  struct hop *h = arg;
  h->completer = uv_thread_self();
  h->rc = backing_complete(&h->b, 0);
  h->at_once = h->seen.count != 0;
}

/* Not captured, it runs on the thread that completes. */
static void check_context_pending(struct fixture *f, enum form form,
                                  bool captured) {
  for (enum backing_kind kind = TASK; kind < RESET_SOURCE; kind++) {
    struct hop h = {.rc = 1};
    uint64_t before = run_by(f);
    backing_begin(&h.b, kind, form);
    vt_await_with(h.b.v, captured ? 0 : VT_ANYWHERE, seen_k, &h.seen);
    fixture_on_thread(complete_elsewhere, &h, 0);
    assert_status(h.rc, 0);
    assert_int_equal(h.at_once, !captured);
    assert_true(fixture_run(f));
    backing_check_seen(&h.b, &h.seen, 0);
    check_ran_on(&h.seen, captured ? uv_thread_self() : h.completer);
    assert_int_equal(run_by(f) - before, captured ? 1 : 0);
    backing_end(&h.b);
  }
}

/* Not captured, there is nothing to post: it runs at once. */
static void check_context_completed(struct fixture *f, enum form form,
                                    bool captured) {
  for (enum backing_kind kind = IN_HAND; kind < BACKING_KINDS; kind++) {
    struct backing b;
    struct seen seen = {0};
    uint64_t before = run_by(f);
    backing_begin_completed(&b, kind, form, 0);
    if (captured)
      assert_status(on_completed(b.v, 0, &seen), 0);
    else
      vt_await_with(b.v, VT_ANYWHERE, seen_k, &seen);
    assert_int_equal(queued_on(f), captured ? 1 : 0);
    assert_int_equal(seen.count, captured ? 0 : 1);
    assert_true(fixture_run(f));
    backing_check_seen(&b, &seen, 0);
    check_ran_on(&seen, uv_thread_self());
    assert_int_equal(run_by(f) - before, captured ? 1 : 0);
    backing_end(&b);
  }
}

static void check_context(struct fixture *f, enum form form, bool captured) {
  check_context_completed(f, form, captured);
  check_context_pending(f, form, captured);
}

/* ---- awaits ---- */

static void non_generic_create_from_completed_await(void **state) {
  check_await_completed(*state, NON_GENERIC);
}

static void generic_create_from_completed_await(void **state) {
  check_await_completed(*state, GENERIC);
}

static void non_generic_create_from_task_await_normal(void **state) {
  check_await_pending(*state, TASK, NON_GENERIC);
}

static void generic_create_from_task_await_normal(void **state) {
  check_await_pending(*state, TASK, GENERIC);
}

static void create_from_value_task_source_await_normal(void **state) {
  check_await_pending_source(*state, NON_GENERIC);
}

static void generic_create_from_value_task_source_await_normal(void **state) {
  check_await_pending_source(*state, GENERIC);
}

/* ---- awaiters ---- */

static void non_generic_awaiter_on_completed(void **state) {
  check_awaiter(*state, on_completed, NON_GENERIC, 0);
}

static void generic_awaiter_on_completed(void **state) {
  check_awaiter(*state, on_completed, GENERIC, 0);
}

static void non_generic_awaiter_unsafe_on_completed(void **state) {
  check_awaiter(*state, unsafe_on_completed, NON_GENERIC, 0);
}

static void generic_awaiter_unsafe_on_completed(void **state) {
  check_awaiter(*state, unsafe_on_completed, GENERIC, 0);
}

static void non_generic_configured_awaiter_on_completed(void **state) {
  check_configured_awaiter(*state, on_completed, NON_GENERIC);
}

static void generic_configured_awaiter_on_completed(void **state) {
  check_configured_awaiter(*state, on_completed, GENERIC);
}

static void non_generic_configured_awaiter_unsafe_on_completed(void **state) {
  check_configured_awaiter(*state, unsafe_on_completed, NON_GENERIC);
}

static void generic_configured_awaiter_unsafe_on_completed(void **state) {
  check_configured_awaiter(*state, unsafe_on_completed, GENERIC);
}

/* ---- contexts ---- */

static void non_generic_awaiter_continues_on_captured_context(void **state) {
  check_context(*state, NON_GENERIC, true);
}

static void generic_awaiter_continues_on_captured_context(void **state) {
  check_context(*state, GENERIC, true);
}

static void
non_generic_configured_awaiter_continues_on_captured_context(void **state) {
  check_context(*state, NON_GENERIC, true);
  check_context(*state, NON_GENERIC, false);
}

static void
generic_configured_awaiter_continues_on_captured_context(void **state) {
  check_context(*state, GENERIC, true);
  check_context(*state, GENERIC, false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(non_generic_create_from_completed_await),
      fixture_test(generic_create_from_completed_await),
      fixture_test(non_generic_create_from_task_await_normal),
      fixture_test(generic_create_from_task_await_normal),
      fixture_test(create_from_value_task_source_await_normal),
      fixture_test(generic_create_from_value_task_source_await_normal),
      fixture_test(non_generic_awaiter_on_completed),
      fixture_test(generic_awaiter_on_completed),
      fixture_test(non_generic_awaiter_unsafe_on_completed),
      fixture_test(generic_awaiter_unsafe_on_completed),
      fixture_test(non_generic_configured_awaiter_on_completed),
      fixture_test(generic_configured_awaiter_on_completed),
      fixture_test(non_generic_configured_awaiter_unsafe_on_completed),
      fixture_test(generic_configured_awaiter_unsafe_on_completed),
      fixture_test(non_generic_awaiter_continues_on_captured_context),
      fixture_test(generic_awaiter_continues_on_captured_context),
      fixture_test(
          non_generic_configured_awaiter_continues_on_captured_context),
      fixture_test(generic_configured_awaiter_continues_on_captured_context),
  };
  return fixture_main("conformance/value_task_await", tests);
}
