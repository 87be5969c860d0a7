/* SPDX-License-Identifier: MIT */
/* Signals.
 *
 * The handle is started from vt_signal_new to the close, so that no signal is
 * lost between two waits: what comes meanwhile is counted. vt_signal_once has
 * its handle in the block of the operation, which therefore completes when
 * libuv has closed the handle, and not before. */
#include "vt/signal.h"

#include <stdio.h>

#include "op/watch.h"

struct vt_signal {
  vt__watch_t watch;
  int signum;
  uint64_t count; /* came since the last wait */
};

static void describe(const vt__handle_t *handle, char *text, size_t size) {
  snprintf(text, size, "signal %d", ((const vt_signal_t *)handle)->signum);
}

static const vt__handle_kind_t signal_kind = {
    .name = "signal", .closed = vt__watch_closed, .describe = describe};
static const vt_op_kind_t wait_kind = VT__WATCH_KIND("signal_wait");

static vt_result_t take(vt_signal_t *s) {
  uint64_t count = s->count;
  s->count = 0;
  return vt__watch_count(count);
}

static void on_signal(uv_signal_t *handle, int signum) {
  vt_signal_t *s = (vt_signal_t *)vt__handle_of(handle);
  (void)signum;
  s->count++;
  vt__watch_op_t *o = vt__watch_pop(&s->watch);
  if (o)
    vt_op_complete(o, take(s));
}

static int start(vt_signal_t *s, int signum, vt_signal_t **out) {
  s->signum = signum;
  int rc = uv_signal_start((uv_signal_t *)s->watch.head.uv, on_signal, signum);
  return vt__watch_started(&s->watch, rc, out);
}

int vt_signal_new(int signum, vt_signal_t **out) {
  vt_signal_t *s;
  int rc = vt__watch_new(&signal_kind, sizeof *s, &s);
  if (rc != 0)
    return rc;
  rc = uv_signal_init(s->watch.head.loop->uv, &s->watch.own.signal);
  rc = vt__watch_inited(&s->watch, rc);
  return rc == 0 ? start(s, signum, out) : rc;
}

int vt_signal_wrap(uv_signal_t *handle, int signum, vt_signal_t **out) {
  vt_signal_t *s;
  int rc = vt__watch_wrap(&signal_kind, sizeof *s, handle, UV_SIGNAL, &s);
  return rc == 0 ? start(s, signum, out) : rc;
}

static void stop(vt__watch_t *w) { uv_signal_stop((uv_signal_t *)w->head.uv); }

int vt_signal_unwrap(vt_signal_t *s) { return vt__watch_unwrap(s, stop); }

vt_t vt_signal_wait(vt_signal_t *s) {
  int rc = vt__handle_check((vt__handle_t *)s);
  if (rc != 0)
    return vt_failed(rc);
  if (s->count != 0)
    return vt_from_result(take(s));
  return vt__watch_wait(&s->watch, &wait_kind, NULL);
}

vt_t vt_signal_close(vt_signal_t *s) {
  return vt__handle_close((vt__handle_t *)s);
}

uv_signal_t *vt_signal_uv(vt_signal_t *s) {
  return (uv_signal_t *)s->watch.head.uv;
}

/* ---- once ---- */

struct once_op {
  vt_op_t op;
  int signum;
  int status;
  uv_signal_t uv;
};

static struct once_op *once_of(const void *handle) {
  return (struct once_op *)(void *)((char *)(uintptr_t)handle -
                                    offsetof(struct once_op, uv));
}

static void on_once_closed(uv_handle_t *handle) {
  struct once_op *o = once_of(handle);
  vt_op_complete(o, vt__watch_failed(o->status));
}

static void end(struct once_op *o, int status) {
  o->status = status;
  uv_close((uv_handle_t *)&o->uv, on_once_closed);
}

static void on_once(uv_signal_t *handle, int signum) {
  (void)signum;
  end(once_of(handle), 0);
}

static int once_cancel(vt_op_t *op) {
  struct once_op *o = (struct once_op *)op;
  if (uv_is_closing((uv_handle_t *)&o->uv))
    return UV_EALREADY;
  end(o, UV_ECANCELED);
  return 0;
}

static void once_describe(const vt_op_t *op, char *text, size_t size) {
  snprintf(text, size, "signal %d", ((const struct once_op *)op)->signum);
}

static const vt_op_kind_t once_kind = {.ops = VT_OP_OPS("signal_once"),
                                       .size = sizeof(struct once_op),
                                       .cancel = once_cancel,
                                       .describe = once_describe};

vt_t vt_signal_once(int signum) {
  struct once_op *o;
  int rc = vt_op_begin(&once_kind, &o);
  if (rc != 0)
    return vt_failed(rc);
  o->signum = signum;
  rc = uv_signal_init(vt_op_uv(o), &o->uv);
  if (rc != 0)
    return vt_op_started(o, rc);
  uv_unref((uv_handle_t *)&o->uv);
  rc = uv_signal_start_oneshot(&o->uv, on_once, signum);
  if (rc != 0)
    end(o, rc);
  return vt_op_started(o, 0);
}
