/* SPDX-License-Identifier: MIT */
/* Connected TCP sockets over the loopback, for the benches of streams. */
#ifndef BENCH_TCP_PAIR_H
#define BENCH_TCP_PAIR_H

#include <netinet/in.h>

/* Listens on an address of the system's choice, which it gives; -1. */
int tcp_listen(struct sockaddr_in *addr, int backlog);

/* Two connected sockets, the second the listener's. 0, or -1. */
int tcp_pair(int listener, const struct sockaddr_in *addr, int fds[2]);

#endif
