/* SPDX-License-Identifier: MIT */
/* How a listener begins: on an address, on a name, on a socket of the user's.
 *
 * Bound and listening in one call: libuv tells an address in use only when it
 * listens. A socket of the user's is listened to on a duplicate, because the
 * pause could not close their handle.
 *
 * What can go wrong: what fails half-way is abandoned, so nothing waits for
 * it. */
#include "op/listener.h"

#include <string.h>

#include "base/alloc.h"
#include "op/fd.h"
#include "op/pipe_name.h"
#include "vt/pipe.h"
#include "vt/tcp.h"

/* Gives a listener that was started with rc, or nothing. */
static int give(vt_listener_t *l, int rc, vt_listener_t **out) {
  if (rc == 0)
    *out = l;
  else
    vt__handle_abandon(&l->head);
  return rc;
}

int vt_tcp_listen(const struct sockaddr *addr, int backlog,
                  vt_listener_t **out) {
  vt_listener_t *l;
  if (!addr || !out)
    return UV_EINVAL;
  int rc = vt__listener_new(false, backlog, &l);
  if (rc != 0)
    return rc;
  rc = uv_tcp_bind(&l->own.tcp, addr, 0);
  if (rc == 0)
    rc = vt__listener_start(l);
  return give(l, rc, out);
}

/* ---- local sockets ---- */

static int start_named(vt_listener_t *l, const char *name, size_t size) {
  int rc = vt__pipe_check(name, size);
  if (rc != 0)
    return rc;
  char *copy = vt__calloc(1, size + 1);
  if (!copy)
    return UV_ENOMEM;
  memcpy(copy, name, size);
  rc = vt__pipe_bind(&l->own.pipe, copy, size);
  if (rc == 0 && copy[0] != '\0')
    l->name = copy;
  else
    vt__free(copy);
  return rc == 0 ? vt__listener_start(l) : rc;
}

int vt_pipe_listen2(const char *name, size_t size, int backlog,
                    vt_listener_t **out) {
  vt_listener_t *l;
  if (!name || !out)
    return UV_EINVAL;
  int rc = vt__listener_new(true, backlog, &l);
  return rc == 0 ? give(l, start_named(l, name, size), out) : rc;
}

int vt_pipe_listen(const char *name, int backlog, vt_listener_t **out) {
  return vt_pipe_listen2(name, name ? strlen(name) : 0, backlog, out);
}

/* ---- the user's ---- */

/* The descriptor of an open, bound TCP or pipe handle of this loop, or a
 * status. */
static int bound_fd(const uv_stream_t *handle) {
  struct sockaddr_storage addr;
  int length = sizeof addr, rc = UV_EINVAL;
  if (!vt__current)
    return (int)vt__misuse(VT_ENOLOOP);
  if (handle->loop != vt_loop_uv(vt__current))
    return (int)vt__misuse(VT_ETHREAD);
  if (uv_is_closing((const uv_handle_t *)handle))
    return UV_EBADF;
  if (handle->type == UV_TCP) /* tells an address in use, too */
    rc = uv_tcp_getsockname((const uv_tcp_t *)handle, (struct sockaddr *)&addr,
                            &length);
  else if (handle->type == UV_NAMED_PIPE)
    rc = vt__fd_is_socket((const uv_handle_t *)handle) ? 0 : UV_ENOTSUP;
  return rc == 0 ? vt__fd_of((const uv_handle_t *)handle) : rc;
}

int vt_listener_wrap(uv_stream_t *handle, int backlog, vt_listener_t **out) {
  vt_listener_t *l;
  if (!handle || !out)
    return UV_EINVAL;
  int fd = bound_fd(handle);
  if (fd < 0)
    return fd;
  if (uv_is_active((uv_handle_t *)handle))
    return UV_EBUSY;
  int rc = vt__listener_new(handle->type == UV_NAMED_PIPE, backlog, &l);
  if (rc != 0)
    return rc;
  fd = vt__fd_duplicate(fd);
  return give(l, fd < 0 ? fd : vt__listener_start_on(l, fd), out);
}
