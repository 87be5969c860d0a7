/* SPDX-License-Identifier: MIT */
/* What is in a folder, by libuv's names: all at once (scandir) or in parts
 * (opendir, readdir, closedir). "." and ".." are left out. As in <vt/fs.h> each
 * completes on this thread's loop. A scandir and an opendir are answered at
 * once when they are cancelled, and what comes late is freed; a readdir that a
 * thread has begun is waited for; a closedir is never cancelled. */
#ifndef VT_FS_DIR_H
#define VT_FS_DIR_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A list of what is in a folder: one block. */
typedef struct vt_dirents {
  size_t count;
  const uv_dirent_t *entries; /* their names are in the block too */
} vt_dirents_t;

/* An open folder. Of the loop that opened it: elsewhere VT_ETHREAD in hand. */
typedef struct vt_dir vt_dir_t;

/* Lists the folder at path. Gives a vt_dirents_t in value.p (vt_dirents_free),
 * for which it allocates when it completes: UV_ENOMEM. flags are libuv's, which
 * has none: 0. Copies path. The list is made on the loop, 100,000 entries in
 * some milliseconds: read larger folders in parts. */
VT_API VT_MUST_USE vt_t vt_fs_scandir(const char *path, int flags);

/* Frees a list, from any thread; NULL is accepted. */
VT_API void vt_dirents_free(vt_dirents_t *list);

/* Opens the folder at path, for which it allocates. Gives a vt_dir_t in value.p
 * (vt_fs_closedir). Copies path. A cancelled or forgotten one is closed when it
 * comes. */
VT_API VT_MUST_USE vt_t vt_fs_opendir(const char *path);

/* Reads the next entries, 128 at most, and makes *out point to them; they are
 * borrowed, until the next readdir or closedir. Their number is in value.u, 0
 * at the end. Borrows out until completion. UV_EALREADY in hand while another
 * is pending, UV_EBADF after vt_fs_closedir. */
VT_API VT_MUST_USE vt_t vt_fs_readdir(vt_dir_t *dir, const uv_dirent_t **out);

/* Closes; takes dir, but for a failure in hand, where nothing was begun. It
 * waits for a readdir that is under way, which gets UV_ECANCELED. UV_EBADF in
 * hand between a close and its completion. */
VT_API VT_MUST_USE vt_t vt_fs_closedir(vt_dir_t *dir);

#ifdef __cplusplus
}
#endif
#endif
