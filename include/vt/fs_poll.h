/* SPDX-License-Identifier: MIT */
/* Changes of a file as its uv_stat_t shows them, looked at again and again: for
 * file systems that tell nothing (<vt/fs_event.h> is cheaper). All on one
 * loop's thread. libuv copies the path for each look, and aborts the process
 * when it has no memory for that. */
#ifndef VT_FS_POLL_H
#define VT_FS_POLL_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_fs_poll vt_fs_poll_t;

/* What a file was, and what it is now. */
typedef struct vt_fs_poll_change {
  uv_stat_t prev;
  uv_stat_t curr;
} vt_fs_poll_change_t;

/* Looks at path every interval_ms milliseconds (0 counts as 1), also between
 * two waits; gives the object, end it by vt_fs_poll_close. Copies path.
 * UV_EINVAL, VT_ENOLOOP, UV_ENOMEM and libuv's own. That there is no file yet
 * is told to the first wait. */
VT_API int vt_fs_poll_new(const char *path, unsigned interval_ms,
                          vt_fs_poll_t **out);

/* The same with a handle of yours that is initialised and not started (UV_EBUSY
 * otherwise). Borrows handle until vt_fs_poll_unwrap or the end of
 * vt_fs_poll_close. UV_EEXIST when it has an object, UV_EBADF while it
 * closes. */
VT_API int vt_fs_poll_wrap(uv_fs_poll_t *handle, const char *path,
                           unsigned interval_ms, vt_fs_poll_t **out);

/* Gives a wrapped handle back, open and stopped, and frees the object. UV_EBUSY
 * while somebody waits, UV_EINVAL for an object with a handle of its own. The
 * last look may still be under way, and libuv aborts when its handle is started
 * again before that has ended: close it instead, or let the loop run out. */
VT_API int vt_fs_poll_unwrap(vt_fs_poll_t *poll);

/* Completes when the file has changed, in hand when it has since the last wait:
 * from what to what in out, in how many steps that were seen in value.u. When
 * the last look failed: with its status (UV_ENOENT for a file that is gone),
 * once, and out as it was. Borrows out until completion. Waits are served one
 * by one, in their order. UV_ECANCELED when it is closed meanwhile, UV_EBADF
 * after that. */
VT_API VT_MUST_USE vt_t vt_fs_poll_wait(vt_fs_poll_t *poll,
                                        vt_fs_poll_change_t *out);

/* Takes the object; as vt_close otherwise. */
VT_API VT_MUST_USE vt_t vt_fs_poll_close(vt_fs_poll_t *poll);

/* The handle; borrowed until the close. */
VT_API uv_fs_poll_t *vt_fs_poll_uv(vt_fs_poll_t *poll);

#ifdef __cplusplus
}
#endif
#endif
