/* SPDX-License-Identifier: MIT */
/* The cancel of a million async functions that await each other goes down to
 * the operation, and the outcome up again, in a stack of 64 KiB. */
#include "narrow.h"
#include "support/functions.h"
#include "support/gate.h"
#include "support/own_source.h"

/* ---- helpers ---- */

/* What the innermost function awaits. */
enum bottom { GATE, OWN, DELAY, PROMISE };

struct deep {
  vt_t (*link)(vt_t v);
  enum bottom bottom;
  bool forgotten; /* not awaited but forgotten, after the cancel */
  int rc;         /* what vt_cancel answers */
  int64_t status; /* what the outermost completes with */
};

struct operations {
  struct gate gate;
  struct own_source own;
  vt_promise_t *promise;
};

static vt_t begin(struct operations *o, enum bottom bottom) {
  switch (bottom) {
  case GATE:
    return gate_begin(&o->gate);
  case OWN:
    own_source_init(&o->own);
    return own_source_task(&o->own);
  case DELAY:
    return vt_delay(3600 * 1000);
  default:
    if (vt_promise_new(0, &o->promise) != 0)
      return vt_failed(UV_ENOMEM);
    return vt_from_task(vt_promise_task(o->promise));
  }
}

static void run(struct narrow *n) {
  const struct deep *deep = n->kind;
  struct operations o = {.promise = NULL};
  struct seen seen = {0};
  vt_t v = functions_chain(deep->link, begin(&o, deep->bottom), n->links);
  n->wrong += vt_status(v) != VT_PENDING;
  if (!deep->forgotten)
    vt_await(v, seen_k, &seen);
  n->wrong += vt_cancel(v) != deep->rc;
  if (deep->forgotten)
    vt_forget(v);
  if (o.promise)
    vt_promise_set(o.promise, (vt_value_t){.i = 5});
  fixture_run(n->f);
  vt_promise_free(o.promise);
  n->wrong += seen.count != !deep->forgotten;
  n->wrong += seen.result.status != deep->status;
  n->done = n->links;
  narrow_round_end(n);
}

static void cancelled(const struct deep *deep) {
  narrow_assert_keeps(run, deep, NARROW_DEEP);
}

/* ---- it works ---- */

static void cancel_reaches_the_operation_of_a_deep_chain(void **state) {
  (void)state;
  cancelled(
      &(struct deep){functions_link, GATE, false, 0, .status = UV_ECANCELED});
}

static void cancel_reaches_a_users_source(void **state) {
  (void)state;
  cancelled(
      &(struct deep){functions_link, OWN, false, 0, .status = UV_ECANCELED});
}

static void cancel_reaches_a_delay(void **state) {
  (void)state;
  cancelled(
      &(struct deep){functions_link, DELAY, false, 0, .status = UV_ECANCELED});
}

static void cancel_passes_clean_ups_on_its_way_up(void **state) {
  (void)state;
  cancelled(
      &(struct deep){functions_clean, GATE, false, 0, .status = UV_ECANCELED});
}

static void cancel_passes_frames_that_are_boxed(void **state) {
  (void)state;
  cancelled(
      &(struct deep){functions_boxed, DELAY, false, 0, .status = UV_ECANCELED});
}

static void a_cancelled_chain_that_is_forgotten_frees_itself(void **state) {
  (void)state;
  cancelled(&(struct deep){functions_link, GATE, true, 0, .status = 0});
}

/* A task may have other awaiters: it has no cancel, and lets the chain go. */
static void cancel_is_let_go_by_a_task(void **state) {
  (void)state;
  cancelled(&(struct deep){functions_link, PROMISE, false, 0,
                           .status = UV_ECANCELED});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cancel_reaches_the_operation_of_a_deep_chain),
      cmocka_unit_test(cancel_reaches_a_users_source),
      cmocka_unit_test(cancel_reaches_a_delay),
      cmocka_unit_test(cancel_passes_clean_ups_on_its_way_up),
      cmocka_unit_test(cancel_passes_frames_that_are_boxed),
      cmocka_unit_test(a_cancelled_chain_that_is_forgotten_frees_itself),
      cmocka_unit_test(cancel_is_let_go_by_a_task),
  };
  return fixture_main("stack_cancel", tests);
}
