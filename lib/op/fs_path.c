/* SPDX-License-Identifier: MIT */
/* What is done with a path: links, names, folders, mode, owner, times. Nothing
 * is undone when it comes late: what it did may be what was wanted. */
#include "vt/fs.h"

#include <string.h>

#include "op/fs.h"

/* ---- the shapes that several have ---- */

typedef int mode_fn(uv_loop_t *, uv_fs_t *, const char *, int, uv_fs_cb);
typedef int owner_fn(uv_loop_t *, uv_fs_t *, const char *, uv_uid_t, uv_gid_t,
                     uv_fs_cb);
typedef int times_fn(uv_loop_t *, uv_fs_t *, const char *, double, double,
                     uv_fs_cb);
typedef int paths_fn(uv_loop_t *, uv_fs_t *, const char *, const char *,
                     uv_fs_cb);
typedef int flags_fn(uv_loop_t *, uv_fs_t *, const char *, const char *, int,
                     uv_fs_cb);

static vt_t with_mode(const vt__fs_kind_t *kind, mode_fn *fn, const char *path,
                      int mode) {
  vt__fs_op_t *f;
  int rc = vt__fs_begin_path(kind, path, &f);
  if (rc == 0)
    rc = fn(vt_op_uv(f), &f->req, path, mode, vt__fs_done);
  return vt__fs_started(f, rc);
}

static vt_t with_owner(const vt__fs_kind_t *kind, owner_fn *fn,
                       const char *path, uv_uid_t uid, uv_gid_t gid) {
  vt__fs_op_t *f;
  int rc = vt__fs_begin_path(kind, path, &f);
  if (rc == 0)
    rc = fn(vt_op_uv(f), &f->req, path, uid, gid, vt__fs_done);
  return vt__fs_started(f, rc);
}

static vt_t with_times(const vt__fs_kind_t *kind, times_fn *fn,
                       const char *path, double atime, double mtime) {
  vt__fs_op_t *f;
  int rc = vt__fs_begin_path(kind, path, &f);
  if (rc == 0)
    rc = fn(vt_op_uv(f), &f->req, path, atime, mtime, vt__fs_done);
  return vt__fs_started(f, rc);
}

static vt_t with_paths(const vt__fs_kind_t *kind, paths_fn *fn,
                       const char *path, const char *new_path) {
  vt__fs_op_t *f;
  int rc = vt__fs_begin_paths(kind, path, new_path, &f);
  if (rc == 0)
    rc = fn(vt_op_uv(f), &f->req, path, new_path, vt__fs_done);
  return vt__fs_started(f, rc);
}

static vt_t with_flags(const vt__fs_kind_t *kind, flags_fn *fn,
                       const char *path, const char *new_path, int flags) {
  vt__fs_op_t *f;
  int rc = vt__fs_begin_paths(kind, path, new_path, &f);
  if (rc == 0)
    rc = fn(vt_op_uv(f), &f->req, path, new_path, flags, vt__fs_done);
  return vt__fs_started(f, rc);
}

/* ---- names ---- */

vt_t vt_fs_unlink(const char *path) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_unlink")};
  return vt__fs_on_path(&kind, uv_fs_unlink, path, NULL, 0);
}

vt_t vt_fs_mkdir(const char *path, int mode) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_mkdir")};
  return with_mode(&kind, uv_fs_mkdir, path, mode);
}

vt_t vt_fs_rmdir(const char *path) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_rmdir")};
  return vt__fs_on_path(&kind, uv_fs_rmdir, path, NULL, 0);
}

vt_t vt_fs_rename(const char *path, const char *new_path) {
  static const vt__fs_kind_t kind = {VT__FS_PATHS("fs_rename")};
  return with_paths(&kind, uv_fs_rename, path, new_path);
}

vt_t vt_fs_copyfile(const char *path, const char *new_path, int flags) {
  static const vt__fs_kind_t kind = {VT__FS_PATHS("fs_copyfile")};
  return with_flags(&kind, uv_fs_copyfile, path, new_path, flags);
}

vt_t vt_fs_link(const char *path, const char *new_path) {
  static const vt__fs_kind_t kind = {VT__FS_PATHS("fs_link")};
  return with_paths(&kind, uv_fs_link, path, new_path);
}

vt_t vt_fs_symlink(const char *path, const char *new_path, int flags) {
  static const vt__fs_kind_t kind = {VT__FS_PATHS("fs_symlink")};
  return with_flags(&kind, uv_fs_symlink, path, new_path, flags);
}

/* ---- what a path leads to ---- */

static vt_result_t finish_text(vt__fs_op_t *f, vt_result_t r) {
  if (r.status != 0)
    return r;
  size_t length = strlen(f->req.ptr);
  if (length >= f->size) {
    r.status = UV_ENOBUFS;
    return r;
  }
  memcpy(f->out, f->req.ptr, length + 1);
  r.value.u = length;
  return r;
}

vt_t vt_fs_readlink(const char *path, char *out, size_t size) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_readlink"),
                                     .finish = finish_text};
  if (!out)
    return vt_failed(UV_EINVAL);
  return vt__fs_on_path(&kind, uv_fs_readlink, path, out, size);
}

vt_t vt_fs_realpath(const char *path, char *out, size_t size) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_realpath"),
                                     .finish = finish_text};
  if (!out)
    return vt_failed(UV_EINVAL);
  return vt__fs_on_path(&kind, uv_fs_realpath, path, out, size);
}

/* ---- mode, owner, times ---- */

vt_t vt_fs_access(const char *path, int mode) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_access")};
  return with_mode(&kind, uv_fs_access, path, mode);
}

vt_t vt_fs_chmod(const char *path, int mode) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_chmod")};
  return with_mode(&kind, uv_fs_chmod, path, mode);
}

vt_t vt_fs_chown(const char *path, uv_uid_t uid, uv_gid_t gid) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_chown")};
  return with_owner(&kind, uv_fs_chown, path, uid, gid);
}

vt_t vt_fs_lchown(const char *path, uv_uid_t uid, uv_gid_t gid) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_lchown")};
  return with_owner(&kind, uv_fs_lchown, path, uid, gid);
}

vt_t vt_fs_utime(const char *path, double atime, double mtime) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_utime")};
  return with_times(&kind, uv_fs_utime, path, atime, mtime);
}

vt_t vt_fs_lutime(const char *path, double atime, double mtime) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_lutime")};
  return with_times(&kind, uv_fs_lutime, path, atime, mtime);
}
