/* SPDX-License-Identifier: MIT */
/* The claim of a waiter: resume, resume_late, vt__waiter_withdraw and
 * vt__waiter_free of lib/core/waiter.c, on a waiter that is registered with t,
 * resumed twice from other threads, withdrawn on its own, given back, and taken
 * for another registration with t + 4.
 *
 * Claimed: one of the two resumes is answered with 0, the other with VT_EDONE;
 * the continuation runs once, or never where the withdrawal was answered with
 * true; the block comes home once, and not before its last touch; the second
 * registration is left alone by the stale resume. anywhere_model: VT_ANYWHERE,
 * where the resumer reads k, or, resuming for later from a thread without a
 * loop (t + 3), leaves it to the loop. home_model: without it, where the loop
 * does.
 *
 * What is passed travels through the inbox (inbox.cpp): of the claim its one
 * order of changes is needed, not acquire and release, so no twin weakens them.
 *
 * WEAK=1 [USER ASSERT FAILED] the claim is looked at, then stored
 * WEAK=2 [DATA RACE] withdraws by k alone where another thread reads it
 * WEAK=3 [DATA RACE] gives back with the token it had
 * WEAK=4 [USER ASSERT FAILED] what was withdrawn is given back at once
 * WEAK=5 [USER ASSERT FAILED] a late resume does not claim what was withdrawn
 * WEAK=6 [USER ASSERT FAILED] what was withdrawn is not forgotten at home */
#include "model.hpp"

enum { T = 4 };

struct waiter {
  std::atomic<int> claim;
  rl::var<int> k; /* the registration that it runs; 0: forgotten */
  rl::var<bool> spent;
  std::atomic<int> home; /* times posted and not taken */
  int ran[3];            /* of each registration; where k says so */
  int given_back;

  void init() {
    claim($).store(T, rl::mo_relaxed);
    k($) = 1;
    spent($) = false;
    home($).store(0, rl::mo_relaxed);
    ran[0] = ran[1] = ran[2] = given_back = 0;
  }

  bool move(int *from, int to, rl::memory_order failing) {
#if WEAK == 1
    int found = claim($).load(rl::mo_acquire);
    bool same = found == *from;
    *from = found;
    if (same)
      claim($).store(to, rl::mo_release);
    return same;
#else
    return claim($).compare_exchange_strong(*from, to, rl::mo_acq_rel, failing);
#endif
  }

  void post() { home($).fetch_add(1, rl::mo_seq_cst); }

  bool resume_late(int token, int found) {
    int stopped = token + 2;
    if (found != stopped)
      return false;
    if (WEAK != 5 && !move(&stopped, token + 1, rl::mo_relaxed))
      return false;
    post();
    return true;
  }

  bool resume(int token, bool anywhere, bool later) {
    int found = token;
    if (!move(&found, token + (later ? 3 : 1), rl::mo_acquire))
      return resume_late(token, found);
    if (!anywhere || later) {
      post();
      return true;
    }
    int continuation = k($);
    spent($) = true;
    post();
    ran[continuation]++;
    return true;
  }

  /* On the loop from here on. */
  bool withdraw(bool anywhere) {
    if (!anywhere || WEAK == 2) {
      k($) = 0;
      return true;
    }
    int token = claim($).load(rl::mo_relaxed) & ~3;
    int found = token;
    if (!move(&found, token + 2, rl::mo_relaxed) && found != token + 3)
      return false;
    if (WEAK == 4)
      give_back();
    else if (WEAK != 6)
      k($) = 0;
    return true;
  }

  void give_back() {
    int at = claim($).load(rl::mo_relaxed);
    claim($).store(WEAK == 3 ? T : (at | 3) + 1, rl::mo_relaxed);
    given_back++;
    k($) = 2; /* the second registration */
    spent($) = false;
  }

  void take() {
    for (int n = home($).exchange(0, rl::mo_acq_rel); n > 0; n--) {
      if (!(bool)spent($))
        ran[(int)k($)]++;
      give_back();
    }
  }
};

template <bool anywhere, typename self_t>
struct claim_model : rl::test_suite<self_t, 3> {
  waiter w;
  bool withdrawn;
  int answered; /* resumes, with 0 */

  void before() {
    w.init();
    withdrawn = false;
    answered = 0;
  }

  void thread(unsigned index) {
    if (index != 0) {
      answered += w.resume(T, anywhere, anywhere && rl::rand(2) != 0);
      return;
    }
    w.take();
    if (w.given_back == 0)
      withdrawn = w.withdraw(anywhere);
    w.take();
  }

  void after() {
    w.take();
    MODEL_CHECK(answered == 1);
    MODEL_CHECK(w.given_back == 1);
    MODEL_CHECK(w.ran[1] == (withdrawn ? 0 : 1));
    MODEL_CHECK(w.ran[2] == 0);
  }
};

struct anywhere_model : claim_model<true, anywhere_model> {};
struct home_model : claim_model<false, home_model> {};

int main() {
  model_run<anywhere_model>(0);
  model_run<home_model>(0);
  return 0;
}
