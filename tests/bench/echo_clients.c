/* SPDX-License-Identifier: MIT */
/* The clients of the bench echo. */
#include "echo.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two connected TCP sockets. */
static int make_pair(int listener, const struct sockaddr_in *addr,
                     int fds[2]) {
  fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  fds[1] = -1;
  if (fds[0] >= 0 &&
      connect(fds[0], (const struct sockaddr *)addr, sizeof *addr) == 0)
    fds[1] = accept(listener, NULL, NULL);
  return fds[1] < 0 ? -1 : 0;
}

static int make_listener(struct sockaddr_in *addr) {
  socklen_t size = sizeof *addr;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(addr, 0, sizeof *addr);
  addr->sin_family = AF_INET;
  addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && bind(fd, (struct sockaddr *)addr, sizeof *addr) == 0 &&
      getsockname(fd, (struct sockaddr *)addr, &size) == 0 &&
      listen(fd, ECHO_CONNECTIONS) == 0)
    return fd;
  return -1;
}

int echo_connect(struct echo *e, echo_open_fn *open) {
  struct sockaddr_in addr;
  int listener = make_listener(&addr), rc = listener < 0 ? -1 : 0;
  for (unsigned i = 0; i < ECHO_CONNECTIONS && rc == 0; i++) {
    int fds[2];
    rc = make_pair(listener, &addr, fds);
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
