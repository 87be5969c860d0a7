/* SPDX-License-Identifier: MIT */
/* Datagrams. Binding, connecting, groups and options are libuv's, at once, on
 * the handle (vt_udp_uv). Threads, errors and what keeps the loop alive: as for
 * streams (<vt/stream.h>).
 *
 * What comes while nobody receives stays in the socket's own buffer, which
 * bounds it in bytes (uv_recv_buffer_size); what finds no room there is
 * dropped, and counted (vt_udp_dropped). */
#ifndef VT_UDP_H
#define VT_UDP_H

#include "vt/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_udp vt_udp_t;

/* A socket; gives *out (vt_udp_close). flags: AF_INET or AF_INET6 to make it
 * now, 0 with the first bind or send. UV_EINVAL for UV_UDP_RECVMMSG, which
 * needs buffers that are cut into several. */
VT_API int vt_udp_new(unsigned flags, vt_udp_t **out);

/* The same around an open uv_udp_t of yours, which is borrowed until
 * vt_udp_unwrap, or until vt_udp_close completes, which closes it. Meanwhile do
 * not send, receive or close yourself. UV_EBADF, UV_EEXIST, UV_EINVAL: as
 * vt_stream_wrap. */
VT_API int vt_udp_wrap(uv_udp_t *handle, vt_udp_t **out);

/* Frees the object, and the handle is yours alone again. UV_EBUSY while an
 * operation is pending, UV_EINVAL for a handle of the library's. */
VT_API int vt_udp_unwrap(vt_udp_t *udp);

/* Takes a UDP handle that came through an IPC pipe, as vt_stream_accept takes
 * streams; gives *out. UV_EAGAIN, UV_EPROTOTYPE. */
VT_API int vt_udp_accept(vt_stream_t *ipc, vt_udp_t **out);

/* The socket's handle, for uv_udp_bind, uv_udp_connect and the like; not for
 * sending, receiving or closing. Borrows: until the close completes. */
VT_API uv_udp_t *vt_udp_uv(vt_udp_t *udp);

/* Sends data as one datagram to addr, which it copies; NULL when the socket is
 * connected. size is in value.u. In hand when the kernel took it at once; else
 * borrows data until completion. UV_EMSGSIZE for one too large, UV_ENOBUFS when
 * more than 64 MiB wait already. What the network said of an earlier datagram
 * is no failure of this one: it is the receiver's. Cannot be cancelled but by
 * closing (UV_ECANCELED). */
VT_API VT_MUST_USE vt_t vt_udp_send(vt_udp_t *udp, const void *data,
                                    size_t size, const struct sockaddr *addr);

/* Receives one datagram into buffer and its sender into from (NULL: not
 * wanted), both borrowed until completion. Its size is in value.u; 0 is an
 * empty datagram. In hand when one is known to have come. One at a time:
 * UV_EALREADY. UV_EMSGSIZE: it was larger than buffer, which is full, and the
 * rest is lost. UV_ECONNREFUSED: a datagram that a connected socket sent found
 * nobody; this and other errors end nothing, receive again. Cancelled:
 * UV_ECANCELED, no datagram lost. */
VT_API VT_MUST_USE vt_t vt_udp_receive(vt_udp_t *udp, void *buffer, size_t size,
                                       struct sockaddr_storage *from);

/* Datagrams that the kernel dropped so far because the socket's buffer was
 * full, modulo 2^32; gives *out. UV_ENOTSUP where it does not tell. */
VT_API int vt_udp_dropped(vt_udp_t *udp, uint32_t *out);

/* Closes; takes the socket. Pending operations get UV_ECANCELED first. As
 * vt_stream_close. */
VT_API VT_MUST_USE vt_t vt_udp_close(vt_udp_t *udp);

#ifdef __cplusplus
}
#endif
#endif
