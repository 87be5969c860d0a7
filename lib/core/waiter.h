/* SPDX-License-Identifier: MIT */
/* Waiters: who awaits a task or a user's source. Taken from the awaiting loop's
 * pool at registration, so that completing needs no memory, from any thread.
 *
 * claim is the token of the vt_continuation_t that names the waiter; whoever
 * moves it on by compare-exchange owns the completion:
 *   t      registered
 *   t + 1  resumed, or withdrawn with nobody left to resume it
 *   t + 2  withdrawn, its resumer still to come (VT_ANYWHERE only)
 *   t + 3  resumed for later where no loop is: its own alone will run it
 * The next registration continues at t + 4. What is awaited is looked at only
 * while the claim is t: afterwards a user's source may be gone. */
#ifndef VT_CORE_WAITER_H
#define VT_CORE_WAITER_H

#include <stdatomic.h>

#include "vt/bridge.h"

typedef struct vt__waiter vt__waiter_t;

struct vt__waiter {
  vt_op_t op; /* k NULL: forgotten */
  _Atomic uint64_t claim;
  vt_source_t *awaited;
  uint64_t awaited_token;
  vt__waiter_t *task_next; /* in the task's list; by the task's lock */
  vt__waiter_t *task_prev;
  bool listed;        /* in that list; by the task's lock */
  bool spent;         /* posted only to be given back; by who claimed it */
  vt__waiter_t *next; /* in the loop's table, for vt_await_stop */
  vt__waiter_t **self;
};

/* Bits of an operation's flags besides those of an await. A waiter's flags are
 * those of its await and do not change. */
enum {
  VT__KEPT = 2u,      /* registered with VT__KEEP; DONE: of who registered */
  VT__HELD = 4u,      /* answered; libuv still holds the request */
  VT__CANCELLED = 8u, /* completes with UV_ECANCELED; a box: is resumed so */
  VT__PINNED = 16u,   /* a box from the start: its frame never moves */
  VT__SCOPED = 32u,   /* in a list of its scope (core/membership.h) */
  VT__PASSING = 64u,  /* a box whose body has returned what it awaits */
  VT__TOLD = 128u     /* that nobody took its result was reported */
};

/* All registered waiters of a loop by what they wait for. */
typedef struct vt__waiters {
  vt__waiter_t **buckets;
  uint32_t size; /* a power of two; 0 before the first */
  uint32_t count;
} vt__waiters_t;

/* A registered waiter for k(state) on v's source; NULL without memory. */
vt__waiter_t *vt__waiter_new(vt_loop_t *loop, vt_t v, unsigned flags,
                             vt_continuation_fn *k, void *state);

/* Takes the memory of one waiter aside, so that a registration has it that
 * follows vt__waiter_unreserve at once; NULL without memory. For who calls
 * another's function first, and cannot do without what that begins. */
vt_op_t *vt__waiter_reserve(vt_loop_t *loop);
void vt__waiter_unreserve(vt_loop_t *loop, vt_op_t *reserved);

/* Gives a waiter back; nobody may resume it. */
void vt__waiter_free(vt__waiter_t *w);

vt_continuation_t vt__waiter_continuation(vt__waiter_t *w);

/* The registered waiter for the same v, k and state, or NULL. */
vt__waiter_t *vt__waiter_find(vt_loop_t *loop, vt_t v, vt_continuation_fn *k,
                              void *state);

/* On the waiter's loop: runs or queues it with the result. */
void vt__waiter_deliver(vt__waiter_t *w, vt_result_t result, bool later);

/* The ready queue's call. */
void vt__waiter_ready(vt_loop_t *loop, vt_op_t *op);

/* Withdraws a found waiter that is in no list; false when it runs already. */
bool vt__waiter_withdraw(vt__waiter_t *w);

/* Asks what a waiter waits for to end early, as vt_cancel tells it. */
int vt__waiter_cancel(vt__waiter_t *w);

void vt__waiters_close(vt__waiters_t *table);

extern const vt_source_ops_t vt__waiter_ops;

#endif
