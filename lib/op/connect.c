/* SPDX-License-Identifier: MIT */
/* Connecting.
 *
 * The stream is made first and is the operation's until on_connect, which gives
 * it as the result. A cancel abandons the stream: closing it is what makes
 * libuv answer the request with UV_ECANCELED, and nothing of the caller's is
 * held meanwhile. A stream that nobody takes is abandoned as well.
 *
 * What can go wrong: libuv before 1.46 cuts a name that is too long and
 * connects to another one, so the name is looked at first; and it cannot
 * connect to an abstract one. */
#include "op/stream.h"

#include <stdio.h>
#include <string.h>

#include "op/address.h"
#include "op/pipe_name.h"
#include "vt/pipe.h"
#include "vt/tcp.h"

struct connect_op {
  vt__stream_op_t of;
  uv_connect_t req;
  char to[VT__PIPE_ROOM]; /* a name, or an address as text */
};

static int connect_cancel(vt_op_t *op) {
  vt__stream_op_t *o = (vt__stream_op_t *)op;
  if (!o->stream) /* cancelled before, as by its scope and by its awaiter */
    return UV_EALREADY;
  vt__handle_abandon(&o->stream->head);
  o->stream = NULL;
  return 0;
}

static void connect_describe(const vt_op_t *op, char *text, size_t size) {
  snprintf(text, size, "%s", ((const struct connect_op *)op)->to);
}

static const vt_op_kind_t tcp_kind = {.ops = VT_OP_OPS("tcp_connect"),
                                      .size = sizeof(struct connect_op),
                                      .cancel = connect_cancel,
                                      .describe = connect_describe,
                                      .discard = vt__stream_discard};
static const vt_op_kind_t pipe_kind = {.ops = VT_OP_OPS("pipe_connect"),
                                       .size = sizeof(struct connect_op),
                                       .cancel = connect_cancel,
                                       .describe = connect_describe,
                                       .discard = vt__stream_discard};

static void on_connect(uv_connect_t *req, int status) {
  struct connect_op *c = req->data;
  vt_result_t result = {status, {0}};
  if (!c->of.stream) /* cancelled */
    result.status = UV_ECANCELED;
  else if (status != 0)
    vt__handle_abandon(&c->of.stream->head);
  else
    result.value.p = c->of.stream;
  vt_op_complete(c, result);
}

static int connect_begin(const vt_op_kind_t *kind, uv_handle_type type,
                         struct connect_op **out) {
  struct connect_op *c;
  int rc = vt_op_begin(kind, &c);
  if (rc != 0)
    return rc;
  c->req.data = c;
  rc = vt__stream_new(type, false, &c->of.stream);
  if (rc != 0)
    return (int)vt_status_in_hand(vt_op_started(c, rc));
  *out = c;
  return 0;
}

static vt_t connect_started(struct connect_op *c, int rc) {
  if (rc != 0)
    vt__handle_abandon(&c->of.stream->head);
  return vt_op_started(c, rc);
}

vt_t vt_tcp_connect(const struct sockaddr *addr) {
  struct connect_op *c;
  if (!addr)
    return vt_failed(UV_EINVAL);
  int rc = connect_begin(&tcp_kind, UV_TCP, &c);
  if (rc != 0)
    return vt_failed(rc);
  vt__address_text(addr, c->to, sizeof c->to);
  rc = uv_tcp_connect(&c->req, &c->of.stream->own.tcp, addr, on_connect);
  return connect_started(c, rc);
}

/* ---- local sockets ---- */

#if UV_VERSION_HEX >= 0x012e00
enum { ABSTRACT = 0 };

static int pipe_connect(struct connect_op *c, size_t size) {
  return uv_pipe_connect2(&c->req, &c->of.stream->own.pipe, c->to, size,
                          UV_PIPE_NO_TRUNCATE, on_connect);
}
#else
enum { ABSTRACT = UV_ENOTSUP };

static int pipe_connect(struct connect_op *c, size_t size) {
  (void)size; /* there is a NUL behind it */
  uv_pipe_connect(&c->req, &c->of.stream->own.pipe, c->to, on_connect);
  return 0;
}
#endif

vt_t vt_pipe_connect2(const char *name, size_t size) {
  struct connect_op *c;
  if (!name)
    return vt_failed(UV_EINVAL);
  int rc = vt__pipe_check(name, size);
  if (rc == 0 && name[0] == '\0')
    rc = ABSTRACT;
  if (rc == 0)
    rc = connect_begin(&pipe_kind, UV_NAMED_PIPE, &c);
  if (rc != 0)
    return vt_failed(rc);
  memcpy(c->to, name, size);
  c->to[size] = '\0';
  return connect_started(c, pipe_connect(c, size));
}

vt_t vt_pipe_connect(const char *name) {
  return vt_pipe_connect2(name, name ? strlen(name) : 0);
}
