/* SPDX-License-Identifier: MIT */
/* Reading a stream.
 *
 * A read links itself into the stream. uv_read_start stays in force from one
 * read to the next: stopping and starting costs two system calls. When bytes
 * come, on_alloc gives no buffer, libuv reads nothing and says UV_ENOBUFS, and
 * on_read takes them by recv, straight into the caller's buffer: for a socket
 * it costs the kernel less than libuv's read. What is no socket, which the
 * first try tells, gets the buffer in on_alloc and is read by libuv. When
 * nobody reads, on_read stops (stopping inside the alloc callback crashes
 * libuv). A read of an exact size goes on until it has all; what it had when it
 * failed is told with the failure.
 *
 * Bytes that nobody read when libuv offered them are known to be there, and
 * more are likely behind those that filled a buffer: the next read takes them
 * in hand, and waits when none are left, or after so many reads that others
 * must have their turn. To try this each time would cost a call for each read
 * that waits.
 *
 * What can go wrong: the end of the stream and errors come once from libuv, and
 * without a read to tell them to when the peer hangs up; they are kept for all
 * later reads. A read of 0 bytes (EAGAIN) is libuv's way to say "not yet". */
#include "op/stream.h"

enum { READ_MOST = 1 << 30, HITS = 32 };

struct vt__read_op {
  vt__stream_op_t of;
  char *at;    /* where the next bytes go */
  size_t room; /* how many libuv may write there */
  size_t want; /* how many are still to come; 0: any will do */
  size_t have;
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

/* An outcome with the count of what came before. */
static vt_result_t outcome(const struct vt__read_op *r, int64_t status) {
  vt_result_t result = {status, {0}};
  result.value.u = r->have;
  return result;
}

static int read_cancel(vt_op_t *op) {
  struct vt__read_op *r = unlink_read(((vt__stream_op_t *)op)->stream);
  vt__stream_cancelled(op, outcome(r, UV_ECANCELED));
  return 0;
}

static const vt_op_kind_t read_kind = {.ops = VT_OP_OPS("stream_read"),
                                       .size = sizeof(struct vt__read_op),
                                       .cancel = read_cancel,
                                       .describe = vt__stream_describe};

static void fail_read(vt_stream_t *s, int64_t status) {
  struct vt__read_op *r = unlink_read(s);
  if (r)
    vt_op_complete(r, outcome(r, status));
}

void vt__stream_read_closed(vt_stream_t *s) { fail_read(s, UV_ECANCELED); }

/* ---- libuv's callbacks ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  const vt_stream_t *s = (vt_stream_t *)vt__handle_of(handle);
  const struct vt__read_op *r = s->indirect ? s->read : NULL;
  (void)suggested;
  buf->base = r ? r->at : NULL;
  buf->len = r ? r->room : 0;
}

void vt__stream_read_stop(vt_stream_t *s) {
  if (s->armed)
    uv_read_stop(vt__stream_uv(s));
  s->armed = false;
}

static inline size_t room_of(size_t size) {
  return size < READ_MOST ? size : READ_MOST;
}

/* What waits in the kernel: the count, the end as UV_EOF, or an error.
 * UV_EAGAIN: nothing does, or libuv has to look. */
static inline ssize_t receive(vt_stream_t *s, int fd, void *buffer,
                              size_t room) {
  if (s->indirect)
    return UV_EAGAIN;
  ssize_t n = vt__fd_read(fd, buffer, room);
  if (VT_LIKELY(n > 0))
    return n;
  s->indirect = n == UV_ENOTSOCK;
  return n == 0 ? UV_EOF : s->indirect ? UV_EAGAIN : n;
}

/* For the pending read, told as libuv does. */
static inline ssize_t receive_pending(vt_stream_t *s) {
  const struct vt__read_op *r = s->read;
  ssize_t n = receive(s, vt__stream_fd(s), r->at, r->room);
  if (n == (ssize_t)r->room)
    s->read_end = VT__WAITING;
  return n == UV_EAGAIN ? 0 : n;
}

static void on_bytes(vt_stream_t *s, size_t n) {
  struct vt__read_op *r = s->read;
  r->have += n;
  if (r->want > n) {
    r->at += n;
    r->want -= n;
    r->room = room_of(r->want);
    return;
  }
  unlink_read(s);
  vt_op_complete(r, outcome(r, 0));
}

static void on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf) {
  vt_stream_t *s = (vt_stream_t *)vt__handle_of(handle);
  (void)buf;
  if (n == UV_ENOBUFS && s->read && !s->indirect)
    n = receive_pending(s);
  if (n > 0) {
    on_bytes(s, (size_t)n);
    return;
  }
  if (n == 0)
    return;
  vt__stream_read_stop(s);
  s->read_end = n == UV_ENOBUFS && !s->read ? VT__WAITING : n;
  if (s->read_end < 0)
    fail_read(s, n);
}

/* ---- in hand ---- */

/* Whether a read is in hand although none is pending: an end, or what waits.
 * Bytes are left to a read of an exact size, which may want more. */
static VT_COLD bool try_read(vt_stream_t *s, void *buffer, size_t size,
                             bool exact, vt_t *out) {
  ssize_t n = UV_EAGAIN;
  if (s->read_end < 0) {
    *out = vt_failed(s->read_end);
    return true;
  }
  if (!exact && s->hits++ < HITS)
    n = receive(s, vt__fd_of(s->head.uv), buffer, room_of(size));
  if (n > 0) {
    *out = vt_from_uint((uint64_t)n);
    return true;
  }
  s->hits = 0;
  s->read_end = n == UV_EAGAIN ? 0 : n;
  *out = vt_failed(n);
  return n != UV_EAGAIN;
}

static int arm(vt_stream_t *s) {
  if (s->armed)
    return 0;
  int rc = uv_read_start(vt__stream_uv(s), on_alloc, on_read);
  s->armed = rc == 0;
  return rc;
}

static inline vt_t read_begin(vt_stream_t *s, void *buffer, size_t size,
                              bool exact) {
  struct vt__read_op *r;
  vt_t hit;
  int rc = vt__stream_check(s);
  if (rc == 0 && (!buffer || size == 0))
    rc = UV_EINVAL;
  if (rc == 0 && s->read)
    rc = UV_EALREADY;
  if (rc != 0)
    return vt_failed(rc);
  if (s->read_end != 0 && try_read(s, buffer, size, exact, &hit))
    return hit;
  rc = vt__stream_begin(&read_kind, s, &r);
  if (rc != 0)
    return vt_failed(rc);
  r->at = buffer;
  r->room = room_of(size);
  r->want = exact ? size : 0;
  r->have = 0;
  rc = arm(s);
  if (rc == 0)
    s->read = r;
  return vt_op_started(r, rc);
}

vt_t vt_stream_read(vt_stream_t *s, void *buffer, size_t size) {
  return read_begin(s, buffer, size, false);
}

vt_t vt_stream_read_exact(vt_stream_t *s, void *buffer, size_t size) {
  return read_begin(s, buffer, size, true);
}
