/* SPDX-License-Identifier: MIT */
/* Scopes without memory: what cannot be begun is refused, and what was begun is
 * cancelled, cleaned up and joined. */
#include "support/fault.h"
#include "support/fixture.h"

/* ---- helpers ---- */

#define FAR_MS UINT64_C(3600000)

enum { JOBS = 6 };

struct job_frame {
  vt_frame_t vt;
  int *cleaned;
  vt_promise_t *promise;
  char bytes[300];
};

static vt_t job_body(void *frame) {
  struct job_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_TRY(f, vt_from_task(vt_promise_task(f->promise)));
  VT_FINALLY(f);
  ++*f->cleaned;
  VT_TRY(f, vt_delay(1));
  VT_END(f);
}

struct run {
  struct fixture f;
  vt_promise_t *promise;
  vt_scope_options_t options;
  struct seen begun[JOBS], joined;
  int started, cleaned;
  int64_t made;
};

/* Begins and starts jobs in a scope, turns the loop, cancels, joins. */
static void live(struct run *r) {
  struct job_frame frame = {.cleaned = &r->cleaned, .promise = r->promise};
  vt_scope_t *scope;
  r->made = vt_scope_new(&r->options, &scope);
  if (r->made != 0)
    return;
  vt_scope_t *before = vt_scope_enter(scope);
  for (int i = 0; i < JOBS; i++)
    vt_await(vt_start(&frame, job_body), seen_k, &r->begun[i]);
  vt_scope_leave(before);
  for (int i = 0; i < JOBS; i++)
    r->started += vt_scope_start(scope, &frame, sizeof frame, job_body) == 0;
  fixture_turn(&r->f);
  vt_scope_cancel(scope, UV_ECANCELED);
  vt_await(vt_scope_join(scope), seen_k, &r->joined);
  fixture_run_until(&r->f, &r->joined.count, 1);
}

static const char *wrong(const struct run *r) {
  if (r->made != 0)
    return r->made == UV_ENOMEM ? NULL : "not made for another reason";
  if (r->joined.count != 1)
    return "not joined once";
  if (r->joined.result.status != UV_ECANCELED)
    return "joined with another status";
  for (int i = 0; i < JOBS; i++)
    if (r->begun[i].count != 1)
      return "a continuation did not run once";
  if (r->cleaned < JOBS || r->cleaned > JOBS + r->started)
    return "clean-ups did not run once each";
  return NULL;
}

static const char *run_once(uint64_t n, enum fault_mode mode,
                            vt_scope_options_t options) {
  struct run r = {.options = options};
  const char *problem = fixture_open(&r.f);
  if (problem)
    return problem;
  if (vt_promise_new(0, &r.promise) != 0)
    return "no promise";
  fault_arm(n, mode);
  live(&r);
  fault_disarm();
  vt_promise_set(r.promise, (vt_value_t){0});
  vt_promise_free(r.promise);
  fixture_run(&r.f);
  problem = wrong(&r);
  const char *left = fixture_close(&r.f);
  return problem ? problem : left;
}

static const char *plain_scenario(uint64_t n, enum fault_mode mode) {
  return run_once(n, mode, (vt_scope_options_t){0});
}

static const char *bounded_scenario(uint64_t n, enum fault_mode mode) {
  return run_once(n, mode,
                  (vt_scope_options_t){.timeout_ms = FAR_MS, .cleanup_ms = 1});
}

static const char *limited_scenario(uint64_t n, enum fault_mode mode) {
  return run_once(
      n, mode, (vt_scope_options_t){.limit = 2, .flags = VT_SCOPE_FAIL_FAST});
}

static void walk(fault_scenario_fn *scenario) {
  const char *problem = fault_walk(scenario);
  if (problem)
    fail_msg("%s", problem);
}

/* ---- it works ---- */

static void a_scope(void **state) {
  (void)state;
  walk(plain_scenario);
}

static void a_scope_with_deadlines(void **state) {
  (void)state;
  walk(bounded_scenario);
}

static void a_scope_with_a_limit(void **state) {
  (void)state;
  walk(limited_scenario);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_scope),
      cmocka_unit_test(a_scope_with_deadlines),
      cmocka_unit_test(a_scope_with_a_limit),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault_scope", tests);
}
