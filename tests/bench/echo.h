/* SPDX-License-Identifier: MIT */
/* What ours and the baseline of the bench echo share: connections whose other
 * ends are plain sockets of the same thread. */
#ifndef BENCH_ECHO_H
#define BENCH_ECHO_H

#include <uv.h>

#include "bench.h"

enum { ECHO_CONNECTIONS = 50, ECHO_SIZE = 64 };

/* One server: the loop it runs on and the ends that the clients have. */
struct echo {
  uv_loop_t *uv;
  int clients[ECHO_CONNECTIONS];
  uint64_t echoed; /* messages */
};

/* What a server does with its end of connection i. 0 or negative. */
typedef int echo_open_fn(struct echo *e, int fd, unsigned i);

/* Makes the connections over the loopback. 0 or negative. */
int echo_connect(struct echo *e, echo_open_fn *open);

/* Turns the loop until so many are echoed: what is counted and timed. */
typedef void echo_serve_fn(struct echo *e, uint64_t target);

/* n messages in rounds of one from each client; gives the server's CPU time of
 * one. 0 or negative. */
int echo_run(struct echo *e, echo_serve_fn *serve, uint64_t n, double *out_ns);

void echo_disconnect(struct echo *e);

int echo_round_ours(uint64_t n, double *out_ns);
int echo_round_baseline(uint64_t n, double *out_ns);

#endif
