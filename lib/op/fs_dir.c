/* SPDX-License-Identifier: MIT */
/* What is in a folder, at once or in parts.
 *
 * A scandir copies libuv's list to one block of its own, whose names follow the
 * entries. A folder that is read in parts keeps a copy of its last readdir's
 * request, which owns the names that were lent out, until the next one or the
 * close: the operation's block goes when its result is taken.
 *
 * What can go wrong: a readdir that is under way uses the folder, so it is not
 * detachable, and a close waits for it; it then gets UV_ECANCELED, as its
 * entries would be gone. */
#include "vt/fs_dir.h"

#include <string.h>

#include "base/alloc.h"
#include "op/fs.h"

/* ---- all at once ---- */

/* A list that is being made: names are in the block from used on. */
struct making {
  char *block;
  size_t size;
  size_t used;
};

enum { NAME_GUESS = 24 };

static uv_dirent_t *entries_of(void *block) {
  return (uv_dirent_t *)((char *)block + sizeof(vt_dirents_t));
}

/* Without memory all is freed, and there is no block any more. */
static bool grow(struct making *m, size_t more) {
  size_t size = m->size + m->size / 2 + more;
  char *block = vt__realloc(m->block, size);
  if (!block)
    vt__free(m->block);
  m->block = block;
  m->size = size;
  return block != NULL;
}

/* Appends a name; false as in grow. */
static bool append(struct making *m, const char *name) {
  size_t length = strlen(name) + 1;
  if (length > m->size - m->used && !grow(m, length))
    return false;
  memcpy(m->block + m->used, name, length);
  m->used += length;
  return true;
}

/* The block stands still now. */
static vt_dirents_t *finish_list(struct making *m, size_t head, size_t count) {
  vt_dirents_t *list = (vt_dirents_t *)(void *)m->block;
  uv_dirent_t *entries = entries_of(list);
  char *name = m->block + head;
  for (size_t i = 0; i < count; i++) {
    entries[i].name = name;
    name += strlen(name) + 1;
  }
  list->count = count;
  list->entries = entries;
  return list;
}

/* libuv's list of count entries as ours; NULL without memory. Always read to
 * its end: libuv's clean-up forgets the last entry that it has shown. */
static vt_dirents_t *list_of(uv_fs_t *req, size_t count) {
  size_t head = sizeof(vt_dirents_t) + count * sizeof(uv_dirent_t), i = 0;
  struct making m = {NULL, head + count * NAME_GUESS, head};
  uv_dirent_t entry;
  m.block = vt__malloc(m.size);
  while (uv_fs_scandir_next(req, &entry) == 0) {
    if (m.block && append(&m, entry.name))
      entries_of(m.block)[i++].type = entry.type;
  }
  return m.block ? finish_list(&m, head, count) : NULL;
}

static vt_result_t finish_scandir(vt__fs_op_t *f, vt_result_t r) {
  if (r.status != 0)
    return r;
  r.value.p = list_of(&f->req, (size_t)r.value.i);
  if (!r.value.p)
    r.status = UV_ENOMEM;
  return r;
}

static void discard_list(vt_op_t *op, vt_result_t late) {
  (void)op;
  vt_dirents_free(late.value.p);
}

vt_t vt_fs_scandir(const char *path, int flags) {
  static const vt__fs_kind_t kind = {VT__FS_PATH("fs_scandir"),
                                     .op.discard = discard_list,
                                     .finish = finish_scandir};
  vt__fs_op_t *f;
  int rc = vt__fs_begin_path(&kind, path, &f);
  if (rc == 0)
    rc = uv_fs_scandir(vt_op_uv(f), &f->req, path, flags, vt__fs_done);
  return vt__fs_started(f, rc);
}

void vt_dirents_free(vt_dirents_t *list) { vt__free(list); }

/* ---- in parts: open ---- */

enum { DIR_PART = 128 };

struct vt_dir {
  vt_loop_t *loop;
  uv_dir_t *uv;
  uv_fs_t names;        /* while lent: the request that owns the names */
  bool lent;            /* entries have names */
  bool reading;         /* a readdir is under way */
  bool closing;         /* closedir was called */
  vt__fs_op_t *waiting; /* the close, for the end of that readdir */
  char path[VT__FS_PATH];
  uv_dirent_t entries[DIR_PART];
};

static vt_result_t finish_opendir(vt__fs_op_t *f, vt_result_t r) {
  vt_dir_t *dir = f->out;
  if (r.status == 0 && !f->req.ptr) /* an allocator that left errno alone */
    r.status = UV_ENOMEM;
  if (r.status != 0) {
    vt__free(dir);
    return r;
  }
  dir->loop = vt__current;
  dir->uv = f->req.ptr;
  dir->uv->dirents = dir->entries;
  dir->uv->nentries = DIR_PART;
  memcpy(dir->path, ((vt__fs_path_op_t *)f)->path, VT__FS_PATH);
  r.value.p = dir;
  return r;
}

