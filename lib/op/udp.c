/* SPDX-License-Identifier: MIT */
/* Sockets for datagrams: made or wrapped, sending, closed.
 *
 * uv_udp_try_send comes first: it refuses while anything is queued, so the
 * order holds, and mostly the send is in hand. What the kernel does not take
 * goes through uv_udp_send, whose callback completes.
 *
 * What can go wrong: a connected socket tells by its next call, whatever that
 * is, that an earlier datagram found nobody (UV_ECONNREFUSED), and does not do
 * what was asked. It is no failure of this send, which is done once more; the
 * receiver is told. */
#include "op/udp.h"

#include "op/address.h"
#include "op/fd.h"
#include "op/fd_now.h"
#include "op/stream.h"

struct send_op {
  vt__udp_op_t of;
  uv_buf_t data;
  size_t cost; /* counted in the socket's queued */
  bool again;  /* it was sent once more */
  uv_udp_send_t req;
};

static const vt_op_kind_t send_kind = {.ops = VT_OP_OPS("udp_send"),
                                       .size = sizeof(struct send_op),
                                       .describe = vt__udp_describe};

/* ---- made, wrapped ---- */

static void udp_closed(vt__handle_t *h) {
  vt__udp_receive_fail((vt_udp_t *)h, UV_ECANCELED, false);
}

static void describe_handle(const vt__handle_t *h, char *text, size_t size) {
  vt__handle_address(h->uv, false, text, size);
}

static const vt__handle_kind_t udp_kind = {
    .name = "udp", .closed = udp_closed, .describe = describe_handle};

/* A failed init leaves no handle behind. */
int vt_udp_new(unsigned flags, vt_udp_t **out) {
  vt_udp_t *u;
  if (!out || flags & UV_UDP_RECVMMSG)
    return UV_EINVAL;
  int rc = vt__handle_new(&udp_kind, sizeof *u, &u);
  if (rc != 0)
    return rc;
  rc = uv_udp_init_ex(vt_loop_uv(u->head.loop), &u->own, flags);
  if (rc != 0) {
    vt__handle_drop(&u->head);
    return rc;
  }
  vt__handle_made(&u->head);
  *out = u;
  return 0;
}

int vt_udp_accept(vt_stream_t *ipc, vt_udp_t **out) {
  vt_udp_t *u;
  int rc = out ? vt__stream_pending(ipc, UV_UDP, UV_UDP) : UV_EINVAL;
  if (rc == 0)
    rc = vt_udp_new(0, &u);
  if (rc != 0)
    return rc;
  rc = uv_accept(vt__stream_uv(ipc), (uv_stream_t *)&u->own);
  if (rc == 0)
    *out = u;
  else
    vt__handle_abandon(&u->head);
  return rc;
}

int vt_udp_wrap(uv_udp_t *handle, vt_udp_t **out) {
  if (!out || !handle)
    return UV_EINVAL;
  if (handle->type == UV_UDP && uv_udp_using_recvmmsg(handle))
    return UV_EINVAL;
  return vt__handle_wrap(&udp_kind, sizeof **out, handle, UV_UDP, out);
}

int vt_udp_unwrap(vt_udp_t *u) {
  int rc = vt__udp_check(u);
  if (rc != 0)
    return rc;
  if (u->head.owned)
    return UV_EINVAL;
  if (u->receive || u->queued > 0)
    return UV_EBUSY;
  vt__udp_receive_stop(u);
  vt__handle_drop(&u->head);
  return 0;
}

uv_udp_t *vt_udp_uv(vt_udp_t *u) { return vt__udp_uv(u); }

vt_t vt_udp_close(vt_udp_t *u) { return vt__handle_close((vt__handle_t *)u); }

void vt__udp_describe(const vt_op_t *op, char *text, size_t size) {
  const vt__udp_op_t *o = (const vt__udp_op_t *)op;
  if (size > 0)
    text[0] = '\0';
  if (o->udp)
    vt__handle_address(o->udp->head.uv, false, text, size);
}

int vt_udp_dropped(vt_udp_t *u, uint32_t *out) {
  int rc = vt__udp_check(u);
  if (rc != 0 || !out)
    return rc != 0 ? rc : UV_EINVAL;
  return vt__fd_dropped(vt__fd_of(u->head.uv), out);
}

/* ---- sending ---- */

/* Whether status is about an earlier datagram; the receiver is told. */
static bool is_of_another(vt_udp_t *u, int status) {
  if (status != UV_ECONNREFUSED)
    return false;
  if (!vt__udp_receive_fail(u, status, true))
    u->error = status;
  return true;
}

static void on_send(uv_udp_send_t *req, int status) {
  struct send_op *w = req->data;
  vt_udp_t *u = w->of.udp;
  vt_result_t result = {status, {0}};
  if (!w->again && is_of_another(u, status)) {
    w->again = true;
    result.status = uv_udp_send(req, vt__udp_uv(u), &w->data, 1, NULL, on_send);
    if (result.status == 0)
      return;
  }
  u->queued -= w->cost;
  if (result.status == 0)
    result.value.u = w->data.len;
  w->of.udp = NULL;
  vt_op_complete(w, result);
}

static int try_send(vt_udp_t *u, const uv_buf_t *data,
                    const struct sockaddr *addr) {
  int rc = uv_udp_try_send(vt__udp_uv(u), data, 1, addr);
  if (is_of_another(u, rc))
    rc = uv_udp_try_send(vt__udp_uv(u), data, 1, addr);
  return rc;
}

static vt_t queue_send(vt_udp_t *u, const uv_buf_t *data,
                       const struct sockaddr *addr) {
  struct send_op *w;
  int rc = vt_op_begin(&send_kind, &w);
  if (rc != 0)
    return vt_failed(rc);
  w->of.udp = u;
  w->data = *data;
  w->cost = data->len + sizeof *w;
  w->again = false;
  w->req.data = w;
  rc = uv_udp_send(&w->req, vt__udp_uv(u), &w->data, 1, addr, on_send);
  if (rc == 0)
    u->queued += w->cost;
  return vt_op_started(w, rc);
}

vt_t vt_udp_send(vt_udp_t *u, const void *data, size_t size,
                 const struct sockaddr *addr) {
  uv_buf_t buf;
  int rc = vt__udp_check(u);
  if (rc == 0 && !data && size > 0)
    rc = UV_EINVAL;
  if (rc == 0 && u->queued > 0 && size + u->queued > VT__UDP_MOST)
    rc = UV_ENOBUFS;
  if (rc != 0)
    return vt_failed(rc);
  buf.base = (char *)(uintptr_t)data;
  buf.len = size;
  if (buf.len != size) /* Windows' have 32 bits */
    return vt_failed(UV_EMSGSIZE);
  rc = try_send(u, &buf, addr);
  if (rc >= 0)
    return vt_from_uint(size);
  return rc == UV_EAGAIN ? queue_send(u, &buf, addr) : vt_failed(rc);
}
