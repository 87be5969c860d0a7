/* SPDX-License-Identifier: MIT */
/* The life of a uv handle: made or wrapped, found, closed.
 *
 * A close puts its operation into the object and hands the handle to uv_close.
 * on_closed takes the object out of the loop's table, lets its kind end what is
 * pending, frees it, and only then completes the closes, whose continuations
 * find nothing left of it. A handle of the user's that has no object gets one
 * for this time, which lies in the block of the close: so no close mallocs.
 *
 * What can go wrong: without memory for the operation an object is closed all
 * the same, only the wait for it is refused. */
#include "op/handle.h"

#include <stdio.h>

#include "base/alloc.h"
#include "core/oneshot.h"
#include "vt/bridge.h"

struct vt__close_op {
  vt_op_t op;
  const char *name; /* of the object, which is gone before the operation is */
  struct vt__close_op *next;
  vt__handle_t plain; /* for a handle without an object */
};

/* ---- made, wrapped, found ---- */

static int keep(vt__handle_t *h, vt_loop_t *loop, uv_handle_t *uv) {
  h->uv = uv;
  h->loop = loop;
  return vt__table_put(&loop->handles, uv, h);
}

int vt__handle_new(const vt__handle_kind_t *kind, size_t size, void *out) {
  vt_loop_t *loop = vt__current;
  if (!loop)
    return (int)vt__misuse(VT_ENOLOOP);
  vt__handle_t *h = vt__calloc(1, size);
  if (!h)
    return UV_ENOMEM;
  h->kind = kind;
  h->owned = true;
  int rc = keep(h, loop, (uv_handle_t *)(void *)((char *)h + VT__HANDLE_OWN));
  if (rc != 0)
    vt__free(h);
  else
    *(void **)out = h;
  return rc;
}

void vt__handle_made(vt__handle_t *h) { uv_unref(h->uv); }

/* Whether a handle of the user's may be touched here. */
static int check_user(const uv_handle_t *uv) {
  if (!uv)
    return UV_EINVAL;
  if (!vt__current)
    return (int)vt__misuse(VT_ENOLOOP);
  return uv->loop == vt__current->uv ? 0 : (int)vt__misuse(VT_ETHREAD);
}

int vt__handle_wrap(const vt__handle_kind_t *kind, size_t size, void *uv,
                    uv_handle_type type, void *out) {
  uv_handle_t *handle = uv;
  int rc = check_user(handle);
  if (rc == 0 && handle->type != type)
    rc = UV_EINVAL;
  if (rc == 0 && uv_is_closing(handle))
    rc = UV_EBADF;
  if (rc != 0)
    return rc;
  vt__handle_t *h = vt__calloc(1, size);
  if (!h)
    return UV_ENOMEM;
  h->kind = kind;
  rc = keep(h, vt__current, handle);
  if (rc != 0) {
    vt__free(h);
    return rc;
  }
  h->loop->borrowed++;
  *(void **)out = h;
  return 0;
}

static void leave(vt__handle_t *h) {
  vt__table_take(&h->loop->handles, h->uv);
  h->loop->borrowed -= !h->owned;
}

void vt__handle_drop(vt__handle_t *h) {
  leave(h);
  vt__free(h);
}

vt__handle_t *vt__handle_find(const void *uv) {
  return vt__table_get(&vt__current->handles, uv);
}

int vt__handle_check_slowly(const vt__handle_t *h) {
  if (!h)
    return UV_EINVAL;
  if (vt__current == h->loop)
    return UV_EBADF;
  return vt__current ? (int)vt__misuse(VT_ETHREAD) : VT_ENOLOOP;
}

/* ---- closed ---- */

static void close_describe(const vt_op_t *op, char *text, size_t size) {
  const struct vt__close_op *c = (const struct vt__close_op *)op;
  snprintf(text, size, "%s", c->name);
}

static const vt_op_kind_t close_kind = {.ops = VT_OP_OPS("close"),
                                        .size = sizeof(struct vt__close_op),
                                        .describe = close_describe};

static const vt__handle_kind_t plain_kind = {.name = "handle"};

/* A continuation may close another handle, or detach the loop: each operation
 * is left alone before it completes. */
static void complete_all(struct vt__close_op *first) {
  vt_result_t done = {0, {0}};
  while (first) {
    struct vt__close_op *c = first;
    first = c->next;
    vt_op_complete(c, done);
  }
}

void vt__handle_closed(vt__handle_t *h) {
  if (h->loop)
    leave(h);
  if (h->kind->closed)
    h->kind->closed(h);
  struct vt__close_op *closers = h->closers;
  if (h->kind != &plain_kind)
    vt__free(h);
  complete_all(closers);
}

static void on_closed(uv_handle_t *uv) {
  vt__handle_closed(vt__handle_find(uv));
}

static void on_abandoned(uv_handle_t *uv) {
  vt__handle_closed(vt__handle_owner(uv));
}

void vt__handle_close_now(vt__handle_t *h) {
  uv_close(h->uv, h->loop ? on_closed : on_abandoned);
}

static void close_all(vt__handle_t *h) {
  h->closing = true;
  if (h->kind->close)
    h->kind->close(h);
  else
    vt__handle_close_now(h);
}

void vt__handle_abandon(vt__handle_t *h) {
  leave(h);
  h->loop = NULL;
  close_all(h);
}

static void append(vt__handle_t *h, struct vt__close_op *c) {
  struct vt__close_op **end = &h->closers;
  while (*end)
    end = &(*end)->next;
  *end = c;
}

static int begin(const char *name, struct vt__close_op **out) {
  int rc = vt__op_begin_shielded(&close_kind, out);
  if (rc != 0)
    return rc;
  (*out)->name = name;
  (*out)->next = NULL;
  return 0;
}

/* The end of a handle that closes, awaited. */
static vt_t wait_closed(vt__handle_t *h) {
  struct vt__close_op *c;
  int rc = begin(h->kind->name, &c);
  if (rc != 0)
    return vt_failed(rc);
  append(h, c);
  return vt_op_started(c, 0);
}

vt_t vt__handle_close(vt__handle_t *h) {
  int rc = vt__handle_check(h);
  if (rc != 0 && rc != UV_EBADF)
    return vt_failed(rc);
  if (rc == 0)
    close_all(h);
  return wait_closed(h);
}

vt_t vt__handle_close_by(vt__handle_t *h, vt__close_fn *close) {
  int rc = vt__handle_check(h);
  if (rc == 0) {
    rc = close(h->uv, on_closed);
    h->closing = rc == 0;
  } else if (rc == UV_EBADF) {
    rc = 0;
  }
  return rc == 0 ? wait_closed(h) : vt_failed(rc);
}

static vt_t close_plain(uv_handle_t *uv) {
  vt__handle_t plain = {.kind = &plain_kind};
  struct vt__close_op *c;
  int rc = begin(uv_handle_type_name(uv->type), &c);
  if (rc != 0)
    return vt_failed(rc);
  c->plain = plain;
  rc = keep(&c->plain, vt__current, uv);
  if (rc != 0)
    return vt_op_started(c, rc);
  vt__current->borrowed++;
  append(&c->plain, c);
  close_all(&c->plain);
  return vt_op_started(c, 0);
}

vt_t vt_close(uv_handle_t *uv) {
  int rc = check_user(uv);
  if (rc != 0)
    return vt_failed(rc);
  vt__handle_t *h = vt__handle_find(uv);
  if (h)
    return vt__handle_close(h);
  return uv_is_closing(uv) ? vt_done() : close_plain(uv);
}
