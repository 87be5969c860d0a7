/* SPDX-License-Identifier: MIT */
/* The vt loop inside: its state, the ready queue, and what runs continuations.
 * Only loop.c calls libuv. One thread, but for the inbox. */
#ifndef VT_CORE_LOOP_H
#define VT_CORE_LOOP_H

#include <stdatomic.h>

#include "base/table.h"
#include "core/heap.h"
#include "core/pool.h"
#include "core/sites.h"
#include "core/waiter.h"
#include "vt/loop.h"

/* A first in, first out queue of blocks, linked through vt_op_t.link. */
typedef struct vt__queue {
  vt_op_t *head;
  vt_op_t *tail;
} vt__queue_t;

/* A part of what was given up and may be borrowed still: core/retire.h. */
typedef struct vt__retired vt__retired_t;
typedef void vt__release_fn(vt__retired_t *node);

struct vt__retired {
  vt__retired_t *next;
  vt__release_fn *release;
};

enum { VT__FILE_NOTES = 64, VT__DEVICES = 4 };

/* What a loop remembers of a file by its number, for op/hot.c. A guess: another
 * file may have the number by now. */
typedef struct vt__file_note {
  int fd;
  uint8_t hot;    /* reads to try before the file is looked at again */
  uint8_t cold;   /* reads for the pool before one is tried again */
  uint8_t colder; /* what cold was the last time */
  uint8_t missed; /* reads on end that were not cached */
} vt__file_note_t;

typedef struct vt__files {
  bool off; /* all goes to the pool */
  uint8_t next_device;
  struct {
    uint64_t id;
    bool known;
    bool local;
  } devices[VT__DEVICES];
  vt__file_note_t notes[VT__FILE_NOTES];
} vt__files_t;

struct vt_loop {
  /* What a completion touches. */
  vt_scope_t *scope;    /* current */
  uintptr_t stack_base; /* where the outermost continuation was called */
  uint32_t depth;       /* continuations on the stack */
  bool turning;         /* inside vt__loop_turn */
  uint64_t ran;         /* continuations run */
  uint64_t untaken;     /* blocks in phase VT__DONE */
  vt__queue_t ready;    /* to run now */
  vt__queue_t next;     /* yielded; becomes soon when a turn ends, */
  vt__queue_t soon;     /* and is run by the next one, after I/O */
  vt__pool_t pool;
  vt__heap_t heap; /* delays */
  vt__waiters_t waiters;

  uv_loop_t *uv;
  const uint64_t *clock; /* uv_now's number, without the call */
  uint32_t attached;     /* times */
  uint32_t closing;      /* handles not yet closed */
  uint32_t holds;        /* of the async */
  bool held;             /* the async is referenced */
  bool running;          /* vt_loop_run is on the stack, */
  bool told;             /* and has its result */
  uint64_t timer_due;    /* of the started timer; 0: stopped */
  uint64_t misuse;
  uint64_t reports;
  vt_report_fn *report;
  void *report_arg;
  vt_detach_fn *detached;
  vt__sites_t sites;
  vt__table_t handles; /* of uv_handle_t, to vt__handle_t: core/handles.h */
  size_t borrowed;     /* of them, those of the user's */
  struct vt__task_cache {
    vt_task_t *free;
    uint32_t count;
  } tasks;
  vt__files_t files;
  struct {
    vt__retired_t *young;
    vt__retired_t *old;
    uint32_t turns; /* that the old ones have waited */
  } retired;

  uv_async_t async;
  uv_idle_t idle;
  uv_timer_t timer;
  uv_idle_t hop; /* only while closing; see loop.c */

  /* Touched by other threads: a list pushed by compare-exchange and taken whole
   * by one exchange, bracketed by a count of senders that detach waits out. */
  _Atomic(vt_op_t *) inbox;
  _Atomic uint32_t senders;
};

extern VT_TLS _Thread_local vt_loop_t *vt__current;

static inline void vt__queue_push(vt__queue_t *queue, vt_op_t *block) {
  block->link = NULL;
  if (queue->head)
    queue->tail->link = block;
  else
    queue->head = block;
  queue->tail = block;
}

static inline vt_op_t *vt__queue_pop(vt__queue_t *queue) {
  vt_op_t *block = queue->head;
  queue->head = (vt_op_t *)block->link;
  return block;
}

/* Continuations on the stack, and bytes of it, before the ready queue is
 * used; and how many continuations a turn runs before I/O has its own. */
enum { VT__DEPTH = 8, VT__DEPTH_BYTES = 8192, VT__BUDGET = 1024 };

