/* SPDX-License-Identifier: MIT */
/* From a reader to a writer.
 *
 * Happy path: what the reader's buffer holds is given to the writer from there,
 * and read when it was taken. Between two files the writer is flushed, and the
 * system copies as long as nothing is in the reader's buffer.
 *
 * What can go wrong: the system cannot copy these files, or fails: the buffers
 * go on at the same byte, and tell which side it was. What a failed or
 * cancelled write has taken is told by the writer's own count. */
#include "vt/copy.h"

#include "io/byte_stream.h"
#include "io/reader.h"
#include "io/writer.h"
#include "vt/async.h"
#include "vt/fs.h"

/* Of one call of the system: a cancel comes through between two. */
enum { COPY_MOST = 16 << 20 };

struct copy_frame {
  vt_frame_t vt;
  vt_reader_t *r;
  vt_writer_t *w;
  vt_byte_file_t *in, *to; /* NULL once the system has refused */
  vt_copied_t *out;
  vt_copied_t so_far;
  uint64_t left;
  uint64_t before; /* bytes that the writer had taken */
};

static void note(struct copy_frame *f, uint64_t n) {
  f->so_far.count += n;
  f->left -= n;
  if (f->out)
    *f->out = f->so_far;
}

/* The copy is over. */
static vt_t ended(struct copy_frame *f, vt_copy_side_t side, int64_t status) {
  if (status == 0 || (status == UV_EOF && side == VT_COPY_READER))
    return vt_from_uint(f->so_far.count);
  if (status != UV_ECANCELED)
    f->so_far.failed = side;
  note(f, 0);
  return vt_failed(status);
}

static uint64_t lesser(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* ---- by the buffers ---- */

static vt_t write_some(struct copy_frame *f) {
  size_t n = (size_t)lesser(vt__reader_unread(f->r), f->left);
  f->before = vt__writer_end(f->w);
  return vt_writer_write_all_async(f->w, f->r->data, n);
}

static void note_written(struct copy_frame *f) {
  uint64_t n = vt__writer_end(f->w) - f->before;
  vt__reader_consume(f->r, (size_t)n);
  note(f, n);
}

/* ---- by the system ---- */

static void find_files(struct copy_frame *f) {
  f->in = vt__byte_file(f->r->stream);
  f->to = vt__byte_file(f->w->stream);
  if (!f->in || !f->to || f->in->offset < 0 || f->to->offset >= 0)
    f->in = NULL;
}

static bool may_send(const struct copy_frame *f) {
  const vt_reader_t *r = f->r;
  return f->in && vt__reader_unread(r) == 0 && r->error == 0 && !r->filling &&
         r->phase == VT__READER_OPEN;
}

static vt_t send_some(struct copy_frame *f) {
  size_t n = (size_t)lesser(f->left, COPY_MOST);
  return vt_fs_sendfile(f->to->file, f->in->file, f->in->offset, n);
}

/* A sync is to know of these bytes too. */
static void note_sent(struct copy_frame *f, vt_result_t sent) {
  if (sent.status != 0 || sent.value.u == 0) {
    f->in = NULL;
    return;
  }
  f->in->offset += sent.value.i;
  f->w->written += sent.value.u;
  note(f, sent.value.u);
}

/* ---- both ---- */

static vt_t copy_body(void *frame) {
  struct copy_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  note(f, 0);
  while (f->left > 0) {
    if (may_send(f)) {
      VT_AWAIT(f, r, vt_writer_flush_async(f->w));
      if (r.status != 0)
        VT_RETURN(f, ended(f, VT_COPY_WRITER, r.status));
      VT_AWAIT(f, r, send_some(f));
      if (r.status == UV_ECANCELED)
        VT_RETURN(f, vt_failed(r.status));
      note_sent(f, r);
      continue;
    }
    VT_AWAIT(f, r, vt_reader_peek(f->r, 1));
    if (r.status != 0)
      VT_RETURN(f, ended(f, VT_COPY_READER, r.status));
    VT_AWAIT(f, r, write_some(f));
    note_written(f);
    if (r.status != 0)
      VT_RETURN(f, ended(f, VT_COPY_WRITER, r.status));
  }
  VT_RETURN(f, ended(f, VT_COPY_NEITHER, 0));
  VT_END(f);
}

vt_t vt_copy(vt_reader_t *reader, vt_writer_t *writer, uint64_t limit,
             vt_copied_t *out) {
  if (!reader || !writer)
    return vt_failed(UV_EINVAL);
  struct copy_frame f = {.r = reader, .w = writer, .out = out, .left = limit};
  find_files(&f);
  return vt_start(&f, copy_body);
}
