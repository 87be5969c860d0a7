/* SPDX-License-Identifier: MIT */
/* Files on libuv's thread pool.
 *
 * fs_begin takes a block with room for the request, the caller hands it to the
 * libuv function of the same name, on_done completes with req->result. That
 * field is 64 bits wide, the int that libuv returns is not; sizes are capped at
 * 1 GiB, and buffers are built by hand, because uv_buf_init cuts to 32 bits.
 *
 * What can go wrong: cancelled in libuv's queue, the request comes back with
 * UV_ECANCELED and nothing was done. Once a thread has it, reads and writes
 * hold the caller's buffer and have to be waited for. Open and fstat are
 * answered at once: a late open closes its file with its own request, so that
 * this needs no memory and does not block the loop; a late fstat writes
 * nothing. Close is never cancelled: the file would stay open. */
#include "vt/fs.h"

#include <stdio.h>
#include <string.h>

#include "core/pool.h"
#include "vt/bridge.h"

enum { FS_MOST = 1 << 30, FS_PATH = 96 };

struct fs_op {
  vt_op_t op;
  uv_file file;
  bool late;      /* the awaiter was answered with UV_ECANCELED */
  uv_stat_t *out; /* of fstat */
  uv_fs_t req;
};

/* The path stays after libuv has freed its copy, for reports. */
struct fs_open_op {
  struct fs_op fs;
  char path[FS_PATH];
};

/* ---- what the kinds share ---- */

static int fs_cancel(vt_op_t *op) {
  struct fs_op *f = (struct fs_op *)op;
  return uv_cancel((uv_req_t *)&f->req);
}

/* For detachable kinds: they are answered when libuv says no. */
static int fs_cancel_or_leave(vt_op_t *op) {
  struct fs_op *f = (struct fs_op *)op;
  int rc = fs_cancel(op);
  f->late = rc != 0;
  return rc;
}

static void describe_file(const vt_op_t *op, char *text, size_t size) {
  const struct fs_op *f = (const struct fs_op *)op;
  snprintf(text, size, "file %d", (int)f->file);
}

static void describe_path(const vt_op_t *op, char *text, size_t size) {
  const struct fs_open_op *f = (const struct fs_open_op *)op;
  snprintf(text, size, "%s", f->path);
}

static void open_discard(vt_op_t *op, vt_result_t late);

static const vt_op_kind_t open_kind = {.ops = VT_OP_OPS("fs_open"),
                                       .size = sizeof(struct fs_open_op),
                                       .cancel = fs_cancel_or_leave,
                                       .describe = describe_path,
                                       .discard = open_discard,
                                       .detachable = true};
static const vt_op_kind_t read_kind = {.ops = VT_OP_OPS("fs_read"),
                                       .size = sizeof(struct fs_op),
                                       .cancel = fs_cancel,
                                       .describe = describe_file};
static const vt_op_kind_t write_kind = {.ops = VT_OP_OPS("fs_write"),
                                        .size = sizeof(struct fs_op),
                                        .cancel = fs_cancel,
                                        .describe = describe_file};
static const vt_op_kind_t close_kind = {.ops = VT_OP_OPS("fs_close"),
                                        .size = sizeof(struct fs_op),
                                        .describe = describe_file};
static const vt_op_kind_t fstat_kind = {.ops = VT_OP_OPS("fs_fstat"),
                                        .size = sizeof(struct fs_op),
                                        .cancel = fs_cancel_or_leave,
                                        .describe = describe_file,
                                        .detachable = true};
static const vt_op_kind_t fsync_kind = {.ops = VT_OP_OPS("fs_fsync"),
                                        .size = sizeof(struct fs_op),
                                        .cancel = fs_cancel,
                                        .describe = describe_file};

/* A block for a request about file. */
static int fs_begin(const vt_op_kind_t *kind, uv_file file,
                    struct fs_op **out) {
  int rc = vt_op_begin(kind, out);
  if (rc != 0)
    return rc;
  (*out)->file = file;
  (*out)->late = false;
  (*out)->req.data = *out;
  return 0;
}

static uv_buf_t fs_buf(const void *data, size_t size) {
  uv_buf_t buf;
  buf.base = (char *)(uintptr_t)data;
  buf.len = size < FS_MOST ? size : FS_MOST;
  return buf;
}

/* What the request came back with; frees what libuv keeps for it. */
static vt_result_t fs_result(uv_fs_t *req) {
  vt_result_t r = {0, {0}};
  if (req->result < 0)
    r.status = req->result;
  else
    r.value.i = req->result;
  uv_fs_req_cleanup(req);
  return r;
}

