/* SPDX-License-Identifier: MIT */
/* The awaitable pattern: anything can be awaited that is a source. A source
 * answers status, result and on completed (C#'s IValueTaskSource: GetStatus,
 * GetResult, OnCompleted), and optionally cancel and describe. Tasks, the
 * library's operations, async functions and users' own structs are all
 * sources.
 *
 * A source's duties:
 *  - check the token first; a call with another token changes nothing and
 *    answers VT_ESTALE, older or newer;
 *  - never call a continuation: keep the vt_continuation_t that on_completed
 *    was given, and complete with vt_resume;
 *  - touch itself for the last time before vt_resume, which may run code that
 *    reuses or frees it. */
#ifndef VT_SOURCE_H
#define VT_SOURCE_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_source vt_source_t;
typedef struct vt_scope vt_scope_t;
typedef struct vt_loop vt_loop_t;
struct vt__own_ops;

/* What a source keeps of the one who awaits it: copied freely, valid for one
 * vt_resume. Zeroed, it names nobody. Read-only for users. */
typedef struct vt_continuation {
  void *waiter;
  uint64_t token;
} vt_continuation_t;

/* One table for each kind of source, static and const. */
typedef struct vt_source_ops {
  /* What the source is, in one word, for reports: "delay", "fs_read". */
  const char *kind;

  /* VT_PENDING, 0 or the negative status; VT_ESTALE for another token. */
  int64_t (*status)(const vt_source_t *source, uint64_t token);

  /* The result; VT_EPENDING before completion, VT_ESTALE for another token.
   * Whether it may be taken again is the source's own rule. */
  vt_result_t (*result)(vt_source_t *source, uint64_t token);

  /* Copies *c and answers 0, to call vt_resume with it later, once; or answers
   * VT_COMPLETED and keeps nothing; or a negative refusal (VT_EAWAITED when one
   * is kept already). Never calls vt_resume before it returns. */
  int (*on_completed)(vt_source_t *source, uint64_t token,
                      const vt_continuation_t *c);

  /* Optional. Asks for an early end, as vt_cancel tells it. */
  int (*cancel)(vt_source_t *source, uint64_t token);

  /* Optional. Writes what the operation is about (a path, an address) into
   * text, size bytes with the terminating zero. Takes nothing. */
  void (*describe)(const vt_source_t *source, char *text, size_t size);

  /* The library's own short cuts; leave NULL. */
  const struct vt__own_ops *own;
} vt_source_ops_t;

/* The first member of every source. Its memory must stay a source (with a valid
 * ops) as long as any value task that names it may be touched. */
struct vt_source {
  const vt_source_ops_t *ops;
  uint64_t token;    /* current; bumped when the source serves the next one */
  vt_scope_t *scope; /* the scope it was begun in; the library's */
};

/* A value task on the source's current token. Borrows the source until the
 * value task is taken. NULL, or a source without its table, gives a failed
 * value task (UV_EINVAL). */
VT_API VT_MUST_USE vt_t vt_from_source(vt_source_t *source);

/* Completes the awaiter with a result: applies loop, scope and depth. On the
 * loop that awaited it may run the continuation before it returns (to a bounded
 * depth); from another thread the continuation is posted to that loop. Copies
 * *c first. Needs no memory. Any thread; exactly one call for a continuation
 * wins, every other one gets VT_EDONE and changes nothing. A result with a
 * positive status counts as VT_ESTATUS. */
VT_API int vt_resume(const vt_continuation_t *c, vt_result_t result);

/* The same, but never before it returns. With VT_ANYWHERE that is from this
 * thread's loop, or from the one that awaited where this thread has none. */
VT_API int vt_resume_later(const vt_continuation_t *c, vt_result_t result);

/* ---- a resettable source: C#'s ManualResetValueTaskSourceCore ---- */

/* One operation after another with no allocation, in the caller's memory. The
 * result may be taken any number of times until the reset; a reset makes older
 * value tasks stale. All calls on the thread that called init; another one gets
 * VT_ETHREAD. The fields are private.
 *
 * Common mistakes: a second await or vt_as_task while the first one waits is
 * VT_EAWAITED, afterwards it gives the result again; any use after the reset is
 * VT_ESTALE; a reset while a continuation waits is refused. */
typedef struct vt_reset_source {
  vt_source_t source;
  vt_result_t result;
  vt_continuation_t continuation;
  vt_loop_t *loop;
  unsigned flags;
  unsigned state;
} vt_reset_source_t;

/* Completion only queues the continuation, never runs it. */
#define VT_COMPLETE_LATER 1u

/* Begins the first operation, token 0. Unknown flags are ignored. */
VT_API void vt_reset_source_init(vt_reset_source_t *s, unsigned flags);

/* The value task of the current operation. */
VT_API VT_MUST_USE vt_t vt_reset_source_task(vt_reset_source_t *s);

/* Completes the current operation; a status that is positive becomes
 * VT_ESTATUS. VT_EDONE when it has completed (the first result stays),
 * VT_ETHREAD. May run the continuation before it returns, to a bounded depth,
 * but for VT_COMPLETE_LATER. */
VT_API int vt_reset_source_set(vt_reset_source_t *s, vt_result_t result);

/* Begins the next operation. Refused while a continuation is registered that
 * has not run (VT_EAWAITED), or on another thread (VT_ETHREAD). */
VT_API int vt_reset_source_reset(vt_reset_source_t *s);

#ifdef __cplusplus
}
#endif
#endif
