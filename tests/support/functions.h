/* SPDX-License-Identifier: MIT */
/* Async functions that await each other, in a chain of any length. A source of
 * the test itself, built in its form (VT_DEBUG, VT_LABELS, -O0). */
#ifndef VT_TEST_FUNCTIONS_H
#define VT_TEST_FUNCTIONS_H

#include <vt.h>

/* Awaits v and returns its value and one. */
VT_MUST_USE vt_t functions_link(vt_t v);

/* Returns v, a tail: without a wait of its own it needs no box. */
VT_MUST_USE vt_t functions_tail(vt_t v);

/* Yields, then returns v. */
VT_MUST_USE vt_t functions_late_tail(vt_t v);

/* functions_link with its frame in a box from the start. */
VT_MUST_USE vt_t functions_boxed(vt_t v);

/* Awaits v and returns as functions_link does, after a clean-up. */
VT_MUST_USE vt_t functions_clean(vt_t v);

/* A chain of links over v. */
VT_MUST_USE vt_t functions_chain(vt_t (*link)(vt_t), vt_t v, uint64_t links);

#endif
