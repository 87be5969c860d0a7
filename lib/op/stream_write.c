/* SPDX-License-Identifier: MIT */
/* Writing to a stream.
 *
 * What the kernel takes comes first, unless anything is queued, so that the
 * order holds: by send, which for a socket costs it less than the write of
 * uv_try_write. When it takes all, the write is in hand. What is left goes
 * through uv_write, whose callback completes: the rest of a buffer that was cut
 * by a request of its own, then the buffers behind it, so that their array is
 * never copied by us. A handle that is passed goes with the first byte.
 *
 * What can go wrong: libuv's queue has no bound, so bytes and operations that
 * wait are counted, and past VT__STREAM_MOST a write is refused with UV_ENOBUFS
 * and nothing of it was sent; a single larger one is let in alone, else it
 * could never be written. A write that failed after a part of it went out ends
 * the writing side, because the peer could not tell what follows: no memory for
 * the remainder is one such case. */
#include "op/stream.h"

/* libuv's counts are ints. */
enum { TRY_MOST = 1 << 30 };

struct write_op {
  vt__stream_op_t of;
  size_t size;
  size_t cost;      /* counted in the stream's queued */
  unsigned waiting; /* requests that libuv has */
  int64_t status;   /* of the first that failed */
  uv_write_t cut;
  uv_write_t req;
};

/* What a write is about, and how much of it is left. */
struct data {
  const uv_buf_t *bufs;
  unsigned count;
  size_t skip; /* bytes of the first buffer that are out */
  size_t size; /* of all */
  size_t sent;
  uv_stream_t *handle; /* to be passed, or NULL */
};

static const vt_op_kind_t write_kind = {.ops = VT_OP_OPS("stream_write"),
                                        .size = sizeof(struct write_op),
                                        .describe = vt__stream_describe};

static void on_write(uv_write_t *req, int status) {
  struct write_op *w = req->data;
  vt_stream_t *s = w->of.stream;
  vt_result_t result = {0, {0}};
  if (w->status == 0)
    w->status = status;
  if (--w->waiting > 0)
    return;
  s->queued -= w->cost;
  result.status = w->status;
  if (w->status == 0)
    result.value.u = w->size;
  else if (s->write_error == 0)
    s->write_error = w->status;
  w->of.stream = NULL;
  vt_op_complete(w, result);
}

/* ---- at once ---- */

static int why_refused(const vt_stream_t *s, size_t size) {
  if (s->write_error != 0)
    return (int)s->write_error;
  return size + s->queued > VT__STREAM_MOST ? UV_ENOBUFS : 0;
}

/* 0 when a write of size bytes may begin. */
static inline int write_check(const vt_stream_t *s, size_t size) {
  int rc = vt__stream_check(s);
  if (rc == 0 && ((int64_t)s->queued | s->write_error) != 0)
    rc = why_refused(s, size);
  return rc;
}

/* What libuv would ask before it writes. */
static inline bool may_send(const vt_stream_t *s) {
  const uv_stream_t *uv = vt__stream_uv(s);
  return !s->indirect && uv_is_writable(uv) &&
         uv_stream_get_write_queue_size(uv) == 0;
}

/* The bytes that the kernel took, or what it says. */
static inline int write_some(vt_stream_t *s, const uv_buf_t *bufs,
                             unsigned count, size_t size, uv_stream_t *handle) {
  if (size - 1 >= TRY_MOST)
    return 0;
  if (count == 1 && !handle && may_send(s)) {
    ssize_t n = vt__fd_write(vt__stream_fd(s), bufs->base, size);
    if (VT_LIKELY(n != UV_ENOTSOCK && n != UV_ENOTCONN))
      return (int)n;
    s->indirect = n == UV_ENOTSOCK;
  }
  return uv_try_write2(vt__stream_uv(s), bufs, count, handle);
}

/* ---- the remainder ---- */

/* Steps over n bytes that are out. */
static void advance(struct data *d, size_t n) {
  d->sent += n;
  if (n > 0)
    d->handle = NULL;
  while (d->count > 0 && n >= d->bufs->len) {
    n -= d->bufs->len;
    d->bufs++;
    d->count--;
  }
  d->skip = n;
}

static int submit(struct write_op *w, uv_write_t *req, const uv_buf_t *bufs,
                  unsigned count, uv_stream_t *handle) {
  uv_stream_t *to = vt__stream_uv(w->of.stream);
  req->data = w;
  int rc = handle ? uv_write2(req, to, bufs, count, handle, on_write)
                  : uv_write(req, to, bufs, count, on_write);
  w->waiting += rc == 0;
  return rc;
}

