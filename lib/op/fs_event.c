/* SPDX-License-Identifier: MIT */
/* Changes of files.
 *
 * The handle is started from vt_fs_event_new to the close. A change goes to the
 * first wait, else into a ring behind the object. When that is full the oldest
 * one makes room, for a change that comes after it is always there to tell of
 * the loss. */
#include "vt/fs_event.h"

#include <stdio.h>

#include "op/watch.h"

enum { KEEP = 64, KEEP_MOST = 65536 };

struct kept {
  int status;
  vt_fs_change_t change;
};

struct vt_fs_event {
  vt__watch_t watch;
  uint64_t dropped; /* since the last that was told */
  size_t room;
  size_t first;
  size_t count;
  struct kept kept[]; /* a ring */
};

static void describe(const vt__handle_t *handle, char *text, size_t size) {
  size_t length = size;
  if (uv_fs_event_getpath((uv_fs_event_t *)handle->uv, text, &length) != 0 &&
      size > 0)
    text[0] = '\0';
}

static const vt__handle_kind_t fs_event_kind = {
    .name = "fs_event", .closed = vt__watch_closed, .describe = describe};
static const vt_op_kind_t wait_kind = VT__WATCH_KIND("fs_event_wait");

/* ---- what is kept ---- */

/* The place for the next change. */
static struct kept *push(vt_fs_event_t *e) {
  if (e->count == e->room) {
    e->first = (e->first + 1) % e->room;
    e->count--;
    e->dropped++;
  }
  return &e->kept[(e->first + e->count++) % e->room];
}

static vt_result_t take(vt_fs_event_t *e, vt_fs_change_t *out) {
  const struct kept *kept = &e->kept[e->first];
  vt_result_t r = {kept->status, {.i = kept->change.events}};
  *out = kept->change;
  out->dropped = e->dropped;
  e->dropped = 0;
  e->first = (e->first + 1) % e->room;
  e->count--;
  return r;
}

static void on_change(uv_fs_event_t *handle, const char *name, int events,
                      int status) {
  vt_fs_event_t *e = (vt_fs_event_t *)vt__handle_of(handle);
  struct kept *kept = push(e);
  kept->status = status;
  kept->change.events = events;
  snprintf(kept->change.name, sizeof kept->change.name, "%s", name ? name : "");
  vt__watch_op_t *o = vt__watch_pop(&e->watch);
  if (o)
    vt_op_complete(o, take(e, o->out));
}

/* ---- made, asked, ended ---- */

static size_t size_for(size_t keep) {
  return sizeof(vt_fs_event_t) + (keep ? keep : KEEP) * sizeof(struct kept);
}

static int start(vt_fs_event_t *e, const char *path, unsigned flags,
                 size_t keep, vt_fs_event_t **out) {
  uv_fs_event_t *uv = vt_fs_event_uv(e);
  e->room = keep ? keep : KEEP;
  return vt__watch_started(&e->watch,
                           uv_fs_event_start(uv, on_change, path, flags), out);
}

int vt_fs_event_new(const char *path, unsigned flags, size_t keep,
                    vt_fs_event_t **out) {
  vt_fs_event_t *e;
  if (!path || keep > KEEP_MOST)
    return UV_EINVAL;
  int rc = vt__watch_new(&fs_event_kind, size_for(keep), &e);
  if (rc != 0)
    return rc;
  rc = uv_fs_event_init(e->watch.head.loop->uv, &e->watch.own.fs_event);
  rc = vt__watch_inited(&e->watch, rc);
  return rc == 0 ? start(e, path, flags, keep, out) : rc;
}

int vt_fs_event_wrap(uv_fs_event_t *handle, const char *path, unsigned flags,
                     size_t keep, vt_fs_event_t **out) {
  vt_fs_event_t *e;
  if (!path || keep > KEEP_MOST)
    return UV_EINVAL;
  int rc =
      vt__watch_wrap(&fs_event_kind, size_for(keep), handle, UV_FS_EVENT, &e);
  return rc == 0 ? start(e, path, flags, keep, out) : rc;
}

static void stop(vt__watch_t *w) {
  uv_fs_event_stop((uv_fs_event_t *)w->head.uv);
}

int vt_fs_event_unwrap(vt_fs_event_t *e) { return vt__watch_unwrap(e, stop); }

vt_t vt_fs_event_wait(vt_fs_event_t *e, vt_fs_change_t *out) {
  int rc = vt__handle_check((vt__handle_t *)e);
  if (rc == 0 && !out)
    rc = UV_EINVAL;
  if (rc != 0)
    return vt_failed(rc);
  if (e->count != 0)
    return vt_from_result(take(e, out));
  return vt__watch_wait(&e->watch, &wait_kind, out);
}

vt_t vt_fs_event_close(vt_fs_event_t *e) {
  return vt__handle_close((vt__handle_t *)e);
}

uv_fs_event_t *vt_fs_event_uv(vt_fs_event_t *e) {
  return (uv_fs_event_t *)e->watch.head.uv;
}
