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
#include "op/listener.h"

#include "base/alloc.h"
#include "op/address.h"
#include "op/fd.h"
#include "op/pipe_name.h"

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
  vt__stream_cancelled(op, vt__stream_failed(UV_ECANCELED));
  return 0;
}

static void listener_describe(const vt_op_t *op, char *text, size_t size) {
  const struct vt__listener_op *o = (const struct vt__listener_op *)op;
  if (size > 0)
    text[0] = '\0';
  if (o->listener)
    vt__handle_address(o->listener->head.uv, false, text, size);
}

static const vt_op_kind_t accept_kind = {.ops = VT_OP_OPS("listener_accept"),
                                         .size = sizeof(struct vt__listener_op),
                                         .cancel = accept_cancel,
                                         .describe = listener_describe,
                                         .discard = vt__stream_discard};

/* ---- connections ---- */

/* Takes the connection that libuv holds. */
static vt_result_t take_connection(vt_listener_t *l) {
  vt_result_t result = {0, {0}};
  vt_stream_t *s = l->spare;
  result.status =
      vt__stream_make(s, l->is_pipe ? UV_NAMED_PIPE : UV_TCP, false);
  if (result.status != 0)
    return result;
  l->spare = NULL;
  l->ready = false;
  result.status = uv_accept(&l->own.stream, &s->own.stream);
  result.value.p = s;
  if (result.status != 0) {
    vt__handle_abandon(&s->head);
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
  vt_listener_t *l = (vt_listener_t *)vt__handle_owner(handle);
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
  return uv_listen(&l->own.stream, l->backlog, on_connection);
}

vt_t vt_listener_accept(vt_listener_t *l) {
  struct vt__listener_op *a;
  int rc = vt__handle_check((const vt__handle_t *)l);
  if (rc == 0 && l->accept)
    rc = UV_EALREADY;
  if (rc != 0)
    return vt_failed(rc);
  if (l->error != 0) {
    rc = l->error;
    l->error = 0;
    return vt_failed(rc);
  }
  if (!l->spare)
    rc = vt__stream_spare(&l->spare);
  if (rc != 0)
    return vt_failed(rc);
  if (l->ready)
    return vt_from_result(take_connection(l));
  rc = vt_op_begin(&accept_kind, &a);
  if (rc != 0)
    return vt_failed(rc);
  a->listener = l;
  l->accept = a;
  return vt_op_started(a, 0);
}

/* ---- made and closed ---- */

static void listener_closed(vt__handle_t *h) {
  vt_listener_t *l = (vt_listener_t *)h;
  fail_accept(l, UV_ECANCELED);
  if (l->spare)
    vt__handle_drop(&l->spare->head);
  vt__free(l->name);
}

void vt__listener_handle_closed(vt_listener_t *l) {
  if (--l->handles == 0)
    vt__handle_closed(&l->head);
}

static void on_timer_closed(uv_handle_t *handle) {
  vt__listener_handle_closed(handle->data);
}

/* A file goes before the socket: who comes after us may take the name. */
static void listener_close(vt__handle_t *h) {
  vt_listener_t *l = (vt_listener_t *)h;
  if (l->name)
    vt__pipe_unlink(l->name);
  if (l->reserve >= 0)
    vt__fd_close(l->reserve);
  if (l->open)
    uv_close(&l->own.handle, vt__listener_socket_closed);
  uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}

static void describe_handle(const vt__handle_t *h, char *text, size_t size) {
  vt__handle_address(h->uv, false, text, size);
}

static const vt__handle_kind_t listener_kind = {.name = "listener",
                                                .close = listener_close,
                                                .closed = listener_closed,
                                                .describe = describe_handle};

int vt__listener_new(bool is_pipe, int backlog, vt_listener_t **out) {
  vt_listener_t *l;
  int rc = vt__handle_new(&listener_kind, sizeof *l, &l);
  if (rc != 0)
    return rc;
  l->is_pipe = is_pipe;
  l->backlog = backlog;
  l->reserve = -1;
  l->handles = 1;
  uv_timer_init(vt_loop_uv(l->head.loop), &l->timer);
  uv_unref((uv_handle_t *)&l->timer);
  l->timer.data = l;
  rc = vt__listener_open(l);
  if (rc != 0)
    vt__handle_abandon(&l->head);
  else
    *out = l;
  return rc;
}

int vt__listener_open(vt_listener_t *l) {
  int rc = l->is_pipe ? uv_pipe_init(l->timer.loop, &l->own.pipe, 0)
                      : uv_tcp_init(l->timer.loop, &l->own.tcp);
  if (rc != 0)
    return rc;
  vt__handle_made(&l->head);
  l->open = true;
  l->handles++;
  return 0;
}

vt_t vt_listener_close(vt_listener_t *l) {
  return vt__handle_close((vt__handle_t *)l);
}

uv_stream_t *vt_listener_uv(vt_listener_t *l) { return &l->own.stream; }
