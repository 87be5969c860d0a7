/* SPDX-License-Identifier: MIT */
/* Writing to a stream, and ending the writing side.
 *
 * uv_try_write comes first: it refuses while anything is queued, so the order
 * holds, and when the kernel takes all the write is in hand. What is left goes
 * through uv_write, whose callback completes. A shutdown waits for what is
 * queued; its request lives in the stream, and any number of callers wait for
 * the one result.
 *
 * What can go wrong: libuv's queue has no bound, so bytes and operations that
 * wait are counted, and past VT__STREAM_MOST a write is refused with UV_ENOBUFS
 * and nothing of it was sent; a single larger one is let in alone, else it
 * could never be written. A write that failed after a part of it went out ends
 * the writing side, because the peer could not tell what follows: no memory for
 * the remainder is one such case. */
#include "op/stream.h"

enum { TRY_MOST = 1 << 30 };

struct write_op {
  vt__stream_op_t of;
  size_t size;
  size_t cost; /* counted in the stream's queued */
  uv_write_t req;
};

struct vt__shutdown_op {
  vt__stream_op_t of;
  struct vt__shutdown_op *next;
};

static const vt_op_kind_t write_kind = {.ops = VT_OP_OPS("stream_write"),
                                        .size = sizeof(struct write_op),
                                        .describe = vt__stream_describe};
static const vt_op_kind_t shutdown_kind = {.ops = VT_OP_OPS("stream_shutdown"),
                                           .size =
                                               sizeof(struct vt__shutdown_op),
                                           .describe = vt__stream_describe,
                                           .detachable = true};

/* ---- write ---- */

static void on_write(uv_write_t *req, int status) {
  struct write_op *w = req->data;
  vt_stream_t *s = w->of.stream;
  vt_result_t result = {status, {0}};
  s->queued -= w->cost;
  if (status == 0)
    result.value.u = w->size;
  else if (s->write_error == 0)
    s->write_error = status;
  w->of.stream = NULL;
  vt_op_complete(w, result);
}

/* What the kernel takes at once of data; negative when the stream is broken. */
static int try_write(vt_stream_t *s, const char *data, size_t size) {
  uv_buf_t buf;
  buf.base = (char *)(uintptr_t)data;
  buf.len = size < TRY_MOST ? size : TRY_MOST;
  int rc = uv_try_write(&s->uv.stream, &buf, 1);
  return rc == UV_EAGAIN || rc == UV_ENOBUFS ? 0 : rc;
}

/* Queues the last left bytes of a write of size. */
static vt_t queue_write(vt_stream_t *s, const char *rest, size_t left,
                        size_t size) {
  struct write_op *w;
  uv_buf_t buf;
  int rc = vt__stream_begin(&write_kind, s, &w);
  if (rc != 0)
    return vt_failed(rc);
  buf.base = (char *)(uintptr_t)rest;
  buf.len = left;
  w->size = size;
  w->cost = left + sizeof *w;
  w->req.data = w;
  rc = uv_write(&w->req, &s->uv.stream, &buf, 1, on_write);
  if (rc == 0)
    s->queued += w->cost;
  return vt_op_started(w, rc);
}

static int write_check(const vt_stream_t *s, const void *data, size_t size) {
  int rc = vt__stream_check(s);
  if (rc != 0)
    return rc;
  if (!data && size > 0)
    return UV_EINVAL;
  if (s->shut != VT__OPEN)
    return UV_EPIPE;
  if (s->queued > 0 && size + s->queued > VT__STREAM_MOST)
    return UV_ENOBUFS;
  return (int)s->write_error;
}

vt_t vt_stream_write(vt_stream_t *s, const void *data, size_t size) {
  int n = write_check(s, data, size);
  if (n == 0 && size > 0)
    n = try_write(s, data, size);
  if (n < 0)
    return vt_failed(n);
  if ((size_t)n == size)
    return vt_from_uint(size);
  vt_t v = queue_write(s, (const char *)data + n, size - (size_t)n, size);
  if (n > 0 && v.source & 1)
    s->write_error = vt_status_in_hand(v);
  return v;
}

/* ---- shutdown ---- */

static void on_shutdown(uv_shutdown_t *req, int status) {
  vt_stream_t *s = req->data;
  struct vt__shutdown_op *list = s->shutdowns;
  vt_result_t result = {status, {0}};
  s->shut = VT__SHUT;
  s->shut_status = status;
  s->shutdowns = NULL;
  for (struct vt__shutdown_op *o = list; o; o = o->next)
    o->of.stream = NULL;
  while (list) {
    struct vt__shutdown_op *o = list;
    list = o->next;
    vt_op_complete(o, result);
  }
}

/* Begins the one shutdown of the stream, or notes why it cannot be. */
static int shutdown_begin(vt_stream_t *s) {
  s->shutdown.data = s;
  s->shut = VT__SHUTTING;
  int rc = uv_shutdown(&s->shutdown, &s->uv.stream, on_shutdown);
  if (rc != 0) {
    s->shut = VT__SHUT;
    s->shut_status = rc;
  }
  return rc;
}

static void append(struct vt__shutdown_op **list, struct vt__shutdown_op *o) {
  while (*list)
    list = &(*list)->next;
  o->next = NULL;
  *list = o;
}

vt_t vt_stream_shutdown(vt_stream_t *s) {
  struct vt__shutdown_op *o;
  int rc = vt__stream_check(s);
  if (rc != 0)
    return vt_failed(rc);
  if (s->shut == VT__SHUT)
    return vt_from_result(vt__stream_failed(s->shut_status));
  rc = vt__stream_begin(&shutdown_kind, s, &o);
  if (rc != 0)
    return vt_failed(rc);
  if (s->shut == VT__OPEN)
    rc = shutdown_begin(s);
  if (rc == 0)
    append(&s->shutdowns, o);
  return vt_op_started(o, rc);
}
