/* SPDX-License-Identifier: MIT */
/* Receiving datagrams.
 *
 * A receive links itself into the socket; on_alloc gives libuv the caller's own
 * buffer, and on_recv completes. uv_udp_recv_start stays in force from one to
 * the next. When a datagram comes and nobody receives, on_alloc gives no
 * buffer, libuv leaves it where it is and says UV_ENOBUFS, and on_recv stops.
 * So the kernel's buffer is the queue: a queue of our own would copy each, and
 * be a second bound beside that one. The next receive takes the datagram by a
 * system call of its own, in hand, and goes back to libuv when none is left, or
 * after so many that others must have their turn.
 *
 * What can go wrong: no bytes from nobody is libuv's way to say "not yet", no
 * bytes from somebody is an empty datagram. An error is told to one receive and
 * ends nothing. */
#include "op/udp.h"

#include <string.h>

#include "op/fd.h"
#include "op/fd_now.h"

enum { HITS = 32 };

struct vt__receive_op {
  vt__udp_op_t of;
  char *buffer;
  size_t size;
  struct sockaddr_storage *from;
};

/* ---- the operation ---- */

/* Takes the pending receive out of its socket. */
static struct vt__receive_op *unlink_receive(vt_udp_t *u) {
  struct vt__receive_op *r = u->receive;
  u->receive = NULL;
  if (r)
    r->of.udp = NULL;
  return r;
}

bool vt__udp_receive_fail(vt_udp_t *u, int64_t status, bool later) {
  struct vt__receive_op *r = unlink_receive(u);
  vt_result_t result = {status, {0}};
  if (!r)
    return false;
  if (later)
    r->of.op.flags |= VT_LATER;
  vt_op_complete(r, result);
  return true;
}

static int receive_cancel(vt_op_t *op) {
  vt__udp_receive_fail(((vt__udp_op_t *)op)->udp, UV_ECANCELED, true);
  return 0;
}

static const vt_op_kind_t receive_kind = {.ops = VT_OP_OPS("udp_receive"),
                                          .size = sizeof(struct vt__receive_op),
                                          .cancel = receive_cancel,
                                          .describe = vt__udp_describe};

/* ---- libuv's callbacks ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  const struct vt__receive_op *r = ((vt_udp_t *)vt__handle_of(handle))->receive;
  (void)suggested;
  buf->base = r ? r->buffer : NULL;
  buf->len = r ? r->size : 0;
}

void vt__udp_receive_stop(vt_udp_t *u) {
  if (u->armed)
    uv_udp_recv_stop(vt__udp_uv(u));
  u->armed = false;
}

/* A local socket without a name has no address: from is NULL. */
static void keep_sender(struct sockaddr_storage *to,
                        const struct sockaddr *from) {
  if (to)
    to->ss_family = AF_UNSPEC;
  if (to && from)
    memcpy(to, from,
           from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                       : sizeof(struct sockaddr_in));
}

static void on_recv(uv_udp_t *handle, ssize_t n, const uv_buf_t *buf,
                    const struct sockaddr *addr, unsigned flags) {
  vt_udp_t *u = (vt_udp_t *)vt__handle_of(handle);
  vt_result_t result = {0, {0}};
  (void)buf;
  u->hits = 0;
  if (n == 0 && !addr)
    return;
  if (n < 0 && !u->receive) {
    vt__udp_receive_stop(u);
    u->waiting = true; /* a datagram, or an error */
    return;
  }
  struct vt__receive_op *r = unlink_receive(u);
  if (n < 0)
    result.status = n;
  else if (flags & UV_UDP_PARTIAL)
    result.status = UV_EMSGSIZE;
  else
    result.value.i = n;
  if (n >= 0)
    keep_sender(r->from, addr);
  vt_op_complete(r, result);
}

/* ---- in hand ---- */

/* Takes one that waits in the kernel; false when there is none. */
static bool try_receive(vt_udp_t *u, void *buffer, size_t size,
                        struct sockaddr_storage *from, vt_t *out) {
  struct sockaddr_storage addr;
  bool cut = false;
  ssize_t n = vt__fd_receive(vt__fd_of(u->head.uv), buffer, size, &addr, &cut);
  u->waiting = n >= 0;
  if (n == UV_EAGAIN)
    return false;
  if (n >= 0)
    keep_sender(from,
                addr.ss_family != AF_UNSPEC ? (struct sockaddr *)&addr : NULL);
  if (cut)
    n = UV_EMSGSIZE;
  *out = n >= 0 ? vt_from_uint((uint64_t)n) : vt_failed(n);
  return true;
}

static int arm(vt_udp_t *u) {
  if (u->armed)
    return 0;
  int rc = uv_udp_recv_start(vt__udp_uv(u), on_alloc, on_recv);
  u->armed = rc == 0;
  return rc;
}

vt_t vt_udp_receive(vt_udp_t *u, void *buffer, size_t size,
                    struct sockaddr_storage *from) {
  struct vt__receive_op *r;
  vt_t hit;
  int rc = vt__udp_check(u);
  if (rc == 0 && (!buffer || size == 0))
    rc = UV_EINVAL;
  if (rc == 0 && u->receive)
    rc = UV_EALREADY;
  if (rc == 0 && u->error != 0) {
    rc = u->error;
    u->error = 0;
  }
  if (rc != 0)
    return vt_failed(rc);
  if (u->waiting && u->hits++ < HITS &&
      try_receive(u, buffer, size, from, &hit))
    return hit;
  rc = vt_op_begin(&receive_kind, &r);
  if (rc != 0)
    return vt_failed(rc);
  r->of.udp = u;
  r->buffer = buffer;
  r->size = size < VT__UDP_MOST ? size : VT__UDP_MOST;
  r->from = from;
  rc = arm(u);
  if (rc == 0)
    u->receive = r;
  return vt_op_started(r, rc);
}
