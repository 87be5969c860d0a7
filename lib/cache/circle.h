/* SPDX-License-Identifier: MIT */
/* Members on several loops, who are told that there is something to look at:
 * what a bus of invalidations and a snapshot shared by loops have in common.
 *
 * What there is stands in the circle's owner, by the circle's lock. A member is
 * told by a letter, which is a block of its loop: it is under way once at most,
 * needs no memory, and is never lost, because a member may be told again before
 * it looks. A loop does not detach while it has a member.
 *
 * The lock is the one of the tasks: no user's code, no system call and no
 * allocation under it. */
#ifndef VT_CACHE_CIRCLE_H
#define VT_CACHE_CIRCLE_H

#include "core/loop.h"
#include "sync/link.h"

typedef struct vt__member vt__member_t;

/* On the member's loop, outside the lock. No user's code may run inside, and no
 * member may leave. */
typedef void vt__look_fn(vt__member_t *member);

typedef struct vt__circle {
  _Atomic bool locked;
  _Atomic uint32_t posting; /* who has letters to post that are marked so */
  /* by the lock */
  vt_wait_link_t members;
  size_t count;
} vt__circle_t;

struct vt__member {
  vt__circle_t *circle;
  vt_loop_t *loop;
  vt__look_fn *look;
  vt_op_t *letter;
  vt__member_t *next_here; /* of those who look together */
  /* by the lock */
  vt_wait_link_t link;
  bool posted; /* the letter is under way */
  bool left;   /* it goes when it comes */
  vt__member_t
      *next_posted; /* of those who are posted together; the poster's */
};

void vt__circle_init(vt__circle_t *circle);

void vt__circle_lock(vt__circle_t *circle);
void vt__circle_unlock(vt__circle_t *circle);

/* A member of this thread's loop, in the caller's memory. VT_ENOLOOP,
 * UV_ENOMEM. */
int vt__circle_join(vt__circle_t *circle, vt__member_t *member,
                    vt__look_fn *look);

/* Ends it: look is not called any more, and its memory may go. On its loop. */
void vt__circle_leave(vt__member_t *member);

/* Calls fn(member, arg) for each member, by the lock, which the caller has. */
void vt__circle_each(vt__circle_t *circle,
                     void (*fn)(vt__member_t *member, void *arg), void *arg);

/* Unlocks, which the caller has locked, and tells all: those of this thread's
 * loop look before it returns, the others before anything that is posted to
 * their loop afterwards. Any thread. */
void vt__circle_tell(vt__circle_t *circle);

#endif
