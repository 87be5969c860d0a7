/* SPDX-License-Identifier: MIT */
/* Files, by libuv's names: each function is libuv's of the same name. Each
 * completes on this thread's loop, with 0 in value where nothing else is said;
 * besides the errors of the system each may give VT_ENOLOOP and UV_ENOMEM in
 * hand, and UV_EINVAL for NULL and for an offset below -1. Folders are in
 * <vt/fs_dir.h>.
 *
 * Paths are copied. What is filled (out, buffer) is borrowed until completion
 * and filled on success only.
 *
 * Cancel works while the request waits for a thread of libuv's pool:
 * UV_ECANCELED, and nothing was done. After that
 *   - what takes a path, and fstat, is answered with UV_ECANCELED at once, and
 *     nothing is filled; what it does may still happen (a rename, a copy). A
 *     file or folder of a new name that comes late is closed and removed;
 *   - what takes a file that it reads or changes answers UV_EBUSY, and its
 *     result comes: after it, the file may be closed;
 *   - a close is never cancelled: UV_ENOSYS.
 *
 * What memory can answer completes before the call returns (<vt/hot.h>). */
#ifndef VT_FS_H
#define VT_FS_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- open, read, write, close ---- */

/* Opens path with open(2)'s flags and mode. Gives the file in value.i
 * (vt_fs_close). A cancelled or forgotten open closes its file when it
 * comes. */
VT_API VT_MUST_USE vt_t vt_fs_open(const char *path, int flags, int mode);

/* Reads at most size bytes at offset (-1: the current one) into buffer, which
 * it borrows until completion. The count is in value.u; 0 is the end of the
 * file. Sizes over 1 GiB are read as 1 GiB. */
VT_API VT_MUST_USE vt_t vt_fs_read(uv_file file, void *buffer, size_t size,
                                   int64_t offset);

/* The same into several buffers, one after the other: 1 to 1024 of them, else
 * UV_EINVAL in hand. Copies bufs, borrows the buffers until completion; above 4
 * libuv allocates for the copy. Their sizes are taken as they are; the system
 * reads 2 GiB less a page at most. */
VT_API VT_MUST_USE vt_t vt_fs_readv(uv_file file, const uv_buf_t *bufs,
                                    size_t count, int64_t offset);

/* Writes at most size bytes of data at offset (-1: the current one); borrows
 * data until completion. The count, which may be short, is in value.u: a short
 * write without an error is not yet success. Sizes over 1 GiB are written as
 * 1 GiB. */
VT_API VT_MUST_USE vt_t vt_fs_write(uv_file file, const void *data, size_t size,
                                    int64_t offset);

/* The same from several buffers, as in vt_fs_readv, but that libuv writes on
 * above 2 GiB. */
VT_API VT_MUST_USE vt_t vt_fs_writev(uv_file file, const uv_buf_t *bufs,
                                     size_t count, int64_t offset);

/* Closes the file, which is gone whatever the result says; but for a failure in
 * hand, where nothing was begun. */
VT_API VT_MUST_USE vt_t vt_fs_close(uv_file file);

/* Copies at most size bytes of in, from in_offset on (at least 0), to out at
 * its current position. The count, which may be short, is in value.u; 0 is the
 * end of in. */
VT_API VT_MUST_USE vt_t vt_fs_sendfile(uv_file out, uv_file in,
                                       int64_t in_offset, size_t size);

/* ---- the device, the size ---- */

/* Hands what was written to the device. After a failure the kernel may have
 * dropped the data and report success the next time: do not retry, write to a
 * new file. */
VT_API VT_MUST_USE vt_t vt_fs_fsync(uv_file file);

/* The same without what only describes the file (times). */
VT_API VT_MUST_USE vt_t vt_fs_fdatasync(uv_file file);

/* Cuts the file to size bytes, or lengthens it by a hole. */
VT_API VT_MUST_USE vt_t vt_fs_ftruncate(uv_file file, int64_t size);

/* ---- what is known of a file ---- */

/* Fills *out with what path leads to. */
VT_API VT_MUST_USE vt_t vt_fs_stat(const char *path, uv_stat_t *out);

/* The same of path itself when that is a symbolic link. */
VT_API VT_MUST_USE vt_t vt_fs_lstat(const char *path, uv_stat_t *out);

