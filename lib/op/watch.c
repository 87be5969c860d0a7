/* SPDX-License-Identifier: MIT */
/* Waits for what comes again and again.
 *
 * Happy path: a wait begins and stands at the end of its object's ring;
 * libuv's callback takes it out and completes it, and its continuation, which
 * mostly waits again, runs inside that callback.
 *
 * What can go wrong: a continuation may begin and cancel waits, close the
 * object, or give the handle back and so free it. So a callback that serves
 * several moves them to a ring of its own first, which a cancel leaves as it
 * leaves the object's. A wait cancelled completes after the cancel has
 * returned. */
#include "op/watch.h"

/* ---- rings ---- */

static void ring_init(vt__watch_link_t *link) {
  link->next = link->prev = link;
}

static void ring_append(vt__watch_link_t *ring, vt__watch_link_t *link) {
  link->next = ring;
  link->prev = ring->prev;
  ring->prev->next = link;
  ring->prev = link;
}

static void ring_leave(vt__watch_link_t *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
}

/* ---- the objects ---- */

int vt__watch_new(const vt__handle_kind_t *kind, size_t size, void *out) {
  vt__watch_t *w;
  int rc = vt__handle_new(kind, size, &w);
  if (rc != 0)
    return rc;
  ring_init(&w->waits);
  *(void **)out = w;
  return 0;
}

int vt__watch_inited(vt__watch_t *w, int rc) {
  if (rc == 0)
    vt__handle_made(&w->head);
  else
    vt__handle_drop(&w->head);
  return rc;
}

int vt__watch_wrap(const vt__handle_kind_t *kind, size_t size, void *uv,
                   uv_handle_type type, void *out) {
  vt__watch_t *w;
  int rc = vt__handle_wrap(kind, size, uv, type, &w);
  if (rc != 0)
    return rc;
  ring_init(&w->waits);
  if (uv_is_active(w->head.uv)) {
    vt__handle_drop(&w->head);
    return UV_EBUSY;
  }
  *(void **)out = w;
  return 0;
}

int vt__watch_started(vt__watch_t *w, int rc, void *out) {
  if (rc == 0)
    *(void **)out = w;
  else if (w->head.owned)
    vt__handle_abandon(&w->head);
  else
    vt__handle_drop(&w->head);
  return rc;
}

int vt__watch_unwrap(void *object, void (*stop)(vt__watch_t *watch)) {
  vt__watch_t *w = object;
  int rc = vt__handle_check((vt__handle_t *)object);
  if (rc == 0 && w->head.owned)
    rc = UV_EINVAL;
  if (rc == 0 && vt__watch_is_awaited(w))
    rc = UV_EBUSY;
  if (rc != 0)
    return rc;
  stop(w);
  vt__handle_drop(&w->head);
  return 0;
}

/* ---- the waits ---- */

static void leave(vt__watch_op_t *o) {
  ring_leave(&o->link);
  o->watch = NULL;
}

int vt__watch_cancel(vt_op_t *op) {
  leave((vt__watch_op_t *)op);
  op->flags |= VT_LATER;
  vt_op_complete(op, vt__watch_failed(UV_ECANCELED));
  return 0;
}

void vt__watch_describe(const vt_op_t *op, char *text, size_t size) {
  const vt__watch_op_t *o = (const vt__watch_op_t *)op;
  if (size > 0)
    text[0] = '\0';
  if (o->watch && o->watch->head.kind->describe)
    o->watch->head.kind->describe(&o->watch->head, text, size);
}

int vt__watch_begin(vt__watch_t *w, const vt_op_kind_t *kind,
                    vt__watch_op_t **out) {
  int rc = vt_op_begin(kind, out);
  if (rc != 0)
    return rc;
  (*out)->watch = w;
  (*out)->events = 0;
  ring_append(&w->waits, &(*out)->link);
  return 0;
}

vt_t vt__watch_begun(vt__watch_op_t *o, int rc) {
  if (rc < 0)
    leave(o);
  return vt_op_started(o, rc);
}

vt_t vt__watch_wait(vt__watch_t *w, const vt_op_kind_t *kind, void *out) {
  vt__watch_op_t *o;
  int rc = vt__watch_begin(w, kind, &o);
  if (rc != 0)
    return vt_failed(rc);
  o->out = out;
  return vt_op_started(o, 0);
}

/* ---- serving ---- */

static bool is_forgotten(const vt__watch_op_t *o) {
  return o->op.phase == VT__AWAITED && !o->op.k;
}

vt__watch_op_t *vt__watch_pop(vt__watch_t *w) {
  while (vt__watch_is_awaited(w)) {
    vt__watch_op_t *o = vt__watch_op_of(w->waits.next);
    leave(o);
    if (!is_forgotten(o))
      return o;
    vt_op_complete(o, vt__watch_failed(UV_ECANCELED));
  }
  return NULL;
}

/* Moves the waits that want one of these events; 0: all. */
static void take(vt__watch_t *w, int events, vt__watch_link_t *served) {
  vt__watch_link_t *next;
  ring_init(served);
  for (vt__watch_link_t *at = w->waits.next; at != &w->waits; at = next) {
    vt__watch_op_t *o = vt__watch_op_of(at);
    next = at->next;
    if (events != 0 && !(o->events & events))
      continue;
    leave(o);
    ring_append(served, at);
  }
}

void vt__watch_serve(vt__watch_t *w, vt_result_t result, int events) {
  vt__watch_link_t served;
  take(w, events, &served);
  while (served.next != &served) {
    vt__watch_op_t *o = vt__watch_op_of(served.next);
    ring_leave(&o->link);
    if (events != 0)
      result.value.i = o->events & events;
    vt_op_complete(o, result);
  }
}

void vt__watch_closed(vt__handle_t *handle) {
  vt__watch_serve((vt__watch_t *)handle, vt__watch_failed(UV_ECANCELED), 0);
}
