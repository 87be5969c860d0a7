/* SPDX-License-Identifier: MIT */
/* What every primitive of synchronisation keeps of those who wait for it. Here
 * only so that the primitives can stand in the caller's memory: private. */
#ifndef VT_WAIT_LIST_H
#define VT_WAIT_LIST_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A place in a ring whose head is of the same type; alone, it names itself. */
typedef struct vt_wait_link {
  struct vt_wait_link *next;
  struct vt_wait_link *prev;
} vt_wait_link_t;

typedef struct vt_wait_list {
  vt_wait_link_t ring;   /* first in, first out; in front those that have got
                            something that nobody has taken yet */
  vt_wait_link_t *first; /* of the others; the ring itself: there is none */
  struct vt_loop *loop;  /* of those in the ring */
  size_t count;          /* of those in the ring */
  const void *thread;    /* of the first hit under VT_DEBUG; else NULL */
} vt_wait_list_t;

/* Whether the primitive may be used here. It becomes the thread's, if that has
 * a loop, by the first call, until it is initialised again. */
VT_API bool vt__wait_list_is_here(vt_wait_list_t *list);

/* What is in hand asks this under VT_DEBUG only: then wrong threads are found
 * where nobody waits, too. */
#ifdef VT_DEBUG
#define VT__IS_HERE(list) vt__wait_list_is_here(list)
#else
#define VT__IS_HERE(list) true
#endif

#ifdef __cplusplus
}
#endif
#endif
