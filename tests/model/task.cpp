/* SPDX-License-Identifier: MIT */
/* The completion of a task: settle, vt__task_complete, task_attach,
 * task_on_completed and unlist of lib/core/task.c, and the spin lock of
 * lib/core/task_pool.c.
 *
 * Claimed: of two completions at once one is answered with 0, and the refused
 * one finds the task completed and the first result there; an awaiter that
 * registers meanwhile finds the result or is resumed with it, once;
 * one that is withdrawn meanwhile is out of the list, or resumed once.
 * complete_model: two completers and an awaiter that withdraws.
 * register_model: one completer, an awaiter that stays, over the spin lock.
 *
 * WEAK=1 [USER ASSERT FAILED] does not look again under the lock: never resumed
 * WEAK=2 [DATA RACE] completed, and the result not released with it
 * WEAK=3 [DATA RACE] unlocks without release
 * WEAK=4 [DATA RACE] locks without acquire
 * WEAK=5 [DATA RACE] completes without the lock
 * WEAK=6 [USER ASSERT FAILED] a withdrawn awaiter stays in the list */
#include "model.hpp"

/* Stands for the spin lock where full search over three spinning threads does
 * not end. */
struct blocking_lock {
  std::mutex mutex;
  void init() {}
  void lock(rl::memory_order) { mutex.lock($); }
  void unlock(rl::memory_order) { mutex.unlock($); }
};

template <typename lock_t> struct task {
  lock_t lock;
  std::atomic<bool> pending;
  rl::var<int> result;
  rl::var<bool> waits; /* the list of waiters, which has one place */
  std::atomic<int> resumed;

  void init() {
    lock.init();
    pending($).store(true, rl::mo_relaxed);
    result($) = 0;
    waits($) = false;
    resumed($).store(0, rl::mo_relaxed);
  }

  bool is_pending() { return pending($).load(rl::mo_acquire); }

  void take_lock() { lock.lock(WEAK == 4 ? rl::mo_relaxed : rl::mo_acquire); }

  void leave_lock() {
    lock.unlock(WEAK == 3 ? rl::mo_relaxed : rl::mo_release);
  }

  bool settle(int value, bool *out_waits) {
    if (WEAK != 5)
      take_lock();
    bool first = is_pending();
    if (first) {
      result($) = value;
      *out_waits = waits($);
      waits($) = false;
      pending($).store(false, WEAK == 2 ? rl::mo_relaxed : rl::mo_release);
    }
    if (WEAK != 5)
      leave_lock();
    return first;
  }

  bool complete(int value) {
    bool waiting = false;
    if (!settle(value, &waiting))
      return false;
    if (waiting)
      resumed($).fetch_add(1, rl::mo_relaxed);
    return true;
  }

  /* False where it is complete: nothing was registered. */
  bool register_waiter() {
    if (!is_pending())
      return false;
    take_lock();
    bool still = WEAK == 1 || is_pending();
    if (still)
      waits($) = true;
    leave_lock();
    return still;
  }

  /* False where the completer has it. */
  bool unlist() {
    take_lock();
    bool listed = waits($);
    if (listed && WEAK != 6)
      waits($) = false;
    leave_lock();
    return listed;
  }
};

template <typename task_t> struct awaiter {
  bool hit;
  bool registered;
  bool stopped;

  void init() { hit = registered = stopped = false; }

  void await(task_t *t, bool stop) {
    registered = t->register_waiter();
    hit = !registered;
    if (hit)
      MODEL_CHECK((int)t->result($) != 0);
    else if (stop)
      stopped = t->unlist();
  }

  void check(task_t *t) {
    int resumed = t->resumed($).load(rl::mo_relaxed);
    MODEL_CHECK(resumed == (registered && !stopped ? 1 : 0));
  }
};

typedef task<blocking_lock> blocking_task;
typedef task<spin_lock> spin_task;

struct complete_model : rl::test_suite<complete_model, 3> {
  blocking_task t;
  awaiter<blocking_task> a;
  int won;

  void before() {
    t.init();
    a.init();
    won = 0;
  }

  void thread(unsigned index) {
    if (index == 0) {
      a.await(&t, true);
    } else if (t.complete((int)index)) {
      won++;
    } else {
      MODEL_CHECK(!t.is_pending());
      MODEL_CHECK((int)t.result($) == 3 - (int)index);
    }
  }

  void after() {
    MODEL_CHECK(won == 1);
    a.check(&t);
  }
};

struct register_model : rl::test_suite<register_model, 2> {
  spin_task t;
  awaiter<spin_task> a;

  void before() {
    t.init();
    a.init();
  }

  void thread(unsigned index) {
    if (index == 0)
      a.await(&t, false);
    else
      t.complete(1);
  }

  void after() { a.check(&t); }
};

int main() {
  model_run<register_model>(0);
  model_run<complete_model>(0);
  return 0;
}
