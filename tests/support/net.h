/* SPDX-License-Identifier: MIT */
/* The other side of a socket for tests: plain blocking sockets. A connect needs
 * no accept, the kernel answers it, so client and server may share a thread. */
#ifndef VT_TEST_NET_H
#define VT_TEST_NET_H

#include <stdbool.h>
#include <vt.h>

/* Listens on a free port of 127.0.0.1; NULL when that fails. */
vt_listener_t *net_listen(void);

/* The address that a listener has. */
struct sockaddr_in net_address(vt_listener_t *listener);

/* A connected blocking socket; negative when that fails. Any thread. */
int net_connect(const struct sockaddr_in *addr);

/* Writes all of data, or answers false. Any thread. */
bool net_send(int fd, const void *data, size_t size);

/* Reads until size bytes or the end; how many came, -1 - that many when an
 * error ended it. Any thread. */
long net_recv(int fd, void *buffer, size_t size);

/* Closes so that the peer gets a reset. */
void net_reset(int fd);

#endif
