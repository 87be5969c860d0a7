/* SPDX-License-Identifier: MIT */
/* Binds sockets.
 *
 * Sockets that share a port do so with anybody of this user, also with a server
 * that was started twice by mistake. So a plain socket is bound first: it gets
 * the port, or the error, and makes room for those that share.
 *
 * A local socket is bound under a umask that leaves nobody a way in, and gets
 * its mode before it listens (CVE-2023-45145 was the other order). A file left
 * behind by a server that died is taken over when nobody answers on it. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "activation.h"
#include "socket.h"

static int last_error(void) { return uv_translate_sys_error(errno); }

static void set_option(int fd, int level, int name) {
  int yes = 1;
  setsockopt(fd, level, name, &yes, sizeof yes);
}

/* The next place of the list; NULL when it is full or there is no memory. */
static struct bound_socket *add(struct sockets *s, enum socket_use use,
                                bool local, size_t count) {
  if (s->count == SOCKETS_MAX)
    return NULL;
  struct bound_socket *b = &s->list[s->count];
  *b = (struct bound_socket){.use = use, .local = local};
  b->fds = calloc(count, sizeof *b->fds);
  if (!b->fds)
    return NULL;
  s->count++;
  return b;
}

/* ---- TCP ---- */

/* A descriptor, or a status. */
static int bind_tcp(const struct sockaddr *address, bool shared) {
  bool v6 = address->sa_family == AF_INET6;
  socklen_t size =
      v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return last_error();
  set_option(fd, SOL_SOCKET, SO_REUSEADDR);
  if (v6)
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
#ifdef SO_REUSEPORT
  if (shared)
    set_option(fd, SOL_SOCKET, SO_REUSEPORT);
#endif
  if (bind(fd, address, size) == 0)
    return fd;
  int status = last_error();
  close(fd);
  return status;
}

/* The port, or a status. */
static int read_port(int fd) {
  struct sockaddr_storage bound = {0};
  socklen_t size = sizeof bound;
  if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0)
    return last_error();
  return socket_port((struct sockaddr *)&bound);
}

