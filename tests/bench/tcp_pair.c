/* SPDX-License-Identifier: MIT */
/* Connected TCP sockets over the loopback, for the benches of streams. */
#include "tcp_pair.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int tcp_listen(struct sockaddr_in *addr, int backlog) {
  socklen_t size = sizeof *addr;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(addr, 0, sizeof *addr);
  addr->sin_family = AF_INET;
  addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && bind(fd, (struct sockaddr *)addr, sizeof *addr) == 0 &&
      getsockname(fd, (struct sockaddr *)addr, &size) == 0 &&
      listen(fd, backlog) == 0)
    return fd;
  close(fd);
  return -1;
}

int tcp_pair(int listener, const struct sockaddr_in *addr, int fds[2]) {
  fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  fds[1] = -1;
  if (fds[0] >= 0 &&
      connect(fds[0], (const struct sockaddr *)addr, sizeof *addr) == 0)
    fds[1] = accept(listener, NULL, NULL);
  return fds[1] < 0 ? -1 : 0;
}
