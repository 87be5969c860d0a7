/* SPDX-License-Identifier: MIT */
/* Chains of 100,000 async functions, each waiting for the next, in a stack of
 * 64 KiB: completion, failure, cancellation, forgetting. Built three times:
 * plain, with VT_DEBUG, with VT_LABELS. */
#include "support/fixture.h"
#include "support/functions.h"
#include "support/gate.h"

#include <stdlib.h>

#define LINKS 100000

/* What sanitizers put into frames and threads is not ours. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK (512 * 1024)
#else
#define STACK (64 * 1024)
#endif

/* ---- helpers ---- */

struct chain {
  vt_t (*link)(vt_t v);
  void (*end)(struct chain *c, struct fixture *f);
  struct gate gate;
  vt_t head;
  struct seen seen;
  uint64_t left;
  const char *problem;
};

static void await_then_open(struct chain *c, struct fixture *f) {
  vt_await(c->head, seen_k, &c->seen);
  gate_open(&c->gate, result_int(1));
  fixture_run(f);
}

static void await_then_fail(struct chain *c, struct fixture *f) {
  vt_await(c->head, seen_k, &c->seen);
  gate_open(&c->gate, result_failed(UV_EIO));
  fixture_run(f);
}

static void await_then_cancel(struct chain *c, struct fixture *f) {
  vt_await(c->head, seen_k, &c->seen);
  vt_cancel(c->head);
  fixture_run(f);
}

static void cancel_then_forget(struct chain *c, struct fixture *f) {
  vt_cancel(c->head);
  vt_forget(c->head);
  fixture_run(f);
}

static void stop_then_open(struct chain *c, struct fixture *f) {
  vt_await(c->head, seen_k, &c->seen);
  if (!vt_await_stop(c->head, seen_k, &c->seen))
    c->problem = "not stopped";
  gate_open(&c->gate, result_int(1));
  fixture_run(f);
}

static void run_on_thread(void *arg) {
  struct chain *c = arg;
  struct fixture *f = malloc(sizeof *f);
  c->problem = fixture_open(f);
  if (c->problem)
    return;
  c->head = functions_chain(c->link, gate_begin(&c->gate), LINKS);
  c->end(c, f);
  c->left = fixture_pending(f);
  if (!c->problem)
    c->problem = fixture_close(f);
  if (c->problem)
    print_error("%s\n", c->problem);
  else
    free(f);
}

static struct chain run(vt_t (*link)(vt_t v),
                        void (*end)(struct chain *, struct fixture *)) {
  struct chain c = {.link = link, .end = end};
  fixture_on_thread(run_on_thread, &c, STACK);
  assert_null(c.problem);
  assert_int_equal(c.left, 0);
  return c;
}

/* ---- it works ---- */

static void a_chain_completes(void **state) {
  struct chain c = run(functions_link, await_then_open);
  (void)state;
  assert_seen_int(&c.seen, LINKS + 1);
}

static void a_chain_of_returns_completes(void **state) {
  struct chain c = run(functions_tail, await_then_open);
  (void)state;
  assert_seen_int(&c.seen, 1);
}

static void a_chain_with_clean_ups_completes(void **state) {
  struct chain c = run(functions_clean, await_then_fail);
  (void)state;
  assert_seen_status(&c.seen, UV_EIO);
}

static void a_failure_goes_up(void **state) {
  struct chain c = run(functions_link, await_then_fail);
  (void)state;
  assert_seen_status(&c.seen, UV_EIO);
}

static void a_cancel_goes_down(void **state) {
  struct chain c = run(functions_link, await_then_cancel);
  (void)state;
  assert_int_equal(c.gate.cancels, 1);
  assert_seen_status(&c.seen, UV_ECANCELED);
}

static void a_forgotten_chain_frees_itself(void **state) {
  struct chain c = run(functions_link, cancel_then_forget);
  (void)state;
  assert_int_equal(c.gate.cancels, 1);
}

static void a_stopped_chain_frees_itself(void **state) {
  struct chain c = run(functions_link, stop_then_open);
  (void)state;
  assert_int_equal(c.seen.count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_chain_completes),
      cmocka_unit_test(a_chain_of_returns_completes),
      cmocka_unit_test(a_chain_with_clean_ups_completes),
      cmocka_unit_test(a_failure_goes_up),
      cmocka_unit_test(a_cancel_goes_down),
      cmocka_unit_test(a_forgotten_chain_frees_itself),
      cmocka_unit_test(a_stopped_chain_frees_itself),
  };
  return fixture_main("async_chain", tests);
}
