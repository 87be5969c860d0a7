/* SPDX-License-Identifier: MIT */
/* Files on libuv's thread pool: what all their operations share.
 *
 * vt__fs_begin takes a block with room for the request, the caller hands it to
 * the libuv function of the same name, vt__fs_done completes with req->result.
 * That field is 64 bits wide, the int that libuv returns is not.
 *
 * What can go wrong: cancelled in libuv's queue, the request comes back with
 * UV_ECANCELED and nothing was done. Once a thread has it nothing stops it.
 * What holds none of the caller's memory and no file of the caller's that it
 * changes is answered at once: its out stays untouched, and what it made (a
 * file, a folder) is undone with the request that made it, so that this needs
 * no memory and does not block the loop. So it is when it was forgotten. The
 * others are waited for: a descriptor whose awaiter goes on may be closed, its
 * number be another file's, while a thread is about to use it. */
#include "op/fs.h"

#include <stdio.h>
#include <string.h>

#include "core/oneshot.h"

static const vt__fs_kind_t *kind_of(const vt__fs_op_t *f) {
  return (const vt__fs_kind_t *)(const void *)f->op.source.ops;
}

/* ---- cancel, describe ---- */

int vt__fs_cancel(vt_op_t *op) {
  vt__fs_op_t *f = (vt__fs_op_t *)op;
  if (f->unwanted)
    return UV_EALREADY;
  int rc = uv_cancel((uv_req_t *)&f->req);
  f->unwanted = rc != 0 && kind_of(f)->op.detachable;
  return rc;
}

void vt__fs_describe_file(const vt_op_t *op, char *text, size_t size) {
  const vt__fs_op_t *f = (const vt__fs_op_t *)op;
  if (f->from < 0)
    snprintf(text, size, "file %d", (int)f->file);
  else
    snprintf(text, size, "file %d to file %d", (int)f->from, (int)f->file);
}

void vt__fs_describe_path(const vt_op_t *op, char *text, size_t size) {
  snprintf(text, size, "%s", ((const vt__fs_path_op_t *)op)->path);
}

void vt__fs_describe_paths(const vt_op_t *op, char *text, size_t size) {
  const vt__fs_paths_op_t *f = (const vt__fs_paths_op_t *)op;
  snprintf(text, size, "%s to %s", f->from.path, f->to);
}

/* ---- begin ---- */

/* A close, and nothing else, cannot be cancelled. */
int vt__fs_begin(const vt__fs_kind_t *kind, uv_file file, vt__fs_op_t **out) {
  vt__fs_op_t *f = NULL;
  int rc = kind->op.cancel ? vt_op_begin(&kind->op, &f)
                           : vt__op_begin_shielded(&kind->op, &f);
  *out = f;
  if (rc != 0)
    return rc;
  f->file = file;
  f->from = -1;
  f->unwanted = false;
  f->out = NULL;
  f->size = 0;
  f->req.data = f;
  return 0;
}

/* Copies the end of a path, which tells more than its beginning. */
static void keep_path(char *to, const char *path) {
  size_t length = strlen(path);
  if (length < VT__FS_PATH)
    memcpy(to, path, length + 1);
  else
    snprintf(to, VT__FS_PATH, "...%s", path + length - (VT__FS_PATH - 4));
}

int vt__fs_begin_path(const vt__fs_kind_t *kind, const char *path,
                      vt__fs_op_t **out) {
  *out = NULL;
  if (!path)
    return UV_EINVAL;
  int rc = vt__fs_begin(kind, -1, out);
  if (rc == 0)
    keep_path(((vt__fs_path_op_t *)*out)->path, path);
  return rc;
}

int vt__fs_begin_paths(const vt__fs_kind_t *kind, const char *path,
                       const char *to, vt__fs_op_t **out) {
  *out = NULL;
  if (!to)
    return UV_EINVAL;
  int rc = vt__fs_begin_path(kind, path, out);
  if (rc == 0)
    keep_path(((vt__fs_paths_op_t *)*out)->to, to);
  return rc;
}

vt_t vt__fs_started(vt__fs_op_t *f, int rc) {
  return f ? vt_op_started(f, rc) : vt_failed(rc);
}

vt_t vt__fs_on_file(const vt__fs_kind_t *kind, vt__fs_file_fn *fn, uv_file file,
                    void *out) {
  vt__fs_op_t *f;
  int rc = vt__fs_begin(kind, file, &f);
  if (rc == 0) {
    f->out = out;
    rc = fn(vt_op_uv(f), &f->req, file, vt__fs_done);
  }
  return vt__fs_started(f, rc);
}

vt_t vt__fs_on_path(const vt__fs_kind_t *kind, vt__fs_path_fn *fn,
                    const char *path, void *out, size_t size) {
  vt__fs_op_t *f;
  int rc = vt__fs_begin_path(kind, path, &f);
  if (rc == 0) {
    f->out = out;
    f->size = size;
    rc = fn(vt_op_uv(f), &f->req, path, vt__fs_done);
  }
  return vt__fs_started(f, rc);
}

/* ---- what nobody takes ---- */

static bool nobody_takes(const vt__fs_op_t *f) {
  return f->unwanted || (f->op.phase == VT__AWAITED && !f->op.k);
}

static void on_undone(uv_fs_t *req) {
  vt__fs_op_t *f = req->data;
  uv_file file = f->file;
  vt_result_t r = {UV_ECANCELED, {0}};
  uv_fs_req_cleanup(req);
  f->file = -1;
  if (file < 0 || uv_fs_close(vt_op_uv(f), req, file, on_undone) != 0)
    vt_op_complete(f, r);
}

/* Without memory for libuv's copy of a path: here and now. A scope may still
 * cancel what was only forgotten; it must not reach the undoing. */
static void undo(vt__fs_op_t *f) {
  uv_fs_t made = f->req;
  f->unwanted = true;
  if (kind_of(f)->undo(f, &made, on_undone) != 0) {
    kind_of(f)->undo(f, &made, NULL);
    on_undone(&f->req);
  }
  uv_fs_req_cleanup(&made);
}

/* Here and now: a detach may be dropping it, and nothing may be under way after
 * that. */
void vt__fs_discard_file(vt_op_t *op, vt_result_t late) {
  (void)op;
  vt__fs_close_now((uv_file)late.value.i);
}

int vt__fs_close_now(uv_file file) {
  uv_fs_t req;
  int rc = uv_fs_close(NULL, &req, file, NULL);
  uv_fs_req_cleanup(&req);
  return rc;
}

/* ---- completion ---- */

vt_result_t vt__fs_result(const uv_fs_t *req) {
  vt_result_t r = {0, {0}};
  if (req->result < 0)
    r.status = req->result;
  else
    r.value.i = req->result;
  return r;
}

void vt__fs_done(uv_fs_t *req) {
  vt__fs_op_t *f = req->data;
  const vt__fs_kind_t *kind = kind_of(f);
  vt_result_t r = vt__fs_result(req);
  if (r.status == 0 && nobody_takes(f)) {
    r.status = UV_ECANCELED;
    if (kind->undo) {
      undo(f);
      return;
    }
  } else if (kind->finish) {
    r = kind->finish(f, r);
  }
  uv_fs_req_cleanup(req);
  vt_op_complete(f, r);
}
