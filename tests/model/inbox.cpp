/* SPDX-License-Identifier: MIT */
/* The inbox of a loop: vt__inbox_post and vt__inbox_take of lib/core/ready.c,
 * vt__loop_send and on_async of lib/core/loop.c, over libuv's uv_async_send.
 *
 * Claimed, when all threads have come to rest: where something is left in the
 * inbox, a wake-up is due; each block arrives exactly once, those of one sender
 * in the order sent, each with what its sender wrote before. wake_up_model: one
 * sender, two blocks, a turn of the idle handle and one of the async.
 * senders_model: two senders, one turn. The count of
 * senders is in detach.cpp; left out here it orders nothing.
 *
 * WEAK=1 [USER ASSERT FAILED] publishes by a store: a wake-up is lost
 * WEAK=2 [USER ASSERT FAILED] looks before it takes: a wake-up is lost
 * WEAK=3 [USER ASSERT FAILED] takes by load and store: a block comes twice
 * WEAK=4 [DATA RACE] publishes without release
 * WEAK=5 [DATA RACE] takes without acquire
 * WEAK=6 [DATA RACE] publishes by an exchange, and links afterwards */
#include "model.hpp"

struct block {
  rl::var<block *> link;
  rl::var<int> result;
  int sender;
  int number;
};

struct inbox {
  uv_async async;
  std::atomic<block *> head;
  block blocks[2][2];
  int arrived[2]; /* of each sender; the loop's */

  void init() {
    async.init();
    head($).store((block *)0, rl::mo_relaxed);
    for (int i = 0; i < 4; i++) {
      blocks[i / 2][i % 2].sender = i / 2;
      blocks[i / 2][i % 2].number = i % 2;
    }
    arrived[0] = arrived[1] = 0;
  }

  void publish(block *b) {
#if WEAK == 1 /* where it is empty, so that no block is lost by it */
    b->link($) = head($).load(rl::mo_relaxed);
    block *seen = b->link($);
    if (!seen)
      head($).store(b, rl::mo_release);
    else if (!head($).compare_exchange_strong(seen, b, rl::mo_seq_cst))
      publish(b);
#elif WEAK == 6
    b->link($) = (block *)0;
    block *before = head($).exchange(b, rl::mo_seq_cst);
    b->link($) = before;
#else
    rl::memory_order order = WEAK == 4 ? rl::mo_relaxed : rl::mo_seq_cst;
    block *before = head($).load(rl::mo_relaxed);
    do
      b->link($) = before;
    while (!head($).compare_exchange_weak(before, b, order, rl::mo_relaxed));
#endif
  }

  void post(int sender, int number) {
    block *b = &blocks[sender][number];
    b->result($) = 7 + number;
    publish(b);
    async.send();
  }

  block *take_all() {
#if WEAK == 2
    if (!head($).load(rl::mo_relaxed))
      return 0;
#endif
#if WEAK == 3
    block *all = head($).load(rl::mo_acquire);
    head($).store((block *)0, rl::mo_release);
    return all;
#else
    return head($).exchange((block *)0,
                            WEAK == 5 ? rl::mo_relaxed : rl::mo_acq_rel);
#endif
  }

  void take() {
    block *ordered = 0;
    for (block *b = take_all(), *next; b; b = next) {
      next = b->link($);
      b->link($) = ordered;
      ordered = b;
    }
    for (; ordered; ordered = ordered->link($)) {
      MODEL_CHECK(ordered->number == arrived[ordered->sender]++);
      MODEL_CHECK((int)ordered->result($) == 7 + ordered->number);
    }
  }

  void on_idle() { take(); }

  void on_async() {
    if (async.clear())
      take();
  }

  /* What the loop does from here on, alone: it sleeps unless a wake-up is
   * due. */
  void finish(int of_first, int of_second) {
    on_async();
    MODEL_CHECK(arrived[0] == of_first && arrived[1] == of_second);
  }
};

struct wake_up_model : rl::test_suite<wake_up_model, 2> {
  inbox in;
  void before() { in.init(); }
  void after() { in.finish(2, 0); }
  void thread(unsigned index) {
    if (index == 0) {
      in.on_idle();
      in.on_async();
    } else {
      in.post(0, 0);
      in.post(0, 1);
    }
  }
};

struct senders_model : rl::test_suite<senders_model, 3> {
  inbox in;
  void before() { in.init(); }
  void after() { in.finish(1, 1); }
  void thread(unsigned index) {
    if (index == 0)
      in.on_async();
    else
      in.post((int)index - 1, 0);
  }
};

int main() {
  model_run<wake_up_model>(0);
  model_run<senders_model>(0);
  return 0;
}
