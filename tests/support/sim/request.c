/* SPDX-License-Identifier: MIT */
/* Simulated requests: uv_queue_work, uv_cancel, and the moments of all.
 *
 * A request is an event twice: when it begins, which is when its function runs
 * or its system call is made, and when it ends, which is when its callback
 * runs. Both moments are whole milliseconds, so that they often meet those of
 * timers and of each other; among what meets the order is random. Until it
 * begins it can be cancelled. */
#include "support/sim/sim.h"

#include <stdlib.h>

static bool earlier(const vt__sim_event_t *a, const vt__sim_event_t *b) {
  return a->at != b->at ? a->at < b->at : a->key < b->key;
}

/* The index of the first of those accepted before end; count without one. */
static size_t first(const vt__sim_loop_t *sim, uint64_t end) {
  size_t best = sim->count;
  for (size_t i = 0; i < sim->count; i++)
    if (sim->events[i].id < end &&
        (best == sim->count || earlier(&sim->events[i], &sim->events[best])))
      best = i;
  return best;
}

uint64_t vt__sim_next_event(const uv_loop_t *uv) {
  const vt__sim_loop_t *sim = vt__sim_of(uv);
  size_t i = first(sim, UINT64_MAX);
  return i < sim->count ? sim->events[i].at : UINT64_MAX;
}

static int make_room(vt__sim_loop_t *sim) {
  if (sim->count < sim->room)
    return 0;
  size_t room = sim->room ? sim->room * 2 : 16;
  vt__sim_event_t *events = realloc(sim->events, room * sizeof *events);
  if (!events)
    return UV_ENOMEM;
  sim->events = events;
  sim->room = room;
  return 0;
}

int vt__sim_submit(uv_loop_t *uv, uv_req_t *req) {
  vt__sim_loop_t *sim = vt__sim_of(uv);
  unsigned latency = vt__sim_world.options.latency_ms;
  int rc = make_room(sim);
  if (rc != 0)
    return rc;
  uint64_t whole = vt__sim_random((uint64_t)(latency ? latency : 3) + 1);
  uint64_t wait = vt__sim_random(whole + 1);
  vt__sim_event_t event = {
      .at = (uv_hrtime() / VT__SIM_MS + wait) * VT__SIM_MS,
      .key = vt__sim_random(UINT64_MAX),
      .id = sim->submitted++,
      .span = (whole - wait) * VT__SIM_MS,
      .req = req,
      .phase = VT__SIM_WAITING,
  };
  sim->events[sim->count++] = event;
  uv->active_reqs.count++;
  return 0;
}

/* ---- begin and end ---- */

static void begin(uv_req_t *req) {
  if (req->type == UV_WORK) {
    uv_work_t *work = (uv_work_t *)req;
    work->work_cb(work);
  } else {
    vt__sim_fs_begin((uv_fs_t *)req);
  }
}

static void finish(uv_req_t *req, bool cancelled) {
  int status = cancelled ? UV_ECANCELED : 0;
  if (req->type == UV_WORK) {
    uv_work_t *work = (uv_work_t *)req;
    if (work->after_work_cb)
      work->after_work_cb(work, status);
  } else {
    uv_fs_t *fs = (uv_fs_t *)req;
    if (cancelled)
      fs->result = UV_ECANCELED;
    fs->cb(fs);
  }
}

/* The request is touched last: its callback may free it. */
static void advance(uv_loop_t *uv, size_t i) {
  vt__sim_loop_t *sim = vt__sim_of(uv);
  vt__sim_event_t event = sim->events[i];
  if (event.phase == VT__SIM_WAITING) {
    sim->events[i].phase = VT__SIM_BEGUN;
    sim->events[i].at += event.span;
    sim->events[i].key = vt__sim_random(UINT64_MAX);
    begin(event.req);
    return;
  }
  sim->events[i] = sim->events[--sim->count];
  uv->active_reqs.count--;
  finish(event.req, event.phase == VT__SIM_CANCELLED);
}

/* At times a poll sees only the first few of what has come. */
void vt__sim_run_events(uv_loop_t *uv) {
  vt__sim_loop_t *sim = vt__sim_of(uv);
  uint64_t end = sim->submitted, now = uv_hrtime();
  size_t i = first(sim, end);
  while (i < sim->count && sim->events[i].at <= now) {
    advance(uv, i);
    if (vt__sim_random(8) == 0)
      return;
    i = first(sim, end);
  }
}

/* ---- libuv's functions ---- */

int uv_queue_work(uv_loop_t *uv, uv_work_t *req, uv_work_cb work,
                  uv_after_work_cb after) {
  if (!work)
    return UV_EINVAL;
  req->type = UV_WORK;
  req->loop = uv;
  req->work_cb = work;
  req->after_work_cb = after;
  return vt__sim_submit(uv, (uv_req_t *)req);
}

static uv_loop_t *loop_of(const uv_req_t *req) {
  switch (req->type) {
  case UV_WORK:
    return ((const uv_work_t *)req)->loop;
  case UV_FS:
    return ((const uv_fs_t *)req)->loop;
  default:
    return NULL;
  }
}

int uv_cancel(uv_req_t *req) {
  const uv_loop_t *uv = loop_of(req);
  if (!uv)
    return UV_EINVAL;
  vt__sim_loop_t *sim = vt__sim_of(uv);
  for (size_t i = 0; i < sim->count; i++) {
    vt__sim_event_t *event = &sim->events[i];
    if (event->req != req || event->phase != VT__SIM_WAITING)
      continue;
    event->phase = VT__SIM_CANCELLED;
    event->at = uv_hrtime();
    return 0;
  }
  return UV_EBUSY;
}
