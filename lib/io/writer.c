/* SPDX-License-Identifier: MIT */
/* The buffered writer over a file.
 *
 * Happy path: bytes are copied into the buffer, in hand. When it is full,
 * flush_body hands buffer[written, count) to vt_fs_write until nothing is left,
 * and whoever waited for room goes on. A block as large as the buffer goes to
 * the file straight from the caller's memory once the buffer is empty.
 *
 * What can go wrong: the file takes a part only (the loop goes on with the
 * rest, for libuv hides an error that follows a part), or nothing: the error
 * stays in the writer and limit is 0 until vt_writer_resume or
 * vt_writer_discard. Cancelled while libuv's queue still has the request,
 * nothing of it was written, and the writer is as before: no error. Out of
 * memory: every body is boxed before it touches the file, so that no write is
 * under way that nobody counts; that is no error of the file either.
 *
 * written and the offset are moved by what the file has taken and by nothing
 * else: no byte is lost and none is written twice. */
#include "vt/writer.h"

#include <string.h>

#include "vt/async.h"
#include "vt/fs.h"

enum { WRITER_OPEN, WRITER_BUSY, WRITER_CLOSED };

struct flush_frame {
  vt_frame_t vt;
  vt_writer_t *w;
  bool last; /* of a whole operation: it is a close */
};

struct byte_frame {
  vt_frame_t vt;
  vt_writer_t *w;
  uint8_t byte;
};

struct block_frame {
  vt_frame_t vt;
  vt_writer_t *w;
  const uint8_t *data;
  size_t size;
};

/* ---- state ---- */

/* The one place that decides whether a byte may be stored without a call. */
static void set_phase(vt_writer_t *w, uint8_t phase) {
  w->phase = phase;
  w->limit = phase == WRITER_OPEN && w->error == 0 ? w->size : 0;
}

/* Why nothing may begin; 0 where it may. */
static int64_t refusal(const vt_writer_t *w) {
  if (w->phase == WRITER_CLOSED)
    return UV_EBADF;
  return w->phase == WRITER_BUSY ? UV_EBUSY : w->error;
}

/* ---- flushing ---- */

/* What the file took has moved its offset; what it refused is sticky. Gives the
 * status. */
static int64_t settle(vt_writer_t *w, vt_result_t r) {
  if (r.status == 0 && r.value.u == 0)
    r.status = UV_EIO; /* a file that takes nothing would be asked for ever */
  if (r.status != 0) {
    if (r.status != UV_ECANCELED && r.status != UV_ENOMEM)
      w->error = r.status;
    return r.status;
  }
  if (w->offset >= 0)
    w->offset += r.value.i;
  return 0;
}

static vt_t write_rest(vt_writer_t *w) {
  return vt_fs_write(w->file, w->buffer + w->written, w->count - w->written,
                     w->offset);
}

static vt_t flush_body(void *frame) {
  struct flush_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (f->w->written < f->w->count) {
    VT_AWAIT(f, r, write_rest(f->w));
    r.status = settle(f->w, r);
    if (r.status != 0)
      VT_RETURN(f, vt_failed(r.status));
    f->w->written += r.value.u;
  }
  f->w->count = 0;
  f->w->written = 0;
  VT_END(f);
}

/* Part of an operation: hands the buffer to the file. */
static vt_t flush(vt_writer_t *w) {
  struct flush_frame f = {.w = w};
  return vt_start_boxed(&f, sizeof f, flush_body);
}

/* ---- the operations ---- */

static vt_t byte_body(void *frame) {
  struct byte_frame *f = frame;
  VT_BEGIN(f);
  set_phase(f->w, WRITER_BUSY);
  VT_TRY(f, flush(f->w));
  f->w->buffer[f->w->count++] = f->byte;
  VT_FINALLY(f);
  set_phase(f->w, WRITER_OPEN);
  VT_END(f);
}

vt_t vt__writer_write(vt_writer_t *w, uint8_t byte) {
  struct byte_frame f = {.w = w, .byte = byte};
  int64_t status = refusal(w);
  if (status != 0)
    return vt_failed(status);
  return vt_start_boxed(&f, sizeof f, byte_body);
}