static void set_port(struct sockaddr_storage *address, int port) {
  if (address->ss_family == AF_INET6)
    ((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
  else
    ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

/* Listening tells who else listens there, which binding does not. */
static int probe(const struct sockaddr_storage *address) {
  int fd = bind_tcp((const struct sockaddr *)address, false);
  if (fd < 0)
    return fd;
  int status = listen(fd, 1) == 0 ? 0 : last_error();
  close(fd);
  return status;
}

/* count sockets of one address. The first one of port 0 finds the port. */
static int bind_all(struct bound_socket *b, struct sockaddr_storage *address,
                    size_t count) {
  bool shared = count > 1;
  int port = socket_port((struct sockaddr *)address);
  int status = shared && port != 0 ? probe(address) : 0;
  while (status == 0 && b->count < count) {
    int fd = bind_tcp((struct sockaddr *)address, shared);
    if (fd < 0)
      return fd;
    b->fds[b->count++] = fd;
    port = read_port(fd);
    if (port < 0)
      return port;
    set_port(address, port);
  }
  return status;
}

static bool can_share(const struct options *o) {
#ifdef SO_REUSEPORT
  return o->loops > 1 && o->reuse_port;
#else
  return false;
#endif
}

static int add_tcp(struct sockets *s, const struct options *o, size_t i,
                   enum socket_use use) {
  struct sockaddr_storage address = o->addresses[i];
  size_t count = can_share(o) ? (size_t)o->loops : 1;
  uint64_t port = use == SOCKET_HTTP ? o->http_port : o->port;
  struct bound_socket *b = add(s, use, false, count);
  if (!b)
    return UV_ENOMEM;
  set_port(&address, (int)port);
  socket_address((struct sockaddr *)&address, b->name, sizeof b->name);
  int status = bind_all(b, &address, count);
  if (status != 0)
    return status;
  b->port = socket_port((struct sockaddr *)&address);
  socket_address((struct sockaddr *)&address, b->name, sizeof b->name);
  return 0;
}

/* ---- local sockets ---- */

/* True for a socket on which nobody answers. */
static bool is_left_behind(const struct sockaddr_un *address) {
  struct stat file;
  if (lstat(address->sun_path, &file) != 0 || !S_ISSOCK(file.st_mode))
    return false;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool refused =
      fd >= 0 &&
      connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
      errno == ECONNREFUSED;
  if (fd >= 0)
    close(fd);
  return refused;
}

static int bind_closed(int fd, const struct sockaddr_un *address) {
  mode_t mask = umask(0777);
  int rc = bind(fd, (const struct sockaddr *)address, sizeof *address);
  int status = rc == 0 ? 0 : last_error();
  umask(mask);
  return status;
}

static int bind_local(const struct sockaddr_un *address, mode_t mode) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return last_error();
  int status = bind_closed(fd, address);
  if (status == UV_EADDRINUSE && is_left_behind(address) &&
      unlink(address->sun_path) == 0)
    status = bind_closed(fd, address);
  if (status == 0 && chmod(address->sun_path, mode) != 0) {
    status = last_error();
    unlink(address->sun_path);
  }
  if (status == 0)
    return fd;
  close(fd);
  return status;
}

static int add_local(struct sockets *s, const struct options *o) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t size = strlen(o->unix_path);
  struct bound_socket *b = add(s, SOCKET_RESP, true, 1);
  if (!b)
    return UV_ENOMEM;
  snprintf(b->name, sizeof b->name, "%s", o->unix_path);
  if (size >= sizeof address.sun_path)
    return UV_ENAMETOOLONG;
  memcpy(address.sun_path, o->unix_path, size);
  int fd = bind_local(&address, (mode_t)o->unix_mode);
  if (fd < 0)
    return fd;
  b->fds[b->count++] = fd;
  s->unix_path = o->unix_path;
  return 0;
}

/* ---- handed over ---- */

static int add_inherited(struct sockets *s, int i) {
  struct sockaddr_storage bound = {0};
  socklen_t size = sizeof bound;
  char name[64];
  int fd = 3 + i;
  activation_name(i, name, sizeof name);
  if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0)
    return last_error();
  struct bound_socket *b =
      add(s, strcmp(name, "http") == 0 ? SOCKET_HTTP : SOCKET_RESP,
          bound.ss_family == AF_UNIX, 1);
  if (!b)
    return UV_ENOMEM;
  b->fds[b->count++] = fd;
  b->port = socket_port((struct sockaddr *)&bound);
  if (b->local)
    snprintf(b->name, sizeof b->name, "socket %d", fd);
  else
    socket_address((struct sockaddr *)&bound, b->name, sizeof b->name);
  return 0;
}

/* ---- all of them ---- */

static int open_own(struct sockets *s, const struct options *o) {
  int status = 0;
  for (size_t i = 0; i < o->address_count && status == 0; i++)
    status = add_tcp(s, o, i, SOCKET_RESP);
  for (size_t i = 0; o->http && i < o->address_count && status == 0; i++)
    status = add_tcp(s, o, i, SOCKET_HTTP);
  if (o->unix_path && status == 0)
    status = add_local(s, o);
  return status;
}

/* Those behind one that fails are closed as well. */
static int open_inherited(struct sockets *s, int count) {
  int status = 0;
  for (int i = 0; i < count; i++) {
    if (status == 0)
      status = add_inherited(s, i);
    if (status != 0)
      close(3 + i);
  }
  return status;
}

int sockets_open(const struct options *o, struct sockets *out, char *error,
                 size_t size) {
  struct sockets s = {.count = 0};
  int count = activation_count();
  int status = count;
  if (count >= 0)
    status = count > 0 ? open_inherited(&s, count) : open_own(&s, o);
  if (status == 0) {
    *out = s;
    return 0;
  }
  snprintf(error, size, "%s: %s",
           s.count > 0  ? s.list[s.count - 1].name
           : count != 0 ? "LISTEN_FDS"
                        : "at the start",
           vt_strerror(status));
  sockets_close(&s);
  return status;
}

void sockets_let_go(struct sockets *s) {
  for (size_t i = 0; i < s->count; i++)
    while (s->list[i].count > 0)
      close(s->list[i].fds[--s->list[i].count]);
}

void sockets_close(struct sockets *s) {
  sockets_let_go(s);
  for (size_t i = 0; i < s->count; i++)
    free(s->list[i].fds);
  if (s->unix_path)
    unlink(s->unix_path);
  *s = (struct sockets){.count = 0};
}
