/* SPDX-License-Identifier: MIT */
/* Async functions: straight code over value tasks, as a stackless coroutine.
 *
 * Locals that live across an await sit in a frame, a struct whose first member
 * is a vt_frame_t named vt. The body runs on the caller's stack, and so does
 * its frame, until the first await that really waits; then the frame moves to a
 * pooled box, one for any number of waits (C#'s state machines do this). A call
 * that never waits allocates nothing, through any depth.
 *
 *     struct copy_frame { vt_frame_t vt; uv_file in, out; char *block; };
 *
 *     static vt_t copy_body(void *frame)
 *     {
 *       struct copy_frame *f = frame;
 *       vt_value_t n;
 *       VT_BEGIN(f);
 *       VT_TRY_VALUE(f, n, vt_fs_read(f->in, f->block, 4096, -1));
 *       VT_TRY(f, vt_fs_write(f->out, f->block, n.u, -1));
 *       VT_RETURN(f, vt_from_uint(n.u));
 *       VT_END(f);
 *     }
 *
 * Rules: f is a plain pointer variable that every await may change; the frame
 * must not point into itself (vt_start_boxed is for those that do); other
 * locals are lost at an await that waits; leave only by VT_RETURN, VT_TRY or
 * the end, never by return; at most one of these macros on a line; none inside
 * a switch of your own (the compiler warns; VT_LABELS allows it).
 *
 * A file that defines VT_LABELS before including this header dispatches by
 * labels as values, a compiler's extension: VT_BEGIN_LABELS (VT_BEGIN there is
 * the same). With VT_DEBUG the frame moves at the start and at every await, and
 * the old place is freed, so that sanitizers name the line of a kept pointer;
 * layouts are the same with and without either. C only. */
#ifndef VT_ASYNC_H
#define VT_ASYNC_H

#include <string.h>

#include "vt/bridge.h"
#include "vt/site.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The body of an async function. Called by vt_start and by the loop, never by
 * the user. */
typedef vt_t vt_body_fn(void *frame);

/* The first member of every frame; private. */
typedef struct vt_frame {
  vt_body_fn *body;
  uint64_t state; /* VT__BEGIN while the frame is on the stack; else where to go
                     on */
} vt_frame_t;

/* What stands right before a boxed frame; private. */
struct vt__box_tail {
  vt_t result; /* of the await that was waited for, in hand */
  void *link;
  vt_source_t *awaited;
  vt_t outcome; /* while the clean-up waits: what the function returns */
};

/* Values of vt_frame_t.state and of the macros' vt__at. Awaits are above; those
 * of a clean-up have the top bit. */
#define VT__BEGIN 1u
#define VT__BEGIN_BOXED 2u
#define VT__LEAVING 3u
#define VT__CLEANUP ((uint64_t)1 << 63)
/* From a box to its frame: the words of an operation before its result, and
 * the tail. */
#define VT__BOX_SIZE (offsetof(vt_op_t, result) + sizeof(struct vt__box_tail))

/* Runs body with the frame on the caller's stack. The frame's members but vt
 * are set by the caller. Gives the value task: the result in hand when nothing
 * waited, else pending. Without memory to wait the operation awaited is
 * cancelled and forgotten, and the await gives UV_ENOMEM. */
static inline VT_MUST_USE vt_t vt_start(void *frame, vt_body_fn *body) {
  vt_frame_t *f = (vt_frame_t *)frame;
  f->body = body;
  f->state = VT__BEGIN;
  return body(frame);
}

/* The same with the frame, size bytes of it copied, in a pooled box from the
 * start: for frames that hold buffers which operations borrow, or pointers into
 * themselves (set up by the body). UV_ENOMEM, VT_ENOLOOP in hand. */
VT_API VT_MUST_USE vt_t vt_start_boxed(const void *frame, size_t size,
                                       vt_body_fn *body);

/* Registers the frame's box (made for size bytes when boxed is NULL) to be
 * resumed by v, and returns the box's own value task, pending; or v's result in
 * hand when there is nothing to wait for (v itself when it is a failure in
 * hand; it never is a success in hand). */
VT_API VT_MUST_USE vt_t vt__suspend(void *boxed, size_t size, vt_t v);

static inline struct vt__box_tail *vt__tail(void *boxed) {
  return (struct vt__box_tail *)boxed - 1;
}

/* Makes the shield of the current scope current, which a cancel does not reach;
 * gives what was current, or NULL when nothing changed. Then back, for v, what
 * the body returns. */
VT_API vt_scope_t *vt__shield(void);
VT_API void vt__unshield(vt_scope_t *before, vt_t v);