/* Once libuv has one request the operation is its callback's. */
static int submit_all(struct write_op *w, const struct data *d) {
  unsigned first = d->skip > 0;
  int rc = 0;
  if (first) {
    uv_buf_t rest;
    rest.base = d->bufs->base + d->skip;
    rest.len = d->bufs->len - d->skip;
    rc = submit(w, &w->cut, &rest, 1, NULL);
  }
  if (rc == 0 && d->count > first) {
    rc = submit(w, &w->req, d->bufs + first, d->count - first, d->handle);
    w->status = rc;
  }
  return w->waiting > 0 ? 0 : rc;
}

static vt_t queue_write(vt_stream_t *s, const struct data *d) {
  struct write_op *w;
  int rc = vt__stream_begin(&write_kind, s, &w);
  if (rc != 0)
    return vt_failed(rc);
  w->size = d->size;
  w->cost = d->size - d->sent + sizeof *w;
  w->waiting = 0;
  w->status = 0;
  rc = submit_all(w, d);
  if (rc == 0)
    s->queued += w->cost;
  return vt_op_started(w, rc);
}

/* What is left to do after write_some, which answered n. */
static VT_COLD vt_t write_rest(vt_stream_t *s, struct data d, int n) {
  if (n == UV_EAGAIN || n == UV_ENOBUFS)
    n = 0;
  if (n < 0)
    return vt_failed(n);
  advance(&d, (size_t)n);
  vt_t v = queue_write(s, &d);
  if (n > 0 && v.source & 1)
    s->write_error = vt_status_in_hand(v);
  return v;
}

/* ---- public ---- */

static VT_COLD vt_t rest_of_one(vt_stream_t *s, const uv_buf_t *buf,
                                uv_stream_t *handle, int n) {
  struct data d = {.bufs = buf, .count = 1, .size = buf->len, .handle = handle};
  return write_rest(s, d, n);
}

static inline vt_t write_one(vt_stream_t *s, const void *data, size_t size,
                             uv_stream_t *handle) {
  uv_buf_t buf;
  buf.base = (char *)(uintptr_t)data;
  buf.len = size;
  int n = write_check(s, size);
  if (n == 0 && buf.len != size) /* Windows' have 32 bits */
    n = UV_E2BIG;
  if (n != 0)
    return vt_failed(n);
  n = write_some(s, &buf, 1, size, handle);
  if (VT_LIKELY((size_t)n == size))
    return vt_from_uint(size);
  return rest_of_one(s, &buf, handle, n);
}

vt_t vt_stream_write(vt_stream_t *s, const void *data, size_t size) {
  if (!data && size > 0)
    return vt_failed(UV_EINVAL);
  return write_one(s, data, size, NULL);
}

vt_t vt_stream_writev(vt_stream_t *s, const uv_buf_t *bufs, unsigned count) {
  struct data d = {.bufs = bufs, .count = count};
  if (!bufs && count > 0)
    return vt_failed(UV_EINVAL);
  for (unsigned i = 0; i < count; i++) {
    if (!bufs[i].base && bufs[i].len > 0)
      return vt_failed(UV_EINVAL);
    d.size += bufs[i].len;
  }
  int n = write_check(s, d.size);
  if (n != 0)
    return vt_failed(n);
  n = write_some(s, bufs, count, d.size, NULL);
  if ((size_t)n == d.size)
    return vt_from_uint(d.size);
  return write_rest(s, d, n);
}

int vt_stream_try_write(vt_stream_t *s, const void *data, size_t size) {
  uv_buf_t buf;
  int n = !data && size > 0 ? UV_EINVAL : vt__stream_check(s);
  if (n == 0)
    n = (int)s->write_error;
  if (n != 0 || size == 0)
    return n;
  buf.base = (char *)(uintptr_t)data;
  buf.len = size < TRY_MOST ? size : TRY_MOST;
  n = write_some(s, &buf, 1, buf.len, NULL);
  return n == UV_ENOBUFS ? UV_EAGAIN : n;
}

static bool may_be_passed(const uv_handle_t *handle) {
  return handle && !uv_is_closing(handle) &&
         (handle->type == UV_TCP || handle->type == UV_NAMED_PIPE ||
          handle->type == UV_UDP);
}

vt_t vt_stream_write_handle(vt_stream_t *s, const void *data, size_t size,
                            uv_handle_t *handle) {
  int rc = vt__stream_check(s);
  if (rc != 0)
    return vt_failed(rc);
  const uv_pipe_t *pipe = (const uv_pipe_t *)vt__stream_uv(s);
  if (!data || size == 0 || pipe->type != UV_NAMED_PIPE || !pipe->ipc ||
      !may_be_passed(handle))
    return vt_failed(UV_EINVAL);
  return write_one(s, data, size, (uv_stream_t *)handle);
}
