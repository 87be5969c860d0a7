/* SPDX-License-Identifier: MIT */
/* What the relacy models share: how one is run, libuv's async handle, the
 * library's spin lock. WEAK picks a weakened twin; 0 is the protocol itself. */
#ifndef VT_TEST_MODEL_HPP
#define VT_TEST_MODEL_HPP

#include <relacy/relacy_std.hpp>

#include <stdio.h>
#include <unistd.h>

#ifndef WEAK
#define WEAK 0
#endif

#define MODEL_CHECK(x) RL_ASSERT(x)

/* Tries every schedule, and every value that a load may see. One that fails is
 * told, and the program ends with 10. switches limits the forced switches of a
 * schedule; 0: no limit. */
template <typename model_t> void model_run(unsigned switches) {
  std::ostringstream out, progress;
  rl::test_params p;
  p.search_type = switches ? rl::sched_bound : rl::sched_full;
  p.context_bound = switches;
  p.execution_depth_limit = 4000;
  p.output_stream = &out;
  p.progress_stream = &progress;
  bool passed = rl::simulate<model_t>(p);
  if (!passed)
    printf("%s\n", out.str().c_str());
  printf("%s: %s in %lu schedules%s\n", p.test_name.c_str(),
         rl::test_result_str(p.test_result), (unsigned long)p.stop_iteration,
         switches ? ", switches limited" : "");
  if (passed)
    return;
  fflush(stdout);
  _exit(10); /* relacy owns what p holds now */
}

/* vt__spin_lock and vt__spin_unlock of lib/core/task_pool.c. A waiter that
 * found it locked looks again once another thread ran. */
struct spin_lock {
  std::atomic<bool> locked;

  void init() { locked($).store(false, rl::mo_relaxed); }

  void lock(rl::memory_order order = rl::mo_acquire) {
    while (locked($).exchange(true, order))
      rl::yield(1, $);
  }

  void unlock(rl::memory_order order = rl::mo_release) {
    locked($).store(false, order);
  }
};

/* uv_async_send of libuv 1.44.2, and what its loop does with it. pending: 0
 * none, 1 a sender is at it, 2 sent. wake stands for the eventfd; it orders
 * nothing, and is no event of its own in a schedule. */
struct uv_async {
  std::atomic<int> pending;
  int wake;

  void init() {
    pending($).store(0, rl::mo_relaxed);
    wake = 0;
  }

  void send() {
    if (pending($).load(rl::mo_relaxed) != 0)
      return;
    int none = 0;
    if (!pending($).compare_exchange_strong(none, 1, rl::mo_seq_cst))
      return;
    wake++;
    int busy = 1;
    MODEL_CHECK(pending($).compare_exchange_strong(busy, 2, rl::mo_seq_cst));
  }

  /* Whether the callback is due: uv__async_io, uv__async_spin. */
  bool clear() {
    if (wake == 0)
      return false;
    wake = 0;
    for (;;) {
      int sent = 2;
      if (pending($).compare_exchange_strong(sent, 0, rl::mo_seq_cst))
        return true;
      if (sent == 0)
        return false;
      rl::yield(1, $);
    }
  }
};

#endif
