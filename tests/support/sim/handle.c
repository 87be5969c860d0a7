/* SPDX-License-Identifier: MIT */
/* What all simulated handles share, and those that run once a turn. A handle is
 * a link of two rings, that of all and that of the started ones of its kind;
 * the links lie in its u.reserved. */
#include "support/sim/sim.h"

#include <string.h>

/* ---- rings ---- */

static uv_handle_t *next_of(const uv_handle_t *handle, int place) {
  return (uv_handle_t *)handle->u.reserved[place];
}

static void link_two(uv_handle_t *a, uv_handle_t *b, int place) {
  a->u.reserved[place] = b;
  b->u.reserved[place + 1] = a;
}

void vt__sim_ring_init(uv_handle_t *ring, int place) {
  link_two(ring, ring, place);
}

bool vt__sim_ring_empty(const uv_handle_t *ring, int place) {
  return next_of(ring, place) == ring;
}

static void ring_add(uv_handle_t *ring, uv_handle_t *handle, int place) {
  link_two((uv_handle_t *)ring->u.reserved[place + 1], handle, place);
  link_two(handle, ring, place);
}

static void ring_remove(uv_handle_t *handle, int place) {
  link_two((uv_handle_t *)handle->u.reserved[place + 1], next_of(handle, place),
           place);
}

/* Moves all of a ring to an empty one. */
static void ring_move(uv_handle_t *to, uv_handle_t *from, int place) {
  vt__sim_ring_init(to, place);
  if (vt__sim_ring_empty(from, place))
    return;
  link_two(to, next_of(from, place), place);
  link_two((uv_handle_t *)from->u.reserved[place + 1], to, place);
  vt__sim_ring_init(from, place);
}

void vt__sim_ring_each(uv_handle_t *ring, int place, uv_walk_cb fn, void *arg) {
  uv_handle_t now;
  ring_move(&now, ring, place);
  while (!vt__sim_ring_empty(&now, place)) {
    uv_handle_t *handle = next_of(&now, place);
    ring_remove(handle, place);
    ring_add(ring, handle, place);
    fn(handle, arg);
  }
}

/* ---- all handles ---- */

void vt__sim_handle_init(uv_loop_t *uv, uv_handle_t *handle,
                         uv_handle_type type) {
  handle->loop = uv;
  handle->type = type;
  handle->flags = VT__SIM_REF;
  handle->close_cb = NULL;
  handle->next_closing = NULL;
  ring_add(&vt__sim_of(uv)->all, handle, VT__SIM_ALL);
}

void vt__sim_handle_start(uv_handle_t *handle, uv_handle_t *ring) {
  handle->flags |= VT__SIM_ACTIVE;
  if (handle->flags & VT__SIM_REF)
    handle->loop->active_handles++;
  ring_add(ring, handle, VT__SIM_STARTED);
}

void vt__sim_handle_stop(uv_handle_t *handle) {
  if (!(handle->flags & VT__SIM_ACTIVE))
    return;
  handle->flags &= ~(unsigned)VT__SIM_ACTIVE;
  if (handle->flags & VT__SIM_REF)
    handle->loop->active_handles--;
  ring_remove(handle, VT__SIM_STARTED);
}

int uv_is_active(const uv_handle_t *handle) {
  return (handle->flags & VT__SIM_ACTIVE) != 0;
}

int uv_is_closing(const uv_handle_t *handle) {
  return (handle->flags & (VT__SIM_CLOSING | VT__SIM_CLOSED)) != 0;
}

int uv_has_ref(const uv_handle_t *handle) {
  return (handle->flags & VT__SIM_REF) != 0;
}

void uv_ref(uv_handle_t *handle) {
  if (handle->flags & VT__SIM_REF)
    return;
  handle->flags |= VT__SIM_REF;
  if (handle->flags & VT__SIM_ACTIVE)
    handle->loop->active_handles++;
}

void uv_unref(uv_handle_t *handle) {
  if (!(handle->flags & VT__SIM_REF))
    return;
  handle->flags &= ~(unsigned)VT__SIM_REF;
  if (handle->flags & VT__SIM_ACTIVE)
    handle->loop->active_handles--;
}

void uv_walk(uv_loop_t *uv, uv_walk_cb fn, void *arg) {
  vt__sim_ring_each(&vt__sim_of(uv)->all, VT__SIM_ALL, fn, arg);
}

/* The last one closed is told first, as by libuv. */
void uv_close(uv_handle_t *handle, uv_close_cb cb) {
  vt__sim_handle_stop(handle);
  handle->flags |= VT__SIM_CLOSING;
  handle->close_cb = cb;
  handle->next_closing = handle->loop->closing_handles;
  handle->loop->closing_handles = handle;
}

void vt__sim_run_closing(uv_loop_t *uv) {
  uv_handle_t *handle = uv->closing_handles;
  uv->closing_handles = NULL;
  while (handle) {
    uv_handle_t *next = handle->next_closing;
    handle->flags |= VT__SIM_CLOSED;
    ring_remove(handle, VT__SIM_ALL);
    if (handle->close_cb)
      handle->close_cb(handle);
    handle = next;
  }
}

/* ---- idle, prepare, check ---- */

static void call_idle(uv_handle_t *handle, void *arg) {
  uv_idle_t *idle = (uv_idle_t *)handle;
  (void)arg;
  idle->idle_cb(idle);
}

static void call_prepare(uv_handle_t *handle, void *arg) {
  uv_prepare_t *prepare = (uv_prepare_t *)handle;
  (void)arg;
  prepare->prepare_cb(prepare);
}

static void call_check(uv_handle_t *handle, void *arg) {
  uv_check_t *check = (uv_check_t *)handle;
  (void)arg;
  check->check_cb(check);
}

void vt__sim_run_idles(uv_loop_t *uv) {
  vt__sim_ring_each(&vt__sim_of(uv)->idles, VT__SIM_STARTED, call_idle, NULL);
}

void vt__sim_run_prepares(uv_loop_t *uv) {
  vt__sim_ring_each(&vt__sim_of(uv)->prepares, VT__SIM_STARTED, call_prepare,
                    NULL);
}

void vt__sim_run_checks(uv_loop_t *uv) {
  vt__sim_ring_each(&vt__sim_of(uv)->checks, VT__SIM_STARTED, call_check, NULL);
}

/* init, start and stop of the three. */
#define LOOP_WATCHER(name, NAME)                                               \
  int uv_##name##_init(uv_loop_t *uv, uv_##name##_t *handle) {                 \
    vt__sim_handle_init(uv, (uv_handle_t *)handle, UV_##NAME);                 \
    handle->name##_cb = NULL;                                                  \
    return 0;                                                                  \
  }                                                                            \
  int uv_##name##_start(uv_##name##_t *handle, uv_##name##_cb cb) {            \
    if (handle->flags & VT__SIM_ACTIVE)                                        \
      return 0;                                                                \
    if (!cb || uv_is_closing((uv_handle_t *)handle))                           \
      return UV_EINVAL;                                                        \
    handle->name##_cb = cb;                                                    \
    vt__sim_handle_start((uv_handle_t *)handle,                                \
                         &vt__sim_of(handle->loop)->name##s);                  \
    return 0;                                                                  \
  }                                                                            \
  int uv_##name##_stop(uv_##name##_t *handle) {                                \
    vt__sim_handle_stop((uv_handle_t *)handle);                                \
    return 0;                                                                  \
  }

LOOP_WATCHER(idle, IDLE)
LOOP_WATCHER(prepare, PREPARE)
LOOP_WATCHER(check, CHECK)
