/* SPDX-License-Identifier: MIT */
/* The one mechanism under all primitives of synchronisation: a list, first in
 * first out, of one-shot operations of the loop's pool. All on one loop.
 *
 * No call here runs a continuation: whoever is handed something, ended or
 * cancelled is completed through the ready queue.
 *
 * Invariant: a wait in phase VT__PENDING or VT__AWAITED is in the ring, from
 * first on; one that was handed something is in it before first until its
 * result is taken; every other one is not in it. */
#ifndef VT_SYNC_WAIT_LIST_H
#define VT_SYNC_WAIT_LIST_H

#include "core/oneshot.h"
#include "sync/link.h"

/* One who waits. */
typedef struct vt__wait {
  vt_op_t op;
  vt_wait_link_t link; /* names itself when it is in no ring */
  vt_wait_list_t *list;
  vt_value_t about; /* the primitive's: how many, which item */
  int64_t status;   /* the primitive's: what it is granted with */
} vt__wait_t;

/* What is the same for all waits of one kind; static and const. */
typedef struct vt__wait_rule {
  vt_source_ops_t ops; /* VT__WAIT_OPS */

  /* Optional. A wait was cancelled or forgotten and is out of the list, whose
   * first may be another now. */
  void (*left)(vt_wait_list_t *list);

  /* Optional. Nobody takes what the wait was handed; it is out of the list. */
  void (*give_back)(vt_wait_list_t *list, vt__wait_t *wait);

  /* Optional, with VT__WAIT_OPS_TAKEN. What the wait was handed is taken; it is
   * out of the list. */
  void (*taken)(vt_wait_list_t *list, vt__wait_t *wait);

  /* Optional. In place of leaving the list: as vt_cancel. */
  int (*cancel)(vt__wait_t *wait);

  /* A forgotten wait keeps its place, for what it has brought counts. */
  bool stays;
} vt__wait_rule_t;

#define VT__WAIT_OPS_OWN(name, own_ops)                                        \
  {                                                                            \
    .kind = (name), .status = vt__op_status, .result = vt__wait_result,        \
    .on_completed = vt__op_on_completed, .cancel = vt__wait_cancel,            \
    .own = (own_ops)                                                           \
  }
#define VT__WAIT_OPS(name) VT__WAIT_OPS_OWN(name, &vt__wait_own)
#define VT__WAIT_OPS_TAKEN(name) VT__WAIT_OPS_OWN(name, &vt__wait_own_taken)

extern const struct vt__own_ops vt__wait_own;
extern const struct vt__own_ops vt__wait_own_taken;
vt_result_t vt__wait_result(vt_source_t *source, uint64_t token);
int vt__wait_cancel(vt_source_t *source, uint64_t token);

void vt__wait_list_init(vt_wait_list_t *list);

/* 0, or VT_ETHREAD where those who wait belong to another loop, or VT_DEBUG
 * knows it to be another thread's. */
int vt__wait_list_check(const vt_wait_list_t *list);

/* Appends a wait: its value task; VT_ENOLOOP, VT_ETHREAD, UV_ENOMEM in hand. */
vt_t vt__wait_enlist(vt_wait_list_t *list, const vt__wait_rule_t *rule,
                     vt_value_t about);

/* The same for a wait that is the beginning of a block of size bytes. */
vt_t vt__wait_enlist_block(vt_wait_list_t *list, const vt__wait_rule_t *rule,
                           size_t size, vt_value_t about);

/* Moves a wait to the end of a list of the same loop, with another rule. */
void vt__wait_move(vt__wait_t *wait, vt_wait_list_t *list,
                   const vt__wait_rule_t *rule);

/* Completes a wait by nothing but a result. */
void vt__wait_end(vt__wait_t *wait, vt_result_t result);

/* Ends all that wait, in their order. */
void vt__wait_list_end(vt_wait_list_t *list, vt_result_t result);

/* The list's memory may go: nothing is given back to it any more. Nobody waits
 * in it. */
void vt__wait_list_close(vt_wait_list_t *list);

