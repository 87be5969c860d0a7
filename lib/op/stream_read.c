/* SPDX-License-Identifier: MIT */
/* Reading a stream.
 *
 * A read links itself into the stream; on_alloc gives libuv the caller's own
 * buffer, so that nothing is copied, and on_read completes. uv_read_start stays
 * in force from one read to the next: stopping and starting costs two system
 * calls. When bytes come and nobody reads, on_alloc gives no buffer, libuv
 * reads nothing and says UV_ENOBUFS, and only then on_read stops (stopping
 * inside the alloc callback crashes libuv).
 *
 * What can go wrong: the end of the stream and errors come once from libuv, and
 * without a read to tell them to when the peer hangs up; they are kept for all
 * later reads. A read of 0 bytes (EAGAIN) is libuv's way to say "not yet". */
#include "op/stream.h"

enum { READ_MOST = 1 << 30 };

struct vt__read_op {
  vt__stream_op_t of;
  char *buffer;
  size_t size;
};

/* ---- the operation ---- */

/* Takes the pending read out of its stream. */
static struct vt__read_op *unlink_read(vt_stream_t *s) {
  struct vt__read_op *r = s->read;
  s->read = NULL;
  if (r)
    r->of.stream = NULL;
  return r;
}

static int read_cancel(vt_op_t *op) {
  unlink_read(((vt__stream_op_t *)op)->stream);
  vt__stream_cancelled(op);
  return 0;
}

static const vt_op_kind_t read_kind = {.ops = VT_OP_OPS("stream_read"),
                                       .size = sizeof(struct vt__read_op),
                                       .cancel = read_cancel,
                                       .describe = vt__stream_describe};

void vt__stream_read_closed(vt_stream_t *s) {
  struct vt__read_op *r = unlink_read(s);
  if (r)
    vt_op_complete(r, vt__stream_failed(UV_ECANCELED));
}

/* ---- libuv's callbacks ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  const struct vt__read_op *r = ((vt_stream_t *)handle)->read;
  (void)suggested;
  buf->base = r ? r->buffer : NULL;
  buf->len = r ? r->size : 0;
}

static void disarm(vt_stream_t *s) {
  uv_read_stop(&s->uv.stream);
  s->armed = false;
}

static void on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf) {
  vt_stream_t *s = (vt_stream_t *)handle;
  vt_result_t result = {0, {0}};
  (void)buf;
  if (n == 0)
    return;
  if (n > 0) {
    result.value.i = n;
  } else {
    disarm(s);
    if (n == UV_ENOBUFS && !s->read)
      return;
    s->read_end = result.status = n;
  }
  struct vt__read_op *r = unlink_read(s);
  if (r)
    vt_op_complete(r, result);
}

static int arm(vt_stream_t *s) {
  if (s->armed)
    return 0;
  int rc = uv_read_start(&s->uv.stream, on_alloc, on_read);
  s->armed = rc == 0;
  return rc;
}

vt_t vt_stream_read(vt_stream_t *s, void *buffer, size_t size) {
  struct vt__read_op *r;
  int rc = vt__stream_check(s);
  if (rc == 0 && (!buffer || size == 0))
    rc = UV_EINVAL;
  if (rc == 0 && s->read)
    rc = UV_EALREADY;
  if (rc != 0)
    return vt_failed(rc);
  if (s->read_end != 0)
    return vt_failed(s->read_end);
  rc = vt__stream_begin(&read_kind, s, &r);
  if (rc != 0)
    return vt_failed(rc);
  r->buffer = buffer;
  r->size = size < READ_MOST ? size : READ_MOST;
  rc = arm(s);
  if (rc == 0)
    s->read = r;
  return vt_op_started(r, rc);
}
