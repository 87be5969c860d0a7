/* SPDX-License-Identifier: MIT */
/* Several value tasks one by one, in the order in which they complete. C#'s
 * Task.WhenEach and Python's as_completed; which one it was is told, and
 * nothing is lost between two steps.
 *
 *     struct ask_frame { vt_frame_t vt; vt_t asked[3]; vt_each_t *each; };
 *
 *     static vt_t ask_body(void *frame)
 *     {
 *       struct ask_frame *f = frame;
 *       vt_value_t i;
 *       int rc;
 *       VT_BEGIN(f);
 *       rc = vt_each_new(f->asked, 3, 0, &f->each);
 *       if (rc != 0) VT_RETURN(f, vt_failed(rc));
 *       while (vt_each_left(f->each) > 0) {
 *         VT_TRY_VALUE(f, i, vt_each_next(f->each));
 *         show(i.u, vt_each_result(f->each, i.u));
 *       }
 *       VT_FINALLY(f);
 *       vt_each_free(f->each);
 *       VT_END(f);
 *     }
 *
 * All calls on the thread of the loop it was made on; another one gets
 * VT_ETHREAD. */
#ifndef VT_EACH_H
#define VT_EACH_H

#include "vt/all.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_each vt_each_t;

/* Awaits all count operands, as vt_all does: consumes each once, and reads v
 * during the call only. Gives *out (vt_each_free). VT_FAIL_FAST: the first
 * failure cancels the rest, which are given all the same; VT_KEEP: see
 * vt_each_free. 0 operands: nothing to give. UV_EINVAL for NULL, the operands
 * untouched; UV_ENOMEM, and UV_ECANCELED in a cancelled scope, the operands
 * cancelled and forgotten; VT_ENOLOOP. */
VT_API int vt_each_new(const vt_t v[], size_t count, unsigned flags,
                       vt_each_t **out);

/* Completes with the index, in value.u, of the operand that completed first of
 * those not given yet, well or not; in hand when there is one (those that were
 * complete at vt_each_new come by index). UV_EOF when all were given.
 * Cancelling it ends this wait alone (UV_ECANCELED), so vt_with_timeout may be
 * put around it; an index that nobody takes is given by the next call.
 * UV_EALREADY while an earlier one waits or was not taken; where it would wait,
 * UV_ENOMEM, and UV_ECANCELED in a cancelled scope; UV_EINVAL for NULL. */
VT_API VT_MUST_USE vt_t vt_each_next(vt_each_t *each);

/* The result of operand index, any number of times; VT_EPENDING before it has
 * completed, UV_EINVAL for an index that there is not. What it owns is the
 * caller's once the index was given, and not before. */
VT_API vt_result_t vt_each_result(const vt_each_t *each, size_t index);

/* How many are still to be given; 0 for NULL. */
VT_API size_t vt_each_left(const vt_each_t *each);

/* Cancels those that are not complete; they are given, mostly with
 * UV_ECANCELED, when libuv is done with them. As vt_cancel otherwise. */
VT_API int vt_each_cancel(vt_each_t *each);

/* Ends it; NULL is accepted. What is not complete is cancelled (VT_KEEP: goes
 * on) and forgotten. An operation that libuv cannot stop uses memory of yours
 * until it is done: where there is such memory, vt_each_cancel and take the
 * rest first, or join their scope before the memory goes. Of what was not given
 * a failure is reported, and what a success owns is dropped as <vt/all.h>
 * tells. A vt_each_next that waits completes with UV_ECANCELED. Never freed, it
 * keeps the loop from being detached. */
VT_API void vt_each_free(vt_each_t *each);

#ifdef __cplusplus
}
#endif
#endif
