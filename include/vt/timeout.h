/* SPDX-License-Identifier: MIT */
/* A bound on how long a value task may take. C#'s WaitAsync, but that what is
 * under way is cancelled and not left behind. */
#ifndef VT_TIMEOUT_H
#define VT_TIMEOUT_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* v's result if it is complete within ms milliseconds, else UV_ETIMEDOUT.
 * Consumes v. A v in hand is given back as it is, whatever ms is; with 0 a
 * pending one has timed out at once. Then v is cancelled, and completion waits
 * for an operation that libuv still holds, as its memory is in use: if it
 * succeeds after all, that is the result, so that nothing is lost. What cannot
 * be cancelled (a task) is left to go on as forgotten. UV_ENOMEM: v is
 * cancelled and forgotten. Cancelling cancels v. When nobody takes the result,
 * what it owns is dropped by its type, as <vt/all.h> tells. */
VT_API VT_MUST_USE vt_t vt_with_timeout(vt_t v, uint64_t ms);

/* The same until a moment of uv_hrtime's clock in milliseconds, the same for
 * all that has to be done by then; one that has passed is a timeout of 0. */
VT_API VT_MUST_USE vt_t vt_with_deadline(vt_t v, uint64_t at_ms);

/* The deadline that is ms milliseconds from now. */
VT_API uint64_t vt_deadline_in(uint64_t ms);

#ifdef __cplusplus
}
#endif
#endif
