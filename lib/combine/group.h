/* SPDX-License-Identifier: MIT */
/* The one mechanism under all that waits for several value tasks: an operation
 * in whose block stands a member for each operand.
 *
 * Invariant: pending counts the members that are neither over nor let go; the
 * group completes once, when it is 0 and nobody is busy with the members.
 *
 * A member's result that owns something (an open file, a permit) stays in the
 * member's own block, in kept, until it is decided who gets it: taken with the
 * group's result by whoever takes that, else dropped by its type. */
#ifndef VT_COMBINE_GROUP_H
#define VT_COMBINE_GROUP_H

#include "core/owned.h"

typedef struct vt__group vt__group_t;

enum vt__member_state {
  VT__MEMBER_NONE,    /* nothing has joined there yet */
  VT__MEMBER_PENDING, /* its continuation is registered */
  VT__MEMBER_OVER,    /* its result is there */
  VT__MEMBER_LEFT     /* withdrawn: it goes on without the group */
};

typedef struct vt__member {
  vt__group_t *group;
  vt_t v;
  vt_result_t result;
  enum vt__member_state state;
  bool keeps; /* v is an operation whose block keeps what the result owns */
} vt__member_t;

typedef struct vt__group_rule {
  /* A member is over: may cancel or leave others. */
  void (*on_over)(vt__group_t *group, size_t index);
  /* None is pending any more: what the group completes with. */
  vt_result_t (*outcome)(const vt__group_t *group);
  /* Where the group does not show all results: gives the first member's and no
   * other; else a success gives them all, a failure none. */
  bool gives_first;
  vt_source_ops_t ops; /* VT__GROUP_OPS */
} vt__group_rule_t;

struct vt__group {
  vt_op_t op;
  const vt__group_rule_t *rule;
  vt_result_t *out;
  vt__queue_t kept; /* blocks, in the order in which they were over */
  size_t count;
  size_t pending;
  size_t first; /* the first member over; count: none yet */
  unsigned flags;
  bool shows;     /* the caller has room for all results */
  bool cancelled; /* as a whole, before any member was over */
  bool ended;     /* asked to end: nothing more is begun */
  unsigned busy;  /* somebody goes over the members */
  vt__member_t members[];
};

#define VT__GROUP_OPS_OF(name, table)                                          \
  {                                                                            \
    .kind = (name), .status = vt__op_status, .result = vt__owner_result,       \
    .on_completed = vt__op_on_completed, .cancel = vt__group_cancel,           \
    .describe = vt__group_describe, .own = &(table)                            \
  }
#define VT__GROUP_OPS(name) VT__GROUP_OPS_OF(name, vt__group_own)

extern const struct vt__own_ops vt__group_own;
bool vt__group_owns(const vt_op_t *op);
void vt__group_settle(vt_op_t *op, bool taken);
int vt__group_cancel(vt_source_t *source, uint64_t token);
void vt__group_describe(const vt_source_t *source, char *text, size_t size);

/* A group of so many members, busy, with extra bytes behind them: 0,
 * VT_ENOLOOP, UV_ENOMEM. */
int vt__group_new(const vt__group_rule_t *rule, size_t count, size_t extra,
                  vt__group_t **out);

/* Awaits v as a member, whose last operand, if any, is over. */
void vt__group_join(vt__group_t *group, size_t index, vt_t v);

/* Ends the busy time of a new group: its value task, or its outcome in hand. */
vt_t vt__group_begun(vt__group_t *group);

static inline void *vt__group_extra(const vt__group_t *group) {
  return (void *)(uintptr_t)(group->members + group->count);
}

/* Awaits all operands; the group's value task, or its outcome in hand. */
vt_t vt__group_start(const vt__group_rule_t *rule, const vt_t v[], size_t count,
                     unsigned flags, vt_result_t *out);

/* Cancels and forgets the operands of a group that there is no memory for;
 * without a loop they stay as they are. */
vt_t vt__group_refused(const vt_t v[], size_t count, int rc);

/* Cancels a pending member: 0, or vt_cancel's UV_EBUSY or UV_EALREADY. A task
 * or a user's source that cannot be cancelled is let go; an operation that
 * cannot, or that libuv still holds, is waited for. */
int vt__group_end(vt__group_t *group, size_t index);

/* All of them, the last one first. */
void vt__group_end_all(vt__group_t *group);

/* The same of one whose result nobody wants: what can leave, and give back what
 * it has got, does so at once. */
void vt__group_lose(vt__group_t *group, size_t index);

/* Withdraws a pending member: it goes on as forgotten. */
void vt__group_leave(vt__group_t *group, size_t index);

/* The next member in the order of completion is the caller's with what it
 * owns. */
void vt__group_give(vt__group_t *group, size_t index);

/* Drops what is kept, by its type. */
void vt__group_drop_kept(vt__group_t *group);

#endif
