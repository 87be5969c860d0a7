/* SPDX-License-Identifier: MIT */
/* Stream sockets: listen, accept, read, write, shutdown, close. The library
 * owns the handles; their uv_handle_t.data stays the user's. All on the loop's
 * own thread; besides the errors of the system each may give VT_ENOLOOP,
 * VT_ETHREAD, UV_ENOMEM, UV_EINVAL for NULL and, between a close and its
 * completion, UV_EBADF in hand.
 *
 * Pending operations keep the loop alive; open streams and listeners do not
 * (the handles are unreferenced). Close both before the loop is detached. */
#ifndef VT_STREAM_H
#define VT_STREAM_H

#include "vt/value_task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_listener vt_listener_t;
typedef struct vt_stream vt_stream_t;

/* Binds a TCP socket to addr and listens. Gives *out (vt_listener_close).
 * Copies addr. The port that 0 took: uv_tcp_getsockname on vt_listener_uv. */
VT_API int vt_tcp_listen(const struct sockaddr *addr, int backlog,
                         vt_listener_t **out);

/* The listener's uv_tcp_t, for uv_tcp_getsockname and the like. Borrows: until
 * the close completes. While the listener pauses (see accept) the handle is
 * closed, and libuv answers with an error. */
VT_API uv_tcp_t *vt_listener_uv(vt_listener_t *listener);

/* Accepts one connection; gives a vt_stream_t in value.p (vt_stream_close). In
 * hand when one has come. One at a time: UV_EALREADY while one is pending. When
 * the process or the system is out of descriptors or memory the listener pauses
 * 10 to 1000 ms, tries again, and goes on by itself; other errors complete the
 * accept. Cancelled: UV_ECANCELED, the connection stays for the next;
 * forgotten: the connection is closed. A listener takes two descriptors: one is
 * kept for the pause. */
VT_API VT_MUST_USE vt_t vt_listener_accept(vt_listener_t *listener);

/* Closes; takes the listener. A pending accept gets UV_ECANCELED. Completes
 * when libuv is done, and the listener is freed then; closing again before that
 * gives UV_EBADF. With UV_ENOMEM in hand it is closed all the same. */
VT_API VT_MUST_USE vt_t vt_listener_close(vt_listener_t *listener);

/* The stream's handle, for uv_tcp_nodelay, uv_tcp_getpeername and the like; not
 * for reading, writing or closing. Borrows: until the close completes. */
VT_API uv_stream_t *vt_stream_uv(vt_stream_t *stream);

/* Reads what has come, at least 1 and at most size bytes, into buffer, which it
 * borrows until completion. The count is in value.u; the end of the stream is
 * UV_EOF, which later reads get again, as they do an error. One at a time:
 * UV_EALREADY. Cancelled: UV_ECANCELED, no byte lost. */
VT_API VT_MUST_USE vt_t vt_stream_read(vt_stream_t *stream, void *buffer,
                                       size_t size);

/* Writes all of data, in the order of the calls; size is in value.u. In hand
 * when the kernel took all of it at once; else borrows data until completion. A
 * gone peer is UV_EPIPE or UV_ECONNRESET. UV_ENOBUFS, with nothing of it sent,
 * when more than 64 MiB wait already: await the writes before. A write that
 * failed after a part was sent ends the writing side, and later writes give its
 * status again. Cannot be cancelled but by closing (UV_ECANCELED). */
VT_API VT_MUST_USE vt_t vt_stream_write(vt_stream_t *stream, const void *data,
                                        size_t size);

/* Ends the writing side when what was written is out; a write after it is
 * UV_EPIPE, a second shutdown gives the same result as the first. */
VT_API VT_MUST_USE vt_t vt_stream_shutdown(vt_stream_t *stream);

/* Closes; takes the stream. Pending operations get UV_ECANCELED, before this
 * completes. Completes when libuv is done with the handle, and the stream is
 * freed then. With UV_ENOMEM in hand it is closed all the same. */
VT_API VT_MUST_USE vt_t vt_stream_close(vt_stream_t *stream);

#ifdef __cplusplus
}
#endif
#endif
