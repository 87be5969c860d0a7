/* SPDX-License-Identifier: MIT */
/* Files and folders under a name that nobody has. Nobody learns the name of one
 * that comes late, so it is removed again. */
#include "vt/fs.h"

#include <string.h>

#include "op/fs.h"

static vt_result_t finish_name(vt__fs_op_t *f, vt_result_t r) {
  if (r.status == 0)
    memcpy(f->out, f->req.path, strlen(f->req.path) + 1);
  return r;
}

static int undo_mkdtemp(vt__fs_op_t *f, const uv_fs_t *made, uv_fs_cb cb) {
  return uv_fs_rmdir(vt_op_uv(f), &f->req, made->path, cb);
}

static int undo_mkstemp(vt__fs_op_t *f, const uv_fs_t *made, uv_fs_cb cb) {
  f->file = (uv_file)made->result;
  return uv_fs_unlink(vt_op_uv(f), &f->req, made->path, cb);
}

/* The name is as long as the template: too little room is known before. */
static vt_t make(const vt__fs_kind_t *kind, vt__fs_path_fn *fn, const char *tpl,
                 char *out, size_t size) {
  if (!tpl || !out)
    return vt_failed(UV_EINVAL);
  if (strlen(tpl) >= size)
    return vt_failed(UV_ENOBUFS);
  return vt__fs_on_path(kind, fn, tpl, out, size);
}

vt_t vt_fs_mkdtemp(const char *tpl, char *out, size_t size) {
  static const vt__fs_kind_t kind = {
      VT__FS_PATH("fs_mkdtemp"), .finish = finish_name, .undo = undo_mkdtemp};
  return make(&kind, uv_fs_mkdtemp, tpl, out, size);
}

vt_t vt_fs_mkstemp(const char *tpl, char *out, size_t size) {
  static const vt__fs_kind_t kind = {
      VT__FS_PATH("fs_mkstemp"), .op.discard = vt__fs_discard_file,
      .finish = finish_name, .undo = undo_mkstemp};
  return make(&kind, uv_fs_mkstemp, tpl, out, size);
}
