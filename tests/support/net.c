/* SPDX-License-Identifier: MIT */
/* The other side of a socket for tests. */
#include "support/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

vt_listener_t *net_listen(void) {
  struct sockaddr_in addr;
  vt_listener_t *listener = NULL;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  vt_tcp_listen((struct sockaddr *)&addr, 1024, &listener);
  return listener;
}

struct sockaddr_in net_address(vt_listener_t *listener) {
  struct sockaddr_in addr = {0};
  int size = sizeof addr;
  uv_tcp_getsockname((uv_tcp_t *)vt_listener_uv(listener),
                     (struct sockaddr *)&addr, &size);
  return addr;
}

int net_connect(const struct sockaddr_in *addr) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return fd;
  if (connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0)
    return fd;
  close(fd);
  return -1;
}

bool net_send(int fd, const void *data, size_t size) {
  const char *from = data;
  while (size > 0) {
    ssize_t n = send(fd, from, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    from += n;
    size -= (size_t)n;
  }
  return true;
}

long net_recv(int fd, void *buffer, size_t size) {
  char *to = buffer;
  size_t have = 0;
  while (have < size) {
    ssize_t n = recv(fd, to + have, size - have, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1 - (long)have;
    if (n == 0)
      break;
    have += (size_t)n;
  }
  return (long)have;
}

void net_reset(int fd) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(fd);
}
