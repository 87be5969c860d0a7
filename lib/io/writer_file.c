/* SPDX-License-Identifier: MIT */
/* Writers to files of a name.
 *
 * Happy path: opened, and written as a stream of its own. A replacement is
 * written under a name of its own, and its close puts it in place: synced,
 * closed, renamed, the folder synced. A reopening opens the next file and notes
 * the number of the first byte that belongs there; the stream takes none of it
 * before all others are in the old file, then goes on in the new.
 *
 * What can go wrong: a step of the replacement fails, or the writer has an
 * error, and the new file is removed; the old file of a reopening takes no
 * more, and its bytes wait, before those of the new one, until the writer is
 * resumed, or are discarded. */
#include "vt/writer_file.h"

#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "io/byte_stream.h"
#include "io/writer.h"
#include "vt/async.h"
#include "vt/delay.h"
#include "vt/fs.h"

enum { MODE = 0644, MODE_BITS = 07777 };

/* In one block. */
struct vt__writer_names {
  uv_stat_t old; /* of a replacement: what path was */
  size_t size;   /* of temp */
  char *temp;
  char *folder;
  char path[];
};

static vt_writer_file_t *file_of(vt_byte_stream_t *s) {
  return (vt_writer_file_t *)(void *)((char *)s -
                                      offsetof(vt_writer_file_t, stream));
}

/* ---- names ---- */

static void set_folder(struct vt__writer_names *names, const char *path) {
  const char *slash = strrchr(path, '/');
  size_t size = slash ? (size_t)(slash - path) : 0;
  memcpy(names->folder, path, size);
  if (size == 0) /* the root, or where we are */
    names->folder[size++] = slash ? '/' : '.';
  names->folder[size] = '\0';
}

static struct vt__writer_names *new_names(const char *path) {
  static const char ending[] = ".XXXXXX";
  size_t length = strlen(path);
  struct vt__writer_names *names =
      vt__malloc(sizeof *names + 3 * (length + sizeof ending));
  if (!names)
    return NULL;
  names->size = length + sizeof ending;
  names->temp = names->path + names->size;
  names->folder = names->temp + names->size;
  memcpy(names->path, path, length + 1);
  memcpy(names->temp, path, length);
  memcpy(names->temp + length, ending, sizeof ending);
  set_folder(names, path);
  return names;
}

static void free_names(vt_writer_file_t *w) {
  vt__free(w->names);
  w->names = NULL;
}

/* ---- writing ---- */

struct file_frame {
  vt_frame_t vt;
  vt_writer_file_t *w;
  uv_buf_t blocks[VT__FILE_BLOCKS];
  unsigned count;
  uv_file old;
  bool wanted; /* a replacement is to take its place */
  int64_t status;
};

static void keep_first(int64_t *status, vt_result_t r) {
  if (*status == 0)
    *status = r.status;
}

/* Ends the old file; what it was given is on the device if anything of the
 * writer was to be. */
static vt_t leave_body(void *frame) {
  struct file_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  if (f->w->writer.syncing > 0 || f->w->writer.options.flags & VT_WRITER_SYNC) {
    VT_AWAIT(f, r, vt_fs_fdatasync(f->old));
    keep_first(&f->status, r);
  }
  VT_AWAIT(f, r, vt__file_close(f->old));
  keep_first(&f->status, r);
  if (f->status != 0)
    VT_RETURN(f, vt_failed(f->status));
  VT_END(f);
}

static bool is_due(const vt_writer_file_t *w) {
  return w->next >= 0 && w->writer.written >= w->writer.split;
}

/* Goes on in the next file. */
static vt_t leave(vt_writer_file_t *w) {
  struct file_frame f = {.w = w, .old = w->file};
  w->file = w->next;
  w->next = -1;
  return vt_start(&f, leave_body);
}

/* Cuts off what belongs to the next file. */
static void trim(struct file_frame *f) {
  uint64_t most = f->w->writer.split - f->w->writer.written;
  if (f->w->next < 0)
    return;
  for (unsigned i = 0; i < f->count; i++) {
    if (f->blocks[i].len > most)
      f->blocks[i].len = (size_t)most;
    most -= f->blocks[i].len;
  }
}

static vt_t write_body(void *frame) {
  struct file_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  if (is_due(f->w))
    VT_TRY(f, leave(f->w));
  trim(f);
  VT_AWAIT(f, r, vt__file_write(f->w->file, f->blocks, f->count, -1));
  if (r.status == 0 && r.value.u == 0)
    r.status = UV_EIO;
  VT_RETURN(f, vt_from_result(r));
  VT_END(f);
}

