/* SPDX-License-Identifier: MIT */
/* Listening and accepting.
 *
 * An accept takes the connection that libuv holds, or waits for on_connection.
 * The memory of the stream is there before it waits, so that giving a
 * connection needs none. Without an accept the connection stays in libuv, which
 * stops polling by itself: one there, the others in the kernel's backlog.
 *
 * What can go wrong: any error of the kernel's accept pauses the listener
 * (listener_pause.c says why); shortages are waited for, other errors are told
 * to the accept that waits, or to the next one. A flood of connections could
 * keep libuv 1.44 inside one callback for ever: after BURST of them the next is
 * left to the timer, a turn later. A connection that comes when its accept was
 * forgotten is closed. */
#include "op/stream.h"

#include "base/alloc.h"
#include "op/fd.h"

enum { BURST = 64 };

struct vt__listener_op {
  vt_op_t op;
  vt_listener_t *listener; /* NULL once it is complete */
};

/* ---- the operations ---- */

/* Takes the pending accept out of its listener. */
static struct vt__listener_op *unlink_accept(vt_listener_t *l) {
  struct vt__listener_op *a = l->accept;
  l->accept = NULL;
  if (a)
    a->listener = NULL;
  return a;
}

static void fail_accept(vt_listener_t *l, int64_t status) {
  struct vt__listener_op *a = unlink_accept(l);
  if (a)
    vt_op_complete(a, vt__stream_failed(status));
}

static int accept_cancel(vt_op_t *op) {
  unlink_accept(((struct vt__listener_op *)op)->listener);
  vt__stream_cancelled(op);
  return 0;
}

/* A connection that nobody takes. */
static void accept_discard(vt_op_t *op, vt_result_t late) {
  (void)op;
  if (late.status == 0)
    vt__stream_close(late.value.p, NULL);
}

static void listener_describe(const vt_op_t *op, char *text, size_t size) {
  const struct vt__listener_op *o = (const struct vt__listener_op *)op;
  if (size > 0)
    text[0] = '\0';
  if (o->listener)
    vt__socket_describe(&o->listener->uv, false, text, size);
}

static const vt_op_kind_t accept_kind = {.ops = VT_OP_OPS("listener_accept"),
                                         .size = sizeof(struct vt__listener_op),
                                         .cancel = accept_cancel,
                                         .describe = listener_describe,
                                         .discard = accept_discard};
static const vt_op_kind_t close_kind = {.ops = VT_OP_OPS("listener_close"),
                                        .size = sizeof(struct vt__listener_op),
                                        .describe = listener_describe,
                                        .detachable = true};

static int listener_check(const vt_listener_t *l) {
  if (!l)
    return UV_EINVAL;
  int rc = vt__loop_check(l->loop);
  return rc == 0 && l->closing ? UV_EBADF : rc;
}

static int listener_begin(const vt_op_kind_t *kind, vt_listener_t *l,
                          struct vt__listener_op **out) {
  int rc = vt_op_begin(kind, out);
  if (rc == 0)
    (*out)->listener = l;
  return rc;
}

/* ---- connections ---- */

/* Takes the connection that libuv holds. */
static vt_result_t take_connection(vt_listener_t *l) {
  vt_result_t result = {0, {0}};
  vt_stream_t *s = l->spare;
  l->spare = NULL;
  l->ready = false;
  vt__socket_init(l->timer.loop, &s->uv);
  result.status = uv_accept(&l->uv.stream, &s->uv.stream);
  result.value.p = s;
  if (result.status != 0) {
    vt__stream_close(s, NULL);
    vt__listener_pause(l); /* libuv 1.44 does not poll again by itself */
  }
  return result;
}

static void give_connection(vt_listener_t *l) {
  struct vt__listener_op *a = unlink_accept(l);
  vt_op_complete(a, take_connection(l));
}

void vt__listener_retry(vt_listener_t *l) {
  if (l->ready && l->accept)
    give_connection(l);
}

/* Pauses; what is no shortage is told. */
static void connection_failed(vt_listener_t *l, int status) {
  vt__listener_pause(l);
  if (status == UV_EMFILE || status == UV_ENFILE || status == UV_ENOMEM ||
      status == UV_ENOBUFS)
    return;
  if (l->accept)
    fail_accept(l, status);
  else
    l->error = status;
}

static void on_connection(uv_stream_t *handle, int status) {
  vt_listener_t *l = (vt_listener_t *)handle;
  if (status == UV_ECONNABORTED)
    return;
  if (status != 0) {
    connection_failed(l, status);
    return;
  }
  l->pause_ms = 0;
  if (l->accept && l->burst++ < BURST) {
    give_connection(l);
    return;
  }
  l->burst = 0;
  l->ready = true;
  if (l->accept)
    vt__listener_later(l);
}

int vt__listener_listen(vt_listener_t *l) {
  return uv_listen(&l->uv.stream, l->backlog, on_connection);
}

vt_t vt_listener_accept(vt_listener_t *l) {
  struct vt__listener_op *a;
  int rc = listener_check(l);
  if (rc == 0 && l->accept)
    rc = UV_EALREADY;
  if (rc != 0)
    return vt_failed(rc);
  if (l->error != 0) {
    rc = l->error;
    l->error = 0;
    return vt_failed(rc);
  }
  if (!l->spare && !(l->spare = vt__stream_new(l->loop)))
    return vt_failed(UV_ENOMEM);
  if (l->ready)
    return vt_from_result(take_connection(l));
  rc = listener_begin(&accept_kind, l, &a);
  if (rc != 0)
    return vt_failed(rc);
  l->accept = a;
  return vt_op_started(a, 0);
}

/* ---- made and closed ---- */

vt_listener_t *vt__listener_new(vt_loop_t *loop, int backlog) {
  vt_listener_t *l = vt__calloc(1, sizeof *l);
  if (!l)
    return NULL;
  l->loop = loop;
  l->backlog = backlog;
  l->reserve = -1;
  l->handles = 1;
  uv_timer_init(vt_loop_uv(loop), &l->timer);
  uv_unref((uv_handle_t *)&l->timer);
  l->timer.data = l;
  vt__listener_open(l);
  return l;
}

void vt__listener_open(vt_listener_t *l) {
  vt__socket_init(l->timer.loop, &l->uv);
  l->open = true;
  l->handles++;
}

void vt__listener_handle_closed(vt_listener_t *l) {
  vt_result_t done = {0, {0}};
  if (--l->handles > 0)
    return;
  fail_accept(l, UV_ECANCELED);
  struct vt__listener_op *op = l->close;
  vt__free(l->spare);
  vt__free(l);
  if (!op)
    return;
  op->listener = NULL;
  vt_op_complete(op, done);
}

static void on_timer_closed(uv_handle_t *handle) {
  vt__listener_handle_closed(handle->data);
}

void vt__listener_close(vt_listener_t *l, struct vt__listener_op *op) {
  l->closing = true;
  l->close = op;
  if (l->reserve >= 0)
    vt__fd_close(l->reserve);
  if (l->open)
    uv_close(&l->uv.handle, vt__listener_socket_closed);
  uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}

vt_t vt_listener_close(vt_listener_t *l) {
  struct vt__listener_op *op;
  int rc = listener_check(l);
  if (rc != 0)
    return vt_failed(rc);
  rc = listener_begin(&close_kind, l, &op);
  vt__listener_close(l, rc == 0 ? op : NULL);
  return rc == 0 ? vt_op_started(op, 0) : vt_failed(rc);
}

uv_tcp_t *vt_listener_uv(vt_listener_t *listener) { return &listener->uv.tcp; }
