/* SPDX-License-Identifier: MIT */
/* A socket's descriptor beside the one that libuv has: another for the same
 * socket, and its end. A negative number is a status. Windows' sockets are
 * small numbers, whatever their type. */
#ifndef VT_OP_FD_H
#define VT_OP_FD_H

#include <uv.h>

#ifdef _WIN32

static inline int vt__fd_duplicate(uv_os_sock_t fd) {
  WSAPROTOCOL_INFOW info;
  int rc = WSADuplicateSocketW(fd, GetCurrentProcessId(), &info);
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

static inline int vt__fd_duplicate(uv_os_sock_t fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy >= 0 ? copy : uv_translate_sys_error(errno);
}

static inline void vt__fd_close(int fd) { close(fd); }

#endif
#endif