static vt_t file_write(vt_byte_stream_t *s, const uv_buf_t blocks[],
                       unsigned count) {
  struct file_frame f = {.w = file_of(s)};
  f.count = count < VT__FILE_BLOCKS ? count : VT__FILE_BLOCKS;
  memcpy(f.blocks, blocks, f.count * sizeof *blocks);
  return vt_start(&f, write_body);
}

static vt_t file_sync(vt_byte_stream_t *s) {
  return vt_fs_fdatasync(file_of(s)->file);
}

/* ---- closing ---- */

static vt_t sync_folder_body(void *frame) {
  struct file_frame *f = frame;
  vt_value_t folder;
  vt_result_t r;
  VT_BEGIN(f);
  VT_TRY_VALUE(
      f, folder,
      vt_fs_open(f->w->names->folder, UV_FS_O_RDONLY | UV_FS_O_DIRECTORY, 0));
  f->old = (uv_file)folder.i;
  VT_AWAIT(f, r, vt_fs_fsync(f->old));
  keep_first(&f->status, r);
  VT_AWAIT(f, r, vt__file_close(f->old));
  keep_first(&f->status, r);
  if (f->status != 0)
    VT_RETURN(f, vt_failed(f->status));
  VT_END(f);
}

static vt_t sync_folder(vt_writer_file_t *w) {
  struct file_frame f = {.w = w};
  return vt_start(&f, sync_folder_body);
}

/* Puts the new file in the place of the old one, or removes it. */
static vt_t replace_body(void *frame) {
  struct file_frame *f = frame;
  struct vt__writer_names *names = f->w->names;
  vt_result_t r;
  VT_BEGIN(f);
  if (f->wanted) {
    VT_AWAIT(f, r, vt_fs_fsync(f->w->file));
    keep_first(&f->status, r);
  }
  VT_AWAIT(f, r, vt__file_close(f->w->file));
  keep_first(&f->status, r);
  if (f->wanted && f->status == 0) {
    VT_AWAIT(f, r, vt_fs_rename(names->temp, names->path));
    keep_first(&f->status, r);
  }
  if (f->wanted && f->status == 0) {
    VT_AWAIT(f, r, sync_folder(f->w));
    keep_first(&f->status, r);
  } else {
    VT_AWAIT(f, r, vt_fs_unlink(names->temp));
  }
  free_names(f->w);
  if (f->status != 0)
    VT_RETURN(f, vt_failed(f->status));
  VT_END(f);
}

/* Both files of a reopening that has not come to its end. */
static vt_t close_body(void *frame) {
  struct file_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  if (f->w->next >= 0) {
    VT_AWAIT(f, r, leave(f->w));
    keep_first(&f->status, r);
  }
  VT_AWAIT(f, r, vt__file_close(f->w->file));
  keep_first(&f->status, r);
  free_names(f->w);
  if (f->status != 0)
    VT_RETURN(f, vt_failed(f->status));
  VT_END(f);
}

static vt_t file_close(vt_byte_stream_t *s) {
  vt_writer_file_t *w = file_of(s);
  struct file_frame f = {.w = w,
                         .wanted = w->writer.error == 0 && !w->abandoned};
  return vt_start(&f, w->how == VT_WRITER_REPLACE ? replace_body : close_body);
}

static const vt_byte_stream_ops_t ops = {
    .write = file_write, .sync = file_sync, .close = file_close};

/* ---- opening ---- */

struct open_frame {
  vt_frame_t vt;
  vt_writer_file_t *w;
  vt_writer_options_t options;
  int mode;
  bool open;
};

static int flags_of(const vt_writer_file_t *w) {
  return UV_FS_O_WRONLY | UV_FS_O_CREAT |
         (w->how == VT_WRITER_APPEND ? UV_FS_O_APPEND : UV_FS_O_TRUNC);
}

/* A new file under a name of its own, of the mode of the old one. */
static vt_t open_temp_body(void *frame) {
  struct open_frame *f = frame;
  struct vt__writer_names *names = f->w->names;
  vt_result_t r;
  vt_value_t file;
  VT_BEGIN(f);
  VT_AWAIT(f, r, vt_fs_stat(names->path, &names->old));
  if (r.status == UV_ENOENT)
    names->old.st_mode = (uint64_t)f->mode;
  else if (r.status != 0)
    VT_RETURN(f, vt_failed(r.status));
  VT_TRY_VALUE(f, file, vt_fs_mkstemp(names->temp, names->temp, names->size));
  f->w->file = (uv_file)file.i;
  VT_TRY(f, vt_fs_fchmod(f->w->file, (int)(names->old.st_mode & MODE_BITS)));
  f->open = true;
  VT_FINALLY(f);
  if (!f->open && f->w->file >= 0) {
    VT_AWAIT(f, r, vt__file_close(f->w->file));
    VT_AWAIT(f, r, vt_fs_unlink(names->temp));
  }
  VT_END(f);
}

