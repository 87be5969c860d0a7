/* SPDX-License-Identifier: MIT */
/* Files and sockets as byte streams.
 *
 * What can go wrong: a file that takes nothing without saying why would be
 * asked for ever, so that counts as UV_EIO. */
#include "io/byte_stream.h"

#include "op/fs.h"
#include "vt/async.h"
#include "vt/fs.h"

/* ---- files ---- */

vt_t vt__file_write(uv_file file, const uv_buf_t blocks[], unsigned count,
                    int64_t offset) {
  if (count == 1)
    return vt_fs_write(file, blocks->base, blocks->len, offset);
  return vt_fs_writev(
      file, blocks, count < VT__FILE_BLOCKS ? count : VT__FILE_BLOCKS, offset);
}

vt_t vt__file_close(uv_file file) {
  vt_t v = vt_fs_close(file);
  if (!vt_in_hand(v) || vt_status_in_hand(v) != UV_ENOMEM)
    return v;
  int rc = vt__fs_close_now(file);
  return rc == 0 ? vt_done() : vt_failed(rc);
}

struct file_frame {
  vt_frame_t vt;
  vt_byte_file_t *s;
  const uv_buf_t *blocks; /* until the first await */
  unsigned count;
  bool write;
};

static vt_byte_file_t *file_of(vt_byte_stream_t *s) {
  return (vt_byte_file_t *)(void *)s;
}

static vt_t transfer(const struct file_frame *f) {
  const vt_byte_file_t *s = f->s;
  if (!f->write)
    return vt_fs_read(s->file, f->blocks->base, f->blocks->len, s->offset);
  return vt__file_write(s->file, f->blocks, f->count, s->offset);
}

/* The offset moves by what was transferred, and by nothing else. */
static vt_t file_body(void *frame) {
  struct file_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, transfer(f));
  if (r.status == 0 && f->s->offset >= 0)
    f->s->offset += r.value.i;
  if (r.status == 0 && f->write && r.value.u == 0)
    r.status = UV_EIO;
  VT_RETURN(f, vt_from_result(r));
  VT_END(f);
}

static vt_t file_write(vt_byte_stream_t *s, const uv_buf_t blocks[],
                       unsigned count) {
  struct file_frame f = {
      .s = file_of(s), .blocks = blocks, .count = count, .write = true};
  return vt_start(&f, file_body);
}

static vt_t file_read(vt_byte_stream_t *s, void *buffer, size_t size) {
  uv_buf_t block = {.base = buffer, .len = size};
  struct file_frame f = {.s = file_of(s), .blocks = &block, .count = 1};
  return vt_start(&f, file_body);
}

static vt_t file_sync(vt_byte_stream_t *s) {
  return vt_fs_fdatasync(file_of(s)->file);
}

static vt_t file_close(vt_byte_stream_t *s) {
  return vt__file_close(file_of(s)->file);
}

static const vt_byte_stream_ops_t file_ops = {.write = file_write,
                                              .read = file_read,
                                              .sync = file_sync,
                                              .close = file_close};

int vt_byte_file_init(vt_byte_file_t *s, uv_file file, int64_t offset) {
  if (!s || offset < -1)
    return UV_EINVAL;
  s->base.ops = &file_ops;
  s->offset = offset;
  s->file = file;
  return 0;
}

vt_byte_file_t *vt__byte_file(vt_byte_stream_t *s) {
  return s->ops == &file_ops ? file_of(s) : NULL;
}

/* ---- sockets ---- */

static vt_stream_t *stream_of(vt_byte_stream_t *s) {
  return ((vt_byte_socket_t *)(void *)s)->stream;
}

static vt_t socket_write(vt_byte_stream_t *s, const uv_buf_t blocks[],
                         unsigned count) {
  return vt_stream_writev(stream_of(s), blocks, count);
}

static vt_t socket_read(vt_byte_stream_t *s, void *buffer, size_t size) {
  return vt_stream_read(stream_of(s), buffer, size);
}

static vt_t socket_close(vt_byte_stream_t *s) {
  return vt_stream_close(stream_of(s));
}

static const vt_byte_stream_ops_t socket_ops = {
    .write = socket_write, .read = socket_read, .close = socket_close};

bool vt__byte_stream_is_own(const vt_byte_stream_t *stream) {
  return stream->ops == &file_ops || stream->ops == &socket_ops;
}

int vt_byte_socket_init(vt_byte_socket_t *s, vt_stream_t *stream) {
  if (!s || !stream)
    return UV_EINVAL;
  s->base.ops = &socket_ops;
  s->stream = stream;
  return 0;
}
