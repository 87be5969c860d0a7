/* SPDX-License-Identifier: MIT */
/* What is TCP's own of listeners.
 *
 * vt_tcp_listen binds and listens in one call. libuv tells an address in use
 * only when it listens. What fails half-way is closed by libuv a turn later and
 * freed then, so nothing waits for it. */
#include "op/stream.h"

int vt_tcp_listen(const struct sockaddr *addr, int backlog,
                  vt_listener_t **out) {
  if (!addr || !out)
    return UV_EINVAL;
  if (!vt__current)
    return VT_ENOLOOP;
  vt_listener_t *l = vt__listener_new(vt__current, backlog);
  if (!l)
    return UV_ENOMEM;
  int rc = uv_tcp_bind(&l->uv.tcp, addr, 0);
  if (rc == 0)
    rc = vt__listener_start(l);
  if (rc != 0) {
    vt__listener_close(l, NULL);
    return rc;
  }
  *out = l;
  return 0;
}
