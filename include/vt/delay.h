/* SPDX-License-Identifier: MIT */
/* Time: delays and yielding. One timer handle serves all delays of a loop. */
#ifndef VT_DELAY_H
#define VT_DELAY_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Completes after at least ms milliseconds of this thread's loop, counted from
 * now (not from the loop's clock, which may be behind); 0 is done in hand.
 * Delays due at the same millisecond complete in the order they were begun.
 * Times that do not fit
 * saturate at some 500 years. Cancelled: UV_ECANCELED. VT_ENOLOOP, UV_ENOMEM.
 * C#'s Task.Delay. */
VT_API VT_MUST_USE vt_t vt_delay(uint64_t ms);

/* Completes in the next turn of the loop, after I/O had its turn. Never in
 * hand. VT_ENOLOOP, UV_ENOMEM. C#'s Task.Yield. */
VT_API VT_MUST_USE vt_t vt_yield(void);

#ifdef __cplusplus
}
#endif
#endif