/* The same of an open file. */
VT_API VT_MUST_USE vt_t vt_fs_fstat(uv_file file, uv_stat_t *out);

/* Fills *out with what is known of the file system that path is on. */
VT_API VT_MUST_USE vt_t vt_fs_statfs(const char *path, uv_statfs_t *out);

/* Whether access(2)'s mode is granted: 0, else UV_EACCES and the like. */
VT_API VT_MUST_USE vt_t vt_fs_access(const char *path, int mode);

/* ---- names ---- */

/* Removes the name path, and with the last one the file. */
VT_API VT_MUST_USE vt_t vt_fs_unlink(const char *path);

/* Moves path to new_path, in place of a file that is there. */
VT_API VT_MUST_USE vt_t vt_fs_rename(const char *path, const char *new_path);

/* Copies a file's bytes and mode; flags are libuv's UV_FS_COPYFILE_..., others
 * UV_EINVAL in hand. What a failure leaves of new_path is removed. */
VT_API VT_MUST_USE vt_t vt_fs_copyfile(const char *path, const char *new_path,
                                       int flags);

/* Makes new_path another name of the file at path. */
VT_API VT_MUST_USE vt_t vt_fs_link(const char *path, const char *new_path);

/* Makes a symbolic link at new_path that says path. flags are libuv's
 * UV_FS_SYMLINK_..., of no meaning but on Windows. */
VT_API VT_MUST_USE vt_t vt_fs_symlink(const char *path, const char *new_path,
                                      int flags);

/* What the symbolic link at path says, to out, size bytes with the final NUL;
 * its length is in value.u. UV_ENOBUFS when there is less room. */
VT_API VT_MUST_USE vt_t vt_fs_readlink(const char *path, char *out,
                                       size_t size);

/* The same with the absolute path that path leads to, without links. */
VT_API VT_MUST_USE vt_t vt_fs_realpath(const char *path, char *out,
                                       size_t size);

/* ---- folders, and names that nobody has ---- */

/* Makes a folder; mode is open(2)'s. */
VT_API VT_MUST_USE vt_t vt_fs_mkdir(const char *path, int mode);

/* Removes an empty folder. */
VT_API VT_MUST_USE vt_t vt_fs_rmdir(const char *path);

/* Makes a folder of a new name: tpl with its last six letters, "XXXXXX", made
 * unlike any other's. The name goes to out, size bytes; UV_ENOBUFS in hand when
 * that is not more than tpl is long. Copies tpl. Cancelled or forgotten, it is
 * removed when it comes. */
VT_API VT_MUST_USE vt_t vt_fs_mkdtemp(const char *tpl, char *out, size_t size);

/* The same with a file, opened for reading and writing, which it gives in
 * value.i (vt_fs_close). Cancelled or forgotten, it is closed and removed when
 * it comes; completed and never taken, it is closed only. */
VT_API VT_MUST_USE vt_t vt_fs_mkstemp(const char *tpl, char *out, size_t size);

/* ---- mode, owner, times ---- */

/* Sets the permissions, of a path or of an open file. */
VT_API VT_MUST_USE vt_t vt_fs_chmod(const char *path, int mode);
VT_API VT_MUST_USE vt_t vt_fs_fchmod(uv_file file, int mode);

/* Sets owner and group; lchown those of the symbolic link itself. */
VT_API VT_MUST_USE vt_t vt_fs_chown(const char *path, uv_uid_t uid,
                                    uv_gid_t gid);
VT_API VT_MUST_USE vt_t vt_fs_fchown(uv_file file, uv_uid_t uid, uv_gid_t gid);
VT_API VT_MUST_USE vt_t vt_fs_lchown(const char *path, uv_uid_t uid,
                                     uv_gid_t gid);

/* Sets the times of the last read and the last write, in seconds since 1970;
 * libuv keeps microseconds; lutime those of the symbolic link itself. */
VT_API VT_MUST_USE vt_t vt_fs_utime(const char *path, double atime,
                                    double mtime);
VT_API VT_MUST_USE vt_t vt_fs_futime(uv_file file, double atime, double mtime);
VT_API VT_MUST_USE vt_t vt_fs_lutime(const char *path, double atime,
                                     double mtime);

#ifdef __cplusplus
}
#endif
#endif