/* The frame in the box that v names. */
static inline vt_frame_t *vt__boxed(vt_t v) {
  return (vt_frame_t *)(v.source + VT__BOX_SIZE);
}

static inline bool vt__is_pending(vt_t v) {
  return v.source != 0 && !(v.source & 1);
}

/* What the clean-up returns when out ends it: the first failure stays. */
static inline VT_MUST_USE vt_t vt__settle(vt_t outcome, vt_t out) {
  if (vt__is_pending(out))
    vt_forget(out);
  else if (outcome.source == 0 && out.source != 0)
    return out;
  return outcome;
}

/* ---- the two forms of dispatch ---- */

#ifdef VT_LABELS
#define VT__CAT2(a, b) a##b
#define VT__CAT(a, b) VT__CAT2(a, b)
#define VT__HERE                                                               \
  ((uint64_t)(uintptr_t) __extension__ && VT__CAT(vt__resume_, __LINE__))
#define VT__RESUME VT__CAT(vt__resume_, __LINE__) :
#define VT__JUMP                                                               \
  if (vt__at == ~(uint64_t)0) /* never: clang wants a label's address */       \
    vt__at = (uint64_t)(uintptr_t) __extension__ && vt__start;                 \
  if (vt__at > VT__LEAVING)                                                    \
    __extension__({ goto *(void *)(uintptr_t)(vt__at & ~VT__CLEANUP); });
#define VT__STATE(phase) (VT__HERE | (uint64_t)(phase) << 63)
#define VT_BEGIN_LABELS(f) VT_BEGIN(f)
#else
#define VT__STATE(phase)                                                       \
  (((uint64_t)1 << 32) + __LINE__ + ((uint64_t)(phase) << 63))
#define VT__JUMP
#endif

/* ---- with the frame moving at every await, or only when it must ---- */

#ifdef VT_DEBUG
#define VT__ENTER(f) (f) = vt__debug_enter((f), sizeof *(f))
#define VT__MOVE(f) (f) = vt__debug_move((f), sizeof *(f))
#define VT__EXIT(f) vt__debug_exit(f)
#define VT__SUSPEND(f)                                                         \
  vt__out =                                                                    \
      vt__debug_suspend((f), sizeof *(f), vt__entry != VT__BEGIN, vt__out);
#define VT__MOVE_OUT(f)
#else
#define VT__ENTER(f) (void)0
#define VT__MOVE(f) (void)0
#define VT__EXIT(f) (void)0
#define VT__SUSPEND(f)                                                         \
  vt__out = vt__suspend(vt__entry == VT__BEGIN ? NULL : (void *)(f),           \
                        sizeof *(f), vt__out);
#define VT__MOVE_OUT(f)                                                        \
  if (vt__entry == VT__BEGIN)                                                  \
    VT_COPY(vt__boxed(vt__out), f);
#endif

/* ---- the pieces ----
 *
 * vt__out is what was awaited, then its result, then what is returned. A body
 * has one place that suspends, in VT_END, reached from each await; vt__phase,
 * a constant of each block, tells the clean-up from what comes before it. On
 * the way of a hit nothing takes the frame's address and nothing jumps back, so
 * that compilers keep the frame in registers and inline the body (gcc inlines a
 * plain static one up to a small size: write "static inline" where hits in a
 * loop matter). */

/* Suspends on vt__out; goes on below with its result in hand. */
#ifdef VT_LABELS
#define VT__WAIT(phase)                                                        \
  {                                                                            \
    vt__at = VT__STATE(phase);                                                 \
    goto vt__wait;                                                             \
    VT__RESUME;                                                                \
  }
#else
#define VT__WAIT(phase)                                                        \
  {                                                                            \
    vt__at = VT__STATE(phase);                                                 \
    goto vt__wait;                                                             \
  case VT__STATE(phase):;                                                      \
  }
#endif

#define VT__LEAVE                                                              \
  {                                                                            \
    if (vt__phase)                                                             \
      goto vt__ending;                                                         \
    goto vt__leaving;                                                          \
  }

#define VT__TRY(f, expr)                                                       \
  vt__out = VT__SITED(expr);                                                   \
  if (!VT_LIKELY(vt__out.source == 0)) {                                       \
    VT__WAIT(vt__phase)                                                        \
    if (vt__out.source != 0)                                                   \
      VT__LEAVE                                                                \
  }                                                                            \
  VT__MOVE(f);

/* ---- what users write ---- */

