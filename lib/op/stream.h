/* SPDX-License-Identifier: MIT */
/* Stream sockets inside: what the files of streams and listeners share.
 *
 * A stream or listener belongs to the library from its making until the close
 * callback of its last handle, which frees it. libuv's callbacks find it by the
 * handle's address: uv_handle_t.data is the user's. Handles are unreferenced:
 * it is the pending operations that hold the loop. An operation points to its
 * stream until it completes, and is unlinked before it does, so that whatever
 * the continuation does to the stream is seen by nobody. */
#ifndef VT_OP_STREAM_H
#define VT_OP_STREAM_H

#include "core/loop.h"
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
struct vt__shutdown_op; /* stream_write.c */
struct vt__listener_op; /* listener.c */

union vt__socket {
  uv_handle_t handle;
  uv_stream_t stream;
  uv_tcp_t tcp;
};

enum vt__shutdown {
  VT__OPEN,     /* writes are accepted */
  VT__SHUTTING, /* libuv writes what is queued first */
  VT__SHUT      /* shut_status is the result */
};

struct vt_stream {
  union vt__socket uv; /* first */
  vt_loop_t *loop;
  struct vt__read_op *read;          /* pending, or NULL */
  struct vt__shutdown_op *shutdowns; /* pending, first in, first out */
  vt__stream_op_t *close;            /* NULL when nobody waits for it */
  uv_shutdown_t shutdown;
  enum vt__shutdown shut;
  int shut_status;
  int64_t read_end;    /* what all later reads get; 0: none */
  int64_t write_error; /* what all later writes get; 0: none */
  size_t queued;       /* of VT__STREAM_MOST */
  bool armed;          /* uv_read_start is in force */
  bool closing;
};

static inline vt_result_t vt__stream_failed(int64_t status) {
  vt_result_t r = {status, {0}};
  return r;
}

/* Completes an operation that was cancelled, after the cancel has returned. */
static inline void vt__stream_cancelled(vt_op_t *op) {
  op->flags |= VT_LATER;
  vt_op_complete(op, vt__stream_failed(UV_ECANCELED));
}

/* ---- stream.c ---- */

/* Zeroed, no handle in it yet; NULL without memory. */
vt_stream_t *vt__stream_new(vt_loop_t *loop);

/* 0 where an operation may begin: open, and on its own thread. */
int vt__stream_check(const vt_stream_t *stream);

/* Begins an operation of the stream, a struct that starts with a
 * vt__stream_op_t; out points to a pointer to it. */
int vt__stream_begin(const vt_op_kind_t *kind, vt_stream_t *stream, void *out);

/* Closes; the memory is freed when libuv is done. Needs no memory. close, which
 * completes then, may be NULL. */
void vt__stream_close(vt_stream_t *stream, vt__stream_op_t *close);

/* A socket's own address, or its peer's, as text; "" where there is none. */
void vt__socket_describe(const union vt__socket *socket, bool peer, char *text,
                         size_t size);

/* vt_op_kind_t.describe of operations of streams: the peer. */
void vt__stream_describe(const vt_op_t *op, char *text, size_t size);

/* ---- stream_read.c ---- */

/* The stream closes: ends a pending read. */
void vt__stream_read_closed(vt_stream_t *stream);

/* ---- listener.c ---- */

/* A TCP handle that does not hold the loop. */
void vt__socket_init(uv_loop_t *uv, union vt__socket *socket);

struct vt_listener {
  union vt__socket uv; /* first; closed while paused */
  uv_timer_t timer;
  vt_loop_t *loop;
  struct vt__listener_op *accept; /* pending, or NULL */
  struct vt__listener_op *close;  /* NULL when nobody waits for it */
  vt_stream_t *spare; /* for the next connection, so that taking it needs no
                         memory */
  int reserve;        /* the listening socket once more; -1: none */
  int backlog;
  int error;         /* for the next accept; 0: none */
  unsigned pause_ms; /* of the last pause; 0: a connection came since */
  unsigned burst;    /* connections given without a turn of the loop */
  unsigned handles;  /* not yet closed: the socket, the timer */
  bool open;         /* the socket is neither paused nor closed */
  bool ready;        /* a connection waits in libuv */
  bool closing;
};

/* A listener with a socket handle that is not bound; NULL without memory. */
vt_listener_t *vt__listener_new(vt_loop_t *loop, int backlog);

/* Makes a socket handle anew. */
void vt__listener_open(vt_listener_t *listener);

/* uv_listen on a socket that has a name. */
int vt__listener_listen(vt_listener_t *listener);

/* Gives the connection that libuv holds to the accept that waits, if any. */
void vt__listener_retry(vt_listener_t *listener);

/* One of the handles is closed; the last one ends the listener. */
void vt__listener_handle_closed(vt_listener_t *listener);

/* Closes; the memory is freed when libuv is done. Needs no memory. op, which
 * completes then, may be NULL. */
void vt__listener_close(vt_listener_t *listener, struct vt__listener_op *op);

/* ---- listener_pause.c ---- */

/* Listens on the bound socket, and makes the reserve. */
int vt__listener_start(vt_listener_t *listener);

/* Calls vt__listener_retry in the next turn. */
void vt__listener_later(vt_listener_t *listener);

/* Closes the open socket until the timer opens it again. */
void vt__listener_pause(vt_listener_t *listener);

/* The close callback of the socket, for a pause or for ever. */
void vt__listener_socket_closed(uv_handle_t *handle);

#endif