static vt_t open_temp(const struct open_frame *opening) {
  struct open_frame f = {.w = opening->w, .mode = opening->mode};
  return vt_start(&f, open_temp_body);
}

static vt_t open_body(void *frame) {
  struct open_frame *f = frame;
  vt_value_t file;
  VT_BEGIN(f);
  if (f->w->how == VT_WRITER_REPLACE) {
    VT_TRY(f, open_temp(f));
  } else {
    VT_TRY_VALUE(f, file,
                 vt_fs_open(f->w->names->path, flags_of(f->w), f->mode));
    f->w->file = (uv_file)file.i;
  }
  f->open = true;
  f->options.flags |= VT_WRITER_OWNS;
  vt_writer_init(&f->w->writer, &f->w->stream, &f->options);
  VT_FINALLY(f);
  if (!f->open)
    free_names(f->w);
  VT_END(f);
}

vt_t vt_writer_open_async(vt_writer_file_t *w, const char *path,
                          const vt_writer_file_options_t *options) {
  static const vt_writer_file_options_t none = {.how = VT_WRITER_APPEND};
  const vt_writer_file_options_t *o = options ? options : &none;
  if (!w || !path || o->how < VT_WRITER_APPEND || o->how > VT_WRITER_REPLACE)
    return vt_failed(UV_EINVAL);
  *w = (vt_writer_file_t){
      .stream.ops = &ops, .how = o->how, .file = -1, .next = -1};
  int rc = vt_writer_init(&w->writer, &w->stream, &o->writer);
  if (rc != 0)
    return vt_failed(rc);
  w->writer.phase = VT__WRITER_CLOSED; /* until it is open */
  w->names = new_names(path);
  if (!w->names)
    return vt_failed(UV_ENOMEM);
  struct open_frame f = {
      .w = w, .options = o->writer, .mode = o->mode != 0 ? o->mode : MODE};
  return vt_start(&f, open_body);
}

/* ---- reopening ---- */

struct reopen_frame {
  vt_frame_t vt;
  vt_writer_file_t *w;
  const char *path; /* until the first await */
  uv_file late;     /* came after the writer was closed; -1 */
};

/* From now on writes are the next file's. False when the writer was closed
 * meanwhile. */
static bool split(vt_writer_file_t *w, uv_file next) {
  if (w->writer.phase != VT__WRITER_OPEN)
    return false;
  w->writer.split = vt__writer_end_of_all(&w->writer);
  w->next = next;
  return true;
}

/* The old file is not closed under a sync of it. Without memory to wait, the
 * next write or the close leaves it. */
static vt_t reopen_body(void *frame) {
  struct reopen_frame *f = frame;
  vt_value_t next;
  vt_result_t r = {0, {0}};
  VT_BEGIN(f);
  VT_TRY_VALUE(f, next, vt_fs_open(f->path, flags_of(f->w), MODE));
  if (!split(f->w, (uv_file)next.i)) {
    f->late = (uv_file)next.i;
    VT_RETURN(f, vt_failed(UV_EBADF));
  }
  VT_TRY(f, vt_writer_flush_async(&f->w->writer));
  VT_FINALLY(f);
  f->w->reopening = false;
  if (f->late >= 0)
    VT_TRY(f, vt__file_close(f->late));
  while (is_due(f->w) && f->w->writer.busy && r.status == 0)
    VT_AWAIT(f, r, vt_delay(1));
  if (is_due(f->w) && !f->w->writer.busy)
    VT_TRY(f, leave(f->w));
  VT_END(f);
}

vt_t vt_writer_reopen_async(vt_writer_file_t *w, const char *path) {
  int64_t status = vt__writer_refusal(w ? &w->writer : NULL);
  if (status == 0 && w->how == VT_WRITER_REPLACE)
    status = UV_ENOTSUP;
  if (status == 0 && (w->reopening || w->next >= 0))
    status = UV_EALREADY;
  if (status != 0)
    return vt_failed(status);
  w->reopening = true;
  struct reopen_frame f = {
      .w = w, .path = path ? path : w->names->path, .late = -1};
  return vt_start(&f, reopen_body);
}

int vt_writer_abandon(vt_writer_file_t *w) {
  if (!w || w->how != VT_WRITER_REPLACE)
    return UV_EINVAL;
  w->abandoned = true;
  return 0;
}
