/* SPDX-License-Identifier: MIT */
/* Names of local sockets: which there are, and binding to one.
 *
 * Where local sockets have names in the file system, one is bound here, not by
 * libuv, which cuts a long name without a word, cannot bind an abstract one
 * before 1.46, and would delete the file with the handle that a pause closes.
 * Windows' named pipes have no file, and libuv binds them. */
#include "op/pipe_name.h"

#include <stdbool.h>
#include <string.h>

#ifdef __linux__
enum { ABSTRACT = 0 };
#else
enum { ABSTRACT = UV_ENOTSUP };
#endif

int vt__pipe_check(const char *name, size_t size) {
  bool abstract = size > 0 && name[0] == '\0';
  if (size == 0 || (!abstract && memchr(name, '\0', size)))
    return UV_EINVAL;
  if (size >= VT__PIPE_ROOM)
    return UV_ENAMETOOLONG;
  return abstract ? ABSTRACT : 0;
}

#ifdef _WIN32

int vt__pipe_bind(uv_pipe_t *handle, const char *name, size_t size) {
  (void)size; /* there is a NUL behind it */
  return uv_pipe_bind(handle, name);
}

void vt__pipe_unlink(const char *path) { (void)path; }

#else

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "op/fd.h"

/* A socket that a child does not inherit, or -1. */
static int make_socket(void) {
#ifdef SOCK_CLOEXEC
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
#else
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd >= 0)
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
#endif
}

/* A bound descriptor, or a status. */
static int bind_name(const char *name, size_t size) {
  struct sockaddr_un addr = {.sun_family = AF_UNIX};
  size_t length = offsetof(struct sockaddr_un, sun_path) + size;
  if (name[0] != '\0')
    length++;
  memcpy(addr.sun_path, name, size);
  int fd = make_socket();
  if (fd < 0)
    return uv_translate_sys_error(errno);
  if (bind(fd, (const struct sockaddr *)&addr, (socklen_t)length) == 0)
    return fd;
  int rc = uv_translate_sys_error(errno);
  vt__fd_close(fd);
  return rc;
}

int vt__pipe_bind(uv_pipe_t *handle, const char *name, size_t size) {
  int fd = bind_name(name, size);
  if (fd < 0)
    return fd;
  int rc = uv_pipe_open(handle, fd);
  if (rc == 0)
    return 0;
  vt__fd_close(fd);
  if (name[0] != '\0')
    vt__pipe_unlink(name);
  return rc;
}

void vt__pipe_unlink(const char *path) { unlink(path); }

#endif