/* ---- loop.c: libuv ---- */

/* Sees to it that vt__loop_turn runs soon. */
void vt__loop_wake(vt_loop_t *loop);
/* The same from another thread. */
void vt__loop_send(vt_loop_t *loop);
/* Starts the timer for the earliest delay, stops it without one. */
void vt__loop_arm(vt_loop_t *loop);
/* The first whole millisecond of the same clock not before this moment. */
uint64_t vt__loop_fresh_now(void);
/* Nanoseconds of the same clock at this moment. */
uint64_t vt__loop_fresh_ns(void);
/* Makes the async handle keep uv_run going, or not. */
void vt__loop_ref(vt_loop_t *loop, bool ref);
/* Gives up the processor for a moment. */
void vt__thread_yield(void);

/* Runs the block in this turn, or soon. */
static inline void vt__ready_push(vt_loop_t *loop, vt_op_t *block) {
  vt__queue_push(&loop->ready, block);
  if (!VT_LIKELY(loop->turning))
    vt__loop_wake(loop);
}

/* ---- ready.c ---- */

/* One turn: the inbox, due delays, the ready queue, within the budget; and what
 * yielded, when a poll for I/O lies between two such turns (after_io). */
void vt__loop_turn(vt_loop_t *loop, bool after_io);
/* Whether there is work for another turn now. */
bool vt__loop_is_ready(const vt_loop_t *loop);
/* Moves what was posted to the ready queue. */
void vt__inbox_take(vt_loop_t *loop);
/* Posts a block to a loop, whose turn hands it to its arrive. Any thread. */
void vt__inbox_post(vt_loop_t *loop, vt_op_t *block);

/* Runs the block in the next turn, after I/O. */
static inline void vt__ready_push_next(vt_loop_t *loop, vt_op_t *block) {
  if (!loop->next.head)
    vt__loop_wake(loop);
  vt__queue_push(&loop->next, block);
}

/* Milliseconds of the loop's clock, as of this turn. */
static inline uint64_t vt__loop_now(const vt_loop_t *loop) {
  return *loop->clock;
}

/* Whether a continuation may run on top of what runs now. */
static inline bool vt__may_nest(vt_loop_t *loop) {
#ifdef VT__ASAN /* keeps locals elsewhere */
  uintptr_t at = (uintptr_t)__builtin_frame_address(0);
#else
  char here;
  uintptr_t at = (uintptr_t)&here;
#endif
  if (loop->depth == 0) {
    loop->stack_base = at;
    return true;
  }
  uintptr_t used =
      at < loop->stack_base ? loop->stack_base - at : at - loop->stack_base;
  return loop->depth < VT__DEPTH && used < VT__DEPTH_BYTES;
}

/* Runs a continuation in a scope; vt__may_nest was asked. */
static inline void vt__run(vt_loop_t *loop, vt_continuation_fn *k, void *state,
                           vt_scope_t *scope, vt_result_t result) {
  vt_scope_t *before = loop->scope;
  loop->scope = scope;
  loop->depth++;
  loop->ran++;
  k(state, result);
  loop->depth--;
  loop->scope = before;
}

/* The same from the ready queue, whose turn has counted and puts the scope
 * back: nothing is left to do after the call. */
static inline void vt__run_ready(vt_loop_t *loop, vt_continuation_fn *k,
                                 void *state, vt_scope_t *scope,
                                 vt_result_t result) {
  loop->scope = scope;
  k(state, result);
}

/* Keeps uv_run going while an operation is pending, or an await that another
 * thread or a user's source completes; counted. While it is not 0, held. */
static inline void vt__loop_hold(vt_loop_t *loop) {
  loop->holds++;
  if (!VT_LIKELY(loop->held))
    vt__loop_ref(loop, true);
}

static inline void vt__loop_release(vt_loop_t *loop) {
  if (--loop->holds == 0)
    vt__loop_ref(loop, false);
}

/* The same where a turn is to come, which sees to it: what runs there mostly
 * holds the loop again. */
static inline void vt__loop_release_soon(vt_loop_t *loop) { loop->holds--; }

/* Counts a misuse and returns its status. */
static inline int64_t vt__misuse(int64_t status) {
  if (vt__current)
    vt__current->misuse++;
  return status;
}

/* 0 on the loop's own thread, else VT_ENOLOOP or VT_ETHREAD. */
static inline int vt__loop_check(const vt_loop_t *loop) {
  if (VT_LIKELY(vt__current == loop))
    return 0;
  return vt__current ? (int)vt__misuse(VT_ETHREAD) : VT_ENOLOOP;
}

#endif
