/* SPDX-License-Identifier: MIT */
/* TCP: how its listeners and streams are made, and a close that resets. Options
 * are libuv's, on the handle (vt_stream_uv, vt_listener_uv). */
#ifndef VT_TCP_H
#define VT_TCP_H

#include "vt/listener.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Binds a TCP socket to addr and listens. Gives *out (vt_listener_close).
 * Copies addr. The port that 0 took: uv_tcp_getsockname on vt_listener_uv. */
VT_API int vt_tcp_listen(const struct sockaddr *addr, int backlog,
                         vt_listener_t **out);

/* Connects to addr, which it copies; gives a vt_stream_t in value.p
 * (vt_stream_close). Cancelled: UV_ECANCELED, the socket is closed; forgotten:
 * the connection is closed when it has come. */
VT_API VT_MUST_USE vt_t vt_tcp_connect(const struct sockaddr *addr);

/* A stream over a socket of yours, which it takes on success; gives *out
 * (vt_stream_close). */
VT_API int vt_tcp_open(uv_os_sock_t sock, vt_stream_t **out);

/* vt_stream_close that sends a reset: what was written and is not out is
 * dropped, and the peer gets UV_ECONNRESET. UV_EINVAL in hand, and the stream
 * stays open, when it is no TCP stream or a shutdown is pending. */
VT_API VT_MUST_USE vt_t vt_tcp_close_reset(vt_stream_t *stream);

#ifdef __cplusplus
}
#endif
#endif
