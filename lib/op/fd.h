/* SPDX-License-Identifier: MIT */
/* The descriptor that libuv has of a socket, and another one for the same
 * socket, with its end. A negative number is a status. Windows' sockets are
 * small numbers, whatever their type; its named pipes are no sockets. */
#ifndef VT_OP_FD_H
#define VT_OP_FD_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

/* The handle's own, which stays libuv's. */
static inline int vt__fd_of(const uv_handle_t *handle) {
  uv_os_fd_t fd;
  int rc = uv_fileno(handle, &fd);
  return rc == 0 ? (int)(intptr_t)fd : rc;
}

#ifdef _WIN32

/* Whether the handle of a stream has a socket, which can be duplicated. */
static inline bool vt__fd_is_socket(const uv_handle_t *handle) {
  return handle->type == UV_TCP;
}

static inline int vt__fd_duplicate(int fd) {
  WSAPROTOCOL_INFOW info;
  int rc = WSADuplicateSocketW((SOCKET)fd, GetCurrentProcessId(), &info);
  SOCKET copy = INVALID_SOCKET;
  if (rc == 0)
    copy = WSASocketW(info.iAddressFamily, info.iSocketType, info.iProtocol,
                      &info, 0, WSA_FLAG_OVERLAPPED);
  return copy != INVALID_SOCKET ? (int)copy
                                : uv_translate_sys_error(WSAGetLastError());
}

static inline void vt__fd_close(int fd) { closesocket((SOCKET)fd); }

#else

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static inline bool vt__fd_is_socket(const uv_handle_t *handle) {
  (void)handle;
  return true;
}

static inline int vt__fd_duplicate(int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy >= 0 ? copy : uv_translate_sys_error(errno);
}

static inline void vt__fd_close(int fd) { close(fd); }

#endif
#endif
