/* SPDX-License-Identifier: MIT */
/* Scopes in random schedules: nested ones, members of many kinds, completed,
 * cancelled and timed out in an order that a seed gives. Each continuation runs
 * once, each join once. */
#include "support/fixture.h"
#include "support/gate.h"

#include <stdlib.h>

/* ---- helpers ---- */

enum { SCOPES = 12, MEMBERS = 150, STEPS = 400 };

struct place {
  vt_scope_t *scope; /* NULL: not made, or over */
  struct seen joined;
  bool made, joining;
};

struct member {
  struct gate gate;
  struct seen seen;
};

struct world {
  struct fixture *f;
  uint32_t seed;
  vt_promise_t *promise;
  struct place places[SCOPES];
  struct member members[MEMBERS];
  int begun, started, ended;
  int cancelled; /* of members */
};

static unsigned pick(struct world *w, unsigned below) {
  w->seed = w->seed * 1664525u + 1013904223u;
  return (w->seed >> 8) % below;
}

static void on_joined(void *state, vt_result_t r) {
  struct place *p = state;
  p->scope = NULL;
  seen_k(&p->joined, r);
}

struct work_frame {
  vt_frame_t vt;
  struct world *w;
  vt_t v;
  bool counts; /* one of vt_scope_start */
};

/* Awaits, and cleans up with an await that must not fail. */
static vt_t work_body(void *frame) {
  struct work_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->v);
  VT_TRY(f, vt_yield());
  VT_TRY(f, vt_delay(1));
  VT_FINALLY(f);
  VT_TRY(f, vt_yield());
  f->w->ended += f->counts;
  VT_END(f);
}

static vt_t promised(struct world *w) {
  return vt_from_task(vt_promise_task(w->promise));
}

/* A member of one kind or another, in the current scope. */
static vt_t begin(struct world *w, struct member *m) {
  struct work_frame frame = {.w = w};
  m->gate.cancel_rc = pick(w, 4) == 0 ? UV_EBUSY : 0;
  switch (pick(w, 7)) {
  case 0:
    return vt_delay(1 + pick(w, 3));
  case 1:
    return vt_yield();
  case 2:
    return vt_with_timeout(gate_begin(&m->gate), 1 + pick(w, 3));
  case 3:
    frame.v = promised(w);
    return vt_start(&frame, work_body);
  case 4:
    frame.v = gate_begin(&m->gate);
    return vt_start(&frame, work_body);
  case 5:
    return gate_begin_detachable(&m->gate);
  default:
    return gate_begin(&m->gate);
  }
}

static void begin_in(struct world *w, struct place *p) {
  struct work_frame frame = {.w = w, .v = promised(w), .counts = true};
  if (w->begun == MEMBERS)
    return;
  struct member *m = &w->members[w->begun++];
  vt_scope_t *before = vt_scope_enter(p->scope);
  vt_await(begin(w, m), seen_k, &m->seen);
  vt_scope_leave(before);
  if (p->scope && pick(w, 4) == 0)
    w->started +=
        vt_scope_start(p->scope, &frame, sizeof frame, work_body) == 0;
}

static void make_in(struct world *w, struct place *p, struct place *parent) {
  vt_scope_options_t options = {.timeout_ms = pick(w, 3) ? 0 : 1 + pick(w, 4),
                                .cleanup_ms = pick(w, 2) ? 0 : 1000,
                                .flags = pick(w, 2) ? VT_SCOPE_FAIL_FAST : 0,
                                .limit = pick(w, 3)};
  if (p->made)
    return;
  vt_scope_t *before = vt_scope_enter(parent->scope);
  p->made = vt_scope_new(&options, &p->scope) == 0;
  vt_scope_leave(before);
}

static void join(struct place *p) {
  if (!p->scope || p->joining)
    return;
  p->joining = true;
  vt_await(vt_scope_join(p->scope), on_joined, p);
}

static void step(struct world *w) {
  struct place *p = &w->places[pick(w, SCOPES)];
  struct member *m = &w->members[pick(w, MEMBERS)];
  switch (pick(w, 8)) {
  case 0:
    make_in(w, p, &w->places[pick(w, SCOPES)]);
    break;
  case 1:
    if (p->scope && pick(w, 8) == 0)
      vt_scope_cancel(p->scope, UV_ECANCELED);
    break;
  case 2:
    if (pick(w, 3) == 0)
      join(p);
    break;
  case 3:
    if (m->gate.op)
      gate_open(&m->gate, result_int(0));
    break;
  case 4:
    fixture_turn(w->f);
    break;
  default:
    begin_in(w, p);
  }
}

/* Ends all that is left. */
static void finish(struct world *w) {
  for (int i = 0; i < SCOPES; i++)
    join(&w->places[i]);
  for (int i = 0; i < w->begun; i++)
    if (w->members[i].gate.op)
      gate_open(&w->members[i].gate, result_int(0));
  vt_promise_set(w->promise, (vt_value_t){0});
}

static bool is_outcome(const struct seen *seen) {
  int64_t status = seen->result.status;
  return seen->count == 1 &&
         (status == 0 || status == UV_ECANCELED || status == UV_ETIMEDOUT);
}

static void live(struct world *w) {
  assert_status(vt_promise_new(0, &w->promise), 0);
  for (int i = 0; i < STEPS; i++)
    step(w);
  finish(w);
  assert_true(fixture_run(w->f));
  for (int i = 0; i < w->begun; i++) {
    assert_true(is_outcome(&w->members[i].seen));
    w->cancelled += w->members[i].seen.result.status == UV_ECANCELED;
  }
  for (int i = 0; i < SCOPES; i++)
    assert_true(!w->places[i].made || is_outcome(&w->places[i].joined));
  assert_true(w->ended <= w->started); /* a cancel drops some */
  assert_int_equal(fixture_pending(w->f), 0);
  vt_promise_free(w->promise);
}

/* ---- it works ---- */

static void whatever_the_order_each_once(void **state) {
  int runs = getenv("VT_VALGRIND") ? 20 : 400;
  int cancelled = 0, begun = 0;
  for (int i = 0; i < runs; i++) {
    struct world *w = calloc(1, sizeof *w);
    w->f = *state;
    w->seed = (uint32_t)i * 7919u + 1;
    live(w);
    cancelled += w->cancelled;
    begun += w->begun;
    free(w);
  }
  assert_true(cancelled > begun / 20); /* it was no walk in the park */
  assert_true(cancelled < begun);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(whatever_the_order_each_once),
  };
  return fixture_main("scope_random", tests);
}
