/* SPDX-License-Identifier: MIT */
/* Ending the writing side of a stream.
 *
 * A shutdown waits for what is queued; its request lives in the stream, and any
 * number of callers wait for the one result, which stays the result of all that
 * come later. */
#include "op/stream.h"

struct vt__shutdown_op {
  vt__stream_op_t of;
  struct vt__shutdown_op *next;
};

static const vt_op_kind_t shutdown_kind = {.ops = VT_OP_OPS("stream_shutdown"),
                                           .size =
                                               sizeof(struct vt__shutdown_op),
                                           .describe = vt__stream_describe,
                                           .detachable = true};

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
  s->write_error = UV_EPIPE;
  int rc = uv_shutdown(&s->shutdown, vt__stream_uv(s), on_shutdown);
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
