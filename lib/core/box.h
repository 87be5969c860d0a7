/* SPDX-License-Identifier: MIT */
/* The box of an async function that waits, as frame.c and frame_cancel.c share
 * it. On the loop's thread. */
#ifndef VT_CORE_BOX_H
#define VT_CORE_BOX_H

#include "core/loop.h"
#include "vt/async.h"

typedef struct vt__box {
  vt_op_t op;
  vt_source_t *awaited; /* NULL while the body runs; complete: what is kept */
  vt_t outcome;         /* the macros' */
} vt__box_t;

_Static_assert(sizeof(vt__box_t) == VT__BOX_SIZE,
               "the macros find their words right before the frame");

static inline vt_frame_t *vt__frame_of(vt__box_t *box) {
  return (vt_frame_t *)(void *)(box + 1);
}

/* ---- frame.c ---- */

extern const vt_source_ops_t vt__box_ops;

/* The box that a box awaits, if it awaits one. */
static inline vt__box_t *vt__awaited_box(const vt__box_t *box) {
  vt_source_t *awaited = box->awaited;
  return awaited && awaited->ops == &vt__box_ops ? (vt__box_t *)(void *)awaited
                                                 : NULL;
}

/* Continuations of a box, its state: its body is called; the same where it is
 * due to be cancelled; it has what its body has returned. */
void vt__box_resume(void *state, vt_result_t result);
void vt__box_resume_due(void *state, vt_result_t result);
void vt__box_pass_on(void *state, vt_result_t result);

/* What is registered for a box on the slow way in place of the first. */
vt_continuation_fn *vt__box_resume_of(const vt__box_t *box);

/* ---- frame_cancel.c ---- */

/* The cancel of a box as a source. */
int vt__box_cancel(vt_source_t *source, uint64_t token);

/* Ends what a box awaits, that has just suspended in a cancelled scope, unless
 * it is in its clean-up. */
void vt__box_end(vt__box_t *box);

/* A box that was due has suspended again: what it awaits now is ended. */
void vt__box_deliver(vt__box_t *box);

#endif
