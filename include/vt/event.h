/* SPDX-License-Identifier: MIT */
/* A signal that is set or not, for async functions and callbacks of one loop.
 * C#'s ManualResetEvent and AutoResetEvent, without a thread that blocks. */
#ifndef VT_EVENT_H
#define VT_EVENT_H

#include "vt/wait_list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A flag of vt_event_init: set lets one go on, and is reset by it. */
#define VT_EVENT_AUTO_RESET 1u
/* Another: set from the start. */
#define VT_EVENT_SET 2u

/* In the caller's memory, which must not move while anybody waits. Private. */
typedef struct vt_event {
  bool set;
  bool auto_reset;
  int64_t status; /* of the close; 0 while open */
  vt_wait_list_t waiters;
} vt_event_t;

/* Opens it. Unknown flags are ignored. UV_EINVAL for NULL. */
VT_API int vt_event_init(vt_event_t *e, unsigned flags);

VT_API VT_MUST_USE vt_t vt__event_wait(vt_event_t *e);

/* Completes when it is set: in hand when it is so already, which resets one of
 * VT_EVENT_AUTO_RESET. UV_ECANCELED has taken nothing; the status of the close
 * when it is closed; UV_ENOMEM, VT_ENOLOOP; VT_ETHREAD where others wait on
 * another loop. */
static inline VT_MUST_USE vt_t vt_event_wait_async(vt_event_t *e) {
  if (!VT_LIKELY(e->set && VT__IS_HERE(&e->waiters)))
    return vt__event_wait(e);
  e->set = !e->auto_reset;
  return vt_done();
}

/* Lets all that wait go on, and who comes, until it is reset; or, with
 * VT_EVENT_AUTO_RESET, the first that waits, or the next to come. Set twice is
 * set once. One that was let go and that nobody takes lets the next one go. No
 * continuation runs inside. 0, also when it is closed, which changes nothing;
 * VT_ETHREAD. */
VT_API int vt_event_set(vt_event_t *e);

/* Who comes from now on waits. Under VT_DEBUG another thread changes
 * nothing. */
static inline void vt_event_reset(vt_event_t *e) {
  if (VT__IS_HERE(&e->waiters))
    e->set = false;
}

static inline bool vt_event_is_set(const vt_event_t *e) { return e->set; }

/* Ends it, as vt_semaphore_close. */
VT_API int vt_event_close(vt_event_t *e, int64_t status);

#ifdef __cplusplus
}
#endif
#endif
