/* SPDX-License-Identifier: MIT */
/* The count of a task, and its memory: vt_task_ref and unref of
 * lib/core/task.c; vt__task_take, vt__task_put, vt__tasks_leave and
 * close_if_idle of lib/core/task_pool.c.
 *
 * Claimed: the last of three who let go frees, once, and finds what the others
 * wrote (count_model); memory that one thread gives back is another's without a
 * race (hand_over_model); the chunk is freed when the last loop has left and
 * the last task is home, and not used after that (close_model).
 *
 * WEAK=1 [DATA RACE] lets go without release and acquire
 * WEAK=2 [DATA RACE] lets go with release alone
 * WEAK=3 [USER ASSERT FAILED] counts by load and store
 * WEAK=4 [DATA RACE] the last loop frees though a task is out */
#include "model.hpp"

static rl::memory_order let_go() {
  return WEAK == 1   ? rl::mo_relaxed
         : WEAK == 2 ? rl::mo_release
                     : rl::mo_acq_rel;
}

struct reference {
  std::atomic<int> refs;

  /* Whether that was the last. */
  bool unref() {
#if WEAK == 3
    int before = refs($).load(rl::mo_acquire);
    refs($).store(before - 1, rl::mo_release);
    return before == 1;
#else
    return refs($).fetch_sub(1, let_go()) == 1;
#endif
  }
};

struct count_model : rl::test_suite<count_model, 3> {
  reference r;
  rl::var<int> written[3];
  int freed;

  void before() {
    r.refs($).store(3, rl::mo_relaxed);
    for (int i = 0; i < 3; i++)
      written[i]($) = 0;
    freed = 0;
  }

  void thread(unsigned index) {
    written[index]($) = 1;
    if (!r.unref())
      return;
    freed++;
    for (int i = 0; i < 3; i++)
      MODEL_CHECK((int)written[i]($) == 1);
  }

  void after() { MODEL_CHECK(freed == 1); }
};

struct home {
  spin_lock lock;
  rl::var<int> idle; /* 1: body 0 is at home */
  rl::var<int> out;
  rl::var<int> loops;
  rl::var<int> chunk; /* 1 there, 0 freed */
  rl::var<int> body[2];

  void init(int out_now) {
    lock.init();
    idle($) = 0;
    out($) = out_now;
    loops($) = 1;
    chunk($) = 1;
    body[0]($) = body[1]($) = 0;
  }

  void close_if_idle() {
    if ((WEAK != 4 && (int)out($) != 0) || (int)loops($) != 0)
      return;
    chunk($) = 0;
  }

  void use(int number) {
    MODEL_CHECK((int)chunk($) == 1);
    body[number]($) = (int)body[number]($) + 1;
  }

  void take() {
    lock.lock();
    bool found = (int)idle($) == 1;
    idle($) = 0;
    out($) = (int)out($) + 1;
    lock.unlock();
    use(found ? 0 : 1);
  }

  void put() {
    use(0);
    lock.lock();
    idle($) = 1;
    out($) = (int)out($) - 1;
    close_if_idle();
    lock.unlock();
  }

  void leave() {
    lock.lock();
    loops($) = (int)loops($) - 1;
    close_if_idle();
    lock.unlock();
  }
};

struct close_model : rl::test_suite<close_model, 2> {
  home h;
  reference r;

  void before() {
    h.init(1);
    r.refs($).store(2, rl::mo_relaxed);
  }

  void thread(unsigned index) {
    if (r.unref())
      h.put();
    if (index == 0)
      h.leave();
  }

  void after() {
    MODEL_CHECK((int)h.out($) == 0 && (int)h.loops($) == 0);
    MODEL_CHECK((int)h.chunk($) == 0);
  }
};

struct hand_over_model : rl::test_suite<hand_over_model, 2> {
  home h;

  void before() { h.init(1); }

  void thread(unsigned index) {
    if (index == 0)
      h.put();
    else
      h.take();
  }

  void after() { MODEL_CHECK((int)h.out($) == 1); }
};

int main() {
  model_run<count_model>(0);
  model_run<hand_over_model>(0);
  model_run<close_model>(0);
  return 0;
}
