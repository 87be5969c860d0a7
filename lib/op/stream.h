/* SPDX-License-Identifier: MIT */
/* Streams inside: what their files share.
 *
 * A stream is an object around a uv handle, its own or one of the user's
 * (op/handle.h). An operation points to its stream until it completes, and is
 * unlinked before it does, so that whatever the continuation does to the stream
 * is seen by nobody. */
#ifndef VT_OP_STREAM_H
#define VT_OP_STREAM_H

#include "core/loop.h"
#include "op/fd.h"
#include "op/fd_now.h"
#include "op/handle.h"
#include "vt/bridge.h"
#include "vt/stream.h"

/* Bytes, with the operations themselves, that may wait in a stream. */
enum { VT__STREAM_MOST = 64 << 20 };

/* The beginning of every operation of a stream. */
typedef struct vt__stream_op {
  vt_op_t op;
  vt_stream_t *stream; /* NULL once it is complete */
} vt__stream_op_t;

struct vt__read_op;     /* stream_read.c */
struct vt__shutdown_op; /* stream_shutdown.c */

union vt__socket {
  uv_handle_t handle;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
  uv_tty_t tty;
};

/* In read_end: libuv said that bytes have come, and nobody read them. */
enum { VT__WAITING = 1 };

enum vt__shutdown {
  VT__OPEN,     /* nobody asked for it */
  VT__SHUTTING, /* libuv writes what is queued first */
  VT__SHUT      /* shut_status is the result */
};

struct vt_stream {
  vt__handle_t head;
  union vt__socket own;              /* not used for a wrapped one */
  struct vt__read_op *read;          /* pending, or NULL */
  struct vt__shutdown_op *shutdowns; /* pending, first in, first out */
  uv_shutdown_t shutdown;
  enum vt__shutdown shut;
  int shut_status;
  int64_t read_end;    /* what all later reads get; 0: none; VT__WAITING */
  int64_t write_error; /* what all later writes get; 0: none */
  size_t queued;       /* of VT__STREAM_MOST; 0: nothing is */
  unsigned hits;       /* read in hand, one after another */
  int socket;          /* its descriptor and 1; 0: not asked for yet */
  bool armed;          /* uv_read_start is in force */
  bool indirect;       /* libuv reads and writes: what it has is no socket */
};

static inline uv_stream_t *vt__stream_uv(const vt_stream_t *s) {
  return (uv_stream_t *)(void *)s->head.uv;
}

/* Notes who reads and writes: an IPC pipe brings handles with its bytes, for
 * which libuv must look. */
static inline void vt__stream_look(vt_stream_t *s) {
  const uv_pipe_t *pipe = (const uv_pipe_t *)vt__stream_uv(s);
  s->indirect = !VT__FD_NOW || !(pipe->type == UV_TCP ||
                                 (pipe->type == UV_NAMED_PIPE && !pipe->ipc));
}

/* The descriptor of a handle that libuv has just found open, or a status. */
static inline int vt__stream_fd(vt_stream_t *s) {
  if (VT_LIKELY(s->socket > 0))
    return s->socket - 1;
  int fd = vt__fd_of(s->head.uv);
  s->socket = fd >= 0 ? fd + 1 : 0;
  return fd;
}

/* 0 where an operation may begin: open, and on its own thread. */
static inline int vt__stream_check(const vt_stream_t *s) {
  return vt__handle_check((const vt__handle_t *)s);
}

/* Begins an operation of the stream, a struct that starts with a
 * vt__stream_op_t; out points to a pointer to it. */
static inline int vt__stream_begin(const vt_op_kind_t *kind, vt_stream_t *s,
                                   void *out) {
  vt__stream_op_t *o;
  int rc = vt_op_begin(kind, &o);
  if (!VT_LIKELY(rc == 0))
    return rc;
  o->stream = s;
  *(void **)out = o;
  return 0;
}

static inline vt_result_t vt__stream_failed(int64_t status) {
  vt_result_t r = {status, {0}};
  return r;
}

/* Completes an operation that was cancelled, after the cancel has returned. */
static inline void vt__stream_cancelled(vt_op_t *op, vt_result_t result) {
  op->flags |= VT_LATER;
  vt_op_complete(op, result);
}

/* ---- stream.c ---- */

/* A stream that is part of another object, with its own handle still to be
 * made; vt__handle_drop frees it. Errors: as vt__handle_new. */
int vt__stream_spare(vt_stream_t **out);

/* Makes the own handle of a spare one, which is a stream of its own from here:
 * UV_TCP, or UV_NAMED_PIPE, ipc or not. Refused by libuv it is still spare. */
int vt__stream_make(vt_stream_t *stream, uv_handle_type type, bool ipc);

/* Both. */
int vt__stream_new(uv_handle_type type, bool ipc, vt_stream_t **out);

/* vt_op_kind_t.describe of operations of streams: the peer. */
void vt__stream_describe(const vt_op_t *op, char *text, size_t size);

/* vt_op_kind_t.discard where the value is a stream that nobody takes. */
void vt__stream_discard(vt_op_t *op, vt_result_t late);

/* 0 when a handle of one or the other type waits in an IPC pipe to be accepted;
 * UV_EINVAL for another stream, UV_EAGAIN, UV_EPROTOTYPE. */
int vt__stream_pending(const vt_stream_t *ipc, uv_handle_type one,
                       uv_handle_type other);

/* ---- stream_read.c ---- */

/* The stream closes: ends a pending read. */
void vt__stream_read_closed(vt_stream_t *stream);

/* No read is pending: libuv reads no more. */
void vt__stream_read_stop(vt_stream_t *stream);

#endif
