/* SPDX-License-Identifier: MIT */
/* Changes of a file's uv_stat_t.
 *
 * The handle is started from vt_fs_poll_new to the close. Of changes that come
 * while nobody waits one is kept, from the first one's beginning to the last
 * one's end. */
#include "vt/fs_poll.h"

#include "op/watch.h"

struct vt_fs_poll {
  vt__watch_t watch;
  uint64_t count; /* of changes since the last wait */
  int status;     /* of the last look */
  vt_fs_poll_change_t change;
};

static void describe(const vt__handle_t *handle, char *text, size_t size) {
  size_t length = size;
  if (uv_fs_poll_getpath((uv_fs_poll_t *)handle->uv, text, &length) != 0 &&
      size > 0)
    text[0] = '\0';
}

static const vt__handle_kind_t fs_poll_kind = {
    .name = "fs_poll", .closed = vt__watch_closed, .describe = describe};
static const vt_op_kind_t wait_kind = VT__WATCH_KIND("fs_poll_wait");

static vt_result_t take(vt_fs_poll_t *p, vt_fs_poll_change_t *out) {
  vt_result_t r = {p->status, {.u = p->count}};
  if (p->status == 0)
    *out = p->change;
  p->count = 0;
  return r;
}

static void on_change(uv_fs_poll_t *handle, int status, const uv_stat_t *prev,
                      const uv_stat_t *curr) {
  vt_fs_poll_t *p = (vt_fs_poll_t *)vt__handle_of(handle);
  if (p->count++ == 0)
    p->change.prev = *prev;
  p->change.curr = *curr;
  p->status = status;
  vt__watch_op_t *o = vt__watch_pop(&p->watch);
  if (o)
    vt_op_complete(o, take(p, o->out));
}

/* ---- made, asked, ended ---- */

static int start(vt_fs_poll_t *p, const char *path, unsigned interval_ms,
                 vt_fs_poll_t **out) {
  uv_fs_poll_t *uv = vt_fs_poll_uv(p);
  return vt__watch_started(
      &p->watch, uv_fs_poll_start(uv, on_change, path, interval_ms), out);
}

int vt_fs_poll_new(const char *path, unsigned interval_ms, vt_fs_poll_t **out) {
  vt_fs_poll_t *p;
  if (!path)
    return UV_EINVAL;
  int rc = vt__watch_new(&fs_poll_kind, sizeof *p, &p);
  if (rc != 0)
    return rc;
  rc = uv_fs_poll_init(p->watch.head.loop->uv, &p->watch.own.fs_poll);
  rc = vt__watch_inited(&p->watch, rc);
  return rc == 0 ? start(p, path, interval_ms, out) : rc;
}

int vt_fs_poll_wrap(uv_fs_poll_t *handle, const char *path,
                    unsigned interval_ms, vt_fs_poll_t **out) {
  vt_fs_poll_t *p;
  if (!path)
    return UV_EINVAL;
  int rc = vt__watch_wrap(&fs_poll_kind, sizeof *p, handle, UV_FS_POLL, &p);
  return rc == 0 ? start(p, path, interval_ms, out) : rc;
}

static void stop(vt__watch_t *w) {
  uv_fs_poll_stop((uv_fs_poll_t *)w->head.uv);
}

int vt_fs_poll_unwrap(vt_fs_poll_t *p) { return vt__watch_unwrap(p, stop); }

vt_t vt_fs_poll_wait(vt_fs_poll_t *p, vt_fs_poll_change_t *out) {
  int rc = vt__handle_check((vt__handle_t *)p);
  if (rc == 0 && !out)
    rc = UV_EINVAL;
  if (rc != 0)
    return vt_failed(rc);
  if (p->count != 0)
    return vt_from_result(take(p, out));
  return vt__watch_wait(&p->watch, &wait_kind, out);
}

vt_t vt_fs_poll_close(vt_fs_poll_t *p) {
  return vt__handle_close((vt__handle_t *)p);
}

uv_fs_poll_t *vt_fs_poll_uv(vt_fs_poll_t *p) {
  return (uv_fs_poll_t *)p->watch.head.uv;
}
