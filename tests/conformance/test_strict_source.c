/* SPDX-License-Identifier: MIT */
/* Sources whose result may be taken once, as those of C#'s channels: a user's
 * own, an operation of the bridge, an async function, a yield, a delay, work.
 * Each of the four calls of a channel stands here by a source of another make;
 * channels themselves are not needed to refuse. */
#include "support/gate.h"
#include "support/own_source.h"
#include "support/pass.h"

#include <string.h>

/* ---- helpers: a user's own source, strict ---- */

/* The taking of a result ends the operation: its token is moved on. */
struct strict {
  struct own_source own;
  vt_source_ops_t ops;
  vt_result_t (*look)(vt_source_t *source, uint64_t token);
};

static vt_result_t strict_take(vt_source_t *source, uint64_t token) {
  struct strict *s = (struct strict *)source;
  bool ends = token == source->token && s->own.completed;
  vt_result_t result = s->look(source, token);
  if (ends)
    own_source_next(&s->own);
  return result;
}

static void strict_init(struct strict *s) {
  own_source_init(&s->own);
  s->ops = *s->own.source.ops;
  s->look = s->ops.result;
  s->ops.result = strict_take;
  s->own.source.ops = &s->ops;
}

/* An awaiter takes the result that it is resumed with. */
static void strict_complete(struct strict *s, vt_result_t result) {
  vt_continuation_t c = s->own.continuation;
  if (!s->own.kept) {
    own_source_complete(&s->own, result);
    return;
  }
  own_source_next(&s->own);
  vt_resume(&c, result);
}

/* ---- helpers: one operation of each kind ---- */

struct rig {
  struct strict strict;
  struct gate gate;
};

static vt_result_t work_42(void *arg) {
  (void)arg;
  return result_int(42);
}

static vt_t begin_strict(struct rig *r) {
  return own_source_task(&r->strict.own);
}

static vt_t begin_gate(struct rig *r) { return gate_begin(&r->gate); }
static vt_t begin_function(struct rig *r) { return pass(begin_gate(r), 0); }

static vt_t begin_yield(struct rig *r) {
  (void)r;
  return vt_yield();
}

static vt_t begin_delay(struct rig *r) {
  (void)r;
  return vt_delay(1);
}

static vt_t begin_work(struct rig *r) {
  (void)r;
  return vt_work(work_42, NULL);
}

static void complete_strict(struct rig *r) {
  strict_complete(&r->strict, result_int(42));
}

static void complete_gate(struct rig *r) {
  gate_open(&r->gate, result_int(42));
}

/* complete NULL: the loop completes it. */
static const struct kind {
  const char *name;
  vt_t (*begin)(struct rig *r);
  void (*complete)(struct rig *r);
  int64_t value;
} kinds[] = {
    {"own", begin_strict, complete_strict, 42},
    {"gate", begin_gate, complete_gate, 42},
    {"function", begin_function, complete_gate, 42},
    {"yield", begin_yield, NULL, 0},
    {"delay", begin_delay, NULL, 0},
    {"work", begin_work, NULL, 42},
};

#define KINDS (sizeof kinds / sizeof *kinds)

/* Which source stands for which call of a channel. */
static const struct kind *const read_kind = &kinds[0];
static const struct kind *const wait_to_read_kind = &kinds[1];
static const struct kind *const write_kind = &kinds[2];
static const struct kind *const wait_to_write_kind = &kinds[3];

static void rig_init(struct rig *r) {
  memset(r, 0, sizeof *r);
  strict_init(&r->strict);
}

static void complete(struct fixture *f, const struct kind *kind,
                     struct rig *r) {
  if (kind->complete)
    kind->complete(r);
  assert_true(fixture_run(f));
}

static const unsigned configured[] = {0, VT_LATER, VT_ANYWHERE};

#define CONFIGURED (sizeof configured / sizeof *configured)

/* ---- helpers: what is refused, and to whom ---- */

/* Everything that takes or registers answers with the status, at once, and
 * keeps nothing. */
static void assert_refuses(vt_t v, int64_t status) {
  for (size_t i = 0; i < CONFIGURED; i++) {
    struct seen seen = {0};
    assert_status(vt_on_completed(v, configured[i], seen_k, &seen), status);
    assert_int_equal(seen.count, 0);
    vt_await_with(v, configured[i], seen_k, &seen);
    assert_seen_status(&seen, status);
  }
  assert_status(vt_task_result(vt_as_task(v)).status, status);
  assert_status(vt_status(pass(v, 0)), status);
}

