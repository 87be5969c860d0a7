/* SPDX-License-Identifier: MIT */
/* What the kernel tells of a socket at once, by calls of our own: shortcuts
 * beside libuv, which does the same where the system has no such call. The
 * descriptor is from vt__fd_of, whose status is given back. */
#ifndef VT_OP_FD_NOW_H
#define VT_OP_FD_NOW_H

#include <stdbool.h>

#include <uv.h> /* with the system's sockets */

#ifdef MSG_DONTWAIT

#include <errno.h>

enum { VT__FD_NOW = 1 };

#ifndef MSG_NOSIGNAL /* libuv has set SO_NOSIGPIPE there */
#define MSG_NOSIGNAL 0
#endif

/* Reads what waits in a stream: the count, 0 for its end, or a status:
 * UV_EAGAIN, UV_ENOTSOCK. */
static inline ssize_t vt__fd_read(int fd, void *buffer, size_t size) {
  ssize_t n = fd;
  if (fd < 0)
    return n;
  do
    n = recv(fd, buffer, size, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  return n < 0 ? uv_translate_sys_error(errno) : n;
}

/* Writes to a stream what the kernel takes now: the count, or a status. */
static inline ssize_t vt__fd_write(int fd, const void *data, size_t size) {
  ssize_t n = fd;
  if (fd < 0)
    return n;
  do
    n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n < 0 ? uv_translate_sys_error(errno) : n;
}

/* Takes the datagram that waits: its size in buffer, or a status. UV_EAGAIN:
 * none does, or libuv has to look. *from is AF_UNSPEC for nobody; *out_cut
 * tells that the rest is lost. */
static inline ssize_t vt__fd_receive(int fd, void *buffer, size_t size,
                                     struct sockaddr_storage *from,
                                     bool *out_cut) {
  struct iovec bytes = {.iov_base = buffer, .iov_len = size};
  struct msghdr m = {.msg_name = from,
                     .msg_namelen = sizeof *from,
                     .msg_iov = &bytes,
                     .msg_iovlen = 1};
  ssize_t n = fd;
  if (fd < 0)
    return n;
  do
    n = recvmsg(fd, &m, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return uv_translate_sys_error(errno);
  if (m.msg_namelen == 0)
    from->ss_family = AF_UNSPEC;
  *out_cut = m.msg_flags & MSG_TRUNC;
  return n;
}

#else

enum { VT__FD_NOW = 0 };

static inline ssize_t vt__fd_read(int fd, void *buffer, size_t size) {
  (void)fd, (void)buffer, (void)size;
  return UV_ENOTSOCK;
}

static inline ssize_t vt__fd_write(int fd, const void *data, size_t size) {
  (void)fd, (void)data, (void)size;
  return UV_ENOTSOCK;
}

static inline ssize_t vt__fd_receive(int fd, void *buffer, size_t size,
                                     struct sockaddr_storage *from,
                                     bool *out_cut) {
  (void)fd, (void)buffer, (void)size, (void)from, (void)out_cut;
  return UV_EAGAIN;
}

#endif

/* The datagrams that were dropped for want of room; UV_ENOTSUP. */
#ifdef SO_MEMINFO

static inline int vt__fd_dropped(int fd, uint32_t *out) {
  enum { DROPS = 8, COUNTERS }; /* SK_MEMINFO_DROPS of <linux/sock_diag.h> */
  uint32_t counters[COUNTERS];
  socklen_t size = sizeof counters;
  if (fd < 0)
    return fd;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, counters, &size) != 0 ||
      size != sizeof counters)
    return UV_ENOTSUP;
  *out = counters[DROPS];
  return 0;
}

#else

static inline int vt__fd_dropped(int fd, uint32_t *out) {
  (void)fd, (void)out;
  return UV_ENOTSUP;
}

#endif
#endif
