/* SPDX-License-Identifier: MIT */
/* What libuv has no call for, or two of them, one of each kind. */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

/* After half of the time the kernel asks, three times, and counts what is not
 * acknowledged as well. libuv sets the first of these only. */
static void set_keepalive(int fd, uint64_t ms) {
  int seconds = (int)(ms / 1000);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds / 2);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds / 6);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
#endif
#ifdef TCP_USER_TIMEOUT
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
#endif
}

void socket_set_up(vt_stream_t *stream, uint64_t keepalive_ms) {
  uv_stream_t *handle = vt_stream_uv(stream);
  uv_os_fd_t fd;
  if (handle->type != UV_TCP || uv_fileno((uv_handle_t *)handle, &fd) != 0)
    return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_keepalive(fd, keepalive_ms);
}

int socket_port(const struct sockaddr *address) {
  if (address->sa_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
  if (address->sa_family == AF_INET)
    return ntohs(((const struct sockaddr_in *)address)->sin_port);
  return 0;
}

void socket_address(const struct sockaddr *address, char *out, size_t size) {
  char host[48] = "?";
  if (address->sa_family == AF_INET6)
    uv_ip6_name((const struct sockaddr_in6 *)address, host, sizeof host);
  else if (address->sa_family == AF_INET)
    uv_ip4_name((const struct sockaddr_in *)address, host, sizeof host);
  snprintf(out, size, address->sa_family == AF_INET6 ? "[%s]:%d" : "%s:%d",
           host, socket_port(address));
}

void socket_peer(vt_stream_t *stream, char *out, size_t size) {
  uv_stream_t *handle = vt_stream_uv(stream);
  struct sockaddr_storage peer = {0};
  int length = sizeof peer;
  if (handle->type != UV_TCP) {
    snprintf(out, size, "unix");
    return;
  }
  uv_tcp_getpeername((uv_tcp_t *)handle, (struct sockaddr *)&peer, &length);
  socket_address((struct sockaddr *)&peer, out, size);
}

int socket_duplicate(uv_os_sock_t fd) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return own >= 0 ? own : uv_translate_sys_error(errno);
}

int socket_open(uv_os_sock_t fd, bool local, vt_stream_t **out) {
  int status = local ? vt_pipe_open(fd, false, out) : vt_tcp_open(fd, out);
  if (status != 0)
    close(fd);
  return status;
}

union handle {
  uv_handle_t any;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
};

static void on_closed(uv_handle_t *handle) { free(handle); }

static int open_handle(union handle *h, uv_os_sock_t fd, bool local) {
  uv_loop_t *loop = vt_loop_uv(vt_loop_current());
  if (local) {
    uv_pipe_init(loop, &h->pipe, 0); /* always 0 */
    return uv_pipe_open(&h->pipe, fd);
  }
  uv_tcp_init(loop, &h->tcp); /* always 0 without a family */
  return uv_tcp_open(&h->tcp, fd);
}

int socket_listen(uv_os_sock_t fd, bool local, int backlog,
                  vt_listener_t **out) {
  int own = socket_duplicate(fd);
  if (own < 0)
    return own;
  union handle *h = calloc(1, sizeof *h);
  if (!h) {
    close(own);
    return UV_ENOMEM;
  }
  int status = open_handle(h, own, local);
  if (status != 0)
    close(own);
  else
    status = vt_listener_wrap(&h->stream, backlog, out);
  uv_close(&h->any, on_closed);
  return status;
}