/* Copies what fits. */
static void copy_some(vt_writer_t *w, const uint8_t *data, size_t size) {
  size_t room = w->size - w->count;
  size_t n = size < room ? size : room;
  memcpy(w->buffer + w->count, data, n);
  w->count += n;
  w->taken += n;
}

static vt_t block_body(void *frame) {
  struct block_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  set_phase(f->w, WRITER_BUSY);
  while (f->w->taken < f->size) {
    if (f->w->count == f->w->size)
      VT_TRY(f, flush(f->w));
    if (f->w->count > 0 || f->size - f->w->taken < f->w->size) {
      copy_some(f->w, f->data + f->w->taken, f->size - f->w->taken);
      continue;
    }
    VT_AWAIT(f, r,
             vt_fs_write(f->w->file, f->data + f->w->taken,
                         f->size - f->w->taken, f->w->offset));
    r.status = settle(f->w, r);
    if (r.status != 0)
      VT_RETURN(f, vt_failed(r.status));
    f->w->taken += r.value.u;
  }
  VT_RETURN(f, vt_from_uint(f->size));
  VT_FINALLY(f);
  set_phase(f->w, WRITER_OPEN);
  VT_END(f);
}

vt_t vt_writer_write_all_async(vt_writer_t *w, const void *data, size_t size) {
  struct block_frame f = {.w = w, .data = data, .size = size};
  int64_t status = refusal(w);
  if (status == UV_EBUSY)
    return vt_failed(status);
  w->taken = 0;
  if (status == 0 && !data && size > 0)
    status = UV_EINVAL;
  if (status != 0)
    return vt_failed(status);
  if (size > w->size - w->count)
    return vt_start_boxed(&f, sizeof f, block_body);
  if (size > 0)
    copy_some(w, data, size);
  return vt_from_uint(size);
}

size_t vt_writer_taken(const vt_writer_t *w) { return w->taken; }

/* A whole flush or close. */
static vt_t whole_body(void *frame) {
  struct flush_frame *f = frame;
  VT_BEGIN(f);
  set_phase(f->w, WRITER_BUSY);
  VT_TRY(f, flush(f->w));
  VT_FINALLY(f);
  set_phase(f->w, f->last ? WRITER_CLOSED : WRITER_OPEN);
  VT_END(f);
}

static vt_t flush_whole(vt_writer_t *w, bool last) {
  struct flush_frame f = {.w = w, .last = last};
  if (w->count == w->written)
    return vt_done();
  return vt_start_boxed(&f, sizeof f, whole_body);
}

vt_t vt_writer_flush_async(vt_writer_t *w) {
  int64_t status = refusal(w);
  return status == 0 ? flush_whole(w, false) : vt_failed(status);
}

vt_t vt_writer_close_async(vt_writer_t *w) {
  int64_t status = refusal(w);
  if (status == UV_EBUSY || status == UV_EBADF)
    return vt_failed(status);
  vt_t v = status == 0 ? flush_whole(w, true) : vt_failed(status);
  if (vt_in_hand(v))
    set_phase(w, WRITER_CLOSED);
  return v;
}

/* ---- at once ---- */

int vt_writer_init(vt_writer_t *w, uv_file file, int64_t offset, void *buffer,
                   size_t size) {
  if (!w || !buffer || size == 0 || offset < -1)
    return UV_EINVAL;
  *w = (vt_writer_t){
      .buffer = buffer, .size = size, .offset = offset, .file = file};
  set_phase(w, WRITER_OPEN);
  return 0;
}

size_t vt_writer_unwritten(const vt_writer_t *w, const uint8_t **out_data) {
  *out_data = w->buffer + w->written;
  return w->count - w->written;
}

/* Clears the error. */
static int clear(vt_writer_t *w) {
  if (w->phase != WRITER_OPEN)
    return w->phase == WRITER_BUSY ? UV_EBUSY : UV_EBADF;
  w->error = 0;
  set_phase(w, WRITER_OPEN);
  return 0;
}

int vt_writer_resume(vt_writer_t *w) { return clear(w); }

int vt_writer_discard(vt_writer_t *w) {
  int rc = clear(w);
  if (rc != 0)
    return rc;
  w->count = 0;
  w->written = 0;
  return 0;
}
