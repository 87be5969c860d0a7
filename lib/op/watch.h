/* SPDX-License-Identifier: MIT */
/* What objects share whose callback comes again and again: signals, poll, file
 * watchers, asyncs, the phases of a turn, and processes.
 *
 *     struct vt_signal {
 *       vt__watch_t watch;
 *       uint64_t count;     what came while nobody waited
 *     };
 *
 * A wait is an operation in the object's list, first in, first out. A callback
 * serves the first one, or all; what comes when nobody waits is the kind's to
 * keep. uv_..._start stays in force between two waits, for mostly the next one
 * follows: a callback that must not come again for nobody (a phase, a readable
 * descriptor) stops its handle only when it has come once.
 *
 * Invariant: a wait is in the list until it completes, and is out of it before
 * it does, so that whatever its continuation does to the object, also giving it
 * back, is seen by nobody. Serving is the last that a callback does. */
#ifndef VT_OP_WATCH_H
#define VT_OP_WATCH_H

#include "op/handle.h"
#include "vt/bridge.h"

typedef struct vt__watch_link {
  struct vt__watch_link *next;
  struct vt__watch_link *prev;
} vt__watch_link_t;

typedef struct vt__watch {
  vt__handle_t head;
  union {
    uv_handle_t any;
    uv_async_t async;
    uv_check_t check;
    uv_fs_event_t fs_event;
    uv_fs_poll_t fs_poll;
    uv_idle_t idle;
    uv_poll_t poll;
    uv_prepare_t prepare;
    uv_process_t process;
    uv_signal_t signal;
  } own;                  /* not used for a handle of the user's */
  vt__watch_link_t waits; /* a ring */
} vt__watch_t;

/* One wait. */
typedef struct vt__watch_op {
  vt_op_t op;
  vt__watch_link_t link;
  vt__watch_t *watch; /* NULL once it is complete */
  void *out;          /* storage of the caller's */
  int events;         /* of poll */
} vt__watch_op_t;

/* The kind of all waits of one name; static and const. */
#define VT__WATCH_KIND(name)                                                   \
  {                                                                            \
    .ops = VT_OP_OPS(name), .size = sizeof(vt__watch_op_t),                    \
    .cancel = vt__watch_cancel, .describe = vt__watch_describe                 \
  }

int vt__watch_cancel(vt_op_t *op);
void vt__watch_describe(const vt_op_t *op, char *text, size_t size);

/* vt__handle_new. After it uv_..._init, and vt__watch_inited with what that
 * said. */
int vt__watch_new(const vt__handle_kind_t *kind, size_t size, void *out);

/* Failed: the object is gone, for libuv does not know the handle. */
int vt__watch_inited(vt__watch_t *watch, int rc);

/* vt__handle_wrap; UV_EBUSY for a handle that is started. */
int vt__watch_wrap(const vt__handle_kind_t *kind, size_t size, void *uv,
                   uv_handle_type type, void *out);

/* The object with its handle started with rc, in out. Failed: it is closed, or
 * the user's handle given back. */
int vt__watch_started(vt__watch_t *watch, int rc, void *out);

/* Gives the user's handle back, stopped by stop. UV_EINVAL for one of the
 * library's, UV_EBUSY while somebody waits, and as vt__handle_check. */
int vt__watch_unwrap(void *object, void (*stop)(vt__watch_t *watch));

/* vt__handle_kind_t.closed: cancels all waits. */
void vt__watch_closed(vt__handle_t *handle);

/* A wait at the end of the list, after vt__handle_check: its value task. */
vt_t vt__watch_wait(vt__watch_t *watch, const vt_op_kind_t *kind, void *out);

/* The same in two steps, for a kind that starts its handle in between. */
int vt__watch_begin(vt__watch_t *watch, const vt_op_kind_t *kind,
                    vt__watch_op_t **out);
vt_t vt__watch_begun(vt__watch_op_t *wait, int rc);

/* The first wait whose result somebody may take, out of the list; NULL without
 * one. Those that were forgotten are ended on the way: they take nothing from
 * who comes after. */
vt__watch_op_t *vt__watch_pop(vt__watch_t *watch);

/* Completes all waits (events 0), or those that want one of these events, and
 * tells each which of its own came. */
void vt__watch_serve(vt__watch_t *watch, vt_result_t result, int events);

static inline bool vt__watch_is_awaited(const vt__watch_t *watch) {
  return watch->waits.next != &watch->waits;
}

static inline vt__watch_op_t *vt__watch_op_of(vt__watch_link_t *link) {
  return (vt__watch_op_t *)(void *)((char *)link -
                                    offsetof(vt__watch_op_t, link));
}

static inline vt_result_t vt__watch_count(uint64_t count) {
  vt_result_t r = {0, {.u = count}};
  return r;
}

static inline vt_result_t vt__watch_failed(int64_t status) {
  vt_result_t r = {status, {0}};
  return r;
}

#endif