static void on_done(uv_fs_t *req) {
  struct fs_op *f = req->data;
  vt_op_complete(f, fs_result(req));
}

/* ---- open ---- */

static void on_late_closed(uv_fs_t *req) {
  struct fs_op *f = req->data;
  vt_result_t r = {UV_ECANCELED, {0}};
  uv_fs_req_cleanup(req);
  vt_op_complete(f, r);
}

static void on_open(uv_fs_t *req) {
  struct fs_op *f = req->data;
  vt_result_t r = fs_result(req);
  if (f->late && r.status == 0) {
    uv_file file = (uv_file)r.value.i;
    if (uv_fs_close(vt_op_uv(f), req, file, on_late_closed) == 0)
      return;
  }
  vt_op_complete(f, r);
}

/* A file that nobody takes. Closed here and now without memory for a request,
 * and when it lay untaken: then a detach may be dropping it, and nothing may be
 * under way after that. */
static void open_discard(vt_op_t *op, vt_result_t late) {
  uv_fs_t req;
  uv_file file = (uv_file)late.value.i;
  if (late.status != 0)
    return;
  vt_t closed = vt_failed(UV_ENOMEM);
  if (op->phase != VT__DONE)
    closed = vt_fs_close(file);
  if (!vt_in_hand(closed)) {
    vt_forget(closed);
    return;
  }
  uv_fs_close(vt_op_uv(op), &req, file, NULL);
  uv_fs_req_cleanup(&req);
}

/* Copies the end of a path, which tells more than its beginning. */
static void keep_path(char *to, const char *path) {
  size_t length = strlen(path);
  if (length < FS_PATH)
    memcpy(to, path, length + 1);
  else
    snprintf(to, FS_PATH, "...%s", path + length - (FS_PATH - 4));
}

vt_t vt_fs_open(const char *path, int flags, int mode) {
  struct fs_open_op *f;
  struct fs_op *fs;
  if (!path)
    return vt_failed(UV_EINVAL);
  int rc = fs_begin(&open_kind, -1, &fs);
  if (rc != 0)
    return vt_failed(rc);
  f = (struct fs_open_op *)fs;
  keep_path(f->path, path);
  return vt_op_started(
      f, uv_fs_open(vt_op_uv(f), &fs->req, path, flags, mode, on_open));
}

/* ---- the others ---- */

vt_t vt_fs_read(uv_file file, void *buffer, size_t size, int64_t offset) {
  struct fs_op *f;
  uv_buf_t buf = fs_buf(buffer, size);
  if (offset < -1)
    return vt_failed(UV_EINVAL);
  int rc = fs_begin(&read_kind, file, &f);
  if (rc != 0)
    return vt_failed(rc);
  return vt_op_started(
      f, uv_fs_read(vt_op_uv(f), &f->req, file, &buf, 1, offset, on_done));
}

vt_t vt_fs_write(uv_file file, const void *data, size_t size, int64_t offset) {
  struct fs_op *f;
  uv_buf_t buf = fs_buf(data, size);
  if (offset < -1)
    return vt_failed(UV_EINVAL);
  int rc = fs_begin(&write_kind, file, &f);
  if (rc != 0)
    return vt_failed(rc);
  return vt_op_started(
      f, uv_fs_write(vt_op_uv(f), &f->req, file, &buf, 1, offset, on_done));
}

vt_t vt_fs_close(uv_file file) {
  struct fs_op *f;
  int rc = fs_begin(&close_kind, file, &f);
  if (rc != 0)
    return vt_failed(rc);
  return vt_op_started(f, uv_fs_close(vt_op_uv(f), &f->req, file, on_done));
}

static void on_fstat(uv_fs_t *req) {
  struct fs_op *f = req->data;
  if (f->late)
    req->result = UV_ECANCELED;
  if (req->result == 0)
    *f->out = req->statbuf;
  on_done(req);
}

vt_t vt_fs_fstat(uv_file file, uv_stat_t *out) {
  struct fs_op *f;
  if (!out)
    return vt_failed(UV_EINVAL);
  int rc = fs_begin(&fstat_kind, file, &f);
  if (rc != 0)
    return vt_failed(rc);
  f->out = out;
  return vt_op_started(f, uv_fs_fstat(vt_op_uv(f), &f->req, file, on_fstat));
}

vt_t vt_fs_fsync(uv_file file) {
  struct fs_op *f;
  int rc = fs_begin(&fsync_kind, file, &f);
  if (rc != 0)
    return vt_failed(rc);
  return vt_op_started(f, uv_fs_fsync(vt_op_uv(f), &f->req, file, on_done));
}
