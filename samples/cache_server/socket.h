/* SPDX-License-Identifier: MIT */
/* Sockets of clients, of either kind: TCP, or local. */
#ifndef SOCKET_H
#define SOCKET_H

#include <vt.h>

/* No delay, and an end after keepalive_ms for a peer that vanished. */
void socket_set_up(vt_stream_t *stream, uint64_t keepalive_ms);

/* Writes "127.0.0.1:5000", "[::1]:5000" or "unix" to out (size bytes). */
void socket_peer(vt_stream_t *stream, char *out, size_t size);

/* The same of an address. */
void socket_address(const struct sockaddr *address, char *out, size_t size);

/* The port of an address, 0 for one without. */
int socket_port(const struct sockaddr *address);

/* A second descriptor, closed on exec; or a status. */
int socket_duplicate(uv_os_sock_t fd);

/* A connected socket as a stream of this loop: takes fd, also on failure. Gives
 * *out (vt_stream_close). */
int socket_open(uv_os_sock_t fd, bool local, vt_stream_t **out);

/* A listener over a bound socket, which is not taken. Gives *out
 * (vt_listener_close). */
int socket_listen(uv_os_sock_t fd, bool local, int backlog,
                  vt_listener_t **out);

#endif
