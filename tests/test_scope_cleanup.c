/* SPDX-License-Identifier: MIT */
/* Scopes and clean-ups: what VT_FINALLY begins is shielded from the cancel.
 * Built three times: plain, with VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/gate.h"

/* ---- helpers ---- */

#define FAR_MS UINT64_C(3600000)

static vt_scope_t *scope_open(uint64_t cleanup_ms) {
  vt_scope_options_t options = {.cleanup_ms = cleanup_ms};
  vt_scope_t *scope = NULL;
  assert_status(vt_scope_new(&options, &scope), 0);
  assert_null(vt_scope_enter(scope));
  return scope;
}

static void scope_done(vt_scope_t *scope, struct seen *joined) {
  vt_scope_leave(NULL);
  vt_await(vt_scope_join(scope), seen_k, joined);
}

/* Makes a value task when the clean-up asks for it. */
typedef vt_t make_fn(void *arg);

/* What a body did. */
struct trace {
  int64_t body, first, second; /* statuses of the awaits */
  vt_scope_t *scopes[3];       /* before, in and after the clean-up's await */
  int cleaned;
};

struct clean_frame {
  vt_frame_t vt;
  vt_t v;        /* of the body */
  make_fn *make; /* of the clean-up's first await */
  void *arg;
  struct trace *trace;
  vt_result_t r;
};

static vt_t clean_body(void *frame) {
  struct clean_frame *f = frame;
  VT_BEGIN(f);
  VT_AWAIT(f, f->r, f->v);
  f->trace->body = f->r.status;
  f->trace->scopes[0] = vt_scope_current();
  VT_RETURN(f, vt_from_result(f->r));
  VT_FINALLY(f);
  VT_AWAIT(f, f->r, f->make(f->arg));
  f->trace->first = f->r.status;
  f->trace->scopes[1] = vt_scope_current();
  VT_AWAIT(f, f->r, vt_yield());
  f->trace->second = f->r.status;
  f->trace->scopes[2] = vt_scope_current();
  f->trace->cleaned++;
  VT_END(f);
}

static vt_t clean(vt_t v, make_fn *make, void *arg, struct trace *trace) {
  struct clean_frame frame = {.v = v, .make = make, .arg = arg, .trace = trace};
  return vt_start(&frame, clean_body);
}

static vt_t make_gate(void *gate) { return gate_begin(gate); }

static vt_t make_done(void *none) {
  (void)none;
  return vt_done();
}

static vt_t make_promised(void *promise) {
  return vt_from_task(vt_promise_task(promise));
}

struct wait_frame {
  vt_frame_t vt;
  struct gate *gate;
};

static vt_t wait_body(void *frame) {
  struct wait_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_TRY(f, gate_begin(f->gate));
  VT_TRY(f, vt_yield());
  VT_END(f);
}

/* A function that begins its gate only later. */
static vt_t make_function(void *gate) {
  struct wait_frame frame = {.gate = gate};
  return vt_start(&frame, wait_body);
}

struct level_frame {
  vt_frame_t vt;
  struct gate *gate;
  struct trace *trace;
};

/* A function with a clean-up of its own. */
static vt_t make_clean(void *arg) {
  struct level_frame *l = arg;
  return clean(vt_yield(), make_gate, l->gate, l->trace);
}

/* ---- it works ---- */

static void it_completes_in_a_cancelled_scope(void **state) {
  struct fixture *f = *state;
  make_fn *const makes[] = {make_gate, make_function};
  for (int i = 0; i < 4; i++) {
    struct gate body = {0}, during = {0};
    struct trace trace = {0};
    struct seen seen = {0}, joined = {0};
    vt_scope_t *scope = scope_open(0);
    vt_t v = i & 2 ? gate_begin(&body) : vt_failed(UV_ECANCELED);
    v = clean(v, makes[i & 1], &during, &trace);
    assert_ptr_equal(vt_scope_current(), scope); /* unshielded for us */
    vt_await(v, seen_k, &seen);
    scope_done(scope, &joined);
    fixture_turn(f);
    vt_scope_cancel(scope, UV_ECANCELED);
    for (int turn = 0; turn < 3; turn++)
      fixture_turn(f);
    assert_non_null(during.op);
    assert_int_equal(joined.count, 0); /* the clean-up is waited for */
    assert_int_equal(during.cancels, 0);
    gate_open(&during, result_int(0));
    assert_true(fixture_run(f));
    assert_status(trace.body, UV_ECANCELED);
    assert_status(trace.first, 0);
    assert_status(trace.second, 0);
    for (int at = 0; at < 3; at++)
      assert_ptr_equal(trace.scopes[at], scope);
    assert_int_equal(trace.cleaned, 1);
    assert_seen_status(&seen, UV_ECANCELED);
    assert_seen_status(&joined, UV_ECANCELED);
  }
}