/* Taken: neither pending nor done well, by no question. */
static void assert_taken(vt_t v) {
  assert_refuses(v, VT_ESTALE);
  assert_status(vt_get_result(v).status, VT_ESTALE);
  assert_status(vt_status(v), VT_ESTALE);
  assert_status(vt_cancel(v), VT_ESTALE);
  assert_true(vt_is_completed(v) && vt_is_failed(v));
  assert_false(vt_is_succeeded(v) || vt_is_cancelled(v));
}

static void take_by_await(struct fixture *f, const struct kind *kind,
                          struct rig *r, vt_t v) {
  struct seen seen = {0};
  vt_await(v, seen_k, &seen);
  complete(f, kind, r);
  assert_seen_int(&seen, kind->value);
}

static void take_by_get_result(struct fixture *f, const struct kind *kind,
                               struct rig *r, vt_t v) {
  complete(f, kind, r);
  assert_status(vt_status(v), 0);
  assert_int_equal(vt_get_result(v).value.i, kind->value);
}

static void take_by_function(struct fixture *f, const struct kind *kind,
                             struct rig *r, vt_t v) {
  struct seen seen = {0};
  vt_await(pass(v, 0), seen_k, &seen);
  complete(f, kind, r);
  assert_seen_int(&seen, kind->value);
}

static void take_by_as_task(struct fixture *f, const struct kind *kind,
                            struct rig *r, vt_t v) {
  vt_task_t *task = vt_as_task(v);
  if (kind != read_kind) /* a user's own source only knows who awaits */
    assert_status(vt_get_result(v).status, VT_ESTALE);
  complete(f, kind, r);
  assert_int_equal(vt_task_result(task).value.i, kind->value);
  vt_task_unref(task);
}

static void (*const takings[])(struct fixture *, const struct kind *,
                               struct rig *, vt_t) = {
    take_by_await, take_by_get_result, take_by_function, take_by_as_task};

/* Taken each way, it is refused; so it is while the next operation, in the same
 * memory, is pending, which notices nothing. So is a token not yet given. */
static void await_then_get_result(struct fixture *f, const struct kind *kind) {
  for (size_t i = 0; i < sizeof takings / sizeof *takings; i++) {
    struct seen seen = {0};
    struct rig rig;
    vt_t v, next, newer;
    rig_init(&rig);
    v = kind->begin(&rig);
    assert_status(vt_status(v), VT_PENDING);
    takings[i](f, kind, &rig, v);
    assert_taken(v);
    next = newer = kind->begin(&rig);
    newer.value.u += 1000;
    vt_await(next, seen_k, &seen);
    assert_taken(v);
    assert_taken(newer);
    vt_forget(v);
    assert_false(vt_await_stop(v, seen_k, &seen));
    assert_status(vt_status(next), VT_PENDING);
    complete(f, kind, &rig);
    assert_seen_int(&seen, kind->value);
  }
  assert_int_equal(fixture_pending(f), 0);
}

/* Registers by vt_on_completed or by vt_await; what was answered. */
static int64_t register_k(vt_t v, bool on_completed, unsigned flags,
                          struct seen *seen) {
  if (on_completed)
    return vt_on_completed(v, flags, seen_k, seen);
  vt_await_with(v, flags, seen_k, seen);
  return seen->count ? seen->result.status : 0;
}

/* The six ways to configure an await; a second one is refused, the first one
 * runs. */
static void multiple_continuations(struct fixture *f, const struct kind *kind) {
  for (size_t i = 0; i < CONFIGURED * 2; i++) {
    struct seen first = {0}, second = {0};
    unsigned flags = configured[i / 2];
    struct rig rig;
    vt_t v;
    rig_init(&rig);
    v = kind->begin(&rig);
    assert_status(register_k(v, i % 2, flags, &first), 0);
    assert_status(register_k(v, i % 2, flags, &second), VT_EAWAITED);
    assert_refuses(v, VT_EAWAITED);
    assert_int_equal(first.count, 0);
    complete(f, kind, &rig);
    assert_seen_int(&first, kind->value);
    assert_int_equal(second.count, i % 2 ? 0 : 1);
  }
}

/* ---- helpers: completed elsewhere ---- */

static void complete_on_thread(void *arg) {
  strict_complete(arg, result_int(42));
}

/* Where the continuation ran: true here, on the loop that awaited. */
static bool ran_here(struct fixture *f, bool before, unsigned flags) {
  struct seen seen = {0};
  uv_thread_t self = uv_thread_self();
  struct strict s;
  vt_t v;
  strict_init(&s);
  v = own_source_task(&s.own);
  if (before)
    fixture_on_thread(complete_on_thread, &s, 0);
  vt_await_with(v, flags, seen_k, &seen);
  if (!before) {
    assert_int_equal(seen.count, 0);
    assert_status(vt_status(v), VT_PENDING);
    fixture_on_thread(complete_on_thread, &s, 0);
  }
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 42);
  assert_status(vt_status(v), VT_ESTALE);
  return uv_thread_equal(&seen.thread, &self);
}

