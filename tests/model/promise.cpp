/* SPDX-License-Identifier: MIT */
/* A promise dropped while its task is completed elsewhere: vt_promise_free of
 * lib/core/promise.c against vt_promise_set, and report_unobserved at the last
 * unref of lib/core/task.c. The settling itself, under a lock, is in task.cpp:
 * here it is one compare-exchange.
 *
 * Claimed: the outcome is that of one of the two; the drop is reported where it
 * won, and only there; and it is never reported a second time, as a failure
 * that nobody observed, whichever thread has the last reference.
 *
 * WEAK=1 [USER ASSERT FAILED] reports a drop without having won
 * WEAK=2 [USER ASSERT FAILED] marks the drop as observed after the unref
 * WEAK=3 [USER ASSERT FAILED] releases nothing at the unref */
#include "model.hpp"

enum { PENDING, SET, DROPPED };

struct promise_model : rl::test_suite<promise_model, 2> {
  std::atomic<int> outcome;
  std::atomic<bool> observed;
  std::atomic<int> refs;
  int drops_reported;
  int unobserved_reported;
  int freed;

  void before() {
    outcome($).store(PENDING, rl::mo_relaxed);
    observed($).store(false, rl::mo_relaxed);
    refs($).store(2, rl::mo_relaxed);
    drops_reported = unobserved_reported = freed = 0;
  }

  bool complete(int value) {
    int expected = PENDING;
    return outcome($).compare_exchange_strong(expected, value, rl::mo_acq_rel,
                                              rl::mo_acquire);
  }

  void unref() {
    if (refs($).fetch_sub(1, WEAK == 3 ? rl::mo_relaxed : rl::mo_acq_rel) != 1)
      return;
    freed++;
    if (outcome($).load(rl::mo_acquire) == DROPPED &&
        !observed($).load(rl::mo_relaxed))
      unobserved_reported++;
  }

  void drop() {
    bool dropped = false;
    if (outcome($).load(rl::mo_acquire) == PENDING)
      dropped = complete(DROPPED) || WEAK == 1;
    if (dropped)
      drops_reported++;
    if (WEAK == 2)
      unref();
    if (dropped)
      observed($).store(true, rl::mo_seq_cst);
    if (WEAK != 2)
      unref();
  }

  void thread(unsigned index) {
    if (index == 0) {
      drop();
    } else {
      complete(SET);
      unref();
    }
  }

  void after() {
    int at = outcome($).load(rl::mo_relaxed);
    MODEL_CHECK(at != PENDING && freed == 1);
    MODEL_CHECK(drops_reported == (at == DROPPED ? 1 : 0));
    MODEL_CHECK(unobserved_reported == 0);
  }
};

int main() {
  model_run<promise_model>(0);
  return 0;
}
