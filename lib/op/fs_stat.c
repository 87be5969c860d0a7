/* SPDX-License-Identifier: MIT */
/* What the system knows of a file, from memory where that has it (hot.c), else
 * copied out of the request when it comes. */
#include "vt/fs.h"

#include "op/fs.h"
#include "op/hot.h"

static vt_result_t finish_stat(vt__fs_op_t *f, vt_result_t r) {
  if (r.status == 0)
    *(uv_stat_t *)f->out = f->req.statbuf;
  return r;
}

static vt_result_t finish_statfs(vt__fs_op_t *f, vt_result_t r) {
  if (r.status == 0)
    *(uv_statfs_t *)f->out = *(const uv_statfs_t *)f->req.ptr;
  return r;
}

vt_t vt_fs_stat(const char *path, uv_stat_t *out) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_stat"),
                                     .finish = finish_stat};
  if (!path || !out)
    return vt_failed(UV_EINVAL);
  if (vt__hot_stat(path, true, out))
    return vt_done();
  return vt__fs_on_path(&kind, uv_fs_stat, path, out, 0);
}

vt_t vt_fs_lstat(const char *path, uv_stat_t *out) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_lstat"),
                                     .finish = finish_stat};
  if (!path || !out)
    return vt_failed(UV_EINVAL);
  if (vt__hot_stat(path, false, out))
    return vt_done();
  return vt__fs_on_path(&kind, uv_fs_lstat, path, out, 0);
}

/* It changes nothing, so a late one may find another file by its number. */
vt_t vt_fs_fstat(uv_file file, uv_stat_t *out) {
  static const vt__fs_kind_t kind = {
      VT__FS_FILE("fs_fstat"), .op.detachable = true, .finish = finish_stat};
  if (!out)
    return vt_failed(UV_EINVAL);
  if (vt__hot_fstat(file, out))
    return vt_done();
  return vt__fs_on_file(&kind, uv_fs_fstat, file, out);
}

vt_t vt_fs_statfs(const char *path, uv_statfs_t *out) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_statfs"),
                                     .finish = finish_statfs};
  if (!out)
    return vt_failed(UV_EINVAL);
  return vt__fs_on_path(&kind, uv_fs_statfs, path, out, 0);
}
