/* SPDX-License-Identifier: MIT */
/* Changes of a file or folder, as the kernel tells them. All on one loop's
 * thread. */
#ifndef VT_FS_EVENT_H
#define VT_FS_EVENT_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_fs_event vt_fs_event_t;

/* One change. */
typedef struct vt_fs_change {
  int events;       /* UV_RENAME, UV_CHANGE */
  uint64_t dropped; /* changes before this one for which there was no room */
  char name[256];   /* in the folder, or of the file; its beginning when it is
                       longer, "" when the kernel gave none */
} vt_fs_change_t;

/* Watches path from now on, also between two waits; gives the object, end it by
 * vt_fs_event_close. flags are uv_fs_event_start's. So many changes as keep
 * (0: 64; 65536 at most) are kept while nobody waits; then each new one drops
 * the oldest, which is told. Changes that the kernel lost itself nobody tells.
 * Copies path. UV_EINVAL, UV_ENOENT and libuv's own, VT_ENOLOOP, UV_ENOMEM. */
VT_API int vt_fs_event_new(const char *path, unsigned flags, size_t keep,
                           vt_fs_event_t **out);

/* The same with a handle of yours that is initialised and not started (UV_EBUSY
 * otherwise). Borrows handle until vt_fs_event_unwrap or the end of
 * vt_fs_event_close. UV_EEXIST when it has an object, UV_EBADF while it
 * closes. */
VT_API int vt_fs_event_wrap(uv_fs_event_t *handle, const char *path,
                            unsigned flags, size_t keep, vt_fs_event_t **out);

/* Gives a wrapped handle back, open and stopped, and frees the object with what
 * it kept. UV_EBUSY while somebody waits, UV_EINVAL for an object with a handle
 * of its own. */
VT_API int vt_fs_event_unwrap(vt_fs_event_t *event);

/* Completes with the next change in out and its events in value.u, in hand when
 * one was kept. Borrows out until completion. Waits are served one by one, in
 * their order. The kernel's errors; UV_ECANCELED when it is closed meanwhile,
 * UV_EBADF after that. */
VT_API VT_MUST_USE vt_t vt_fs_event_wait(vt_fs_event_t *event,
                                         vt_fs_change_t *out);

/* Takes the object; as vt_close otherwise. */
VT_API VT_MUST_USE vt_t vt_fs_event_close(vt_fs_event_t *event);

/* The handle; borrowed until the close. */
VT_API uv_fs_event_t *vt_fs_event_uv(vt_fs_event_t *event);

#ifdef __cplusplus
}
#endif
#endif
