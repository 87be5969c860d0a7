/* SPDX-License-Identifier: MIT */
/* sd_listen_fds(3) and sd_notify(3), as far as a service needs them. */
#include "activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3
#define FDS_MAX 16

static long number_of(const char *variable) {
  const char *text = getenv(variable);
  char *end;
  if (!text || !*text)
    return 0;
  long number = strtol(text, &end, 10);
  return *end || number < 0 ? -1 : number;
}

/* The variables may be a parent's, who did not clear them. */
int activation_count(void) {
  long pid = number_of("LISTEN_PID"), count = number_of("LISTEN_FDS");
  if (pid != (long)getpid())
    return 0;
  if (count < 0 || count > FDS_MAX)
    return UV_EINVAL;
  for (int fd = FIRST_FD; fd < FIRST_FD + count; fd++)
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
      return UV_EINVAL;
  return (int)count;
}

void activation_name(int i, char *out, size_t size) {
  const char *at = getenv("LISTEN_FDNAMES");
  for (; at && i > 0; i--) {
    at = strchr(at, ':');
    at = at ? at + 1 : NULL;
  }
  snprintf(out, size, "%.*s", at ? (int)strcspn(at, ":") : 0, at ? at : "");
}

static int send_to(const struct sockaddr_un *address, socklen_t size,
                   const char *state) {
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return uv_translate_sys_error(errno);
  ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL,
                        (const struct sockaddr *)address, size);
  int status = sent < 0 ? uv_translate_sys_error(errno) : 0;
  close(fd);
  return status;
}

/* A path, or an abstract name behind an @. */
int activation_notify(const char *state) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!path || !*path)
    return 0;
  size_t length = strlen(path);
  if ((*path != '/' && *path != '@') || length >= sizeof address.sun_path)
    return UV_EINVAL;
  memcpy(address.sun_path, path, length);
  if (*path == '@')
    address.sun_path[0] = '\0';
  return send_to(&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length),
                 state);
}
