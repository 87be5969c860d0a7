/* SPDX-License-Identifier: MIT */
/* Files, by libuv's names. Each completes on this thread's loop; besides the
 * errors of the system each may give VT_ENOLOOP and UV_ENOMEM in hand, and
 * UV_EINVAL for NULL and for an offset below -1. Cancel works while the
 * request waits for a thread of libuv's pool: UV_ECANCELED, and nothing was
 * done. After that reads, writes and fsyncs answer UV_EBUSY and their result
 * comes; open and fstat are answered with UV_ECANCELED at once. A close is
 * never cancelled. */
#ifndef VT_FS_H
#define VT_FS_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opens path with open(2)'s flags and mode. Gives the file in value.i
 * (vt_fs_close). Copies path. A cancelled or forgotten open closes its file
 * when it comes. */
VT_API VT_MUST_USE vt_t vt_fs_open(const char *path, int flags, int mode);

/* Reads at most size bytes at offset (-1: the current one) into buffer, which
 * it borrows until completion. The count is in value.u; 0 is the end of the
 * file. Sizes over 1 GiB are read as 1 GiB. */
VT_API VT_MUST_USE vt_t vt_fs_read(uv_file file, void *buffer, size_t size,
                                   int64_t offset);

/* Writes at most size bytes of data at offset (-1: the current one); borrows
 * data until completion. The count, which may be short, is in value.u: a short
 * write without an error is not yet success. Sizes over 1 GiB are written as
 * 1 GiB. */
VT_API VT_MUST_USE vt_t vt_fs_write(uv_file file, const void *data, size_t size,
                                    int64_t offset);

/* Closes the file, which is gone whatever the result says; but for a failure in
 * hand, where nothing was begun. */
VT_API VT_MUST_USE vt_t vt_fs_close(uv_file file);

/* Fills *out, which it borrows until completion and writes only on success. */
VT_API VT_MUST_USE vt_t vt_fs_fstat(uv_file file, uv_stat_t *out);

/* Hands what was written to the device. After a failure the kernel may have
 * dropped the data and report success the next time: do not retry, write to a
 * new file. */
VT_API VT_MUST_USE vt_t vt_fs_fsync(uv_file file);

#ifdef __cplusplus
}
#endif
#endif
