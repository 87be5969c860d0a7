/* SPDX-License-Identifier: MIT */
/* Lines of source for reports: what -DVT_DEBUG adds to a user's file. The
 * library, all layouts and the ABI are the same with and without it, and files
 * of both kinds link together. Private: the macros of <vt.h> call these.
 *
 * What they tell of the common mistake to return a value task where nothing is
 * ever in hand: vt_loop_report_sites names the line, 0 of 1000 in hand. */
#ifndef VT_SITE_H
#define VT_SITE_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The next operation of this thread is made at file:line. Borrows file, which
 * must be static. */
VT_API void vt__site_made(const char *file, unsigned line);

/* Counts an await of v at file:line, and reports it when it is misuse (v is
 * stale, or awaited already); what is made to wait for v is made there. */
VT_API VT_MUST_USE vt_t vt__site_await(vt_t v, const char *file, unsigned line);

/* The same for a result that is taken there, which is not counted; too early is
 * misuse as well. */
VT_API VT_MUST_USE vt_t vt__site_taken(vt_t v, const char *file, unsigned line);

/* The operands of what is made at file:line, once they have been made
 * themselves; gives v. */
VT_API const vt_t *vt__site_operands(const vt_t *v, const char *file,
                                     unsigned line);

/* Nothing more is made at the announced line. */
VT_API void vt__site_none(void);

/* The frame of a body under VT_DEBUG: copied to a fresh heap block at the start
 * and at every await, the old block freed. */
VT_API void *vt__debug_enter(void *frame, size_t size);
VT_API void *vt__debug_move(void *frame, size_t size);
VT_API VT_MUST_USE vt_t vt__debug_suspend(void *frame, size_t size, bool boxed,
                                          vt_t v);
VT_API void vt__debug_exit(void *frame);

#ifdef __cplusplus
}
#endif

#ifdef VT_DEBUG
#define VT__MADE vt__site_made(__FILE__, (unsigned)__LINE__)
#define VT__OPERANDS(v) vt__site_operands((v), __FILE__, (unsigned)__LINE__)
#define VT__TAKEN(expr) vt__site_taken((expr), __FILE__, (unsigned)__LINE__)
#define VT__SITED(expr)                                                        \
  (VT__MADE, vt__site_await((expr), __FILE__, (unsigned)__LINE__))
#else
#define VT__SITED(expr) (expr)
#define VT__OPERANDS(v) (v)
#endif

#endif
