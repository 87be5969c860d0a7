/* SPDX-License-Identifier: MIT */
/* The count of senders against the end of a loop: vt__inbox_post of
 * lib/core/ready.c, vt_loop_detach and finish_close of lib/core/loop.c.
 *
 * Claimed: a detach that has taken every block, and so is not refused, frees
 * the loop only after the last touch of each sender: its wake-up and its step
 * down, which both come after the block could be taken. memory stands for the
 * loop and its async handle: senders read it, the detach writes it.
 *
 * WEAK=1 [DATA RACE] detaches without waiting for the senders
 * WEAK=2 [DATA RACE] senders step down without release
 * WEAK=3 [DATA RACE] the wait has no acquire
 * WEAK=4 [DATA RACE] senders count themselves once they have published */
#include "model.hpp"

struct loop {
  std::atomic<int> inbox; /* blocks in it */
  std::atomic<int> senders;
  rl::var<int> memory;

  void init() {
    inbox($).store(0, rl::mo_relaxed);
    senders($).store(0, rl::mo_relaxed);
    memory($) = 1;
  }

  void post() {
    if (WEAK != 4)
      senders($).fetch_add(1, rl::mo_seq_cst);
    inbox($).fetch_add(1, rl::mo_seq_cst);
    if (WEAK == 4)
      senders($).fetch_add(1, rl::mo_seq_cst);
    MODEL_CHECK((int)memory($) == 1); /* uv_async_send */
    senders($).fetch_sub(1, WEAK == 2 ? rl::mo_relaxed : rl::mo_release);
  }

  /* False where blocks are out still: UV_EBUSY. */
  bool detach(int *out) {
    *out -= inbox($).exchange(0, rl::mo_acq_rel);
    if (*out != 0)
      return false;
    while (WEAK != 1 &&
           senders($).load(WEAK == 3 ? rl::mo_relaxed : rl::mo_acquire) != 0)
      rl::yield(1, $);
    memory($) = 0;
    return true;
  }
};

struct detach_model : rl::test_suite<detach_model, 3> {
  loop l;
  int out;
  bool detached;

  void before() {
    l.init();
    out = 2;
    detached = false;
  }

  void thread(unsigned index) {
    if (index != 0)
      l.post();
    else
      for (int tries = 0; tries < 2 && !detached; tries++)
        detached = l.detach(&out);
  }

  void after() { MODEL_CHECK(detached || l.detach(&out)); }
};

int main() {
  model_run<detach_model>(0);
  return 0;
}
