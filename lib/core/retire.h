/* SPDX-License-Identifier: MIT */
/* Letting go of what may be borrowed. What a continuation was given is borrowed
 * until it returns, through anything that is done meanwhile; and continuations
 * that were given it may be queued, some of them on behalf of others: an async
 * function that returns what it got may be queued on the way up. So whoever
 * gives something up does not free it but retires it. It is freed by the loop,
 * between callbacks, at the end of a turn that finds the ready queue empty;
 * what vt_loop_run gives, not before that has returned.
 *
 * Allocates nothing, O(1). A queue that is never empty keeps nothing for ever:
 * after VT__RETIRE_TURNS turns whoever was queued has run long ago. */
#ifndef VT_CORE_RETIRE_H
#define VT_CORE_RETIRE_H

#include "core/loop.h"

enum { VT__RETIRE_TURNS = 1000 };

/* Retires node, which must be in no list, on the loop's thread: release(node)
 * is called once, later, from the loop, in the order of the calls, where no
 * continuation is on the stack; at the latest when the loop is detached, when
 * there is none any more. It may retire others. */
void vt__retire(vt_loop_t *loop, vt__retired_t *node, vt__release_fn *release);

/* A turn is over: releases what may go. */
void vt__retire_turn(vt_loop_t *loop);

/* The loop is gone: releases all. */
void vt__retire_close(vt_loop_t *loop);

#endif
