/* SPDX-License-Identifier: MIT */
/* What the operations on files share: one block, one begin, one completion, one
 * cancel. Each function of libuv is a kind and a call; private. */
#ifndef VT_OP_FS_H
#define VT_OP_FS_H

#include "core/loop.h"
#include "vt/bridge.h"

enum { VT__FS_PATH = 96 };

typedef struct vt__fs_op {
  vt_op_t op;
  uv_file file;  /* what it is about; -1 for paths */
  uv_file from;  /* of sendfile */
  bool unwanted; /* its awaiter was answered, or it is being taken back */
  void *out;     /* the caller's; untouched when nobody takes the result */
  size_t size;   /* of out, for texts */
  uv_fs_t req;
} vt__fs_op_t;

/* Paths stay after libuv has freed its copies, for reports. */
typedef struct vt__fs_path_op {
  vt__fs_op_t fs;
  char path[VT__FS_PATH];
} vt__fs_path_op_t;

typedef struct vt__fs_paths_op {
  vt__fs_path_op_t from;
  char to[VT__FS_PATH];
} vt__fs_paths_op_t;

typedef struct vt__fs_kind {
  vt_op_kind_t op;

  /* Optional. Takes the result out of the request, which is cleaned up after;
   * failures pass too. Not called for a success that nobody takes. */
  vt_result_t (*finish)(vt__fs_op_t *f, vt_result_t r);

  /* Optional, for what succeeded and nobody takes: begins to undo it, with the
   * operation's request; made is that request as it came back. With cb NULL at
   * once. A file in f->file is closed after it. */
  int (*undo)(vt__fs_op_t *f, const uv_fs_t *made, uv_fs_cb cb);
} vt__fs_kind_t;

int vt__fs_cancel(vt_op_t *op);
void vt__fs_describe_file(const vt_op_t *op, char *text, size_t size);
void vt__fs_describe_path(const vt_op_t *op, char *text, size_t size);
void vt__fs_describe_paths(const vt_op_t *op, char *text, size_t size);

/* The members of a kind that are the same for all on a file, a path or two. A
 * close is the only one that leaves cancel out. */
#define VT__FS_FILE(name)                                                      \
  .op.ops = VT_OP_OPS(name), .op.size = sizeof(vt__fs_op_t),                   \
  .op.cancel = vt__fs_cancel, .op.describe = vt__fs_describe_file
#define VT__FS_PATH(name)                                                      \
  .op.ops = VT_OP_OPS(name), .op.size = sizeof(vt__fs_path_op_t),              \
  .op.cancel = vt__fs_cancel, .op.describe = vt__fs_describe_path,             \
  .op.detachable = true
#define VT__FS_PATHS(name)                                                     \
  .op.ops = VT_OP_OPS(name), .op.size = sizeof(vt__fs_paths_op_t),             \
  .op.cancel = vt__fs_cancel, .op.describe = vt__fs_describe_paths,            \
  .op.detachable = true

/* A block for a request, which is set up but for libuv's part; UV_EINVAL for a
 * path that is NULL. *out is NULL when they fail. */
int vt__fs_begin(const vt__fs_kind_t *kind, uv_file file, vt__fs_op_t **out);
int vt__fs_begin_path(const vt__fs_kind_t *kind, const char *path,
                      vt__fs_op_t **out);
int vt__fs_begin_paths(const vt__fs_kind_t *kind, const char *path,
                       const char *to, vt__fs_op_t **out);

/* The value task of a block that was handed to libuv with rc, or of the failure
 * to get one (f NULL). */
vt_t vt__fs_started(vt__fs_op_t *f, int rc);

/* What the request came back with. */
vt_result_t vt__fs_result(const uv_fs_t *req);

/* libuv's callback for all but readdir. */
void vt__fs_done(uv_fs_t *req);

/* Discards a file that lay untaken: closes it. */
void vt__fs_discard_file(vt_op_t *op, vt_result_t late);

/* Closes a file without memory and without a wait. */
int vt__fs_close_now(uv_file file);

/* The functions that take nothing but a file, or a path. out: NULL where
 * nothing is filled. */
typedef int vt__fs_file_fn(uv_loop_t *, uv_fs_t *, uv_file, uv_fs_cb);
typedef int vt__fs_path_fn(uv_loop_t *, uv_fs_t *, const char *, uv_fs_cb);

vt_t vt__fs_on_file(const vt__fs_kind_t *kind, vt__fs_file_fn *fn, uv_file file,
                    void *out);
vt_t vt__fs_on_path(const vt__fs_kind_t *kind, vt__fs_path_fn *fn,
                    const char *path, void *out, size_t size);

#endif
