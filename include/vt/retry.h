/* SPDX-License-Identifier: MIT */
/* Trying again, with pauses that grow. */
#ifndef VT_RETRY_H
#define VT_RETRY_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One attempt, the first is number 0; what it returns is consumed. */
typedef vt_t vt_retry_fn(void *arg, unsigned attempt);

/* What to try and how. Valid when zeroed but for fn; copied. */
typedef struct {
  vt_retry_fn *fn;
  void *arg; /* borrowed until completion */
  /* Whether a failure is worth another attempt. NULL: any but UV_ECANCELED. */
  bool (*again)(void *arg, int64_t status);
  unsigned attempts; /* at most; 0: until one succeeds */
  uint32_t first_ms; /* the first pause, twice as long each time; 0: 100 */
  uint32_t most_ms;  /* and never longer than this; 0: 30,000 */
  uint64_t seed;     /* of the jitter; 0: another one each time */
} vt_retry_t;

/* Calls what->fn until it succeeds, and completes with that result, or with the
 * last failure when it is not worth another attempt or there were enough. Each
 * pause is a random part, between a half and the whole, of its length, so that
 * many who failed at once do not come back at once. An attempt that succeeds in
 * hand is in hand. Cancelling cancels the attempt or the pause, and ends it
 * with UV_ECANCELED. When nobody takes the result, what it owns is dropped by
 * its type, as <vt/all.h> tells. UV_EINVAL without fn; UV_ENOMEM, VT_ENOLOOP
 * when it must wait. */
VT_API VT_MUST_USE vt_t vt_retry(const vt_retry_t *what);

#ifdef __cplusplus
}
#endif
#endif
