/* SPDX-License-Identifier: MIT */
/* How long uv_run goes on, and when a loop may be detached: vt__loop_hold and
 * vt__loop_release of lib/core/loop.h, vt__waiter_new, resume and
 * vt__waiter_free of lib/core/waiter.c, settle and vt_loop_detach of
 * lib/core/loop.c. Two awaits whose results come from two threads; memory order
 * is the matter of inbox.cpp and detach.cpp.
 *
 * Claimed: uv_run returns when every continuation has run, not before, and does
 * return (no invalid end state); the detach, tried at any time and again until
 * it is not refused, frees the loop when nothing is pending and no sender is
 * inside, and its handles are closed before it is gone.
 *
 * WEAK=1 [assertion violated] a hold ends with the resume, not with the run
 * WEAK=2 [assertion violated] the detach does not count what is posted
 * WEAK=3 [assertion violated] the detach does not wait for the senders
 * WEAK=4 [invalid end state] a continuation that ran keeps its hold
 * WEAK=5 [invalid end state] the queued do not keep the idle handle active */
#ifndef WEAK
#define WEAK 0
#endif
#define AWAITS 2

byte inbox = 0;   /* posted, not taken */
byte senders = 0;
byte ready = 0;   /* in the ready queue */
byte holds = 0;   /* of the async */
byte ran = 0;
byte live = 0;    /* waiters not given back */
bool idle = false;
bool async = false; /* sent, its callback not begun */
bool gone = false;  /* the loop's memory */
bool registered = false;

proctype sender() {
  registered;
  atomic { assert(!gone); senders++ }
  atomic {
    inbox++;
    if
    :: WEAK == 1 -> holds--
    :: else
    fi
  }
  atomic { assert(!gone); async = true }
  atomic { assert(!gone); senders-- }
}

/* vt__loop_turn of the async or the idle handle, and settle. The budget may end
 * a turn with something left. */
inline turn() {
  atomic { ready = ready + inbox; inbox = 0; idle = idle || ready > 0 }
  do
  :: ready > 0 ->
     atomic {
       ready--; ran++; live--;
       if
       :: WEAK != 1 && WEAK != 4 -> holds--
       :: else
       fi
     }
  :: break
  od;
  idle = ready > 0 && WEAK != 5
}

#define ALIVE (holds > 0 || idle)

/* As often as the host likes while work is left, and in the end until it is not
 * refused. */
inline try_detach(out) {
  atomic { ready = ready + inbox; inbox = 0 }
  if
  :: (live == 0 || (WEAK == 2 && ready == 0)) && ready == 0 ->
     if
     :: WEAK != 3 -> senders == 0
     :: else
     fi;
     out = true
  :: else
  fi
}

active proctype host() {
  bool detached = false;
  atomic {
    live = AWAITS; holds = AWAITS; registered = true;
    run sender(); run sender()
  }
  if
  :: true
  :: true -> try_detach(detached); assert(!detached || ran == AWAITS)
  fi;
  /* uv_run */
  do
  :: ALIVE && async -> async = false; turn()
  :: ALIVE && idle -> turn()
  :: !ALIVE -> break
  od;
  assert(ran == AWAITS && live == 0);
  if
  :: !detached -> try_detach(detached)
  :: else
  fi;
  assert(detached);
  gone = true
}
