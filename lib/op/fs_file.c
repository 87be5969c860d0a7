/* SPDX-License-Identifier: MIT */
/* Open, and what is done with an open file.
 *
 * Sizes of one buffer are capped at 1 GiB, and buffers are built by hand,
 * because uv_buf_init cuts to 32 bits. A close is never cancelled: the file
 * would stay open. Before the pool hot.c is asked whether memory has the
 * answer. */
#include "vt/fs.h"

#include "op/fs.h"
#include "op/hot.h"

enum { FS_MOST = 1 << 30, FS_BUFS = 1024 };

/* ---- open, close ---- */

static int undo_open(vt__fs_op_t *f, const uv_fs_t *made, uv_fs_cb cb) {
  return uv_fs_close(vt_op_uv(f), &f->req, (uv_file)made->result, cb);
}

/* An open that is complete already. Its file is closed if nobody takes it, so
 * it is an operation all the same. */
static vt_t opened(vt__fs_op_t *f, uv_file file) {
  vt_t v = vt_op_started(f, 0);
  vt_result_t r = {0, {.i = file}};
  vt_op_complete(f, r);
  return v;
}

vt_t vt_fs_open(const char *path, int flags, int mode) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_open"),
                                     .op.discard = vt__fs_discard_file,
                                     .undo = undo_open};
  vt__fs_op_t *f;
  int rc = vt__fs_begin_path(&kind, path, &f);
  uv_file file = rc == 0 ? vt__hot_open(path, flags) : -1;
  if (file >= 0)
    return opened(f, file);
  if (rc == 0)
    rc = uv_fs_open(vt_op_uv(f), &f->req, path, flags, mode, vt__fs_done);
  return vt__fs_started(f, rc);
}

vt_t vt_fs_close(uv_file file) {
  static const vt__fs_kind_t kind = {.op.ops = VT_OP_OPS("fs_close"),
                                     .op.size = sizeof(vt__fs_op_t),
                                     .op.describe = vt__fs_describe_file};
  vt__hot_closed(file);
  return vt__fs_on_file(&kind, uv_fs_close, file, NULL);
}

/* ---- read, write ---- */

static const vt__fs_kind_t read_kind = {VT__FS_FILE("fs_read")};
static const vt__fs_kind_t write_kind = {VT__FS_FILE("fs_write")};

/* uv_fs_read, uv_fs_write */
typedef int transfer_fn(uv_loop_t *, uv_fs_t *, uv_file, const uv_buf_t[],
                        unsigned, int64_t, uv_fs_cb);

struct bufs {
  const uv_buf_t *first;
  size_t count;
};

static vt_t transfer(const vt__fs_kind_t *kind, transfer_fn *fn, uv_file file,
                     struct bufs bufs, int64_t offset) {
  vt__fs_op_t *f;
  if (offset < -1 || !bufs.first || bufs.count == 0 || bufs.count > FS_BUFS)
    return vt_failed(UV_EINVAL);
  int rc = vt__fs_begin(kind, file, &f);
  if (rc == 0)
    rc = fn(vt_op_uv(f), &f->req, file, bufs.first, (unsigned)bufs.count,
            offset, vt__fs_done);
  return vt__fs_started(f, rc);
}

static uv_buf_t buf_of(const void *data, size_t size) {
  uv_buf_t buf;
  buf.base = (char *)(uintptr_t)data;
  buf.len = size < FS_MOST ? size : FS_MOST;
  return buf;
}

vt_t vt_fs_read(uv_file file, void *buffer, size_t size, int64_t offset) {
  uv_buf_t buf = buf_of(buffer, size);
  struct bufs bufs = {&buf, 1};
  vt_t hot;
  if (offset >= -1 && vt__hot_read(file, buffer, size, offset, &hot))
    return hot;
  return transfer(&read_kind, uv_fs_read, file, bufs, offset);
}

vt_t vt_fs_readv(uv_file file, const uv_buf_t *bufs, size_t count,
                 int64_t offset) {
  struct bufs all = {bufs, count};
  if (bufs && count == 1 && bufs->len <= FS_MOST)
    return vt_fs_read(file, bufs->base, bufs->len, offset);
  return transfer(&read_kind, uv_fs_read, file, all, offset);
}

vt_t vt_fs_write(uv_file file, const void *data, size_t size, int64_t offset) {
  uv_buf_t buf = buf_of(data, size);
  struct bufs bufs = {&buf, 1};
  return transfer(&write_kind, uv_fs_write, file, bufs, offset);
}

vt_t vt_fs_writev(uv_file file, const uv_buf_t *bufs, size_t count,
                  int64_t offset) {
  struct bufs all = {bufs, count};
  return transfer(&write_kind, uv_fs_write, file, all, offset);
}

vt_t vt_fs_sendfile(uv_file out, uv_file in, int64_t in_offset, size_t size) {
  static const vt__fs_kind_t kind = {VT__FS_FILE("fs_sendfile")};
  vt__fs_op_t *f;
  if (in_offset < 0)
    return vt_failed(UV_EINVAL);
  int rc = vt__fs_begin(&kind, out, &f);
  if (rc == 0) {
    f->from = in;
    rc = uv_fs_sendfile(vt_op_uv(f), &f->req, out, in, in_offset, size,
                        vt__fs_done);
  }
  return vt__fs_started(f, rc);
}

/* ---- the device, the size ---- */

vt_t vt_fs_fsync(uv_file file) {
  static const vt__fs_kind_t kind = {VT__FS_FILE("fs_fsync")};
  return vt__fs_on_file(&kind, uv_fs_fsync, file, NULL);
}

vt_t vt_fs_fdatasync(uv_file file) {
  static const vt__fs_kind_t kind = {VT__FS_FILE("fs_fdatasync")};
  return vt__fs_on_file(&kind, uv_fs_fdatasync, file, NULL);
}

vt_t vt_fs_ftruncate(uv_file file, int64_t size) {
  static const vt__fs_kind_t kind = {VT__FS_FILE("fs_ftruncate")};
  vt__fs_op_t *f;
  int rc = vt__fs_begin(&kind, file, &f);
  if (rc == 0)
    rc = uv_fs_ftruncate(vt_op_uv(f), &f->req, file, size, vt__fs_done);
  return vt__fs_started(f, rc);
}

/* ---- mode, owner, times ---- */

vt_t vt_fs_fchmod(uv_file file, int mode) {
  static const vt__fs_kind_t kind = {VT__FS_FILE("fs_fchmod")};
  vt__fs_op_t *f;
  int rc = vt__fs_begin(&kind, file, &f);
  if (rc == 0)
    rc = uv_fs_fchmod(vt_op_uv(f), &f->req, file, mode, vt__fs_done);
  return vt__fs_started(f, rc);
}

vt_t vt_fs_fchown(uv_file file, uv_uid_t uid, uv_gid_t gid) {
  static const vt__fs_kind_t kind = {VT__FS_FILE("fs_fchown")};
  vt__fs_op_t *f;
  int rc = vt__fs_begin(&kind, file, &f);
  if (rc == 0)
    rc = uv_fs_fchown(vt_op_uv(f), &f->req, file, uid, gid, vt__fs_done);
  return vt__fs_started(f, rc);
}

vt_t vt_fs_futime(uv_file file, double atime, double mtime) {
  static const vt__fs_kind_t kind = {VT__FS_FILE("fs_futime")};
  vt__fs_op_t *f;
  int rc = vt__fs_begin(&kind, file, &f);
  if (rc == 0)
    rc = uv_fs_futime(vt_op_uv(f), &f->req, file, atime, mtime, vt__fs_done);
  return vt__fs_started(f, rc);
}
