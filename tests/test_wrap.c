/* SPDX-License-Identifier: MIT */
/* A user's source around another: it answers through the inner one's table, as
 * a decorator does. Every kind of source can stand inside. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

/* ---- helpers ---- */

struct wrap {
  vt_source_t source;
  vt_t inner; /* pending when it was wrapped */
  int asked;
};

static vt_source_t *inner_of(const struct wrap *w) {
  return (vt_source_t *)w->inner.source;
}

static int64_t wrap_status(const vt_source_t *source, uint64_t token) {
  const struct wrap *w = (const struct wrap *)source;
  if (token != source->token)
    return VT_ESTALE;
  return inner_of(w)->ops->status(inner_of(w), w->inner.value.u);
}

static vt_result_t wrap_result(vt_source_t *source, uint64_t token) {
  struct wrap *w = (struct wrap *)source;
  vt_result_t stale = {.status = VT_ESTALE};
  if (token != source->token)
    return stale;
  return inner_of(w)->ops->result(inner_of(w), w->inner.value.u);
}

static int wrap_on_completed(vt_source_t *source, uint64_t token,
                             const vt_continuation_t *c) {
  struct wrap *w = (struct wrap *)source;
  if (token != source->token)
    return VT_ESTALE;
  w->asked++;
  return inner_of(w)->ops->on_completed(inner_of(w), w->inner.value.u, c);
}

static int wrap_cancel(vt_source_t *source, uint64_t token) {
  struct wrap *w = (struct wrap *)source;
  return token == source->token ? vt_cancel(w->inner) : VT_ESTALE;
}

static const vt_source_ops_t wrap_ops = {.kind = "wrap",
                                         .status = wrap_status,
                                         .result = wrap_result,
                                         .on_completed = wrap_on_completed,
                                         .cancel = wrap_cancel};

static vt_t wrap(struct wrap *w, vt_t inner) {
  *w = (struct wrap){.source.ops = &wrap_ops, .inner = inner};
  return vt_from_source(&w->source);
}

struct await_frame {
  vt_frame_t vt;
  vt_t v;
};

static vt_t await_body(void *frame) {
  struct await_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, value, f->v);
  VT_RETURN(f, vt_from_value(value));
  VT_END(f);
}

static vt_t await_async(vt_t v) {
  struct await_frame frame = {.v = v};
  return vt_start(&frame, await_body);
}

/* One of each kind, completed by hand. */
enum kind { GATE, FUNCTION, TASK, RESET, OWN, WRAPPED, KINDS };

struct inner {
  struct gate gate;
  struct own_source own;
  vt_reset_source_t reset;
  vt_promise_t *promise;
  struct wrap wrapped;
};

static vt_t inner_begin(struct inner *i, enum kind kind) {
  *i = (struct inner){.promise = NULL};
  own_source_init(&i->own);
  vt_reset_source_init(&i->reset, 0);
  if (kind == GATE)
    return gate_begin(&i->gate);
  if (kind == FUNCTION)
    return await_async(gate_begin(&i->gate));
  if (kind == TASK && vt_promise_new(0, &i->promise) == 0)
    return vt_from_task(vt_promise_task(i->promise));
  if (kind == RESET)
    return vt_reset_source_task(&i->reset);
  if (kind == WRAPPED)
    return wrap(&i->wrapped, gate_begin(&i->gate));
  return own_source_task(&i->own);
}

static void inner_complete(struct inner *i, enum kind kind, vt_result_t r) {
  if (kind == GATE || kind == FUNCTION || kind == WRAPPED)
    gate_open(&i->gate, r);
  else if (kind == TASK && r.status != 0)
    vt_promise_fail(i->promise, r.status);
  else if (kind == TASK)
    vt_promise_set(i->promise, r.value);
  else if (kind == RESET)
    vt_reset_source_set(&i->reset, r);
  else
    own_source_complete(&i->own, r);
}

static void inner_end(struct inner *i) { vt_promise_free(i->promise); }

/* ---- it works ---- */

static void awaited_it_gives_the_inner_result(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < KINDS; kind++) {
    for (int way = 0; way < 4; way++) {
      vt_result_t r = way & 1 ? result_failed(UV_EIO) : result_int(6);
      struct inner inner;
      struct wrap w;
      struct seen seen = {0};
      vt_t v = wrap(&w, inner_begin(&inner, (enum kind)kind));
      assert_status(vt_status(v), VT_PENDING);
      vt_await(way & 2 ? await_async(v) : v, seen_k, &seen);
      assert_int_equal(seen.count, 0);
      inner_complete(&inner, (enum kind)kind, r);
      assert_true(fixture_run(f));
      fixture_assert_seen(&seen, r.status, 6, __FILE__, __LINE__);
      assert_int_equal(w.asked, 1);
      inner_end(&inner);
      assert_int_equal(fixture_pending(f), 0);
    }
  }
}