static int undo_opendir(vt__fs_op_t *f, const uv_fs_t *made, uv_fs_cb cb) {
  vt__free(f->out);
  f->out = NULL;
  return uv_fs_closedir(vt_op_uv(f), &f->req, made->ptr, cb);
}

/* Here and now, as in vt__fs_discard_file. */
static void discard_dir(vt_op_t *op, vt_result_t late) {
  vt_dir_t *dir = late.value.p;
  uv_fs_t req;
  uv_fs_closedir(vt_op_uv(op), &req, dir->uv, NULL);
  uv_fs_req_cleanup(&req);
  vt__free(dir);
}

vt_t vt_fs_opendir(const char *path) {
  static const vt__fs_kind_t kind = {
      VT__FS_PATH("fs_opendir"), .op.discard = discard_dir,
      .finish = finish_opendir, .undo = undo_opendir};
  vt__fs_op_t *f;
  int rc = vt__fs_begin_path(&kind, path, &f);
  if (rc != 0)
    return vt__fs_started(f, rc);
  f->out = vt__calloc(1, sizeof(vt_dir_t));
  rc = f->out ? uv_fs_opendir(vt_op_uv(f), &f->req, path, vt__fs_done)
              : UV_ENOMEM;
  if (rc != 0)
    vt__free(f->out);
  return vt__fs_started(f, rc);
}

/* ---- in parts: read, close ---- */

static int dir_check(const vt_dir_t *dir) {
  int rc = dir ? vt__loop_check(dir->loop) : UV_EINVAL;
  return rc == 0 && dir->closing ? UV_EBADF : rc;
}

/* Takes the names back. */
static void dir_take(vt_dir_t *dir) {
  if (dir->lent)
    uv_fs_req_cleanup(&dir->names);
  dir->lent = false;
}

static void on_closedir(uv_fs_t *req) {
  vt__fs_op_t *f = req->data;
  vt__free(f->out);
  vt__fs_done(req);
}

static int dir_close(vt_dir_t *dir, vt__fs_op_t *f) {
  dir_take(dir);
  return uv_fs_closedir(vt_op_uv(f), &f->req, dir->uv, on_closedir);
}

struct readdir_op {
  vt__fs_path_op_t base;
  vt_dir_t *dir;
  const uv_dirent_t **out;
};

static void on_readdir(uv_fs_t *req) {
  struct readdir_op *o = req->data;
  vt_dir_t *dir = o->dir;
  vt_result_t r = vt__fs_result(req);
  dir->reading = false;
  if (r.status == 0 && !dir->closing) {
    dir->names = *req;
    dir->lent = true;
    *o->out = dir->entries;
  } else {
    uv_fs_req_cleanup(req);
    if (r.status == 0)
      r.status = UV_ECANCELED;
  }
  if (dir->closing)
    dir_close(dir, dir->waiting);
  vt_op_complete(o, r);
}

vt_t vt_fs_readdir(vt_dir_t *dir, const uv_dirent_t **out) {
  static const vt__fs_kind_t kind = {.op.ops = VT_OP_OPS("fs_readdir"),
                                     .op.size = sizeof(struct readdir_op),
                                     .op.cancel = vt__fs_cancel,
                                     .op.describe = vt__fs_describe_path};
  vt__fs_op_t *f;
  int rc = out ? dir_check(dir) : UV_EINVAL;
  if (rc == 0 && dir->reading)
    rc = UV_EALREADY;
  if (rc == 0)
    rc = vt__fs_begin_path(&kind, dir->path, &f);
  if (rc != 0)
    return vt_failed(rc);
  struct readdir_op *o = (struct readdir_op *)f;
  o->dir = dir;
  o->out = out;
  dir_take(dir);
  dir->reading = true;
  return vt__fs_started(
      f, uv_fs_readdir(vt_op_uv(f), &f->req, dir->uv, on_readdir));
}

vt_t vt_fs_closedir(vt_dir_t *dir) {
  static const vt__fs_kind_t kind = {.op.ops = VT_OP_OPS("fs_closedir"),
                                     .op.size = sizeof(vt__fs_path_op_t),
                                     .op.describe = vt__fs_describe_path};
  vt__fs_op_t *f;
  int rc = dir_check(dir);
  if (rc == 0)
    rc = vt__fs_begin_path(&kind, dir->path, &f);
  if (rc != 0)
    return vt_failed(rc);
  f->out = dir;
  dir->closing = true;
  dir->waiting = f;
  return vt__fs_started(f, dir->reading ? 0 : dir_close(dir, f));
}
