/* SPDX-License-Identifier: MIT */
/* The clients of the bench echo. */
#include "echo.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp_pair.h"

int echo_connect(struct echo *e, echo_open_fn *open) {
  struct sockaddr_in addr;
  int listener = tcp_listen(&addr, ECHO_CONNECTIONS), rc = listener < 0 ? -1 : 0;
  for (unsigned i = 0; i < ECHO_CONNECTIONS && rc == 0; i++) {
    int fds[2];
    rc = tcp_pair(listener, &addr, fds);
    e->clients[i] = fds[0];
    if (rc == 0)
      rc = open(e, fds[1], i);
  }
  close(listener);
  return rc;
}

int echo_run(struct echo *e, echo_serve_fn *serve, uint64_t n,
             double *out_ns) {
  char message[ECHO_SIZE] = "message", back[ECHO_SIZE];
  uint64_t busy = 0, rounds = n / ECHO_CONNECTIONS;
  for (uint64_t r = 0; r < rounds; r++) {
    for (unsigned i = 0; i < ECHO_CONNECTIONS; i++)
      if (send(e->clients[i], message, ECHO_SIZE, 0) != ECHO_SIZE)
        return -1;
    uint64_t start = bench_cpu_ns();
    serve(e, e->echoed + ECHO_CONNECTIONS);
    busy += bench_cpu_ns() - start;
    for (unsigned i = 0; i < ECHO_CONNECTIONS; i++)
      if (recv(e->clients[i], back, ECHO_SIZE, MSG_WAITALL) != ECHO_SIZE ||
          memcmp(message, back, ECHO_SIZE) != 0)
        return -1;
  }
  *out_ns = (double)busy / (double)(rounds * ECHO_CONNECTIONS);
  return 0;
}

void echo_disconnect(struct echo *e) {
  for (unsigned i = 0; i < ECHO_CONNECTIONS; i++)
    close(e->clients[i]);
}