/* ---- the cases ---- */

static void read_async_await_then_get_result_throws(void **state) {
  await_then_get_result(*state, read_kind);
}

static void wait_to_read_async_await_then_get_result_throws(void **state) {
  await_then_get_result(*state, wait_to_read_kind);
}

static void write_async_await_then_get_result_throws(void **state) {
  await_then_get_result(*state, write_kind);
}

static void wait_to_write_async_await_then_get_result_throws(void **state) {
  await_then_get_result(*state, wait_to_write_kind);
}

static void read_async_multiple_continuations_throws(void **state) {
  multiple_continuations(*state, read_kind);
}

static void wait_to_read_async_multiple_continuations_throws(void **state) {
  multiple_continuations(*state, wait_to_read_kind);
}

static void write_async_multiple_continuations_throws(void **state) {
  multiple_continuations(*state, write_kind);
}

static void wait_to_write_async_multiple_continuations_throws(void **state) {
  multiple_continuations(*state, wait_to_write_kind);
}

/* Asked too early, as often as one likes, nothing changes. */
static void value_task_get_result_when_not_completed_throws(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < KINDS; i++) {
    struct rig rig;
    vt_t v;
    rig_init(&rig);
    v = kinds[i].begin(&rig);
    for (int n = 0; n < 3; n++)
      if (vt_get_result(v).status != VT_EPENDING)
        fail_msg("%s: a result before completion", kinds[i].name);
    assert_false(vt_is_completed(v));
    take_by_await(f, &kinds[i], &rig, v);
    assert_taken(v);
  }
}

/* However the first and the second one are configured. */
static void value_task_multiple_continuations_throws(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < KINDS * CONFIGURED * CONFIGURED; i++) {
    const struct kind *kind = &kinds[i / (CONFIGURED * CONFIGURED)];
    unsigned first = configured[i / CONFIGURED % CONFIGURED];
    unsigned second = configured[i % CONFIGURED];
    struct seen seen[2] = {{0}};
    struct rig rig;
    vt_t v;
    rig_init(&rig);
    v = kind->begin(&rig);
    assert_status(vt_on_completed(v, first, seen_k, &seen[0]), 0);
    if (vt_on_completed(v, second, seen_k, &seen[1]) != VT_EAWAITED)
      fail_msg("%s: a second continuation after %u", kind->name, first);
    complete(f, kind, &rig);
    assert_seen_int(&seen[0], kind->value);
    assert_int_equal(seen[1].count, 0);
  }
}

/* The context is the loop that awaits; whether it was complete before does not
 * matter, and a hit stays where it is. */
static void
reader_continues_on_current_synchronization_context_if_desired(void **state) {
  struct fixture *f = *state;
  assert_true(ran_here(f, false, 0));
  assert_true(ran_here(f, false, VT_LATER));
  assert_false(ran_here(f, false, VT_ANYWHERE));
  for (size_t i = 0; i < CONFIGURED; i++)
    assert_true(ran_here(f, true, configured[i]));
}

/* One source serves one operation after another; each older value task is
 * stale from then on, and none costs memory. */
static void read_async_consecutive_reads_succeed(void **state) {
  struct fixture *f = *state;
  vt_t older[20];
  uint64_t before = 0;
  struct rig rig;
  rig_init(&rig);
  for (size_t i = 0; i < 20; i++) {
    older[i] = read_kind->begin(&rig);
    take_by_await(f, read_kind, &rig, older[i]);
    if (i == 0)
      before = fixture_allocations();
  }
  assert_int_equal(fixture_allocations(), before);
  assert_true(vt_equal(read_kind->begin(&rig), read_kind->begin(&rig)));
  for (size_t i = 0; i < 20; i++) {
    assert_true(older[i].source == older[0].source);
    assert_taken(older[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(read_async_await_then_get_result_throws),
      fixture_test(wait_to_read_async_await_then_get_result_throws),
      fixture_test(write_async_await_then_get_result_throws),
      fixture_test(wait_to_write_async_await_then_get_result_throws),
      fixture_test(read_async_multiple_continuations_throws),
      fixture_test(wait_to_read_async_multiple_continuations_throws),
      fixture_test(write_async_multiple_continuations_throws),
      fixture_test(wait_to_write_async_multiple_continuations_throws),
      fixture_test(value_task_get_result_when_not_completed_throws),
      fixture_test(value_task_multiple_continuations_throws),
      fixture_test(
          reader_continues_on_current_synchronization_context_if_desired),
      fixture_test(read_async_consecutive_reads_succeed),
  };
  return fixture_main("conformance/strict_source", tests);
}
