/* SPDX-License-Identifier: MIT */
/* Several value tasks as one. C#'s WhenAll and WhenAny, without a task for each
 * operand and without an allocation of their own for what is in hand.
 *
 * The operands are consumed, each once, as an await would; one that cannot be
 * awaited counts as complete with that status. They are read during the call:
 * the array need not stay. Without memory for the whole the operands are
 * cancelled and forgotten, and it gives UV_ENOMEM. Cancelling the whole cancels
 * those that are not complete and completes when they are.
 *
 * What an operand's result owns (an open file, a connection, a permit) is the
 * caller's when the whole's result is taken and shows it. It is dropped by its
 * type, the file closed and the permit given back, when the whole is forgotten,
 * withdrawn or never taken, and where nothing shows it: a loser's, and without
 * out all of a failing vt_all's. This holds for operations of the library and
 * of the bridge that had to wait. A result in hand is the caller's own, as is
 * one of a task or a source of yours: give out where such a one owns something.
 * */
#ifndef VT_ALL_H
#define VT_ALL_H

#include <stddef.h>

#include "vt/site.h"
#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Flags. VT_FAIL_FAST, of vt_all: the first failure cancels the rest. VT_KEEP,
 * of vt_any and vt_race: the others are not cancelled, and completion does not
 * wait for them; a task goes on as before, an operation as forgotten. */
#define VT_FAIL_FAST 1u
#define VT_KEEP 2u

/* Completes when all count operands have; never earlier, but see VT_FAIL_FAST.
 * Its status is that of the first failure by index, else 0 and value.u is count
 * (0 operands: 0 in hand). out: NULL, or room for count results, each written
 * as it comes; borrowed until completion. A success without out gives what they
 * own all the same: all locks are held. UV_EINVAL for v NULL. */
static inline VT_MUST_USE vt_t vt_all(const vt_t v[], size_t count,
                                      unsigned flags, vt_result_t out[]);

/* Completes with the index, in value.u, of the first operand to complete, well
 * or not; the lowest of those that are complete at the call. The others are
 * cancelled, and completion waits for those that libuv still holds, so that no
 * memory is written afterwards; they may have succeeded all the same: out (as
 * for vt_all; with VT_KEEP not of those that were left) gives what they own,
 * else it is dropped and only the winner's is the caller's. UV_EINVAL for no
 * operands. */
VT_API VT_MUST_USE vt_t vt_any(const vt_t v[], size_t count, unsigned flags,
                               vt_result_t out[]);

/* vt_any, giving the winner's own result. */
VT_API VT_MUST_USE vt_t vt_race(const vt_t v[], size_t count, unsigned flags);

/* The same for a few operands written out: vt_t expressions, or the .vt of
 * typed value tasks of different types. */
#ifndef __cplusplus
#define VT__LIST(...) VT__OPERANDS(((const vt_t[]){__VA_ARGS__}))
#define VT__COUNT(...) (sizeof((const vt_t[]){__VA_ARGS__}) / sizeof(vt_t))
#define VT_ALL(flags, out, ...)                                                \
  (vt_all)(VT__LIST(__VA_ARGS__), VT__COUNT(__VA_ARGS__), (flags), (out))
#define VT_ANY(flags, out, ...)                                                \
  (vt_any)(VT__LIST(__VA_ARGS__), VT__COUNT(__VA_ARGS__), (flags), (out))
#define VT_RACE(flags, ...)                                                    \
  (vt_race)(VT__LIST(__VA_ARGS__), VT__COUNT(__VA_ARGS__), (flags))
#endif

VT_API VT_MUST_USE vt_t vt__all(const vt_t v[], size_t count, unsigned flags,
                                vt_result_t out[]);

static inline VT_MUST_USE vt_t vt_all(const vt_t v[], size_t count,
                                      unsigned flags, vt_result_t out[]) {
  uintptr_t waits = 0;
  if (!v || out)
    return vt__all(v, count, flags, out);
  for (const vt_t *at = v; at < v + count; at++)
    waits |= at->source;
  return VT_LIKELY(waits == 0) ? vt_from_uint(count)
                               : vt__all(v, count, flags, out);
}

#ifdef __cplusplus
}
#endif
#endif