static void clean_ups_nest(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct trace inner = {0}, outer = {0};
  struct seen seen = {0}, joined = {0};
  struct level_frame level = {.gate = &gate, .trace = &inner};
  vt_scope_t *scope = scope_open(0);
  vt_scope_cancel(scope, UV_ECANCELED);
  vt_await(clean(vt_yield(), make_clean, &level, &outer), seen_k, &seen);
  scope_done(scope, &joined);
  for (int turn = 0; turn < 3; turn++)
    fixture_turn(f);
  gate_open(&gate, result_int(0));
  assert_true(fixture_run(f));
  assert_status(outer.body, UV_ECANCELED); /* it was begun in the scope, */
  assert_status(inner.body, 0);            /* and this under the shield */
  assert_status(inner.first, 0);
  assert_status(outer.first, 0);
  assert_int_equal(inner.cleaned + outer.cleaned, 2);
  assert_seen_status(&joined, UV_ECANCELED);
}

static void a_hit_leaves_the_scope_as_it_was(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0};
  struct trace trace = {0};
  struct seen seen[2] = {{0}, {0}}, joined = {0};
  vt_scope_t *scope = scope_open(0);
  vt_await(clean(vt_done(), make_done, NULL, &trace), seen_k, &seen[0]);
  vt_await(gate_begin(&gate), seen_k, &seen[1]); /* it is not shielded */
  scope_done(scope, &joined);
  vt_scope_cancel(scope, UV_ECANCELED);
  assert_int_equal(gate.cancels, 1);
  assert_true(fixture_run(f));
  assert_status(trace.second, 0);
  assert_seen_int(&seen[0], 0);
  assert_seen_status(&seen[1], UV_ECANCELED);
}

/* A continuation that begins a gate where it runs. */
static void begin_gate(void *gate, vt_result_t r) {
  (void)r;
  vt_forget(gate_begin(gate));
}

static void what_awaits_the_function_is_not_shielded(void **state) {
  struct fixture *f = *state;
  struct gate during = {0}, after = {0};
  struct trace trace = {0};
  struct seen joined = {0};
  vt_scope_t *scope = scope_open(0);
  vt_t v = clean(vt_done(), make_gate, &during, &trace); /* boxed in it */
  vt_await(v, begin_gate, &after);
  scope_done(scope, &joined);
  gate_open(&during, result_int(0));
  for (int turn = 0; turn < 3; turn++)
    fixture_turn(f);
  assert_non_null(after.op);
  vt_scope_cancel(scope, UV_ECANCELED);
  assert_int_equal(after.cancels, 1);
  assert_true(fixture_run(f));
  assert_seen_status(&joined, UV_ECANCELED);
}

static void its_time_is_bounded(void **state) {
  struct fixture *f = *state;
  make_fn *const makes[] = {make_gate, make_function};
  for (int i = 0; i < 2; i++) {
    struct gate body = {0}, during = {0};
    struct trace trace = {0};
    struct seen seen = {0}, joined = {0};
    vt_scope_t *scope = scope_open(1);
    vt_t v = clean(gate_begin(&body), makes[i], &during, &trace);
    vt_await(v, seen_k, &seen);
    scope_done(scope, &joined);
    vt_scope_cancel(scope, UV_ETIMEDOUT);
    assert_true(fixture_run(f)); /* nobody opens during */
    assert_status(trace.first, UV_ECANCELED);
    assert_status(trace.second, UV_ECANCELED);
    assert_int_equal(trace.cleaned, 1);
    assert_seen_status(&joined, UV_ETIMEDOUT);
  }
}

static void its_time_is_up_for_a_task_too(void **state) {
  struct fixture *f = *state;
  for (int first = 0; first < 2; first++) {
    struct gate body = {0};
    struct trace trace = {0};
    struct seen seen = {0}, joined = {0};
    vt_promise_t *promise;
    assert_status(vt_promise_new(0, &promise), 0);
    vt_scope_t *scope = scope_open(1);
    vt_t v = first ? vt_failed(UV_ECANCELED) : gate_begin(&body);
    vt_await(clean(v, make_promised, promise, &trace), seen_k, &seen);
    scope_done(scope, &joined);
    vt_scope_cancel(scope, UV_ECANCELED);
    fixture_turn(f);
    assert_true(fixture_run_until(f, &joined.count, 1));
    assert_status(trace.first, UV_ECANCELED);
    assert_int_equal(trace.cleaned, 1);
    assert_seen_status(&seen, UV_ECANCELED);
    assert_status(vt_promise_set(promise, (vt_value_t){0}), 0);
    vt_promise_free(promise);
    assert_true(fixture_run(f));
  }
}

static void in_time_no_delay_is_left(void **state) {
  struct fixture *f = *state;
  struct gate body = {0}, during = {0};
  struct trace trace = {0};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope = scope_open(FAR_MS);
  vt_t v = clean(gate_begin(&body), make_gate, &during, &trace);
  vt_await(v, seen_k, &seen);
  scope_done(scope, &joined);
  vt_scope_cancel(scope, UV_ECANCELED);
  fixture_turn(f);
  gate_open(&during, result_int(0));
  assert_true(fixture_run(f));
  assert_status(trace.first, 0);
  assert_seen_status(&joined, UV_ECANCELED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(it_completes_in_a_cancelled_scope),
      fixture_test(clean_ups_nest),
      fixture_test(a_hit_leaves_the_scope_as_it_was),
      fixture_test(what_awaits_the_function_is_not_shielded),
      fixture_test(its_time_is_bounded),
      fixture_test(its_time_is_up_for_a_task_too),
      fixture_test(in_time_no_delay_is_left),
  };
  return fixture_main("scope_cleanup", tests);
}
