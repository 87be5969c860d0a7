/* SPDX-License-Identifier: MIT */
/* Listeners: what vt_tcp_listen and vt_pipe_listen give. Threads, errors and
 * what keeps the loop alive: as for streams (<vt/stream.h>). */
#ifndef VT_LISTENER_H
#define VT_LISTENER_H

#include "vt/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_listener vt_listener_t;

/* Listens on a TCP or pipe handle of yours that is bound and does nothing else,
 * through a descriptor of its own: handle stays yours, borrowed until the call
 * returns, and may be closed. Gives *out (vt_listener_close). UV_EBUSY when it
 * listens or reads already, UV_ENOTSUP for a pipe on Windows. The file of a
 * pipe is deleted by libuv, with your handle. */
VT_API int vt_listener_wrap(uv_stream_t *handle, int backlog,
                            vt_listener_t **out);

/* The listener's own uv_tcp_t or uv_pipe_t, for uv_tcp_getsockname and the
 * like. Borrows: until the close completes. While the listener pauses (see
 * accept) the handle is closed, and libuv answers with an error. */
VT_API uv_stream_t *vt_listener_uv(vt_listener_t *listener);

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
 * completes with the first. With UV_ENOMEM in hand it is closed all the
 * same. */
VT_API VT_MUST_USE vt_t vt_listener_close(vt_listener_t *listener);

#ifdef __cplusplus
}
#endif
#endif