static void done_it_gives_the_inner_result(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < KINDS; kind++) {
    struct inner inner;
    struct wrap w;
    struct seen seen = {0};
    vt_t v = wrap(&w, inner_begin(&inner, (enum kind)kind));
    inner_complete(&inner, (enum kind)kind, result_int(7));
    assert_true(fixture_run(f));
    assert_status(vt_status(v), 0);
    vt_await(await_async(v), seen_k, &seen);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 7);
    inner_end(&inner);
  }
}

static void a_task_is_made_of_it(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < KINDS; kind++) {
    struct inner inner;
    struct wrap w;
    vt_task_t *task =
        vt_as_task(wrap(&w, inner_begin(&inner, (enum kind)kind)));
    assert_status(vt_task_status(task), VT_PENDING);
    inner_complete(&inner, (enum kind)kind, result_int(8));
    assert_true(fixture_run(f));
    assert_int_equal(vt_task_result(task).value.i, 8);
    vt_task_unref(task);
    inner_end(&inner);
  }
}

static void stopped_it_never_runs(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < KINDS; kind++) {
    struct inner inner;
    struct wrap w;
    struct seen seen = {0};
    vt_t v = wrap(&w, inner_begin(&inner, (enum kind)kind));
    vt_await(v, seen_k, &seen);
    assert_true(vt_await_stop(v, seen_k, &seen));
    inner_complete(&inner, (enum kind)kind, result_int(9));
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, 0);
    inner_end(&inner);
    assert_int_equal(fixture_pending(f), 0);
  }
}

static void a_delay_and_a_yield_may_be_inside(void **state) {
  struct fixture *f = *state;
  struct wrap w[3];
  struct seen seen[3] = {{0}};
  vt_t v;
  vt_await(wrap(&w[0], vt_delay(1)), seen_k, &seen[0]);
  vt_await(await_async(wrap(&w[1], vt_yield())), seen_k, &seen[1]);
  v = wrap(&w[2], vt_delay(3600 * 1000));
  vt_await(v, seen_k, &seen[2]);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], 0);
  assert_seen_status(&seen[1], 0);
  assert_seen_status(&seen[2], UV_ECANCELED);
}

/* ---- it fails ---- */

/* What keeps the awaiter of a wrapped operation lies where an operation was
 * before: its value task is stale like any. */
static void a_stale_one_may_name_what_keeps_the_awaiter(void **state) {
  struct fixture *f = *state;
  struct gate old = {0}, gate = {0};
  struct wrap w;
  struct seen seen = {0}, late = {0};
  vt_t inner = gate_begin(&gate), stale = gate_begin(&old);
  gate_open(&old, result_int(1));
  vt_get_result(stale);
  vt_await(wrap(&w, inner), seen_k, &seen); /* takes the same memory */
  assert_status(vt_status(stale), VT_ESTALE);
  assert_status(vt_get_result(stale).status, VT_ESTALE);
  assert_status(vt_cancel(stale), VT_ESTALE);
  assert_false(vt_await_stop(stale, seen_k, &seen));
  vt_await(stale, seen_k, &late);
  assert_seen_status(&late, VT_ESTALE);
  vt_forget(stale);
  gate_open(&gate, result_int(2));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 2);
}

static void a_second_await_is_refused(void **state) {
  struct fixture *f = *state;
  static const enum kind kinds[] = {GATE, FUNCTION, RESET, OWN, WRAPPED};
  for (size_t i = 0; i < 5; i++) {
    struct inner inner;
    struct wrap w;
    struct seen first = {0}, second = {0};
    vt_t v = wrap(&w, inner_begin(&inner, kinds[i]));
    vt_await(v, seen_k, &first);
    vt_await(v, seen_k, &second);
    assert_seen_status(&second, VT_EAWAITED);
    inner_complete(&inner, kinds[i], result_int(1));
    assert_true(fixture_run(f));
    assert_seen_int(&first, 1);
    assert_int_equal(fixture_pending(f), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(awaited_it_gives_the_inner_result),
      fixture_test(done_it_gives_the_inner_result),
      fixture_test(a_task_is_made_of_it),
      fixture_test(stopped_it_never_runs),
      fixture_test(a_delay_and_a_yield_may_be_inside),
      fixture_test(a_stale_one_may_name_what_keeps_the_awaiter),
      fixture_test(a_second_await_is_refused),
  };
  return fixture_main("wrap", tests);
}
