/* SPDX-License-Identifier: MIT */
/* The life of a stream: made, asked, closed.
 *
 * vt_stream_close hands the handle to uv_close. libuv answers queued writes and
 * a pending shutdown with UV_ECANCELED first, then on_closed ends a pending
 * read, frees the stream, and only then completes the close, whose continuation
 * finds nothing left of it.
 *
 * What can go wrong: without memory for the operation the stream is closed all
 * the same, only the wait for it is refused. A continuation that runs in
 * on_closed may still call the stream: it is refused with UV_EBADF. */
#include "op/stream.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

static const vt_op_kind_t close_kind = {.ops = VT_OP_OPS("stream_close"),
                                        .size = sizeof(vt__stream_op_t),
                                        .describe = vt__stream_describe,
                                        .detachable = true};

vt_stream_t *vt__stream_new(vt_loop_t *loop) {
  vt_stream_t *s = vt__calloc(1, sizeof *s);
  if (s)
    s->loop = loop;
  return s;
}

int vt__stream_check(const vt_stream_t *s) {
  if (!s)
    return UV_EINVAL;
  int rc = vt__loop_check(s->loop);
  return rc == 0 && s->closing ? UV_EBADF : rc;
}

int vt__stream_begin(const vt_op_kind_t *kind, vt_stream_t *s, void *out) {
  vt__stream_op_t *o;
  int rc = vt_op_begin(kind, &o);
  if (rc != 0)
    return rc;
  o->stream = s;
  *(void **)out = o;
  return 0;
}

uv_stream_t *vt_stream_uv(vt_stream_t *stream) { return &stream->uv.stream; }

/* ---- close ---- */

static void on_closed(uv_handle_t *handle) {
  vt_stream_t *s = (vt_stream_t *)handle;
  vt_result_t done = {0, {0}};
  vt__stream_read_closed(s);
  vt__stream_op_t *close = s->close;
  vt__free(s);
  if (!close)
    return;
  close->stream = NULL;
  vt_op_complete(close, done);
}

void vt__stream_close(vt_stream_t *s, vt__stream_op_t *close) {
  s->closing = true;
  s->close = close;
  uv_close(&s->uv.handle, on_closed);
}

vt_t vt_stream_close(vt_stream_t *s) {
  vt__stream_op_t *close;
  int rc = vt__stream_check(s);
  if (rc != 0)
    return vt_failed(rc);
  rc = vt__stream_begin(&close_kind, s, &close);
  vt__stream_close(s, rc == 0 ? close : NULL);
  return rc == 0 ? vt_op_started(close, 0) : vt_failed(rc);
}

/* ---- sockets ---- */

void vt__socket_init(uv_loop_t *uv, union vt__socket *socket) {
  uv_tcp_init(uv, &socket->tcp); /* could fail for a family only */
  uv_unref(&socket->handle);
}

static void describe_address(const struct sockaddr *addr, char *text,
                             size_t size) {
  char name[64] = "";
  if (addr->sa_family == AF_INET) {
    const struct sockaddr_in *in = (const void *)addr;
    uv_ip4_name(in, name, sizeof name);
    snprintf(text, size, "%s:%d", name, ntohs(in->sin_port));
  } else if (addr->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in = (const void *)addr;
    uv_ip6_name(in, name, sizeof name);
    snprintf(text, size, "[%s]:%d", name, ntohs(in->sin6_port));
  }
}

void vt__socket_describe(const union vt__socket *socket, bool peer, char *text,
                         size_t size) {
  struct sockaddr_storage addr;
  struct sockaddr *any = (struct sockaddr *)&addr;
  int length = sizeof addr;
  if (size > 0)
    text[0] = '\0';
  int rc = peer ? uv_tcp_getpeername(&socket->tcp, any, &length)
                : uv_tcp_getsockname(&socket->tcp, any, &length);
  if (rc == 0)
    describe_address(any, text, size);
}

void vt__stream_describe(const vt_op_t *op, char *text, size_t size) {
  const vt__stream_op_t *o = (const vt__stream_op_t *)op;
  if (o->stream)
    vt__socket_describe(&o->stream->uv, true, text, size);
  else if (size > 0)
    text[0] = '\0';
}
