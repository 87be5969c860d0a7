/* SPDX-License-Identifier: MIT */
/* Something that is done once, by whoever comes first, for all: a connection, a
 * table read from a file. C#'s AsyncLazy, as people write it. */
#ifndef VT_ONCE_H
#define VT_ONCE_H

#include "vt/wait_list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Does it: an async function, or any that returns a value task. */
typedef vt_t vt_once_fn(void *arg);

/* In the caller's memory, which must not move until it is closed. Private. */
typedef struct vt_once {
  bool done;
  bool running;
  vt_value_t value; /* once done */
  int64_t status;   /* of the close; 0 while open */
  vt_t run;         /* what fn returned */
  vt_wait_list_t waiters;
} vt_once_t;

/* Opens it, not done. UV_EINVAL for NULL. */
VT_API int vt_once_init(vt_once_t *o);

VT_API VT_MUST_USE vt_t vt__once_run(vt_once_t *o, vt_once_fn *fn, void *arg);

/* The value, in hand when it is done. Else the first calls fn(arg), and all who
 * come meanwhile complete with its result, in their order and never inside its
 * completion. A failure is told to these; the next to come tries again.
 * Nobody's cancel or forgetting ends fn, which is of no scope: it is done for
 * all. A pointer in the value must stay valid as long as anybody asks. The
 * status of the close when it is closed; UV_EINVAL for fn NULL; UV_ENOMEM:
 * cannot wait, while fn goes on for the others; VT_ETHREAD where others wait on
 * another loop. Borrows arg until fn's completion. */
static inline VT_MUST_USE vt_t vt_once_run_async(vt_once_t *o, vt_once_fn *fn,
                                                 void *arg) {
  if (!VT_LIKELY(o->done))
    return vt__once_run(o, fn, arg);
  return vt_from_value(o->value);
}

static inline bool vt_once_is_done(const vt_once_t *o) { return o->done; }

/* Ends it, as vt_semaphore_close; what runs goes on as forgotten. */
VT_API int vt_once_close(vt_once_t *o, int64_t status);

#ifdef __cplusplus
}
#endif
#endif
