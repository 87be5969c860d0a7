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
  vt_wait_link_t waiting; /* first in, first out */
  vt_wait_link_t handed;  /* have got something that nobody has taken yet */
  struct vt_loop *loop;   /* of those in the two rings */
  size_t count;           /* of those in the two rings */
} vt_wait_list_t;

#ifdef __cplusplus
}
#endif
#endif
