/* SPDX-License-Identifier: MIT */
/* Idle, prepare and check: the handle is started by the first wait, and stopped
 * in its phase before the waits are served, which may begin others for the next
 * turn. */
#include "vt/phase.h"

#include <stdio.h>

#include "op/watch.h"

struct vt_phase {
  vt__watch_t watch;
};

static void describe(const vt__handle_t *handle, char *text, size_t size) {
  snprintf(text, size, "%s", uv_handle_type_name(handle->uv->type));
}

static const vt__handle_kind_t phase_kind = {
    .name = "phase", .closed = vt__watch_closed, .describe = describe};
static const vt_op_kind_t wait_kind = VT__WATCH_KIND("phase_wait");

/* ---- the three types ---- */

static void init(uv_loop_t *uv, uv_handle_type phase, vt__watch_t *w) {
  if (phase == UV_IDLE)
    uv_idle_init(uv, &w->own.idle);
  else if (phase == UV_PREPARE)
    uv_prepare_init(uv, &w->own.prepare);
  else
    uv_check_init(uv, &w->own.check);
}

static void stop(vt__watch_t *w) {
  uv_handle_t *uv = w->head.uv;
  if (uv->type == UV_IDLE)
    uv_idle_stop((uv_idle_t *)uv);
  else if (uv->type == UV_PREPARE)
    uv_prepare_stop((uv_prepare_t *)uv);
  else
    uv_check_stop((uv_check_t *)uv);
}

static void on_phase(const void *uv) {
  vt__watch_t *w = (vt__watch_t *)vt__handle_of(uv);
  stop(w);
  vt__watch_serve(w, vt__watch_failed(0), 0);
}

static void on_idle(uv_idle_t *uv) { on_phase(uv); }
static void on_prepare(uv_prepare_t *uv) { on_phase(uv); }
static void on_check(uv_check_t *uv) { on_phase(uv); }

/* Also one that is started. */
static void start(vt__watch_t *w) {
  uv_handle_t *uv = w->head.uv;
  if (uv->type == UV_IDLE)
    uv_idle_start((uv_idle_t *)uv, on_idle);
  else if (uv->type == UV_PREPARE)
    uv_prepare_start((uv_prepare_t *)uv, on_prepare);
  else
    uv_check_start((uv_check_t *)uv, on_check);
}

/* ---- made, asked, ended ---- */

static bool is_phase(uv_handle_type type) {
  return type == UV_IDLE || type == UV_PREPARE || type == UV_CHECK;
}

int vt_phase_new(uv_handle_type phase, vt_phase_t **out) {
  vt_phase_t *p;
  if (!is_phase(phase))
    return UV_EINVAL;
  int rc = vt__watch_new(&phase_kind, sizeof *p, &p);
  if (rc != 0)
    return rc;
  init(p->watch.head.loop->uv, phase, &p->watch);
  *out = p;
  return vt__watch_inited(&p->watch, 0);
}

int vt_phase_wrap(uv_handle_t *handle, vt_phase_t **out) {
  if (!handle || !is_phase(handle->type))
    return UV_EINVAL;
  return vt__watch_wrap(&phase_kind, sizeof **out, handle, handle->type, out);
}

int vt_phase_unwrap(vt_phase_t *p) { return vt__watch_unwrap(p, stop); }

vt_t vt_phase_wait(vt_phase_t *p) {
  vt__handle_t *handle = (vt__handle_t *)p;
  int rc = vt__handle_check(handle);
  if (rc != 0)
    return vt_failed(rc);
  vt_t v = vt__watch_wait(&p->watch, &wait_kind, NULL);
  if (!vt_in_hand(v))
    start(&p->watch);
  return v;
}

vt_t vt_phase_close(vt_phase_t *p) {
  return vt__handle_close((vt__handle_t *)p);
}

uv_handle_t *vt_phase_uv(vt_phase_t *p) { return p->watch.head.uv; }