/* The status to close with: 0 becomes normal, a positive one VT_ESTATUS. */
int64_t vt__wait_list_reason(int64_t status, int64_t normal);

/* The close of a primitive whose status is *closed, 0 while open: all of the
 * above. 0, also when it was closed before; VT_ETHREAD. */
int vt__wait_list_shut(vt_wait_list_t *list, int64_t *closed, int64_t status);

/* The primitive whose member the list is. */
#define VT__WAIT_OWNER(list, type, member)                                     \
  ((type *)(void *)((char *)(list)-offsetof(type, member)))

static inline vt__wait_t *vt__wait_of(vt_wait_link_t *link) {
  return (vt__wait_t *)(void *)((char *)link - offsetof(vt__wait_t, link));
}

static inline bool vt__wait_list_is_empty(const vt_wait_list_t *list) {
  return list->first == &list->ring;
}

/* The first that waits, or NULL. */
static inline vt__wait_t *vt__wait_first(const vt_wait_list_t *list) {
  if (vt__wait_list_is_empty(list))
    return NULL;
  return vt__wait_of(list->first);
}

static inline vt_result_t vt__wait_status(int64_t status) {
  vt_result_t r = {status, {0}};
  return r;
}

/* Becomes the last of the list. */
static inline void vt__wait_join(vt__wait_t *w, vt_wait_list_t *list) {
  vt__link_append(&list->ring, &w->link);
  if (list->first == &list->ring)
    list->first = &w->link;
  w->list = list;
  list->count++;
}

/* The common case of vt__wait_enlist, about nothing, for a list that is the
 * current loop's: NULL when there is more to do than to take a free block. */
static inline vt_op_t *vt__wait_enlist_fast(vt_loop_t *loop,
                                            vt_wait_list_t *list,
                                            const vt__wait_rule_t *rule) {
  if (!VT_LIKELY(loop->held))
    return NULL;
  vt_op_t *op = vt__op_new_fast(loop, &rule->ops, sizeof(vt__wait_t));
  if (!VT_LIKELY(op != NULL))
    return NULL;
  op->aux = (uint32_t)vt__loop_now(loop);
  vt__wait_join((vt__wait_t *)(void *)op, list);
  loop->holds++;
  return op;
}

/* Of one that is awaited; it goes to the ready queue then. */
static inline void vt__wait_settle(vt_loop_t *loop, vt__wait_t *w,
                                   vt_result_t result) {
  w->op.result = result;
  w->op.phase = VT__QUEUED;
  vt__loop_release_soon(loop);
}

/* The half of vt__wait_complete for what nobody awaits, yet or any more. */
void vt__wait_end_bare(vt__wait_t *w, vt_result_t result);

/* The continuation is queued, never run here. */
static inline void vt__wait_complete(vt__wait_t *w, vt_result_t result) {
  vt_loop_t *loop = vt__slab_of(w)->loop;
  if (!VT_LIKELY(w->op.phase == VT__AWAITED && w->op.k)) {
    vt__wait_end_bare(w, result);
    return;
  }
  vt__wait_settle(loop, w, result);
  vt__ready_push(loop, &w->op);
}

/* Completes the first that waits by what it waited for, which it gives back
 * when nobody takes it, as its rule tells. */
static inline void vt__wait_hand(vt__wait_t *w, vt_result_t result) {
  w->list->first = w->link.next;
  vt__wait_complete(w, result);
}

/* The common case of vt__wait_hand to the first of a list that is the current
 * loop's, and whose rule says nothing of staying: false when there is more to
 * do than to queue it. */
static inline bool vt__wait_hand_fast(vt_loop_t *loop, vt_wait_list_t *list,
                                      vt_result_t result) {
  vt__wait_t *w = vt__wait_of(list->first);
  if (!VT_LIKELY(!vt__wait_list_is_empty(list) && w->op.phase == VT__AWAITED &&
                 loop->turning))
    return false;
  list->first = w->link.next;
  vt__wait_settle(loop, w, result);
  vt__queue_push(&loop->ready, &w->op);
  return true;
}

#endif
