/* SPDX-License-Identifier: MIT */
/* The life of a stream: made or wrapped, asked, closed.
 *
 * Closing hands the handle to uv_close. libuv answers queued writes and a
 * pending shutdown with UV_ECANCELED first, then stream_closed ends a pending
 * read, and only then the close completes (op/handle.c), whose continuation
 * finds nothing left of the stream. A continuation that runs before it may
 * still call the stream: it is refused with UV_EBADF.
 *
 * What can go wrong: an unwrap while libuv holds a request of ours is refused,
 * because its callback would look for the stream. */
#include "op/stream.h"

#include "op/address.h"
#include "vt/pipe.h"
#include "vt/tcp.h"
#include "vt/tty.h"

/* ---- made ---- */

static void stream_closed(vt__handle_t *h) {
  vt__stream_read_closed((vt_stream_t *)h);
}

static void describe_handle(const vt__handle_t *h, char *text, size_t size) {
  vt__handle_address(h->uv, true, text, size);
}

static const vt__handle_kind_t stream_kind = {
    .name = "stream", .closed = stream_closed, .describe = describe_handle};
static const vt__handle_kind_t spare_kind = {.name = NULL};

int vt__stream_spare(vt_stream_t **out) {
  return vt__handle_new(&spare_kind, sizeof **out, out);
}

/* The handle of a spare one was made with rc. */
static int made(vt_stream_t *s, int rc) {
  if (rc != 0)
    return rc;
  s->head.kind = &stream_kind;
  vt__stream_look(s);
  vt__handle_made(&s->head);
  return 0;
}

int vt__stream_make(vt_stream_t *s, uv_handle_type type, bool ipc) {
  uv_loop_t *uv = vt_loop_uv(s->head.loop);
  return made(s, type == UV_TCP ? uv_tcp_init(uv, &s->own.tcp)
                                : uv_pipe_init(uv, &s->own.pipe, ipc));
}

int vt__stream_new(uv_handle_type type, bool ipc, vt_stream_t **out) {
  vt_stream_t *s;
  int rc = vt__stream_spare(&s);
  if (rc != 0)
    return rc;
  rc = vt__stream_make(s, type, ipc);
  if (rc != 0)
    vt__handle_drop(&s->head);
  else
    *out = s;
  return rc;
}

/* Gives a stream that was opened with rc, or nothing. */
static int give(vt_stream_t *s, int rc, vt_stream_t **out) {
  if (rc == 0)
    *out = s;
  else
    vt__handle_abandon(&s->head);
  return rc;
}

int vt_tcp_open(uv_os_sock_t sock, vt_stream_t **out) {
  vt_stream_t *s;
  if (!out)
    return UV_EINVAL;
  int rc = vt__stream_new(UV_TCP, false, &s);
  return rc == 0 ? give(s, uv_tcp_open(&s->own.tcp, sock), out) : rc;
}

int vt_pipe_open(uv_file fd, bool ipc, vt_stream_t **out) {
  vt_stream_t *s;
  if (!out)
    return UV_EINVAL;
  int rc = vt__stream_new(UV_NAMED_PIPE, ipc, &s);
  return rc == 0 ? give(s, uv_pipe_open(&s->own.pipe, fd), out) : rc;
}

int vt_tty_open(uv_file fd, vt_stream_t **out) {
  vt_stream_t *s;
  if (!out)
    return UV_EINVAL;
  int rc = vt__stream_spare(&s);
  if (rc != 0)
    return rc;
  rc = made(s, uv_tty_init(vt_loop_uv(s->head.loop), &s->own.tty, fd, 0));
  if (rc != 0)
    vt__handle_drop(&s->head);
  else
    *out = s;
  return rc;
}

/* ---- handed over ---- */

int vt__stream_pending(const vt_stream_t *ipc, uv_handle_type one,
                       uv_handle_type other) {
  int rc = vt__stream_check(ipc);
  if (rc != 0)
    return rc;
  uv_pipe_t *pipe = (uv_pipe_t *)vt__stream_uv(ipc);
  if (pipe->type != UV_NAMED_PIPE || !pipe->ipc)
    return UV_EINVAL;
  if (uv_pipe_pending_count(pipe) == 0)
    return UV_EAGAIN;
  uv_handle_type type = uv_pipe_pending_type(pipe);
  return type == one || type == other ? 0 : UV_EPROTOTYPE;
}

int vt_stream_accept(vt_stream_t *ipc, vt_stream_t **out) {
  vt_stream_t *s;
  int rc = out ? vt__stream_pending(ipc, UV_TCP, UV_NAMED_PIPE) : UV_EINVAL;
  if (rc != 0)
    return rc;
  uv_pipe_t *pipe = (uv_pipe_t *)vt__stream_uv(ipc);
  rc = vt__stream_new(uv_pipe_pending_type(pipe), false, &s);
  if (rc != 0)
    return rc;
  return give(s, uv_accept((uv_stream_t *)pipe, vt__stream_uv(s)), out);
}

/* ---- wrapped ---- */

int vt_stream_wrap(uv_stream_t *handle, vt_stream_t **out) {
  if (!out || !handle)
    return UV_EINVAL;
  uv_handle_type type = handle->type;
  if (type != UV_TCP && type != UV_NAMED_PIPE && type != UV_TTY)
    return UV_EINVAL;
  int rc = vt__handle_wrap(&stream_kind, sizeof **out, handle, type, out);
  if (rc == 0)
    vt__stream_look(*out);
  return rc;
}

int vt_stream_unwrap(vt_stream_t *s) {
  int rc = vt__stream_check(s);
  if (rc != 0)
    return rc;
  if (s->head.owned)
    return UV_EINVAL;
  if (s->read || s->queued > 0 || s->shut == VT__SHUTTING)
    return UV_EBUSY;
  vt__stream_read_stop(s);
  vt__handle_drop(&s->head);
  return 0;
}

/* ---- asked ---- */

void vt__stream_describe(const vt_op_t *op, char *text, size_t size) {
  const vt__stream_op_t *o = (const vt__stream_op_t *)op;
  if (o->stream)
    vt__handle_address(o->stream->head.uv, true, text, size);
  else if (size > 0)
    text[0] = '\0';
}

void vt__stream_discard(vt_op_t *op, vt_result_t late) {
  (void)op;
  if (late.status == 0)
    vt__handle_abandon(late.value.p);
}

uv_stream_t *vt_stream_uv(vt_stream_t *s) { return vt__stream_uv(s); }

/* ---- closed ---- */

vt_t vt_stream_close(vt_stream_t *s) {
  return vt__handle_close((vt__handle_t *)s);
}

static int close_reset(uv_handle_t *uv, uv_close_cb done) {
  return uv_tcp_close_reset((uv_tcp_t *)uv, done);
}

vt_t vt_tcp_close_reset(vt_stream_t *s) {
  if (s && s->head.uv->type != UV_TCP)
    return vt_failed(UV_EINVAL);
  return vt__handle_close_by((vt__handle_t *)s, close_reset);
}
