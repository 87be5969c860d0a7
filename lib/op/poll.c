/* SPDX-License-Identifier: MIT */
/* Readiness.
 *
 * The handle polls for what its waits want together. Readiness is a level, and
 * uv_poll_stop and uv_poll_start cost system calls, so the handle is left as it
 * is when a wait completes; only when something comes that nobody waits for is
 * it set to what is wanted then, or stopped. One of the user's is stopped at
 * once: active, it would hold the loop.
 *
 * What can go wrong: libuv has stopped the handle when it tells an error, which
 * all waits are told. */
#include "vt/poll.h"

#include <stdio.h>

#include "op/fd.h"
#include "op/watch.h"

enum {
  ALL_EVENTS = UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED
};

struct vt_poll {
  vt__watch_t watch;
  int fd;
  int armed; /* events that the handle polls for; 0: stopped */
};

static void describe(const vt__handle_t *handle, char *text, size_t size) {
  snprintf(text, size, "descriptor %d", ((const vt_poll_t *)handle)->fd);
}

static const vt__handle_kind_t poll_kind = {
    .name = "poll", .closed = vt__watch_closed, .describe = describe};
static const vt_op_kind_t wait_kind = VT__WATCH_KIND("poll_wait");

int vt_poll_new(int fd, vt_poll_t **out) {
  vt_poll_t *p;
  int rc = vt__watch_new(&poll_kind, sizeof *p, &p);
  if (rc != 0)
    return rc;
  rc = uv_poll_init(p->watch.head.loop->uv, &p->watch.own.poll, fd);
  rc = vt__watch_inited(&p->watch, rc);
  if (rc != 0)
    return rc;
  p->fd = vt__fd_of(p->watch.head.uv);
  *out = p;
  return 0;
}

int vt_poll_wrap(uv_poll_t *handle, vt_poll_t **out) {
  vt_poll_t *p;
  int rc = vt__watch_wrap(&poll_kind, sizeof *p, handle, UV_POLL, &p);
  if (rc != 0)
    return rc;
  p->fd = vt__fd_of(p->watch.head.uv);
  *out = p;
  return 0;
}

static void stop(vt__watch_t *w) { uv_poll_stop((uv_poll_t *)w->head.uv); }

int vt_poll_unwrap(vt_poll_t *p) { return vt__watch_unwrap(p, stop); }

/* ---- waiting ---- */

/* What those want who want none of served. */
static int wanted(const vt_poll_t *p, int served) {
  int events = 0;
  for (vt__watch_link_t *at = p->watch.waits.next; at != &p->watch.waits;
       at = at->next) {
    int its = vt__watch_op_of(at)->events;
    events |= its & served ? 0 : its;
  }
  return events;
}

static void on_poll(uv_poll_t *handle, int status, int events);

static int arm(vt_poll_t *p, int events) {
  uv_poll_t *uv = vt_poll_uv(p);
  int rc = events ? uv_poll_start(uv, events, on_poll) : uv_poll_stop(uv);
  p->armed = rc == 0 ? events : 0;
  return rc;
}

static void on_poll(uv_poll_t *handle, int status, int events) {
  vt_poll_t *p = (vt_poll_t *)vt__handle_of(handle);
  if (status != 0) {
    p->armed = 0;
    vt__watch_serve(&p->watch, vt__watch_failed(status), 0);
    return;
  }
  int mask = wanted(p, 0);
  if (!p->watch.head.owned)
    arm(p, wanted(p, events));
  else if (!(events & mask) || events & ~mask)
    arm(p, mask);
  if (events & mask)
    vt__watch_serve(&p->watch, vt__watch_failed(0), events);
}

vt_t vt_poll_wait(vt_poll_t *p, int events) {
  vt__watch_op_t *o;
  int rc = vt__handle_check((vt__handle_t *)p);
  if (rc == 0 && (events == 0 || events & ~ALL_EVENTS))
    rc = UV_EINVAL;
  if (rc == 0)
    rc = vt__watch_begin(&p->watch, &wait_kind, &o);
  if (rc != 0)
    return vt_failed(rc);
  o->events = events;
  if (events & ~p->armed)
    rc = arm(p, wanted(p, 0));
  return vt__watch_begun(o, rc);
}

vt_t vt_poll_close(vt_poll_t *p) { return vt__handle_close((vt__handle_t *)p); }

uv_poll_t *vt_poll_uv(vt_poll_t *p) { return (uv_poll_t *)p->watch.head.uv; }