/* Opens the body, after its declarations. */
#define VT_BEGIN(f)                                                            \
  vt_t vt__out = {0, {0}};                                                     \
  vt_t vt__outcome = {0, {0}};                                                 \
  vt_scope_t *vt__before = NULL;                                               \
  VT__ENTER(f);                                                                \
  const uint64_t vt__entry = (f)->vt.state;                                    \
  uint64_t vt__at = vt__entry;                                                 \
  if (vt__entry <= VT__BEGIN_BOXED)                                            \
    goto vt__start;                                                            \
  vt__out = vt__tail(f)->result;                                               \
  vt__outcome = vt__tail(f)->outcome;                                          \
  vt__dispatch:                                                                \
  VT__JUMP                                                                     \
  switch (vt__at) {                                                            \
    {                                                                          \
      enum { vt__phase = 0 };                                                  \
    vt__start:

/* Awaits; r, a vt_result_t variable or member, gets the result, good or bad. */
#define VT_AWAIT(f, r, expr)                                                   \
  do {                                                                         \
    int64_t vt__status = 0;                                                    \
    vt__out = VT__SITED(expr);                                                 \
    if (!VT_LIKELY(vt__out.source == 0)) {                                     \
      VT__WAIT(vt__phase)                                                      \
      vt__status = vt_status_in_hand(vt__out);                                 \
    }                                                                          \
    VT__MOVE(f);                                                               \
    (r).status = vt__status;                                                   \
    (r).value = vt__out.value;                                                 \
  } while (0)

/* Awaits; a failure leaves the function with it, through the clean-up. */
#define VT_TRY(f, expr)                                                        \
  do {                                                                         \
    VT__TRY(f, expr)                                                           \
  } while (0)

/* VT_TRY; value, a vt_value_t variable or member, gets the value. */
#define VT_TRY_VALUE(f, value_, expr)                                          \
  do {                                                                         \
    VT__TRY(f, expr)                                                           \
    (value_) = vt__out.value;                                                  \
  } while (0)

/* Leaves with the result of a value task, through the clean-up. A pending one
 * is awaited: before the clean-up where there is one, else by the caller; what
 * it owns is then dropped by its type when nobody takes the function's result.
 * */
#define VT_RETURN(f, expr)                                                     \
  do {                                                                         \
    vt__out = VT__SITED(expr);                                                 \
    VT__LEAVE                                                                  \
  } while (0)

/* Begins the clean-up, which runs on return, failure and cancellation, once,
 * and may itself await. The outcome is settled when it begins and cancel is not
 * delivered from there on; a failing VT_TRY or a VT_RETURN inside ends it, and
 * the first failure stays (what such a VT_RETURN names is forgotten). In a
 * scope, what it begins is waited for by the join and not cancelled
 * (<vt/scope.h>). */
#define VT_FINALLY(f)                                                          \
  vt__out = vt_done();                                                         \
  goto vt__finally;                                                            \
  }                                                                            \
  case VT__LEAVING: {                                                          \
    enum { vt__phase = 1 };                                                    \
  vt__finally:                                                                 \
    if (vt__is_pending(vt__out))                                               \
      VT__WAIT(0)                                                              \
    vt__outcome = vt__out;                                                     \
    vt__before = vt__shield();

/* Closes the body. Falling off the end returns done. */
#define VT_END(f)                                                              \
  vt__out = vt_done();                                                         \
  VT__LEAVE                                                                    \
  vt__leaving:                                                                 \
  if (vt__phase) {                                                             \
    vt__at = VT__LEAVING;                                                      \
    goto vt__dispatch;                                                         \
  }                                                                            \
  vt__ending:                                                                  \
  if (vt__phase) {                                                             \
    vt__out = vt__settle(vt__outcome, vt__out);                                \
    if (vt__before)                                                            \
      vt__unshield(vt__before, vt_done());                                     \
  }                                                                            \
  goto vt__return;                                                             \
  vt__wait:                                                                    \
  (f)->vt.state = vt__at;                                                      \
  VT__SUSPEND(f)                                                               \
  if (vt__out.source == 0 || vt__out.source & 1)                               \
    goto vt__dispatch;                                                         \
  VT__MOVE_OUT(f)                                                              \
  if (vt__phase) {                                                             \
    vt__tail(vt__boxed(vt__out))->outcome = vt__outcome;                       \
    if (vt__before)                                                            \
      vt__unshield(vt__before, vt__out);                                       \
  }                                                                            \
  goto vt__return;                                                             \
  }                                                                            \
  default:                                                                     \
    vt__out = vt_failed(VT_ESTATE);                                            \
    if (0)                                                                     \
      goto vt__wait;                                                           \
    }                                                                          \
  vt__return:                                                                  \
    VT__EXIT(f);                                                               \
    return vt__out

#ifdef __cplusplus
}
#endif
#endif
